"""Least squares with a level for each segment and one season for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lean_impact.changepoints._calibration import Layout
from lean_impact.kernels.autoregression import ar1_covariance

__all__ = ["StepModel", "fit_steps"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepModel:
    """A fitted step model.

    Attributes
    ----------
    levels : ndarray, shape (n_segments,)
        Level of each segment, the season averaging 0 over the year.
    season : ndarray, shape (n_seasons,)
        Deviation of each season, by its number; a single 0 without seasons.
    residuals : ndarray, shape (n_observed,)
        What is left over.
    design : ndarray, shape (n_observed, n_coefficients)
        Segment dummies, then season contrasts.
    inverse : ndarray, shape (n_coefficients, n_observed)
        Pseudo-inverse of the design.
    """

    levels: Floats
    season: Floats
    residuals: Floats
    design: Floats
    inverse: Floats

    def step_variances(self, layout: Layout, phi: Floats) -> Floats:
        r"""Return the variance of each step when the noise is AR(1), averaged over autocorrelations.

        Parameters
        ----------
        layout : Layout
            Positions on the calendar.
        phi : ndarray, shape (n_phi,)
            Autocorrelations that are compatible with the series.

        Returns
        -------
        ndarray, shape (n_segments - 1,)
            In the squared unit of the measure.

        Notes
        -----
        A step is a contrast :math:`w^T y`; its variance is :math:`w^T \Gamma w` with
        :math:`\Gamma_{ij} = \sigma^2 \phi^{|i-j|}`, and :math:`\sigma^2` is the residual sum of squares
        divided by its expectation :math:`\mathrm{tr}((I - H) R)`, where :math:`H` is the hat matrix.
        """
        n_steps = len(self.levels) - 1
        contrasts = self.inverse[1 : n_steps + 1] - self.inverse[:n_steps]
        hat = self.design @ self.inverse
        squares = float(self.residuals @ self.residuals)
        total = np.zeros(n_steps)
        for value in phi:
            correlation = ar1_covariance(float(value), positions=np.array(layout.positions))
            degrees = float(np.trace(correlation) - np.einsum("ij,ji->", hat, correlation))
            total += squares / degrees * np.einsum("ki,ij,kj->k", contrasts, correlation, contrasts)
        return total / len(phi)


def fit_steps(values: Floats, layout: Layout, breaks: tuple[int, ...]) -> StepModel:
    """Fit a level for each segment and one season for all.

    Parameters
    ----------
    values : ndarray, shape (n_observed,)
        Figures at the observed periods.
    layout : Layout
        Their seasons.
    breaks : tuple of int
        Index of the first observed period of each segment but the first.

    Returns
    -------
    StepModel
        The fit.
    """
    n = len(values)
    segment = np.searchsorted(np.array(breaks, dtype=np.int64), np.arange(n), side="right")
    seasons = np.array(layout.seasons)
    present = np.unique(seasons)
    # Contrasts against the last season: the season then sums to 0, and the levels are yearly means.
    contrast = (seasons[:, None] == present[None, :-1]).astype("float64") - (seasons == present[-1])[:, None]
    design = np.column_stack([segment[:, None] == np.arange(len(breaks) + 1)[None, :], contrast])
    inverse = np.linalg.pinv(design)
    coefficients = inverse @ values
    n_segments = len(breaks) + 1
    effects = coefficients[n_segments:]
    season = np.zeros(int(present[-1]) + 1)
    season[present] = np.append(effects, -effects.sum())
    return StepModel(
        levels=coefficients[:n_segments],
        season=season,
        residuals=values - design @ coefficients,
        design=design,
        inverse=inverse,
    )
