"""Rules for the settings of detectors; every broken one is listed."""

from __future__ import annotations

from typing import Final, Protocol

from lean_impact.errors import DesignError, Issue

__all__ = ["FEWEST_STABLE", "Settings", "check_settings", "refuse"]

FEWEST_STABLE: Final = 2000
"""Fewest stable series in a table: one series is compared with a tenth of them."""

SHORTEST_SEGMENT: Final = 2


class Settings(Protocol):
    """What all detectors of this library are set up with."""

    @property
    def seed(self) -> int: ...
    @property
    def false_alarm(self) -> float: ...
    @property
    def level(self) -> float: ...
    @property
    def min_size(self) -> int: ...
    @property
    def draws(self) -> int: ...


def check_settings(settings: Settings, *, further: tuple[tuple[bool, str], ...] = ()) -> None:
    """Raise a DesignError that lists every setting out of range."""
    rules = (
        (settings.seed >= 0, f"seed is {settings.seed}; give a whole number that is not negative"),
        (
            0 < settings.false_alarm < 1,
            f"false_alarm is {settings.false_alarm}; give a share between 0 and 1",
        ),
        (0 < settings.level < 1, f"level is {settings.level}; give a share between 0 and 1"),
        (
            settings.min_size >= SHORTEST_SEGMENT,
            f"min_size is {settings.min_size}; give {SHORTEST_SEGMENT} or more",
        ),
        (settings.draws >= FEWEST_STABLE, f"draws is {settings.draws}; give {FEWEST_STABLE} or more"),
        *further,
    )
    refuse("the change-point detector cannot be set up like this", rules)


def refuse(message: str, rules: tuple[tuple[bool, str], ...]) -> None:
    """Raise a DesignError with the words of every rule that does not hold."""
    issues = [Issue(rule="detector-parameter", message=words) for holds, words in rules if not holds]
    if issues:
        raise DesignError(message, issues)
