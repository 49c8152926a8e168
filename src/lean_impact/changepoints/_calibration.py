"""Calibrate the penalty on stable series of the same shape.

A stable series of the same length, holes and seasonal adjustment is simulated many times, over the whole
range of autocorrelation, and each one is put through what the observed series goes through. The observed
series is then compared with those simulated series whose *estimated* autocorrelation is nearest to its own.
That takes care of the bias of the estimate and of its error, which a plug-in does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lean_impact.domain.period import PER_YEAR, Frequency
from lean_impact.kernels.autoregression import lag1_autocorrelation, simulate_ar1
from lean_impact.kernels.season import seasons_of
from lean_impact.kernels.steps import best_steps
from lean_impact.tables import Series
from lean_impact.tables.calendar import phase_of, places_of

__all__ = [
    "PHI_RANGE",
    "Layout",
    "NullTable",
    "Reference",
    "Scan",
    "layout_of",
    "null_table",
    "rounding",
    "scan",
    "season_numbers",
    "simulate",
]

Floats = NDArray[np.float64]

PHI_RANGE: Final = (-0.3, 0.97)
"""Autocorrelations simulated. Above that a series is a random walk for all that ten years can tell."""

TABLE_SIZE: Final = 10
"""Simulated series in the table, as a multiple of those that one series is compared with."""

MIN_YEARS_FOR_SEASON: Final = 3
"""With two years the months' own means swallow a step in the middle."""

_ESTIMATE_RANGE: Final = (-0.9, 0.97)
_FLOOR: Final = 1e-10  # of the sum of squares


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The shape of a series, all that a table of stable series depends on; hashable.

    Attributes
    ----------
    positions : tuple of int
        Positions of the observed periods on the calendar.
    seasons : tuple of int
        Season of each observed period (month, quarter or twelfth of the year), all 0 if no season is taken out.
    min_size : int
        Fewest observed periods in a segment.
    """

    positions: tuple[int, ...]
    seasons: tuple[int, ...]
    min_size: int

    @property
    def adjacent(self) -> NDArray[np.bool_]:
        """Whether an observed period directly follows the one before it, shape (n_observed - 1,)."""
        adjacent: NDArray[np.bool_] = np.diff(np.array(self.positions)) == 1
        return adjacent

    def deseasonalise(self, series: Floats) -> Floats:
        """Subtract each season's mean; without seasons the overall mean. Shape (n_series, n_observed)."""
        seasons = np.array(self.seasons)
        dummies = (seasons[:, None] == np.unique(seasons)[None, :]).astype("float64")
        dummies /= np.sqrt(dummies.sum(axis=0))
        rest: Floats = series - (series @ dummies) @ dummies.T
        return rest


def season_numbers(periods: np.ndarray, frequency: Frequency) -> NDArray[np.int64]:
    """Return each period's month, quarter or twelfth of the year from 0, shape (n_periods,); all 0 for years."""
    since = phase_of(periods[0], frequency) + places_of(periods, frequency)
    return seasons_of(since, per_year=PER_YEAR[frequency])


def layout_of(series: Series, kept: NDArray[np.int64], *, min_size: int) -> Layout:
    """Describe the calendar: positions from the first figure on, and seasons if there are years enough."""
    seasons = season_numbers(series.periods, series.measure.frequency)[kept]
    if len(kept) < MIN_YEARS_FOR_SEASON * PER_YEAR[series.measure.frequency]:
        seasons = np.zeros_like(seasons)
    return Layout(
        positions=tuple(int(p) for p in kept - kept[0]),
        seasons=tuple(int(s) for s in seasons),
        min_size=min_size,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """What a search for steps sees in each of several series; arrays of shape (n_series,).

    Attributes
    ----------
    statistic : ndarray
        Penalty, in long-run variances, at which a first change appears.
    phi : ndarray
        Lag-1 autocorrelation of what the best two steps leave over, not yet corrected for bias.
    long_run_variance : ndarray
        Their variance times ``(1 + phi) / (1 - phi)``.
    """

    statistic: Floats
    phi: Floats
    long_run_variance: Floats


def scan(residuals: Floats, layout: Layout, *, floor: float | None = None) -> Scan:
    r"""Measure how strongly each series seems to change, in units of its own noise.

    Parameters
    ----------
    residuals : ndarray, shape (n_series, n_observed)
        Series without season, and without the levels found so far.
    layout : Layout
        Their calendar.
    floor : float, optional
        Sum of squares below which residuals are rounding; by default a tiny share of their own.

    Returns
    -------
    Scan
        One entry per series.

    Notes
    -----
    With the gains :math:`G_1, G_2` of the best one and two steps, the penalised least-squares optimum has a
    change when the penalty is below :math:`\max(G_1, G_2/2)`. Three or more steps at once can come first only
    at penalties far below those that matter here. Noise is measured on what the best *two* steps leave over,
    so that a real step is not taken for autocorrelation.
    """
    steps = best_steps(residuals, min_size=layout.min_size)
    n = residuals.shape[1]
    smallest = rounding(residuals) if floor is None else np.full(len(residuals), floor)
    squares = np.maximum((steps.residuals**2).sum(axis=1), smallest)
    phi = lag1_autocorrelation(steps.residuals, adjacent=layout.adjacent, floor=smallest)
    phi = np.clip(phi, *_ESTIMATE_RANGE)
    long_run = squares / n * (1.0 + phi) / (1.0 - phi)
    statistic = np.maximum(steps.one, steps.two / 2.0) / long_run
    return Scan(statistic=statistic, phi=phi, long_run_variance=long_run)


def rounding(series: Floats) -> Floats:
    """Return the sum of squares below which a fit to each series leaves rounding only, shape (n_series,)."""
    centred = series - series.mean(axis=1, keepdims=True)
    smallest: Floats = _FLOOR * (centred**2).sum(axis=1)
    return smallest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """Stable series that one series is compared with.

    Attributes
    ----------
    phi : ndarray, shape (draws,)
        Their true autocorrelations, sorted: those that are compatible with the estimate.
    statistic : ndarray, shape (draws,)
        Their statistics, sorted from the largest down.
    """

    phi: Floats
    statistic: Floats

    def critical(self, false_alarm: float) -> float:
        """Return the penalty, in long-run variances, that a share ``false_alarm`` of them exceeds."""
        rank = int(np.floor(false_alarm * (len(self.statistic) + 1)))
        return float(self.statistic[rank - 1])

    def p_value(self, statistic: float) -> float:
        """Return the share of stable series, this one counted, that seem to change at least as strongly."""
        n_above = int((self.statistic >= statistic).sum())
        return (1 + n_above) / (1 + len(self.statistic))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NullTable:
    """Many stable series: true and estimated autocorrelation, and statistic; shape (n_series,) each."""

    phi: Floats
    estimate: Floats
    statistic: Floats

    def near(self, estimate: float, draws: int) -> Reference:
        """Return the ``draws`` series whose estimated autocorrelation is nearest to a given one."""
        nearest = np.argpartition(np.abs(self.estimate - estimate), draws - 1)[:draws]
        return Reference(
            phi=np.sort(self.phi[nearest]),
            statistic=np.sort(self.statistic[nearest])[::-1],
        )


@lru_cache(maxsize=32)
def null_table(layout: Layout, *, draws: int, seed: int) -> NullTable:
    """Simulate stable series of one layout, autocorrelations evenly spread over :data:`PHI_RANGE`.

    Notes
    -----
    Kept in memory: trusts that report on the same calendar share one table.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0]))
    phi = np.linspace(*PHI_RANGE, TABLE_SIZE * draws)
    seen = scan(simulate(phi, layout, rng), layout)
    for array in (phi, seen.phi, seen.statistic):
        array.flags.writeable = False
    return NullTable(phi=phi, estimate=seen.phi, statistic=seen.statistic)


def simulate(phi: Floats, layout: Layout, rng: np.random.Generator) -> Floats:
    """Simulate stable series, blank the holes and take the season out; shape (n_series, n_observed)."""
    whole = simulate_ar1(phi, n_periods=layout.positions[-1] + 1, rng=rng)
    return layout.deseasonalise(whole[:, list(layout.positions)])
