"""What a pre-trend test found, and what it could not have found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lean_impact.domain import Estimate, Measure, Provenance, PValue, Summary
from lean_impact.effects import pretrends_figure
from lean_impact.effects.wording import p_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HiddenTrend", "PretrendResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenTrend:
    """A straight difference in trends and what it would do.

    Attributes
    ----------
    power : float
        Probability that the test detects it.
    slope : float
        Its size for each block of periods, in the unit of the measure; positive.
    bias : float
        What it adds to the effect.
    bias_if_passed : float
        What it adds to the effect among data that pass the test.
    """

    power: float
    slope: float
    bias: float
    bias_if_passed: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PretrendResult:
    """Test that trends were parallel before the programme, with what it could have detected.

    Attributes
    ----------
    measure : Measure
        What was measured.
    method : str
        The estimator of the event study, in words.
    p_value : PValue
        Of the joint test of all coefficients before the reference block.
    effect : Estimate
        Mean effect after the start, from the same event study.
    hidden : tuple of HiddenTrend
        One for each power asked for.
    times : ndarray of int, shape (n_blocks,)
        Blocks since the reference block.
    estimates, standard_errors : ndarray of float64, shape (n_blocks,)
        Event-study coefficients, in the unit of the measure.
    every : int
        Periods in a block.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Origin of the figures.
    """

    measure: Measure
    method: str
    p_value: PValue
    effect: Estimate
    hidden: tuple[HiddenTrend, ...]
    times: np.ndarray
    estimates: np.ndarray
    standard_errors: np.ndarray
    every: int
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def title(self) -> str:
        """One line for a chart or a heading."""
        return f"{self.measure.name}: before the start, and what could have been noticed"

    @property
    def description(self) -> str:
        """The chart of :meth:`plot` in words."""
        lines = "; ".join(
            f"with {100 * each.power:.0f}% probability a slope of {self.measure.format_change(each.slope)} a block"
            for each in self.hidden
        )
        return (
            f"Event-study coefficients of {self.measure.name} by block since the start, with intervals, and straight "
            f"lines that the test would have detected: {lines}. Joint test of the {int((self.times < 0).sum())} blocks "
            f"before: {p_words(self.p_value)}."
        )

    @property
    def conclusion(self) -> str:
        """What the test says and does not say, in plain words."""
        alpha = 1 - self.effect.level
        if self.p_value.value <= alpha:
            first = "trends differed visibly before the start"
        else:
            first = "no difference in trends is visible before the start"
        strongest = max(self.hidden, key=lambda each: each.power)
        return (
            f"{self.measure.name}: {first} ({p_words(self.p_value)}). A straight difference that the test detects in "
            f"{100 * strongest.power:.0f}% of cases would by itself make an effect of "
            f"{self.measure.format_change(strongest.bias)}, {self._against(strongest.bias)}."
        )

    def _against(self, bias: float) -> str:
        found = self.measure.format_change(self.effect.value)
        if abs(bias) >= abs(self.effect.value):
            return f"as large as the effect found ({found}) or larger: passing the test says little"
        return f"{100 * abs(bias / self.effect.value):.0f}% of the size of the effect found ({found})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trend that could have been detected.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``p_value``, ``power``, ``slope``, ``bias``, ``bias_if_passed``, ``effect``,
            ``periods_a_block``; slope in the unit of the measure per block.
        """
        return pd.DataFrame(
            [
                {
                    "measure": self.measure.id,
                    "p_value": self.p_value.value,
                    "power": each.power,
                    "slope": each.slope,
                    "bias": each.bias,
                    "bias_if_passed": each.bias_if_passed,
                    "effect": self.effect.value,
                    "periods_a_block": self.every,
                }
                for each in self.hidden
            ]
        )

    def summary(self) -> Summary:
        """Say in plain words what the test found and what it could not have found."""
        change = self.measure.format_change
        lines = [
            self.conclusion,
            f"{self.p_value.method}: {p_words(self.p_value)}; holds if {self.p_value.assumption}",
            *(
                f"Detected with {100 * each.power:.0f}% probability: a slope of {change(each.slope)} a block; bias "
                f"{change(each.bias)}, among data that pass the test {change(each.bias_if_passed)}"
                for each in self.hidden
            ),
            *(f"Caution: {caution}" for caution in self.cautions),
        ]
        return Summary("\n".join(lines))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the coefficients with the trends that could have been detected.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
        """
        return pretrends_figure.draw_pretrends(self, ax=ax)
