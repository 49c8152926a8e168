"""Searches for the value up to which a conclusion holds."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["first_failure"]

_BISECTIONS = 40
_PRECISION = 1e-9


def first_failure(holds: Callable[[float], bool], *, start: float, step: float, largest: float) -> float:
    """Walk up from a start until something no longer holds, then bisect the last step.

    Parameters
    ----------
    holds : callable
        From a number to whether it holds.
    start, step, largest : float
        First number; shortest step (later ones are a twentieth of the number); where to stop.

    Returns
    -------
    float
        `start` if it does not hold there, infinity if it still holds at `largest`.

    Examples
    --------
    >>> round(first_failure(lambda x: x < 1.234, start=0.0, step=0.05, largest=10.0), 6)
    1.234
    """
    if not holds(start):
        return start
    low, high = start, start + step
    while holds(high):
        if high >= largest:
            return float("inf")
        low, high = high, high + max(step, high / 20)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if not low < middle < high or high - low < _PRECISION * max(high, step):
            break
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
