"""Several questions at once: p-values that allow for how many were asked."""

from __future__ import annotations

import numpy as np

__all__ = ["holm"]


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values for asking several questions, by Holm's step-down rule.

    Parameters
    ----------
    p_values : ndarray of float64, shape (n_questions,)
        One p-value for each question, from 0 to 1.

    Returns
    -------
    ndarray of float64, shape (n_questions,)
        Adjusted p-values in the same order: rejecting those at or below a level keeps the probability of any
        false rejection at or below that level, however the questions depend on each other.

    Notes
    -----
    The k-th smallest of m p-values becomes the largest of ``(m - j + 1) p_(j)`` over j up to k, at most 1 [1]_.

    References
    ----------
    .. [1] Holm S (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
       Statistics 6, 65-70.

    Examples
    --------
    >>> [round(float(p), 3) for p in holm(np.array([0.01, 0.04, 0.03]))]
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    stepped = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    adjusted = np.empty_like(stepped)
    adjusted[order] = stepped
    return adjusted
