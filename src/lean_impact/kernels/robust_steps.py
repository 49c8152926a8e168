"""Pull in figures that no step explains, so that one wild month neither makes nor hides a change."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["winsorise"]

Floats = NDArray[np.float64]

_FROM_MAD: Final = 1.4826  # makes the median absolute deviation a standard deviation for normal noise


def winsorise(
    values: Floats, *, design: Floats, bounds: tuple[int, int], limit: float = 2.5, rounds: int = 2
) -> Floats:
    """Pull each figure to within a few robust standard deviations of the best step.

    Parameters
    ----------
    values : ndarray, shape (n_series, n_observed)
        Figures; not changed.
    design : ndarray, shape (n_observed, n_columns)
        What is in the model with or without a step.
    bounds : tuple of int
        First candidate of a step, and the first that is none any more.
    limit : float, default 2.5
        Robust standard deviations from the fit that a figure may keep.
    rounds : int, default 2
        How often the fit is renewed.

    Returns
    -------
    ndarray, shape (n_series, n_observed)
        Figures, those far away moved to the limit.

    Notes
    -----
    The fit is least squares on the design and the best single step; the robust standard deviation is 1.4826
    times the median distance from its residuals' median. Stable series that a table is made from must go
    through the same.

    Examples
    --------
    >>> values = np.array([[0.0, 1.0, -1.0, 0.5, 50.0, -0.5, 0.0, 1.0, -1.0, 0.2]])
    >>> bool(winsorise(values, design=np.ones((10, 1)), bounds=(3, 8)).max() < 25)
    True
    """
    pulled = values
    for _ in range(rounds):
        fit = _best_step_fit(pulled, design, bounds)
        rest = values - fit
        middle = np.median(rest, axis=1, keepdims=True)
        spread = _FROM_MAD * np.median(np.abs(rest - middle), axis=1, keepdims=True)
        bound = np.where(spread > 0, limit * spread, np.inf)
        pulled = fit + np.clip(rest, middle - bound, middle + bound)
    return pulled


def _best_step_fit(values: Floats, design: Floats, bounds: tuple[int, int]) -> Floats:
    """Fit the design and the step that explains most, by least squares."""
    basis = np.linalg.qr(design)[0]
    rest = values - (values @ basis) @ basis.T
    steps = (np.arange(len(design))[:, None] >= np.arange(*bounds)[None, :]).astype("float64")
    steps -= basis @ (basis.T @ steps)
    norms = np.sqrt((steps**2).sum(axis=0))
    steps = np.divide(steps, norms, out=np.zeros_like(steps), where=norms > 1e-6)  # noqa: PLR2004
    gains = rest @ steps
    best = np.abs(gains).argmax(axis=1)
    explained = gains[np.arange(len(values)), best][:, None] * steps[:, best].T
    fit: Floats = values - rest + explained
    return fit
