"""Draw a funnel plot: shapes as well as hues, the method at its foot."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Final

import numpy as np

from lean_impact.drawing import GREY, INK, ORANGE, SLATE, VIOLET, WHITE, new_axes
from lean_impact.spc.chart_figure import SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.spc.funnel_result import Funnel

__all__ = ["draw"]

_STYLES: Final = {
    "as expected": ("o", WHITE, GREY, 4.0),
    "higher": ("^", VIOLET, SLATE, 6.0),
    "lower": ("v", VIOLET, SLATE, 6.0),
}


def draw(funnel: Funnel, *, ax: Axes | None, highlight: Mapping[str, str]) -> Axes:
    """Draw a funnel on axes.

    Parameters
    ----------
    funnel : Funnel
        What to draw.
    ax : Axes, optional
        Where to draw; a new figure of 7.5 x 4.5 inches if not given.
    highlight : mapping of str to str
        Units to name, and their labels.

    Returns
    -------
    Axes
        The axes that were drawn on.
    """
    ax = new_axes(ax, width=7.5, height=4.5)
    _curves(funnel, ax)
    _units(funnel, ax)
    _named(funnel, ax, highlight)
    _axes(funnel, ax)
    return ax


def _curves(funnel: Funnel, ax: Axes) -> None:
    grid, limits = funnel.curves
    ax.axhline(funnel.target, color=INK, linewidth=1.2, zorder=2)
    for pair, style, name in (
        (limits[:2], (0, (6, 3)), "95% limits"),
        (limits[2:], (0, (1.5, 1.5)), "99.8% limits"),
    ):
        for at, limit in enumerate(pair):
            ax.plot(
                grid, limit, color=SLATE, linewidth=1.1, linestyle=style, label=None if at else name, zorder=2
            )


def _units(funnel: Funnel, ax: Axes) -> None:
    places = np.array(funnel.positions)
    for place, (marker, face, edge, size) in _STYLES.items():
        at = places == place
        if at.any():
            ax.plot(
                funnel.denominators[at],
                funnel.ratios[at],
                linestyle="none",
                marker=marker,
                markersize=size,
                markerfacecolor=face,
                markeredgecolor=edge,
                markeredgewidth=0.8,
                zorder=3,
                label=f"{place} ({int(at.sum())})",
            )


def _named(funnel: Funnel, ax: Axes, highlight: Mapping[str, str]) -> None:
    for at, unit in enumerate(funnel.counts.units):
        if unit in highlight and np.isfinite(funnel.ratios[at]):
            ax.plot(
                funnel.denominators[at],
                funnel.ratios[at],
                linestyle="none",
                marker="s",
                markersize=9,
                markerfacecolor="none",
                markeredgecolor=ORANGE,
                markeredgewidth=1.6,
                zorder=4,
            )
            ax.annotate(
                highlight[unit],
                (funnel.denominators[at], funnel.ratios[at]),
                xytext=(7, 5),
                textcoords="offset points",
                fontsize=SMALL,
                color=INK,
                zorder=5,
                parse_math=False,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
            )


def _axes(funnel: Funnel, ax: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    shown = funnel.ratios[np.isfinite(funnel.ratios)]
    grid, limits = funnel.curves
    middle = [limit[len(grid) // 4 :] for limit in limits[:2]]
    low = min(float(shown.min()), *(float(np.nanmin(part)) for part in middle))
    high = max(float(shown.max()), *(float(np.nanmax(part)) for part in middle))
    room = 0.06 * (high - low)
    ax.set_ylim(max(low - room, 0.0) if low >= 0 else low - room, high + room)
    if funnel.measure.kind == "proportion":
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.tick_params(labelsize=8, colors=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(funnel.title, loc="left", fontsize=10, color=INK, pad=20, parse_math=False)
    ax.set_ylabel(funnel.measure.unit, fontsize=8, color=INK, parse_math=False)
    below = funnel.measure.denominator or "denominator"
    caption = fill(funnel.caption, 110)
    ax.set_xlabel(f"{below}\n{caption}", loc="left", fontsize=SMALL, color=INK, parse_math=False)
    ax.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=5,
        frameon=False,
        fontsize=SMALL,
        handletextpad=0.3,
        columnspacing=1.0,
        labelcolor=INK,
    )
