"""The result of a control chart: limits, signals, variation and assurance, with words for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from lean_impact.domain import Measure, Provenance, Summary, Window
from lean_impact.spc import chart_words
from lean_impact.spc.dependence import Dependence
from lean_impact.spc.points import BY_EVENT, LABELS, ChartKind, Phase, PointType, Variation
from lean_impact.spc.records import Baseline, Exclusion, Rebase, TargetStep
from lean_impact.spc.rules import Assurance, RuleSet
from lean_impact.spc.run_rules import ANHOEJ, RunTest
from lean_impact.spc.signals import RULES, Side, Signal, nature_of
from lean_impact.tables import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ControlChart"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ControlChart:
    """A control chart of one trust's figures on one measure; made by :class:`lean_impact.spc.XmR` and its siblings.

    Attributes
    ----------
    kind : str
        Kind of chart: ``XmR``, ``p``, ``p'``, ``u``, ``u'``, ``c``, ``g`` or ``t``.
    series : Series
        The figures that were charted.
    values : ndarray of float64, shape (n_points,)
        What is plotted: the figures, or what the chart forms from numerators and denominators; NaN where
        missing.
    rule_set : RuleSet
        How they were judged.
    screen : bool
        Whether large moving ranges were screened.
    baseline : Baseline or None
        Which points the limits were frozen to.
    rebases : tuple of Rebase
        Where new limits start, by date.
    exclusions : tuple of Exclusion
        Points left out, by date.
    targets : tuple of TargetStep
        Standards to meet, by start; empty if there is none or one for all periods.
    target_line : ndarray of float64, shape (n_points,)
        Standard to meet at each point, in the unit of the measure; NaN where there is none.
    judged : ndarray of float64, shape (n_points,)
        Values as judged: NaN where missing or excluded.
    phase : ndarray of int, shape (n_points,)
        Phase of each point, counted from 1.
    basis : ndarray of bool, shape (n_points,)
        Points that the limits rest on.
    centre, lower, upper : ndarray of float64, shape (n_points,)
        Centre line and limits; NaN where there are none. Limits from moving ranges are not clipped to what
        the measure can reach, those of counts, rates and proportions are.
    near_lower, near_upper : ndarray of float64, shape (n_points,)
        Two of the three sigma.
    rule : ndarray of int8, shape (n_points,)
        1 outside, 2 trend, 3 two in three, 4 shift, 0 none.
    side : ndarray of int8, shape (n_points,)
        1 high or rising, -1 low or falling, 0 none.
    signal_records : tuple of Signal
        Every signal of every rule, by start.
    dependence : Dependence
        Whether neighbouring points depend on each other, and whether a season recurs.
    dispersion : tuple of float
        For each phase, how many times larger the variation between periods is than chance alone gives
        (Laney's sigma z); empty for charts that do not know what chance gives.
    provenance : Provenance
        Parameters and version.
    cautions : tuple of str
        What a reader must know before acting on the chart.
    """

    kind: ChartKind
    series: Series
    values: np.ndarray
    rule_set: RuleSet
    screen: bool
    baseline: Baseline | None
    rebases: tuple[Rebase, ...]
    exclusions: tuple[Exclusion, ...]
    targets: tuple[TargetStep, ...]
    target_line: np.ndarray
    judged: np.ndarray
    phase: np.ndarray
    basis: np.ndarray
    centre: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    near_lower: np.ndarray
    near_upper: np.ndarray
    rule: np.ndarray
    side: np.ndarray
    signal_records: tuple[Signal, ...]
    dependence: Dependence
    dispersion: tuple[float, ...]
    provenance: Provenance
    cautions: tuple[str, ...]

    # ------------------------------------------------------------------ points

    @property
    def trust(self) -> str:
        """Code of the trust."""
        return self.series.trust

    @property
    def measure(self) -> Measure:
        """Definition of the measure."""
        return self.series.measure

    @property
    def by_event(self) -> bool:
        """Whether each point is an event and no period of a calendar."""
        return self.kind in BY_EVENT

    @property
    def periods(self) -> np.ndarray:
        """First day of each period, datetime64[D], shape (n_points,)."""
        return _read_only(self.series.periods.view())

    @property
    def labels(self) -> tuple[str, ...]:
        """The special cause that each point is labelled with, or its point type if there is none."""
        return tuple(
            LABELS[RULES[rule - 1], int(side)] if rule else kind
            for rule, side, kind in zip(self.rule, self.side, self.point_types, strict=True)
        )

    @property
    def point_types(self) -> tuple[PointType, ...]:
        """How each point is to be read, see :data:`~lean_impact.spc.points.PointType`."""
        return tuple(self._point_type(at) for at in range(len(self.judged)))

    def _point_type(self, at: int) -> PointType:
        if np.isnan(self.values[at]):
            return "no value"
        if np.isnan(self.judged[at]):
            return "excluded"
        if np.isnan(self.centre[at]):
            return "not judged"
        if self.rule[at] == 0:
            return "common cause"
        nature = nature_of(self.measure, int(self.side[at]))
        if nature == "neutral":
            return "neutral high" if self.side[at] > 0 else "neutral low"
        return nature

    # ------------------------------------------------------------------ what it says

    @property
    def last(self) -> int:
        """Position of the last point that was judged; the icons speak of this one."""
        return int(np.flatnonzero(np.isfinite(self.judged))[-1])

    @property
    def variation(self) -> Variation:
        """What the last judged point says: special cause of one kind, common cause, or too short."""
        kind = self._point_type(self.last)
        if kind in {"improvement", "concern", "common cause"}:
            return kind
        return "too short to judge" if kind == "not judged" else "neutral"

    @property
    def variation_side(self) -> Side | None:
        """Whether the special cause of the last judged point is high or low; None without one."""
        side = self.side[self.last]
        return None if side == 0 else "high" if side > 0 else "low"

    @property
    def target(self) -> float | None:
        """Standard to meet at the last judged point, in the unit of the measure; None if there is none."""
        value = float(self.target_line[self.last])
        return None if np.isnan(value) else value

    @property
    def runs(self) -> tuple[RunTest, ...]:
        """Anhøj's test of runs and crossings of the centre line, for each phase."""
        return tuple(
            ANHOEJ.test(self.judged[at], self.centre[at], self.periods[at])
            for at in (self.phase == number for number in range(1, int(self.phase[-1]) + 1))
        )

    @property
    def assurance(self) -> Assurance | None:
        """Whether the process as it runs meets its target; None without target, direction or limits."""
        if self.target is None:
            return None
        at = self.last
        return self.rule_set.assurance(
            self.measure, target=self.target, lower=float(self.lower[at]), upper=float(self.upper[at])
        )

    @property
    def trial(self) -> bool:
        """Whether the limits at the last judged point rest on too few points, or there are none."""
        return self.phases[int(self.phase[self.last]) - 1].trial

    @property
    def frozen(self) -> bool:
        """Whether the limits at the last judged point rest on earlier points alone."""
        return bool(self.basis.any() and not self.basis[self.last])

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The stretches with limits of their own, in order."""
        reasons = {np.datetime64(record.date, "D"): str(record) for record in self.rebases}
        found = []
        for number in range(1, int(self.phase[-1]) + 1):
            at = np.flatnonzero(self.phase == number)
            first, n_basis = at[0], int(self.basis[at].sum())
            limited = at[np.isfinite(self.upper[at])]
            now = limited[-1] if len(limited) else first
            found.append(
                Phase(
                    number=number,
                    start=self.periods[first].item(),
                    end=self.periods[at[-1]].item(),
                    n_points=int(np.isfinite(self.judged[at]).sum()),
                    n_basis=n_basis,
                    centre=float(self.centre[first]),
                    lower=float(self.lower[now]),
                    upper=float(self.upper[now]),
                    trial=n_basis < self.rule_set.trial_below,
                    reason=reasons.get(self.periods[first], ""),
                )
            )
        return tuple(found)

    def earliest_signal(self, *, after: date) -> Signal | None:
        """Return the earliest signal that holds a point on or after a date.

        Parameters
        ----------
        after : date
            For example the declared start of a programme.

        Returns
        -------
        Signal or None
            Its ``start`` is the first point of the run and may lie before the date: a change that was under
            way already, or, where it is a point or two, a run that began by chance. None if there is no
            signal from that date on.
        """
        return next((signal for signal in self.signal_records if signal.end >= after), None)

    def signals(self) -> pd.DataFrame:
        """Return every signal of every rule.

        Returns
        -------
        DataFrame
            Columns ``trust, measure, rule, side, nature, start, end, confirmed, n_points, phase,
            rule_set``, by start.
        """
        columns = ["rule", "side", "nature", "start", "end", "confirmed", "n_points", "phase"]
        frame = pd.DataFrame([asdict(signal) for signal in self.signal_records], columns=columns)
        for column in ("start", "end", "confirmed"):
            frame[column] = pd.to_datetime(frame[column]).astype("datetime64[s]")
        for column in ("n_points", "phase"):
            frame[column] = frame[column].astype("int64")
        frame.insert(0, "trust", self.trust)
        frame.insert(1, "measure", self.measure.id)
        frame["rule_set"] = str(self.rule_set)
        return frame

    def to_frame(self) -> pd.DataFrame:
        """Return the chart point by point.

        Returns
        -------
        DataFrame
            Columns ``trust, measure, period, value, flag, centre, lower, upper, near_lower, near_upper,
            phase, in_basis, label, point_type, target, rule_set``.
        """
        return pd.DataFrame(
            {
                "trust": self.trust,
                "measure": self.measure.id,
                "period": pd.DatetimeIndex(self.periods.astype("datetime64[s]")),
                "value": self.values,
                "flag": self.series.flags,
                "centre": self.centre,
                "lower": self.lower,
                "upper": self.upper,
                "near_lower": self.near_lower,
                "near_upper": self.near_upper,
                "phase": self.phase,
                "in_basis": self.basis,
                "label": self.labels,
                "point_type": self.point_types,
                "target": self.target_line,
                "rule_set": str(self.rule_set),
            }
        )

    # ------------------------------------------------------------------ words and picture

    @property
    def title(self) -> str:
        """Measure and trust."""
        return f"{self.measure.name}: {self.trust}"

    @property
    def variation_words(self) -> str:
        """The variation icon in words."""
        return chart_words.variation_words(self)

    @property
    def assurance_words(self) -> str:
        """The assurance icon in words."""
        return chart_words.assurance_words(self)

    @property
    def description(self) -> str:
        """A text alternative of the chart, starting with the kind of chart."""
        return chart_words.description_of(self)

    def summary(self) -> Summary:
        """Return the chart in words: limits, latest value, both icons, every signal, rule set, cautions."""
        return chart_words.summary_of(self)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        window: Window | None = None,
        change_points: Sequence[date] = (),
    ) -> Axes:
        """Draw the chart.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure of 9 x 3.6 inches if not given.
        window : Window, optional
            Stretch to shade, such as the window in which a programme was adopted.
        change_points : sequence of date
            Suggested change-points, drawn in a style of their own; they change no limit.

        Returns
        -------
        Axes
            The axes that were drawn on; the figure is its ``figure``.
        """
        from lean_impact.spc.chart_figure import draw  # noqa: PLC0415 - matplotlib only when something is drawn

        return draw(self, ax=ax, window=window, change_points=change_points)

    def with_cautions(self, cautions: tuple[str, ...]) -> Self:
        """Return a copy with these cautions."""
        return replace(self, cautions=cautions)


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
