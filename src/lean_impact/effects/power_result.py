"""What an analysis of power found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lean_impact.domain import Measure, Provenance, Summary
from lean_impact.effects import power_figure
from lean_impact.kernels.power import DetectableEffect, power_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PowerAnalysis"]

_CURVE_POINTS = 41


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PowerAnalysis:
    """How often effects of each size would be seen, from placebo studies on real figures.

    Attributes
    ----------
    measure : Measure
        What is measured.
    method : str
        The estimator, in words.
    n_trusts : int
        Trusts without the programme that the placebo studies draw from.
    offsets : tuple of int
        Periods by which each treated trust adopts after the first.
    n_pre, n_post : int
        Periods before and from the first adoption on.
    level : float
        Coverage of the interval; an effect is seen if its interval excludes 0 on the right side.
    target : float
        Probability with which the detectable effect is seen.
    estimates, margins : ndarray of float64, shape (n_draws,)
        Estimate and half-width of its interval in each placebo study, in the unit of the measure.
    upwards, downwards : DetectableEffect
        Smallest effect in either direction, with Monte-Carlo limits.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Origin of the figures, parameters and seed.
    """

    measure: Measure
    method: str
    n_trusts: int
    offsets: tuple[int, ...]
    n_pre: int
    n_post: int
    level: float
    target: float
    estimates: np.ndarray
    margins: np.ndarray
    upwards: DetectableEffect
    downwards: DetectableEffect
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def n_draws(self) -> int:
        """Number of placebo studies."""
        return len(self.estimates)

    @property
    def false_alarm_rate(self) -> float:
        """Share of placebo studies whose interval excludes 0."""
        return float(power_curve(self.estimates, self.margins, np.zeros(1)).power[0])

    @property
    def title(self) -> str:
        """One line for a chart or a heading."""
        return f"{self.measure.name}: chance of seeing an effect with {len(self.offsets)} treated trusts"

    @property
    def description(self) -> str:
        """The chart of :meth:`plot` in words."""
        return (
            f"Line chart of the share of {self.n_draws} placebo studies that see an effect on {self.measure.name}, by "
            f"its size, with a horizontal line at {100 * self.target:.0f}%. {self.conclusion}"
        )

    @property
    def conclusion(self) -> str:
        """The smallest detectable effect in one sentence."""
        n, change = len(self.offsets), self.measure.format_change
        study = f"With {n} treated trust{'' if n == 1 else 's'}, {self.n_pre} periods before and {self.n_post} after"
        if not np.isfinite([self.upwards.effect, self.downwards.effect]).any():
            return f"{study}, no effect on {self.measure.name} would be seen in {100 * self.target:.0f}% of cases."
        return (
            f"{study}, an effect on {self.measure.name} is seen in {100 * self.target:.0f}% of cases from "
            f"{change(self.upwards.effect)} upwards or {change(self.downwards.effect)} downwards."
        )

    def to_frame(self, effects: Sequence[float] | None = None) -> pd.DataFrame:
        """Return how often effects are seen.

        Parameters
        ----------
        effects : sequence of float, optional
            Effects in the unit of the measure; if not given, an even spread to twice the detectable effect.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``effect``, ``power``, ``wrong_side`` (share that sees an effect of the other sign),
            ``monte_carlo_error``.
        """
        curve = power_curve(
            self.estimates, self.margins, self._grid() if effects is None else np.array(effects)
        )
        return pd.DataFrame(
            {
                "measure": self.measure.id,
                "effect": curve.effects,
                "power": curve.power,
                "wrong_side": curve.wrong_side,
                "monte_carlo_error": curve.error,
            }
        )

    def _grid(self) -> np.ndarray:
        ends = [abs(each.effect) for each in (self.upwards, self.downwards) if np.isfinite(each.effect)]
        reach = 2 * max(ends) if ends else 2 * float(np.abs(self.estimates).max()) or 1.0
        return np.linspace(-reach, reach, _CURVE_POINTS)

    def detectable_frame(self) -> pd.DataFrame:
        """Return the smallest detectable effects.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``direction``, ``effect``, ``size_low``, ``size_high`` (95 % Monte-Carlo limits of its
            size), ``power``, ``n_treated``, ``n_pre``, ``n_post``, ``n_draws``, ``false_alarm_rate``.
        """
        return pd.DataFrame(
            [
                {
                    "measure": self.measure.id,
                    "direction": direction,
                    "effect": found.effect,
                    "size_low": found.low,
                    "size_high": found.high,
                    "power": self.target,
                    "n_treated": len(self.offsets),
                    "n_pre": self.n_pre,
                    "n_post": self.n_post,
                    "n_draws": self.n_draws,
                    "false_alarm_rate": self.false_alarm_rate,
                }
                for direction, found in (("up", self.upwards), ("down", self.downwards))
            ]
        )

    def summary(self) -> Summary:
        """Say in plain words what could be seen."""
        limits = self.measure.format_range(self.upwards.low, self.upwards.high)
        lines = [
            self.conclusion,
            (
                f"Monte-Carlo limits of the effect upwards: {limits}, from {self.n_draws} placebo studies on "
                f"{self.n_trusts} trusts without the programme"
            ),
            (
                f"Without any effect, {100 * self.false_alarm_rate:.1f}% of the placebo studies see one "
                f"(promised: {100 * (1 - self.level):.0f}%)"
            ),
            f"Method: {self.method}",
            *(f"Caution: {caution}" for caution in self.cautions),
        ]
        return Summary("\n".join(lines))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the chance of seeing an effect against its size.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
        """
        return power_figure.draw_power(self, ax=ax)
