"""Charts of set-theoretic analysis; matplotlib is imported only when one is drawn."""

from __future__ import annotations

from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from lean_impact.drawing import BLUE, DARK_BLUE, INK, ORANGE, PALE, SLATE, WHITE, bare, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.contingency.qca.sets import SetTable
    from lean_impact.contingency.qca.truth import TruthTable

__all__ = ["draw_truth_table", "draw_xy"]

_WORDS: Final = {"1": "yes", "0": "no", "C": "contradicts", "?": "too few"}
_MANY: Final = 40
_CROWD: Final = 15
"""With more points than this only those that speak against the model are named."""


def draw_truth_table(result: TruthTable, ax: Axes | None = None) -> Axes:
    """Draw configurations as rows of a grid, with outcome, consistency and cases beside them.

    Parameters
    ----------
    result : TruthTable
        What to draw.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    rank = {"1": 0, "C": 1, "0": 2, "?": 3}
    order = sorted(range(len(result.rows)), key=lambda row: (rank[str(result.out[row])], -int(result.n[row])))
    table, n_rows = result.table, len(order)
    n_conditions = len(table.conditions)
    ax = new_axes(ax, width=4.4 + 0.8 * n_conditions, height=1.6 + 0.42 * max(n_rows, 3))
    top = max(int(table.levels.max()) - 1, 1)
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    shades = LinearSegmentedColormap.from_list("sets", [WHITE, DARK_BLUE])
    for y, row in enumerate(order):
        for x, value in enumerate(result.rows[row]):
            face = shades(value / top)
            ax.add_patch(Rectangle((x - 0.46, y - 0.42), 0.92, 0.84, facecolor=face, edgecolor=PALE))
            word = str(value) if table.levels[x] > 2 else ("in" if value else "out")  # noqa: PLR2004
            colour = "white" if value / top > 1 / 2 else INK
            ax.text(x, y, word, ha="center", va="center", color=colour, fontsize=9)
        out = str(result.out[row])
        face = {"1": BLUE, "C": ORANGE}.get(out, "white")
        ax.add_patch(Rectangle((n_conditions - 0.26, y - 0.42), 1.32, 0.84, facecolor=face, edgecolor=SLATE))
        words = f"{_WORDS[out]} {result.consistency[row]:.2f}"
        colour = "white" if out in "1C" else INK
        ax.text(n_conditions + 0.4, y, words, ha="center", va="center", color=colour, fontsize=9)
        cases = shorten(", ".join(result.members[row]), _MANY, placeholder=" …")
        ax.text(n_conditions + 1.2, y, cases, ha="left", va="center", color=INK, fontsize=9)
    bare(ax)
    names = ["\n".join(wrap(name.replace("-", " "), 13)) for name in table.conditions]
    ax.set_xticks([*range(n_conditions), n_conditions + 0.4], [*names, "Outcome,\nconsistency"])
    ax.xaxis.tick_top()
    ax.set_yticks([])
    ax.set(xlim=(-0.6, n_conditions + 3.4), ylim=(max(n_rows, 1) - 0.4, -0.6))
    ax.set_title(result.title, color=INK, fontsize=11, loc="left", pad=12)
    return ax


def draw_xy(
    table: SetTable,
    membership: np.ndarray,
    *,
    expression: str,
    fit: str,
    kind: Literal["sufficiency", "necessity"],
    ax: Axes | None = None,
) -> Axes:
    """Draw membership in an expression against membership in the outcome.

    Parameters
    ----------
    table : SetTable
        The cases.
    membership : ndarray of float64, shape (n_cases,)
        Membership in the expression.
    expression : str
        The expression as text.
    fit : str
        Its measures of fit in words.
    kind : {"sufficiency", "necessity"}
        Cases below the diagonal speak against sufficiency, those above it against necessity.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = new_axes(ax, width=6.4, height=6.0)
    ax.plot([0, 1], [0, 1], color=SLATE, linewidth=1)
    ax.axvline(0.5, color=PALE, linewidth=1, zorder=0)
    ax.axhline(0.5, color=PALE, linewidth=1, zorder=0)
    together: dict[tuple[float, float], list[str]] = {}
    for case, x, y in zip(table.cases, membership, table.outcome, strict=True):
        together.setdefault((round(float(x), 3), round(float(y), 3)), []).append(case)
    for (x, y), cases in together.items():
        agrees = y >= x if kind == "sufficiency" else y <= x
        against = "v" if kind == "sufficiency" else "^"
        colour, marker = (BLUE, "o") if agrees else (ORANGE, against)
        ax.plot([x], [y], marker=marker, color=colour, markersize=7, linestyle="none")
        if agrees and len(together) > _CROWD:
            continue
        left = x > 2 / 3
        ax.annotate(
            shorten(", ".join(cases), _MANY, placeholder=" …"), (x, y), xytext=(-8 if left else 8, 4),
            textcoords="offset points", fontsize=8, color=INK, ha="right" if left else "left",
        )  # fmt: skip
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(colors=INK, labelsize=9)
    ax.set(xlim=(-0.05, 1.08), ylim=(-0.05, 1.08))
    ax.set_xlabel("\n".join(wrap(f"Membership in {expression}", 70)), color=INK, fontsize=9)
    ax.set_ylabel(f"Membership in {table.outcome_name}", color=INK, fontsize=9)
    triangles = "Down" if kind == "sufficiency" else "Up"
    ax.set_title(
        f"{fit}\n{triangles} triangles: cases that speak against {kind}", color=INK, fontsize=10, loc="left"
    )
    return ax
