"""Chart of an event study with the trends that a pre-trend test would have detected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lean_impact.drawing import BLUE, INK, ORANGE, SLATE, new_axes
from lean_impact.effects.effect_figure import scale_of, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.effects.pretrends_result import PretrendResult

__all__ = ["draw_pretrends"]

_STYLES = (":", "-.", "--", "-")


def draw_pretrends(found: PretrendResult, *, ax: Axes | None) -> Axes:
    """Draw :meth:`PretrendResult.plot`; lines rise or fall to the side of the effect found."""
    ax = ax if ax is not None else new_axes(width=8.0, height=3.8)
    scale = scale_of(found.measure)
    half = (found.effect.upper - found.effect.lower) / 2
    margin = half / found.effect.standard_error * found.standard_errors
    ax.errorbar(
        found.times,
        scale * found.estimates,
        yerr=scale * margin,
        fmt="o",
        color=BLUE,
        markersize=4,
        linewidth=1.4,
        label=f"Coefficient, {100 * found.effect.level:.0f}% interval",
    )
    ax.plot([0], [0], marker="s", color=SLATE, markersize=5, linestyle="none", label="Reference")
    ax.axhline(0.0, color=SLATE, linewidth=1.0, linestyle="--")
    ax.axvline(0.5, color=SLATE, linewidth=1.0, linestyle=":")
    side = 1.0 if found.effect.value >= 0 else -1.0
    ends = np.array([found.times.min(), found.times.max()])
    for at, each in enumerate(found.hidden):
        ax.plot(
            ends,
            scale * side * each.slope * ends,
            color=ORANGE,
            linewidth=1.4,
            linestyle=_STYLES[at % len(_STYLES)],
            label=f"Trend detected with {100 * each.power:.0f}% probability",
        )
    _style(found, ax)
    return ax


def _style(found: PretrendResult, ax: Axes) -> None:
    block = "period" if found.every == 1 else f"block of {found.every} periods"
    ax.set_xlabel(f"Time since the reference {block}", color=INK)
    ax.set_ylabel(f"Effect in {unit_of(found.measure)}", color=INK)
    ax.set_title(found.title, loc="left", color=INK, fontsize=11)
    ax.tick_params(colors=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
