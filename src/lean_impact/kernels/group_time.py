"""Group-time effects of Callaway and Sant'Anna: each cohort in each period against clean comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import chdtrc, expit

from lean_impact.kernels.adoption import check_start, cohorts

__all__ = ["Base", "Control", "GroupTime", "Method", "PreTest", "group_time", "pre_test"]

Control = Literal["never", "not-yet"]
Base = Literal["varying", "universal", "mean"]
Method = Literal["regression", "doubly-robust"]

_NEWTON = 50
_CONVERGED = 1e-10
_OVERLAP = 0.999
_RANK = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupTime:
    """Effects by cohort and period, one entry a cell.

    Attributes
    ----------
    cohort, period : ndarray of int, shape (n_cells,)
        Start index of the cohort, and the period.
    estimate : ndarray of float64, shape (n_cells,)
        ATT(g, t) in the unit of the outcome; before the start, a placebo effect.
    influence : ndarray of float64, shape (n_cells, n_units)
        What each unit contributes to the error of each estimate.
    start : ndarray of int, shape (n_units,)
        First period with the programme.
    weights : ndarray of float64, shape (n_units,)
        Weights of the units.
    reference : ndarray of bool, shape (n_cells,)
        Cells that are 0 by construction, because the period is its own base.
    """

    cohort: np.ndarray
    period: np.ndarray
    estimate: np.ndarray
    influence: np.ndarray
    start: np.ndarray
    weights: np.ndarray
    reference: np.ndarray

    @property
    def standard_error(self) -> np.ndarray:
        """Root of the sum of squared influences, not a number for cells that are 0 by construction."""
        error = np.sqrt((self.influence**2).sum(axis=1))
        return np.where(self.reference, np.nan, error)

    @property
    def after(self) -> np.ndarray:
        """Cells with the programme, shape (n_cells,)."""
        return self.period >= self.cohort


class PreTest(NamedTuple):
    """Joint test that all placebo effects before the start are 0.

    Attributes
    ----------
    statistic : float
        Wald statistic.
    df : int
        Number of placebo effects.
    p : float
        Its p-value by the chi-squared distribution.
    """

    statistic: float
    df: int
    p: float


def group_time(
    y: np.ndarray,
    start: np.ndarray,
    *,
    control: Control = "never",
    base: Base = "varying",
    base_length: int | None = None,
    covariates: np.ndarray | None = None,
    method: Method = "doubly-robust",
    weights: np.ndarray | None = None,
) -> GroupTime:
    r"""Estimate the effect on each cohort in each period.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcome without holes.
    start : ndarray of int, shape (n_units,)
        First period with the programme, at least 1; `n_periods` if never.
    control : {"never", "not-yet"}
        Compare with units that never start, or also with those that start later than the period and the base.
    base : {"varying", "universal", "mean"}
        Period to compare with: the last one before the start, and before it the previous period (varying) or
        again the last one before the start (universal), or the mean of several periods before the start.
    base_length : int, optional
        For ``base="mean"``, how many of the last periods before the start; all if not given.
    covariates : ndarray of float64, shape (n_covariates, n_units), optional
        Covariates that are constant in time; trends may differ by them.
    method : {"regression", "doubly-robust"}
        With covariates: outcome regression, or that together with a logit of having the programme.
    weights : ndarray of float64, shape (n_units,), optional
        Weights of the units; equal if not given.

    Returns
    -------
    GroupTime
        Cells in order of cohort and period. Cells without any comparison unit are left out.

    Raises
    ------
    ValueError
        If there is a hole, a cohort has no period before its start, no cell has a comparison, covariates are
        collinear among the comparison units, or the logit finds no overlap.

    Notes
    -----
    :math:`ATT(g,t) = E[Y_t - Y_b | G = g] - E[Y_t - Y_b | C]`, the second mean being adjusted for covariates. A
    base of one period carries the noise of that period into every cell: with noisy months the mean of several is
    much more precise, and asks that trends were parallel over all of them.

    References
    ----------
    Callaway B, Sant'Anna PHC (2021), Journal of Econometrics 225:200-230. Sant'Anna PHC, Zhao J (2020), Journal of
    Econometrics 219:101-122.

    Examples
    --------
    >>> y = np.array([[0.0, 1.0, 5.0, 5.0], [1.0, 3.0, 9.0, 10.0]])
    >>> result = group_time(y, np.array([2, 2, 1, 1]))
    >>> result.estimate, result.standard_error.round(4)
    (array([3.]), array([0.5]))
    """
    n_periods, n_units = y.shape
    start = check_start(start, n_periods=n_periods, n_units=n_units)
    weights = np.ones(n_units) if weights is None else np.asarray(weights, float)
    design = np.vstack([np.ones((1, n_units)), np.zeros((0, n_units)) if covariates is None else covariates])
    _check(y, start, design, weights, control=control, base=base, base_length=base_length)
    found = [
        cell
        for cohort in cohorts(start, n_periods).tolist()
        for cell in _cohort_cells(
            y,
            start,
            cohort,
            control=control,
            bases=_bases(y, cohort, base, base_length),
            estimate=_Estimator(design, weights, method if len(design) > 1 else "regression"),
        )
    ]
    if not found:
        raise ValueError("no cohort has a comparison in any period")
    cohort_, period, estimate, influence, reference = zip(*found, strict=True)
    return GroupTime(
        cohort=np.array(cohort_),
        period=np.array(period),
        estimate=np.array(estimate),
        influence=np.array(influence),
        start=start,
        weights=weights,
        reference=np.array(reference),
    )


def _check(
    y: np.ndarray,
    start: np.ndarray,
    design: np.ndarray,
    weights: np.ndarray,
    *,
    control: str,
    base: str,
    base_length: int | None,
) -> None:
    if not np.isfinite(y).all() or not np.isfinite(design).all():
        raise ValueError("group-time effects need a panel and covariates without holes")
    if weights.shape != start.shape or not np.isfinite(weights).all() or (weights <= 0).any():
        raise ValueError("weights need one number above 0 for each unit")
    if (start == 0).any():
        units = np.flatnonzero(start == 0).tolist()
        raise ValueError(f"units {units} (counted from 0) have no period before the programme")
    if control not in {"never", "not-yet"} or base not in {"varying", "universal", "mean"}:
        raise ValueError("control is never or not-yet; base is varying, universal or mean")
    if control == "never" and (start < len(y)).all():
        raise ValueError("no unit is never treated; compare with not-yet treated units")
    if base_length is not None and (base != "mean" or base_length < 1):
        raise ValueError("base_length is at least 1 and goes with base='mean'")


class _Bases(NamedTuple):
    """Base of each period: its outcome, the last period that it rests on, and whether it is the period itself."""

    outcome: np.ndarray
    last: np.ndarray
    itself: np.ndarray
    periods: np.ndarray


def _bases(y: np.ndarray, cohort: int, base: str, length: int | None) -> _Bases:
    periods = np.arange(len(y))
    if base == "mean":
        first = 0 if length is None else max(0, cohort - length)
        mean = np.broadcast_to(y[first:cohort].mean(axis=0), y.shape)
        alone = (periods == first) & (cohort - first == 1)
        return _Bases(mean, np.full(len(y), cohort - 1), alone, periods)
    if base == "universal":
        last = np.full(len(y), cohort - 1)
    else:
        periods = periods[1:]
        last = np.where(periods < cohort, periods - 1, cohort - 1)
    return _Bases(y[last], last, periods == last, periods)


_Cell = tuple[int, int, float, np.ndarray, bool]


def _cohort_cells(
    y: np.ndarray, start: np.ndarray, cohort: int, *, control: str, bases: _Bases, estimate: _Estimator
) -> list[_Cell]:
    """Estimate all periods of a cohort, those with the same comparison units at once."""
    never = start == len(y)
    needed = np.maximum(bases.periods, bases.last)
    cells: list[_Cell] = []
    for latest in np.unique(needed).tolist() if control == "not-yet" else [len(y)]:
        same = needed == latest if control == "not-yet" else np.ones(len(needed), dtype=bool)
        others = never if control == "never" else (start > latest) & (start != cohort)
        if not others.any():
            continue
        change = y[bases.periods[same]] - bases.outcome[same]
        effects, influence = estimate(change, start == cohort, others)
        periods, itself = bases.periods[same].tolist(), bases.itself[same].tolist()
        cells += zip([cohort] * len(periods), periods, effects.tolist(), influence, itself, strict=True)
    return sorted(cells, key=lambda cell: cell[1])


class _Estimator(NamedTuple):
    """Compare changes of a group with those of comparison units."""

    design: np.ndarray
    weights: np.ndarray
    method: str

    def __call__(
        self, change: np.ndarray, group: np.ndarray, others: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return effects, shape (n_changes,), and influences, shape (n_changes, n_units)."""
        x, own, rest = self.design, self.weights * group, self.weights * others
        cross = _inverse((x * rest) @ x.T)
        left = change - change @ (rest * x).T @ cross @ x
        # Influence of the comparison units through the regression, for each column of the design.
        through = cross @ x * rest
        mean = (left @ own) / own.sum()
        influence = own / own.sum() * (left - mean[:, None])
        influence -= left * ((x @ own / own.sum()) @ through)
        if self.method == "regression":
            return mean, influence
        level, more = self._reweighted(left, own, rest, through)
        return mean - level, influence - more

    def _reweighted(
        self, left: np.ndarray, own: np.ndarray, rest: np.ndarray, through: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean residual of the comparison units weighted to look like the group, and its influence."""
        x = self.design
        chance, information = _logit(x, own, rest)
        odds = rest * chance / (1 - chance)
        odds = odds / odds.sum()
        level = left @ odds
        apart = odds * (left - level[:, None])
        scores = information @ x * (own * (1 - chance) - rest * chance)
        return level, apart + (apart @ x.T) @ scores - left * ((x @ odds) @ through)


def _inverse(gram: np.ndarray) -> np.ndarray:
    scale = np.sqrt(np.diag(gram))
    if (scale == 0).any() or np.linalg.eigvalsh(gram / np.outer(scale, scale))[0] < _RANK:
        raise ValueError("covariates are collinear, or more than the comparison units, among those units")
    return np.linalg.inv(gram)


def _logit(x: np.ndarray, own: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit the chance of being in the group by Newton's method; also return the inverse information."""
    beta, total = np.zeros(len(x)), own + rest
    for _ in range(_NEWTON):
        chance = expit(beta @ x)
        if (chance[total > 0] > _OVERLAP).any():
            break
        information = _inverse((x * (total * chance * (1 - chance))) @ x.T)
        step = information @ (x @ (own - total * chance))
        beta = beta + step
        if np.abs(step @ x).max() < _CONVERGED:
            chance = expit(beta @ x)
            return chance, _inverse((x * (total * chance * (1 - chance))) @ x.T)
    raise ValueError(
        "covariates nearly tell who has the programme, so that nobody is comparable; use fewer covariates or "
        "outcome regression"
    )


def pre_test(result: GroupTime) -> PreTest:
    r"""Test jointly that the placebo effects before the start are 0.

    Parameters
    ----------
    result : GroupTime
        Group-time effects.

    Returns
    -------
    PreTest

    Raises
    ------
    ValueError
        If there is no placebo effect, or there are as many as units or more, or their covariance is singular,
        as with long panels or few units.

    Examples
    --------
    >>> y = np.random.default_rng(0).normal(size=(4, 30))
    >>> pre_test(group_time(y, np.repeat([2, 4], 15))).df
    1
    """
    chosen = ~result.after & ~result.reference
    count, n_units = int(chosen.sum()), result.influence.shape[1]
    if not 0 < count < n_units:
        raise ValueError(f"{count} placebo effects cannot be tested jointly with {n_units} units")
    influence = result.influence[chosen]
    lengths = np.linalg.norm(influence, axis=1)
    if (lengths == 0).any():
        raise ValueError("a placebo effect has no variance between units")
    scaled = influence / lengths[:, None]
    covariance = scaled @ scaled.T
    if np.linalg.eigvalsh(covariance)[0] < _RANK:
        raise ValueError("the placebo effects vary in fewer directions than there are; test fewer of them")
    t = result.estimate[chosen] / lengths
    statistic = float(t @ np.linalg.solve(covariance, t))
    return PreTest(statistic, count, float(chdtrc(count, statistic)))
