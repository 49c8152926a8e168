"""How much true effects differ beyond what moderators explain: every common estimator, many designs at once.

A design is a matrix with one row for each effect. All functions take one design of shape (k, p) or a batch of
shape (n_designs, k, p); the effects and their variances are the same for every design of a batch. That is what a
permutation test needs, which hands the moderators round among the same effects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import numpy as np

__all__ = ["TauMethod", "between_variance", "intercept_only", "residual_q"]

TauMethod = Literal["REML", "DL", "PM", "ML", "HE", "SJ", "EB", "FE"]
"""How the variance of true effects is estimated; FE takes it as 0."""

_GRID: Final = np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 60)])
_STEPS: Final = 60
_CLOSE: Final = 1e-13
_ROUNDING: Final = 1e-14
_CHUNK: Final = 2_000
_BATCHED: Final = 3


class _Fit(NamedTuple):
    """Weighted least squares at each variance: weights and residuals (n, g, k), information (n, g, p, p)."""

    w: np.ndarray
    residual: np.ndarray
    information: np.ndarray


def intercept_only(k: int) -> np.ndarray:
    """Return the design of a plain mean, shape (k, 1)."""
    return np.ones((k, 1))


def between_variance(
    y: np.ndarray, v: np.ndarray, design: np.ndarray | None = None, *, method: TauMethod = "REML"
) -> np.ndarray:
    r"""Estimate the variance of true effects around what the design explains.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Effects and their sampling variances, above 0.
    design : ndarray of float64, shape (k, p) or (n_designs, k, p), optional
        Columns of full rank, fewer than effects; a column of ones if not given.
    method : {"REML", "DL", "PM", "ML", "HE", "SJ", "EB", "FE"}, default "REML"
        Restricted or plain maximum likelihood, moments (DerSimonian-Laird; Hedges; Paule-Mandel, which empirical
        Bayes equals), Sidik-Jonkman, or none.

    Returns
    -------
    ndarray of float64, shape () or (n_designs,)
        At least 0, in the squared unit of the effects.

    Notes
    -----
    With :math:`W = \operatorname{diag}(1 / (v_i + \tau^2))` and
    :math:`P = W - W X (X' W X)^{-1} X' W`: DL, HE and SJ are closed; PM and EB solve
    :math:`y' P y = k - p`; ML and REML maximise the likelihood, whose score is
    :math:`y' P P y - \operatorname{tr} W` or :math:`y' P P y - \operatorname{tr} P`. A likelihood may have more
    than one top, so it is looked at on a grid first. Above the larger root of
    :math:`(k - p) t^2 - R t - R \max v = 0`, with R the residual sum of squares, both scores are negative: the grid
    holds every top. What the columns span matters and not how they are written, so they are made orthonormal
    first, which keeps a calendar year as moderator from costing digits.

    References
    ----------
    Viechtbauer W (2005), Journal of Educational and Behavioral Statistics 30:261-293.
    Paule RC, Mandel J (1982), Journal of Research of the National Bureau of Standards 87:377-385.
    Sidik K, Jonkman JN (2005), Journal of the Royal Statistical Society C 54:367-384.
    Morris CN (1983), Journal of the American Statistical Association 78:47-55.

    Examples
    --------
    >>> y, v = np.array([0.0, 2.0, 1.0, 4.0]), np.array([0.5, 0.5, 1.0, 1.0])
    >>> [round(float(between_variance(y, v, method=m)), 3) for m in ("REML", "DL", "PM", "FE")]
    [2.053, 1.962, 2.11, 0.0]
    """
    design = intercept_only(len(y)) if design is None else design
    batch = design if design.ndim == _BATCHED else design[None]
    space, _ = np.linalg.qr(batch)
    found = np.concatenate(
        [_METHODS[method](y, v, space[at : at + _CHUNK]) for at in range(0, len(space), _CHUNK)]
    )
    return found if design.ndim == _BATCHED else found[0]


def residual_q(y: np.ndarray, v: np.ndarray, design: np.ndarray, *, tau2: float = 0.0) -> float:
    """Return the weighted sum of squares that the design leaves.

    Examples
    --------
    >>> round(residual_q(np.array([0.0, 2.0]), np.array([1.0, 1.0]), intercept_only(2)), 9)
    2.0
    """
    space, _ = np.linalg.qr(design[None])
    return float(_q(y, v, space, np.array([[tau2]]))[0, 0])


def _fit(y: np.ndarray, v: np.ndarray, space: np.ndarray, tau2: np.ndarray) -> _Fit:
    """Fit each design at each of its variances; ``tau2`` has the shape (n, g)."""
    w = 1.0 / (v + tau2[..., None])
    weighted = w[..., None] * space[:, None]
    information = np.swapaxes(weighted, -1, -2) @ space[:, None]
    beta = _solve(information, np.swapaxes(weighted, -1, -2) @ y[:, None])
    residual = y - (space[:, None] @ beta)[..., 0]
    return _Fit(w, residual, information)


def _solve(information: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve small systems; one unknown needs no matrices, and is what most calls have."""
    found: np.ndarray = (
        right / information if information.shape[-1] == 1 else np.linalg.solve(information, right)
    )
    return found


def _q(y: np.ndarray, v: np.ndarray, space: np.ndarray, tau2: np.ndarray) -> np.ndarray:
    fit = _fit(y, v, space, tau2)
    total: np.ndarray = (fit.w * fit.residual**2).sum(axis=-1)
    return total


def _trace_p(fit: _Fit, space: np.ndarray) -> np.ndarray:
    weighted = fit.w[..., None] * space[:, None]
    lost = np.trace(_solve(fit.information, np.swapaxes(weighted, -1, -2) @ weighted), axis1=-2, axis2=-1)
    trace: np.ndarray = fit.w.sum(axis=-1) - lost
    return trace


def _score(
    y: np.ndarray, v: np.ndarray, space: np.ndarray, tau2: np.ndarray, *, restricted: bool
) -> np.ndarray:
    """Return twice the slope of the log-likelihood."""
    fit = _fit(y, v, space, tau2)
    spread = (fit.w**2 * fit.residual**2).sum(axis=-1)
    slope: np.ndarray = spread - (_trace_p(fit, space) if restricted else fit.w.sum(axis=-1))
    return slope


def _height(
    y: np.ndarray, v: np.ndarray, space: np.ndarray, tau2: np.ndarray, *, restricted: bool
) -> np.ndarray:
    """Return the log-likelihood up to a constant."""
    fit = _fit(y, v, space, tau2)
    height = np.log(fit.w).sum(axis=-1) - (fit.w * fit.residual**2).sum(axis=-1)
    if restricted:
        one = fit.information.shape[-1] == 1
        height = height - (
            np.log(fit.information[..., 0, 0]) if one else np.linalg.slogdet(fit.information)[1]
        )
    halved: np.ndarray = 0.5 * height
    return halved


def _plain_squares(y: np.ndarray, space: np.ndarray) -> np.ndarray:
    fitted = (space @ (np.swapaxes(space, -1, -2) @ y[:, None]))[..., 0]
    squares: np.ndarray = ((y - fitted) ** 2).sum(axis=-1)
    # What is left of effects that the design meets exactly is rounding, and no difference between trusts.
    squares[squares <= len(y) * (_ROUNDING * np.abs(y).max()) ** 2] = 0.0
    return squares


def _root(slope: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Find where a slope turns from above to below 0, by false position with Illinois halving; shapes (n,)."""
    at_low, at_high = slope(low[:, None])[:, 0], slope(high[:, None])[:, 0]
    guess: np.ndarray = 0.5 * (low + high)
    side = np.zeros(len(low))
    for _ in range(_STEPS):
        gap = at_low - at_high
        safe = (at_low > 0) & (at_high < 0)
        last, guess = guess, np.where(safe, low + (high - low) * at_low / np.where(safe, gap, 1.0), guess)
        value = slope(guess[:, None])[:, 0]
        above = value > 0
        now = np.where(above, 1.0, -1.0)
        # An end that stays twice is halved, so that it cannot stay for long.
        kept = np.where(now == side, 0.5, 1.0)
        at_high = np.where(above, kept * at_high, value)
        at_low = np.where(above, value, kept * at_low)
        side = now
        low, high = np.where(above, guess, low), np.where(above, high, guess)
        if (np.abs(guess - last) <= _CLOSE * np.abs(guess)).all():
            break
    return guess


def _likelihood(*, restricted: bool) -> Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    def estimate(y: np.ndarray, v: np.ndarray, space: np.ndarray) -> np.ndarray:
        rest = len(y) - space.shape[-1]
        squares = _plain_squares(y, space)
        top = (squares + np.sqrt(squares**2 + 4 * rest * squares * v.max())) / (2 * rest)
        grid = top[:, None] * _GRID
        best = _height(y, v, space, grid, restricted=restricted).argmax(axis=1)
        rows = np.arange(len(space))
        low = grid[rows, np.maximum(best - 1, 0)]
        high = grid[rows, np.minimum(best + 1, len(_GRID) - 1)]
        found = _root(lambda tau2: _score(y, v, space, tau2, restricted=restricted), low, high)
        at_zero = (squares == 0) | (best == 0) & (
            _score(y, v, space, np.zeros((len(space), 1)), restricted=restricted)[:, 0] <= 0
        )
        return np.where(at_zero, 0.0, found)

    return estimate


def _moments(y: np.ndarray, v: np.ndarray, space: np.ndarray) -> np.ndarray:
    fit = _fit(y, v, space, np.zeros((len(space), 1)))
    q = (fit.w * fit.residual**2).sum(axis=-1)
    rest = len(y) - space.shape[-1]
    found: np.ndarray = np.maximum(0.0, ((q - rest) / _trace_p(fit, space))[:, 0])
    return found


def _hedges(y: np.ndarray, v: np.ndarray, space: np.ndarray) -> np.ndarray:
    leverage = (space**2).sum(axis=-1)
    expected = ((1 - leverage) * v).sum(axis=-1)
    found: np.ndarray = np.maximum(0.0, (_plain_squares(y, space) - expected) / (len(y) - space.shape[-1]))
    return found


def _paule_mandel(y: np.ndarray, v: np.ndarray, space: np.ndarray) -> np.ndarray:
    rest = len(y) - space.shape[-1]
    # Q at t is at most the residual sum of squares / t, which bounds the root from above.
    high = _plain_squares(y, space) / rest
    found = _root(lambda tau2: _q(y, v, space, tau2) - rest, np.zeros(len(space)), high)
    return np.where((high == 0) | (_q(y, v, space, np.zeros((len(space), 1)))[:, 0] <= rest), 0.0, found)


def _sidik_jonkman(y: np.ndarray, v: np.ndarray, space: np.ndarray) -> np.ndarray:
    if np.ptp(y) == 0.0:  # rounding of the mean must not make equal effects differ
        return np.zeros(len(space))
    first = float(((y - y.mean()) ** 2).mean())
    q = _q(y, v, space, np.full((len(space), 1), first))[:, 0]
    found: np.ndarray = first * q / (len(y) - space.shape[-1])
    return found


def _common(y: np.ndarray, v: np.ndarray, space: np.ndarray) -> np.ndarray:  # noqa: ARG001 - one signature
    return np.zeros(len(space))


_METHODS: Final[dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]]] = {
    "REML": _likelihood(restricted=True),
    "ML": _likelihood(restricted=False),
    "DL": _moments,
    "HE": _hedges,
    "PM": _paule_mandel,
    "EB": _paule_mandel,
    "SJ": _sidik_jonkman,
    "FE": _common,
}
