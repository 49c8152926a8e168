r"""Arithmetic of a specification curve: the same question under every declared combination of choices."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import NamedTuple

import numpy as np

__all__ = ["CurveSummary", "Influence", "curve_order", "influence", "summarise_curve"]

_MOST_DIMENSIONS = 12


class CurveSummary(NamedTuple):
    """What the estimates of all specifications have in common.

    Attributes
    ----------
    median, lowest, highest : float
        Of the estimates, in their unit.
    share_up, share_down : float
        Share of specifications whose interval lies wholly above, or wholly below, the null value.
    share_same_sign : float
        Share of estimates on the same side of the null value as the median; 0 if the median is the null
        value.
    """

    median: float
    lowest: float
    highest: float
    share_up: float
    share_down: float
    share_same_sign: float


class Influence(NamedTuple):
    """What each choice moves.

    Attributes
    ----------
    counts : tuple of ndarray of int
        For each dimension, how many specifications take each option.
    means : tuple of ndarray of float64
        For each dimension, the plain mean of the estimates under each option.
    shifts : tuple of ndarray of float64
        For each dimension, how far each option moves the estimate from the average option of that dimension,
        with all other choices held equal (main effects, averaged without weights over options). Not a number
        for a dimension that cannot be told apart from others.
    shares : ndarray of float64, shape (n_dimensions,)
        Share of the variance of the estimates that each dimension explains; they add up to what main effects
        explain together, and the rest is interaction.
    separate : ndarray of bool, shape (n_dimensions,)
        Whether the effect of the dimension can be told apart from the others.
    """

    counts: tuple[np.ndarray, ...]
    means: tuple[np.ndarray, ...]
    shifts: tuple[np.ndarray, ...]
    shares: np.ndarray
    separate: np.ndarray


def curve_order(estimates: np.ndarray) -> np.ndarray:
    """Return the positions of the estimates from the lowest to the highest; ties keep their order.

    Parameters
    ----------
    estimates : ndarray of float64, shape (n_specifications,)
        One for each specification.

    Returns
    -------
    ndarray of int, shape (n_specifications,)

    Examples
    --------
    >>> curve_order(np.array([2.0, 1.0, 2.0])).tolist()
    [1, 0, 2]
    """
    return np.argsort(_finite(estimates), kind="stable")


def summarise_curve(
    estimates: np.ndarray, lower: np.ndarray, upper: np.ndarray, *, null: float = 0.0
) -> CurveSummary:
    """Summarise the estimates of all specifications.

    Parameters
    ----------
    estimates, lower, upper : ndarray of float64, shape (n_specifications,)
        Estimates and their intervals; ends may be infinite.
    null : float
        Value that means no effect.

    Returns
    -------
    CurveSummary

    Raises
    ------
    ValueError
        If there is no specification, shapes differ, an estimate is not finite or an end is missing.

    Examples
    --------
    >>> summarise_curve(np.array([1.0, 2.0, -1.0]), np.array([0.5, -1.0, -3.0]), np.array([1.5, 5.0, 1.0]))
    CurveSummary(median=1.0, lowest=-1.0, highest=2.0, share_up=0.3333333333333333, share_down=0.0, \
share_same_sign=0.6666666666666666)
    """
    value = _finite(estimates)
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    if low.shape != value.shape or high.shape != value.shape or np.isnan(low).any() or np.isnan(high).any():
        raise ValueError("every specification needs both ends of its interval")
    median = float(np.median(value))
    same = np.sign(value - null) == np.sign(median - null) if median != null else np.zeros(len(value))
    return CurveSummary(
        median,
        float(value.min()),
        float(value.max()),
        float((low > null).mean()),
        float((high < null).mean()),
        float(np.mean(same)),
    )


def influence(choices: np.ndarray, estimates: np.ndarray) -> Influence:
    r"""Work out what each dimension of choice moves.

    Parameters
    ----------
    choices : ndarray of int, shape (n_specifications, n_dimensions)
        Option taken in each dimension, coded 0, 1, ... with every code in use.
    estimates : ndarray of float64, shape (n_specifications,)
        One for each specification.

    Returns
    -------
    Influence

    Raises
    ------
    ValueError
        If shapes do not fit, a code is not in use, an estimate is not finite, or there are more than 12
        dimensions.

    Notes
    -----
    Main effects are fitted by least squares. The share of a dimension is the mean, over all orders in which
    the dimensions may enter, of what it adds to the explained variance (the Shapley value of :math:`R^2`). Where
    every combination occurs equally often, it is the sum of squares between options over the total.

    References
    ----------
    Lindeman RH, Merenda PF, Gold RZ (1980), Introduction to Bivariate and Multivariate Analysis. Simonsohn U,
    Simmons JP, Nelson LD (2020), Nature Human Behaviour 4:1208-1214.

    Examples
    --------
    >>> found = influence(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([1.0, 2.0, 4.0, 5.0]))
    >>> [shift.round(12).tolist() for shift in found.shifts], found.shares.round(12).tolist()
    ([[-1.5, 1.5], [-0.5, 0.5]], [0.9, 0.1])
    """
    value = _finite(estimates)
    codes = _codes(choices, len(value))
    dimensions = range(codes.shape[1])
    blocks = [_contrasts(codes[:, k]) for k in dimensions]
    counts = tuple(np.bincount(codes[:, k]) for k in dimensions)
    means = tuple(np.bincount(codes[:, k], value) / counts[k] for k in dimensions)
    separate = np.array([_separate(blocks, k) for k in dimensions], dtype=bool)
    shifts = _shifts(blocks, value, separate)
    return Influence(counts, means, shifts, _shares(blocks, value), separate)


def _finite(estimates: np.ndarray) -> np.ndarray:
    value = np.asarray(estimates, dtype=float)
    if value.ndim != 1 or not len(value) or not np.isfinite(value).all():
        raise ValueError("a specification curve needs at least one estimate, and all of them finite")
    return value


def _codes(choices: np.ndarray, n: int) -> np.ndarray:
    codes = np.asarray(choices)
    if codes.ndim != 2 or codes.shape[0] != n or not np.issubdtype(codes.dtype, np.integer):  # noqa: PLR2004
        raise ValueError(f"choices are a table of whole numbers with {n} rows, one for each estimate")
    if codes.shape[1] > _MOST_DIMENSIONS:
        raise ValueError(f"{codes.shape[1]} dimensions of choice are more than {_MOST_DIMENSIONS}")
    for k, column in enumerate(codes.T):
        if not np.array_equal(np.unique(column), np.arange(column.max() + 1)):
            raise ValueError(
                f"the options of dimension {k} have to be coded 0, 1, ... with every code in use"
            )
    return codes


def _contrasts(column: np.ndarray) -> np.ndarray:
    """Code options so that their effects sum to 0; no column if there is one option."""
    options = int(column.max()) + 1
    coding = np.vstack([np.eye(options - 1), -np.ones((1, options - 1))])
    return np.asarray(coding[column])


def _design(blocks: list[np.ndarray], n: int) -> np.ndarray:
    return np.concatenate([np.ones((n, 1)), *blocks], axis=1)


def _separate(blocks: list[np.ndarray], k: int) -> bool:
    n = len(blocks[k])
    full = np.linalg.matrix_rank(_design(blocks, n))
    others = np.linalg.matrix_rank(_design(blocks[:k] + blocks[k + 1 :], n))
    return bool(full - others == blocks[k].shape[1])


def _shifts(blocks: list[np.ndarray], value: np.ndarray, separate: np.ndarray) -> tuple[np.ndarray, ...]:
    solution = np.linalg.lstsq(_design(blocks, len(value)), value, rcond=None)[0][1:]
    shifts, at = [], 0
    for block, known in zip(blocks, separate, strict=True):
        size = block.shape[1]
        effects = solution[at : at + size]
        full = np.append(effects, -effects.sum())
        shifts.append(full if known else np.full(size + 1, np.nan))
        at += size
    return tuple(shifts)


def _shares(blocks: list[np.ndarray], value: np.ndarray) -> np.ndarray:
    """Average what each dimension adds to the explained variance over all orders of entry."""
    k = len(blocks)
    explained = {
        chosen: _explained([blocks[i] for i in chosen], value)
        for size in range(k + 1)
        for chosen in combinations(range(k), size)
    }
    shares = np.zeros(k)
    for chosen, before in explained.items():
        weight = (
            factorial(len(chosen)) * factorial(k - len(chosen) - 1) / factorial(k) if len(chosen) < k else 0
        )
        for i in set(range(k)) - set(chosen):
            shares[i] += weight * (explained[tuple(sorted((*chosen, i)))] - before)
    return shares


def _explained(blocks: list[np.ndarray], value: np.ndarray) -> float:
    centred = value - value.mean()
    total = float(centred @ centred)
    if not blocks or total <= (1e-12 * np.abs(value).max()) ** 2 * len(value):
        return 0.0
    design = _design(blocks, len(value))
    fitted = design @ np.linalg.lstsq(design, centred, rcond=None)[0]
    return float(fitted @ fitted) / total
