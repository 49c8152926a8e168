"""What the checks share: how a law is named, and how it complains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

import numpy as np

from lean_impact.errors import InputError
from lean_impact.testing.check import Check

__all__ = ["hold", "named", "refuses", "same"]

T = TypeVar("T")
Numbers = Sequence[float] | np.ndarray

_CLOSE: Final = 1e-6


def named(laws: Sequence[Callable[[T], None]], subject: T) -> Iterator[Check]:
    """Turn functions into checks of one subject, named after the functions."""
    for law in laws:
        yield Check(name=law.__name__.removeprefix("_").replace("_", " "), run=partial(law, subject))


def hold(condition: bool, what: str) -> None:  # noqa: FBT001 - reads like the assert statement that it replaces
    """Complain unless a condition holds; works under ``python -O`` too."""
    if not condition:
        raise AssertionError(what)


def same(one: Numbers, two: Numbers, what: str, *, scale: float = 0.0) -> None:
    """Complain unless two sets of numbers agree to about six digits of the largest, or of `scale`."""
    a, b = np.asarray(one, dtype="float64"), np.asarray(two, dtype="float64")
    sizes = [scale, *np.abs(a[np.isfinite(a)]), *np.abs(b[np.isfinite(b)])]
    if a.shape != b.shape or not np.allclose(a, b, rtol=0, atol=_CLOSE * max(sizes), equal_nan=True):
        raise AssertionError(f"{what}: {a.tolist()} against {b.tolist()}")


def refuses(call: Callable[[], object]) -> InputError | None:
    """Return the InputError that a call raises; None if it raises nothing, any other error goes through."""
    try:
        call()
    except InputError as error:
        return error
    return None
