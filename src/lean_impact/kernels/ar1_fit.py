"""Segmented regression with first-order autoregressive errors: REML, ML and Prais-Winsten, many series at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lean_impact.kernels.ar1_moments import Ar1Moments, Gls, ar1_moments, gls_at, gls_shared
from lean_impact.kernels.least_squares import Projection, SegmentedFit, project

__all__ = ["PHI_BOUNDS", "fit_ar1", "fit_prais_winsten", "reduced_df"]

Floats = NDArray[np.float64]

PHI_BOUNDS = (-0.95, 0.98)
"""Smallest and largest autocorrelation that is looked at."""

_GRID = 60
_FEW = 16
_REFINEMENTS = 40
_PHI_TOLERANCE = 1e-9
_PRAIS_STEPS = 200


def fit_ar1(
    y: Floats, x: Floats, *, time: NDArray[np.int64], restricted: bool = True, n_seasonal: int = 0
) -> SegmentedFit:
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
    n_seasonal : int
        How many of the columns describe the season, see ``reduced_df``.

    Returns
    -------
    SegmentedFit
        With degrees of freedom reduced by the autocorrelation, see ``reduced_df``.

    Raises
    ------
    ValueError
        If a series has missing values, is fitted without any residual.

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
    >>> from lean_impact.kernels.autoregression import simulate_ar1
    >>> noise = simulate_ar1(np.array([0.5]), n_periods=200, rng=np.random.default_rng(3)).T
    >>> x = np.column_stack([np.ones(200), np.arange(200) >= 100])
    >>> fit = fit_ar1(2 * x[:, [1]] + noise, x, time=np.arange(200))
    >>> bool(0.35 < fit.phi[0] < 0.65), bool(abs(fit.coefficients[0, 1] - 2) < 1)
    (True, True)
    """
    projection = project(y, x)
    moments = ar1_moments(projection.residuals, projection.basis, time)
    n, k = x.shape
    nu = n - k if restricted else n
    phi = _maximise(moments, nu=nu, restricted=restricted)
    fit = gls_at(moments, phi)
    value = -(nu * (np.log(2 * np.pi * fit.rss / nu) + 1) + fit.log_r) / 2
    if restricted:
        value -= fit.log_m / 2 - np.linalg.slogdet(projection.to_columns)[1]
    return _assemble(
        projection,
        fit,
        phi,
        df=reduced_df(phi, n_periods=n, n_columns=k, n_seasonal=n_seasonal),
        log_likelihood=value,
        phi_variance=_phi_variance(moments, phi, nu=nu, restricted=restricted),
    )


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
        If a series has missing values, is fitted without any residual, or no two periods are neighbours.

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
    projection = project(y, x)
    basis, start = projection.basis, projection.residuals
    moments = ar1_moments(start, basis, time)
    residuals, phi = start, np.zeros(y.shape[1])
    for _ in range(_PRAIS_STEPS):
        before, now = residuals[adjacent], residuals[adjacent + 1]
        ratio = np.sum(now * before, axis=0) / np.sum(before**2, axis=0)
        last, phi = phi, np.clip(ratio, *PHI_BOUNDS)
        residuals = start - basis @ gls_at(moments, phi).coefficients.T
        if np.abs(phi - last).max() < _PHI_TOLERANCE:
            break
    none = np.zeros(len(phi))
    return _assemble(
        projection,
        gls_at(moments, phi),
        phi,
        df=none + (len(x) - x.shape[1]),
        log_likelihood=none + np.nan,
        phi_variance=none,
    )


def reduced_df(phi: Floats, *, n_periods: int, n_columns: int, n_seasonal: int = 0) -> Floats:
    r"""Reduce degrees of freedom by the autocorrelation.

    Parameters
    ----------
    phi : ndarray of float64, shape (n_units,)
        Lag-1 autocorrelation of the errors.
    n_periods, n_columns : int
        Numbers of periods and columns.
    n_seasonal : int
        How many of the columns describe the season.

    Returns
    -------
    ndarray of float64, shape (n_units,)
        Degrees of freedom, at least 1.

    Notes
    -----
    A mean over *n* periods with AR(1) errors is worth one over :math:`n (1 - \phi)/(1 + \phi)` independent
    ones. The slow columns (all but the season) are taken off that; the columns of the season compete with
    fast movements, which autocorrelation makes no scarcer, and are taken off the periods only. So never more
    than :math:`n - k` are left.

    Examples
    --------
    >>> reduced_df(np.array([0.0, 0.5, 0.9]), n_periods=48, n_columns=4).round(9).tolist()
    [44.0, 12.0, 1.0]
    """
    worth = n_periods * (1 - phi) / (1 + phi)
    return np.clip(worth - (n_columns - n_seasonal), 1.0, float(n_periods - n_columns))


def _maximise(moments: Ar1Moments, *, nu: int, restricted: bool) -> Floats:
    """Find the autocorrelation of the highest likelihood of each series."""
    grid = np.tanh(np.linspace(math.atanh(PHI_BOUNDS[0]), math.atanh(PHI_BOUNDS[1]), _GRID))
    values, scores = _on_grid(moments, grid, nu=nu, restricted=restricted)
    best = values.argmax(axis=0)
    units = np.arange(values.shape[1])
    rising = scores[best, units] > 0
    left = np.clip(np.where(rising, best, best - 1), 0, None)
    right = np.clip(np.where(rising, best + 1, best), None, _GRID - 1)
    return _root(
        moments,
        (grid[left], grid[right]),
        (scores[left, units], scores[right, units]),
        nu=nu,
        restricted=restricted,
    )


def _on_grid(moments: Ar1Moments, grid: Floats, *, nu: int, restricted: bool) -> tuple[Floats, Floats]:
    """Return likelihoods and derivatives, each of shape (n_grid, n_units); all in one go for few series."""
    n_units = len(moments.yy)
    if n_units <= _FEW:
        every = moments._replace(
            xy=np.tile(moments.xy, (len(grid), 1, 1)), yy=np.tile(moments.yy, (len(grid), 1))
        )
        found = _profile(gls_at(every, np.repeat(grid, n_units)), nu=nu, restricted=restricted)
        values, scores = (part.reshape(len(grid), n_units) for part in found)
        return values, scores
    profiles = [_profile(gls_shared(moments, phi), nu=nu, restricted=restricted) for phi in grid]
    values, scores = (np.stack(part) for part in zip(*profiles, strict=True))
    return values, scores


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


def _phi_variance(moments: Ar1Moments, phi: Floats, *, nu: int, restricted: bool) -> Floats:
    """Invert the curvature of the profile likelihood, taken no flatter than an eighth of what theory says."""
    ideal = (1 + moments.counts.sum()) / (1 - phi**2)
    step = 1e-4 * (1 - phi**2)
    low, high = (
        _profile(gls_at(moments, phi + sign * step), nu=nu, restricted=restricted)[1] for sign in (-1, 1)
    )
    variance: Floats = 1 / np.maximum((low - high) / (2 * step), ideal / 8)
    return variance


def _assemble(
    projection: Projection,
    fit: Gls,
    phi: Floats,
    *,
    df: Floats,
    log_likelihood: Floats,
    phi_variance: Floats,
) -> SegmentedFit:
    """Turn a fit on the orthonormal basis into one on the columns."""
    basis, to_columns, start, residuals = projection
    residual_df = len(basis) - basis.shape[1]
    sigma2 = fit.rss / residual_df
    covariance = sigma2[:, None, None] * (to_columns @ fit.inverse @ to_columns.T)
    # The variance of the errors moves with phi along the ridge of the likelihood.
    turned = to_columns @ fit.inverse
    bend = turned @ fit.xx_slope @ np.swapaxes(turned, 1, 2)
    slope = covariance * (fit.rss_slope / fit.rss)[:, None, None] - sigma2[:, None, None] * bend
    return SegmentedFit(
        coefficients=start + fit.coefficients @ to_columns.T,
        covariance=covariance,
        df=df,
        residual_df=np.full(len(phi), float(residual_df)),
        sigma2=sigma2,
        phi=phi,
        phi_variance=phi_variance,
        covariance_slope=slope,
        at_bound=(phi <= PHI_BOUNDS[0] + _PHI_TOLERANCE) | (phi >= PHI_BOUNDS[1] - _PHI_TOLERANCE),
        log_likelihood=log_likelihood,
        residuals=residuals - basis @ fit.coefficients.T,
    )
