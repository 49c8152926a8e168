"""How points and phases of a chart are named; shared by every chart type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from lean_impact.spc.signals import Rule

__all__ = ["BY_EVENT", "CENTRES", "CHART_NAMES", "LABELS", "ChartKind", "Phase", "PointType", "Variation"]

ChartKind = Literal["XmR", "p", "p'", "u", "u'", "c", "g", "t"]
"""Single figures; proportions, with Laney's allowance; rates, with it; counts; cases and times between events."""

BY_EVENT: Final[frozenset[ChartKind]] = frozenset({"g", "t"})
"""Charts of which each point is an event and no period of a calendar."""

CHART_NAMES: Final[dict[ChartKind, str]] = {
    "XmR": "XmR chart (individuals control chart)",
    "p": "p chart (proportions against binomial limits)",
    "p'": "p' chart (proportions, limits by Laney's method)",
    "u": "u chart (rates against Poisson limits)",
    "u'": "u' chart (rates, limits by Laney's method)",
    "c": "c chart (counts against Poisson limits)",
    "g": "g chart (cases between events)",
    "t": "t chart (time between events)",
}
"""The kind of chart in words."""

CENTRES: Final[dict[ChartKind, str]] = {
    "XmR": "mean",
    "p": "overall proportion",
    "p'": "overall proportion",
    "u": "overall rate",
    "u'": "overall rate",
    "c": "mean",
    "g": "median",
    "t": "centre",
}
"""What the centre line is called."""

Variation = Literal["improvement", "concern", "neutral", "common cause", "too short to judge"]
"""What the last point says about the process."""

PointType = Literal[
    "improvement",
    "concern",
    "neutral high",
    "neutral low",
    "common cause",
    "no value",
    "excluded",
    "not judged",
]
"""How a point is drawn; ``not judged`` if its phase has no limits."""

LABELS: Final[dict[tuple[Rule, int], str]] = {
    ("outside", 1): "above upper limit",
    ("outside", -1): "below lower limit",
    ("trend", 1): "rising trend",
    ("trend", -1): "falling trend",
    ("two in three", 1): "two in three high",
    ("two in three", -1): "two in three low",
    ("shift", 1): "shift above mean",
    ("shift", -1): "shift below mean",
}
"""The label of a point by rule and side, 1 high or rising, -1 low or falling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of the chart with limits of its own.

    Attributes
    ----------
    number : int
        Counted from 1.
    start, end : date
        First day of its first and of its last period.
    n_points : int
        Points that were judged.
    n_basis : int
        Points that the limits rest on.
    centre, lower, upper : float
        Centre line and limits, those of its last point where they vary; NaN if there are none.
    trial : bool
        Whether the limits rest on fewer points than the rule set asks for.
    reason : str
        Why it starts, empty for the first.
    """

    number: int
    start: date
    end: date
    n_points: int
    n_basis: int
    centre: float
    lower: float
    upper: float
    trial: bool
    reason: str
