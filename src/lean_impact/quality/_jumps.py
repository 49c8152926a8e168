"""Find lasting jumps and single outliers in a matrix of periods x trusts, net of the national movement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["Jump", "find_jumps", "find_outliers", "level_changes", "national_movement"]

Floats = NDArray[np.float64]

_MAD_TO_SD: Final = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """One jump: its column, the first row after it, and its size in the unit of the matrix."""

    column: int
    row: int
    size: float


def national_movement(matrix: Floats, *, few: int) -> Floats:
    """Return the national level relative to the first period, from the median change of all trusts.

    Parameters
    ----------
    matrix : ndarray, shape (n_periods, n_trusts)
        Figures, NaN where there are none.
    few : int
        With fewer trusts than this no movement is assumed from a period to the next.

    Returns
    -------
    ndarray, shape (n_periods,)
        Sum of the median period-to-period changes, 0 at the first period.

    Notes
    -----
    Medians of changes, not changes of medians: trusts that come and go do not move the level.
    """
    changes = np.diff(matrix, axis=0)
    steps = [
        float(np.median(row[known])) if (known := np.isfinite(row)).sum() >= few else 0.0 for row in changes
    ]
    return np.concatenate([np.zeros(1), np.cumsum(steps)])[: len(matrix)]


def level_changes(matrix: Floats, *, span: int, least: int) -> Floats:
    """Compare the level after each period's start with the level before.

    Parameters
    ----------
    matrix : ndarray, shape (n_periods, n_trusts)
        Figures, NaN where there are none.
    span : int
        Periods on either side that make up a level.
    least : int
        Fewest figures on either side.

    Returns
    -------
    ndarray, shape (n_periods, n_trusts)
        Median of ``[t, t + span)`` minus median of ``[t - span, t)``; NaN where either has too few figures.
    """
    n = len(matrix)
    around = np.full((span, matrix.shape[1]), np.nan)
    windows = np.sort(sliding_window_view(np.concatenate([around, matrix, around]), span, axis=0), axis=-1)
    there = np.isfinite(windows).sum(axis=-1)  # NaN is sorted to the end
    middle = np.stack([np.maximum(there - 1, 0) // 2, there // 2], axis=-1)
    level = np.take_along_axis(windows, middle, axis=-1).mean(axis=-1)
    level[there < least] = np.nan
    changes: Floats = level[span : span + n] - level[:n]
    return changes


def find_jumps(
    matrix: Floats, *, span: int, least: int, threshold: float, spread: float, columns: list[int]
) -> list[Jump]:
    """Find lasting changes of level, one each, at the sharpest break.

    Parameters
    ----------
    matrix : ndarray, shape (n_periods, n_trusts)
        Figures net of the national movement, NaN where there are none.
    span, least : int
        As in :func:`level_changes`.
    threshold : float
        Smallest change that counts.
    spread : float
        Multiple of the usual change over the whole matrix that it must reach as well.
    columns : list of int
        Columns to look at; the usual change is taken from all.

    Returns
    -------
    list of Jump
        By column and row.
    """
    changes = level_changes(matrix, span=span, least=least)
    known = changes[np.isfinite(changes)]
    if known.size == 0:
        return []
    usual = _MAD_TO_SD * float(np.median(np.abs(known - np.median(known))))
    enough = max(threshold, spread * usual)
    return [
        Jump(column=column, row=row, size=float(changes[row, column]))
        for column in columns
        for row in _separate(changes[:, column], _breaks(matrix[:, column]), span, enough)
    ]


def _breaks(values: Floats) -> Floats:
    """Return the change of each figure against the last one before it, NaN where there is none."""
    breaks = np.full(len(values), np.nan)
    known = np.flatnonzero(np.isfinite(values))
    breaks[known[1:]] = np.diff(values[known])
    return breaks


def _separate(changes: Floats, breaks: Floats, span: int, enough: float) -> list[int]:
    """Take the largest change, move to the sharpest break beside it, silence its surroundings, repeat."""
    left = np.where(np.isfinite(changes), changes, 0.0)
    rows = []
    while np.abs(left).max() >= enough:
        peak = int(np.abs(left).argmax())
        sign = np.sign(left[peak])
        near = np.arange(max(0, peak - span), min(len(left), peak + span + 1))
        near = near[(left[near] * sign >= enough) & np.isfinite(breaks[near])]
        at = int(near[(breaks[near] * sign).argmax()]) if near.size else peak
        rows.append(at)
        # The windows of all periods closer than a span hold this very jump.
        left[max(0, at - span) : at + span + 1] = 0.0
    return sorted(rows)


def find_outliers(matrix: Floats, *, threshold: float, columns: list[int]) -> list[Jump]:
    """Find single periods that are off the figures on both sides in the same direction.

    Parameters
    ----------
    matrix : ndarray, shape (n_periods, n_trusts)
        Figures net of the national movement, NaN where there are none.
    threshold : float
        Smallest distance from each of the two periods before and the two after.
    columns : list of int
        Columns to look at.

    Returns
    -------
    list of Jump
        By column and row; ``size`` is the smallest of these distances, with its sign.
    """
    found = []
    for column in columns:
        values = matrix[:, column]
        for t in range(1, len(values) - 1):
            before, after = values[max(0, t - 2) : t], values[t + 1 : t + 3]
            if not (np.isfinite(values[t]) and np.isfinite(before).any() and np.isfinite(after).any()):
                continue
            off = values[t] - np.concatenate([before, after])
            off = off[np.isfinite(off)]
            if np.abs(off).min() >= threshold and abs(np.sign(off).sum()) == len(off):
                found.append(Jump(column=column, row=t, size=float(off[np.abs(off).argmin()])))
    return found
