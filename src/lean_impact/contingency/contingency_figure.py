"""Charts of the contingency room; matplotlib is imported only when one is drawn."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

from lean_impact.drawing import BLUE, DARK_BLUE, GREY, INK, ORANGE, PALE, SLATE, WHITE, bare, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.contingency.contingency import Contingency
    from lean_impact.contingency.validation import Validation

__all__ = ["draw_case_table", "draw_validation"]

_EFFECT_SHARE: Final = 0.36
_LABEL_WIDTH: Final = 34


def _appearance(lower: float, upper: float) -> tuple[str, str]:
    """Choose colour and marker: improvement or concern only where the interval leaves out 0."""
    if lower > 0:
        return BLUE, "^"
    return (ORANGE, "v") if upper < 0 else (GREY, "o")


def draw_case_table(result: Contingency, ax: Axes | None = None) -> Axes:
    """Draw conditions by trust as a grid, trusts ordered by effect, with the effects above.

    Parameters
    ----------
    result : Contingency
        What to draw.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
        The axes drawn on; it holds two panels.
    """
    effects = result.effects_frame().sort_values("effect", ascending=False, ignore_index=True)
    conditions = result.cases.conditions
    n_trusts, n_conditions = len(effects), len(conditions)
    ax = new_axes(ax, width=3.2 + 1.1 * max(n_trusts, 4), height=2.6 + 0.55 * n_conditions)
    ax.set_axis_off()
    ax.set_title(result.title, color=INK, fontsize=11, loc="left", pad=14)
    grid = ax.inset_axes((0.36, 0.14, 0.64, 0.86 - _EFFECT_SHARE))
    top = ax.inset_axes((0.36, 1.0 - _EFFECT_SHARE + 0.03, 0.64, _EFFECT_SHARE - 0.05))
    positions = range(n_trusts)

    top.axhline(0, color=SLATE, linewidth=1)
    for x, trust in enumerate(effects["trust"]):
        effect, lower, upper = (float(effects[column][x]) for column in ("effect", "lower", "upper"))
        colour, marker = _appearance(lower, upper)
        top.plot([x, x], [lower, upper], color=colour, linewidth=2, linestyle="-")
        top.plot([x], [effect], marker=marker, color=colour, markersize=8, linestyle="none", label=trust)
        top.annotate(
            f"{effect:+.3g}",
            (x, effect),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    bare(top)
    top.set(xlim=(-0.5, n_trusts - 0.5), xticks=[])
    top.set_title("Effect with its interval, up is better", fontsize=9, color=INK, loc="left")

    from matplotlib.colors import LinearSegmentedColormap, to_hex

    shades = LinearSegmentedColormap.from_list("degree", [WHITE, DARK_BLUE])
    for y, condition in enumerate(conditions):
        grid.axhline(y + 0.5, color=PALE, linewidth=0.8)
        for x, trust in zip(positions, effects["trust"], strict=True):
            reading = result.cases.cell(trust, condition.id).reading
            if reading == "unknown":
                grid.text(x, y, "?", ha="center", va="center", fontsize=13, color=ORANGE, weight="bold")
                continue
            if isinstance(reading, str):
                face = DARK_BLUE if reading == "present" else "white"
            else:
                face = to_hex(shades(reading.value))
                grid.annotate(f"{reading.value:.2f}", (x, y), xytext=(9, 0), textcoords="offset points", va="center",
                              fontsize=8, color=INK)  # fmt: skip
            grid.plot([x], [y], marker="o", markersize=11, markerfacecolor=face, markeredgecolor=DARK_BLUE,
                      markeredgewidth=1.6, linestyle="none")  # fmt: skip
    bare(grid)
    grid.set(xlim=(-0.5, n_trusts - 0.5), ylim=(n_conditions - 0.5, -0.5))
    grid.set_xticks(list(positions), list(effects["trust"]))
    names = [
        "\n".join(wrap(c.name if c.favourable else f"{c.name} (hinders)", _LABEL_WIDTH)) for c in conditions
    ]
    grid.set_yticks(range(n_conditions), names)
    key = "●  present      ○  absent      ?  not known      number  how far, from 0 to 1"
    ax.text(0.36, 0.02, key, transform=ax.transAxes, fontsize=9, color=INK)
    return ax


def draw_validation(result: Validation, ax: Axes | None = None) -> Axes:
    """Draw effect, model prediction and null prediction of every trust left out.

    Parameters
    ----------
    result : Validation
        What to draw.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    rows = result.to_frame().sort_values("effect", ignore_index=True)
    ax = new_axes(ax, width=8, height=1.6 + 0.75 * len(rows))
    model, null = f"Predicted by '{result.model}'", f"Predicted by '{result.null}'"
    series = (
        ("effect", "effect_lower", "effect_upper", "Estimated effect", DARK_BLUE, "D", "solid", 0.22),
        ("predicted", "predicted_lower", "predicted_upper", model, BLUE, "o", "solid", 0.0),
        ("null_predicted", "null_lower", "null_upper", null, SLATE, "s", "dashed", -0.22),
    )
    ax.axvline(0, color=SLATE, linewidth=1)
    for centre, lower, upper, label, colour, marker, style, shift in series:
        heights = [y + shift for y in range(len(rows))]
        ax.hlines(heights, rows[lower], rows[upper], color=colour, linestyle=style, linewidth=1.8)
        ax.plot(
            rows[centre], heights, marker=marker, color=colour, linestyle="none", label=label, markersize=7
        )
    bare(ax)
    ax.set_yticks(range(len(rows)), list(rows["trust"]))
    ax.set_ylim(-0.6, len(rows) - 0.4)
    label = f"Effect, right is better ({result.unit}), predictions with 95% intervals"
    ax.set_xlabel(label, color=INK, fontsize=9)
    ax.set_title(f"{result.title}\n{result.verdict}", color=INK, fontsize=11, loc="left")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False, fontsize=8,
              labelcolor=INK)  # fmt: skip
    return ax
