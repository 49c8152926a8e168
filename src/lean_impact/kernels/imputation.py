"""Imputation: fit the untreated cells, and take what is left of the treated ones as effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lean_impact.kernels.adoption import check_start, event_dummies, relative_period, treated_cells
from lean_impact.kernels.collapsed import few_member_df
from lean_impact.kernels.two_way import TwoWay, TwoWayFit, fit_two_way

__all__ = [
    "Average",
    "Imputation",
    "WelchAverage",
    "average",
    "horizon_targets",
    "impute",
    "pre_trend",
    "unit_targets",
    "welch_average",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Imputation:
    """Effects cell by cell, with what an average of them needs.

    Attributes
    ----------
    effect : ndarray of float64, shape (n_periods, n_units)
        Outcome minus what was imputed in treated cells; not a number elsewhere and where nothing can be imputed.
    untreated : ndarray of float64, shape (n_periods, n_units)
        Imputed outcome without the programme, in every cell for which it is determined.
    residual : ndarray of float64, shape (n_periods, n_units)
        Residuals of the untreated cells, 0 elsewhere.
    start : ndarray of int, shape (n_units,)
        First period with the programme.
    fit : TwoWay
        Unit and period effects of the untreated cells.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_units)
        Covariates with those effects taken out, in all cells.
    bread : ndarray of float64, shape (n_covariates, n_covariates)
        Inverse of their cross-products in untreated cells.
    """

    effect: np.ndarray
    untreated: np.ndarray
    residual: np.ndarray
    start: np.ndarray
    fit: TwoWay
    covariates: np.ndarray
    bread: np.ndarray

    @property
    def cells(self) -> np.ndarray:
        """Treated cells that have an effect, shape (n_periods, n_units)."""
        return np.asarray(np.isfinite(self.effect))


class Average(NamedTuple):
    """Averages of effects.

    Attributes
    ----------
    estimate : ndarray of float64, shape (n_targets,)
        Weighted sums of the cells' effects, in the unit of the outcome.
    standard_error : ndarray of float64, shape (n_targets,)
        Conservative standard errors, clustered by unit.
    influence : ndarray of float64, shape (n_targets, n_units)
        What each unit contributes to the error; the standard error is the root of its sum of squares.
    """

    estimate: np.ndarray
    standard_error: np.ndarray
    influence: np.ndarray


class WelchAverage(NamedTuple):
    """An average of effects with a variance between units.

    Attributes
    ----------
    estimate, standard_error : float
        In the unit of the outcome.
    df : float
        Satterthwaite degrees of freedom.
    """

    estimate: float
    standard_error: float
    df: float


def impute(
    y: np.ndarray,
    start: np.ndarray,
    *,
    covariates: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Imputation:
    r"""Fit unit and period effects to the untreated cells and impute the treated ones.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcome; not a number marks a hole.
    start : ndarray of int, shape (n_units,)
        First period with the programme; `n_periods` if never.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_units), optional
        Covariates that the programme does not change; known wherever the outcome is.
    weights : ndarray of float64, shape (n_units,) or (n_periods, n_units), optional
        Weights of the cells in the fit; equal if not given.

    Returns
    -------
    Imputation

    Raises
    ------
    ValueError
        If a treated unit has no untreated cell, no effect can be imputed, or covariates are collinear.

    Notes
    -----
    :math:`y_{tj}(0) = a_j + b_t + x_{tj}'\gamma`, fitted by least squares where the programme is not at work.
    No treated cell ever serves as a comparison. A period in which every unit is treated has no effect.

    References
    ----------
    Borusyak K, Jaravel X, Spiess J (2024), Review of Economic Studies 91:3253-3285.

    Examples
    --------
    >>> y = np.array([[0.0, 1.0, 5.0], [1.0, 2.0, 9.0]])
    >>> impute(y, np.array([2, 2, 1])).effect[1].round(9).tolist()
    [nan, nan, 3.0]
    """
    n_periods, n_units = y.shape
    start = check_start(start, n_periods=n_periods, n_units=n_units)
    x = np.zeros((0, n_periods, n_units)) if covariates is None else np.asarray(covariates, float)
    treated, observed = treated_cells(start, n_periods), np.isfinite(y) & np.isfinite(x).all(axis=0)
    base = np.ones(y.shape) if weights is None else np.broadcast_to(np.asarray(weights, float), y.shape)
    fit_weights = np.where(observed & ~treated, base, 0.0)
    late = np.flatnonzero((treated & observed).any(axis=0) & ~(fit_weights > 0).any(axis=0))
    if len(late):
        raise ValueError(f"units {late.tolist()} (counted from 0) have no period before the programme")
    regression = fit_two_way(np.where(fit_weights > 0, y, np.nan), x, weights=fit_weights)
    fit = regression.effects
    left = fit.residual(np.where(observed, x, 0.0)) if len(x) else x
    explained = np.tensordot(regression.coefficients, x, axes=1)
    units, periods = fit.effects(y - explained)
    untreated = np.where(fit.identified, units + periods[:, None] + explained, np.nan)
    effect = np.where(treated, y - untreated, np.nan)
    if not np.isfinite(effect).any():
        raise ValueError("no treated cell has a comparison: no period holds both treated and untreated units")
    return Imputation(
        effect=effect,
        untreated=untreated,
        residual=regression.residuals,
        start=start,
        fit=fit,
        covariates=left,
        bread=regression.bread,
    )


def horizon_targets(
    result: Imputation, *, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weight the effects so that each target is the average at one horizon.

    Parameters
    ----------
    result : Imputation
        Effects.
    weights : ndarray of float64, shape (n_units,), optional
        Weights of the units; equal if not given.

    Returns
    -------
    horizons : ndarray of int, shape (n_horizons,)
        Periods since the start, 0 the first one with the programme.
    targets : ndarray of float64, shape (n_horizons, n_periods, n_units)
        Weights that sum to 1 for each horizon.

    Examples
    --------
    >>> y = np.array([[0.0, 1.0, 5.0], [1.0, 2.0, 9.0], [1.0, 2.0, 8.0]])
    >>> horizon_targets(impute(y, np.array([3, 3, 1])))[0]
    array([0, 1])
    """
    since = np.where(result.cells, relative_period(result.start, len(result.effect)), np.nan)
    horizons = np.unique(since[np.isfinite(since)]).astype(int)
    marks = (since[None] == horizons[:, None, None]).astype(float)
    if weights is not None:
        marks = marks * weights
    return horizons, marks / marks.sum(axis=(1, 2), keepdims=True)


def unit_targets(result: Imputation) -> tuple[np.ndarray, np.ndarray]:
    """Weight the effects so that each target is the average effect in one treated unit.

    Returns
    -------
    units : ndarray of int, shape (n_treated,)
        Positions of the units with an effect.
    targets : ndarray of float64, shape (n_treated, n_periods, n_units)
        Weights that sum to 1 for each unit.

    Examples
    --------
    >>> y = np.array([[0.0, 1.0, 5.0], [1.0, 2.0, 9.0]])
    >>> unit_targets(impute(y, np.array([2, 2, 1])))[1].sum()
    np.float64(1.0)
    """
    count = result.cells.sum(axis=0)
    units = np.flatnonzero(count)
    targets = np.zeros((len(units), *result.effect.shape))
    targets[np.arange(len(units)), :, units] = (result.cells[:, units] / count[units]).T
    return units, targets


def overall_target(result: Imputation) -> np.ndarray:
    """Weigh every treated cell alike."""
    return np.asarray(result.cells / result.cells.sum())


def _target_weights(result: Imputation, targets: np.ndarray) -> np.ndarray:
    """Return the weight of every outcome in each average, shape (n_targets, n_periods, n_units)."""
    fit = result.fit
    through = (targets * np.where(result.cells, result.covariates[:, None], 0.0)).sum(axis=(2, 3)).T
    units, periods = fit.solve(targets.sum(axis=1), targets.sum(axis=2))
    fitted = units[:, None, :] + periods[:, :, None]
    known = np.where(fit.weights > 0, result.covariates, 0.0)
    fitted = fitted + np.tensordot(through @ result.bread, known, axes=1)
    return np.asarray(targets - fit.weights * fitted)


def average(result: Imputation, targets: np.ndarray | None = None) -> Average:
    r"""Average effects over cells, with the conservative clustered variance.

    Parameters
    ----------
    result : Imputation
        Effects.
    targets : ndarray of float64, shape (n_targets, n_periods, n_units), optional
        Weights of the cells, 0 outside treated cells with an effect; one target with all such cells alike if not
        given.

    Returns
    -------
    Average

    Raises
    ------
    ValueError
        If a target gives weight to a cell without an effect.

    Notes
    -----
    The average is linear in the outcomes, :math:`\sum v_{tj} y_{tj}`, and its variance is estimated by
    :math:`\sum_j (\sum_t v_{tj} \tilde e_{tj})^2`: residuals in untreated cells, and in treated ones the effect
    minus the mean effect, weighted by :math:`v^2`, of the same cohort in the same period. Where a cohort has
    one unit that difference is 0, and the standard error leaves out what is particular to treated units;
    see :func:`welch_average`.

    References
    ----------
    Borusyak K, Jaravel X, Spiess J (2024), Review of Economic Studies 91:3253-3285, sections 4.2 and 4.3.

    Examples
    --------
    >>> y = np.array([[0.0, 1.0, 5.0, 5.0], [1.0, 3.0, 9.0, 10.0]])
    >>> result = average(impute(y, np.array([2, 2, 1, 1])))
    >>> result.estimate.round(9).tolist(), result.standard_error.round(6).tolist()
    ([3.0], [0.5])
    """
    chosen = overall_target(result)[None] if targets is None else np.asarray(targets, float)
    estimate = _estimates(result, chosen)
    weights = _target_weights(result, chosen)
    error = np.where(result.cells, result.effect, result.residual)[None] - _cohort_means(result, weights)
    influence = (weights * error).sum(axis=1)
    return Average(estimate, np.sqrt((influence**2).sum(axis=1)), influence)


def _estimates(result: Imputation, targets: np.ndarray) -> np.ndarray:
    if (targets[:, ~result.cells] != 0).any():
        raise ValueError("a target gives weight to a cell for which no effect can be imputed")
    return np.asarray((targets * np.where(result.cells, result.effect, 0.0)).sum(axis=(1, 2)))


def _cohort_means(result: Imputation, weights: np.ndarray) -> np.ndarray:
    """Average the effects of each cohort in each period by squared weight, 0 in untreated cells."""
    squares = np.where(result.cells, weights**2, 0.0)
    effect = np.where(result.cells, result.effect, 0.0)
    _, cohort = np.unique(result.start, return_inverse=True)
    member = np.eye(cohort.max() + 1)[cohort]
    below = squares @ member
    mean = np.divide((squares * effect) @ member, below, out=np.zeros_like(below), where=below > 0)
    return np.where(result.cells, mean @ member.T, 0.0)


def welch_average(result: Imputation, target: np.ndarray | None = None) -> WelchAverage:
    r"""Average effects over cells, with a variance between treated units and one between the others.

    Parameters
    ----------
    result : Imputation
        Effects.
    target : ndarray of float64, shape (n_periods, n_units), optional
        Weights of the cells that sum to 1; all cells with an effect alike if not given.

    Returns
    -------
    WelchAverage

    Raises
    ------
    ValueError
        If fewer than two treated or two other units have a part in the average.

    Notes ----- Each unit contributes one number: a treated one its share :math:`\omega_j` times the distance of its
    own average effect from the overall one, plus its part in the period effects; another one its part in the period
    effects. Squares of either group are inflated by what estimating the group's mean takes away from them, and
    degrees of freedom are Satterthwaite's, for two or three treated units n - 1. With one start and equal weights
    this is Welch's test of one change a unit. It holds for few treated units, and counts effects that differ
    between them as uncertainty of the average.

    References
    ----------
    Welch BL (1947), Biometrika 34:28-35. Satterthwaite FE (1946), Biometrics Bulletin 2:110-114.

    Examples
    --------
    >>> y = np.array([[0.0, 1.0, 5.0, 5.0], [1.0, 3.0, 9.0, 10.0]])
    >>> result = welch_average(impute(y, np.array([2, 2, 1, 1])))
    >>> round(result.estimate, 9), round(result.standard_error, 6), round(result.df, 6)
    (3.0, 0.707107, 1.0)
    """
    chosen = overall_target(result) if target is None else np.asarray(target, float)
    estimate = float(_estimates(result, chosen[None])[0])
    weights = _target_weights(result, chosen[None])[0]
    error = np.where(result.cells, result.effect - estimate, result.residual)
    influence = (weights * error).sum(axis=0)
    share = chosen.sum(axis=0)
    inside = share != 0
    outside = ~inside & (np.abs(weights).sum(axis=0) > 0)
    scale = np.sqrt((weights**2).sum(axis=0))
    one, other = (_group_variance(influence[part], scale[part]) for part in (inside, outside))
    df = (one[0] + other[0]) ** 2 / (one[0] ** 2 / one[1] + other[0] ** 2 / other[1])
    kept = few_member_df(np.array(df), int(inside.sum()))
    return WelchAverage(estimate, float(np.sqrt(one[0] + other[0])), float(kept))


def _group_variance(influence: np.ndarray, scale: np.ndarray) -> tuple[float, float]:
    """Inflate a sum of squares of deviations from a weighted mean, and return its degrees of freedom."""
    if len(influence) < 2:  # noqa: PLR2004
        raise ValueError(
            f"a variance between units needs two of them on either side; there is {len(influence)}"
        )
    share = scale / scale.sum()
    squares = float((share**2).sum())
    form = (np.eye(len(share)) - share[:, None] - share[None, :] + squares) * np.outer(share, share)
    trace = float(np.trace(form))
    return float((influence**2).sum()) * squares / trace, trace**2 / float((form**2).sum())


def pre_trend(
    y: np.ndarray,
    start: np.ndarray,
    *,
    events: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, TwoWayFit]:
    """Regress untreated outcomes on dummies for the periods before the start.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcome; not a number marks a hole.
    start : ndarray of int, shape (n_units,)
        First period with the programme; `n_periods` if never.
    events : ndarray of int, shape (n_events,), optional
        Periods before the start, all below 0; all but -1 if not given.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_units), optional
        As in :func:`impute`.
    weights : ndarray of float64, shape (n_units,) or (n_periods, n_units), optional
        As in :func:`impute`.

    Returns
    -------
    events : ndarray of int, shape (n_events,)
    fit : TwoWayFit
        Its first ``n_events`` coefficients are the pre-trend coefficients, in the order of `events`.

    Raises
    ------
    ValueError
        If there is no earlier period, an event is not before the start, or the dummies are collinear.

    Notes
    -----
    Because treated cells take no part, the test is independent of the effects, and testing first does not distort
    the estimate afterwards if the errors are homoskedastic and normal.

    References
    ----------
    Borusyak K, Jaravel X, Spiess J (2024), Review of Economic Studies 91:3253-3285, section 4.4.

    Examples
    --------
    >>> y = np.array([[0.0, 1.0, 5.0], [1.0, 2.0, 9.0], [2.0, 3.0, 9.0]])
    >>> events, fit = pre_trend(y, np.array([3, 3, 2]))
    >>> events, fit.coefficients.round(9).tolist()
    (array([-2]), [-3.0])
    """
    n_periods, n_units = y.shape
    start = check_start(start, n_periods=n_periods, n_units=n_units)
    untreated = np.where(treated_cells(start, n_periods), np.nan, y)
    if events is None:
        since = relative_period(start, n_periods)[np.isfinite(untreated)]
        events = np.unique(since[since < -1]).astype(int)
    if not len(events) or (events >= 0).any():
        raise ValueError("a pre-trend needs periods before the start, and one of them as the reference")
    dummies = event_dummies(start, n_periods, events)
    regressors = dummies if covariates is None else np.concatenate([dummies, covariates])
    return events, fit_two_way(untreated, regressors, weights=weights)
