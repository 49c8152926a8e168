"""Effects of several measures, trust by trust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lean_impact.drawing import GREY, PALE, new_axes
from lean_impact.effects.effect_figure import draw_row, key_of, style_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.pooled.three_level import ThreeLevelResult

__all__ = ["draw_three_level"]


def draw_three_level(result: ThreeLevelResult, *, ax: Axes | None, labels: Mapping[str, str]) -> Axes:
    """Draw :meth:`ThreeLevelResult.plot`."""
    rows = sorted(result.effects, key=lambda row: row[1].trust)
    ax = ax if ax is not None else new_axes(width=7.5, height=1.4 + 0.3 * (len(rows) + 1))
    names, last = [], ""
    for at, (measure, effect) in enumerate(rows):
        names.append(f"{labels.get(effect.trust, effect.trust)}, {measure}")
        if effect.trust != last and at:
            ax.axhline(at - 0.5, color=PALE, linewidth=0.8)
        last = effect.trust
        seen = not effect.estimate.covers(0.0)
        draw_row(ax, effect.estimate, at=at, scale=1.0, measure=None, visible=seen, size=6.0)
    ax.axhline(len(rows) - 0.5, color=GREY, linewidth=0.8)
    seen = not result.estimate.covers(0.0)
    draw_row(ax, result.estimate, at=len(rows), scale=1.0, measure=None, visible=seen, size=11.0)
    style_rows(
        ax,
        [*names, "Together"],
        xlabel=f"Effect, {100 * result.estimate.level:.0f}% intervals\n{key_of(None)}",
        title=result.title,
    )
    return ax
