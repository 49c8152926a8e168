"""The result that all change-point detectors share, and its comparison with a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from lean_impact.domain import (
    Measure,
    Provenance,
    PValue,
    Summary,
    Window,
    next_period,
    period_label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Change", "ChangePoints", "Segment", "Status", "Where", "WindowComparison"]

Status = Literal["judged", "too short", "constant"]
"""Whether the series could be searched; if not, why."""

Where = Literal["before", "inside", "after"]
"""Where a change lies relative to a window."""

_WHERES: Final[tuple[Where, ...]] = ("before", "inside", "after")
_CHANGE_COLUMNS: Final = {
    "trust": "str",
    "measure": "str",
    "period": "datetime64[s]",
    "level_before": "float64",
    "level_after": "float64",
    "size": "float64",
    "size_lower": "float64",
    "size_upper": "float64",
    "p_value": "float64",
    "p_smallest": "float64",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of steady level.

    Attributes
    ----------
    start, end : date
        First day, and first day after it.
    level : float
        Seasonally adjusted mean, in the unit of the measure.
    n_observed : int
        Periods with a figure in it.
    """

    start: date
    end: date
    level: float
    n_observed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of level.

    Attributes
    ----------
    period : date
        First day of the first period of the new segment. A point estimate: the change may lie some periods
        away, the more so the smaller it is.
    before, after : float
        Level on either side, in the unit of the measure.
    lower, upper : float
        Interval of ``after - before``, valid at the level ``1 - false_alarm`` for all places at once, so it
        allows for the place having been searched for.
    p_value : PValue
        How often stable series show anything as strong anywhere.
    """

    period: date
    before: float
    after: float
    lower: float
    upper: float
    p_value: PValue

    @property
    def size(self) -> float:
        """``after - before``, in the unit of the measure."""
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChangePoints:
    """Changes of level in one series, found without knowing what happened when.

    Attributes
    ----------
    trust : str
        Trust code.
    measure : Measure
        What is measured.
    periods : ndarray of datetime64[D], shape (n_periods,)
        Calendar without holes.
    values : ndarray of float64, shape (n_periods,)
        Figures as given, NaN where missing.
    fitted : ndarray of float64, shape (n_periods,)
        Level plus season at every period; NaN if nothing could be judged.
    status : {"judged", "too short", "constant"}
        Whether the series could be searched.
    changes : tuple of Change
        By period.
    segments : tuple of Segment
        Stretches between them; empty if nothing could be judged.
    p_value : PValue or None
        For any change at all: how often stable series look as unstable as this one.
    phi, phi_lower, phi_upper : float
        Lag-1 autocorrelation within the segments, corrected for bias: median and 5th and 95th percentile of
        the autocorrelations that are compatible with the estimate. NaN if nothing could be judged.
    penalty : float
        Cost of one change in the squared unit of the measure; NaN if nothing could be judged.
    false_alarm : float
        Share of stable series in which a change is reported, as asked for.
    false_alarm_rate : float
        The same, measured on stable series simulated for this purpose; NaN if nothing could be judged.
    seasonal : bool
        Whether a month or quarter pattern was taken out.
    provenance : Provenance
        Detector, parameters and seed.
    cautions : tuple of str
        What a reader must know before relying on the dates.
    """

    trust: str
    measure: Measure
    periods: np.ndarray
    values: np.ndarray
    fitted: np.ndarray
    status: Status
    changes: tuple[Change, ...]
    segments: tuple[Segment, ...]
    p_value: PValue | None
    phi: float
    phi_lower: float
    phi_upper: float
    penalty: float
    false_alarm: float
    false_alarm_rate: float
    seasonal: bool
    provenance: Provenance
    cautions: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per change.

        Returns
        -------
        DataFrame, shape (n_changes, 10)
            ``trust``, ``measure``, ``period``, ``level_before``, ``level_after``, ``size``, ``size_lower``,
            ``size_upper`` (unit of the measure), ``p_value``, ``p_smallest``; the columns are there even if
            no change is.
        """
        rows = [
            (
                self.trust,
                self.measure.id,
                pd.Timestamp(change.period),
                change.before,
                change.after,
                change.size,
                change.lower,
                change.upper,
                change.p_value.value,
                change.p_value.smallest,
            )
            for change in self.changes
        ]
        return pd.DataFrame(rows, columns=list(_CHANGE_COLUMNS)).astype(_CHANGE_COLUMNS)

    def label(self, period: date) -> str:
        """Name a period the way a reader would, such as ``Aug 2015``."""
        return period_label(period, self.measure.frequency)

    def compare(self, window: Window) -> WindowComparison:
        """Tell which changes come before, inside and after a window.

        Parameters
        ----------
        window : Window
            Such as the adoption of a programme; a period that overlaps it counts as inside.

        Returns
        -------
        WindowComparison
            Every change with its place.
        """
        return WindowComparison(
            result=self,
            window=window,
            where=tuple(self._where(change.period, window) for change in self.changes),
        )

    def _where(self, period: date, window: Window) -> Where:
        if period >= window.end:
            return "after"
        ends = next_period(period, self.measure.frequency)
        return "inside" if ends > window.start else "before"

    @property
    def title(self) -> str:
        """Title of the chart."""
        return f"{self.trust}: {self.measure.name}, changes of level"

    def _change_words(self) -> Iterator[str]:
        for change in self.changes:
            ends = self.measure.format_range(change.lower, change.upper)
            yield (
                f"{self.label(change.period)}: from {self.measure.format(change.before)} to "
                f"{self.measure.format(change.after)} ({self.measure.format_change(change.size)}, "
                f"{1 - self.false_alarm:.0%} interval {ends}), {change.p_value}"
            )

    def _verdict(self) -> str:
        if self.status == "too short":
            return "too short to judge"
        if self.status == "constant":
            return "no change: the figures are constant"
        if not self.changes:
            return f"no change of level stands out, {self.p_value}"
        return "1 change of level" if len(self.changes) == 1 else f"{len(self.changes)} changes of level"

    @property
    def description(self) -> str:
        """The chart in words."""
        if len(self.periods) == 0:
            return f"Line chart of {self.measure.name} for {self.trust}, without any figure."
        first, last = (self.label(self.periods[i].astype(date)) for i in (0, -1))
        steps = "; ".join(self._change_words())
        return (
            f"Line chart of {self.measure.name} for {self.trust} from {first} to {last}, with the level of "
            f"each stretch as a thick line: {self._verdict()}{': ' + steps if steps else ''}."
        )

    def summary(self) -> Summary:
        """Return the finding, the noise it was judged against, and the cautions as text."""
        lines = [f"{self.trust}, {self.measure.name}: {self._verdict()}"]
        lines += [f"  {words}" for words in self._change_words()]
        if self.status == "judged":
            lines.append(
                f"Autocorrelation within segments {self.phi:.2f} ({self.phi_lower:.2f} to "
                f"{self.phi_upper:.2f}); stable series like this one show a change in "
                f"{self.false_alarm_rate:.1%} of simulations (wanted {self.false_alarm:.1%})."
            )
        return Summary("\n".join([*lines, *(f"Caution: {text}" for text in self.cautions)]))

    def plot(self, ax: Axes | None = None, *, window: Window | None = None) -> Axes:
        """Draw the figures, the level of each segment and the changes.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.
        window : Window, optional
            Shade this window, for the reader only: the dates were found without it.

        Returns
        -------
        matplotlib Axes
            What was drawn on.
        """
        from lean_impact.changepoints.changepoints_figure import draw  # noqa: PLC0415 - no matplotlib before

        return draw(self, ax, window=window)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowComparison:
    """Where the changes of a series lie relative to a window.

    Attributes
    ----------
    result : ChangePoints
        The changes.
    window : Window
        What they are compared with.
    where : tuple of {"before", "inside", "after"}
        One for each change.

    Notes
    -----
    This compares dates and nothing else. A change inside the window is no effect: the rest of the country may
    have changed in the same months.
    """

    result: ChangePoints
    window: Window
    where: tuple[Where, ...]

    def changes(self, where: Where) -> tuple[Change, ...]:
        """Return the changes before, inside or after the window."""
        pairs = zip(self.result.changes, self.where, strict=True)
        return tuple(change for change, place in pairs if place == where)

    @property
    def verdict(self) -> str:
        """``"none"``, ``"too short to judge"``, or where the changes are, such as ``"before and inside"``."""
        if self.result.status == "too short":
            return "too short to judge"
        return " and ".join(place for place in _WHERES if place in self.where) or "none"

    def to_frame(self) -> pd.DataFrame:
        """Return the table of changes with a column ``where``, shape (n_changes, 11)."""
        frame = self.result.to_frame()
        frame["where"] = pd.Series(self.where, dtype="str", index=frame.index)
        return frame

    def summary(self) -> Summary:
        """Return the comparison as text."""
        measure = self.result.measure
        between = f"{self.window.start} to before {self.window.end}"
        lines = [f"{self.result.trust}, {measure.name}, against {between}: {self.verdict}"]
        lines += [
            f"  {place}: {measure.format_change(change.size)} at {self.result.label(change.period)}"
            for change, place in zip(self.result.changes, self.where, strict=True)
        ]
        if "inside" in self.where:
            lines.append(
                "A change inside the window does not show what caused it; compare with the other trusts."
            )
        return Summary("\n".join(lines))
