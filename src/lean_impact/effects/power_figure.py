"""Chart of the chance of seeing an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lean_impact.drawing import BLUE, INK, SLATE, new_axes
from lean_impact.effects.effect_figure import scale_of, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.effects.power_result import PowerAnalysis

__all__ = ["draw_power"]


def draw_power(found: PowerAnalysis, *, ax: Axes | None) -> Axes:
    """Draw :meth:`PowerAnalysis.plot`."""
    ax = ax if ax is not None else new_axes(width=7.5, height=3.6)
    table, scale = found.to_frame(), scale_of(found.measure)
    effects, power, error = (table[name].to_numpy() for name in ("effect", "power", "monte_carlo_error"))
    ax.fill_between(
        scale * effects,
        100 * (power - 2 * error),
        100 * (power + 2 * error),
        color=BLUE,
        alpha=0.15,
        linewidth=0,
    )
    ax.plot(scale * effects, 100 * power, color=BLUE, linewidth=1.8)
    ax.axhline(100 * found.target, color=SLATE, linewidth=1.0, linestyle="--")
    for each in (found.upwards, found.downwards):
        if np.isfinite(each.effect):
            ax.plot([scale * each.effect], [100 * found.target], marker="o", color=BLUE, linestyle="none")
            ax.annotate(
                found.measure.format_change(each.effect),
                xy=(scale * each.effect, 100 * found.target),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                color=INK,
                fontsize=9,
            )
    ax.set_ylim(0, 105)
    ax.set_xlabel(f"True effect in {unit_of(found.measure)}", color=INK)
    ax.set_ylabel("Seen in % of studies", color=INK)
    ax.set_title(found.title, loc="left", color=INK, fontsize=11)
    ax.tick_params(colors=INK)
    ax.spines[["top", "right"]].set_visible(False)
    return ax
