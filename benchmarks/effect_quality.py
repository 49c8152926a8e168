"""Ask how often the default test of each estimator finds an effect where there is none, and whether intervals hold.

Seeded simulations in the worlds for which the estimators are meant: few treated trusts, autocorrelated months, common
factors, treated trusts that are quieter or noisier than the others. Every estimator is run through its public
``estimate`` with its default inference; only the calibration, which does not touch the default test, is switched off.
What was counted is kept in ``effect_quality.csv`` and added to: a run does the panels that are still lacking. After a
change of an estimator's inference, delete its rows. The documentation includes what ``--table`` writes::

    python benchmarks/effect_quality.py                 # everything: hours on two cores
    python benchmarks/effect_quality.py --panels 100    # a quick look
    python benchmarks/effect_quality.py --only SyntheticControl --cells A E
    python benchmarks/effect_quality.py --panels 0 --heavy 0 --table docs/explanation/effect-quality.md
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.special import stdtrit

import lean_impact.effects as li
from lean_impact.domain import Measure, Provenance, Window
from lean_impact.kernels.autoregression import simulate_ar1
from lean_impact.kernels.segmented import Interruption, Season, segmented_design
from lean_impact.kernels.segmented_fit import fit_segmented, linear_contrasts
from lean_impact.tables import Panel

MEASURE = Measure(
    id="y",
    name="Simulated",
    kind="mean",
    improvement="neutral",
    dimension="context",
    frequency="month",
    unit="units",
)
N_PERIODS, START = 120, 90
PERIODS = pd.date_range("2010-01-01", periods=N_PERIODS, freq="MS")
ALPHA, BAND = 0.05, (0.03, 0.075)
SEASONS, RHOS = {"none": None, "dummies": Season(length=12)}, (0.0, 0.3, 0.6, 0.8)
# In two years, a start after one of them cannot be told from the season.
SERIES = [(24, "none"), *product((48, 72, 120), SEASONS)]
COUNTS = Path(__file__).with_name("effect_quality.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A world without any effect."""

    rho: float = 0.5
    factors: bool = False
    treated_sd: float = 1.0


CELLS = {
    "A": Cell(),
    "B": Cell(rho=0.8),
    "C": Cell(factors=True),
    "D": Cell(treated_sd=0.5),
    "E": Cell(treated_sd=2.0),
    "F": Cell(rho=0.8, factors=True),
    "G": Cell(rho=0.8, treated_sd=0.5),
    "H": Cell(rho=0.8, treated_sd=2.0),
}
DESIGNS = {"5 of 150": (5, 150), "1 of 100": (1, 100)}


def quick(kind: type) -> object:
    """Return an estimator with its default inference and no calibration, which does not touch that inference."""
    known = {field.name for field in fields(kind)}
    off = {
        "draws": 1,
        "calibration_groups": 1,
        "calibration_dates": 0,
        "placebo_groups": 0,
        "conformal": False,
    }
    return kind(**{name: value for name, value in off.items() if name in known})


EVERYWHERE = frozenset(product(DESIGNS, CELLS))
OTHER_SPREAD = frozenset(product(("1 of 100",), ("D", "E", "G", "H")))
FACTORS = frozenset(product(DESIGNS, ("C", "F")))
SEVERAL_AND_FACTORS = frozenset(product(("5 of 150",), ("C", "F")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An estimator with what it does not claim, and how heavy it is. What is not claimed is measured all the same."""

    make: Callable[[], object]
    excluded: frozenset[tuple[str, str]] = frozenset()
    because: str = ""
    heavy: bool = False


ONE_OTHER = "one treated trust that is noisier or quieter than the others"
ENTRIES = {
    "DifferenceInDifferences": Entry(
        make=lambda: li.DifferenceInDifferences(aggregation="mean", draws=1, calibration_groups=1),
        excluded=OTHER_SPREAD,
        because=ONE_OTHER,
    ),
    "ImputationDifferenceInDifferences": Entry(make=lambda: quick(li.ImputationDifferenceInDifferences)),
    "TwoWayFixedEffects": Entry(make=lambda: quick(li.TwoWayFixedEffects)),
    "CallawaySantAnna": Entry(make=lambda: quick(li.CallawaySantAnna)),
    "SunAbraham": Entry(make=lambda: quick(li.SunAbraham)),
    "InterruptedTimeSeries": Entry(
        make=lambda: quick(li.InterruptedTimeSeries),
        excluded=FACTORS,
        because="anything that hits all trusts at the start, such as common factors that wander",
    ),
    "ControlledInterruptedTimeSeries": Entry(
        make=lambda: quick(li.ControlledInterruptedTimeSeries),
        excluded=FACTORS,
        because="common factors to which the treated trusts answer in another measure than the others",
    ),
    "SyntheticControl": Entry(
        make=lambda: quick(li.SyntheticControl), excluded=OTHER_SPREAD, because=ONE_OTHER, heavy=True
    ),
    "AugmentedSyntheticControl": Entry(
        make=lambda: quick(li.AugmentedSyntheticControl),
        excluded=OTHER_SPREAD | SEVERAL_AND_FACTORS,
        because=f"{ONE_OTHER}; several treated trusts where common factors act, as it rejects too seldom there",
        heavy=True,
    ),
    "SyntheticDifferenceInDifferences": Entry(
        make=lambda: quick(li.SyntheticDifferenceInDifferences),
        excluded=OTHER_SPREAD,
        because=ONE_OTHER,
        heavy=True,
    ),
    "GeneralisedSyntheticControl": Entry(
        make=lambda: quick(li.GeneralisedSyntheticControl),
        because="treated trusts that are noisier where common factors act as well, which is no cell here",
        heavy=True,
    ),
    "MatrixCompletion": Entry(
        make=lambda: quick(li.MatrixCompletion),
        excluded=OTHER_SPREAD,
        because=ONE_OTHER,
        heavy=True,
    ),
}


class WidePanel(Panel):
    """A panel that already is a matrix; saves the time that pivoting takes."""

    __slots__ = ("_matrix_of",)

    def __init__(self, values: np.ndarray) -> None:
        codes = [f"U{at:03d}" for at in range(values.shape[1])]
        super().__init__(pd.DataFrame({"trust": codes, "measure": "y"}), {"y": MEASURE}, Provenance())
        self._matrix_of = pd.DataFrame(values, index=PERIODS, columns=codes)

    def wide(self, measure: str, column: str = "value") -> pd.DataFrame:
        """Return the matrix; there are no counts."""
        del measure
        return self._matrix_of if column == "value" else self._matrix_of * np.nan


def simulate(cell: Cell, n_treated: int, n_units: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a panel without effect, shape (n_periods, n_units), treated units first."""
    shocks = rng.standard_normal((N_PERIODS, n_units))
    noise = shocks.copy()
    for t in range(1, N_PERIODS):
        noise[t] = cell.rho * noise[t - 1] + np.sqrt(1 - cell.rho**2) * shocks[t]
    noise[:, :n_treated] *= cell.treated_sd
    month = np.arange(N_PERIODS)
    y = 50.0 + 3.0 * rng.standard_normal(n_units) + np.sin(2 * np.pi * month / 12)[:, None] + noise
    if cell.factors:
        walk = 0.15 * np.cumsum(rng.standard_normal((N_PERIODS, 2)), axis=0)
        y += walk @ rng.normal(1.0, 0.5, (2, n_units))
    return y


def adoption(n_treated: int, n_units: int) -> li.AdoptionDesign:
    """Everybody starts in the 91st month."""
    codes = [f"U{at:03d}" for at in range(n_units)]
    edge = PERIODS[START].date()
    return li.AdoptionDesign.block(
        measure="y",
        treated=codes[:n_treated],
        comparison=codes[n_treated:],
        pre=Window(start=PERIODS[0].date(), end=edge),
        post=Window(start=edge, end=date(2020, 1, 1)),
    )


def one_panel(names: list[str], design: str, cell: str, number: int) -> list[tuple[bool, bool]]:
    """Tell of each estimator whether its default test rejects at 5 %, and whether its interval holds 0."""
    n_treated, n_units = DESIGNS[design]
    # Every estimator sees the same panels.
    key = [20260101, list(DESIGNS).index(design), list(CELLS).index(cell), number]
    panel = WidePanel(simulate(CELLS[cell], n_treated, n_units, np.random.default_rng(key)))
    starts = adoption(n_treated, n_units)
    found = []
    for name in names:
        result = ENTRIES[name].make().estimate(panel, starts)
        found.append((result.p_value.value <= ALPHA, result.pooled.covers(0.0)))
    return found


Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many of the first `panels` panels of a cell were rejected, and how many intervals held 0."""

    panels: int = 0
    rejected: int = 0
    covered: int = 0

    @property
    def rate(self) -> float:
        """Share of panels in which the default test rejects."""
        return self.rejected / self.panels

    @property
    def error(self) -> float:
        """Standard error of that share."""
        return float(np.sqrt(self.rate * (1 - self.rate) / self.panels))

    @property
    def coverage(self) -> float:
        """Share of panels in which the interval holds 0."""
        return self.covered / self.panels

    def plus(self, found: np.ndarray) -> Count:
        """Add further panels, one row each."""
        rejected, covered = (int(each) for each in found.sum(axis=0))
        return Count(
            panels=self.panels + len(found),
            rejected=self.rejected + rejected,
            covered=self.covered + covered,
        )


def read(path: Path) -> dict[Key, Count]:
    """Read what was counted before."""
    if not path.exists():
        return {}
    rows = pd.read_csv(path)
    return {
        (row.estimator, row.design, row.cell): Count(
            panels=row.panels, rejected=row.rejected, covered=row.covered
        )
        for row in rows.itertuples()
    }


def write(path: Path, counts: dict[Key, Count]) -> None:
    """Write everything that was counted, in the order of the estimators."""
    rows = [
        {"estimator": name, "design": design, "cell": cell, **asdict(counts[name, design, cell])}
        for name, design, cell in product(ENTRIES, DESIGNS, CELLS)
        if (name, design, cell) in counts
    ]
    pd.DataFrame(rows).to_csv(path, index=False)


def more(
    counts: dict[Key, Count], wanted: dict[str, int], design: str, cell: str, pool: Parallel
) -> Iterator[tuple[str, Count]]:
    """Run the panels of a cell that each estimator still lacks."""
    done = {name: counts.get((name, design, cell), Count()) for name in wanted}
    first = min(done[name].panels for name in wanted)
    lacking = [
        [name for name in wanted if done[name].panels <= number < wanted[name]]
        for number in range(first, max(wanted.values()))
    ]
    found = pool(
        delayed(one_panel)(names, design, cell, first + at) for at, names in enumerate(lacking) if names
    )
    of_panel = [
        dict(zip(names, each, strict=True)) for names, each in zip(filter(None, lacking), found, strict=True)
    ]
    for name in wanted:
        mine = [each[name] for each in of_panel if name in each]
        if mine:
            yield name, done[name].plus(np.array(mine, dtype=bool))


def claimed(key: Key) -> bool:
    """Tell whether an estimator claims a cell."""
    return key[1:] not in ENTRIES[key[0]].excluded


def outside(key: Key, count: Count) -> bool:
    """Tell whether a cell is claimed and lies outside the band."""
    return claimed(key) and not BAND[0] <= count.rate <= BAND[1]


def line(key: Key, count: Count) -> str:
    """Return one cell of one estimator in words."""
    name, design, cell = key
    return (
        f"{name:34} {design:9} {cell} rejects {count.rate:.3f} +- {count.error:.3f} "
        f"covers {count.coverage:.3f} {'' if claimed(key) else 'not claimed '}({count.panels} panels)"
    )


def series_coverage(n_series: int) -> Iterator[tuple[int, float, str, float, float]]:
    """Yield periods, autocorrelation, season, and how often intervals of level and slope hold the truth."""
    for (length, words), rho in product(SERIES, RHOS):
        rng = np.random.default_rng([20260102, length, int(10 * rho)])
        y = simulate_ar1(np.full(n_series, rho), n_periods=length, rng=rng).T
        design = segmented_design(
            np.arange(length), interruptions=[Interruption(at=length // 2)], season=SEASONS[words]
        )
        found = linear_contrasts(fit_segmented(y, design), np.eye(len(design.names))[2:4])
        held = np.abs(found.estimate) <= stdtrit(found.df, 0.975) * np.sqrt(found.variance)
        level, slope = held.mean(axis=0)
        yield length, rho, words, float(level), float(slope)


def table(counts: dict[Key, Count], n_series: int) -> str:
    """Return what the documentation shows."""
    return "\n\n".join([*worlds(), *rates(counts), *exclusions(), *of_series(n_series)]) + "\n"


def rows_of(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def worlds() -> Iterator[str]:
    """Describe the cells."""
    yield rows_of(
        ["cell", "autocorrelation", "two common factors", "noise of the treated trusts"],
        [
            [
                name,
                str(cell.rho),
                "yes" if cell.factors else "no",
                {0.5: "half", 1.0: "as the others", 2.0: "double"}[cell.treated_sd],
            ]
            for name, cell in CELLS.items()
        ],
    )


def rates(counts: dict[Key, Count]) -> Iterator[str]:
    """Tell in which share of panels each estimator rejects."""
    for design, (n_treated, n_units) in DESIGNS.items():
        yield f"Panels in which the default test rejects at 5%, in percent; {n_treated} treated of {n_units} trusts:"
        rows = []
        for name in ENTRIES:
            mine = [counts.get((name, design, cell)) for cell in CELLS]
            panels = sorted({count.panels for count in mine if count})
            cells = [
                "–" if count is None else shown((name, design, cell), count)
                for cell, count in zip(CELLS, mine, strict=True)
            ]
            rows.append(
                [
                    name,
                    *cells,
                    " to ".join(f"{n:,}" for n in dict.fromkeys(panels[:1] + panels[-1:])) or "none",
                ]
            )
        yield rows_of(["estimator", *CELLS, "panels a cell"], rows)
    claims = {key: count for key, count in counts.items() if claimed(key)}
    off = max((abs(count.coverage + count.rate - 1) for count in counts.values()), default=0.0)
    beyond = sum(outside(key, count) for key, count in claims.items())
    promised = sum(len(EVERYWHERE - entry.excluded) for entry in ENTRIES.values())
    yield (
        "± is one standard error of the simulation. In brackets: not claimed. A dash: not run. In bold: claimed and "
        f"outside {100 * BAND[0]:g} to {100 * BAND[1]:g}%, which is {beyond} of {len(claims)} cells; {promised} are "
        f"claimed. Intervals hold no effect as often as the test does not reject, to within {100 * off:.1f} points."
    )


def shown(key: Key, count: Count) -> str:
    """Return a share with its error, marked where it is not claimed or ought not to be."""
    words = f"{100 * count.rate:.1f} ± {100 * count.error:.1f}"
    if not claimed(key):
        return f"({words})"
    return f"**{words}**" if outside(key, count) else words


def exclusions() -> Iterator[str]:
    """Say what each estimator does not claim."""
    yield "Not claimed, because the tests need not hold there:"
    yield "\n".join(f"- {name}: {entry.because}" for name, entry in ENTRIES.items() if entry.because)


def of_series(n_series: int) -> Iterator[str]:
    """Tell how often intervals of interrupted time series hold the truth."""
    yield (
        "Coverage of 95% intervals of the change of level and of slope by interrupted time series, "
        f"{n_series:,} simulated series a cell with the start half way, in percent (level, slope):"
    )
    found = list(series_coverage(n_series))
    yield rows_of(
        ["months", "season", *(f"autocorrelation {rho:g}" for rho in RHOS)],
        [
            [
                str(length),
                words,
                *(
                    f"{100 * level:.1f}, {100 * slope:.1f}"
                    for n, _, which, level, slope in found
                    if (n, which) == (length, words)
                ),
            ]
            for length, words in SERIES
        ],
    )


def main() -> None:
    """Print one line a cell as soon as it is done, then what lies outside the band although it is claimed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--panels", type=int, default=1000, help="panels a cell for closed forms")
    parser.add_argument("--heavy", type=int, default=300, help="panels a cell for heavy methods")
    parser.add_argument("--only", nargs="*", default=list(ENTRIES), choices=list(ENTRIES))
    parser.add_argument("--cells", nargs="*", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--designs", nargs="*", default=list(DESIGNS), choices=list(DESIGNS))
    parser.add_argument("--counts", type=Path, default=COUNTS, help="what was counted: read, then added to")
    parser.add_argument("--table", type=Path, help="write the table of the documentation to this file")
    parser.add_argument("--series", type=int, default=3000, help="series a cell in that table")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 for one a core")
    asked = parser.parse_args()
    counts = read(asked.counts)
    wanted = {name: asked.heavy if ENTRIES[name].heavy else asked.panels for name in asked.only}
    with Parallel(n_jobs=asked.jobs) as pool:
        for design, cell in product(asked.designs, asked.cells):
            for name, count in more(counts, wanted, design, cell, pool):
                counts[name, design, cell] = count
                print(line((name, design, cell), count), flush=True)
            write(asked.counts, counts)
    if asked.table:
        asked.table.write_text(table(counts, asked.series), encoding="utf-8")
    for key, count in counts.items():
        if outside(key, count):
            print(f"outside {BAND}: {line(key, count)}")


if __name__ == "__main__":
    main()
