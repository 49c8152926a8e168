"""The figures of one organisation in one month, whatever layout they were published in."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ADMISSIONS",
    "ATTENDANCES",
    "BOOKED",
    "BOOKED_OVER",
    "DTA_4_TO_12",
    "DTA_OVER_4",
    "DTA_OVER_12",
    "OTHER_ADMISSIONS",
    "OVER",
    "TOTALS",
    "WITHIN",
]


def _by_type(what: str) -> tuple[str, str, str]:
    return (f"{what} type 1", f"{what} type 2", f"{what} type 3")


ATTENDANCES: Final = _by_type("attendances")
WITHIN: Final = _by_type("within 4 hours")
OVER: Final = _by_type("over 4 hours")
BOOKED: Final = _by_type("booked attendances")
BOOKED_OVER: Final = _by_type("booked over 4 hours")
ADMISSIONS: Final = _by_type("emergency admissions")

DTA_4_TO_12: Final = "waited 4 to 12 hours from decision to admit"
DTA_OVER_4: Final = "waited over 4 hours from decision to admit"
DTA_OVER_12: Final = "waited over 12 hours from decision to admit"
OTHER_ADMISSIONS: Final = "other emergency admissions"

TOTALS: Final[dict[str, tuple[str, ...]]] = {
    "total attendances": ATTENDANCES,
    "total within 4 hours": WITHIN,
    "total over 4 hours": OVER,
    "total admissions via A&E": ADMISSIONS,
    "total emergency admissions": (*ADMISSIONS, OTHER_ADMISSIONS),
}
"""Row totals that workbooks print, and the figures that they sum."""
