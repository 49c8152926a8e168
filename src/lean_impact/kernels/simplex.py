"""Weights that are at least 0 and sum to 1, and fit best: exact, deterministic, independent of the order.

Synthetic control, its augmented form and synthetic difference-in-differences all rest on this one problem.
It is convex, so it is solved to the optimum here; nothing depends on a starting point or a step size.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dposv, dpotrf
from scipy.optimize import nnls

__all__ = [
    "kkt_violation",
    "leave_row_out_weights",
    "ridge_simplex",
    "simplex_from_gram",
    "simplex_weights",
    "unique_simplex",
]

_TIE = 1e-9
"""Reduced gradients, relative to the scale of the problem, below this are 0 up to rounding."""

_ZERO = 1e-12
_ROOM = 1e-14
"""More than rounding moves a weight, less than anybody sees."""
_CLEARLY = 1e-5
"""Pivots of a factor above this share of the largest leave weights that are exact to about 1e-6 at worst."""
_PATIENCE = 3
_ROUNDS = 500
_ROUNDS_TOGETHER = 30
_SMALLEST = np.finfo(float).tiny


def simplex_weights(matrix: np.ndarray, target: np.ndarray) -> np.ndarray:
    r"""Return the weights of least squares on the simplex; of several optima the one of smallest norm.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n_rows, n_donors)
        One column for each donor.
    target : ndarray of float64, shape (n_rows,)
        What the weighted donors have to resemble, in the unit of `matrix`.

    Returns
    -------
    ndarray of float64, shape (n_donors,)
        At least 0, sum 1.

    Raises
    ------
    ValueError
        If there is no donor or a value is missing.

    Notes
    -----
    Minimises :math:`\|Aw - b\|^2` over :math:`w \ge 0, 1'w = 1`. As the weights sum to 1,
    :math:`Aw - b = Dw` with :math:`D = A - b1'`. Non-negative least squares of the rows
    :math:`(D; m1')` on :math:`(0; m)` has a solution proportional to :math:`w` for *every* m > 0, so
    scaling it to sum 1 is exact and m only matters for rounding.

    The optimum is not unique when donors are collinear, or when many donors reproduce the target without
    error. Then the choice of smallest :math:`\|w\|` spreads the weight as evenly as the fit allows: a
    donor entered twice has half its weight twice.

    References
    ----------
    Lawson CL, Hanson RJ (1974), Solving Least Squares Problems, chapter 23 (NNLS and least distance).

    Examples
    --------
    >>> donors = np.array([[0.0, 4.0, 4.0], [0.0, 2.0, 2.0]])
    >>> simplex_weights(donors, np.array([2.0, 1.0])).round(6)
    array([0.5 , 0.25, 0.25])
    """
    differences = _differences(matrix, target)
    scale = float(np.sqrt((differences**2).sum(axis=0).max()))
    if scale == 0.0:
        return np.full(matrix.shape[1], 1.0 / matrix.shape[1])
    differences = differences / scale
    weights = _nearest_point(differences)
    return _smallest_norm(differences, weights)


def ridge_simplex(matrix: np.ndarray, target: np.ndarray, *, ridge: float) -> np.ndarray:
    r"""Return the weights on the simplex that minimise :math:`\|Aw - b\|^2 + \rho\|w\|^2`.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n_rows, n_donors)
        One column for each donor.
    target : ndarray of float64, shape (n_rows,)
        In the unit of `matrix`.
    ridge : float
        :math:`\rho \ge 0`, in the squared unit of `matrix`.

    Returns
    -------
    ndarray of float64, shape (n_donors,)

    Raises
    ------
    ValueError
        If there is no donor, a value is missing or the ridge is negative.

    Examples
    --------
    >>> ridge_simplex(np.array([[0.0, 2.0]]), np.array([0.0]), ridge=4.0).round(6)
    array([0.666667, 0.333333])
    """
    _differences(matrix, target)
    if ridge < 0:
        raise ValueError(f"a ridge is at least 0; it is {ridge}")
    if ridge > 0:
        try:
            return simplex_from_gram(matrix.T @ matrix, matrix.T @ target, ridge=ridge)
        except LinAlgError:
            pass  # too small a ridge for the Gram matrix: stack it below the rows instead
    n_donors = matrix.shape[1]
    stacked = np.vstack([matrix, np.sqrt(ridge) * np.eye(n_donors)])
    return simplex_weights(stacked, np.concatenate([target, np.zeros(n_donors)]))


def leave_row_out_weights(matrix: np.ndarray, target: np.ndarray, *, intercept: bool = False) -> np.ndarray:
    """Return the weights of :func:`simplex_weights` with each row left out in turn.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n_rows, n_donors)
        At least two rows.
    target : ndarray of float64, shape (n_rows,)
    intercept : bool
        Subtract from target and donors their means over the rows that are left, every time; needs three rows.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_donors)
        Row t holds the weights fitted without row t.

    Raises
    ------
    ValueError
        If there is no donor, too few rows, or a value is missing.

    Notes
    -----
    One matrix of inner products serves all: leaving a row out takes one outer product away. The support of
    the whole fit is the starting point, and donors are exchanged for all rows side by side, which takes a few
    rounds of small systems. Wherever that does not give a unique optimum, the fit is done afresh.

    Examples
    --------
    >>> donors = np.array([[0.0, 4.0], [0.0, 4.0]])
    >>> leave_row_out_weights(donors, np.array([1.0, 2.0]))
    array([[0.5 , 0.5 ],
           [0.75, 0.25]])
    """
    n_rows = len(matrix)
    if n_rows < 2 + intercept:
        raise ValueError(f"leaving a row out needs {2 + intercept} rows")
    differences = _differences(matrix, target)
    if intercept:
        differences = differences - differences.mean(axis=0)
    support = simplex_weights(differences, np.zeros(n_rows)) > 0
    gram = differences.T @ differences
    # Without row t, sums of squares about the new mean are smaller by n / (n - 1) of its own square.
    gone = differences * np.sqrt(n_rows / (n_rows - 1)) if intercept else differences
    result, settled = _pivot_without_rows(gram, gone, support)
    for row in np.flatnonzero(~settled):
        left = np.delete(differences, row, axis=0)
        left = left - left.mean(axis=0) if intercept else left
        result[row] = simplex_weights(left, np.zeros(n_rows - 1))
    return result


def simplex_from_gram(
    gram: np.ndarray, products: np.ndarray, *, ridge: float, support: np.ndarray | None = None
) -> np.ndarray:
    r"""Return the ridge weights on the simplex from inner products alone.

    Parameters
    ----------
    gram : ndarray of float64, shape (n_donors, n_donors)
        Inner products of the donors, :math:`A'A`.
    products : ndarray of float64, shape (n_donors,)
        Inner products of the donors with the target, :math:`A'b`.
    ridge : float
        Above 0 where donors are collinear; squared unit of the data.
    support : ndarray of bool, shape (n_donors,), optional
        Donors that are expected to have weight. All, if not given: with a ridge nearly all have. It changes
        the number of steps, never the answer.

    Returns
    -------
    ndarray of float64, shape (n_donors,)

    Raises
    ------
    numpy.linalg.LinAlgError
        If the inner products are too close to singular for an answer that meets the optimality conditions.

    Notes
    -----
    Block principal pivoting: all donors with a negative weight leave and all with a negative reduced
    gradient enter at once; when that stops to help, one at a time in a fixed order, which ends.

    References
    ----------
    Portugal LF, Júdice JJ, Vicente LN (1994), Mathematics of Computation 63:625-643.

    Examples
    --------
    >>> simplex_from_gram(np.array([[0.0, 0.0], [0.0, 4.0]]), np.zeros(2), ridge=4.0).round(6)
    array([0.666667, 0.333333])
    """
    n = len(products)
    hessian = gram + ridge * np.eye(n) if ridge else gram
    start = np.ones(n, dtype=bool) if support is None or not support.any() else support
    return _pivot(hessian, products, start)[0]


def unique_simplex(gram: np.ndarray, products: np.ndarray, *, support: np.ndarray) -> np.ndarray:
    """Return the weights on the simplex from inner products if there is just one optimum, clearly.

    Parameters
    ----------
    gram : ndarray of float64, shape (n_donors, n_donors)
    products : ndarray of float64, shape (n_donors,)
    support : ndarray of bool, shape (n_donors,)
        Where to begin, a few donors.

    Returns
    -------
    ndarray of float64, shape (n_donors,)

    Raises
    ------
    numpy.linalg.LinAlgError
        If the optimum may not be unique; :func:`simplex_weights` chooses among several.

    Examples
    --------
    >>> unique_simplex(np.array([[1.0, 0.0], [0.0, 9.0]]), np.zeros(2), support=np.array([True, False]))
    array([0.9, 0.1])
    """
    weights, slack = _pivot(gram, products, support)
    if not (slack[weights == 0] > _TIE).all():
        raise LinAlgError("a donor without weight could have some at the same fit")
    return weights


def kkt_violation(
    matrix: np.ndarray, target: np.ndarray, weights: np.ndarray, *, ridge: float = 0.0
) -> float:
    r"""Return by how much weights miss the conditions of optimality, relative to the scale of the problem.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n_rows, n_donors)
    target : ndarray of float64, shape (n_rows,)
    weights : ndarray of float64, shape (n_donors,)
    ridge : float

    Returns
    -------
    float
        0 at the optimum. Every point of the simplex fits at most this much better, in squared error
        relative to the largest squared distance of a donor from the target.

    Notes
    -----
    The duality gap :math:`\nabla'w - \min_j \nabla_j` of the convex problem.

    Examples
    --------
    >>> kkt_violation(np.array([[0.0, 4.0]]), np.array([1.0]), np.array([0.75, 0.25]))
    0.0
    """
    differences = matrix - target[:, None]
    gradient = differences.T @ (differences @ weights) + ridge * weights
    scale = float((differences**2).sum(axis=0).max()) + ridge
    gap = float(gradient @ weights - gradient.min())
    return max(gap, abs(float(weights.sum()) - 1.0), -float(weights.min())) / scale if scale else 0.0


def _differences(matrix: np.ndarray, target: np.ndarray) -> np.ndarray:
    if matrix.ndim != 2 or matrix.shape[1] == 0:  # noqa: PLR2004 - rows and columns
        raise ValueError("weights need at least one donor")
    differences: np.ndarray = matrix - target[:, None]
    if not np.isfinite(differences).all():
        raise ValueError("donors and target must have a figure in every row; some are missing or infinite")
    return differences


def _nearest_point(differences: np.ndarray) -> np.ndarray:
    rows = np.vstack([differences, np.ones(differences.shape[1])])
    weights = nnls(rows, np.append(np.zeros(len(differences)), 1.0))[0]
    weights /= weights.sum()
    return np.asarray(weights)


def _smallest_norm(differences: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Move within the set of optima to the smallest norm, a least distance problem in its null space."""
    fitted = differences @ weights
    gradient = differences.T @ fitted
    held = weights > 0
    usable = (gradient - gradient.min() <= _TIE) | held
    constraints = np.vstack([differences[:, usable], np.ones(int(usable.sum()))])
    if constraints.shape[1] <= len(constraints):
        # A cheap look first: with clearly independent columns there is nothing to choose.
        root, info = dpotrf(constraints.T @ constraints)
        if info == 0 and root.diagonal().min() > _CLEARLY:
            return weights
    _, singular, right = np.linalg.svd(constraints)
    null = right[int((singular > _TIE).sum()) :]
    if not len(null):
        return weights
    # The part of the weights outside the null space is common to all optima.
    common = weights[usable] - null.T @ (null @ weights[usable])
    moved = _least_distance(null, common)
    result = np.zeros_like(weights)
    result[usable] = moved / moved.sum()
    return result


def _least_distance(null: np.ndarray, common: np.ndarray) -> np.ndarray:
    """Minimise |z| subject to common + null'z >= 0."""
    # A hair of room: where the optima are a mere edge, rounding alone would leave no feasible point at all.
    rows = np.vstack([null, -(common + _ROOM)])
    unit = np.append(np.zeros(len(null)), 1.0)
    residual = rows @ nnls(rows, unit)[0] - unit
    # Feasible by construction, so the last residual is below 0.
    shift = -residual[:-1] / residual[-1]
    return np.asarray(np.maximum(common + null.T @ shift, 0.0))


def _pivot(hessian: np.ndarray, products: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exchange donors until the conditions of optimality hold; weights and relative reduced gradient."""
    scale = float(np.abs(hessian.diagonal()).max() + np.abs(products).max()) or 1.0
    inside = start.copy()
    fewest, patience = len(products) + 1, _PATIENCE
    for _ in range(_ROUNDS):
        weights, gradient = _on_support(hessian, products, inside)
        wrong = np.where(inside, weights < -_ZERO, gradient < -_ZERO * scale)
        count = int(wrong.sum())
        if count == 0:
            return _certified(weights, gradient / scale)
        if count < fewest:
            fewest, patience = count, _PATIENCE
        elif patience:
            patience -= 1
        else:
            wrong[: wrong.nonzero()[0][-1]] = False
        inside ^= wrong
    raise LinAlgError("the weights did not settle: the donors are too close to collinear for this ridge")


def _on_support(
    hessian: np.ndarray, products: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Solve with the sum fixed to 1 on a support; return weights and reduced gradient everywhere."""
    chosen = inside.nonzero()[0]
    block = hessian if len(chosen) == len(inside) else hessian[chosen[:, None], chosen]
    right = np.ones((len(chosen), 2), order="F")
    right[:, 0] = products[chosen]
    # LAPACK itself: with hundreds of placebos the checks of its wrappers cost as much as the solution.
    factor, solved, info = dposv(block.T, right)
    diagonal = factor.diagonal()
    if info or diagonal.min() < _CLEARLY * diagonal.max():
        raise LinAlgError("the inner products of the donors are close to singular")
    price = (1.0 - solved[:, 0].sum()) / solved[:, 1].sum()
    weights = np.zeros(len(inside))
    weights[chosen] = solved[:, 0] + price * solved[:, 1]
    gradient = hessian[:, chosen] @ weights[chosen] - products - price
    return weights, gradient


def _pivot_without_rows(
    gram: np.ndarray, gone: np.ndarray, support: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pivot with each row's outer product taken away; weights, and where they are clearly the only optimum."""
    n_rows, n = gone.shape
    found, settled = np.zeros((n_rows, n)), np.zeros(n_rows, dtype=bool)
    rows, inside = np.arange(n_rows), np.tile(support, (n_rows, 1))
    for _ in range(_ROUNDS_TOGETHER):
        own = gone[rows]
        weights, price, clear = _on_supports(gram, own, inside)
        gradient = weights @ gram
        gradient -= np.einsum("ij,ij->i", weights, own)[:, None] * own
        gradient -= price
        gradient /= np.maximum((gram.diagonal() - own**2).max(axis=1, keepdims=True), _SMALLEST)
        wrong = np.where(inside, weights, gradient) < -_ZERO
        done = clear & ~wrong.any(axis=1)
        kept = np.maximum(weights[done], 0.0)
        slack = gradient[done]
        only = np.where(kept > 0, np.abs(slack) <= _TIE, slack > _TIE).all(axis=1)
        settled[rows[done]] = only
        found[rows[done]] = kept / kept.sum(axis=1, keepdims=True)
        again = clear & ~done
        rows, inside = rows[again], (inside ^ wrong)[again]
        if not len(rows):
            break
    return found, settled


def _on_supports(
    gram: np.ndarray, gone: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solve with the sum fixed to 1, each row on its support; weights, price and where the system is clear."""
    size = inside.sum(axis=1)
    chosen = np.argsort(~inside, axis=1, kind="stable")[:, : size.max()]
    there = np.arange(size.max()) < size[:, None]
    at = np.arange(len(inside))[:, None]
    part = gone[at, chosen]
    blocks = gram[chosen[:, :, None], chosen[:, None, :]] - part[:, :, None] * part[:, None, :]
    nothing = np.eye(size.max())
    blocks = np.where(there[:, :, None] & there[:, None, :], blocks, nothing)
    try:
        pivots = np.linalg.cholesky(blocks).diagonal(axis1=1, axis2=2)
    except np.linalg.LinAlgError:
        return np.zeros(inside.shape), np.zeros((len(inside), 1)), np.zeros(len(inside), dtype=bool)
    smallest = np.where(there, pivots, np.inf).min(axis=1)
    clear = smallest >= _CLEARLY * np.where(there, pivots, 0.0).max(axis=1)
    blocks = np.where(clear[:, None, None], blocks, nothing)
    solved = np.linalg.solve(blocks, there[:, :, None].astype(float))[:, :, 0]
    price = 1.0 / solved.sum(axis=1, keepdims=True)
    weights = np.zeros(inside.shape)
    weights[at, chosen] = solved * price
    return weights, price, clear


def _certified(weights: np.ndarray, gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    held = weights > 0
    weights = np.where(held, weights, 0.0)
    weights /= weights.sum()
    if np.abs(gradient[held]).max() > _TIE:
        raise LinAlgError("the weights miss the conditions of optimality: the donors are too collinear")
    return weights, gradient
