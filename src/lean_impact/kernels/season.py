"""Test a series for a stable season, take it out, and take out the dependence on the month before.

References
----------
Alwan, L. C. and Roberts, H. V. (1988). Time-series modeling for statistical process control. *Journal of
Business & Economic Statistics* 6(1), 87-95.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

__all__ = [
    "FEWEST_CYCLES",
    "MOST_SEASONS",
    "SeasonTest",
    "innovations",
    "lag_one",
    "season_effects",
    "season_test",
    "seasons_of",
]

MOST_SEASONS: Final = 12
"""Seasons in a year: a mean for each of 52 weeks would leave nothing over."""

FEWEST_CYCLES: Final = {52: 3, 12: 3, 4: 4}
"""Complete cycles without which a season is not tested: fewer cannot reach a small p-value."""

_DRAWS: Final = 999
_SEED: Final = 20231106  # a reference distribution, not a draw of the analysis


class SeasonTest(NamedTuple):
    """Whether the same time of the year is alike from year to year.

    Attributes
    ----------
    statistic : float
        Mean squared mean of the detrended values by place in the cycle; NaN if it was not tested.
    p_value : float
        Share of rotations that give as much; NaN if it was not tested.
    n_cycles : int
        Complete cycles that it rests on.
    n_rotations : int
        Rotations that were compared, the one that was found among them.
    """

    statistic: float
    p_value: float
    n_cycles: int
    n_rotations: int


def seasons_of(time: np.ndarray, *, per_year: float) -> np.ndarray:
    """Tell which season each period belongs to: every period of the year is one, or a twelfth of the year.

    Parameters
    ----------
    time : ndarray, shape (n_periods,)
        Periods since a year began.
    per_year : float
        Periods a year, such as 4, 12 or 52.18.

    Returns
    -------
    ndarray of int64, shape (n_periods,)
        From 0, and below 12.

    Notes
    -----
    With more than 12 periods a year they are put together by the twelfth of the year that they begin in. For
    weeks counted from 1 January, twelfths are calendar months to within two days.

    Examples
    --------
    >>> seasons_of(np.array([0, 3, 4]), per_year=4).tolist()
    [0, 3, 0]
    >>> seasons_of(np.array([0, 4, 5, 51]), per_year=52.18).tolist()
    [0, 0, 1, 11]
    """
    into = time % per_year
    if per_year > MOST_SEASONS:
        into = into * (MOST_SEASONS / per_year)
    return np.asarray(np.floor(into), dtype=np.int64)


def season_test(values: np.ndarray, *, cycle: int) -> SeasonTest:
    """Test whether places in the cycle differ, letting neighbouring periods depend on each other.

    Parameters
    ----------
    values : ndarray of float64, shape (n_points,)
        Values in order of time on a complete calendar, NaN where missing.
    cycle : int
        Periods in a year: 52, 12 or 4; that a year of weeks is a day longer does not matter.

    Returns
    -------
    SeasonTest
        Not tested with fewer complete cycles than ``FEWEST_CYCLES``, or without variation.

    Notes
    -----
    A straight line is taken out, and from each cycle its mean. Each cycle is then rotated by a number of
    periods of its own, drawn afresh each time: that breaks a season and keeps the order within a cycle,
    and with it the autocorrelation. The p-value is the share of rotations, the unrotated one included, whose
    means by place vary as much.

    Examples
    --------
    >>> wave = np.tile(np.sin(np.arange(12) / 12 * 2 * np.pi), 5)
    >>> season_test(wave, cycle=12).p_value
    0.001
    """
    n_cycles = len(values) // cycle
    none = SeasonTest(float("nan"), float("nan"), n_cycles, 0)
    if n_cycles < FEWEST_CYCLES.get(cycle, n_cycles + 1):
        return none
    rows = _without_line(values)[-n_cycles * cycle :].reshape(n_cycles, cycle)
    known = np.isfinite(rows)
    if not known.any(axis=1).all() or not known.any(axis=0).all():
        return none
    rows = rows - _mean(rows, axis=1)[:, np.newaxis]
    if np.nanmax(np.abs(rows)) <= 1e-9 * max(1.0, float(np.nanmax(np.abs(values)))):
        return none
    rotated = rows[np.arange(n_cycles)[:, np.newaxis], _rotations(n_cycles, cycle)]
    found = float(np.mean(_mean(rows, axis=0) ** 2))
    means = _mean(rotated, axis=1) if np.isnan(rows).any() else rotated.mean(axis=1)
    others = np.nanmean(means**2, axis=1)
    as_much = int(np.sum(others >= found * (1 - 1e-12)))
    return SeasonTest(found, (as_much + 1) / (_DRAWS + 1), n_cycles, _DRAWS + 1)


def season_effects(values: np.ndarray, *, per_year: float, basis: np.ndarray) -> np.ndarray:
    """Estimate what each season adds, beyond a straight line; weeks go by twelfths of the year.

    Parameters
    ----------
    values : ndarray of float64, shape (n_points,)
        Values in order of time on a complete calendar, NaN where missing.
    per_year : float
        Periods a year.
    basis : ndarray of bool, shape (n_points,)
        Points that the estimate rests on.

    Returns
    -------
    ndarray of float64, shape (n_points,)
        Effect at each point, of mean zero over the seasons; one without a figure in the basis has none.

    Notes
    -----
    The line is fitted to the basis together with the effects, so that a trend over incomplete years is not
    taken for a season.

    Examples
    --------
    >>> wave = np.tile([3.0, -1.0, -1.0, -1.0], 6)
    >>> season_effects(wave, per_year=4, basis=np.ones(24, dtype=bool))[:4].round(9).tolist()
    [3.0, -1.0, -1.0, -1.0]
    """
    time = np.arange(len(values), dtype=np.float64)
    place = seasons_of(np.arange(len(values)), per_year=per_year)
    used = basis & np.isfinite(values)
    seen = np.unique(place[used])
    dummies = (place[:, np.newaxis] == seen).astype(np.float64)
    design = np.column_stack([dummies, (time - time.mean()) / max(len(values), 1)])
    effects = np.linalg.lstsq(design[used], values[used], rcond=None)[0][: len(seen)]
    return np.asarray(dummies @ (effects - effects.mean()))


def lag_one(values: np.ndarray) -> tuple[float, int]:
    """Estimate the correlation of neighbouring values, allowing for the bias of short series.

    Parameters
    ----------
    values : ndarray of float64, shape (n_points,)
        Distances from the centre, NaN where missing.

    Returns
    -------
    correlation : float
        (r n + 1) / (n - 3), within (-0.95, 0.95), r the sum of products of neighbours over the sum of
        squares with the number of terms of each allowed for; NaN with fewer than 8 pairs or no variation.
    n_pairs : int
        Neighbouring pairs that both have a value.

    Examples
    --------
    >>> lag_one(np.array([1.0, 2.0]))
    (nan, 1)
    """
    products = values[1:] * values[:-1]
    pairs = int(np.isfinite(products).sum())
    square = float(np.nansum(values**2))
    fewest = 8
    if pairs < fewest or square == 0:
        return float("nan"), pairs
    n = int(np.isfinite(values).sum())
    plain = float(np.nansum(products)) / pairs * n / square
    return float(np.clip((plain * n + 1) / (n - 3), -0.95, 0.95)), pairs


def innovations(distances: np.ndarray, correlation: float) -> np.ndarray:
    """Return what each point adds to what the one before foretold, on the scale of the points.

    Parameters
    ----------
    distances : ndarray of float64, shape (n_points,)
        Distances from the centre on a complete calendar, NaN where missing.
    correlation : float
        Correlation of neighbouring points, between -1 and 1.

    Returns
    -------
    ndarray of float64, shape (n_points,)
        Independent and of the same variance as each other if the correlation is the true one.

    Notes
    -----
    After a gap of g periods the forecast is r^g times the last known distance, and what is left is divided
    by sqrt(1 + r^2 + ... + r^(2g - 2)). The first point is multiplied by sqrt(1 - r^2).

    Examples
    --------
    >>> innovations(np.array([0.0, 4.0, 3.0]), 0.5).tolist()
    [0.0, 4.0, 1.0]
    """
    out = np.full(distances.shape, np.nan)
    known = np.flatnonzero(np.isfinite(distances))
    if len(known) == 0:
        return out
    gap = np.diff(known)
    own = np.sqrt((1 - correlation ** (2 * gap)) / (1 - correlation**2))
    carried = np.sign(correlation) ** gap * np.abs(correlation) ** gap
    out[known[0]] = distances[known[0]] * np.sqrt(1 - correlation**2)
    out[known[1:]] = (distances[known[1:]] - carried * distances[known[:-1]]) / own
    return out


@lru_cache(maxsize=64)
def _rotations(n_cycles: int, cycle: int) -> np.ndarray:
    """Return where each place of each cycle comes from in each rotation, shape (draws, n_cycles, cycle)."""
    shifts = np.random.default_rng(_SEED).integers(cycle, size=(_DRAWS, n_cycles, 1))
    return np.asarray((np.arange(cycle) + shifts) % cycle)


def _without_line(values: np.ndarray) -> np.ndarray:
    time = np.arange(len(values), dtype=np.float64)
    known = np.isfinite(values)
    design = np.column_stack([np.ones(len(values)), time])
    line = np.linalg.lstsq(design[known], values[known], rcond=None)[0]
    return np.asarray(values - design @ line)


def _mean(values: np.ndarray, *, axis: int) -> np.ndarray:
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
