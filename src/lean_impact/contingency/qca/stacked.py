"""Truth tables of many draws at once: each case sorted into its configuration, each configuration judged."""

from __future__ import annotations

from typing import Final

import numpy as np

from lean_impact.contingency.qca.truth import Cuts
from lean_impact.kernels.set_fit import sufficiency

__all__ = ["NEGATIVE", "POSITIVE", "UNSEEN", "radix", "tabulated"]

NEGATIVE, POSITIVE, UNSEEN = 0, 1, 2
_AT_ONCE: Final = 2_000_000
_CRISP: Final = 2
_HALF: Final = 0.5


def tabulated(
    values: np.ndarray, outcome: np.ndarray, levels: np.ndarray, cuts: Cuts
) -> tuple[np.ndarray, np.ndarray]:
    """Sort the cases of every draw into configurations and judge these, as ``Cuts.tabulate`` does with one.

    Parameters
    ----------
    values : ndarray of float64, shape (n_draws, n_cases, n_conditions)
        Memberships.
    outcome : ndarray of float64, shape (n_draws, n_cases)
        Membership in the outcome.
    levels : ndarray of int64, shape (n_conditions,)
        Number of values of each condition.
    cuts : Cuts
        When a configuration counts as going with the outcome.

    Returns
    -------
    numbers : ndarray of int64, shape (n_draws, n_cases)
        Configuration of each case, counted from 0, -1 for a case at exactly 0.5 on some condition.
    codes : ndarray of int64, shape (n_draws, n_cases)
        What the configuration is: positive, negative or not judged.
    """
    n_draws, n, k = values.shape
    step = max(1, _AT_ONCE // (n * n))
    numbers = np.empty((n_draws, n), dtype=np.int64)
    codes = np.empty((n_draws, n), dtype=np.int64)
    crisp = levels == _CRISP
    for start in range(0, n_draws, step):
        part, y = values[start : start + step], outcome[start : start + step]
        corner = np.where(crisp, part > _HALF, part).astype(np.int64)
        housed = ~((part == _HALF) & crisp).any(axis=2)
        inside = np.ones((len(part), n, n))
        for condition in range(k):
            mine, theirs = corner[:, :, None, condition], part[:, None, :, condition]
            literal = np.where(mine > 0, theirs, 1 - theirs) if crisp[condition] else mine == theirs
            np.minimum(inside, literal, out=inside)
        fit = sufficiency(inside, y[:, None, :])
        own = np.where(housed, corner @ radix(levels), -1)
        size = (own[:, :, None] == own[:, None, :]).sum(axis=2)
        judged = cuts.codes(size, fit.consistency, np.nan_to_num(fit.pri))
        found = np.select([judged == "1", judged == "?"], [POSITIVE, UNSEEN], NEGATIVE)
        numbers[start : start + step], codes[start : start + step] = own, np.where(housed, found, UNSEEN)
    return numbers, codes


def radix(levels: np.ndarray) -> np.ndarray:
    """Return the weight of each condition in the number of a configuration, shape (n_conditions,)."""
    return np.append(np.cumprod(levels[:0:-1])[::-1], 1).astype(np.int64)
