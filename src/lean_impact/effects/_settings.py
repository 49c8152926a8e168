"""Settings that estimators share, and their check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lean_impact.domain import Weighting
from lean_impact.effects._rules import check_settings, common_settings

__all__ = ["CommonSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSettings:
    """What every estimator asks beside its own settings; see the estimators for the meaning."""

    weighting: Weighting = "equal"
    level: float = 0.95
    draws: int = 999
    calibration_groups: int = 500
    calibration_dates: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(type(self).__name__, (*self._rules(), *common_settings(self)))

    def _rules(self) -> Iterable[tuple[bool, str]]:
        """Return what is wrong with the estimator's own settings, for ``check_settings``."""
        return ()
