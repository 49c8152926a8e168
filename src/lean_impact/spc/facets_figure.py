"""Draw several control charts side by side."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from lean_impact.errors import InputError
from lean_impact.spc.chart_figure import draw as draw_chart

if TYPE_CHECKING:
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
    grid = figure.subplots(down, across, squeeze=False, sharey=facets.same_unit)
    flat = list(grid.flat)
    for ax, chart in zip(flat, facets.charts, strict=False):
        draw_chart(chart, ax=ax)
        ax.tick_params(labelleft=True)
    for ax in flat[len(facets.charts) :]:
        ax.remove()
    return figure
