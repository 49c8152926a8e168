"""Synthetic control from outcomes: each target against a weighted average of donors.

The true trusts and every donor in turn as placebo go through the same function.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lean_impact.kernels.collapsed import TIE
from lean_impact.kernels.simplex import simplex_weights

__all__ = [
    "PlaceboRank",
    "SyntheticFit",
    "check_block",
    "effective_donors",
    "placebo_rank",
    "rmspe",
    "rmspe_ratio",
    "studentised_gap",
    "synthetic_control",
    "weighted_gaps",
]


class SyntheticFit(NamedTuple):
    """Synthetic controls of several targets.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_donors, n_targets)
        At least 0, each column sums to 1; a donor that is itself the target has 0.
    gaps : ndarray of float64, shape (n_periods, n_targets)
        Outcome minus synthetic outcome, in the unit of the outcome. With an intercept, the mean gap before
        the start is 0.
    pre_rmspe : ndarray of float64, shape (n_targets,)
        Root mean squared gap before the start, in the unit of the outcome.
    effective_donors : ndarray of float64, shape (n_targets,)
        1 / sum of squared weights: 1 if one donor has all weight, n if n share it equally.
    """

    weights: np.ndarray
    gaps: np.ndarray
    pre_rmspe: np.ndarray
    effective_donors: np.ndarray


class PlaceboRank(NamedTuple):
    """Place of a target among the placebos, the largest statistic first.

    Attributes
    ----------
    rank : int
        1 if no placebo has a statistic as large.
    p : float
        rank / (n_placebos + 1).
    smallest : float
        Smallest reachable value, 1 / (n_placebos + 1).
    """

    rank: int
    p: float
    smallest: float


def synthetic_control(
    y: np.ndarray, targets: np.ndarray, donors: np.ndarray, *, start: int, intercept: bool = False
) -> SyntheticFit:
    r"""Fit each target by a weighted average of the donors before the start.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes without holes.
    targets : ndarray of int, shape (n_targets,)
        Positions of the units to fit. Give the donors themselves for in-space placebos.
    donors : ndarray of int, shape (n_donors,)
        Positions of the units without the programme. A target among them is left out of its own donors.
    start : int
        First period with the programme.
    intercept : bool
        Allow a constant distance between target and donors (demeaned synthetic control).

    Returns
    -------
    SyntheticFit

    Raises
    ------
    ValueError
        If there is no period before or after the start, no donor, or a missing value.

    Notes
    -----
    The weights minimise the squared gap over the periods before the start, to the optimum; see
    :func:`lean_impact.kernels.simplex.simplex_weights`. The estimand is the effect on each target; it
    rests on the target lying within reach of the donors, which `pre_rmspe` shows.

    References
    ----------
    Abadie A, Diamond A, Hainmueller J (2010), JASA 105:493-505. Doudchenko N, Imbens GW (2016), NBER 22791
    (intercept).

    Examples
    --------
    >>> y = np.array([[1.0, 0.0, 2.0], [2.0, 1.0, 3.0], [9.0, 3.0, 5.0]])
    >>> fit = synthetic_control(y, np.array([0]), np.array([1, 2]), start=2)
    >>> fit.weights.ravel().round(6), fit.gaps.ravel().round(6)
    (array([0.5, 0.5]), array([0., 0., 5.]))
    """
    check_block(y, targets, donors, start=start)
    before = y[:start]
    levels = before.mean(axis=0) if intercept else np.zeros(y.shape[1])
    shifted = y - levels
    weights = np.zeros((len(donors), len(targets)))
    for column, target in enumerate(targets):
        others = donors != target
        weights[others, column] = simplex_weights(shifted[:start, donors[others]], shifted[:start, target])
    gaps = weighted_gaps(shifted, targets, donors, weights)
    return SyntheticFit(weights, gaps, rmspe(gaps[:start]), effective_donors(weights))


def weighted_gaps(y: np.ndarray, targets: np.ndarray, donors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return outcome minus weighted donors, e.g. to hold weights fixed for another outcome.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
    targets : ndarray of int, shape (n_targets,)
    donors : ndarray of int, shape (n_donors,)
    weights : ndarray of float64, shape (n_donors, n_targets)

    Returns
    -------
    ndarray of float64, shape (n_periods, n_targets)

    Examples
    --------
    >>> y = np.array([[3.0, 1.0, 2.0]])
    >>> weighted_gaps(y, np.array([0]), np.array([1, 2]), np.array([[0.5], [0.5]]))
    array([[1.5]])
    """
    gaps: np.ndarray = y[:, targets] - y[:, donors] @ weights
    return gaps


def rmspe(gaps: np.ndarray) -> np.ndarray:
    """Return the root mean squared gap of each column.

    Examples
    --------
    >>> rmspe(np.array([[3.0], [-4.0]])).round(4)
    array([3.5355])
    """
    return np.asarray(np.sqrt((gaps**2).mean(axis=0)))


def effective_donors(weights: np.ndarray) -> np.ndarray:
    """Return 1 / sum of squared weights of each column.

    Examples
    --------
    >>> effective_donors(np.array([[1.0, 0.5], [0.0, 0.5]]))
    array([1., 2.])
    """
    return np.asarray(1.0 / (weights**2).sum(axis=0))


def rmspe_ratio(gaps: np.ndarray, *, start: int) -> np.ndarray:
    """Return the root mean squared gap after the start over that before.

    Parameters
    ----------
    gaps : ndarray of float64, shape (n_periods, n_targets)
    start : int

    Returns
    -------
    ndarray of float64, shape (n_targets,)
        0 for 0/0, infinite for a positive gap after a perfect fit before.

    Examples
    --------
    >>> rmspe_ratio(np.array([[1.0], [-1.0], [3.0]]), start=2)
    array([3.])
    """
    return _ratio(rmspe(gaps[start:]), rmspe(gaps[:start]))


def studentised_gap(gaps: np.ndarray, *, start: int) -> np.ndarray:
    """Return the size of the mean gap after the start over the root mean squared gap before.

    Unlike the ratio of root mean squares it grows with a lasting shift only, not with noise after the start.

    Parameters
    ----------
    gaps : ndarray of float64, shape (n_periods, n_targets)
    start : int

    Returns
    -------
    ndarray of float64, shape (n_targets,)

    Examples
    --------
    >>> studentised_gap(np.array([[1.0], [-1.0], [3.0], [-1.0]]), start=2)
    array([1.])
    """
    return _ratio(np.abs(gaps[start:].mean(axis=0)), rmspe(gaps[:start]))


def placebo_rank(observed: float, placebos: np.ndarray) -> PlaceboRank:
    """Return the place of a statistic among those of the placebos; ties count against it.

    Parameters
    ----------
    observed : float
        Statistic of the target, larger is more striking.
    placebos : ndarray of float64, shape (n_placebos,)

    Returns
    -------
    PlaceboRank

    Notes
    -----
    Valid if, without an effect, target and donors could have changed places. The smallest value is stated
    because with few donors no effect, however large, could be significant.

    Examples
    --------
    >>> placebo_rank(3.0, np.array([5.0, 1.0, 2.0]))
    PlaceboRank(rank=2, p=0.5, smallest=0.25)
    """
    total = len(placebos) + 1
    rank = 1 + int((placebos >= observed * (1 - TIE)).sum())
    return PlaceboRank(rank, rank / total, 1 / total)


def check_block(y: np.ndarray, targets: np.ndarray, donors: np.ndarray, *, start: int) -> None:
    """Refuse what no estimator of a block design can use.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
    targets : ndarray of int, shape (n_targets,)
    donors : ndarray of int, shape (n_donors,)
    start : int

    Raises
    ------
    ValueError
        If there is no period before or after the start, no target, no donor besides the target, a unit
        twice among the donors, or a missing value.

    Examples
    --------
    >>> check_block(np.ones((3, 2)), np.array([0]), np.array([1]), start=3)
    Traceback (most recent call last):
    ...
    ValueError: the start 3 leaves no period before or no period after it; there are 3 periods
    """
    if not 0 < start < len(y):
        raise ValueError(
            f"the start {start} leaves no period before or no period after it; there are {len(y)} periods"
        )
    if len(targets) == 0:
        raise ValueError("there is no unit to fit")
    if len(np.unique(donors)) != len(donors):
        raise ValueError("a unit stands twice among the donors")
    if len(donors) - np.isin(targets, donors).max() < 1:
        raise ValueError("there is no donor besides the target")
    used = np.union1d(targets, donors)
    if not np.isfinite(y[:, used]).all():
        holes = used[~np.isfinite(y[:, used]).all(axis=0)]
        raise ValueError(f"outcomes of units {holes.tolist()} have missing or infinite figures")


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(over == 0, 0.0, over / under)
