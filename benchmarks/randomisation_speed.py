"""Time randomisation inference side by side with the loop that one would write first.

A panel of 150 trusts and 120 months, five of them treated, 1,000 random assignments. The loop computes each
difference-in-differences from the panel; the library collapses each trust to one change beforehand, which
gives the same numbers (they are compared) and makes an assignment a sum over five numbers. Both take turns,
so that what else the machine does falls on both::

    python benchmarks/randomisation_speed.py 5
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from lean_impact.effects import DifferenceInDifferences
from lean_impact.kernels.collapsed import welch_contrast
from lean_impact.testing import SyntheticDesign, SyntheticPanel, synthetic_panel

DRAWS = 1_000
DESIGN = SyntheticDesign(n_treated=5, n_comparison=145, n_before=60, n_after=60, kind="ratio", denominator=1)


def loop(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the difference of each group, computed from the whole panel every time."""
    found = []
    for members in groups:
        treated = np.zeros(values.shape[1], dtype=bool)
        treated[members] = True
        change = [values[60:, who].mean() - values[:60, who].mean() for who in (treated, ~treated)]
        found.append(change[0] - change[1])
    return np.array(found)


def collapsed(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the same differences from one change a trust."""
    changes = values[60:].mean(axis=0) - values[:60].mean(axis=0)
    return np.asarray(welch_contrast(changes, groups).difference)


def whole(known: SyntheticPanel) -> object:
    """Estimate with everything that the library reports: intervals, placebo ranks, two randomisations."""
    return known.estimate(DifferenceInDifferences(seed=1, draws=DRAWS, calibration_groups=DRAWS))


def timed(call: Callable[[], object]) -> float:
    """Return how long a call takes, in seconds."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Print minimum and median of each way."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    known = synthetic_panel(DESIGN, seed=1)
    values = known.panel.wide("synthetic").to_numpy()
    rng = np.random.default_rng(1)
    groups = np.array([rng.choice(values.shape[1], 5, replace=False) for _ in range(DRAWS)])
    assert np.allclose(loop(values, groups), collapsed(values, groups))
    ways: dict[str, Callable[[], object]] = {
        "loop over assignments": lambda: loop(values, groups),
        "one change a trust": lambda: collapsed(values, groups),
        "whole estimate": lambda: whole(known),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, call in ways.items():
            taken[name].append(timed(call))
    print(
        f"{'':<24}{'min ms':>10}{'median ms':>11}   {DRAWS:,} draws, {values.shape[1]} trusts x {len(values)} months"
    )
    for name, seconds in taken.items():
        print(f"{name:<24}{1000 * min(seconds):>10.2f}{1000 * median(seconds):>11.2f}")


if __name__ == "__main__":
    main()
