"""Conformal inference for one treated path, and its debiased t-test.

The path is refitted under a null hypothesis that states every effect. If it is true, the residuals after
the start look like those before it, whatever the estimator; so they may be exchanged, one by one if they
are independent, in blocks if they are autocorrelated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lean_impact.kernels.collapsed import TIE, t_margin, t_p_value, t_statistic

__all__ = [
    "ConformalInterval",
    "ConformalP",
    "DebiasedT",
    "conformal_interval",
    "conformal_p",
    "debiased_t_test",
    "fold_periods",
]

Scheme = Literal["moving_block", "iid"]

_DRAWS = 1_000
_CHUNK = 1_000


class ConformalP(NamedTuple):
    """A conformal p-value.

    Attributes
    ----------
    p : float
        Share of arrangements whose statistic is at least as large.
    smallest : float
        Smallest value that this many arrangements can give.
    draws : int or None
        Number of random arrangements, None if all were enumerated.
    """

    p: float
    smallest: float
    draws: int | None


class ConformalInterval(NamedTuple):
    """Effects that a conformal test does not reject.

    Attributes
    ----------
    lower, upper : float
        Smallest and largest effect on the grid that is kept; infinite where the end of the grid is kept,
        nan if the grid holds no effect that is kept.
    effects : ndarray of float64, shape (n_grid,)
    p_values : ndarray of float64, shape (n_grid,)
    """

    lower: float
    upper: float
    effects: np.ndarray
    p_values: np.ndarray


class DebiasedT(NamedTuple):
    """The debiased estimate of a mean effect with its t-test.

    Attributes
    ----------
    estimate : float
        Mean over folds of (mean gap after the start - mean gap in the fold), in the unit of the outcome.
    standard_error : float
        Same unit.
    df : int
        Folds - 1.
    p : float
        Two-sided.
    fold_estimates : ndarray of float64, shape (n_folds,)
    """

    estimate: float
    standard_error: float
    df: int
    p: float
    fold_estimates: np.ndarray

    def interval(self, *, level: float) -> tuple[float, float]:
        """Return the t interval.

        Examples
        --------
        >>> DebiasedT(1.0, 0.5, 2, 0.18, np.array([1.0])).interval(level=0.9).__class__.__name__
        'tuple'
        """
        margin = t_margin(self.standard_error, self.df, level=level)
        return self.estimate - margin, self.estimate + margin


def conformal_p(
    residuals: np.ndarray,
    *,
    start: int,
    scheme: Scheme = "moving_block",
    order: float = 1.0,
    draws: int = _DRAWS,
    rng: np.random.Generator | None = None,
) -> ConformalP:
    r"""Return how extreme the residuals after the start are among all residuals.

    Parameters
    ----------
    residuals : ndarray of float64, shape (n_periods,)
        Residuals of a fit over *all* periods to outcomes from which the effect under the null is taken away.
    start : int
        First period with the programme.
    scheme : {"moving_block", "iid"}
        Shift the whole series in a circle (all n_periods shifts; keeps autocorrelation), or exchange
        single periods (needs independence; a random sample of arrangements).
    order : float
        Exponent q; 1 finds lasting effects, large values single large ones.
    draws : int
        Random arrangements for "iid".
    rng : Generator, optional
        Source of randomness for "iid", which needs it.

    Returns
    -------
    ConformalP

    Raises
    ------
    ValueError
        If there is no period before or after the start, a residual is missing, or randomness is missing.

    Notes
    -----
    :math:`S(u) = (\sum_{t \ge T_0} |u_t|^q / \sqrt{T_1})^{1/q}`. The p-value is the share of arrangements
    with :math:`S \ge S_{observed}`; the observed one counts. With moving blocks the smallest p-value is
    one over the number of periods.

    References
    ----------
    Chernozhukov V, Wüthrich K, Zhu Y (2021), JASA 116:1849-1864.

    Examples
    --------
    >>> conformal_p(np.array([0.1, -0.2, 0.1, 0.0, 3.0]), start=4)
    ConformalP(p=0.2, smallest=0.2, draws=None)
    """
    n = len(residuals)
    if not 0 < start < n:
        raise ValueError(f"the start {start} leaves no period before or no period after it; there are {n}")
    if not np.isfinite(residuals).all():
        raise ValueError("a residual is missing or infinite")
    sizes = np.abs(residuals) ** order
    length = n - start
    observed = sizes[start:].sum()
    if scheme == "moving_block":
        circle = np.concatenate([sizes, sizes[: length - 1]])
        sums = sliding_window_view(circle, length).sum(axis=1)
        return ConformalP(float((sums >= observed * (1 - TIE)).mean()), 1 / n, None)
    if rng is None:
        raise ValueError("exchanging single periods at random needs a generator")
    count = sum(
        int((_random_sums(sizes, length, min(_CHUNK, draws - done), rng) >= observed * (1 - TIE)).sum())
        for done in range(0, draws, _CHUNK)
    )
    return ConformalP((1 + count) / (draws + 1), 1 / (draws + 1), draws)


def conformal_interval(
    refit: Callable[[float], np.ndarray],
    effects: np.ndarray,
    *,
    start: int,
    level: float = 0.95,
    scheme: Scheme = "moving_block",
    order: float = 1.0,
    draws: int = _DRAWS,
    seed: int = 0,
) -> ConformalInterval:
    r"""Return the constant effects on a grid that are not rejected.

    Parameters
    ----------
    refit : callable
        From an effect (unit of the outcome) to the residuals, shape (n_periods,), of a fit over all periods
        with that effect taken away from `start` on.
    effects : ndarray of float64, shape (n_grid,)
        Ascending.
    start : int
    level : float
        Coverage; effects with a p-value above 1 - level are kept.
    scheme, order, draws
        As in :func:`conformal_p`.
    seed : int
        The same arrangements serve each effect, so that the limits do not jump.

    Returns
    -------
    ConformalInterval

    Raises
    ------
    ValueError
        If the grid is not ascending.

    Examples
    --------
    >>> gaps = np.array([0.1, -0.2, 0.15, 0.05, -0.1] * 4 + [2.1, 1.8, 2.15])
    >>> after = np.arange(23) >= 20
    >>> found = conformal_interval(lambda e: gaps - e * after, np.linspace(0, 4, 81), start=20, level=0.9)
    >>> round(found.lower, 2), round(found.upper, 2)
    (2.0, 2.2)
    """
    if len(effects) == 0 or not (np.diff(effects) > 0).all():
        raise ValueError("the grid of effects must hold ascending values")
    p_values = np.array(
        [
            conformal_p(
                refit(float(effect)),
                start=start,
                scheme=scheme,
                order=order,
                draws=draws,
                rng=np.random.default_rng(seed),
            ).p
            for effect in effects
        ]
    )
    # The tiny addend undoes 1 - 0.95 = 0.050000000000000044 and its like.
    kept = np.flatnonzero(p_values > 1 - level + TIE)
    if not len(kept):
        return ConformalInterval(float("nan"), float("nan"), effects, p_values)
    lower = float(effects[kept[0]]) if kept[0] > 0 else -float("inf")
    upper = float(effects[kept[-1]]) if kept[-1] < len(effects) - 1 else float("inf")
    return ConformalInterval(lower, upper, effects, p_values)


def fold_periods(n_periods: int, *, start: int, folds: int = 3) -> np.ndarray:
    r"""Return the periods before the start that each fold leaves out of the fit.

    Parameters
    ----------
    n_periods : int
    start : int
        At least as many periods before the start as folds.
    folds : int
        At least 2.

    Returns
    -------
    ndarray of int, shape (folds, length)
        Consecutive blocks that end just before the start, of length
        :math:`r = \min(\lfloor T_0 / K \rfloor, T_1)`.

    Raises
    ------
    ValueError
        If there are too few folds or periods, or the folds would leave nothing to fit on.

    Examples
    --------
    >>> fold_periods(12, start=10, folds=3)
    array([[4, 5], [6, 7], [8, 9]])
    """
    length = min(start // folds if folds > 0 else 0, n_periods - start)
    if folds < 2 or length < 1:  # noqa: PLR2004
        raise ValueError(
            f"{folds} folds need as many periods before the start, one after it, and be 2 or more; "
            f"there are {start} before and {n_periods - start} after"
        )
    return start - folds * length + np.arange(folds * length).reshape(folds, length)


def debiased_t_test(
    fit: Callable[[np.ndarray], np.ndarray], *, n_periods: int, start: int, folds: int = 3
) -> DebiasedT:
    r"""Test the mean effect by cross-fitting over blocks of periods before the start.

    Parameters
    ----------
    fit : callable
        From positions of periods to fit on, to the gaps in all periods, shape (n_periods,).
    n_periods, start : int
    folds : int
        K; 3 is the authors' choice for short series.

    Returns
    -------
    DebiasedT

    Raises
    ------
    ValueError
        As :func:`fold_periods`.

    Notes
    -----
    A synthetic control fits its own pre-period too well and is biased after it. The gap in the block that
    a fit has not seen measures that bias, and is taken away: :math:`\hat\tau_k = \bar u_{post} -
    \bar u_{H_k}`. With :math:`\hat\tau` their mean and s their standard deviation,
    :math:`\sqrt{K}(\hat\tau - \tau) / (s\sqrt{1 + Kr/T_1})` is t with K - 1 degrees of freedom in the
    limit of long stationary series.

    References
    ----------
    Chernozhukov V, Wüthrich K, Zhu Y (2024), A t-test for synthetic controls, arXiv:1812.10820.

    Examples
    --------
    >>> gaps = np.array([0.0, 1.0, 0.5, -1.0, -0.5, 0.0, 5.0, 5.0])
    >>> test = debiased_t_test(lambda periods: gaps, n_periods=8, start=6)
    >>> test.estimate, test.df, test.fold_estimates
    (5.0, 2, array([4.5 , 5.25, 5.25]))
    """
    blocks = fold_periods(n_periods, start=start, folds=folds)
    estimates = np.empty(folds)
    for k, block in enumerate(blocks):
        gaps = fit(np.setdiff1d(np.arange(start), block))
        estimates[k] = gaps[start:].mean() - gaps[block].mean()
    inflation = 1 + folds * blocks.shape[1] / (n_periods - start)
    error = float(np.sqrt(inflation / folds) * estimates.std(ddof=1))
    centre = float(estimates.mean())
    p = float(t_p_value(t_statistic(np.array(centre), np.array(error)), folds - 1))
    return DebiasedT(centre, error, folds - 1, p, estimates)


def _random_sums(sizes: np.ndarray, length: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Sum sizes over random sets of periods, each as long as the time after the start."""
    chosen = np.argpartition(rng.random((draws, len(sizes))), length - 1, axis=1)[:, :length]
    return np.asarray(sizes[chosen].sum(axis=1))
