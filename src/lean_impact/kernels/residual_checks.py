"""Is there autocorrelation left in residuals? Durbin-Watson and Breusch-Godfrey, many series at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

__all__ = ["BreuschGodfrey", "breusch_godfrey", "durbin_watson", "innovations"]

Floats = NDArray[np.float64]


class BreuschGodfrey(NamedTuple):
    """Test of no autocorrelation up to a lag.

    Attributes
    ----------
    statistic : ndarray of float64, shape (n_units,)
        Periods times the share of the residuals' squares that their own past explains.
    p_value : ndarray of float64, shape (n_units,)
        From chi-squared with as many degrees of freedom as lags.
    lags : int
        Longest lag, in periods.
    """

    statistic: Floats
    p_value: Floats
    lags: int


def durbin_watson(residuals: Floats, *, time: NDArray[np.int64]) -> Floats:
    """Compute the Durbin-Watson statistic over neighbouring periods.

    Parameters
    ----------
    residuals : ndarray of float64, shape (n_periods, n_units)
        Residuals without missing values, not all 0.
    time : ndarray of int64, shape (n_periods,)
        Calendar indices, ascending.

    Returns
    -------
    ndarray of float64, shape (n_units,)
        About ``2 (1 - phi)``: 2 without autocorrelation, towards 0 with a positive one.

    Notes
    -----
    ``sum (e_t - e_{t-1})^2 / sum e_t^2``, the sum above being scaled up where the calendar has holes. The
    residuals themselves are less correlated than the errors, so a value near 2 is no proof of independence
    in short series.

    References
    ----------
    Durbin and Watson (1950), Biometrika 37, 409-428.

    Examples
    --------
    >>> durbin_watson(np.array([[1.0], [-1.0], [1.0], [-1.0]]), time=np.arange(4)).tolist()
    [3.0]
    """
    adjacent = np.flatnonzero(np.diff(time) == 1)
    changes = residuals[adjacent + 1] - residuals[adjacent]
    whole = (len(time) - 1) / max(len(adjacent), 1)
    return np.asarray(whole * np.sum(changes**2, axis=0) / np.sum(residuals**2, axis=0))


def breusch_godfrey(
    residuals: Floats, x: Floats, *, time: NDArray[np.int64], lags: int = 12
) -> BreuschGodfrey:
    r"""Test whether residuals follow from their own past.

    Parameters
    ----------
    residuals : ndarray of float64, shape (n_periods, n_units)
        Residuals without missing values, not all 0.
    x : ndarray of float64, shape (n_periods, n_columns) or (n_units, n_periods, n_columns)
        Design that they are residuals of, shared or one for each series.
    time : ndarray of int64, shape (n_periods,)
        Calendar indices, ascending. The past that is not on the calendar counts as 0.
    lags : int
        Longest lag, in periods.

    Returns
    -------
    BreuschGodfrey
        Statistic and p-value of each series.

    Raises
    ------
    ValueError
        If there are no more periods than columns and lags together.

    Notes
    -----
    :math:`n R^2` of the regression of :math:`e_t` on :math:`x_t, e_{t-1}, \dots, e_{t-L}`.

    References
    ----------
    Breusch (1978), Australian Economic Papers 17, 334-355. Godfrey (1978), Econometrica 46, 1293-1301.

    Examples
    --------
    >>> e = np.tile([1.0, -1.0], 20)[:, None]
    >>> bool(breusch_godfrey(e, np.ones((40, 1)), time=np.arange(40), lags=2).p_value[0] < 1e-6)
    True
    """
    n, n_units = residuals.shape
    if n <= x.shape[-1] + lags:
        raise ValueError(f"{n} periods are too few for {x.shape[-1]} columns and {lags} lags")
    past = np.zeros((n_units, n, lags))
    for lag in range(1, lags + 1):
        _, earlier, later = np.intersect1d(time + lag, time, return_indices=True)
        past[:, later, lag - 1] = residuals[earlier].T
    columns = np.concatenate([np.broadcast_to(x, (n_units, n, x.shape[-1])), past], axis=2)
    # Scaled columns and the pseudo-inverse: a lag that says nothing new takes nothing.
    columns = columns / np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), np.finfo(float).tiny)
    crossed = np.swapaxes(columns, 1, 2)
    target = residuals.T[:, :, None]
    along = crossed @ target
    inverse = np.linalg.pinv(crossed @ columns, rcond=1e-12, hermitian=True)
    explained = np.sum(along * (inverse @ along), axis=(1, 2))
    statistic = n * explained / np.sum(residuals**2, axis=0)
    return BreuschGodfrey(statistic, np.asarray(chdtrc(lags, statistic)), lags)


def innovations(values: Floats, phi: Floats, *, time: NDArray[np.int64]) -> Floats:
    r"""Take the autocorrelation out of series, so that AR(1) errors become independent ones.

    Parameters
    ----------
    values : ndarray of float64, shape (n_periods, n_units) or (n_units, n_periods, n_columns)
        Residuals, or a design for each series.
    phi : ndarray of float64, shape (n_units,)
        Lag-1 autocorrelation of each.
    time : ndarray of int64, shape (n_periods,)
        Calendar indices, ascending.

    Returns
    -------
    ndarray of float64, same shape
        :math:`(v_t - \phi^g v_{t-g}) / \sqrt{1 - \phi^{2g}}` for a period *g* after the one before it.

    Examples
    --------
    >>> innovations(np.array([[2.0], [1.0]]), np.array([0.5]), time=np.arange(2)).tolist()
    [[2.0], [0.0]]
    """
    if values.ndim == 2:  # noqa: PLR2004 - a table of series
        return np.asarray(innovations(values.T[:, :, None], phi, time=time)[:, :, 0].T)
    carried = (phi[:, None] ** np.diff(time))[:, :, None]
    out = np.array(values, dtype=float)
    out[:, 1:] = (values[:, 1:] - carried * values[:, :-1]) / np.sqrt(1 - carried**2)
    return out
