"""Effects against a moderator, or the coefficients of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lean_impact.drawing import BLUE, GREY, new_axes
from lean_impact.effects.effect_figure import draw_row, key_of, scale_of, style_rows, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.pooled.meta_regression_result import MetaRegressionResult

__all__ = ["draw_meta_regression"]

POINT = "#231F20"


def draw_meta_regression(result: MetaRegressionResult, *, ax: Axes | None, labels: Mapping[str, str]) -> Axes:
    """Draw :meth:`MetaRegressionResult.plot`."""
    if len(result.moderators) == 1:
        return _scatter(result, ax=ax, labels=labels)
    return _coefficients(result, ax=ax)


def _scatter(result: MetaRegressionResult, *, ax: Axes | None, labels: Mapping[str, str]) -> Axes:
    ((name, values),) = result.moderators.items()
    ax = ax if ax is not None else new_axes(width=7.5, height=4.6)
    measure = result.measure
    scale = scale_of(measure) if measure else 1.0
    x = np.array([values[effect.trust] for effect in result.effects])
    reach = np.linspace(x.min(), x.max(), 60)
    means = [result.predict({name: float(at)}) for at in reach]
    ax.fill_between(
        reach,
        [scale * m.lower for m in means],
        [scale * m.upper for m in means],
        color=BLUE,
        alpha=0.15,
        linewidth=0,
    )
    ax.plot(reach, [scale * m.value for m in means], color=BLUE, linewidth=1.6)
    ax.axhline(0.0, color=GREY, linewidth=0.8)
    for at, effect in zip(x, result.effects, strict=True):
        estimate = effect.estimate
        ax.plot(
            [at, at], [scale * estimate.lower, scale * estimate.upper], color=POINT, linewidth=1.2, zorder=2
        )
        ax.plot([at], [scale * estimate.value], marker="o", color=POINT, markersize=6, zorder=3)
        ax.annotate(
            labels.get(effect.trust, effect.trust),
            (at, scale * estimate.value),
            xytext=(6, 4),
            textcoords="offset points",
            fontsize=8,
        )
    unit = f" in {unit_of(measure)}" if measure else ""
    ax.set_xlabel(name)
    ax.set_ylabel(f"Effect{unit}, {100 * result.level:.0f}% intervals")
    ax.set_title(result.title, loc="left", fontsize=10)
    ax.margins(x=0.12)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def _coefficients(result: MetaRegressionResult, *, ax: Axes | None) -> Axes:
    slopes = [item for item in result.coefficients if item.permutation is not None]
    ax = ax if ax is not None else new_axes(width=7.5, height=1.4 + 0.42 * len(slopes))
    measure = result.measure
    scale = scale_of(measure) if measure else 1.0
    for at, item in enumerate(slopes):
        seen = not item.estimate.covers(0.0)
        draw_row(ax, item.estimate, at=at, scale=scale, measure=measure, visible=seen, size=7.0)
    style_rows(
        ax,
        [item.name for item in slopes],
        xlabel=f"Change of the effect for one unit, {100 * result.level:.0f}% intervals\n{key_of(measure)}",
        title=result.title,
    )
    return ax
