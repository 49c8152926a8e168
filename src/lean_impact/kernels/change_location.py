"""Where a change may lie: probabilities of dates, highest-density sets, and the interval of its size."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lean_impact.kernels.step_scan import StepGrid
from lean_impact.kernels.t_mixture import mixture_quantile

__all__ = ["date_probabilities", "highest_density", "on_calendar", "size_interval"]

Floats = NDArray[np.float64]

_NEGLIGIBLE: Final = 1e-4


def date_probabilities(profile: Floats) -> Floats:
    r"""Turn log likelihoods of dates into probabilities, every candidate equally likely beforehand.

    Parameters
    ----------
    profile : ndarray, shape (n_series, n_candidates)
        Log likelihoods, of any origin.

    Returns
    -------
    ndarray, shape (n_series, n_candidates)
        Probabilities that sum to 1, given that there is a change.

    Notes
    -----
    :math:`\Pr(\tau \mid y) \propto L(\tau)`. The step itself has a prior as wide as one period's noise at
    every date, so that dates near the ends are not favoured.

    Examples
    --------
    >>> date_probabilities(np.log(np.array([[1.0, 3.0]]))).round(12)
    array([[0.25, 0.75]])
    """
    weights = np.exp(profile - profile.max(axis=1, keepdims=True))
    probabilities: Floats = weights / weights.sum(axis=1, keepdims=True)
    return probabilities


def highest_density(probabilities: Floats, level: float) -> NDArray[np.bool_]:
    """Find the smallest set of dates that holds a given probability.

    Parameters
    ----------
    probabilities : ndarray, shape (n_series, n_candidates)
        Probabilities that sum to 1.
    level : float
        Probability to hold.

    Returns
    -------
    ndarray of bool, shape (n_series, n_candidates)
        Members; not always neighbours. Dates as likely as the least likely member are members too, so that
        the set does not depend on the direction of time.

    Examples
    --------
    >>> highest_density(np.array([[0.05, 0.6, 0.05, 0.3]]), 0.85).tolist()
    [[False, True, False, True]]
    """
    sorted_down = -np.sort(-probabilities, axis=1)
    reached = np.cumsum(sorted_down, axis=1) >= level - 1e-12
    last = np.where(reached.any(axis=1), reached.argmax(axis=1), probabilities.shape[1] - 1)
    least = sorted_down[np.arange(len(probabilities)), last]
    members: NDArray[np.bool_] = probabilities >= least[:, None] * (1.0 - 1e-6)
    return members


def on_calendar(probabilities: Floats, candidates: NDArray[np.int64], positions: NDArray[np.int64]) -> Floats:
    """Spread probabilities of candidates over the calendar: a change before a figure may lie in the gap.

    Parameters
    ----------
    probabilities : ndarray, shape (n_series, n_candidates)
        Probability that the first observed period of the new segment is each candidate.
    candidates : ndarray of int, shape (n_candidates,)
        Indices of observed periods.
    positions : ndarray of int, shape (n_observed,)
        Places of the observed periods on the calendar, from 0.

    Returns
    -------
    ndarray, shape (n_series, positions[-1] + 1)
        Probability that each period is the first of the new segment; a gap shares evenly with the figure
        that ends it.

    Examples
    --------
    >>> on_calendar(np.array([[1.0]]), np.array([2]), np.array([0, 1, 4, 5])).round(3).tolist()
    [[0.0, 0.0, 0.333, 0.333, 0.333, 0.0]]
    """
    periods = np.arange(positions[-1] + 1)
    ends_at = np.searchsorted(positions, periods)  # the first figure at or after each period
    size = np.diff(positions, prepend=positions[0] - 1)
    whole = np.zeros((len(probabilities), len(positions)))
    whole[:, candidates] = probabilities
    shared: Floats = whole[:, ends_at] / size[ends_at]
    return shared


def size_interval(grid: StepGrid, series: int, level: float) -> tuple[float, float, float]:
    """Find the median and the interval of a size over every date and autocorrelation that fit.

    Parameters
    ----------
    grid : StepGrid
        Likelihood and size at every date and autocorrelation.
    series : int
        Row of the grid.
    level : float
        Nominal coverage.

    Returns
    -------
    tuple of float
        Lower end, median and upper end, in the unit of the figures.

    Notes
    -----
    A mixture of t distributions, each date and autocorrelation weighted by its likelihood: wider than the
    interval at the best date, which pretends that the date is known.

    Examples
    --------
    >>> from lean_impact.kernels.step_scan import step_grid
    >>> values = np.where(np.arange(40) >= 20, 3.0, 0.0) + np.random.default_rng(3).normal(size=40)
    >>> grid = step_grid(values[None], positions=np.arange(40), design=np.ones((40, 1)), bounds=(6, 35))
    >>> lower, middle, upper = size_interval(grid, 0, 0.95)
    >>> lower < 3.0 < upper
    True
    """
    weights = np.exp(grid.log_likelihood[:, series])
    weights /= weights.sum()
    usable = (weights > _NEGLIGIBLE * weights.max()) & np.isfinite(grid.standard_error[:, series])
    chosen = weights[usable] / weights[usable].sum()
    parts = grid.size[:, series][usable], np.maximum(grid.standard_error[:, series][usable], 1e-300)
    degrees = np.full(len(chosen), float(grid.degrees))
    lower, middle, upper = (
        float(mixture_quantile(at, chosen, *parts, degrees)) for at in ((1 - level) / 2, 0.5, (1 + level) / 2)
    )
    return lower, middle, upper
