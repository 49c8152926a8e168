"""What a check is: a law with a name, which runs without any test runner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A named law.

    Attributes
    ----------
    name : str
        What must hold, in short.
    run : callable
        Takes nothing; raises AssertionError with a sentence if the law is broken.
    """

    name: str
    run: Callable[[], None]
