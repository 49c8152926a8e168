"""Ask how often the default test of each estimator finds an effect where there is none, and whether intervals hold.

Seeded simulations in the worlds for which the estimators are meant: few treated trusts, autocorrelated months, common
factors, treated trusts that are quieter or noisier than the others. Every estimator is run through its public
``estimate`` with its default inference; only the calibration, which does not touch the default test, is switched off.

    python benchmarks/effect_quality.py                 # everything: hours on two cores
    python benchmarks/effect_quality.py --panels 100    # a quick look
    python benchmarks/effect_quality.py --only SyntheticControl --cells A E
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

import lean_impact.effects as li
from lean_impact.domain import Measure, Provenance, Window
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


# What each estimator claims: pairs of design and cells. What is not claimed is measured all the same.
EVERYWHERE = frozenset((design, cell) for design in DESIGNS for cell in CELLS)
FACTORS = frozenset((design, cell) for design in DESIGNS for cell in ("C", "F"))
NOTHING: frozenset[tuple[str, str]] = frozenset()
OTHER_SD = frozenset(("1 of 100", cell) for cell in ("D", "E", "G", "H"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An estimator with what it claims and how heavy it is."""

    make: Callable[[], object]
    claims: frozenset[tuple[str, str]] = EVERYWHERE
    heavy: bool = False


ENTRIES = {
    "DifferenceInDifferences": Entry(
        make=lambda: li.DifferenceInDifferences(aggregation="mean", draws=1, calibration_groups=1),
        claims=EVERYWHERE - OTHER_SD,
    ),
    "ImputationDifferenceInDifferences": Entry(make=lambda: quick(li.ImputationDifferenceInDifferences)),
    "TwoWayFixedEffects": Entry(make=lambda: quick(li.TwoWayFixedEffects)),
    "CallawaySantAnna": Entry(make=lambda: quick(li.CallawaySantAnna)),
    "SunAbraham": Entry(make=lambda: quick(li.SunAbraham)),
    "InterruptedTimeSeries": Entry(make=lambda: quick(li.InterruptedTimeSeries), claims=EVERYWHERE - FACTORS),
    "ControlledInterruptedTimeSeries": Entry(
        make=lambda: quick(li.ControlledInterruptedTimeSeries), claims=EVERYWHERE - FACTORS
    ),
    "SyntheticControl": Entry(
        make=lambda: quick(li.SyntheticControl), claims=EVERYWHERE - OTHER_SD, heavy=True
    ),
    "AugmentedSyntheticControl": Entry(
        make=lambda: quick(li.AugmentedSyntheticControl), claims=NOTHING, heavy=True
    ),
    "SyntheticDifferenceInDifferences": Entry(
        make=lambda: quick(li.SyntheticDifferenceInDifferences), claims=EVERYWHERE - OTHER_SD, heavy=True
    ),
    "GeneralisedSyntheticControl": Entry(make=lambda: quick(li.GeneralisedSyntheticControl), heavy=True),
    "MatrixCompletion": Entry(make=lambda: quick(li.MatrixCompletion), claims=NOTHING, heavy=True),
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


def spread(rate: float, panels: int) -> float:
    """Return the standard error of a share."""
    return float(np.sqrt(rate * (1 - rate) / panels))


def line(key: Key, count: Count) -> str:
    """Return one cell of one estimator in words."""
    name, design, cell = key
    claimed = "" if (design, cell) in ENTRIES[name].claims else "not claimed "
    return (
        f"{name:34} {design:9} {cell} rejects {count.rate:.3f} +- {spread(count.rate, count.panels):.3f} "
        f"covers {count.coverage:.3f} {claimed}({count.panels} panels)"
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
    outside = [
        (key, count)
        for key, count in counts.items()
        if key[1:] in ENTRIES[key[0]].claims and not BAND[0] <= count.rate <= BAND[1]
    ]
    for key, count in outside:
        print(f"outside {BAND}: {line(key, count)}")
    print(f"{len(outside)} of {len(counts)} counted cells are claimed and lie outside {BAND}")


if __name__ == "__main__":
    main()
