"""Share out ranks over repeated values."""

from __future__ import annotations

import numpy as np

__all__ = ["rank_shares"]


def rank_shares(values: np.ndarray, *, tolerance: float = 1e-9) -> np.ndarray:
    """Compute how often each unit takes each rank, the highest value first.

    Parameters
    ----------
    values : ndarray of float64, shape (n_draws, n_units)
        One value for each unit in each draw.
    tolerance : float, default 1e-9
        Values closer than this are tied.

    Returns
    -------
    ndarray of float64, shape (n_units, n_units)
        Row by unit, column by rank, from the first; rows and columns sum to 1. Units that are tied share the
        ranks that they occupy between them.

    Examples
    --------
    >>> rank_shares(np.array([[3.0, 1.0, 1.0]])).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.5, 0.5]]
    """
    gaps = values[:, None, :] - values[:, :, None]
    above = (gaps > tolerance).sum(axis=2)[..., None]
    alike = (np.abs(gaps) <= tolerance).sum(axis=2)[..., None]
    ranks = np.arange(values.shape[1])
    held = (ranks >= above) & (ranks < above + alike)
    return np.asarray((held / alike).mean(axis=0))
