r"""Moment inequalities of relative-magnitude restrictions, reduced to their few extreme combinations.

Write :math:`u_t = \delta_t - \delta_{t-1}` for the steps of the violation of parallel trends. The restriction
with the largest pre-period step at *s* and of a given sign says :math:`|u_t| \le \bar M w` after the start,
with :math:`w = \pm u_s`. The parameter :math:`\theta = l'\tau` leaves the other directions of the post-period
steps free. A test of :math:`\theta` needs the maximum of a linear function over the non-negative
combinations of the inequalities in which the free directions cancel. This set is a polytope whose corners can
be written down, so that no linear program has to be solved:

* all inequalities that bound :math:`\theta` from above (or from below), weighted by
  :math:`|c_t| = |\sum_{j \ge t} l_j|`;
* for each post period the two opposite inequalities, which together say :math:`w \ge 0`. These are
  multiples of one another, so only the smallest and the largest matter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["PLANE", "Corners", "EventStudy", "corners", "event_study"]

PLANE = 2
"""With several post periods all combinations depend on two normals: the estimate and the largest step."""

_SMALLEST_EIGENVALUE = 1e-12


class EventStudy(NamedTuple):
    """Event-study coefficients as steps from period to period.

    Attributes
    ----------
    steps : ndarray of float64, shape (n_pre + n_post,)
        First differences of the coefficients, the reference period being 0.
    covariance : ndarray of float64, shape (n_pre + n_post, n_pre + n_post)
        Of the steps.
    contrast : ndarray of float64, shape (n_post,)
        Weights of the post-period steps in the parameter.
    n_pre : int
        Coefficients before the reference period, which is also the number of pre-period steps.
    """

    steps: np.ndarray
    covariance: np.ndarray
    contrast: np.ndarray
    n_pre: int


class Corners(NamedTuple):
    """Extreme combinations of the inequalities, for every position and sign of the largest pre-period step.

    Attributes
    ----------
    values : ndarray of float64, shape (n_cases, n_corners)
        Observed value of each combination at a parameter of 0.
    slopes : ndarray of float64, shape (n_cases, n_corners)
        How much a unit of the parameter takes off each value.
    loadings : ndarray of float64, shape (n_cases, n_corners, n_normals)
        Each combination as a function of independent standard normals, so that its covariance is
        ``loadings @ loadings.T``.
    """

    values: np.ndarray
    slopes: np.ndarray
    loadings: np.ndarray


def event_study(
    coefficients: np.ndarray, covariance: np.ndarray, *, n_pre: int, weights: np.ndarray
) -> EventStudy:
    """Check event-study coefficients and turn them into steps.

    Parameters
    ----------
    coefficients : ndarray of float64, shape (n_pre + n_post,)
        In the order of time, the reference period left out; it stands right before the first post period.
    covariance : ndarray of float64, shape (n_pre + n_post, n_pre + n_post)
        Of the coefficients; positive definite.
    n_pre : int
        How many coefficients lie before the reference period.
    weights : ndarray of float64, shape (n_post,)
        The parameter is this combination of the effects after the start.

    Returns
    -------
    EventStudy

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, all weights are 0 or the covariance is singular.

    Examples
    --------
    >>> study = event_study(np.array([1.0, 5.0, 7.0]), np.eye(3), n_pre=1, weights=np.array([0.0, 1.0]))
    >>> study.steps.tolist(), study.contrast.tolist()
    ([-1.0, 5.0, 2.0], [1.0, 1.0])
    """
    beta, sigma, l_vec = (np.asarray(item, dtype=float) for item in (coefficients, covariance, weights))
    _check(beta, sigma, l_vec, n_pre)
    n = len(beta)
    levels = np.insert(np.eye(n), n_pre, 0.0, axis=0)
    differences = np.diff(levels, axis=0)
    contrast = np.cumsum(l_vec[::-1])[::-1]
    return EventStudy(differences @ beta, differences @ sigma @ differences.T, contrast, n_pre)


def _check(beta: np.ndarray, sigma: np.ndarray, weights: np.ndarray, n_pre: int) -> None:
    n = len(beta)
    if n_pre < 1 or n - n_pre < 1 or weights.shape != (n - n_pre,) or sigma.shape != (n, n):
        raise ValueError(
            f"{n} coefficients with {n_pre} before the reference period need at least one on either side, "
            f"{n - n_pre} weights and a covariance of {n} by {n}; "
            f"there are {weights.size} weights and the covariance has shape {sigma.shape}"
        )
    if not all(np.isfinite(item).all() for item in (beta, sigma, weights)):
        raise ValueError("coefficients, covariance and weights have to be finite")
    if not weights.any():
        raise ValueError("the parameter has no weight on any period")
    if not np.allclose(sigma, sigma.T, rtol=1e-8, atol=0.0):
        raise ValueError("the covariance is not symmetric")
    scale = np.sqrt(np.diag(sigma).clip(min=0.0))
    if not (scale > 0).all() or np.linalg.eigvalsh(sigma / np.outer(scale, scale))[0] < _SMALLEST_EIGENVALUE:
        raise ValueError(
            "the covariance of the event study is singular: sensitivity needs more independent units "
            "(or fewer periods) than this"
        )


def corners(study: EventStudy, m_bar: float) -> Corners:
    """List the extreme combinations of the inequalities at one relative magnitude.

    Parameters
    ----------
    study : EventStudy
        The coefficients as steps.
    m_bar : float
        Largest post-period step as a multiple of the largest pre-period step; not negative.

    Returns
    -------
    Corners
        Cases are ordered by sign (positive first), then by position of the largest step.

    Notes
    -----
    As in the published program, the inequalities among pre-period steps are used only if there is a single
    post period.

    Examples
    --------
    >>> study = event_study(np.array([1.0, 5.0, 7.0]), np.eye(3), n_pre=1, weights=np.array([0.0, 1.0]))
    >>> corners(study, 1.0).values.shape
    (2, 4)
    """
    if not (np.isfinite(m_bar) and m_bar >= 0):
        raise ValueError(f"a relative magnitude is a number from 0 up, not {m_bar}")
    bounds = _bounds(study, m_bar)
    if len(study.contrast) == 1:
        pre = _pre_rows(study)
        return Corners(*(np.concatenate(pair, axis=1) for pair in zip(bounds, pre, strict=True)))
    return bounds


def _largest_steps(study: EventStudy) -> np.ndarray:
    """Return one row for each case that picks the signed largest pre-period step."""
    picks = np.eye(len(study.steps))[: study.n_pre]
    return np.concatenate([picks, -picks])


def _bounds(study: EventStudy, m_bar: float) -> Corners:
    """Combine the inequalities after the start; everything depends on the estimate and one step."""
    n_pre, size = study.n_pre, np.abs(study.contrast)
    estimate = np.concatenate([np.zeros(n_pre), study.contrast])
    rows = np.stack(np.broadcast_arrays(estimate, _largest_steps(study)), axis=1)
    above, below = _row_errors(study, m_bar)
    positive = study.contrast >= 0
    up = 1.0 / (np.where(positive, above, below) @ size)
    down = 1.0 / (np.where(positive, below, above) @ size)
    both = 2.0 * m_bar / (above + below)
    allowance = m_bar * size.sum()
    zero = np.zeros_like(up)
    functionals = np.stack(
        [
            np.stack([up, -allowance * up], axis=-1),
            np.stack([-down, -allowance * down], axis=-1),
            np.stack([zero, -both.max(axis=1)], axis=-1),
            np.stack([zero, -both.min(axis=1)], axis=-1),
        ],
        axis=1,
    )
    slopes = np.stack([up, -down, zero, zero], axis=1)
    values = np.einsum("kvd,kd->kv", functionals, rows @ study.steps)
    return Corners(values, slopes, functionals @ _factor(study, rows))


def _factor(study: EventStudy, rows: np.ndarray) -> np.ndarray:
    """Express the estimate and the largest step by independent normals; by all where all steps come in."""
    if len(study.contrast) == 1:
        return np.asarray(rows @ np.linalg.cholesky(study.covariance))
    return np.linalg.cholesky(rows @ study.covariance @ np.swapaxes(rows, 1, 2))


def _row_errors(study: EventStudy, m_bar: float) -> tuple[np.ndarray, np.ndarray]:
    """Return standard errors of u_t - M w and of -u_t - M w, cases by post periods."""
    largest = _largest_steps(study)
    post = np.diag(study.covariance)[study.n_pre :]
    spread = m_bar**2 * np.einsum("ki,ij,kj->k", largest, study.covariance, largest)[:, None]
    cross = 2.0 * m_bar * (largest @ study.covariance)[:, study.n_pre :]
    return np.sqrt(post + spread - cross), np.sqrt(post + spread + cross)


def _pre_rows(study: EventStudy) -> Corners:
    """List the inequalities among pre-period steps, each over its standard error."""
    n, n_pre = len(study.steps), study.n_pre
    steps = np.eye(n)[:n_pre]
    rows = np.concatenate([steps, -steps])[None] - _largest_steps(study)[:, None]
    # One inequality compares the largest step with itself; it says nothing and is dropped.
    kept = np.abs(rows).sum(axis=2) > 0
    rows = rows[kept].reshape(len(rows), 2 * n_pre - 1, n)
    errors = np.sqrt(np.einsum("kvi,ij,kvj->kv", rows, study.covariance, rows))
    scaled = rows / errors[..., None]
    return Corners(
        scaled @ study.steps, np.zeros(errors.shape), scaled @ np.linalg.cholesky(study.covariance)
    )
