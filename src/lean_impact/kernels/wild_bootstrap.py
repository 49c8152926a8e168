"""The restricted wild cluster bootstrap of one coefficient of a two-way regression, units being the clusters."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Literal, NamedTuple

import numpy as np

from lean_impact.kernels.collapsed import TIE
from lean_impact.kernels.two_way import TwoWayFit

__all__ = ["FEWEST_TREATED", "WildBootstrap", "wild_cluster_bootstrap"]

FEWEST_TREATED = 8
"""With fewer units on either side of the comparison the bootstrap is not valid."""

_WEBB = np.array([-(1.5**0.5), -1.0, -(0.5**0.5), 0.5**0.5, 1.0, 1.5**0.5])
_STEPS = 60


class WildBootstrap(NamedTuple):
    """A wild cluster bootstrap test of one coefficient.

    Attributes
    ----------
    t : float
        Cluster-robust t statistic of the null value.
    p : float
        Two-sided p-value.
    smallest : float
        Smallest p-value that these draws could have given.
    interval : tuple of float
        Null values that are not rejected, by test inversion; infinite where no value is.
    exact : bool
        Whether all sign patterns were enumerated.
    valid : bool
        Whether enough units are treated and untreated; if not, p and interval may be far from their level.
    """

    t: float
    p: float
    smallest: float
    interval: tuple[float, float]
    exact: bool
    valid: bool


def wild_cluster_bootstrap(
    fit: TwoWayFit,
    *,
    n_treated: int,
    rng: np.random.Generator,
    coefficient: int = 0,
    null: float = 0.0,
    draws: int = 999,
    weights: Literal["rademacher", "webb"] = "rademacher",
    level: float = 0.95,
) -> WildBootstrap:
    r"""Test one coefficient by flipping the signs of whole units' residuals under the null.

    Parameters
    ----------
    fit : TwoWayFit
        The regression.
    n_treated : int
        Units that ever have the programme, to judge validity.
    rng : Generator
        Source of randomness.
    coefficient : int
        Which coefficient.
    null : float
        Its value under the null, in its unit.
    draws : int
        Random draws, if not all sign patterns are enumerated.
    weights : {"rademacher", "webb"}
        Two-point signs, enumerated if there are no more of them than draws, or Webb's six points for few units.
    level : float
        Coverage of the interval.

    Returns
    -------
    WildBootstrap

    Raises
    ------
    ValueError
        If the coefficient is fitted without error, or draws or weights make no sense.

    Notes
    -----
    With the coefficient fixed at the null, residuals of unit j are multiplied by one random v_j, and the t
    statistic of the refitted regression is :math:`s'v / \|K v\|`, where K has one row and column a unit. No
    regression is run again. Where few units are treated it rejects hardly ever, because the null residuals
    carry the effect and the signs of a few units take few values; the result then says that it is not valid.

    References
    ----------
    Cameron AC, Gelbach JB, Miller DL (2008), Review of Economics and Statistics 90:414-427. Webb MD (2023),
    Canadian Journal of Economics 56:839-858. MacKinnon JG, Webb MD (2018), Econometrics Journal 21:114-135.

    Examples
    --------
    >>> from lean_impact.kernels.two_way import static_effect
    >>> y = np.vstack([np.zeros(6), [1.0, 2.0, 3.0, 7.0, 8.0, 9.0]])
    >>> fit = static_effect(y, np.array([2, 2, 2, 1, 1, 1]))
    >>> result = wild_cluster_bootstrap(fit, n_treated=3, rng=np.random.default_rng(0))
    >>> result.exact, result.p, result.valid
    (True, 0.03125, False)
    """
    if draws < 1 or weights not in {"rademacher", "webb"} or not 0 < level < 1:
        raise ValueError("draws must be at least 1, weights rademacher or webb, level between 0 and 1")
    n_units = fit.effects.n_observed[1]
    signs, exact = _signs(fit, draws=draws, weights=weights, rng=rng)
    parts = _Parts(fit, coefficient, signs)
    p_value = _p_value(parts, exact=exact)
    smallest = 2 / len(signs.T) if exact else 1 / (draws + 1)
    return WildBootstrap(
        t=parts.observed(null),
        p=p_value(null),
        smallest=smallest,
        interval=_invert(p_value, parts, alpha=1 - level, smallest=smallest),
        exact=exact,
        valid=min(n_treated, n_units - n_treated) >= FEWEST_TREATED,
    )


class _Parts:
    """Statistics of all draws as functions of the null, in the unit dimension."""

    def __init__(self, fit: TwoWayFit, coefficient: int, signs: np.ndarray) -> None:
        weights, others = fit.effects.weights, np.delete(fit.regressors, coefficient, axis=0)
        mine = fit.regressors[coefficient]
        bread = np.linalg.inv(np.einsum("ktn,tn,ltn->kl", others, weights, others, optimize=True))
        slopes = bread @ np.einsum("ktn,tn->k", others, weights * mine)
        x = mine - np.tensordot(slopes, others, axes=1)
        weighted = weights * x
        self.estimate = float(fit.coefficients[coefficient])
        self.scale = float((weighted * x).sum())
        cross = (others * weighted).sum(axis=1)

        def project(residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            scores = (weighted * residual).sum(axis=0)
            carried = weights * residual
            spread = weighted.T @ (fit.effects.inverse @ (carried @ signs))
            spread += cross.T @ (bread @ ((others * carried).sum(axis=1) @ signs))
            own = (weighted * x).sum(axis=0)
            total = scores @ signs
            return total, scores[:, None] * signs - spread - own[:, None] * total / self.scale

        self.score = (weighted * fit.residuals).sum(axis=0)
        self.base, self.slope = project(fit.residuals), project(x)

    @property
    def standard_error(self) -> float:
        return float(np.linalg.norm(self.score)) / self.scale

    def observed(self, null: float) -> float:
        error = self.standard_error
        if error <= TIE * abs(self.estimate - null):
            raise ValueError("the residuals leave no variance between units")
        return (self.estimate - null) / error

    def drawn(self, null: float) -> np.ndarray:
        gap = self.estimate - null
        total = self.base[0] + gap * self.slope[0]
        errors = np.linalg.norm(self.base[1] + gap * self.slope[1], axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(total == 0, 0.0, total / errors)


def _p_value(parts: _Parts, *, exact: bool) -> Callable[[float], float]:
    def p_value(null: float) -> float:
        drawn = np.abs(parts.drawn(null))
        # 0/0 is a draw without any spread left; it counts as large, which can only raise p.
        count = int((~(drawn < abs(parts.observed(null)) * (1 - TIE))).sum())
        return count / len(drawn) if exact else (1 + count) / (1 + len(drawn))

    return p_value


def _signs(fit: TwoWayFit, *, draws: int, weights: str, rng: np.random.Generator) -> tuple[np.ndarray, bool]:
    """Draw one multiplier for each unit and draw, or list all sign patterns; shape (n_units, n_draws)."""
    n_units = fit.effects.weights.shape[1]
    if weights == "rademacher" and 2**n_units <= max(draws, 2**6):
        return np.array(list(product((1.0, -1.0), repeat=n_units))).T, True
    points = np.array([-1.0, 1.0]) if weights == "rademacher" else _WEBB
    return rng.choice(points, (n_units, draws)), False


def _invert(
    p_value: Callable[[float], float], parts: _Parts, *, alpha: float, smallest: float
) -> tuple[float, float]:
    """Find where the p-value falls to alpha on either side of the estimate."""
    if smallest > alpha:
        return -np.inf, np.inf
    low, high = (_edge(p_value, parts, side * parts.standard_error, alpha=alpha) for side in (-1.0, 1.0))
    return low, high


def _edge(p_value: Callable[[float], float], parts: _Parts, step: float, *, alpha: float) -> float:
    inside, outside = 0.0, 2.0
    while p_value(parts.estimate + step * outside) > alpha:
        inside, outside = outside, outside * 2
        if outside > 2.0**_STEPS:
            return float(np.copysign(np.inf, step))
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if p_value(parts.estimate + step * middle) > alpha:
            inside = middle
        else:
            outside = middle
    return float(parts.estimate + step * outside)
