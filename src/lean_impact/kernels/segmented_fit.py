"""Fit a segmented design to series with holes, and read effects off the fit."""

from __future__ import annotations

from dataclasses import fields
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lean_impact.kernels.ar1_fit import fit_ar1, fit_prais_winsten
from lean_impact.kernels.least_squares import SegmentedFit, fit_newey_west, fit_ols
from lean_impact.kernels.segmented import SegmentedDesign, require_estimable

__all__ = ["Contrasts", "Method", "fit_segmented", "linear_contrasts", "relative_contrasts"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Method = Literal["reml", "ml", "ols", "newey-west", "prais-winsten"]


class Contrasts(NamedTuple):
    """Linear functions of the coefficients, or ratios of two of them.

    Attributes
    ----------
    estimate : ndarray of float64, shape (n_units, n_contrasts)
        Values.
    variance : ndarray of float64, shape (n_units, n_contrasts)
        Variances of the estimates.
    df : ndarray of float64, shape (n_units, n_contrasts)
        Degrees of freedom of Student's t distribution for each.
    """

    estimate: Floats
    variance: Floats
    df: Floats


def fit_segmented(
    y: Floats, design: SegmentedDesign, *, method: Method = "reml", lag: int | None = None
) -> SegmentedFit:
    """Fit one design to many series, holes and all.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Series; NaN is a hole, which keeps its place in time.
    design : SegmentedDesign
        Design with a row for each period.
    method : {"reml", "ml", "ols", "newey-west", "prais-winsten"}
        How to fit; the intervals of all but the first are too narrow in short autocorrelated series.
    lag : int or None
        Longest lag of Newey and West, in periods; needed by that method alone.

    Returns
    -------
    SegmentedFit
        Fits in the order of the series.

    Raises
    ------
    ValueError
        If the method is not known, ``lag`` is missing or for nothing, or some series cannot be fitted: all
        missing, too few periods, columns that cannot be told apart, no residual. The message names the
        series by number.

    Notes
    -----
    Series with the same holes share one design and are fitted together, so that 10,000 series without holes
    cost about a second.

    Examples
    --------
    >>> from lean_impact.kernels.segmented import Interruption, segmented_design
    >>> rng = np.random.default_rng(1)
    >>> y = rng.normal(size=(48, 2)); y[24:] += 3; y[5, 1] = np.nan
    >>> fit = fit_segmented(y, segmented_design(np.arange(48), interruptions=[Interruption(at=24)]))
    >>> fit.coefficients[:, 2].round(1).tolist(), fit.residual_df.tolist()
    ([3.3, 3.2], [44.0, 43.0])
    """
    if y.ndim != 2 or len(y) != len(design.time):  # noqa: PLR2004 - a table
        raise ValueError("the series must be a table with one row for each period of the design")
    if y.shape[1] == 0:
        raise ValueError("there is no series to fit")
    if (method == "newey-west") != (lag is not None):
        raise ValueError("the method of Newey and West needs a lag, and the others take none")
    patterns, place = np.unique(~np.isnan(y), axis=1, return_inverse=True)
    place = place.ravel()
    groups = [np.flatnonzero(place == number) for number in range(patterns.shape[1])]
    fits = [
        _fit_group(y, design, units, seen, method=method, lag=lag)
        for units, seen in zip(groups, patterns.T, strict=True)
    ]
    return _gather(fits, groups, n_units=y.shape[1])


def _fit_group(
    y: Floats, design: SegmentedDesign, units: NDArray[np.int64], seen: Flags, *, method: str, lag: int | None
) -> SegmentedFit:
    """Fit the series that share their holes; residuals come back on the whole calendar."""
    x, time, part = design.matrix[seen], design.time[seen], y[np.ix_(seen, units)]
    try:
        require_estimable(x, design.names)
        fit = _fit_whole(part, x, time, method=method, lag=lag, n_seasonal=int(design.seasonal.sum()))
    except ValueError as error:
        listed = ", ".join(str(one) for one in units[:10]) + (", ..." if len(units) > 10 else "")  # noqa: PLR2004
        raise ValueError(f"series {listed}: {error}") from error
    residuals = np.full((len(y), len(units)), np.nan)
    residuals[seen] = fit.residuals
    values = {field.name: getattr(fit, field.name) for field in fields(fit)}
    return SegmentedFit(**values | {"residuals": residuals})


def _fit_whole(
    y: Floats, x: Floats, time: NDArray[np.int64], *, method: str, lag: int | None, n_seasonal: int
) -> SegmentedFit:
    """Choose the method."""
    if method == "ols":
        return fit_ols(y, x)
    if method == "newey-west" and lag is not None:
        return fit_newey_west(y, x, time=time, lag=lag)
    if method == "prais-winsten":
        return fit_prais_winsten(y, x, time=time)
    if method in ("reml", "ml"):
        return fit_ar1(y, x, time=time, restricted=method == "reml", n_seasonal=n_seasonal)
    raise ValueError(f"unknown method {method!r}")


def _gather(fits: list[SegmentedFit], groups: list[NDArray[np.int64]], *, n_units: int) -> SegmentedFit:
    """Put the fits of the groups back in the order of the series."""
    if len(fits) == 1:
        return fits[0]
    order = np.argsort(np.concatenate(groups))
    if len(order) != n_units:
        raise ValueError("groups must hold every series once")
    values = {
        field.name: np.concatenate(
            [np.moveaxis(getattr(fit, field.name), -1, 0) for fit in fits]
            if field.name == "residuals"
            else [getattr(fit, field.name) for fit in fits]
        )[order]
        for field in fields(fits[0])
    }
    return SegmentedFit(**values | {"residuals": values["residuals"].T})


def linear_contrasts(fit: SegmentedFit, vectors: Floats) -> Contrasts:
    r"""Estimate linear functions of the coefficients, with variance and degrees of freedom.

    Parameters
    ----------
    fit : SegmentedFit
        Fits.
    vectors : ndarray of float64, shape (n_contrasts, n_columns)
        One function a row. The effect in a period is the design's row less the same row without impact; the
        mean effect over a horizon is the mean of such rows, the cumulated effect their sum.

    Returns
    -------
    Contrasts
        Estimates and variances for each series and function.

    Notes
    -----
    For :math:`c'\beta` with variance :math:`V` that follows the estimated error variance and autocorrelation,
    Satterthwaite's degrees of freedom are :math:`2 V^2/\mathrm{var}(V)`, with
    :math:`\mathrm{var}(V)/V^2 = 2/(n - k) + (\partial \log V/\partial\phi)^2 \mathrm{var}(\phi)` along the
    ridge of the likelihood. The smaller of these and of the number that the autocorrelation leaves
    (``reduced_df``) is taken: the first is short for small, the second for large autocorrelation, and together
    they keep 95 % intervals of level and slope at a coverage of 93.4 % or more for 24 to 120 periods and
    autocorrelations up to 0.6 (3,000 simulated series a cell, in every model tried); at 0.8 and 24 periods it may
    fall to 92.8 %.

    References
    ----------
    Satterthwaite (1946), Biometrics Bulletin 2, 110-114.
    Kenward and Roger (1997), Biometrics 53, 983-997.

    Examples
    --------
    >>> fit = fit_ols(np.array([[1.0], [3.0], [5.0], [8.0]]), np.ones((4, 1)))
    >>> doubled = linear_contrasts(fit, np.array([[2.0]]))
    >>> float(doubled.estimate[0, 0].round(9)), float(doubled.df[0, 0])
    (8.5, 3.0)
    """
    vectors = np.atleast_2d(np.asarray(vectors, dtype=float))
    variance = _quadratic(fit.covariance, vectors)
    slope = _quadratic(fit.covariance_slope, vectors)
    bend = np.divide(slope, variance, out=np.zeros_like(slope), where=variance > 0)
    noise = 2 / fit.residual_df[:, None] + bend**2 * fit.phi_variance[:, None]
    df = np.clip(np.minimum(2 / noise, fit.df[:, None]), 1.0, None)
    return Contrasts(fit.coefficients @ vectors.T, variance, df)


def relative_contrasts(fit: SegmentedFit, vectors: Floats, *, base: Floats) -> Contrasts:
    r"""Estimate effects as a share of what would have been without them.

    Parameters
    ----------
    fit : SegmentedFit
        Fits.
    vectors : ndarray of float64, shape (n_contrasts, n_columns)
        Effects, one a row.
    base : ndarray of float64, shape (n_contrasts, n_columns)
        The level without the programme that each effect is compared with.

    Returns
    -------
    Contrasts
        Ratios, 0.1 being a tenth more; NaN where the base is 0.

    Notes
    -----
    Delta method: for :math:`r = c'\beta / b'\beta` the gradient is :math:`(c - r b)/b'\beta`. Degrees of
    freedom are those of the effect.

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    >>> fit = fit_ols(np.array([[9.0], [11.0], [14.0], [16.0]]), x)
    >>> share = relative_contrasts(fit, np.array([[0.0, 1.0]]), base=np.array([[1.0, 0.0]]))
    >>> float(share.estimate[0, 0].round(9)), float(share.variance[0, 0].round(9))
    (0.5, 0.0325)
    """
    effect = linear_contrasts(fit, vectors)
    level = fit.coefficients @ np.atleast_2d(base).T
    level = np.where(level == 0, np.nan, level)
    ratio = effect.estimate / level
    gradient = (np.atleast_2d(vectors) - ratio[..., None] * np.atleast_2d(base)) / level[..., None]
    variance = np.einsum("uck,ukl,ucl->uc", gradient, fit.covariance, gradient, optimize=True)
    return Contrasts(ratio, variance, effect.df)


def _quadratic(matrices: Floats, vectors: Floats) -> Floats:
    """Return ``c' M c`` for each matrix and vector, shape (n_units, n_contrasts)."""
    return np.asarray(np.sum((vectors @ matrices) * vectors, axis=-1))
