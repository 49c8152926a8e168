"""Variances of two-way regressions clustered by unit: CR1, and CR2 with Satterthwaite degrees of freedom."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lean_impact.kernels.two_way import TwoWayFit

__all__ = ["BiasReduced", "bias_reduced", "cluster_covariance", "small_sample_factor"]

_NULL = 1e-9
_ALONE = 1e-6
_CHUNK = 128


class BiasReduced(NamedTuple):
    """CR2 covariance, and the degrees of freedom of each contrast.

    Attributes
    ----------
    covariance : ndarray of float64, shape (n_regressors, n_regressors)
        Covariance of the coefficients.
    standard_error : ndarray of float64, shape (n_contrasts,)
        Standard error of each contrast.
    df : ndarray of float64, shape (n_contrasts,)
        Satterthwaite degrees of freedom of each contrast.
    """

    covariance: np.ndarray
    standard_error: np.ndarray
    df: np.ndarray


def small_sample_factor(*, n_units: int, n_cells: int, n_parameters: int) -> float:
    """Return the small-sample factor of the CR1 variance, G / (G - 1) * (n - 1) / (n - K).

    Parameters
    ----------
    n_units, n_cells : int
        Clusters G and cells n.
    n_parameters : int
        Parameters K that count: regressors and period effects, since unit effects are nested in the clusters.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there are fewer than two units, or no more cells than parameters.

    Examples
    --------
    >>> small_sample_factor(n_units=3, n_cells=6, n_parameters=3)
    2.5
    """
    if n_units < 2 or n_cells <= n_parameters:  # noqa: PLR2004
        raise ValueError(
            f"{n_units} units and {n_cells} cells are too few for {n_parameters} parameters and a variance"
        )
    return n_units / (n_units - 1) * (n_cells - 1) / (n_cells - n_parameters)


def cluster_covariance(fit: TwoWayFit, *, n_parameters: int | None = None) -> np.ndarray:
    r"""Compute the CR1 covariance with units as clusters.

    Parameters
    ----------
    fit : TwoWayFit
        The regression.
    n_parameters : int, optional
        Parameters to count in :func:`small_sample_factor`; the regressors and period effects if not given.

    Returns
    -------
    ndarray of float64, shape (n_regressors, n_regressors)

    Notes
    -----
    :math:`c B \sum_j s_j s_j' B` with scores :math:`s_j = \sum_t w x e`. With few treated units it is too
    small, and normal or t(G - 1) intervals reject far too often; prefer :func:`bias_reduced`.

    References
    ----------
    Liang KY, Zeger SL (1986), Biometrika 73:13-22. Cameron AC, Miller DL (2015), Journal of Human Resources
    50:317-372.

    Examples
    --------
    >>> from lean_impact.kernels.two_way import static_effect
    >>> fit = static_effect(np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0]]), np.array([2, 2, 1]))
    >>> cluster_covariance(fit).round(9).tolist()
    [[0.3125]]
    """
    influence = fit.bread @ fit.scores
    periods, units = fit.effects.n_observed
    counted = len(fit.coefficients) + periods if n_parameters is None else n_parameters
    factor = small_sample_factor(n_units=units, n_cells=fit.n_cells, n_parameters=counted)
    return np.asarray(factor * (influence @ influence.T))


def bias_reduced(fit: TwoWayFit, *, contrasts: np.ndarray | None = None) -> BiasReduced:
    r"""Compute the CR2 covariance with units as clusters, and Satterthwaite degrees of freedom.

    Parameters
    ----------
    fit : TwoWayFit
        The regression.
    contrasts : ndarray of float64, shape (n_contrasts, n_regressors), optional
        Combinations of coefficients; each coefficient alone if not given.

    Returns
    -------
    BiasReduced

    Raises
    ------
    ValueError
        If a single unit determines a coefficient, for example the only treated one: its residuals then say
        nothing about its variance.

    Notes
    -----
    Residuals of unit j are multiplied by :math:`(I - H_{jj})^{-1/2}`, with H the hat matrix of the whole
    regression, period effects included; with weights the working variance is inverse to them. Degrees of freedom
    match the first two moments of the variance under that working model. With equal weights, one start and
    no hole the standard error is Welch's for one change a unit. Without holes only small matrices are needed.

    References
    ----------
    Bell RM, McCaffrey DF (2002), Survey Methodology 28:169-181. Pustejovsky JE, Tipton E (2018), Journal of
    Business and Economic Statistics 36:672-683.

    Examples
    --------
    >>> from lean_impact.kernels.two_way import static_effect
    >>> y = np.vstack([np.zeros(5), [1.0, 2.0, 3.0, 7.0, 9.0]])
    >>> result = bias_reduced(static_effect(y, np.array([2, 2, 2, 1, 1])))
    >>> round(float(result.standard_error[0]), 4), round(float(result.df[0]), 4)
    (1.1547, 2.2727)
    """
    root = np.sqrt(fit.effects.weights)
    adjusted = _adjusted(fit, root)
    chosen = np.eye(len(fit.coefficients)) if contrasts is None else np.atleast_2d(contrasts)
    scores = (adjusted * (root * fit.residuals)).sum(axis=1)
    influence = fit.bread @ scores
    covariance = influence @ influence.T
    error = np.sqrt(np.einsum("ck,kl,cl->c", chosen, covariance, chosen))
    df = np.array([_satterthwaite(fit, root, adjusted, row) for row in chosen @ fit.bread])
    return BiasReduced(covariance, error, df)


def _adjusted(fit: TwoWayFit, root: np.ndarray) -> np.ndarray:
    """Multiply each unit's regressors, in units of the working deviation, by its adjustment matrix."""
    if (root == root[0, 0]).all():
        return _adjusted_balanced(fit)
    return _adjusted_general(fit, root)


def _adjusted_balanced(fit: TwoWayFit) -> np.ndarray:
    """Adjust without a hole: (cM - ZZ')^(-1/2) Z = Z (c - Z'Z)^(-1/2), small matrices only."""
    weight = fit.effects.weights[0, 0]
    lower = np.linalg.cholesky(fit.bread)
    turned = np.tensordot(lower.T, fit.regressors, axes=1) * np.sqrt(weight)
    inner = np.einsum("ktj,ltj->jkl", turned, turned, optimize=True)
    room = np.eye(len(lower)) * (1 - 1 / fit.effects.weights.shape[1]) - inner
    values, vectors = np.linalg.eigh(room)
    _refuse_alone(np.flatnonzero(values[:, 0] < _NULL))
    half = np.einsum("jkm,jm,jlm->jkl", vectors, values**-0.5, vectors, optimize=True)
    back = np.linalg.solve(lower.T, half)
    return np.asarray(np.einsum("jkl,ltj->ktj", back, turned, optimize=True))


def _adjusted_general(fit: TwoWayFit, root: np.ndarray) -> np.ndarray:
    """Adjust with holes or weights; units alike in their weights and regressors share one matrix."""
    scaled = np.concatenate([root[None], fit.regressors * root])
    digits = np.round(scaled / np.abs(scaled).max(axis=(1, 2), keepdims=True), 11)
    _, first, which = np.unique(
        digits.reshape(-1, root.shape[1]), axis=1, return_index=True, return_inverse=True
    )
    which = which.reshape(-1)
    # Chunks bound the memory: one block is n_periods x n_periods.
    chunks = [_adjusted_block(fit, scaled[:, :, first[i : i + _CHUNK]]) for i in range(0, len(first), _CHUNK)]
    adjusted, alone = (np.concatenate(part) for part in zip(*chunks, strict=True))
    _refuse_alone(np.flatnonzero(alone[which]))
    return np.moveaxis(adjusted[which], 0, 2)


def _adjusted_block(fit: TwoWayFit, scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Adjust some units; also mark those that determine a coefficient alone."""
    root, mine = scaled[0].T, np.moveaxis(scaled[1:], 2, 0)
    own = root / np.linalg.norm(root, axis=1, keepdims=True).clip(min=np.finfo(float).tiny)
    within = (root > 0)[:, :, None] * np.eye(root.shape[1]) - own[:, :, None] * own[:, None, :]
    periods = within * root[:, None, :]
    block = within - periods @ fit.effects.inverse @ np.swapaxes(periods, 1, 2)
    block = block - np.swapaxes(mine, 1, 2) @ fit.bread @ mine
    values, vectors = np.linalg.eigh(block)
    kept = values > _NULL
    inverse_root = np.where(kept, np.where(kept, values, 1.0) ** -0.5, 0.0)
    turned = mine @ vectors
    missed = (np.where(kept[:, None, :], 0.0, turned) ** 2).sum(axis=2)
    alone = (missed > _ALONE**2 * np.einsum("kk->k", np.linalg.inv(fit.bread))).any(axis=1)
    return (turned * inverse_root[:, None, :]) @ np.swapaxes(vectors, 1, 2), alone


def _refuse_alone(units: np.ndarray) -> None:
    if len(units):
        raise ValueError(
            f"units {units.tolist()} (counted from 0) each determine a coefficient alone, so that its variance "
            "between units cannot be estimated"
        )


def _satterthwaite(fit: TwoWayFit, root: np.ndarray, adjusted: np.ndarray, row: np.ndarray) -> float:
    """Match two moments of the variance estimate, a quadratic form with one vector a unit."""
    vectors = np.tensordot(row, adjusted, axes=1)
    length = fit.effects.unit_totals
    along = (root * vectors).sum(axis=0)
    share = np.divide(along, length, out=np.zeros_like(along), where=length > 0)
    inside = root * (vectors - root * share)
    slopes = (fit.regressors * (root * vectors)).sum(axis=1)
    own = (vectors**2).sum(axis=0) - along * share
    form = np.diag(own) - inside.T @ fit.effects.inverse @ inside - slopes.T @ fit.bread @ slopes
    return float(np.trace(form) ** 2 / (form**2).sum())
