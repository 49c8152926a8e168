"""Draw a plain chart and its adjusted companion, one above the other on one calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from lean_impact.domain import Window

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lean_impact.spc.adjusted import Beside

__all__ = ["draw"]


def draw(
    both: Beside,
    *,
    figure: Figure | None = None,
    window: Window | None = None,
    change_points: Sequence[date] = (),
) -> Figure:
    """Draw both charts.

    Parameters
    ----------
    both : Beside
        What to draw.
    figure : Figure, optional
        Where to draw; a new one of 9 x 7 inches if not given.
    window : Window, optional
        Stretch to shade as the adoption window.
    change_points : sequence of date
        Suggested change-points.

    Returns
    -------
    Figure
        The figure that was drawn on.
    """
    if figure is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 7), dpi=100, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    both.plain.plot(upper, window=window, change_points=change_points)
    both.adjusted.plot(lower, window=window)
    upper.set_title("As it is", loc="left", fontsize=10)
    lower.set_title(f"Adjusted, taken out: {both.taken_out}", loc="left", fontsize=10)
    upper.tick_params(labelbottom=True)
    return figure
