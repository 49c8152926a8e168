"""The forest plot of effects pooled over trusts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lean_impact.drawing import GREY, VIOLET, new_axes
from lean_impact.effects.effect_figure import draw_row, key_of, scale_of, style_rows, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.pooled.result import PooledResult

__all__ = ["draw_forest"]

_SMALLEST, _LARGEST = 5.0, 13.0


def draw_forest(result: PooledResult, *, ax: Axes | None, labels: Mapping[str, str]) -> Axes:
    """Draw :meth:`PooledResult.plot`; the area of a trust's mark grows with its weight."""
    names = [labels.get(effect.trust, effect.trust) for effect in result.effects]
    names.append("Pooled")
    if result.prediction is not None:
        names.append("A further trust")
    ax = ax if ax is not None else new_axes(width=7.5, height=1.4 + 0.42 * len(names))
    measure = result.measure
    scale = scale_of(measure) if measure else 1.0
    largest = float(result.weights.max())
    for at, (effect, weight) in enumerate(zip(result.effects, result.weights, strict=True)):
        size = _SMALLEST + (_LARGEST - _SMALLEST) * (max(float(weight), 0.0) / largest) ** 0.5
        seen = not effect.estimate.covers(0.0)
        draw_row(ax, effect.estimate, at=at, scale=scale, measure=measure, visible=seen, size=size)
    at = len(result.effects)
    ax.axhline(at - 0.5, color=GREY, linewidth=0.8)
    seen = not result.estimate.covers(0.0)
    draw_row(ax, result.estimate, at=at, scale=scale, measure=measure, visible=seen, size=_LARGEST)
    if result.prediction is not None:
        ends = [scale * result.prediction.lower, scale * result.prediction.upper]
        ax.plot(ends, [at + 1, at + 1], color=VIOLET, linewidth=1.8, linestyle=":", marker="|", markersize=9)
    unit = f" in {unit_of(measure)}" if measure else ""
    style_rows(
        ax,
        names,
        xlabel=f"Effect{unit}, {100 * result.estimate.level:.0f}% intervals\n{key_of(measure)}",
        title=result.title,
    )
    return ax
