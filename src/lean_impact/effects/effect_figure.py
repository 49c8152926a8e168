"""Charts of effects: by trust with intervals, and over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lean_impact.domain import Estimate, Measure
from lean_impact.drawing import BLUE, DARK_BLUE, GREY, INK, ORANGE, SLATE, VIOLET, new_axes
from lean_impact.effects.wording import verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.effects.result import EffectResult

__all__ = [
    "draw_effects",
    "draw_path",
    "draw_row",
    "key_of",
    "new_axes",
    "scale_of",
    "style_rows",
    "unit_of",
]


def scale_of(measure: Measure) -> float:
    """Return what a value is multiplied by on a chart: proportions are shown in points."""
    return 100.0 if measure.kind == "proportion" else 1.0


def unit_of(measure: Measure) -> str:
    """Return the unit of an effect as a reader would name it."""
    return "percentage points" if measure.kind == "proportion" else measure.unit


def key_of(measure: Measure | None) -> str:
    """Explain the marks in words, so that colour is never needed."""
    if measure is None or measure.improvement == "neutral":
        return "triangle: visible, upwards or downwards; dot: not visible"
    return "triangle: visibly better; square: visibly worse; dot: not visible"


def draw_row(
    ax: Axes,
    estimate: Estimate,
    *,
    at: float,
    scale: float,
    measure: Measure | None,
    visible: bool,
    size: float = 8.0,
) -> None:
    """Draw one dot with its interval; colour and shape tell the direction of an effect that is visible."""
    marker, colour = "o", GREY
    if visible:
        up = estimate.value > 0
        marker, colour = ("^" if up else "v"), VIOLET
        if measure is not None and measure.improvement != "neutral":
            better = up == (measure.improvement == "increase")
            marker, colour = (marker, BLUE) if better else ("s", ORANGE)
    lower, value, upper = (scale * end for end in (estimate.lower, estimate.value, estimate.upper))
    ax.plot([lower, upper], [at, at], color=colour, linewidth=1.8, linestyle="-", solid_capstyle="butt")
    ax.plot([value], [at], marker=marker, color=colour, markersize=size, linestyle="none")


def style_rows(ax: Axes, names: list[str], *, xlabel: str, title: str) -> None:
    """Label the rows from the top, mark no effect, and keep the frame quiet."""
    ax.axvline(0.0, color=SLATE, linewidth=1.0, linestyle="--")
    ax.set_yticks(range(len(names)), labels=names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlabel(xlabel, color=INK)
    ax.set_title(title, loc="left", color=INK, fontsize=11)
    ax.tick_params(colors=INK)
    ax.spines[["top", "right", "left"]].set_visible(False)


def draw_effects(result: EffectResult, *, ax: Axes | None, labels: Mapping[str, str]) -> Axes:
    """Draw :meth:`EffectResult.plot`."""
    rows = len(result.effects) + 1
    ax = ax if ax is not None else new_axes(width=7.5, height=1.3 + 0.42 * rows)
    scale = scale_of(result.measure)
    for at, effect in enumerate(result.effects):
        seen = not effect.estimate.covers(0.0)
        draw_row(ax, effect.estimate, at=at, scale=scale, measure=result.measure, visible=seen)
    seen = verdict(result) != "none"
    draw_row(ax, result.pooled, at=rows - 1, scale=scale, measure=result.measure, visible=seen, size=11.0)
    ax.axhline(rows - 1.5, color=GREY, linewidth=0.8)
    names = [labels.get(effect.trust, effect.trust) for effect in result.effects]
    style_rows(
        ax,
        [*names, "Together"],
        xlabel=(
            f"Effect in {unit_of(result.measure)}, {100 * result.pooled.level:.0f}% intervals\n"
            f"{key_of(result.measure)}"
        ),
        title=result.title,
    )
    return ax


def _versus(result: EffectResult) -> str:
    if result.changes is not None:
        return f"Comparison (mean of {result.n_comparison})"
    return result.path.versus[:1].upper() + result.path.versus[1:]


def draw_path(result: EffectResult, *, ax: Axes | None) -> Axes:
    """Draw :meth:`EffectResult.plot_path`."""
    from matplotlib.dates import date2num

    ax = ax if ax is not None else new_axes(width=8.0, height=3.6)
    path, scale = result.path, scale_of(result.measure)
    lines = (
        (path.comparison, SLATE, "--", "s", _versus(result)),
        (path.treated, BLUE, "-", "o", f"Treated (mean of {result.n_treated})"),
    )
    every = max(1, len(path.periods) // 12)
    if path.lower is not None and path.upper is not None:
        ax.fill_between(
            path.periods, scale * path.lower, scale * path.upper, color=SLATE, alpha=0.2, linewidth=0
        )
    for values, colour, style, marker, label in lines:
        ax.plot(
            path.periods,
            scale * values,
            color=colour,
            linestyle=style,
            marker=marker,
            markevery=every,
            markersize=4,
            linewidth=1.6,
            label=label,
        )
    start = float(date2num(result.post.start))  # type: ignore[no-untyped-call] # matplotlib types it not
    ax.axvline(start, color=DARK_BLUE, linewidth=1.2, linestyle=":")
    ax.annotate(
        "after begins",
        xy=(start, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4, -10),
        textcoords="offset points",
        color=DARK_BLUE,
        fontsize=9,
    )
    ax.set_ylabel("%" if result.measure.kind == "proportion" else result.measure.unit, rotation=0, ha="right")
    ax.set_title(result.path_title, loc="left", color=INK, fontsize=11)
    ax.tick_params(colors=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, loc="best")
    return ax
