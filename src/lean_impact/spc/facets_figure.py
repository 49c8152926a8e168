"""Draw several control charts side by side."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from lean_impact.drawing import INK
from lean_impact.errors import InputError
from lean_impact.spc.chart_figure import SMALL
from lean_impact.spc.chart_figure import draw as draw_chart

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    from lean_impact.spc.facets import Facets

__all__ = ["draw"]


def draw(facets: Facets, *, figure: Figure | None = None, n_columns: int = 2) -> Figure:
    """Draw the charts.

    Parameters
    ----------
    facets : Facets
        What to draw.
    figure : Figure, optional
        Where to draw; a new one if not given.
    n_columns : int
        Charts side by side.

    Returns
    -------
    Figure
        The figure that was drawn on.

    Raises
    ------
    InputError
        If ``n_columns`` is below 1.
    """
    if n_columns < 1:
        raise InputError(f"n_columns is {n_columns}; draw at least one chart in a row")
    across = min(n_columns, len(facets.charts))
    down = ceil(len(facets.charts) / across)
    if figure is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(1.5 + 5.5 * across, 3.2 * down), dpi=100, layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    flat = list(grid.flat)
    span = _span(facets) if facets.same_unit else None
    handles: dict[str, Artist] = {}
    for ax, chart in zip(flat, facets.charts, strict=False):
        draw_chart(chart, ax=ax, span=span)
        handles |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        legend = ax.get_legend()
        if legend is not None:
            legend.remove()
    for ax in flat[len(facets.charts) :]:
        ax.remove()
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside lower center",
        ncols=5,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
    )
    return figure


def _span(facets: Facets) -> tuple[float, float]:
    """Return ends that hold every figure, limit and target, so that one scale fits all charts."""
    clip = (0.0, 1.0) if facets.charts[0].measure.kind == "proportion" else (-np.inf, np.inf)
    drawn = [
        np.concatenate([chart.values, chart.target_line, np.clip([*chart.lower, *chart.upper], *clip)])
        for chart in facets.charts
    ]
    every = np.concatenate(drawn)
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    room = 0.04 * (high - low) or 1.0
    return low - room, high + room
