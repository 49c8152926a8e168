"""What all charts share: their colours, a figure to draw on, and axes without what carries no information.

Colours are those of the NHS identity, told apart also without colour vision; no chart says anything by colour alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BLUE",
    "DARK_BLUE",
    "GREY",
    "INK",
    "ORANGE",
    "PALE",
    "PALEST",
    "SLATE",
    "VIOLET",
    "WHITE",
    "bare",
    "new_axes",
]

INK: Final = "#212B32"
"""Text."""
SLATE: Final = "#425563"
"""Lines and quiet text."""
GREY: Final = "#6B7780"
"""What is as expected."""
PALE: Final = "#D8DDE0"
"""Grids and fillings."""
PALEST: Final = "#E8EDEE"
"""Stretches of time behind a series."""
WHITE: Final = "#FFFFFF"
"""Inside of open marks."""
BLUE: Final = "#005EB8"
"""Improvement."""
DARK_BLUE: Final = "#003087"
"""What is estimated."""
ORANGE: Final = "#C75300"
"""Concern."""
VIOLET: Final = "#330072"
"""Movements that are neither better nor worse."""


def new_axes(ax: Axes | None = None, *, width: float, height: float) -> Axes:
    """Return the axes given, or those of a new figure.

    Parameters
    ----------
    ax : Axes, optional
        Where to draw.
    width, height : float
        Size of a new figure in inches.

    Returns
    -------
    Axes

    Examples
    --------
    >>> new_axes(width=4, height=3).get_figure().get_size_inches().tolist()
    [4.0, 3.0]
    """
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").subplots()


def bare(ax: Axes) -> None:
    """Take away frame and ticks.

    Parameters
    ----------
    ax : Axes
        Where to draw; changed.

    Examples
    --------
    >>> ax = new_axes(width=4, height=3)
    >>> bare(ax)
    >>> any(spine.get_visible() for spine in ax.spines.values())
    False
    """
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0, colors=INK, labelsize=9)
