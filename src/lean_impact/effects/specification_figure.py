"""Chart of a specification curve: estimates in order, and the choices behind each below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lean_impact.drawing import BLUE, GREY, INK, ORANGE, PALE, SLATE, VIOLET, new_axes
from lean_impact.effects.effect_figure import key_of, scale_of, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.effects.specification_result import SpecificationCurve, Specified

__all__ = ["draw_curve"]

_ROW = 0.22
_CURVE = 2.6
_GAP = 0.15
_STYLE = {
    "improvement": ("^", BLUE),
    "worsening": ("s", ORANGE),
    "rise": ("^", VIOLET),
    "fall": ("v", VIOLET),
    "none": ("o", GREY),
}


def draw_curve(curve: SpecificationCurve, *, ax: Axes | None) -> Axes:
    """Draw :meth:`SpecificationCurve.plot`."""
    rows = sum(len(curve.options(name)) for name in curve.dimensions) + len(curve.dimensions)
    below = _ROW * rows
    total = _CURVE + _GAP + below
    ax = ax if ax is not None else new_axes(width=8.5, height=0.9 + total)
    ax.set_axis_off()
    ax.set_title(curve.title, loc="left", color=INK, fontsize=11)
    top = ax.inset_axes((0.0, 1 - _CURVE / total, 1.0, _CURVE / total))
    bottom = ax.inset_axes((0.0, 0.0, 1.0, below / total))
    _draw_estimates(curve, top)
    _draw_choices(curve, bottom)
    return ax


def _draw_estimates(curve: SpecificationCurve, ax: Axes) -> None:
    scale = scale_of(curve.measure)
    ax.axhline(0.0, color=SLATE, linewidth=1.0, linestyle="--")
    for at, row in enumerate(curve.ordered):
        marker, colour = _STYLE[row.found]
        lower, value, upper = (
            scale * end for end in (row.estimate.lower, row.estimate.value, row.estimate.upper)
        )
        ax.plot([at, at], [lower, upper], color=colour, linewidth=1.2, solid_capstyle="butt")
        ax.plot([at], [value], marker=marker, color=colour, markersize=5, linestyle="none")
    ax.set_ylabel(f"Effect in {unit_of(curve.measure)}", color=INK)
    ax.set_xlim(-0.7, len(curve.rows) - 0.3)
    ax.set_xticks([])
    ax.tick_params(colors=INK)
    ax.spines[["top", "right", "bottom"]].set_visible(False)


def _draw_choices(curve: SpecificationCurve, ax: Axes) -> None:
    ordered, at, ticks, names = curve.ordered, 0, [], []
    for dimension in curve.dimensions:
        ticks.append(at)
        names.append(dimension[:1].upper() + dimension[1:])
        at += 1
        for option in curve.options(dimension):
            _draw_option(ax, ordered, dimension, option, at)
            ticks.append(at)
            names.append(f"   {option}")
            at += 1
    ax.set_yticks(ticks, labels=names)
    for label, name in zip(ax.get_yticklabels(), names, strict=True):
        label.set_fontsize(8)
        label.set_fontweight("normal" if name.startswith(" ") else "bold")
    ax.set_ylim(at - 0.5, -0.5)
    ax.set_xlim(-0.7, len(ordered) - 0.3)
    ax.set_xticks([])
    ax.set_xlabel(
        f"Specifications from the lowest estimate to the highest\n{key_of(curve.measure)}", color=INK
    )
    ax.tick_params(colors=INK, length=0)
    ax.spines[["top", "right", "bottom", "left"]].set_visible(False)


def _draw_option(ax: Axes, ordered: tuple[Specified, ...], dimension: str, option: str, at: int) -> None:
    for chosen, colour in ((False, PALE), (True, None)):
        places = [
            (x, _STYLE[row.found][1] if colour is None else colour)
            for x, row in enumerate(ordered)
            if (row.choices[dimension] == option) == chosen
        ]
        if places:
            xs, colours = zip(*places, strict=True)
            ax.scatter(xs, [at] * len(xs), s=16 if chosen else 5, c=list(colours), marker="s", linewidths=0)
