"""Effects against moderators: weighted least squares, and exact permutation of the moderators."""

from __future__ import annotations

from collections.abc import Iterator
from math import factorial, prod
from typing import Final, NamedTuple

import numpy as np

from lean_impact.kernels.between_variance import TauMethod, between_variance
from lean_impact.kernels.permutation import PermutationP

__all__ = [
    "Regression",
    "arrangements",
    "floored_factor",
    "i_squared",
    "permutation_p",
    "regress",
    "sign_flip_p",
]

_EXACT: Final = 40_320
_EXACT_SIGNS: Final = 14
_DRAWS: Final = 9_999
_TIE: Final = 1e-9


class Regression(NamedTuple):
    """A fitted regression of effects.

    Attributes
    ----------
    beta : ndarray of float64, shape (p,)
        Coefficients.
    covariance : ndarray of float64, shape (p, p)
        Their covariance if the weights are right.
    q : float
        Weighted residual sum of squares at the variance that was used.
    """

    beta: np.ndarray
    covariance: np.ndarray
    q: float


def regress(y: np.ndarray, v: np.ndarray, design: np.ndarray, *, tau2: float) -> Regression:
    """Regress effects on a design with weights 1 / (v + tau2).

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Effects and their sampling variances, above 0.
    design : ndarray of float64, shape (k, p)
        Columns of full rank.
    tau2 : float
        Variance of true effects around the regression.

    Returns
    -------
    Regression

    Examples
    --------
    >>> x = np.column_stack([np.ones(3), [0.0, 1.0, 2.0]])
    >>> [round(float(b), 6) for b in regress(np.array([1.0, 3.0, 5.0]), np.ones(3), x, tau2=0.0).beta]
    [1.0, 2.0]
    """
    root = 1.0 / np.sqrt(v + tau2)
    basis, triangle = np.linalg.qr(root[:, None] * design)
    turned = basis.T @ (root * y)
    beta = np.linalg.solve(triangle, turned)
    inverse = np.linalg.solve(triangle, np.eye(triangle.shape[0]))
    q = float(((root * (y - design @ beta)) ** 2).sum())
    return Regression(beta, inverse @ inverse.T, q)


def floored_factor(q: float, df: int) -> float:
    """Return the Knapp-Hartung factor for variances, never below 1.

    Examples
    --------
    >>> floored_factor(6.0, 3), floored_factor(1.0, 3)
    (2.0, 1.0)
    """
    return max(1.0, q / df)


def i_squared(y: np.ndarray, v: np.ndarray, design: np.ndarray, *, tau2: float) -> float:
    """Return the share of the variance left by the moderators that is between true effects, 0 to 1.

    Notes
    -----
    The typical sampling variance is ``(k - p) / trace(P)`` at no variance between.

    Examples
    --------
    >>> round(i_squared(np.zeros(3), np.full(3, 0.5), np.ones((3, 1)), tau2=0.5), 9)
    0.5
    """
    basis, _ = np.linalg.qr(design)
    w = 1.0 / v
    weighted = w[:, None] * basis
    lost = np.trace(np.linalg.solve(basis.T @ weighted, weighted.T @ weighted))
    typical = (len(y) - design.shape[1]) / float(w.sum() - lost)
    return float(tau2 / (tau2 + typical))


def arrangements(rows: np.ndarray, *, seed: int) -> tuple[np.ndarray, bool]:
    """List the different ways to hand the rows of a table round, the observed way first.

    Parameters
    ----------
    rows : ndarray of float64, shape (k, m)
        One row for each effect; equal rows are not told apart.
    seed : int
        Seed of the draw that is made where there are more than 40,320 ways.

    Returns
    -------
    orders : ndarray of int64, shape (n_ways, k)
        Which row each effect gets.
    exact : bool
        Whether these are all ways.

    Examples
    --------
    >>> orders, exact = arrangements(np.array([[1.0], [0.0], [1.0], [0.0], [1.0], [0.0]]), seed=1)
    >>> orders.shape, exact
    ((20, 6), True)
    """
    _, first, label = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    label = label.ravel()
    counts = np.bincount(label)
    k = len(rows)
    if factorial(k) // prod(factorial(int(n)) for n in counts) <= _EXACT:
        found = np.array(list(_multiset(np.sort(label).tolist())))
        observed = (found == label).all(axis=1)
        return first[np.vstack([found[observed], found[~observed]])], True
    drawn = np.random.default_rng(seed).permuted(np.tile(label, (_DRAWS, 1)), axis=1)
    return first[np.vstack([label, drawn])], False


def _multiset(labels: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield every order of sorted labels once, in dictionary order."""
    k = len(labels)
    while True:
        yield tuple(labels)
        turn = k - 2
        while turn >= 0 and labels[turn] >= labels[turn + 1]:
            turn -= 1
        if turn < 0:
            return
        swap = k - 1
        while labels[swap] <= labels[turn]:
            swap -= 1
        labels[turn], labels[swap] = labels[swap], labels[turn]
        labels[turn + 1 :] = labels[:turn:-1]


def permutation_p(
    y: np.ndarray,
    v: np.ndarray,
    moderators: np.ndarray,
    *,
    column: int,
    method: TauMethod = "REML",
    floor: bool = True,
    seed: int,
) -> PermutationP:
    """Test one moderator by handing the moderators round among the effects.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Effects and their sampling variances.
    moderators : ndarray of float64, shape (k, m)
        Without a column of ones; all columns move together.
    column : int
        Which moderator is tested.
    method : str, default "REML"
        How the variance of true effects is estimated, anew for each arrangement.
    floor : bool, default True
        Whether the Knapp-Hartung factor is at least 1.
    seed : int
        Seed of the draw where not every arrangement can be tried.

    Returns
    -------
    PermutationP
        Share of arrangements, the observed one among them, whose t statistic is at least as large in size.

    References
    ----------
    Higgins JPT, Thompson SG (2004), Statistics in Medicine 23:1663-1682.

    Examples
    --------
    >>> y, v = np.array([-0.32, 0.05, -0.51, 0.11, -0.18]), np.array([0.021, 0.013, 0.044, 0.018, 0.009])
    >>> readiness = np.array([[0.8], [0.4], [0.9], [0.2], [0.6]])
    >>> round(permutation_p(y, v, readiness, column=0, seed=1).value, 4)
    0.0167
    """
    orders, exact = arrangements(moderators, seed=seed)
    table = moderators[orders]
    design = np.concatenate([np.ones((*table.shape[:2], 1)), table], axis=-1)
    size = np.abs(_t_statistics(y, v, design, method=method, floor=floor)[:, 1 + column])
    return _share(size, exact=exact)


def sign_flip_p(
    y: np.ndarray, v: np.ndarray, *, method: TauMethod = "REML", floor: bool = True
) -> PermutationP:
    """Test whether the mean effect is 0 by flipping the signs of the effects in every way.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Effects, at most 14, and their sampling variances.
    method : str, default "REML"
        How the variance of true effects is estimated, anew for each pattern; not "SJ", whose first guess is no
        function of residuals.
    floor : bool, default True
        Whether the Knapp-Hartung factor is at least 1.

    Returns
    -------
    PermutationP
        Exact. Holds if each effect would be as likely to have the other sign.

    Raises
    ------
    ValueError
        If there are more than 14 effects or the method is "SJ".

    Examples
    --------
    >>> sign_flip_p(np.array([0.2, 0.3, 0.4, 0.3, 0.2]), np.full(5, 0.01)).value
    0.0625
    """
    if len(y) > _EXACT_SIGNS or method == "SJ":
        raise ValueError(f"at most {_EXACT_SIGNS} effects can be flipped, and not with Sidik-Jonkman")
    # Flipping an effect is the same as flipping its row of the design, and that is what comes in batches.
    signs = 1.0 - 2.0 * ((np.arange(2 ** len(y))[:, None] >> np.arange(len(y))) & 1)
    return _share(np.abs(_t_statistics(y, v, signs[..., None], method=method, floor=floor)[:, 0]), exact=True)


def _t_statistics(
    y: np.ndarray, v: np.ndarray, design: np.ndarray, *, method: TauMethod, floor: bool
) -> np.ndarray:
    """Return the t statistics of each design, shape (n, p)."""
    tau2 = between_variance(y, v, design, method=method)
    w = 1.0 / (v + tau2[:, None])
    weighted = np.swapaxes(w[..., None] * design, -1, -2)
    inverse = np.linalg.inv(weighted @ design)
    beta = (inverse @ (weighted @ y[:, None]))[..., 0]
    residual = y - (design @ beta[..., None])[..., 0]
    factor = (w * residual**2).sum(axis=-1) / (len(y) - design.shape[-1])
    variance = (
        np.diagonal(inverse, axis1=-2, axis2=-1) * (np.maximum(1.0, factor) if floor else factor)[:, None]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        found: np.ndarray = beta / np.sqrt(variance)
    return found


def _share(size: np.ndarray, *, exact: bool) -> PermutationP:
    """Compare the first with all."""
    slack = _TIE * (1.0 + size[0])
    smallest = float((size >= size.max() - slack).mean()) if exact else 1 / len(size)
    value = float((size >= size[0] - slack).mean())
    return PermutationP(value=value, smallest=min(smallest, value), draws=None if exact else len(size) - 1)
