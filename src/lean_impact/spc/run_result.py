"""The result of a run chart: medians, runs and crossings, with words for all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from lean_impact.domain import Measure, Provenance, Summary, period_label
from lean_impact.domain.text import capital
from lean_impact.kernels.special_causes import slack
from lean_impact.spc.records import Baseline, Exclusion, Rebase, TargetStep
from lean_impact.spc.run_rules import RunRules, RunTest
from lean_impact.tables import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["RunResult", "RunVariation"]

RunVariation = Literal["random", "improvement", "concern", "non-random", "too short to judge"]
"""What runs and crossings of the last phase say."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunResult:
    """A run chart of one trust's figures on one measure; made by :meth:`lean_impact.spc.RunChart.chart`.

    Attributes
    ----------
    series : Series
        The figures that were charted.
    rule_set : RunRules
        How they were judged.
    baseline : Baseline or None
        Which points the median was frozen to.
    rebases : tuple of Rebase
        Where a new median starts, by date.
    exclusions : tuple of Exclusion
        Points left out, by date.
    targets : tuple of TargetStep
        Standards to meet, by start; empty if there is none or one for all periods.
    target_line : ndarray of float64, shape (n_points,)
        Standard to meet at each point; NaN where there is none.
    judged : ndarray of float64, shape (n_points,)
        Values as judged: NaN where missing or excluded.
    phase : ndarray of int, shape (n_points,)
        Phase of each point, counted from 1.
    basis : ndarray of bool, shape (n_points,)
        Points that the median rests on.
    centre : ndarray of float64, shape (n_points,)
        Median; NaN where there is none.
    tests : tuple of RunTest
        Runs and crossings of each phase.
    provenance : Provenance
        Parameters and version.
    """

    series: Series
    rule_set: RunRules
    baseline: Baseline | None
    rebases: tuple[Rebase, ...]
    exclusions: tuple[Exclusion, ...]
    targets: tuple[TargetStep, ...]
    target_line: np.ndarray
    judged: np.ndarray
    phase: np.ndarray
    basis: np.ndarray
    centre: np.ndarray
    tests: tuple[RunTest, ...]
    provenance: Provenance

    @property
    def trust(self) -> str:
        """Code of the trust."""
        return self.series.trust

    @property
    def measure(self) -> Measure:
        """Definition of the measure."""
        return self.series.measure

    @property
    def periods(self) -> np.ndarray:
        """First day of each period, datetime64[D], shape (n_points,)."""
        return self.series.periods

    @property
    def variation(self) -> RunVariation:
        """What the last phase says; improvement or concern only where a long run still lasts at the last point."""
        test = self.tests[-1]
        if not test.judged:
            return "too short to judge"
        if not test.signal:
            return "random"
        if not test.long_run or self.measure.improvement == "neutral" or not self._lasts:
            return "non-random"
        better = 1 if self.measure.improvement == "increase" else -1
        return "improvement" if test.run_side == better else "concern"

    @property
    def _lasts(self) -> bool:
        """Whether the longest run of the last phase holds its last point off the line."""
        off = np.isfinite(self.judged) & ~self._on_line & (self.phase == self.phase[-1])
        last = self.periods[np.flatnonzero(off)[-1]].item()
        return bool(self.tests[-1].run_end == last)

    @property
    def _on_line(self) -> np.ndarray:
        tolerance = slack(self.judged, np.abs(np.nan_to_num(self.centre)))
        return np.asarray(np.abs(self.judged - self.centre) <= tolerance)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before acting on the chart."""
        general = (
            "A run chart sees a lasting shift and no single outlier; its rules signal on about 1 in 20 stable "
            "series of 60 independent points, and on about 1 in 3 at an autocorrelation of 0.3."
        )
        words = [general]
        if not self.tests[-1].judged:
            words.append(
                f"Too short to judge: {self.tests[-1].n_useful} points off the median, fewer than "
                f"{self.rule_set.judged_from}."
            )
        words += [f"Left out: {record}." for record in self.exclusions]
        return tuple(words)

    @property
    def title(self) -> str:
        """Measure and trust."""
        return f"{self.measure.name}: {self.trust}"

    @property
    def description(self) -> str:
        """A text alternative of the chart, starting with the kind of chart."""
        parts = [
            f"Run chart of {self.title}.",
            *self._facts(),
            *(f"New median from {record}." for record in self.rebases),
            *(f"Left out: {record}." for record in self.exclusions),
            f"Rule set: {self.rule_set}.",
        ]
        return " ".join(parts)

    def summary(self) -> Summary:
        """Return the chart in words: medians, runs and crossings, rule set, cautions."""
        lines = [f"Run chart of {self.title}", *self._facts()]
        lines += [f"New median from {record}" for record in self.rebases]
        lines += [f"Target from {step}" for step in self.targets]
        lines += [f"Rule set: {self.rule_set}", *(f"Caution: {words}" for words in self.cautions)]
        return Summary("\n".join(lines))

    def to_frame(self) -> pd.DataFrame:
        """Return the chart point by point.

        Returns
        -------
        DataFrame
            Columns ``trust, measure, period, value, flag, centre, phase, in_basis, on_line, target,
            rule_set``.
        """
        return pd.DataFrame(
            {
                "trust": self.trust,
                "measure": self.measure.id,
                "period": pd.DatetimeIndex(self.periods.astype("datetime64[s]")),
                "value": self.series.values,
                "flag": self.series.flags,
                "centre": self.centre,
                "phase": self.phase,
                "in_basis": self.basis,
                "on_line": self._on_line,
                "target": self.target_line,
                "rule_set": str(self.rule_set),
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the chart.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure of 9 x 3.6 inches if not given.

        Returns
        -------
        Axes
            The axes that were drawn on.
        """
        from lean_impact.spc.run_figure import draw  # noqa: PLC0415 - matplotlib only when something is drawn

        return draw(self, ax=ax)

    def _facts(self) -> list[str]:
        written = self.measure.format
        known = np.flatnonzero(np.isfinite(self.judged))
        first, last = (period_label(self.periods[at].item(), self.measure.frequency) for at in (0, -1))
        facts = [f"{capital(first)} to {last}, {len(known)} points."]
        for number, test in enumerate(self.tests, 1):
            at = np.flatnonzero(self.phase == number)
            since = period_label(self.periods[at[0]].item(), self.measure.frequency)
            where = f"Phase from {since}: median" if len(self.tests) > 1 else "Median"
            short = "; too short to judge" if not test.judged else ""
            facts.append(f"{where} {written(float(self.centre[at[0]]))}; {test}{short}.")
        facts.append(f"Latest value {written(float(self.judged[known[-1]]))}. Variation: {self.variation}.")
        return facts
