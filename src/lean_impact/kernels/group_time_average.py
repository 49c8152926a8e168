"""Averages of group-time effects, with influence functions, and simultaneous bands by the multiplier bootstrap."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy.special import ndtri

from lean_impact.kernels.group_time import GroupTime

__all__ = ["Aggregate", "Aggregation", "Bands", "aggregate", "multiplier_bootstrap"]

Aggregation = Literal["simple", "group", "dynamic", "calendar"]

_CHUNK = 1024


class Aggregate(NamedTuple):
    """Averages of group-time effects.

    Attributes
    ----------
    estimate, standard_error : float
        The overall average, in the unit of the outcome.
    influence : ndarray of float64, shape (n_units,)
        What each unit contributes to the error of the overall average.
    labels : ndarray of int, shape (n_elements,)
        Start index of the cohort, periods since the start, or period; empty for the simple average.
    by_estimate, by_standard_error : ndarray of float64, shape (n_elements,)
        The average of each element; the standard error is not a number where the average is 0 by construction.
    by_influence : ndarray of float64, shape (n_elements, n_units)
        Influences on them.
    """

    estimate: float
    standard_error: float
    influence: np.ndarray
    labels: np.ndarray
    by_estimate: np.ndarray
    by_standard_error: np.ndarray
    by_influence: np.ndarray


class Bands(NamedTuple):
    """Simultaneous bands.

    Attributes
    ----------
    standard_error : ndarray of float64, shape (n_elements,)
        Standard errors from the interquartile range of the draws.
    critical : float
        Multiple of the standard error by which all elements lie inside at the same time.
    """

    standard_error: np.ndarray
    critical: float


def aggregate(
    result: GroupTime, kind: Aggregation, *, balance: int | None = None, fixed_shares: bool = False
) -> Aggregate:
    r"""Average group-time effects.

    Parameters
    ----------
    result : GroupTime
        Group-time effects.
    kind : {"simple", "group", "dynamic", "calendar"}
        All cells with the programme weighted by cohort size; by cohort; by periods since the start; by period.
    balance : int, optional
        For ``"dynamic"``: only cohorts that are seen at least this many periods after the start, and only up to
        there, so that the mix of cohorts does not change along the path.
    fixed_shares : bool
        Treat the cohorts' shares as known instead of estimated.

    Returns
    -------
    Aggregate

    Raises
    ------
    ValueError
        If no cell with the programme is left.

    Notes
    -----
    Cohorts are weighted by their share of the units' weight. The overall group average weighs cohorts, the overall
    dynamic and calendar averages weigh their elements equally (dynamic: from 0 on). Shares are
    estimates too, and their error is counted.

    References
    ----------
    Callaway B, Sant'Anna PHC (2021), Journal of Econometrics 225:200-230, section 3.

    Examples
    --------
    >>> from lean_impact.kernels.group_time import group_time
    >>> y = np.array([[0.0, 1.0, 5.0, 5.0], [1.0, 3.0, 9.0, 10.0]])
    >>> aggregate(group_time(y, np.array([2, 2, 1, 1])), "dynamic").estimate
    3.0
    """
    labels, masks, head = _elements(result, kind, balance)
    if not head.any():
        raise ValueError("no group-time effect after the start is left to average")
    if kind == "simple":
        estimate, influence = _weighted(result, result.after, fixed=fixed_shares)
        none = np.zeros(0)
        empty = np.zeros((0, len(result.start)))
        return Aggregate(estimate, _length(influence), influence, none.astype(int), none, none, empty)
    known = fixed_shares or kind == "group"
    parts = [_weighted(result, mask, fixed=known) for mask in masks]
    by_estimate, by_influence = np.array([e for e, _ in parts]), np.array([i for _, i in parts])
    constant = np.array([result.reference[mask].all() for mask in masks])
    errors = np.where(constant, np.nan, np.sqrt((by_influence**2).sum(axis=1)))
    if kind == "group":
        estimate, influence = _by_share(result, labels, by_estimate, by_influence, fixed=fixed_shares)
    else:
        estimate, influence = float(by_estimate[head].mean()), by_influence[head].mean(axis=0)
    return Aggregate(
        estimate, _length(influence), influence, np.array(labels), by_estimate, errors, by_influence
    )


def _length(influence: np.ndarray) -> float:
    return float(np.sqrt((influence**2).sum()))


def _elements(
    result: GroupTime, kind: str, balance: int | None
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Return labels, the cells of each, and which of them the overall average takes."""
    key, allowed = {"group": result.cohort, "calendar": result.period}.get(kind), result.after
    if balance is not None and (kind != "dynamic" or balance < 0):
        raise ValueError("balance is at least 0 and goes with the dynamic average")
    if kind == "dynamic":
        key = result.period - result.cohort
        last = int(result.period.max())
        allowed = np.ones(len(key), dtype=bool)
        if balance is not None:
            seen = last - result.cohort >= balance
            allowed = seen & (key <= balance) & (key >= balance - last)
    if key is None:
        if kind != "simple":
            raise ValueError("the average is simple, group, dynamic or calendar")
        return np.zeros(0, int), [], result.after
    labels = np.unique(key[allowed])
    masks = [allowed & (key == label) for label in labels]
    return labels, masks, labels >= 0


def _shares(result: GroupTime, cohort: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the weight in the cohort of each entry, and its influence by unit."""
    weight = result.weights / result.weights.sum()
    member = (result.start[None, :] == cohort[:, None]) * weight
    share = member.sum(axis=1)
    return share, member - share[:, None] * weight


def _weighted(result: GroupTime, mask: np.ndarray, *, fixed: bool) -> tuple[float, np.ndarray]:
    """Average some cells by their cohorts' shares."""
    return _by_share(result, result.cohort[mask], result.estimate[mask], result.influence[mask], fixed=fixed)


def _by_share(
    result: GroupTime, cohort: np.ndarray, estimate: np.ndarray, influence: np.ndarray, *, fixed: bool
) -> tuple[float, np.ndarray]:
    share, moved = _shares(result, cohort)
    total = share.sum()
    mean = float(share @ estimate / total)
    spread = share @ influence / total
    if fixed:
        return mean, spread
    return mean, spread + (estimate - mean) @ moved / total


def multiplier_bootstrap(
    influence: np.ndarray,
    *,
    rng: np.random.Generator,
    draws: int = 999,
    kind: Literal["rademacher", "mammen"] = "rademacher",
    level: float = 0.95,
) -> Bands:
    r"""Draw the joint distribution of several estimates from their influences.

    Parameters
    ----------
    influence : ndarray of float64, shape (n_elements, n_units)
        What each unit contributes to the error of each estimate.
    rng : Generator
        Source of randomness.
    draws : int
        Number of draws.
    kind : {"rademacher", "mammen"}
        Two-point multipliers: symmetric, or with third moment 1.
    level : float
        Coverage of all elements together.

    Returns
    -------
    Bands

    Raises
    ------
    ValueError
        If no element varies, or draws, kind or level make no sense.

    Notes
    -----
    The critical value is the quantile over draws of the largest |draw| / standard error over elements: a
    sup-t band. Elements that do not vary are left out of the maximum.

    References
    ----------
    Callaway B, Sant'Anna PHC (2021), Journal of Econometrics 225:200-230, algorithm 1. Montiel Olea JL,
    Plagborg-Møller M (2019), Journal of Applied Econometrics 34:1-17. Mammen E (1993), Annals of Statistics 21:255-285.

    Examples
    --------
    >>> influence = np.random.default_rng(0).normal(size=(5, 400)) / 400
    >>> bands = multiplier_bootstrap(influence, rng=np.random.default_rng(1))
    >>> 2.2 < bands.critical < 2.9
    True
    """
    if draws < 4 or kind not in {"rademacher", "mammen"} or not 0 < level < 1:  # noqa: PLR2004
        raise ValueError("draws must be at least 4, kind rademacher or mammen, level between 0 and 1")
    n_units = influence.shape[1]
    sizes = [min(_CHUNK, draws - at) for at in range(0, draws, _CHUNK)]
    drawn = np.concatenate([_multipliers(rng, (size, n_units), kind) @ influence.T for size in sizes])
    quartiles = np.quantile(drawn, [0.25, 0.75], axis=0)
    error = (quartiles[1] - quartiles[0]) / (ndtri(0.75) - ndtri(0.25))
    moving = error > 0
    if not moving.any():
        raise ValueError("no estimate varies between units")
    largest = np.abs(drawn[:, moving] / error[moving]).max(axis=1)
    return Bands(error, float(np.quantile(largest, level)))


def _multipliers(rng: np.random.Generator, shape: tuple[int, int], kind: str) -> np.ndarray:
    if kind == "rademacher":
        return rng.choice(np.array([-1.0, 1.0]), shape)
    root = 5**0.5
    return np.where(rng.random(shape) < (root + 1) / (2 * root), (1 - root) / 2, (1 + root) / 2)
