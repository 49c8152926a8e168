"""What an analysis of violations of parallel trends found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from lean_impact.domain import Estimate, Measure, Provenance, Summary
from lean_impact.effects import honest_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BoundedInterval", "Restriction", "TrendSensitivity"]

Restriction = Literal["relative magnitude", "change of slope"]
"""How violations are bounded: by the steps before the start, or by how much their slope changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedInterval:
    """The interval of the effect if parallel trends fail by no more than a bound.

    Attributes
    ----------
    bound : float
        Largest step after the start as a multiple of the largest before it, or largest change of slope in the unit of
        the measure per block.
    lower, upper : float
        Ends, in the unit of the measure.
    connected : bool
        Whether the confidence set is this interval; if not, it has gaps and this is its hull.
    """

    bound: float
    lower: float
    upper: float
    connected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrendSensitivity:
    """The effect under ever weaker versions of parallel trends.

    Attributes
    ----------
    measure : Measure
        What was measured.
    method : str
        The estimator of the event study, in words.
    restriction : {"relative magnitude", "change of slope"}
        How violations are bounded.
    original : Estimate
        The effect if trends are exactly parallel.
    intervals : tuple of BoundedInterval
        One for each bound, from the smallest.
    breakdown : float
        The bound up to which no effect is excluded; 0 if it is not even excluded without violation, infinite if no
        bound that was tried suffices.
    blocks : tuple of int
        Blocks after the start, counted from 0, whose effects are averaged.
    every : int
        Periods in a block.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Origin of the figures.
    """

    measure: Measure
    method: str
    restriction: Restriction
    original: Estimate
    intervals: tuple[BoundedInterval, ...]
    breakdown: float
    blocks: tuple[int, ...]
    every: int
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def title(self) -> str:
        """One line for a chart or a heading."""
        return f"{self.measure.name}: effect if trends were not parallel"

    @property
    def description(self) -> str:
        """The chart of :meth:`plot` in words."""
        rows = "; ".join(
            f"{self.words_for(row.bound)}, {self.measure.format_range(row.lower, row.upper)}"
            for row in self.intervals
        )
        return (
            f"Intervals of the effect on {self.measure.name} from the strictest to the weakest assumption, with a "
            f"vertical line at no effect. Parallel trends, "
            f"{self.measure.format_range(self.original.lower, self.original.upper)}; {rows}."
        )

    @property
    def conclusion(self) -> str:
        """The breakdown value in one sentence."""
        name = self.measure.name
        if self.breakdown == 0:
            return f"{name}: no effect is compatible with the figures even without any violation of parallel trends."
        if np.isinf(self.breakdown):
            return (
                f"{name}: an effect remains visible under every violation of parallel trends that was tried."
            )
        return (
            f"{name}: an effect remains visible with {self.words_for(self.breakdown)}, and not beyond that."
        )

    def words_for(self, bound: float) -> str:
        """Say in words what a bound allows."""
        if self.restriction == "relative magnitude":
            return f"steps of the trend after the start of at most {bound:.2f} times the largest before it"
        return f"changes of the trend's slope of at most {self._amount(bound)} from one block to the next"

    def _amount(self, bound: float) -> str:
        if self.measure.kind == "proportion":
            return f"{100 * bound:.3g} points"
        return f"{bound:.3g} {self.measure.unit}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row for parallel trends and one for each bound.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``restriction`` ("parallel trends" in the first row), ``bound``, ``lower``, ``upper``,
            ``level``, ``excludes_zero``, ``connected``, ``breakdown``; in the unit of the measure.
        """
        first = BoundedInterval(bound=0.0, lower=self.original.lower, upper=self.original.upper)
        names = ["parallel trends", *[self.restriction] * len(self.intervals)]
        return pd.DataFrame(
            [
                {
                    "measure": self.measure.id,
                    "restriction": name,
                    "bound": row.bound,
                    "lower": row.lower,
                    "upper": row.upper,
                    "level": self.original.level,
                    "excludes_zero": not row.lower <= 0 <= row.upper,
                    "connected": row.connected,
                    "breakdown": self.breakdown,
                }
                for name, row in zip(names, (first, *self.intervals), strict=True)
            ]
        )

    def summary(self) -> Summary:
        """Say in plain words how far parallel trends may fail."""
        level = f"{100 * self.original.level:.0f}% interval"
        ends = self.measure.format_range
        lines = [
            self.conclusion,
            f"Parallel trends: {level} {ends(self.original.lower, self.original.upper)}",
            *(
                f"{self.words_for(row.bound)[:1].upper()}{self.words_for(row.bound)[1:]}: {level} "
                f"{ends(row.lower, row.upper)}"
                for row in self.intervals
            ),
            *(f"Caution: {caution}" for caution in self.cautions),
        ]
        return Summary("\n".join(lines))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the intervals, the strictest assumption on top.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
        """
        return honest_figure.draw_sensitivity(self, ax=ax)
