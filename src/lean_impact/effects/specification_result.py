"""What a specification curve shows, and how far the specifications agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from lean_impact.domain import Estimate, Measure, Provenance, PValue, Summary
from lean_impact.effects import specification_figure
from lean_impact.effects.result import EffectResult
from lean_impact.effects.wording import Verdict, cries_wolf, impossible, verdict
from lean_impact.kernels.specification import CurveSummary, Influence, curve_order, influence, summarise_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Failure", "SpecificationCurve", "Specified"]

_MOST = 0.8
_VISIBLE_MOVE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A declared specification that could not be estimated.

    Attributes
    ----------
    choices : mapping of str to str
        The option taken in each dimension.
    reason : str
        Why.
    """

    choices: Mapping[str, str]
    reason: str

    @property
    def name(self) -> str:
        """The choices in one line."""
        return ", ".join(f"{dimension} {option}" for dimension, option in self.choices.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Specified:
    """The estimate under one specification.

    Attributes
    ----------
    choices : mapping of str to str
        The option taken in each dimension.
    estimate : Estimate
        Pooled effect, in the unit of the measure.
    p_value : PValue
        That belongs to it.
    found : {"improvement", "worsening", "rise", "fall", "none"}
        What is visible; nothing is where the test cries wolf on these data or the counterfactual cannot be.
    false_alarm_rate : float
        Share of placebos that the test calls significant; NaN if not known.
    cries_wolf : bool
        Whether that is clearly more than promised.
    impossible : bool
        Whether the counterfactual lies outside what the measure allows.
    measure : str
        Identifier of the measure.
    method : str
        The estimator in words.
    """

    choices: Mapping[str, str]
    estimate: Estimate
    p_value: PValue
    found: Verdict
    false_alarm_rate: float
    cries_wolf: bool
    impossible: bool
    measure: str
    method: str

    @classmethod
    def of(cls, choices: Mapping[str, str], result: EffectResult) -> Self:
        """Take what a curve needs from a result."""
        calibration = result.calibration
        return cls(
            choices=dict(choices),
            estimate=result.pooled,
            p_value=result.p_value,
            found=verdict(result),
            false_alarm_rate=float("nan") if calibration is None else calibration.false_alarm_rate,
            cries_wolf=cries_wolf(result),
            impossible=bool(impossible(result)),
            measure=result.measure.id,
            method=result.method,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpecificationCurve:
    """The effect under every declared combination of choices.

    Attributes
    ----------
    rows : tuple of Specified
        One for each specification that could be estimated, as declared.
    failures : tuple of Failure
        Those that could not.
    measure : Measure
        What was measured (the first, if definitions of the outcome are among the choices).
    provenance : Provenance
        Origin of the figures.
    """

    rows: tuple[Specified, ...]
    failures: tuple[Failure, ...]
    measure: Measure
    provenance: Provenance

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions of choice."""
        return tuple(self.rows[0].choices)

    def options(self, dimension: str) -> tuple[str, ...]:
        """Return the options of a dimension, as declared."""
        return tuple(dict.fromkeys(row.choices[dimension] for row in self.rows))

    @property
    def ordered(self) -> tuple[Specified, ...]:
        """The specifications from the lowest estimate to the highest."""
        return tuple(self.rows[at] for at in curve_order(self._values()))

    def _values(self) -> np.ndarray:
        return np.array([row.estimate.value for row in self.rows])

    @property
    def totals(self) -> CurveSummary:
        """Median, range and shares of visible effects; intervals that nothing can be read from count as not visible."""
        ends = [
            (-np.inf, np.inf)
            if row.cries_wolf or row.impossible
            else (row.estimate.lower, row.estimate.upper)
            for row in self.rows
        ]
        lower, upper = np.array(ends).T
        return summarise_curve(self._values(), lower, upper)

    @property
    def influence(self) -> Influence:
        """What each dimension of choice moves, in the order of :attr:`dimensions`."""
        codes = np.array(
            [[self.options(name).index(row.choices[name]) for name in self.dimensions] for row in self.rows],
            dtype=int,
        )
        return influence(codes, self._values())

    @property
    def cautions(self) -> tuple[str, ...]:
        """What the reader must know."""
        unread = (
            (sum(row.cries_wolf for row in self.rows), "use a test that cries wolf on these data"),
            (sum(row.impossible for row in self.rows), "have a counterfactual outside what is possible"),
        )
        found = [f"{each.name} could not be estimated: {each.reason}" for each in self.failures]
        found += [
            f"{n} of {len(self.rows)} specifications {why}; their intervals do not count as visible effects"
            for n, why in unread
            if n
        ]
        together = [
            name
            for name, apart in zip(self.dimensions, self.influence.separate, strict=True)
            if not apart and len(self.options(name)) > 1
        ]
        if together:
            found.append(
                f"what is moved by {', '.join(together)} cannot be told apart: their options go together"
            )
        return tuple(found)

    @property
    def title(self) -> str:
        """One line for a chart or a heading."""
        return f"{self.measure.name}: effect under {len(self.rows)} specifications"

    @property
    def agreement(self) -> str:
        """How far the specifications agree, in one sentence."""
        totals, n = self.totals, len(self.rows)
        up, down = round(totals.share_up * n), round(totals.share_down * n)
        if not up and not down:
            return f"None of {n} specifications shows a visible effect."
        if up and down:
            return (
                f"The specifications contradict each other: {up} of {n} show a visible {self._word(up=True)}, "
                f"{down} a visible {self._word(up=False)}."
            )
        count, word = (up, self._word(up=True)) if up else (down, self._word(up=False))
        if count == n:
            return f"All {n} specifications show a visible {word}."
        kind = "Most" if count >= _MOST * n else "Only some"
        same = round(totals.share_same_sign * n)
        return (
            f"{kind} specifications ({count} of {n}) show a visible {word}; {same} of {n} estimates have the sign of "
            "their median."
        )

    def _word(self, *, up: bool) -> str:
        if self.measure.improvement == "neutral":
            return "rise" if up else "fall"
        return "improvement" if up == (self.measure.improvement == "increase") else "worsening"

    @property
    def drivers(self) -> str:
        """What the choices move, in one sentence, the strongest first."""
        moved = self.influence
        parts = [
            f"{name} ({100 * share:.0f}% of the variation between specifications{self._span(shift)})"
            for share, name, shift in sorted(
                zip(moved.shares, self.dimensions, moved.shifts, strict=True), key=lambda each: -each[0]
            )
            if share >= _VISIBLE_MOVE
        ]
        if not parts:
            return "No single choice moves the estimate much."
        return f"The estimate depends most on {', then on '.join(parts)}."

    def _span(self, shift: np.ndarray) -> str:
        if not np.isfinite(shift).all():
            return ""
        return f", {self.measure.format_change(float(shift.max() - shift.min()))} between its options"

    @property
    def description(self) -> str:
        """The chart of :meth:`plot` in words."""
        totals, change = self.totals, self.measure.format_change
        return (
            f"Estimates of the effect on {self.measure.name} under {len(self.rows)} specifications in ascending order, "
            f"from {change(totals.lowest)} to {change(totals.highest)}, median {change(totals.median)}, each with its "
            f"interval; below them a row for each option marks the specifications that take it. {self.agreement} "
            f"{self.drivers}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each specification, from the lowest estimate to the highest.

        Returns
        -------
        DataFrame
            Columns ``rank``, one for each dimension of choice, ``measure``, ``method``, ``estimate``,
            ``standard_error``, ``lower``, ``upper``, ``level``, ``p_value``, ``p_smallest``, ``found``,
            ``false_alarm_rate``; effects in the unit of the measure.
        """
        return pd.DataFrame(
            [
                {"rank": rank}
                | dict(row.choices)
                | {
                    "measure": row.measure,
                    "method": row.method,
                    "estimate": row.estimate.value,
                    "standard_error": row.estimate.standard_error,
                    "lower": row.estimate.lower,
                    "upper": row.estimate.upper,
                    "level": row.estimate.level,
                    "p_value": row.p_value.value,
                    "p_smallest": row.p_value.smallest,
                    "found": row.found,
                    "false_alarm_rate": row.false_alarm_rate,
                }
                for rank, row in enumerate(self.ordered, start=1)
            ]
        )

    def influence_frame(self) -> pd.DataFrame:
        """Return what each choice moves.

        Returns
        -------
        DataFrame
            One row for each option: ``dimension``, ``option``, ``n``, ``mean`` (of the estimates that take it),
            ``shift`` (how far it moves the estimate from the average option, all other choices equal; missing where
            it cannot be told apart from others), ``share`` (of the variation that the dimension explains).
        """
        moved = self.influence
        return pd.DataFrame(
            [
                {
                    "dimension": name,
                    "option": option,
                    "n": int(moved.counts[at][place]),
                    "mean": float(moved.means[at][place]),
                    "shift": float(moved.shifts[at][place]),
                    "share": float(moved.shares[at]),
                }
                for at, name in enumerate(self.dimensions)
                for place, option in enumerate(self.options(name))
            ]
        )

    def summary(self) -> Summary:
        """Say in plain words how far the specifications agree and what the choices move."""
        totals, change = self.totals, self.measure.format_change
        lines = [
            f"{self.measure.name}: {self.agreement}",
            f"Estimates from {change(totals.lowest)} to {change(totals.highest)}, median {change(totals.median)}",
            self.drivers,
            *(f"Caution: {caution}" for caution in self.cautions),
        ]
        return Summary("\n".join(lines))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimates in order with the choices below them.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given. The curve and the choices become its two inset axes.

        Returns
        -------
        Axes
        """
        return specification_figure.draw_curve(self, ax=ax)
