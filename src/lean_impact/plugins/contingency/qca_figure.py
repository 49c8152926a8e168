"""The chart of qca; matplotlib is imported only when it is drawn."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

from lean_impact.domain import Reading, State
from lean_impact.drawing import BLUE, DARK_BLUE, INK, ORANGE, PALE, SLATE, WHITE, bare, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.plugins.contingency.qca_fit import QcaFit

__all__ = ["draw_configurations"]

_WORDS: Final = {"present": "in", "absent": "out", "unknown": "?"}
_DARK: Final = 0.55


def draw_configurations(result: QcaFit, ax: Axes | None = None) -> Axes:
    """Draw trusts by condition, like configurations together, with the probability of success.

    Parameters
    ----------
    result : QcaFit
        What to draw.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    from matplotlib.colors import LinearSegmentedColormap, to_hex
    from matplotlib.patches import Rectangle

    evidence, ids = result.evidence, result.ids
    chances = dict(zip(evidence.trusts, result.propagation.outcomes.chances, strict=True))
    contexts = {trust: evidence.context(trust) for trust in evidence.trusts}
    rows = {trust: tuple(_side(contexts[trust][c]) for c in ids) for trust in evidence.trusts}
    best = {row: max(chances[t] for t in rows if rows[t] == row) for row in rows.values()}
    order = sorted(evidence.trusts, key=lambda t: (-best[rows[t]], rows[t], -chances[t], t))
    width, n = len(ids), len(order)
    ax = new_axes(ax, width=3.4 + 1.1 * width, height=1.7 + 0.45 * n)
    degrees = LinearSegmentedColormap.from_list("degree", [WHITE, DARK_BLUE])
    shades = LinearSegmentedColormap.from_list("success", [WHITE, BLUE])
    for y, trust in enumerate(order):
        for x, (condition, state) in enumerate(zip(ids, rows[trust], strict=True)):
            reading = contexts[trust][condition]
            word = _WORDS[reading] if isinstance(reading, str) else f"{reading.value:.2f}"
            face = DARK_BLUE if state == "present" else "white"
            colour = {"present": "white", "absent": INK, "unknown": ORANGE}[state]
            if not isinstance(reading, str):
                face, colour = to_hex(degrees(reading.value)), "white" if reading.value > _DARK else INK
            ax.add_patch(Rectangle((x - 0.46, y - 0.42), 0.92, 0.84, facecolor=face, edgecolor=SLATE))
            weight = "bold" if state == "unknown" else "normal"
            ax.text(x, y, word, ha="center", va="center", color=colour, fontsize=9, weight=weight)
        chance = float(chances[trust])
        ax.add_patch(Rectangle((width - 0.3, y - 0.42), 1.1, 0.84, facecolor=shades(chance), edgecolor=SLATE))
        colour = "white" if chance > _DARK else INK
        ax.text(width + 0.25, y, f"{chance:.0%}", ha="center", va="center", color=colour, fontsize=9)
        if y and rows[order[y - 1]] != rows[trust]:
            ax.plot([-0.6, width + 0.9], [y - 0.5, y - 0.5], color=PALE, linewidth=1.5)
    bare(ax)
    names = dict(zip(evidence.conditions, evidence.names, strict=True))
    labels = ["\n".join(wrap(names[c], 17)) for c in ids]
    ax.set_xticks(
        [*range(width), width + 0.25], [*labels, f"Probability of\nan effect above\n{result.threshold:g}"]
    )
    ax.xaxis.tick_top()
    ax.set_yticks(range(n), order)
    ax.set(xlim=(-0.6, width + 0.9), ylim=(n - 0.4, -0.6))
    ax.set_title(result.title, color=INK, fontsize=11, loc="left", pad=12)
    return ax


def _side(reading: Reading) -> State:
    return reading if isinstance(reading, str) else reading.state
