"""Several small charts of one kind side by side, on the same scale so that they can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import TYPE_CHECKING

from lean_impact.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["small_multiples"]


def small_multiples(
    draws: Mapping[str, Callable[[Axes], object]], *, n_columns: int = 2, same_scale: bool = True
) -> Callable[[Figure], None]:
    """Return a function that draws one small chart for each entry on a figure.

    Parameters
    ----------
    draws : mapping of str to callable
        Title of each small chart, and what draws on the axes it is given, in reading order.
    n_columns : int, default 2
        Charts side by side.
    same_scale : bool, default True
        Whether all share both axes. Charts on different scales invite wrong comparisons: say so in the
        description if it is off.

    Returns
    -------
    callable
        For ``draw_figure`` of a :class:`~lean_impact.report.Chart`.

    Raises
    ------
    InputError
        If there is nothing to draw or no column to draw it in.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> small_multiples({"RF4": lambda ax: ax.plot([1, 2]), "RTP": lambda ax: ax.plot([2, 1])})(figure)
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['RF4', 'RTP']
    """
    if not draws or n_columns < 1:
        raise InputError("small multiples need at least one chart and one column")
    wanted = dict(draws)

    def draw(figure: Figure) -> None:
        n_across = min(n_columns, len(wanted))
        grid = figure.subplots(
            ceil(len(wanted) / n_across), n_across, squeeze=False, sharex=same_scale, sharey=same_scale
        )
        flat = list(grid.flat)
        for ax, (title, draw_one) in zip(flat, wanted.items(), strict=False):
            draw_one(ax)
            for loc in ("center", "right"):
                ax.set_title("", loc=loc)
            ax.set_title(title, loc="left")
        for ax in flat[len(wanted) :]:
            ax.remove()
        # Where the last row is not full, the charts above the hole are the lowest of their column.
        for ax in flat[max(len(wanted) - n_across, 0) : len(wanted)]:
            ax.tick_params(labelbottom=True)

    return draw
