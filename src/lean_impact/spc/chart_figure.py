"""Draw a control chart: shapes as well as hues, every line named beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lean_impact.domain import Measure, Window
from lean_impact.drawing import BLUE, GREY, INK, ORANGE, PALEST, SLATE, VIOLET, WHITE, new_axes
from lean_impact.spc.points import CENTRES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.spc.control_chart import ControlChart
    from lean_impact.spc.points import PointType

__all__ = ["SMALL", "TARGET", "day_number", "draw", "time_axis"]

TARGET: Final = "#DE1B1B"
ADOPTION: Final = "#FFF1D6"

SMALL: Final = 7.5

# Rows for names of dates and stretches, as shares of the height of the axes; no point is drawn there.
TOP, BELOW_TOP, BOTTOM = 0.985, 0.915, 0.02

_STYLES: Final[dict[tuple[PointType, int], tuple[str, str, str, str]]] = {
    # point type and side: marker, face, edge, name in the legend
    ("improvement", 1): ("^", BLUE, SLATE, "improvement, high"),
    ("improvement", -1): ("v", BLUE, SLATE, "improvement, low"),
    ("concern", 1): ("s", ORANGE, SLATE, "concern, high"),
    ("concern", -1): ("D", ORANGE, SLATE, "concern, low"),
    ("neutral high", 1): ("^", WHITE, VIOLET, "special cause, high"),
    ("neutral low", -1): ("v", WHITE, VIOLET, "special cause, low"),
    ("common cause", 0): ("o", GREY, SLATE, "common cause"),
    ("not judged", 0): ("o", WHITE, GREY, "not judged"),
    ("excluded", 0): ("x", GREY, GREY, "left out"),
}


_LEVEL_LIMITS: Final = frozenset({"XmR", "c", "g", "t"})
"""Charts whose limits are the same for every point of a phase."""


def draw(
    chart: ControlChart,
    *,
    ax: Axes | None = None,
    window: Window | None = None,
    change_points: Sequence[date] = (),
    span: tuple[float, float] | None = None,
) -> Axes:
    """Draw a chart on axes.

    Parameters
    ----------
    chart : ControlChart
        What to draw.
    ax : Axes, optional
        Where to draw; a new figure of 9 x 3.6 inches if not given.
    window : Window, optional
        Stretch to shade as the adoption window.
    change_points : sequence of date
        Suggested change-points, drawn as dotted lines; they change no limit.
    span : tuple of float, optional
        Ends of the value axis, before room is added for names; as the figures need if not given.

    Returns
    -------
    Axes
        The axes that were drawn on.

    Notes
    -----
    Limits of a proportion are drawn no further than 0 and 1; the numbers of the chart are not changed.
    """
    ax = new_axes(ax, width=9, height=3.6)
    ax.plot(chart.periods, chart.values, color=SLATE, linewidth=1, zorder=3)
    if span is not None:
        ax.set_ylim(*span)
    _lines(chart, ax)
    _points(chart, ax)
    _shade(chart, ax, window)
    _dates(chart, ax, change_points)
    _axes(chart, ax)
    return ax


def _shade(chart: ControlChart, ax: Axes, window: Window | None) -> None:
    """Shade the baseline along the time axis and the adoption window, each labelled inside."""
    if chart.baseline is not None:
        for number in np.unique(chart.phase):
            inside = chart.periods[chart.basis & (chart.phase == number)]
            later = chart.periods[~chart.basis & np.isfinite(chart.judged) & (chart.phase == number)]
            if len(inside) and len(later):
                start, end = day_number(inside[0].item()), day_number(later[0].item())
                ax.axvspan(start, end, color=PALEST, zorder=0)
                _note(ax, start, BOTTOM, "baseline")
    if window is not None:
        ax.axvspan(
            day_number(window.start),
            day_number(window.end),
            facecolor=ADOPTION,
            edgecolor="#E3B889",
            linewidth=0.8,
            hatch="//",
            alpha=0.6,
            zorder=0,
        )
        _note(ax, day_number(window.start), BOTTOM, "adoption window")


def _lines(chart: ControlChart, ax: Axes) -> None:
    """Draw mean and limits phase by phase, so that no line joins two phases."""
    clip = (0.0, 1.0) if chart.measure.kind == "proportion" else (-np.inf, np.inf)
    for number in np.unique(chart.phase):
        at = chart.phase == number
        when = chart.periods[at]
        ax.plot(when, chart.centre[at], color=SLATE, linewidth=1.4, zorder=2)
        # Limits that vary with the denominator belong to their period: draw them as steps.
        steps = "default" if chart.kind in _LEVEL_LIMITS else "steps-mid"
        for limit in (chart.lower, chart.upper):
            ax.plot(
                when,
                np.clip(limit[at], *clip),
                color=SLATE,
                linewidth=1.1,
                linestyle=(0, (6, 3)),
                drawstyle=steps,
                zorder=2,
            )
    last = chart.phases[-1]
    named = [(CENTRES[chart.kind], last.centre), ("upper limit", last.upper), ("lower limit", last.lower)]
    if np.isfinite(chart.target_line).any():
        _target(chart, ax)
    if chart.target is not None:
        named.append(("target", chart.target))
    _name_lines(chart, ax, named, clip)


def _target(chart: ControlChart, ax: Axes) -> None:
    """Draw the target across the chart, or step by step where it varies or ends."""
    style: dict[str, Any] = {"color": TARGET, "linewidth": 1.2, "linestyle": (0, (2, 1.5)), "zorder": 2}
    if not chart.targets:
        ax.axhline(chart.target_line[0], **style)
        return
    ax.step(chart.periods, chart.target_line, where="post", **style)
    last = np.flatnonzero(np.isfinite(chart.target_line))[-1]
    if last < len(chart.target_line) - 1:
        when = day_number(chart.periods[last + 1].item())
        ax.annotate(
            "target ends",
            (when, chart.target_line[last]),
            xytext=(3, 0),
            textcoords="offset points",
            fontsize=SMALL,
            color=TARGET,
            va="center",
        )


def _name_lines(
    chart: ControlChart, ax: Axes, named: list[tuple[str, float]], clip: tuple[float, float]
) -> None:
    """Write each line's name and value at the right edge, moved apart where two would touch."""
    shown = sorted((min(max(y, clip[0]), clip[1]), y, name) for name, y in named if np.isfinite(y))
    low, high = ax.get_ylim()
    room = 0.05 * (high - low)
    at = -np.inf
    for drawn, y, name in shown:
        at = max(drawn, at + room)
        ax.annotate(
            f"{name} {chart.measure.format(y)}",
            (1.0, at),
            xycoords=("axes fraction", "data"),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=TARGET if name == "target" else INK,
            annotation_clip=False,
            parse_math=False,
        )


def _points(chart: ControlChart, ax: Axes) -> None:
    kinds = np.array(chart.point_types)
    for (kind, side), (marker, face, edge, name) in _STYLES.items():
        at = (kinds == kind) & (chart.side == side)
        if at.any():
            ax.plot(
                chart.periods[at],
                chart.values[at],
                linestyle="none",
                marker=marker,
                markersize=4 if kind == "common cause" else 5.2,
                markerfacecolor=face,
                markeredgecolor=edge,
                markeredgewidth=0.8,
                zorder=4,
                label=name,
            )


def _dates(chart: ControlChart, ax: Axes, change_points: Sequence[date]) -> None:
    """Draw declared dates solid and suggested ones dotted, each with its name."""
    if chart.baseline is not None and chart.baseline.freeze_before is not None:
        when = day_number(chart.baseline.freeze_before)
        ax.axvline(when, color=INK, linewidth=1.3, zorder=2)
        _note(ax, when, TOP, chart.baseline.label)
    for record in chart.rebases:
        when = day_number(record.date)
        ax.axvline(when, color=INK, linewidth=1.0, linestyle="-.", zorder=2)
        _note(ax, when, TOP, shorten(f"new limits: {record.reason}", 40, placeholder="..."))
    for position, day in enumerate(sorted(change_points)):
        when = day_number(day)
        ax.axvline(when, color=VIOLET, linewidth=1.4, linestyle=":", zorder=2)
        if position == 0:
            _note(
                ax,
                when,
                BELOW_TOP,
                "suggested change-point" + ("s" if len(change_points) > 1 else ""),
                VIOLET,
            )


def day_number(day: date) -> float:
    """Place a date on the time axis."""
    from matplotlib.dates import date2num

    return float(date2num(day))  # type: ignore[no-untyped-call] # matplotlib's dates are not annotated


def _note(ax: Axes, when: float, height: float, words: str, colour: str = INK) -> None:
    left, right = ax.get_xlim()
    near_end = when > left + 0.75 * (right - left)
    ax.annotate(
        words,
        (when, height),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if near_end else 3, 0),
        textcoords="offset points",
        ha="right" if near_end else "left",
        va="bottom" if height == BOTTOM else "top",
        fontsize=SMALL,
        color=colour,
        zorder=5,
        parse_math=False,
    )


def time_axis(measure: Measure, ax: Axes) -> None:
    """Format dates along the foot, and proportions as per cent along the side without ticks beyond 0 and 1."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import PercentFormatter

    # Almost five years by half years are ten intervals; with fewer ticks allowed matplotlib warns.
    locator = AutoDateLocator(maxticks=11)  # type: ignore[no-untyped-call] # not annotated there
    formatter = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call] # same
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)
    ax.margins(x=0.01)
    low, high = ax.get_ylim()
    if measure.kind == "proportion":
        ax.set_yticks([tick for tick in ax.get_yticks() if max(low, 0) <= tick <= min(high, 1)])
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    ax.tick_params(labelsize=8, colors=INK)
    ax.spines[["top", "right"]].set_visible(False)


def _axes(chart: ControlChart, ax: Axes) -> None:
    low, high = ax.get_ylim()
    time_axis(chart.measure, ax)
    ax.set_ylim(low - 0.08 * (high - low), high + 0.18 * (high - low))
    ax.set_title(chart.title, loc="left", fontsize=10, color=INK, parse_math=False)
    ax.set_ylabel(chart.measure.unit, fontsize=8, color=INK, parse_math=False)
    trial = ", trial limits" if chart.trial else ""
    ax.set_xlabel(
        f"{chart.kind} chart, rule set {chart.rule_set}{trial}", loc="left", fontsize=SMALL, color=INK
    )
    ax.legend(
        loc="upper right",
        bbox_to_anchor=(1.0, -0.07),
        ncols=5,
        frameon=False,
        fontsize=SMALL,
        handletextpad=0.2,
        columnspacing=1.0,
        labelcolor=INK,
    )
