"""Chart of an effect under ever weaker versions of parallel trends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lean_impact.domain import Estimate
from lean_impact.drawing import BLUE, GREY, ORANGE, VIOLET, new_axes
from lean_impact.effects.effect_figure import scale_of, style_rows, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.effects.honest_result import TrendSensitivity

__all__ = ["draw_sensitivity"]


def draw_sensitivity(found: TrendSensitivity, *, ax: Axes | None) -> Axes:
    """Draw :meth:`TrendSensitivity.plot`; colour tells which side of no effect an interval lies on."""
    names = ["Parallel trends", *(_name(found, row.bound) for row in found.intervals)]
    ends = [(found.original.lower, found.original.upper)]
    ends += [(row.lower, row.upper) for row in found.intervals]
    ax = ax if ax is not None else new_axes(width=7.5, height=1.3 + 0.42 * len(names))
    scale = scale_of(found.measure)
    for at, (lower, upper) in enumerate(ends):
        colour = _colour(found, lower, upper)
        ax.plot(
            [scale * lower, scale * upper],
            [at, at],
            color=colour,
            linewidth=2.4,
            marker="|",
            markersize=9,
            solid_capstyle="butt",
        )
    _mark(found.original, ax, scale, _colour(found, *ends[0]))
    style_rows(
        ax,
        names,
        xlabel=(
            f"Effect in {unit_of(found.measure)}, {100 * found.original.level:.0f}% intervals\n"
            "a line that crosses the dashed one is compatible with no effect"
        ),
        title=found.title,
    )
    return ax


def _mark(estimate: Estimate, ax: Axes, scale: float, colour: str) -> None:
    ax.plot([scale * estimate.value], [0], marker="o", color=colour, markersize=8, linestyle="none")


def _name(found: TrendSensitivity, bound: float) -> str:
    if found.restriction == "relative magnitude":
        return f"Steps up to {bound:g} × the largest before"
    if bound == 0:
        return "Straight difference in trends"
    return f"Slope changes by up to {scale_of(found.measure) * bound:.3g}"


def _colour(found: TrendSensitivity, lower: float, upper: float) -> str:
    if lower <= 0 <= upper:
        return GREY
    if found.measure.improvement == "neutral":
        return VIOLET
    return BLUE if (lower > 0) == (found.measure.improvement == "increase") else ORANGE
