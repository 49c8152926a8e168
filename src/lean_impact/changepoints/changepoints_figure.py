"""Draw a series with its levels and changes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from lean_impact.domain import Frequency, Window, next_period, period_label
from lean_impact.drawing import DARK_BLUE, GREY, INK, ORANGE, PALEST, new_axes
from lean_impact.tables.calendar import places_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.changepoints.change import Segment
    from lean_impact.changepoints.result import ChangePoints

__all__ = ["draw"]


def draw(result: ChangePoints, ax: Axes | None, *, window: Window | None) -> Axes:
    """Draw on the axes, or on those of a new figure; see :meth:`ChangePoints.plot`."""
    from matplotlib.ticker import FuncFormatter

    ax = new_axes(ax, width=9, height=4)
    measure = result.measure
    if window is not None:
        ax.axvspan(
            _x(window.start),
            _x(window.end),
            facecolor=PALEST,
            edgecolor=GREY,
            linestyle=":",
            zorder=0,
            label="Adoption window",
        )
    ax.plot(
        _x(result.periods),
        result.values,
        color=GREY,
        marker="o",
        markersize=3,
        linestyle="-",
        linewidth=0.8,
        label="Published figure",
    )
    for number, segment in enumerate(result.segments):
        ax.plot(
            [_x(segment.start), _x(segment.end)],
            _line_ends(segment, measure.frequency),
            color=DARK_BLUE,
            linewidth=2.5,
            linestyle="-",
            solid_capstyle="butt",
            label="Level without season" if number == 0 else None,
        )
    _draw_sets(result, ax)
    for number, change in enumerate(result.changes):
        ax.axvline(
            _x(change.period),
            color=ORANGE,
            linestyle="--",
            linewidth=1.2,
            label="Change found" if number == 0 else None,
        )
        ax.annotate(
            period_label(change.period, measure.frequency),
            xy=(_x(change.period), 1.0),
            xycoords=("data", "axes fraction"),
            # Neighbouring labels take turns on two lines, so that they do not cover each other.
            xytext=(3, -11 - 11 * (number % 2)),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
    ax.xaxis_date()
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: measure.format(value)))
    ax.set_title(result.title, loc="left", fontsize=10, color=INK)
    ax.set_ylabel(measure.unit, fontsize=9, color=INK)
    ax.tick_params(labelsize=8, colors=INK)
    ax.spines[["top", "right"]].set_visible(False)
    # Below the axes, where it hides neither a figure nor a change.
    ax.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=5)
    return ax


def _line_ends(segment: Segment, frequency: Frequency) -> list[float]:
    """Return the line of a segment at its first day and at the first day after it."""
    ends = np.array([segment.start, segment.end], dtype="datetime64[D]")
    rise = segment.slope * int(places_of(ends, frequency)[1]) / 2
    return [segment.level - rise, segment.level + rise]


def _draw_sets(result: ChangePoints, ax: Axes) -> None:
    """Mark every date that fits a change along the foot of the chart."""
    named = False
    for change in result.changes:
        if change.location is None:
            continue
        for period in change.location.periods:
            ax.axvspan(
                _x(period),
                _x(next_period(period, result.measure.frequency)),
                ymax=0.04,
                facecolor=ORANGE,
                alpha=0.55,
                linewidth=0,
                label=None if named else f"Dates that fit ({change.location.level:.0%})",
            )
            named = True


def _x(days: date | np.ndarray) -> Any:  # noqa: ANN401 - a number or an array of numbers, as days is
    from matplotlib.dates import date2num

    return date2num(days)  # type: ignore[no-untyped-call]  # matplotlib.dates carries no annotations
