"""A chart with its season and autocorrelation taken out, to stand beside the plain one and never alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lean_impact.domain import Summary, Window
from lean_impact.domain.period import PER_YEAR
from lean_impact.errors import DesignError
from lean_impact.kernels import season as kernel
from lean_impact.spc.control_chart import ControlChart
from lean_impact.spc.xmr import XmR
from lean_impact.tables import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Beside", "beside"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """A plain chart, and the same with season and autocorrelation taken out; made by :func:`beside`.

    Attributes
    ----------
    plain : ControlChart
        The chart as it is.
    adjusted : ControlChart
        An XmR chart of what season and the period before do not foretell, about the same centre lines.
    season_removed : bool
        Whether a season was taken out.
    autocorrelation_removed : float
        Lag-one autocorrelation that was taken out; 0 if none was.
    """

    plain: ControlChart
    adjusted: ControlChart
    season_removed: bool
    autocorrelation_removed: float

    @property
    def changed(self) -> bool:
        """Whether there was anything to take out."""
        return self.season_removed or self.autocorrelation_removed > 0

    @property
    def taken_out(self) -> str:
        """What was taken out, in words."""
        parts = []
        if self.season_removed:
            parts.append("season")
        if self.autocorrelation_removed:
            parts.append(f"lag-one autocorrelation of {self.autocorrelation_removed:.2f}")
        return " and ".join(parts) or "nothing: no season and no autocorrelation clear of chance"

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before comparing the two."""
        if not self.changed:
            return ()
        words = (
            f"Taken out of the adjusted chart: {self.taken_out}, estimated from the very points that the limits "
            "rest on. The plain chart shows what patients met; the adjusted one what was unusual for the time."
        )
        phi = self.autocorrelation_removed
        if not phi:
            return (words,)
        lasting = (
            f"In the adjusted chart a lasting change shows in full in its first period only and then as "
            f"{100 * (1 - phi):.0f}% of its size: it finds fewer false signals, and fewer lasting changes. A shift "
            "or trend among the points behind the limits looks like autocorrelation and is taken out with it."
        )
        return words, lasting

    @property
    def title(self) -> str:
        """Title of the plain chart."""
        return self.plain.title

    @property
    def description(self) -> str:
        """A text alternative of both charts."""
        one, two = self.plain, self.adjusted
        return (
            f"Two control charts, one above the other. Plain: {one.description} Adjusted, taken out: "
            f"{self.taken_out}. Variation: {two.variation_words}. Signals: {len(two.signal_records)}, against "
            f"{len(one.signal_records)} in the plain chart."
        )

    def summary(self) -> Summary:
        """Return what the adjustment changes."""
        lines = [
            f"Taken out: {self.taken_out}",
            f"Plain: {self.plain.variation}, {len(self.plain.signal_records)} signals",
            f"Adjusted: {self.adjusted.variation}, {len(self.adjusted.signal_records)} signals",
            *(f"Caution: {words}" for words in self.cautions),
        ]
        return Summary("\n".join(lines))

    def to_frame(self) -> pd.DataFrame:
        """Return both charts point by point; column ``adjusted`` tells them apart."""
        frames = [chart.to_frame() for chart in (self.plain, self.adjusted)]
        for frame, flag in zip(frames, (False, True), strict=True):
            frame.insert(2, "adjusted", flag)
        return pd.concat(frames, ignore_index=True)

    def plot(
        self,
        figure: Figure | None = None,
        *,
        window: Window | None = None,
        change_points: Sequence[date] = (),
    ) -> Figure:
        """Draw both charts, one above the other.

        Parameters
        ----------
        figure : Figure, optional
            Where to draw; a new one of 9 x 7 inches if not given.
        window : Window, optional
            Stretch to shade, such as the window in which a programme was adopted.
        change_points : sequence of date
            Suggested change-points; they change no limit.

        Returns
        -------
        Figure
            The figure that was drawn on.
        """
        from lean_impact.spc.adjusted_figure import draw  # noqa: PLC0415 - matplotlib only when something is drawn

        return draw(self, figure=figure, window=window, change_points=change_points)


def beside(chart: ControlChart) -> Beside:
    """Take season and autocorrelation out of a chart, if there are any, to show beside it.

    Parameters
    ----------
    chart : ControlChart
        A chart of figures on a calendar.

    Returns
    -------
    Beside
        Both charts. If there is nothing to take out the adjusted chart holds the plain figures.

    Raises
    ------
    DesignError
        For charts of cases or time between events, which have no calendar.

    Notes
    -----
    With centre c, season s and autocorrelation r of the points behind the limits, d = y - s - c, the adjusted
    figure is c + (d_t - r d_(t-1)); after a gap of g periods c + (d_t - r^g d_(t-g)) / sqrt(1 + r^2 + ... + r^(2g-2)).
    Season and autocorrelation are taken out only if clear of chance. The target is left out: it is set for
    figures as they are.

    References
    ----------
    Alwan, L. C. and Roberts, H. V. (1988). Time-series modeling for statistical process control. *Journal of
    Business & Economic Statistics* 6(1), 87-95.

    Examples
    --------
    >>> from lean_impact.domain import Measure
    >>> measure = Measure(id="wait", name="Mean wait", kind="mean", improvement="decrease",
    ...                   dimension="quality", frequency="month", unit="minutes")
    >>> months = np.arange("2015-01", "2020-01", dtype="datetime64[M]").astype("datetime64[D]")
    >>> winter = 60 + 8 * np.cos(np.arange(60) / 12 * 2 * np.pi) + np.random.default_rng(1).normal(0, 2, 60)
    >>> none = np.full(60, np.nan)
    >>> series = Series(trust="RTP", measure=measure, periods=months, values=winter, numerators=none,
    ...                 denominators=none, flags=np.full(60, "published"))
    >>> both = beside(XmR().chart(series))
    >>> both.season_removed, len(both.plain.signal_records) > len(both.adjusted.signal_records)
    (True, True)
    """
    if chart.by_event:
        raise DesignError(
            f"a {chart.kind} chart has one point an event and no calendar: there is no season to take out"
        )
    found = chart.dependence
    values = np.where(np.isfinite(chart.values), chart.values, np.nan)
    if found.seasonal:
        per_year = PER_YEAR[chart.measure.frequency]
        basis = chart.basis & np.isfinite(chart.centre)
        values = values - kernel.season_effects(chart.judged - chart.centre, per_year=per_year, basis=basis)
    if found.to_adjust:
        values = _surprises(chart, values, found.to_adjust)
    measure = chart.measure.model_copy(update={"name": f"{chart.measure.name}, adjusted", "target": None})
    series = replace(chart.series, measure=measure, values=values)
    adjusted = XmR(rules=chart.rule_set, screen=chart.screen).chart(
        _without_counts(series), baseline=chart.baseline, rebase=chart.rebases, exclude=chart.exclusions
    )
    return Beside(
        plain=chart,
        adjusted=adjusted,
        season_removed=found.seasonal,
        autocorrelation_removed=found.to_adjust,
    )


def _surprises(chart: ControlChart, values: np.ndarray, correlation: float) -> np.ndarray:
    """Put what each point adds to its forecast on the centre line of its phase; excluded points foretell nothing."""
    out = np.where(np.isfinite(chart.judged), np.nan, values)
    for number in range(1, int(chart.phase[-1]) + 1):
        at = np.flatnonzero((chart.phase == number) & np.isfinite(chart.centre))
        if len(at):
            judged = np.where(np.isfinite(chart.judged[at]), values[at], np.nan)
            new = chart.centre[at] + kernel.innovations(judged - chart.centre[at], correlation)
            out[at] = np.where(np.isfinite(new), new, out[at])
    return out


def _without_counts(series: Series) -> Series:
    none = np.full(len(series.values), np.nan)
    return replace(series, numerators=none, denominators=none)
