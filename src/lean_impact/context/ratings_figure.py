"""Ratings as a table of tiles: value, mixed, missing and not discussed look different without colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lean_impact.drawing import INK

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from lean_impact.context.distinguishing import DistinguishingResult

__all__ = ["draw_ratings"]

_WHITE_FROM = 0.75


def draw_ratings(result: DistinguishingResult, *, ax: Axes | None, labels: Mapping[str, str]) -> Axes:
    """Draw :meth:`DistinguishingResult.plot`."""
    trusts = sorted(result.groups, key=lambda code: (result.groups[code] != "high", code))
    rows = result.verdicts
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(
            figsize=(3.2 + 1.0 * len(trusts), 1.3 + 0.27 * len(rows)), layout="constrained"
        ).subplots()
    frame = result.ratings.frame
    frame = frame[frame["scale"] == result.scale]
    scale = result.ratings.scale_of(result.scale)
    for down, verdict in enumerate(rows):
        for across, trust in enumerate(trusts):
            cell = frame[(frame["trust"] == trust) & (frame["construct"] == verdict.construct)]
            _tile(ax, across, down, cell, scale.lowest, scale.highest)
        if verdict.label in {"strong", "weak"}:
            ax.text(
                len(trusts) - 0.4, down, verdict.label, va="center", fontsize=8, color=INK, fontweight="bold"
            )
    n_high = sum(group == "high" for group in result.groups.values())
    ax.axvline(n_high - 0.5, color=INK, linewidth=1.6)
    ax.set_xticks(
        range(len(trusts)),
        [f"{labels.get(code, code)}\n{result.groups[code]}" for code in trusts],
        fontsize=8,
    )
    ax.set_yticks(range(len(rows)), [verdict.name for verdict in rows], fontsize=8)
    ax.tick_params(length=0, colors=INK)
    ax.xaxis.tick_top()
    ax.set_xlim(-0.5, len(trusts) + 0.35)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_title(result.title, loc="left", fontsize=11, color=INK)
    ax.set_xlabel("m: mixed evidence; ?: missing; -: not discussed", fontsize=8, color=INK)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def _tile(ax: Axes, across: int, down: int, cell: pd.DataFrame, lowest: float, highest: float) -> None:
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    values = cell["value"].dropna()
    states = set(cell["state"])
    if len(values):
        value = float(values.mean())
        share = (value - lowest) / (highest - lowest)
        colour = colormaps["RdBu"](0.12 + 0.76 * share)
        words = (f"{value:+.2g}" if value else "0") + ("m" if "mixed" in states else "")
        hatch = "///" if "mixed" in states else None
        ink = "white" if abs(2 * share - 1) > _WHITE_FROM else INK
    else:
        colour, hatch, ink = (1.0, 1.0, 1.0, 1.0), None, INK
        words = "-" if "not-discussed" in states else "?"
    tile = Rectangle(
        (across - 0.48, down - 0.46),
        0.96,
        0.92,
        facecolor=colour,
        edgecolor="#AEB7BD",
        hatch=hatch,
        linewidth=0.5,
    )
    ax.add_patch(tile)
    ax.text(across, down, words, ha="center", va="center", fontsize=8, color=ink)
