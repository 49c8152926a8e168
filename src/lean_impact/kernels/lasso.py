"""The path of a lasso: a quadratic whose entries are charged for their absolute size."""

from __future__ import annotations

import numpy as np

__all__ = ["lasso_path"]


def lasso_path(quadratic: np.ndarray, linear: np.ndarray) -> np.ndarray:
    r"""Follow the minimum of a quadratic with a growing allowance of absolute values.

    Parameters
    ----------
    quadratic : ndarray of float64, shape (n, n)
        Positive definite Q.
    linear : ndarray of float64, shape (n,)
        q.

    Returns
    -------
    ndarray of float64, shape (n_knots, n)
        Minima of :math:`x'Qx/2 + q'x + \lambda \sum|x|` where the path bends, from 0 (large
        :math:`\lambda`) to the minimum without penalty; it is straight in between.

    Notes
    -----
    The homotopy of Osborne, Presnell and Turlach: between bends the entries that are not 0 move linearly in
    :math:`\lambda`. An entry joins when its gradient reaches :math:`\lambda`, and leaves when it reaches 0.

    References
    ----------
    Osborne MR, Presnell B, Turlach BA (2000), IMA Journal of Numerical Analysis 20:389-403.

    Examples
    --------
    >>> lasso_path(np.eye(2), np.array([-3.0, 1.0])).tolist()
    [[0.0, 0.0], [2.0, 0.0], [3.0, -1.0]]
    """
    n = len(linear)
    x = np.zeros(n)
    penalty = float(np.abs(linear).max(initial=0.0))
    active, knots = np.zeros(n, dtype=bool), [x]
    left = -1
    while penalty > 0:
        gradient = quadratic @ x + linear
        if left < 0:
            outside = np.where(active, -np.inf, np.abs(gradient))
            active[int(outside.argmax())] = True
        signs = -np.sign(gradient) * active
        penalty, x, left = _next_bend(quadratic, linear, active, signs, penalty, left)
        if left >= 0:
            active[left] = False
        knots.append(x)
        if len(knots) > 50 * n + 50:
            raise ValueError("the path of best compromises between bias and variance did not end")
    return np.array(knots)


def _next_bend(
    quadratic: np.ndarray,
    linear: np.ndarray,
    active: np.ndarray,
    signs: np.ndarray,
    penalty: float,
    left: int,
) -> tuple[float, np.ndarray, int]:
    """Go down to the next penalty where an entry joins or leaves; return it, the minimum, and who left."""
    inner = quadratic[np.ix_(active, active)]
    base, slope = np.zeros(len(linear)), np.zeros(len(linear))
    base[active] = -np.linalg.solve(inner, linear[active])
    slope[active] = -np.linalg.solve(inner, signs[active])
    fixed, moving = linear + quadratic @ base, quadratic @ slope
    edge = penalty * (1 - 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        joins = np.stack([fixed / (1 - moving), -fixed / (1 + moving)])
        leaves = -base / slope
    joins = np.where(~active & (joins > 0) & (joins < edge), joins, 0.0)
    if left >= 0:
        # Who has just left has a gradient equal to the penalty here; it may only come back on the other side.
        joins[:, left] = np.where(joins[:, left] < penalty * (1 - 1e-9), joins[:, left], 0.0)
    leaves = np.where(active & (leaves > 0) & (leaves < edge), leaves, 0.0)
    target = max(float(joins.max(initial=0.0)), float(leaves.max(initial=0.0)))
    x = base + slope * target
    gone = int(leaves.argmax()) if leaves.max(initial=0.0) >= target > 0 else -1
    if gone >= 0:
        x[gone] = 0.0
    return target, x, gone
