"""The result that all change-point detectors share, and its comparison with a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from lean_impact.changepoints.change import CHANGE_COLUMNS, Change, Segment, change_cells, p_value_words
from lean_impact.domain import (
    Measure,
    ProposedBoundary,
    Provenance,
    PValue,
    Summary,
    Window,
    next_period,
    period_label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ChangePoints", "Status", "Where", "WindowComparison"]

Status = Literal["judged", "too short", "constant"]
"""Whether the series could be searched; if not, why."""

Where = Literal["before", "inside", "after"]
"""Where a change lies relative to a window."""

_WHERES: Final[tuple[Where, ...]] = ("before", "inside", "after")


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
        Whether a month or quarter pattern is in the model.
    provenance : Provenance
        Detector, parameters and seed.
    cautions : tuple of str
        What a reader must know before relying on the dates.
    level : float
        Nominal coverage of the intervals of size and of the sets of dates.
    dispersion : float
        Variance over that of pure sampling, 1 for a plain binomial or Poisson; NaN without denominators.
    n_effective : float
        Independent figures that would tell as much about a level as these do; NaN if not known.
    minimal_detectable : float
        Step in the middle of the series that the search finds four times in five, in the unit of the
        measure; NaN if not known.
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
    level: float = 0.95
    dispersion: float = float("nan")
    n_effective: float = float("nan")
    minimal_detectable: float = float("nan")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per change.

        Returns
        -------
        DataFrame, shape (n_changes, 18)
            ``trust``, ``measure``, ``period``, ``level_before``, ``level_after``, ``size``, ``size_lower``,
            ``size_upper`` (unit of the measure), ``p_value``, ``p_smallest``, ``kind``, ``slope_change``,
            ``slope_lower``, ``slope_upper`` (unit per period), ``set_start``, ``set_end`` (half-open hull of
            the dates that fit), ``set_periods`` and ``set_level``; the columns are there even if no change
            is.
        """
        rows = [(self.trust, self.measure.id, *change_cells(change)) for change in self.changes]
        return pd.DataFrame(rows, columns=list(CHANGE_COLUMNS)).astype(CHANGE_COLUMNS)

    def label(self, period: date) -> str:
        """Name a period the way a reader would, such as ``Aug 2015``."""
        return period_label(period, self.measure.frequency)

    def boundaries(self) -> tuple[ProposedBoundary, ...]:
        """Offer every change as the start of a new phase of a control chart; nothing is redrawn by it."""
        return tuple(
            ProposedBoundary(
                period=change.period,
                reason_needed=f"what is known to have changed about {self.label(change.period)}, who says so and where",
                evidence=words,
            )
            for change, words in zip(self.changes, self._change_words(), strict=True)
        )

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
            where = f", date within {change.location}" if change.location is not None else ""
            what = "" if change.kind == "level" else f", change of {change.kind}"
            yield (
                f"{self.label(change.period)}: from {self.measure.format(change.before)} to "
                f"{self.measure.format(change.after)} ({self.measure.format_change(change.size)}, "
                f"{self.level:.0%} interval {ends}), {p_value_words(change.p_value)}{where}{what}"
            )

    def _verdict(self) -> str:
        if self.status == "too short":
            return "too short to judge"
        if self.status == "constant":
            return "no change: the figures are constant"
        if not self.changes:
            p_value = p_value_words(self.p_value) if self.p_value else "not tested"
            return f"no change of level stands out, {p_value}"
        of_level = " of level" if all(change.kind == "level" for change in self.changes) else ""
        return f"1 change{of_level}" if len(self.changes) == 1 else f"{len(self.changes)} changes{of_level}"

    def _noise_words(self) -> str:
        noise = (
            f"Autocorrelation within segments {self.phi:.2f} ({self.phi_lower:.2f} to {self.phi_upper:.2f})"
        )
        if np.isnan(self.false_alarm_rate):
            return noise
        return (
            f"{noise}; stable series like this one show a change in {self.false_alarm_rate:.1%} of "
            f"simulations (wanted {self.false_alarm:.1%})"
        )

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
            lines.append(f"{self._noise_words()}.")
        if self.minimal_detectable == self.minimal_detectable:
            least = self.measure.format_change(self.minimal_detectable).removeprefix("+")
            lines.append(f"A step of {least} in the middle would be found four times in five.")
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
    def probabilities(self) -> tuple[float, ...]:
        """Probability that each change really lies where its likeliest date does; NaN if not known."""
        return tuple(
            self._probability(change, place)
            for change, place in zip(self.result.changes, self.where, strict=True)
        )

    def _probability(self, change: Change, place: Where) -> float:
        if change.location is None:
            return float("nan")
        inside = change.location.mass_in(self.window)
        if place == "inside":
            return inside
        after = change.location.calendar >= np.datetime64(self.window.end)
        later = float(change.location.probability[after].sum())
        return later if place == "after" else 1.0 - inside - later

    @property
    def verdict(self) -> str:
        """``"none"``, ``"too short to judge"``, or where the changes are, such as ``"before and inside"``."""
        if self.result.status == "too short":
            return "too short to judge"
        return " and ".join(place for place in _WHERES if place in self.where) or "none"

    def to_frame(self) -> pd.DataFrame:
        """Return the table of changes with the columns ``where`` and ``where_probability``, shape (n_changes, 20)."""
        frame = self.result.to_frame()
        frame["where_probability"] = pd.Series(self.probabilities, dtype="float64", index=frame.index)
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
