"""Whiten first-order autoregressive noise that is seen only at some periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Whitener", "orthonormal", "remove", "whitener"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whitener:
    """Turns AR(1) noise of variance 1 into independent noise of variance 1.

    Attributes
    ----------
    memory : ndarray, shape (..., n_observed - 1)
        Share of the figure before that is subtracted, ``phi ** gap``.
    deviation : ndarray, shape (..., n_observed)
        Standard deviation of what is new in each figure; 1 at the first.
    log_det : ndarray, shape (...)
        Log determinant of the correlation matrix.
    """

    memory: Floats
    deviation: Floats
    log_det: Floats

    def apply(self, series: Floats) -> Floats:
        """Whiten along the last axis.

        Parameters
        ----------
        series : ndarray, shape (..., n_observed)
            Anything seen at the observed periods.

        Returns
        -------
        ndarray of the same shape
            The whitened series.
        """
        white = series / self.deviation
        white[..., 1:] -= (self.memory / self.deviation[..., 1:]) * series[..., :-1]
        return white

    def back(self, columns: Floats) -> Floats:
        """Apply the transpose to columns, shape (n_observed, n_columns): ``back(B)`` for the products ``white @ B``.

        Parameters
        ----------
        columns : ndarray, shape (n_observed, n_columns)
            What whitened series are to be multiplied with; one calendar.

        Returns
        -------
        ndarray of the same shape
            What the series themselves are multiplied with to give the same.
        """
        weights = 1.0 / self.deviation[:, None]
        turned: Floats = columns * weights
        turned[:-1] -= self.memory[:, None] * weights[1:] * columns[1:]
        return turned

    def apply_columns(self, columns: Floats) -> Floats:
        """Whiten stacks of columns, shape (n_stacks, n_columns, n_observed), one calendar a stack or for all."""
        if self.memory.ndim == 1:
            return self.apply(columns)
        inner = Whitener(memory=self.memory[:, None], deviation=self.deviation[:, None], log_det=self.log_det)
        return inner.apply(columns)


def whitener(phi: float | Floats, positions: NDArray[np.int64]) -> Whitener:
    r"""Prepare whitening at one autocorrelation.

    Parameters
    ----------
    phi : float or ndarray, shape (..., 1)
        Lag-1 autocorrelation, between -1 and 1, both excluded; one for all, or one for each calendar.
    positions : ndarray of int, shape (..., n_observed)
        Places of the observed periods on the calendar, increasing; one calendar, or one for each series.

    Returns
    -------
    Whitener
        Exact whatever the gaps.

    Notes
    -----
    Given the figure before, :math:`g` periods earlier, a figure has mean :math:`\phi^g x` and variance
    :math:`1 - \phi^{2g}`.

    Examples
    --------
    >>> whitener(0.5, np.array([0, 1, 3])).memory
    array([0.5 , 0.25])
    """
    memory = np.power(phi, np.diff(positions))
    deviation = np.ones(positions.shape)
    deviation[..., 1:] = np.sqrt(1.0 - memory**2)
    return Whitener(memory=memory, deviation=deviation, log_det=2.0 * np.log(deviation).sum(axis=-1))


def orthonormal(columns: Floats) -> tuple[Floats, Floats]:
    """Find an orthonormal basis of each stack of columns, and the log determinant of their Gram matrix.

    Parameters
    ----------
    columns : ndarray, shape (n_stacks, n_columns, n_observed)
        Linearly independent columns.

    Returns
    -------
    basis : ndarray, shape (n_stacks, n_observed, n_columns)
        Orthonormal columns.
    log_det : ndarray, shape (n_stacks,)
        Log determinant.

    Examples
    --------
    >>> basis, log_det = orthonormal(np.full((1, 1, 4), 3.0))
    >>> float(abs(basis[0, 0, 0])), float(log_det[0].round(4))
    (0.5, 3.5835)
    """
    basis, triangle = np.linalg.qr(np.swapaxes(columns, 1, 2))
    diagonal = np.abs(np.diagonal(triangle, axis1=1, axis2=2))
    return basis, 2.0 * np.log(diagonal).sum(axis=1)


def remove(series: Floats, basis: Floats) -> Floats:
    """Subtract the projection on a basis: one shared by all series, or one for each.

    Parameters
    ----------
    series : ndarray, shape (n_series, n_observed)
        Whitened series.
    basis : ndarray, shape (1 or n_series, n_observed, n_columns)
        Orthonormal columns.

    Returns
    -------
    ndarray, shape (n_series, n_observed)
        What the basis leaves over.

    Examples
    --------
    >>> remove(np.array([[1.0, 3.0]]), np.full((1, 2, 1), np.sqrt(0.5))).round(12)
    array([[-1.,  1.]])
    """
    if len(basis) == 1:
        rest: Floats = series - (series @ basis[0]) @ basis[0].T
        return rest
    weights = np.einsum("sn,snp->sp", series, basis)
    left: Floats = series - np.einsum("sp,snp->sn", weights, basis)
    return left
