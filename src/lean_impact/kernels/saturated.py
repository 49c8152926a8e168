"""The Sun-Abraham estimator: one coefficient for each cohort and period, then averages weighted by cohort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lean_impact.kernels.adoption import check_start, cohorts
from lean_impact.kernels.cluster_variance import small_sample_factor
from lean_impact.kernels.group_time import group_time
from lean_impact.kernels.two_way import two_way

__all__ = ["InteractionWeighted", "sun_abraham"]

_RANK = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InteractionWeighted:
    """Effects by cohort and period, and their averages.

    Attributes
    ----------
    cohort, period : ndarray of int, shape (n_coefficients,)
        Start index and period of each coefficient.
    coefficient : ndarray of float64, shape (n_coefficients,)
        Effect, or before the start the placebo effect, relative to the last period before the start.
    cells : ndarray of float64, shape (n_coefficients,)
        Weight of the cells behind each coefficient; the averages are weighted by it.
    covariance : ndarray of float64, shape (n_coefficients, n_coefficients)
        CR1 covariance with units as clusters.
    slopes : ndarray of float64, shape (n_covariates,)
        Coefficients of the covariates.
    """

    cohort: np.ndarray
    period: np.ndarray
    coefficient: np.ndarray
    cells: np.ndarray
    covariance: np.ndarray
    slopes: np.ndarray

    def combine(self, mask: np.ndarray) -> tuple[float, float]:
        """Average some coefficients by their cells; return estimate and standard error."""
        share = np.where(mask, self.cells, 0.0)
        share = share / share.sum()
        return float(share @ self.coefficient), float(np.sqrt(share @ self.covariance @ share))

    def effect(self) -> tuple[float, float]:
        """Average effect on the treated over all cells with the programme, and its standard error."""
        return self.combine(self.period >= self.cohort)

    def event_study(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return periods since the start, their average effects and standard errors."""
        since = self.period - self.cohort
        events = np.unique(since)
        rows = np.array([self.combine(since == event) for event in events])
        return events, rows[:, 0], rows[:, 1]


def sun_abraham(
    y: np.ndarray,
    start: np.ndarray,
    *,
    covariates: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> InteractionWeighted:
    r"""Estimate effects by cohort and period in one regression with unit and period effects.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcome; not a number marks a hole.
    start : ndarray of int, shape (n_units,)
        First period with the programme, at least 1; `n_periods` if never. Without a unit that never starts, the
        last cohort is the comparison and the periods from its start on are left out.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_units), optional
        Covariates that change in time.
    weights : ndarray of float64, shape (n_units,) or (n_periods, n_units), optional
        Weights of the cells; equal if not given.

    Returns
    -------
    InteractionWeighted

    Raises
    ------
    ValueError
        If a unit has no period before the programme, there is only one cohort and nothing to compare it with, or
        a coefficient is not identified.

    Notes
    -----
    :math:`y_{tj} = a_j + b_t + \sum_{g, e \ne -1} \delta_{g,e} 1[G_j = g, t - g = e] + e_{tj}`, then averages of
    :math:`\delta` with the cohorts' shares, which are treated as known. Without holes, covariates and
    weights the coefficients are differences of means and no regression is run.

    References
    ----------
    Sun L, Abraham S (2021), Journal of Econometrics 225:175-199.

    Examples
    --------
    >>> y = np.array([[0.0, 1.0, 5.0, 5.0], [1.0, 3.0, 9.0, 10.0]])
    >>> sun_abraham(y, np.array([2, 2, 1, 1])).effect()[0]
    3.0
    """
    n_periods, n_units = y.shape
    start = check_start(start, n_periods=n_periods, n_units=n_units)
    early = np.flatnonzero(start == 0)
    if len(early):
        raise ValueError(f"units {early.tolist()} (counted from 0) have no period before the programme")
    if (start < n_periods).all():
        last = int(start.max())
        if start.min() == last:
            raise ValueError("all units start together, so that there is nothing to compare them with")
        y, covariates = y[:last], None if covariates is None else covariates[:, :last]
        weights = weights[:last] if weights is not None and weights.ndim == 2 else weights  # noqa: PLR2004
        start = np.minimum(start, last)
    if covariates is None and weights is None and np.isfinite(y).all():
        return _from_means(y, start)
    return _from_regression(y, start, covariates, weights)


def _from_means(y: np.ndarray, start: np.ndarray) -> InteractionWeighted:
    """Differences of means; their influences are those of the regression."""
    result = group_time(y, start, base="universal")
    kept = ~result.reference
    influence = result.influence[kept]
    factor = small_sample_factor(n_units=y.shape[1], n_cells=y.size, n_parameters=int(kept.sum()) + len(y))
    size = (start[None, :] == result.cohort[kept][:, None]).sum(axis=1)
    return InteractionWeighted(
        cohort=result.cohort[kept],
        period=result.period[kept],
        coefficient=result.estimate[kept],
        cells=size.astype(float),
        covariance=factor * (influence @ influence.T),
        slopes=np.zeros(0),
    )


def _from_regression(
    y: np.ndarray, start: np.ndarray, covariates: np.ndarray | None, weights: np.ndarray | None
) -> InteractionWeighted:
    """Solve the regression from sums over cohort, unit and period; the dummies themselves are never built."""
    full = np.ones(y.shape) if weights is None else np.broadcast_to(np.asarray(weights, float), y.shape)
    x = np.zeros((0, *y.shape)) if covariates is None else np.asarray(covariates, float)
    seen = np.where(np.isfinite(y) & np.isfinite(x).all(axis=0), full, 0.0)
    effects = two_way(seen)
    cohort, period, member = _coefficients(start, seen)
    own = member * seen[period]
    periods = np.zeros((len(cohort), len(y)))
    periods[np.arange(len(cohort)), period] = own.sum(axis=1)
    unit_part, period_part = effects.solve(own, periods)
    left, outcome = effects.within(np.where(seen > 0, x, 0.0)), effects.within(np.where(seen > 0, y, 0.0))
    weighted = left * seen
    between = np.einsum("kn,ckn->kc", own, left[:, period])
    gram = np.block(
        [
            [np.diag(own.sum(axis=1)) - unit_part @ own.T - period_part @ periods.T, between],
            [between.T, np.einsum("ctn,dtn->cd", weighted, left)],
        ]
    )
    bread = _inverse(gram)
    target = [(own * outcome[period]).sum(axis=1), (weighted * outcome).sum(axis=(1, 2))]
    solution = bread @ np.concatenate(target)
    delta, gamma = solution[: len(cohort)], solution[len(cohort) :]
    effect = np.zeros(y.shape)
    np.add.at(effect, period, delta[:, None] * member)
    carried = seen * (outcome - effects.within(effect) - np.tensordot(gamma, left, axes=1))
    scores = [member * carried[period] - period_part @ carried, (left * carried).sum(axis=1)]
    influence = (bread @ np.concatenate(scores))[: len(cohort)]
    factor = small_sample_factor(
        n_units=effects.n_observed[1],
        n_cells=int((seen > 0).sum()),
        n_parameters=len(bread) + effects.n_observed[0],
    )
    return InteractionWeighted(
        cohort=cohort,
        period=period,
        coefficient=delta,
        cells=own.sum(axis=1),
        covariance=factor * (influence @ influence.T),
        slopes=gamma,
    )


def _coefficients(start: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List cohort and period of each coefficient, and the units of its cohort."""
    pairs = [
        (cohort, period)
        for cohort in cohorts(start, len(seen)).tolist()
        for period in range(len(seen))
        if period != cohort - 1 and seen[period, start == cohort].sum() > 0
    ]
    cohort, period = (np.array(part) for part in zip(*pairs, strict=True))
    return cohort, period, (start[None, :] == cohort[:, None]).astype(float)


def _inverse(gram: np.ndarray) -> np.ndarray:
    scale = np.sqrt(np.diag(gram).clip(min=np.finfo(float).tiny))
    alike = gram / np.outer(scale, scale)
    if np.linalg.eigvalsh(alike)[0] < _RANK:
        raise ValueError(
            "some cohort and period cannot be told from unit and period effects: a cohort needs a figure in the last "
            "period before its start, and others to compare with in each period"
        )
    return np.linalg.inv(alike) / np.outer(scale, scale)
