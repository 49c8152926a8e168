"""The chart of qca; matplotlib is imported only when it is drawn."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

from lean_impact.domain import Reading, State

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.plugins.contingency.qca_fit import QcaFit

__all__ = ["draw_configurations"]

_TEXT: Final = "#212B32"
_BLUE: Final = "#005EB8"
_DARK_BLUE: Final = "#003087"
_GREY: Final = "#425563"
_PALE: Final = "#D8DDE0"
_ORANGE: Final = "#C75300"
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
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    evidence, ids = result.evidence, result.ids
    chances = dict(zip(evidence.trusts, result.propagation.outcomes.chances, strict=True))
    contexts = {trust: evidence.context(trust) for trust in evidence.trusts}
    rows = {trust: tuple(_side(contexts[trust][c]) for c in ids) for trust in evidence.trusts}
    best = {row: max(chances[t] for t in rows if rows[t] == row) for row in rows.values()}
    order = sorted(evidence.trusts, key=lambda t: (-best[rows[t]], rows[t], -chances[t], t))
    width, n = len(ids), len(order)
    if ax is None:
        ax = Figure(figsize=(3.4 + 1.1 * width, 1.7 + 0.45 * n), layout="constrained").subplots()
    degrees = LinearSegmentedColormap.from_list("degree", ["#FFFFFF", _DARK_BLUE])
    shades = LinearSegmentedColormap.from_list("success", ["#FFFFFF", _BLUE])
    for y, trust in enumerate(order):
        for x, (condition, state) in enumerate(zip(ids, rows[trust], strict=True)):
            reading = contexts[trust][condition]
            word = _WORDS[reading] if isinstance(reading, str) else f"{reading.value:.2f}"
            face = _DARK_BLUE if state == "present" else "white"
            colour = {"present": "white", "absent": _TEXT, "unknown": _ORANGE}[state]
            if not isinstance(reading, str):
                face, colour = to_hex(degrees(reading.value)), "white" if reading.value > _DARK else _TEXT
            ax.add_patch(Rectangle((x - 0.46, y - 0.42), 0.92, 0.84, facecolor=face, edgecolor=_GREY))
            weight = "bold" if state == "unknown" else "normal"
            ax.text(x, y, word, ha="center", va="center", color=colour, fontsize=9, weight=weight)
        chance = float(chances[trust])
        ax.add_patch(Rectangle((width - 0.3, y - 0.42), 1.1, 0.84, facecolor=shades(chance), edgecolor=_GREY))
        colour = "white" if chance > _DARK else _TEXT
        ax.text(width + 0.25, y, f"{chance:.0%}", ha="center", va="center", color=colour, fontsize=9)
        if y and rows[order[y - 1]] != rows[trust]:
            ax.plot([-0.6, width + 0.9], [y - 0.5, y - 0.5], color=_PALE, linewidth=1.5)
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0, colors=_TEXT, labelsize=9)
    names = dict(zip(evidence.conditions, evidence.names, strict=True))
    labels = ["\n".join(wrap(names[c], 17)) for c in ids]
    ax.set_xticks(
        [*range(width), width + 0.25], [*labels, f"Probability of\nan effect above\n{result.threshold:g}"]
    )
    ax.xaxis.tick_top()
    ax.set_yticks(range(n), order)
    ax.set(xlim=(-0.6, width + 0.9), ylim=(n - 0.4, -0.6))
    ax.set_title(result.title, color=_TEXT, fontsize=11, loc="left", pad=12)
    return ax


def _side(reading: Reading) -> State:
    return reading if isinstance(reading, str) else reading.state
