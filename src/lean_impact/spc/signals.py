"""Signals of special cause: which rule, which way, from when to when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np

from lean_impact.domain import Measure
from lean_impact.kernels import special_causes as kernel
from lean_impact.spc.rules import RuleSet

__all__ = ["RULES", "Nature", "Rule", "Side", "Signal", "find_signals", "nature_of"]

Rule = Literal["outside", "trend", "two in three", "shift"]
Side = Literal["high", "low"]
Nature = Literal["improvement", "concern", "neutral"]

RULES: Final[tuple[Rule, ...]] = ("outside", "trend", "two in three", "shift")
"""The rules in the order in which they label a point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One stretch of points that break one rule on one side.

    Parameters
    ----------
    rule : {"outside", "trend", "two in three", "shift"}
        The rule.
    side : {"high", "low"}
        Above or rising, below or falling.
    nature : {"improvement", "concern", "neutral"}
        What that means for the measure.
    start, end : date
        First and last point that the rule marks.
    confirmed : date
        Point at which the rule first was fulfilled, such as the seventh of a shift.
    n_points : int
        Number of points that the rule marks.
    phase : int
        Phase of the chart, counted from 1.

    Examples
    --------
    >>> print(Signal(rule="shift", side="low", nature="concern", start=date(2016, 1, 1),
    ...              end=date(2016, 9, 1), confirmed=date(2016, 7, 1), n_points=9, phase=1))
    shift of 9 points below the mean (concern)
    """

    rule: Rule
    side: Side
    nature: Nature
    start: date
    end: date
    confirmed: date
    n_points: int
    phase: int

    def __str__(self) -> str:
        high, n = self.side == "high", self.n_points
        above, points = "above" if high else "below", "point" if n == 1 else "points"
        words = {
            "outside": f"{n} {points} {above} the {'upper' if high else 'lower'} limit",
            "trend": f"{'rising' if high else 'falling'} trend of {n} points",
            "two in three": f"{n} points beyond two sigma {above} the mean, two in three",
            "shift": f"shift of {n} points {above} the mean",
        }
        return f"{words[self.rule]} ({self.nature})"


def nature_of(measure: Measure, side: int) -> Nature:
    """Say what a high (1) or low (-1) special cause means for a measure."""
    if measure.improvement == "neutral":
        return "neutral"
    return "improvement" if (side > 0) == (measure.improvement == "increase") else "concern"


def find_signals(
    broken: kernel.Signals,
    *,
    values: np.ndarray,
    phase: np.ndarray,
    periods: np.ndarray,
    measure: Measure,
    rules: RuleSet,
) -> tuple[Signal, ...]:
    """Gather marked points into signals, whichever rule labels them.

    Parameters
    ----------
    broken : kernels.special_causes.Signals
        Which rule each point breaks.
    values : ndarray of float64, shape (n_points,)
        Values that were judged.
    phase : ndarray of int, shape (n_points,)
        Phase of each point.
    periods : ndarray of datetime64[D], shape (n_points,)
        First day of each period.
    measure : Measure
        Says which direction is better.
    rules : RuleSet
        Says how many points confirm a rule.

    Returns
    -------
    tuple of Signal
        By start, then in the order of the rules.
    """
    needed = {"outside": 1, "trend": rules.trend_length, "two in three": 2, "shift": rules.shift_length}
    marks: tuple[tuple[Rule, np.ndarray], ...] = (
        ("outside", broken.outside),
        ("trend", broken.rising),
        ("trend", broken.falling),
        ("two in three", broken.two_in_three),
        ("shift", broken.shift),
    )
    found = [
        Signal(
            rule=rule,
            side="high" if sign > 0 else "low",
            nature=nature_of(measure, sign),
            start=periods[at[0]].item(),
            end=periods[at[-1]].item(),
            confirmed=periods[at[needed[rule] - 1]].item(),
            n_points=len(at),
            phase=int(phase[at[0]]),
        )
        for rule, mark in marks
        for sign in (1, -1)
        for at in _stretches(np.flatnonzero(mark == sign), rule, sign, values=values, phase=phase)
    ]
    return tuple(sorted(found, key=lambda signal: (signal.start, RULES.index(signal.rule))))


def _stretches(
    at: np.ndarray, rule: Rule, sign: int, *, values: np.ndarray, phase: np.ndarray
) -> list[np.ndarray]:
    """Split marked positions where the signal ends: a hole, a new phase, or a turn between two trends."""
    if len(at) == 0:
        return []
    # Two in three leaves the third point of its window unmarked, so one unmarked point is no hole.
    apart = np.diff(at) > (2 if rule == "two in three" else 1)
    apart |= np.diff(phase[at]) != 0
    if rule == "trend":
        apart |= sign * np.diff(values[at]) <= 0
    return np.split(at, np.flatnonzero(apart) + 1)
