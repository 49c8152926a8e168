"""The rules by which a chart is read, as one immutable object with a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from lean_impact.domain import Measure
from lean_impact.kernels import special_causes as kernel

__all__ = ["NHSRPLOTTHEDOTS_0_2", "NHS_2023", "Assurance", "RuleSet"]

Assurance = Literal["pass", "fail", "hit or miss"]
"""Whether a process as it runs now meets its target: always, never, or at random."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Say how special causes and the target are judged.

    Parameters
    ----------
    name : str
        Name that is printed on every chart.
    source : str
        Where the rules were read.
    shift_length : int
        Successive points on one side of the mean that make a shift.
    trend_length : int
        Successive rising or falling points that make a trend.
    near_includes_outside : bool
        Whether a point beyond a limit counts towards two in three.
    improvement_wins : bool
        Whether a point that signals both improvement and concern is shown as improvement; otherwise the
        order outside, trend, two in three, shift decides.
    target_on_limit_decides : bool
        Whether a target exactly on a limit is judged pass or fail, instead of hit or miss.
    min_points : int
        Fewest points in a phase that get limits at all.
    trial_below : int
        With fewer points the limits are trial limits.

    Examples
    --------
    >>> print(NHS_2023)
    NHS 2023
    """

    name: str
    source: str
    shift_length: int = 7
    trend_length: int = 7
    near_includes_outside: bool
    improvement_wins: bool
    target_on_limit_decides: bool
    min_points: int = 3
    trial_below: int = 13

    def __str__(self) -> str:
        return self.name

    def preferred_side(self, measure: Measure) -> int:
        """Return the side that is shown where a point signals on both: 1 high, -1 low, 0 neither."""
        better = {"increase": 1, "decrease": -1, "neutral": 0}[measure.improvement]
        return better if self.improvement_wins else 0

    def assurance(self, measure: Measure, *, target: float, lower: float, upper: float) -> Assurance | None:
        """Judge a target against the limits.

        Parameters
        ----------
        measure : Measure
            Says which direction is better.
        target : float
            Standard to meet, in the unit of the measure.
        lower, upper : float
            Limits; NaN if there are none.

        Returns
        -------
        {"pass", "fail", "hit or miss"} or None
            None without limits, and where no direction is better.

        Notes
        -----
        Where values do not vary at all and equal the target, the target is met: pass.

        Examples
        --------
        >>> from lean_impact.domain import Measure
        >>> measure = Measure(id="m", name="M", kind="mean", improvement="increase", dimension="quality",
        ...                   frequency="month", unit="points")
        >>> NHS_2023.assurance(measure, target=7.0, lower=8.0, upper=12.0)
        'pass'
        """
        if measure.improvement == "neutral" or not (np.isfinite(lower) and np.isfinite(upper)):
            return None
        # Distances by which the target lies beyond the better and the worse limit.
        worse, better = lower - target, target - upper
        if measure.improvement == "decrease":
            worse, better = better, worse
        rounding = float(kernel.slack(np.array(target), max(abs(lower), abs(upper))))
        decides = -rounding if self.target_on_limit_decides else rounding
        if worse > decides:
            return "pass"
        return "fail" if better > decides else "hit or miss"


NHS_2023: Final = RuleSet(
    name="NHS 2023",
    source=(
        "NHS England Making Data Count: rules as published, with the team's corrections of November 2023 "
        "(NHSRplotthedots issue 194) and the icon rule of PowerBI-SPC issue 116"
    ),
    near_includes_outside=True,
    improvement_wins=True,
    target_on_limit_decides=True,
)
"""The rules of NHS England's Making Data Count team since November 2023; the default."""

NHSRPLOTTHEDOTS_0_2: Final = RuleSet(
    name="NHSRplotthedots 0.2",
    source="R package NHSRplotthedots 0.2.2",
    near_includes_outside=False,
    improvement_wins=False,
    target_on_limit_decides=False,
    min_points=2,
)
"""The rules of the R package NHSRplotthedots 0.2, to compare with charts made by it."""
