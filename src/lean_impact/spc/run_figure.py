"""Draw a run chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lean_impact.drawing import INK, SLATE, VIOLET, new_axes
from lean_impact.spc.chart_figure import SMALL, TARGET, day_number, time_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.spc.run_result import RunResult

__all__ = ["draw"]


def draw(chart: RunResult, *, ax: Axes | None = None) -> Axes:
    """Draw a run chart on axes.

    Parameters
    ----------
    chart : RunResult
        What to draw.
    ax : Axes, optional
        Where to draw; a new figure of 9 x 3.6 inches if not given.

    Returns
    -------
    Axes
        The axes that were drawn on.
    """
    ax = new_axes(ax, width=9, height=3.6)
    ax.plot(chart.periods, chart.judged, color=SLATE, linewidth=1, marker="o", markersize=4, zorder=3)
    for number, test in enumerate(chart.tests, 1):
        at = chart.phase == number
        style = (0, (6, 3)) if test.signal else "-"
        ax.plot(chart.periods[at], chart.centre[at], color=INK, linewidth=1.4, linestyle=style, zorder=2)
        if test.long_run:
            _mark_run(chart, ax, at)
    if np.isfinite(chart.target_line).any():
        ax.step(chart.periods, chart.target_line, where="post", color=TARGET, linewidth=1.2, linestyle=":")
    _label(chart, ax)
    return ax


def _mark_run(chart: RunResult, ax: Axes, at: np.ndarray) -> None:
    """Fill the points of the longest run, which is what gives the signal."""
    test = chart.tests[int(chart.phase[at][0]) - 1]
    first, last = np.datetime64(test.run_start, "D"), np.datetime64(test.run_end, "D")
    off = np.isfinite(chart.judged) & (np.sign(chart.judged - chart.centre) == test.run_side)
    mark = at & off & (chart.periods >= first) & (chart.periods <= last)
    ax.plot(
        chart.periods[mark],
        chart.judged[mark],
        linestyle="none",
        marker="s",
        markersize=5.2,
        markerfacecolor=VIOLET,
        markeredgecolor=SLATE,
        zorder=4,
        label="longest run, longer than chance gives",
    )


def _label(chart: RunResult, ax: Axes) -> None:
    known = np.isfinite(chart.centre)
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.05 * (high - low), high + 0.12 * (high - low))
    if known.any():
        value = float(chart.centre[known][-1])
        _name(ax, value, f"median {chart.measure.format(value)}", INK)
    if np.isfinite(chart.target_line[-1]):
        _name(
            ax,
            float(chart.target_line[-1]),
            f"target {chart.measure.format(float(chart.target_line[-1]))}",
            TARGET,
        )
    for record in chart.rebases:
        ax.axvline(day_number(record.date), color=INK, linewidth=1.0, linestyle="-.", zorder=1)
    time_axis(chart.measure, ax)
    ax.set_title(chart.title, loc="left", fontsize=10, color=INK, parse_math=False)
    ax.set_ylabel(chart.measure.unit, fontsize=8, color=INK, parse_math=False)
    ax.set_xlabel(f"Run chart, rule set {chart.rule_set}", loc="left", fontsize=SMALL, color=INK)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(loc="upper right", frameon=False, fontsize=SMALL)


def _name(ax: Axes, value: float, words: str, colour: str) -> None:
    ax.annotate(
        words,
        (1.0, value),
        xycoords=("axes fraction", "data"),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        color=colour,
        annotation_clip=False,
        parse_math=False,
    )
