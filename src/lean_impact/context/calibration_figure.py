"""The curve from raw values to membership, with its anchors and the trusts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.context.calibration_result import CalibratedCondition

__all__ = ["draw_calibration"]

BLUE = "#005EB8"
GREY = "#425563"
PURPLE = "#330072"
TEXT = "#212B32"
_FAR = 0.06


def draw_calibration(result: CalibratedCondition, *, ax: Axes | None, labels: Mapping[str, str]) -> Axes:
    """Draw :meth:`CalibratedCondition.plot`."""
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(7.5, 4.4), layout="constrained").subplots()
    values = np.array([member.value for member in result.members])
    seen = np.concatenate([values, result.reference, [anchor.value for anchor in result.anchors]])
    low, high = float(seen.min()), float(seen.max())
    margin = 0.06 * ((high - low) or 1.0)
    x = np.linspace(low - margin, high + margin, 300)
    ax.plot(x, result.membership(x), color=BLUE, linewidth=1.8, zorder=2)
    ax.axhline(0.5, color=GREY, linewidth=0.8, linestyle="--")
    if result.reference.size:
        ax.plot(
            result.reference, np.full(result.reference.size, -0.04), "|", color=GREY, markersize=7, alpha=0.6
        )
        ax.annotate(
            "every trust",
            (low - margin, -0.04),
            xytext=(0, -12),
            textcoords="offset points",
            fontsize=8,
            color=GREY,
        )
    for anchor in result.anchors:
        ax.plot(
            [anchor.value],
            [anchor.membership],
            marker="D",
            color=PURPLE,
            markersize=6,
            linestyle="none",
            zorder=3,
        )
    last = -np.inf
    for member in sorted(result.members, key=lambda item: item.membership):
        ax.plot([member.value], [member.membership], marker="o", color=TEXT, markersize=7, zorder=4)
        if np.isfinite(member.lower):
            ax.plot([member.value] * 2, [member.lower, member.upper], color=TEXT, linewidth=1.4, zorder=3)
        last = max(member.membership, last + _FAR)
        ax.annotate(
            f"{labels.get(member.trust, member.trust)} {member.membership:.2f}",
            (member.value, member.membership),
            xytext=(1.02, last),
            textcoords=("axes fraction", "data"),
            fontsize=8,
            color=TEXT,
            va="center",
            arrowprops={"arrowstyle": "-", "color": "#AEB7BD", "linewidth": 0.6},
            annotation_clip=False,
        )
    ax.set_ylim(-0.1, 1.04)
    ax.set_ylabel("Membership", color=TEXT)
    ax.set_xlabel("Raw value; dots: trusts of the programme, diamonds: anchors or grades", color=TEXT)
    ax.set_title(result.title, loc="left", fontsize=11, color=TEXT)
    ax.spines[["top", "right"]].set_visible(False)
    return ax
