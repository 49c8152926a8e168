"""Draw how many series change at each period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lean_impact.domain.period import PER_YEAR
from lean_impact.drawing import DARK_BLUE, GREY, INK, ORANGE, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.changepoints.agreement import DateAgreement

__all__ = ["draw"]

_FILLED: Final = 0.92  # of a period, so that bars do not touch


def draw(result: DateAgreement, ax: Axes | None) -> Axes:
    """Draw on the axes, or on those of a new figure; see :meth:`DateAgreement.plot`."""
    from matplotlib.dates import date2num

    ax = new_axes(ax, width=9, height=3.4)
    x = np.asarray(date2num(result.periods))  # type: ignore[no-untyped-call]  # matplotlib.dates carries no annotations
    stands_out = result.p_values <= result.level
    width = _FILLED * 365.25 / PER_YEAR[result.frequency]
    for chosen, colour, hatch, label in (
        (~stands_out, GREY, "", "Expected number of series that change"),
        (stands_out, ORANGE, "//", "More than unrelated dates give"),
    ):
        ax.bar(
            x[chosen],
            result.expected[chosen],
            width=width,
            align="edge",
            color=colour,
            edgecolor="white",
            linewidth=0.3,
            hatch=hatch,
            label=label,
        )
    ax.plot(
        x + width / 2,
        result.typical,
        color=DARK_BLUE,
        linewidth=1.2,
        linestyle="--",
        label="The same with unrelated dates",
    )
    ax.xaxis_date()
    ax.set_title(result.title, loc="left", fontsize=10, color=INK)
    ax.set_ylabel("series", fontsize=9, color=INK)
    ax.tick_params(labelsize=8, colors=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
    return ax
