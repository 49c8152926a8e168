"""Fit a segmented regression to many series at once: REML or ML with AR(1) errors, and what others use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lean_impact.kernels.ar1_moments import Ar1Moments, Gls, ar1_moments, gls_at, gls_shared

__all__ = [
    "PHI_BOUNDS",
    "SegmentedFit",
    "fit_ar1",
    "fit_newey_west",
    "fit_ols",
    "fit_prais_winsten",
    "reduced_df",
]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PHI_BOUNDS = (-0.95, 0.98)
"""Smallest and largest autocorrelation that the AR(1) fits look at."""

_GRID = 60
_REFINEMENTS = 40
_PHI_TOLERANCE = 1e-9
_PRAIS_STEPS = 200
_PERFECT = 1e-12  # residual share of a series' spread that is nothing but rounding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentedFit:
    """Fits of one design to many series.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (n_units, n_columns)
        Coefficients, in units of the series per unit of the column.
    covariance : ndarray of float64, shape (n_units, n_columns, n_columns)
        Their covariance.
    df : ndarray of float64, shape (n_units,)
        Degrees of freedom of the Student t distribution to use with it.
    sigma2 : ndarray of float64, shape (n_units,)
        Variance of the errors, in squared units.
    phi : ndarray of float64, shape (n_units,)
        Lag-1 autocorrelation of the errors; NaN where the method has none.
    at_bound : ndarray of bool, shape (n_units,)
        Whether the autocorrelation ran into the bound of what is allowed.
    log_likelihood : ndarray of float64, shape (n_units,)
        Log-likelihood, restricted for REML; NaN where the method has none.
    residuals : ndarray of float64, shape (n_periods, n_units)
        Series less fit.
    """

    coefficients: Floats
    covariance: Floats
    df: Floats
    sigma2: Floats
    phi: Floats
    at_bound: Flags
    log_likelihood: Floats
    residuals: Floats


def fit_ols(y: Floats, x: Floats) -> SegmentedFit:
    """Fit by ordinary least squares, as if the errors were independent.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Series without missing values.
    x : ndarray of float64, shape (n_periods, n_columns)
        Design of full rank with fewer columns than periods.

    Returns
    -------
    SegmentedFit
        With ``n_periods - n_columns`` degrees of freedom.

    Raises
    ------
    ValueError
        If a series is fitted without any residual.

    Notes
    -----
    Intervals are far too narrow where months resemble their neighbours: with an autocorrelation of 0.6,
    nominal 95 % intervals cover about 70 %.

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    >>> fit = fit_ols(np.array([[1.0], [3.0], [5.0], [7.0]]), x)
    >>> fit.coefficients.round(9).tolist(), float(fit.sigma2[0].round(9))
    ([[2.0, 4.0]], 2.0)
    """
    basis, to_columns, coefficients, residuals = _project(y, x)
    df = len(x) - x.shape[1]
    sigma2 = np.sum(residuals**2, axis=0) / df
    none = np.full(y.shape[1], np.nan)
    return SegmentedFit(
        coefficients=coefficients,
        covariance=sigma2[:, None, None] * (to_columns @ to_columns.T),
        df=np.full(y.shape[1], float(df)),
        sigma2=sigma2,
        phi=none,
        at_bound=np.zeros(y.shape[1], dtype=bool),
        log_likelihood=-len(x) / 2 * (np.log(2 * np.pi * sigma2 * df / len(x)) + 1),
        residuals=residuals,
    )


def fit_newey_west(y: Floats, x: Floats, *, time: NDArray[np.int64], lag: int) -> SegmentedFit:
    r"""Fit by ordinary least squares with the covariance of Newey and West.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Series without missing values.
    x : ndarray of float64, shape (n_periods, n_columns)
        Design of full rank with fewer columns than periods.
    time : ndarray of int64, shape (n_periods,)
        Calendar indices, ascending; lags are counted on the calendar.
    lag : int
        Longest lag, in periods.

    Returns
    -------
    SegmentedFit
        With ``n_periods - n_columns`` degrees of freedom.

    Raises
    ------
    ValueError
        If a series is fitted without any residual, or the lag is negative.

    Notes
    -----
    Bartlett weights :math:`1 - l/(L+1)` and the small-sample factor :math:`n/(n-k)`. In short series the
    intervals stay too narrow, the more so the longer the lag.

    References
    ----------
    Newey and West (1987), Econometrica 55, 703-708.

    Examples
    --------
    >>> y = np.array([[1.0], [3.0], [5.0], [8.0]])
    >>> fit = fit_newey_west(y, np.ones((4, 1)), time=np.arange(4), lag=1)
    >>> bool(fit.covariance[0, 0, 0] > fit_ols(y, np.ones((4, 1))).covariance[0, 0, 0])
    True
    """
    if lag < 0:
        raise ValueError("the lag must be at least 0")
    basis, to_columns, coefficients, residuals = _project(y, x)
    scores = residuals.T[:, :, None] * basis
    meat = bartlett_meat(scores, time=time, lag=lag)
    plain = fit_ols(y, x)
    small = len(x) / (len(x) - x.shape[1])
    return SegmentedFit(
        coefficients=coefficients,
        covariance=small * (to_columns @ meat @ to_columns.T),
        df=plain.df,
        sigma2=plain.sigma2,
        phi=plain.phi,
        at_bound=plain.at_bound,
        log_likelihood=np.full(y.shape[1], np.nan),
        residuals=residuals,
    )


def bartlett_meat(scores: Floats, *, time: NDArray[np.int64], lag: int) -> Floats:
    """Sum the products of scores over all pairs of periods up to a lag, with falling weights.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_units, n_periods, n_columns)
        Score of each period.
    time : ndarray of int64, shape (n_periods,)
        Calendar indices, ascending.
    lag : int
        Longest lag, in periods.

    Returns
    -------
    ndarray of float64, shape (n_units, n_columns, n_columns)
        Positive semi-definite sums.

    Examples
    --------
    >>> bartlett_meat(np.ones((1, 3, 1)), time=np.array([0, 1, 5]), lag=1).tolist()
    [[[4.0]]]
    """
    total = np.swapaxes(scores, 1, 2) @ scores
    for distance in range(1, lag + 1):
        _, earlier, later = np.intersect1d(time + distance, time, return_indices=True)
        crossed = np.swapaxes(scores[:, later], 1, 2) @ scores[:, earlier]
        total = total + (1 - distance / (lag + 1)) * (crossed + np.swapaxes(crossed, 1, 2))
    return np.asarray(total)


def fit_prais_winsten(y: Floats, x: Floats, *, time: NDArray[np.int64]) -> SegmentedFit:
    r"""Fit by the iterated method of Prais and Winsten.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Series without missing values.
    x : ndarray of float64, shape (n_periods, n_columns)
        Design of full rank with fewer columns than periods.
    time : ndarray of int64, shape (n_periods,)
        Calendar indices, ascending.

    Returns
    -------
    SegmentedFit
        With ``n_periods - n_columns`` degrees of freedom.

    Raises
    ------
    ValueError
        If a series is fitted without any residual, or no two periods are neighbours.

    Notes
    -----
    Residuals give :math:`\phi = \sum e_t e_{t-1} / \sum e_{t-1}^2` over neighbouring periods, generalised
    least squares with :math:`\phi` gives residuals, and so on until :math:`\phi` stands. The autocorrelation
    is biased towards 0 in short series, so that intervals are too narrow.

    References
    ----------
    Prais and Winsten (1954), Cowles Commission Discussion Paper 383.

    Examples
    --------
    >>> y = np.array([[1.0], [2.0], [4.0], [3.0], [1.0], [0.0], [1.0], [3.0]])
    >>> fit = fit_prais_winsten(y, np.ones((8, 1)), time=np.arange(8))
    >>> bool(0.3 < fit.phi[0] < 0.9)
    True
    """
    adjacent = np.flatnonzero(np.diff(time) == 1)
    if len(adjacent) == 0:
        raise ValueError("no two periods are neighbours, so that their correlation cannot be estimated")
    basis, _, _, start = _project(y, x)
    moments = ar1_moments(start, basis, time)
    residuals, phi = start, np.zeros(y.shape[1])
    for _ in range(_PRAIS_STEPS):
        before, now = residuals[adjacent], residuals[adjacent + 1]
        ratio = np.sum(now * before, axis=0) / np.sum(before**2, axis=0)
        last, phi = phi, np.clip(ratio, *PHI_BOUNDS)
        residuals = start - basis @ gls_at(moments, phi).coefficients.T
        if np.abs(phi - last).max() < _PHI_TOLERANCE:
            break
    fit = gls_at(moments, phi)
    df = len(x) - x.shape[1]
    return _assemble(y, x, fit, phi, df=np.full(len(phi), float(df)), log_likelihood=np.full(len(phi), np.nan))


def fit_ar1(y: Floats, x: Floats, *, time: NDArray[np.int64], restricted: bool = True) -> SegmentedFit:
    r"""Fit with first-order autoregressive errors by (restricted) maximum likelihood.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Series without missing values.
    x : ndarray of float64, shape (n_periods, n_columns)
        Design of full rank with fewer columns than periods.
    time : ndarray of int64, shape (n_periods,)
        Calendar indices, ascending. Errors *g* periods apart correlate by :math:`\phi^g`.
    restricted : bool
        Whether the likelihood is the restricted one, which allows for the fitted columns. The unrestricted
        one takes the autocorrelation too small in short series.

    Returns
    -------
    SegmentedFit
        With degrees of freedom reduced by the autocorrelation, see ``reduced_df``.

    Raises
    ------
    ValueError
        If a series is fitted without any residual.

    Notes
    -----
    With :math:`R` the correlation matrix of the errors, :math:`S = r' R^{-1} r` the weighted residual sum of
    squares and :math:`\nu = n - k`, the restricted profile log-likelihood is

    .. math:: -\tfrac12 \{ \nu (\log(2 \pi S/\nu) + 1) + \log|R| + \log|X' R^{-1} X| \} .

    It is evaluated on a grid that all series share; in the cell of the best grid point its derivative is
    brought to 0 for each series. The covariance uses :math:`S/\nu` with either likelihood.

    References
    ----------
    Harville (1974), Biometrika 61, 383-385.
    Turner, Forbes, Karahalios, Taljaard and McKenzie (2021), BMC Medical Research Methodology 21, 181.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = np.column_stack([np.ones(200), np.arange(200) >= 100])
    >>> noise = np.zeros(200)
    >>> for t in range(1, 200): noise[t] = 0.5 * noise[t - 1] + rng.normal()
    >>> fit = fit_ar1((2 * x[:, 1] + noise)[:, None], x, time=np.arange(200))
    >>> bool(0.35 < fit.phi[0] < 0.65), bool(abs(fit.coefficients[0, 1] - 2) < 1)
    (True, True)
    """
    basis, to_columns, _, residuals = _project(y, x)
    moments = ar1_moments(residuals, basis, time)
    n, k = x.shape
    nu = n - k if restricted else n
    phi, at_bound = _maximise(moments, nu=nu, restricted=restricted)
    fit = gls_at(moments, phi)
    value = -(nu * (np.log(2 * np.pi * fit.rss / nu) + 1) + fit.log_r) / 2
    if restricted:
        value -= fit.log_m / 2 - np.linalg.slogdet(to_columns)[1]
    result = _assemble(y, x, fit, phi, df=reduced_df(phi, n_periods=n, n_columns=k), log_likelihood=value)
    result.at_bound[:] = at_bound
    return result


def reduced_df(phi: Floats, *, n_periods: int, n_columns: int) -> Floats:
    r"""Reduce degrees of freedom by the autocorrelation.

    Parameters
    ----------
    phi : ndarray of float64, shape (n_units,)
        Lag-1 autocorrelation of the errors.
    n_periods, n_columns : int
        Numbers of periods and columns.

    Returns
    -------
    ndarray of float64, shape (n_units,)
        Degrees of freedom, at least 1.

    Notes
    -----
    A mean over *n* periods with AR(1) errors is worth one over :math:`n (1 - \phi)/(1 + \phi)` independent
    ones. The columns are taken off that, and never more than :math:`n - k` are left.

    Examples
    --------
    >>> reduced_df(np.array([0.0, 0.5, 0.9]), n_periods=48, n_columns=4).round(9).tolist()
    [44.0, 12.0, 1.0]
    """
    worth = n_periods * (1 - phi) / (1 + phi)
    return np.clip(worth - n_columns, 1.0, float(n_periods - n_columns))


def _project(y: Floats, x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return an orthonormal basis, the matrix back to columns, OLS coefficients and residuals."""
    if not np.isfinite(y).all():
        raise ValueError("series must have no missing values here")
    basis, upper = np.linalg.qr(x)
    to_columns = np.linalg.inv(upper)
    projections = basis.T @ y
    residuals = y - basis @ projections
    residuals -= basis @ (basis.T @ residuals)
    spread = np.linalg.norm(residuals, axis=0)
    perfect = np.flatnonzero(spread <= _PERFECT * np.linalg.norm(y, axis=0))
    if len(perfect):
        listed = ", ".join(str(one) for one in perfect[:10])
        raise ValueError(f"fitted without any residual, so that no uncertainty can be stated: series {listed}")
    return basis, to_columns, (to_columns @ projections).T, residuals


def _maximise(moments: Ar1Moments, *, nu: int, restricted: bool) -> tuple[Floats, Flags]:
    """Find the autocorrelation of the highest likelihood of each series."""
    grid = np.tanh(np.linspace(*np.arctanh(PHI_BOUNDS), _GRID))
    profiles = [_profile(gls_shared(moments, phi), nu=nu, restricted=restricted) for phi in grid]
    values, scores = (np.stack(part) for part in zip(*profiles, strict=True))
    best = values.argmax(axis=0)
    units = np.arange(values.shape[1])
    rising = scores[best, units] > 0
    left = np.clip(best - ~rising, 0, None)
    right = np.clip(best + rising, None, _GRID - 1)
    at_bound = left == right
    phi = _root(
        moments,
        (grid[left], grid[right]),
        (scores[left, units], scores[right, units]),
        nu=nu,
        restricted=restricted,
    )
    return np.where(at_bound, grid[left], phi), at_bound


def _profile(fit: Gls, *, nu: int, restricted: bool) -> tuple[Floats, Floats]:
    """Return the profile log-likelihood without constants, and its derivative."""
    value = nu * np.log(fit.rss) + fit.log_r
    slope = nu * fit.rss_slope / fit.rss + fit.log_r_slope
    if restricted:
        value, slope = value + fit.log_m, slope + fit.log_m_slope
    return -value / 2, -slope / 2


def _root(
    moments: Ar1Moments,
    ends: tuple[Floats, Floats],
    scores: tuple[Floats, Floats],
    *,
    nu: int,
    restricted: bool,
) -> Floats:
    """Bring the derivative to 0 between two ends by false position (Illinois rule), all series at once."""
    (left, right), (above, below) = (list(map(np.copy, pair)) for pair in (ends, scores))
    phi = np.where(left == right, left, (left + right) / 2)
    todo = np.flatnonzero(left < right)
    side = np.zeros(len(left), dtype=int)
    for _ in range(_REFINEMENTS):
        if len(todo) == 0:
            break
        a, b, fa, fb = left[todo], right[todo], above[todo], below[todo]
        crossing = (fa > 0) & (fb < 0)
        guess = np.where(crossing, b - fb * (b - a) / np.where(crossing, fb - fa, 1.0), (a + b) / 2)
        part = moments._replace(xy=moments.xy[todo], yy=moments.yy[todo])
        score = _profile(gls_at(part, guess), nu=nu, restricted=restricted)[1]
        up = score > 0
        left[todo], above[todo] = np.where(up, guess, a), np.where(up, score, fa)
        right[todo], below[todo] = np.where(up, b, guess), np.where(up, fb, score)
        # An end that stays twice gets half its weight, so that both ends move.
        again = side[todo] == np.where(up, 1, -1)
        below[todo] = np.where(up & again, below[todo] / 2, below[todo])
        above[todo] = np.where(~up & again, above[todo] / 2, above[todo])
        side[todo] = np.where(up, 1, -1)
        moved = np.abs(guess - phi[todo])
        phi[todo] = guess
        todo = todo[np.minimum(moved, b - a) > _PHI_TOLERANCE]
    return phi


def _assemble(
    y: Floats, x: Floats, fit: Gls, phi: Floats, *, df: Floats, log_likelihood: Floats
) -> SegmentedFit:
    """Turn a fit on the orthonormal basis into one on the columns."""
    _, to_columns, start, residuals = _project(y, x)
    coefficients = start + fit.coefficients @ to_columns.T
    sigma2 = fit.rss / (len(x) - x.shape[1])
    return SegmentedFit(
        coefficients=coefficients,
        covariance=sigma2[:, None, None] * (to_columns @ fit.inverse @ to_columns.T),
        df=df,
        sigma2=sigma2,
        phi=phi,
        at_bound=(phi <= PHI_BOUNDS[0]) | (phi >= PHI_BOUNDS[1]),
        log_likelihood=log_likelihood,
        residuals=residuals - x @ to_columns @ fit.coefficients.T,
    )
