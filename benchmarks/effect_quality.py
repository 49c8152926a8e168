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
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date

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


def one_panel(name: str, design: str, cell: str, number: int) -> tuple[bool, bool]:
    """Tell whether the default test rejects at 5 %, and whether the interval holds 0."""
    n_treated, n_units = DESIGNS[design]
    # Every estimator sees the same panels.
    key = [20260101, list(DESIGNS).index(design), list(CELLS).index(cell), number]
    y = simulate(CELLS[cell], n_treated, n_units, np.random.default_rng(key))
    result = ENTRIES[name].make().estimate(WidePanel(y), adoption(n_treated, n_units))
    return result.p_value.value <= ALPHA, result.pooled.covers(0.0)


def sizes(names: list[str], cells: list[str], designs: list[str], panels: int, heavy: int) -> Iterator[dict]:
    """Measure the size of every estimator in every cell."""
    with Parallel(n_jobs=-1) as pool:
        for name in names:
            for design in designs:
                for cell in cells:
                    n = heavy if ENTRIES[name].heavy else panels
                    began = time.perf_counter()
                    found = np.array(
                        pool(delayed(one_panel)(name, design, cell, number) for number in range(n)),
                        dtype=bool,
                    )
                    yield {
                        "estimator": name,
                        "design": design,
                        "cell": cell,
                        "panels": n,
                        "rejects": float(found[:, 0].mean()),
                        "covers": float(found[:, 1].mean()),
                        "claimed": (design, cell) in ENTRIES[name].claims,
                        "seconds": time.perf_counter() - began,
                    }


def main() -> None:
    """Print one line a cell, then what lies outside the band although it is claimed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--panels", type=int, default=1000, help="panels a cell for closed forms")
    parser.add_argument("--heavy", type=int, default=300, help="panels a cell for heavy methods")
    parser.add_argument("--only", nargs="*", default=list(ENTRIES), choices=list(ENTRIES))
    parser.add_argument("--cells", nargs="*", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--designs", nargs="*", default=list(DESIGNS), choices=list(DESIGNS))
    parser.add_argument("--csv", help="also write the table to this file")
    asked = parser.parse_args()
    rows = []
    for row in sizes(asked.only, asked.cells, asked.designs, asked.panels, asked.heavy):
        rows.append(row)
        print(
            f"{row['estimator']:34} {row['design']:9} {row['cell']} rejects {row['rejects']:.3f} covers "
            f"{row['covers']:.3f} {'' if row['claimed'] else 'not claimed '}({row['panels']} panels, "
            f"{row['seconds']:.0f} s)",
            flush=True,
        )
    if asked.csv:
        pd.DataFrame(rows).to_csv(asked.csv, index=False)
    outside = [row for row in rows if row["claimed"] and not BAND[0] <= row["rejects"] <= BAND[1]]
    for row in outside:
        error = np.sqrt(row["rejects"] * (1 - row["rejects"]) / row["panels"])
        print(
            f"outside {BAND}: {row['estimator']} {row['design']} {row['cell']} {row['rejects']:.3f} +- {error:.3f}"
        )
    print(f"{len(outside)} of {sum(row['claimed'] for row in rows)} claimed cells lie outside {BAND}")


if __name__ == "__main__":
    main()
