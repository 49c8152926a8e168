"""Rules for run charts: how long a run, and how few crossings of the median, chance still gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from lean_impact.kernels import runs as kernel

__all__ = ["ANHOEJ", "RunRules", "RunTest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTest:
    """Runs and crossings of one phase, against what chance gives.

    Attributes
    ----------
    n_useful : int
        Points off the line; points on it are dropped.
    longest_run : int
        Largest number of successive useful points on one side.
    longest_run_max : int or None
        A longer run is a signal; None without useful points.
    n_crossings : int
        How often the line is crossed.
    n_crossings_min : int or None
        Fewer crossings are a signal; None without useful points.
    run_start, run_end : date or None
        First and last point of the longest run.
    run_side : {-1, 0, 1}
        Whether it lies below or above the line; 0 without useful points.
    rules : str
        Name of the rules.
    judged : bool
        Whether there are enough useful points to judge.
    """

    n_useful: int
    longest_run: int
    longest_run_max: int | None
    n_crossings: int
    n_crossings_min: int | None
    run_start: date | None
    run_end: date | None
    run_side: int
    rules: str
    judged: bool

    @property
    def long_run(self) -> bool:
        """Whether the longest run is longer than chance gives."""
        return self.longest_run_max is not None and self.longest_run > self.longest_run_max

    @property
    def few_crossings(self) -> bool:
        """Whether the line is crossed less often than chance gives."""
        return self.n_crossings_min is not None and self.n_crossings < self.n_crossings_min

    @property
    def signal(self) -> bool:
        """Whether either rule gives a signal of non-random variation."""
        return self.long_run or self.few_crossings

    def __str__(self) -> str:
        if self.longest_run_max is None:
            return "no point off the line, nothing to judge"
        return (
            f"longest run {self.longest_run} (signal above {self.longest_run_max}), {self.n_crossings} "
            f"crossings (signal below {self.n_crossings_min}), {self.n_useful} points off the line: "
            f"{'non-random variation' if self.signal else 'random variation'}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRules:
    """Say how runs and crossings are judged.

    Parameters
    ----------
    name : str
        Name that is printed on every chart.
    source : str
        Where the rules were read.
    crossing_level : float
        Probability of so few crossings below which it is a signal.
    judged_from : int
        Useful points without which the result says "too short to judge".

    Examples
    --------
    >>> print(ANHOEJ)
    Anhøj
    >>> ANHOEJ.limits(24)
    (8, 8)
    """

    name: str
    source: str
    crossing_level: float = kernel.CROSSING_LEVEL
    judged_from: int = 10

    def __str__(self) -> str:
        return self.name

    def limits(self, n_useful: int) -> tuple[int, int]:
        """Return the longest run and the fewest crossings that chance gives.

        Parameters
        ----------
        n_useful : int
            Points off the line, at least 1.

        Returns
        -------
        longest_run_max, n_crossings_min : int
            A longer run, or fewer crossings, is a signal.
        """
        return kernel.longest_run_limit(n_useful), kernel.crossings_limit(n_useful, self.crossing_level)

    def test(self, values: np.ndarray, centre: np.ndarray, periods: np.ndarray) -> RunTest:
        """Count runs and crossings of one phase and judge them.

        Parameters
        ----------
        values : ndarray of float64, shape (n_points,)
            Points in order of time, NaN where missing.
        centre : ndarray of float64, shape (n_points,)
            Centre line.
        periods : ndarray of datetime64[D], shape (n_points,)
            First day of each period.

        Returns
        -------
        RunTest
            Counts and limits.
        """
        found = kernel.run_counts(values, centre)
        n_useful = int(found.n_useful)
        some = n_useful > 0
        longest, fewest = self.limits(n_useful) if some else (None, None)
        return RunTest(
            n_useful=n_useful,
            longest_run=int(found.longest_run),
            longest_run_max=longest,
            n_crossings=int(found.n_crossings),
            n_crossings_min=fewest,
            run_start=periods[int(found.start)].item() if some else None,
            run_end=periods[int(found.end)].item() if some else None,
            run_side=int(found.side),
            rules=str(self),
            judged=n_useful >= self.judged_from,
        )


ANHOEJ: Final = RunRules(
    name="Anhøj",
    source=(
        "Anhøj and Olesen 2014, Anhøj 2015, as the R package qicharts2 0.8 counts them: longest run above "
        "round(log2 n) + 3, crossings below the 5% quantile of Binomial(n - 1, 1/2). Other programs that "
        "name the same rules round differently and signal elsewhere"
    ),
)
"""The rules for run charts; their thresholds grow with the number of points."""
