"""Segmented regression of counts: Poisson rates and binomial proportions, with over-dispersion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlogy

from lean_impact.kernels.ar1_fit import fit_ar1
from lean_impact.kernels.least_squares import SegmentedFit, bartlett_meat
from lean_impact.kernels.segmented_fit import Contrasts

__all__ = ["CountFit", "Family", "count_effects", "fit_counts", "fit_counts_ar1"]

Floats = NDArray[np.float64]
Family = Literal["poisson", "binomial"]

_STEPS = 60
_TOLERANCE = 1e-12
_AR1_STEPS = 200
_AR1_TOLERANCE = 1e-6
_FAR = 30.0  # a linear predictor so far out means a fitted mean of 0 (or a proportion of 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountFit:
    """Generalised linear model of one series of counts.

    Attributes
    ----------
    family : {"poisson", "binomial"}
        Distribution; log link for the first, logit for the second.
    coefficients : ndarray of float64, shape (n_columns,)
        Coefficients on the scale of the link.
    covariance : ndarray of float64, shape (n_columns, n_columns)
        Their covariance, over-dispersion or autocorrelation included as asked for.
    dispersion : float
        Pearson's chi-squared over its degrees of freedom; 1 where counts vary as the distribution says.
    df : float
        Degrees of freedom of Student's t, infinite where the dispersion is taken as known.
    deviance : float
        Residual deviance.
    fitted : ndarray of float64, shape (n_periods,)
        Fitted counts.
    residuals : ndarray of float64, shape (n_periods,)
        Pearson residuals, each with variance 1 where the model holds.
    """

    family: Family
    coefficients: Floats
    covariance: Floats
    dispersion: float
    df: float
    deviance: float
    fitted: Floats
    residuals: Floats


def fit_counts(
    counts: Floats,
    x: Floats,
    *,
    exposure: Floats,
    family: Family = "poisson",
    overdispersed: bool = True,
    time: NDArray[np.int64] | None = None,
    lag: int | None = None,
) -> CountFit:
    r"""Fit a Poisson rate or a binomial proportion by iterated weighted least squares.

    Parameters
    ----------
    counts : ndarray of float64, shape (n_periods,)
        Events, none negative.
    x : ndarray of float64, shape (n_periods, n_columns)
        Design of full rank with fewer columns than periods.
    exposure : ndarray of float64, shape (n_periods,)
        What the counts are counted among, all above 0: population or bed days for Poisson (its log is the
        offset), number of patients for binomial.
    family : {"poisson", "binomial"}
        Distribution.
    overdispersed : bool
        Whether the covariance is multiplied by the dispersion, and Student's t used.
    time : ndarray of int64, shape (n_periods,), or None
        Calendar indices, needed with ``lag``.
    lag : int or None
        If given, the covariance is the sandwich of Newey and West up to this lag, in periods, with the factor
        ``n / (n - k)``; it allows for over-dispersion too.

    Returns
    -------
    CountFit
        Coefficients, covariance and fitted counts.

    Raises
    ------
    ValueError
        If counts or exposure are not usable (missing, negative, more events than patients, all 0 or all
        events), or the estimates run off to infinity because a segment holds no events or nothing else.

    Notes
    -----
    Poisson: :math:`\log E(y_t) = \log N_t + x_t'\beta`. Binomial: :math:`\mathrm{logit}\,E(y_t/N_t) =
    x_t'\beta`. Real monthly counts vary more than either allows; without ``overdispersed`` intervals are too
    narrow, and autocorrelated months make them too narrow even with it.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, 2nd edition.
    Lopez Bernal, Cummins and Gasparrini (2017), International Journal of Epidemiology 46, 348-355.

    Examples
    --------
    >>> x = np.column_stack([np.ones(6), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]])
    >>> counts = np.array([9.0, 10.0, 11.0, 19.0, 20.0, 21.0])
    >>> fit = fit_counts(counts, x, exposure=np.full(6, 100.0))
    >>> np.exp(fit.coefficients).round(6).tolist()
    [0.1, 2.0]
    """
    _check(counts, x, exposure, family=family)
    if lag is not None and (time is None or lag < 0):
        raise ValueError("a lag must be at least 0 and needs the calendar")
    basis, upper = np.linalg.qr(x)
    turned, weights, fitted = _iterate(counts, basis, exposure, family=family)
    to_columns = np.linalg.inv(upper)
    bread = np.linalg.inv((basis * weights[:, None]).T @ basis)
    residual_df = len(x) - x.shape[1]
    residuals = (counts - fitted) / np.sqrt(weights)
    dispersion = float(np.sum(residuals**2) / residual_df)
    covariance = bread * (dispersion if overdispersed else 1.0)
    if lag is not None and time is not None:
        scores = (basis * (counts - fitted)[:, None])[None]
        meat = bartlett_meat(scores, time=time, lag=lag)[0]
        covariance = bread @ meat @ bread * (len(x) / residual_df)
    return CountFit(
        family=family,
        coefficients=to_columns @ turned,
        covariance=to_columns @ covariance @ to_columns.T,
        dispersion=dispersion,
        df=float(residual_df) if overdispersed or lag is not None else np.inf,
        deviance=_deviance(counts, fitted, exposure, family=family),
        fitted=fitted,
        residuals=residuals,
    )


def fit_counts_ar1(
    counts: Floats,
    x: Floats,
    *,
    exposure: Floats,
    time: NDArray[np.int64],
    family: Family = "poisson",
    n_seasonal: int = 0,
) -> SegmentedFit:
    r"""Fit over-dispersed counts whose errors are autocorrelated.

    Parameters
    ----------
    counts : ndarray of float64, shape (n_periods,)
        Events, none negative.
    x : ndarray of float64, shape (n_periods, n_columns)
        Design of full rank with fewer columns than periods.
    exposure : ndarray of float64, shape (n_periods,)
        As in ``fit_counts``.
    time : ndarray of int64, shape (n_periods,)
        Calendar indices, ascending.
    family : {"poisson", "binomial"}
        Distribution.
    n_seasonal : int
        How many of the columns describe the season, see ``reduced_df``.

    Returns
    -------
    SegmentedFit
        Of one series, on the scale of the link; ``sigma2`` is the dispersion, ``residuals`` are Pearson's.

    Raises
    ------
    ValueError
        As ``fit_counts``, or if the iteration does not settle.

    Notes
    -----
    Pearson residuals :math:`(y_t - \mu_t)/\sqrt{V(\mu_t)}` have variance :math:`\sigma^2` and correlation
    :math:`\phi^{|t - u|}`. Each step linearises the mean about the last one and fits the weighted working
    response by restricted likelihood (``fit_ar1``), as penalised quasi-likelihood does; without autocorrelation
    it is the quasi-likelihood fit of ``fit_counts``.

    References
    ----------
    Breslow and Clayton (1993), Journal of the American Statistical Association 88, 9-25.
    Zeger (1988), Biometrika 75, 621-629.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> counts = rng.poisson(np.repeat([100.0, 150.0], 30)).astype(float)
    >>> x = np.column_stack([np.ones(60), np.arange(60) >= 30])
    >>> fit = fit_counts_ar1(counts, x, exposure=np.ones(60), time=np.arange(60))
    >>> bool(abs(fit.coefficients[0, 1] - np.log(1.5)) < 0.1)
    True
    """
    rate, slope = _means(family)
    eta = x @ fit_counts(counts, x, exposure=exposure, family=family).coefficients
    for _ in range(_AR1_STEPS):
        root = np.sqrt(exposure * slope(eta))
        working = root * eta + (counts - exposure * rate(eta)) / root
        fit = fit_ar1(working[:, None], root[:, None] * x, time=time, n_seasonal=n_seasonal)
        last, eta = eta, x @ fit.coefficients[0]
        if not np.isfinite(eta).all() or np.abs(eta - last).max() > _FAR:
            break
        if np.abs(eta - last).max() <= _AR1_TOLERANCE:
            return fit
    raise ValueError("the fit of autocorrelated counts does not settle; model the rates themselves instead")


def count_effects(
    fit: CountFit,
    x: Floats,
    without: Floats,
    *,
    exposure: Floats,
    summary: Literal["period", "mean", "total", "ratio"] = "mean",
) -> Contrasts:
    r"""Compare the fitted counts with those without the programme.

    Parameters
    ----------
    fit : CountFit
        Fit.
    x, without : ndarray of float64, shape (n_periods, n_columns)
        Design of the periods to compare, with the programme and with its columns at 0.
    exposure : ndarray of float64, shape (n_periods,)
        Exposure in these periods.
    summary : {"period", "mean", "total", "ratio"}
        Difference of the rates in each period, their mean weighted by exposure, the difference of the counts
        summed over the periods, or the log of the ratio of the two sums.

    Returns
    -------
    Contrasts
        Arrays with one row.

    Notes
    -----
    Delta method: a mean :math:`\mu_t(\beta)` has the gradient :math:`\mu_t' x_t`, with :math:`\mu' = \mu` for
    the log and :math:`\mu' = \mu (1 - \mu)` for the logit link, here for rates.

    Examples
    --------
    >>> x = np.column_stack([np.ones(6), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]])
    >>> among = np.full(6, 100.0)
    >>> fit = fit_counts(np.array([9.0, 10.0, 11.0, 19.0, 20.0, 21.0]), x, exposure=among)
    >>> total = count_effects(fit, x[3:], x[:3], exposure=among[3:], summary="total")
    >>> float(total.estimate[0, 0].round(6))
    30.0
    """
    rate, slope = _means(fit.family)
    with_it, gradient = rate(x @ fit.coefficients), slope(x @ fit.coefficients)[:, None] * x
    base, base_gradient = (
        rate(without @ fit.coefficients),
        slope(without @ fit.coefficients)[:, None] * without,
    )
    if summary == "period":
        estimate, gradient = with_it - base, gradient - base_gradient
    elif summary == "ratio":
        sums = exposure @ with_it, exposure @ base
        estimate = np.log(np.array([sums[0] / sums[1]]))
        gradient = (exposure @ gradient / sums[0] - exposure @ base_gradient / sums[1])[None]
    else:
        weights = exposure if summary == "total" else exposure / exposure.sum()
        estimate = np.array([weights @ (with_it - base)])
        gradient = (weights @ (gradient - base_gradient))[None]
    variance = np.sum((gradient @ fit.covariance) * gradient, axis=1)
    return Contrasts(estimate[None], variance[None], np.full((1, len(estimate)), fit.df))


def _means(family: Family) -> tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]:
    """Return the inverse of the link and its derivative."""
    if family == "poisson":
        return np.exp, np.exp
    return expit, lambda eta: np.asarray(expit(eta) * expit(-eta))


def _check(counts: Floats, x: Floats, exposure: Floats, *, family: Family) -> None:
    """Refuse counts that no model fits."""
    if not (np.isfinite(counts).all() and np.isfinite(exposure).all()):
        raise ValueError("counts and exposure must have no missing values here")
    if len(x) <= x.shape[1]:
        raise ValueError(f"{len(x)} periods are too few for {x.shape[1]} columns")
    if (counts < 0).any() or (exposure <= 0).any():
        raise ValueError("counts must not be negative, and exposure must be above 0")
    if not counts.any():
        raise ValueError("no event in any period: there is no rate to compare")
    if family == "binomial":
        if (counts > exposure).any():
            raise ValueError("there are more events than patients in some periods")
        if (counts == exposure).all():
            raise ValueError("every patient has the event: there is no proportion to compare")


def _iterate(
    counts: Floats, basis: Floats, exposure: Floats, *, family: Family
) -> tuple[Floats, Floats, Floats]:
    """Iterate weighted least squares; return coefficients, weights and fitted counts."""
    rate, slope = _means(family)
    share = (counts + 0.5) / (exposure + 1.0 if family == "binomial" else exposure)
    eta = np.log(share) if family == "poisson" else np.log(share / (1 - share))
    centre = float(np.log(counts.sum() / exposure.sum()))
    coefficients: Floats = np.zeros(basis.shape[1])
    for _ in range(_STEPS):
        weights = exposure * slope(eta)
        working = eta + (counts - exposure * rate(eta)) / weights
        root = np.sqrt(weights)
        last = coefficients
        coefficients = np.asarray(
            np.linalg.lstsq(basis * root[:, None], root * working, rcond=None)[0], float
        )
        eta = basis @ coefficients
        if not np.isfinite(eta).all() or np.abs(eta - centre).max() > _FAR:
            break
        if np.abs(coefficients - last).max() <= _TOLERANCE * (1 + np.abs(coefficients).max()):
            return coefficients, exposure * slope(eta), exposure * rate(eta)
    raise ValueError(
        "the estimates run off to infinity: some part of the series (a season, a segment) holds no events, "
        "or nothing but events"
    )


def _deviance(counts: Floats, fitted: Floats, exposure: Floats, *, family: Family) -> float:
    """Return twice the distance to the best possible log-likelihood."""
    events = xlogy(counts, counts / fitted)
    if family == "poisson":
        return float(2 * np.sum(events - (counts - fitted)))
    rest, rest_fitted = exposure - counts, exposure - fitted
    return float(2 * np.sum(events + xlogy(rest, rest / rest_fitted)))
