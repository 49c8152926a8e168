"""Which periods count: wholly inside a window, and not left out for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lean_impact.domain import Exclusion, Frequency, Window, period_label
from lean_impact.errors import DesignError
from lean_impact.tables.calendar import breaks_of, ends_of

__all__ = ["Split", "beyond", "ignored", "inside", "spans", "split"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A calendar divided into before and after.

    Attributes
    ----------
    pre, post : ndarray of bool, shape (n_periods,)
        Periods that count.
    straddling : ndarray of bool, shape (n_periods,)
        Periods that reach over the edge of a window and are left out.
    ignored : ndarray of bool, shape (n_periods,)
        Periods left out by an exclusion.
    """

    pre: np.ndarray
    post: np.ndarray
    straddling: np.ndarray
    ignored: np.ndarray


def inside(periods: np.ndarray, window: Window, *, frequency: Frequency) -> np.ndarray:
    """Mark the periods that lie wholly in a window."""
    start, end = np.datetime64(window.start), np.datetime64(window.end)
    mask: np.ndarray = (periods >= start) & (ends_of(periods, frequency) <= end)
    return mask


def _touching(periods: np.ndarray, window: Window, *, frequency: Frequency) -> np.ndarray:
    start, end = np.datetime64(window.start), np.datetime64(window.end)
    mask: np.ndarray = (periods < end) & (ends_of(periods, frequency) > start)
    return mask


def ignored(periods: np.ndarray, ignore: Sequence[Exclusion], *, frequency: Frequency) -> np.ndarray:
    """Mark the periods that touch any exclusion."""
    mask = np.zeros(len(periods), dtype=bool)
    for exclusion in ignore:
        mask |= _touching(periods, exclusion.window, frequency=frequency)
    return mask


def split(
    periods: np.ndarray, *, frequency: Frequency, pre: Window, post: Window, ignore: Sequence[Exclusion]
) -> Split:
    """Divide a calendar into before, after and what is left out.

    Raises
    ------
    DesignError
        If the windows overlap or stand in the wrong order.
    """
    if pre.end > post.start:
        raise DesignError(
            f"the window before ({pre.start} to before {pre.end}) does not end by the start of the "
            f"window after ({post.start} to before {post.end}); windows are half-open and must not overlap"
        )
    out = ignored(periods, ignore, frequency=frequency)
    before = inside(periods, pre, frequency=frequency)
    after = inside(periods, post, frequency=frequency)
    touched = _touching(periods, pre, frequency=frequency) | _touching(periods, post, frequency=frequency)
    return Split(
        pre=before & ~out,
        post=after & ~out,
        straddling=touched & ~before & ~after,
        ignored=(before | after) & out,
    )


def beyond(periods: np.ndarray, window: Window, *, frequency: Frequency) -> list[str]:
    """Say where a window reaches past the first or last period that the panel has."""
    sentences = []
    if np.datetime64(window.start) < periods[0]:
        sentences.append(
            f"the figures begin with {spans(periods[:1], frequency=frequency)}; the window was to begin on "
            f"{window.start}"
        )
    if np.datetime64(window.end) > ends_of(periods, frequency)[-1]:
        sentences.append(
            f"the figures end with {spans(periods[-1:], frequency=frequency)}; the window was to end before "
            f"{window.end}"
        )
    return sentences


def spans(periods: np.ndarray, *, frequency: Frequency) -> str:
    """Name periods for a reader, neighbours joined, such as ``"Mar 2015 to May 2015, Aug 2016"``."""
    if not len(periods):
        return "none"
    labels = []
    for run in np.split(periods, breaks_of(periods, frequency)):
        first, last = (period_label(run[at].item(), frequency) for at in (0, -1))
        labels.append(first if len(run) == 1 else f"{first} to {last}")
    return ", ".join(labels)
