"""What the checks share: how a law is named, and how it complains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

import numpy as np

from lean_impact.contingency import Check
from lean_impact.errors import InputError

__all__ = ["hold", "named", "refuses", "same"]

T = TypeVar("T")

_CLOSE: Final = 1e-6


def named(laws: Sequence[Callable[[T], None]], subject: T) -> Iterator[Check]:
    """Turn functions into checks of one subject, named after the functions."""
    for law in laws:
        yield Check(name=law.__name__.removeprefix("_").replace("_", " "), run=partial(law, subject))


def hold(condition: bool, what: str) -> None:  # noqa: FBT001 - reads like the assert statement that it replaces
    """Complain unless a condition holds; works under ``python -O`` too."""
    if not condition:
        raise AssertionError(what)


def same(one: Sequence[float], two: Sequence[float], what: str, *, scale: float = 0.0) -> None:
    """Complain unless two sets of numbers agree to about six digits of the largest, or of `scale`."""
    a, b = np.asarray(one, dtype="float64"), np.asarray(two, dtype="float64")
    size = max(scale, float(np.abs(np.concatenate([a, b, [0.0]])[np.isfinite([*a, *b, 0.0])]).max()))
    if a.shape != b.shape or not np.allclose(a, b, rtol=0, atol=_CLOSE * size, equal_nan=True):
        raise AssertionError(f"{what}: {a.tolist()} against {b.tolist()}")


def refuses(call: Callable[[], object]) -> InputError | None:
    """Return the InputError that a call raises; None if it raises nothing, any other error goes through."""
    try:
        call()
    except InputError as error:
        return error
    return None
