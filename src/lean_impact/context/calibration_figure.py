"""The curve from raw values to membership, with its anchors and the trusts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lean_impact.drawing import BLUE, INK, SLATE, VIOLET, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.context.calibration_result import CalibratedCondition

__all__ = ["draw_calibration"]

_FAR = 0.06


def draw_calibration(result: CalibratedCondition, *, ax: Axes | None, labels: Mapping[str, str]) -> Axes:
    """Draw :meth:`CalibratedCondition.plot`."""
    ax = new_axes(ax, width=7.5, height=4.4)
    values = np.array([member.value for member in result.members])
    seen = np.concatenate([values, result.reference, [anchor.value for anchor in result.anchors]])
    low, high = float(seen.min()), float(seen.max())
    margin = 0.06 * ((high - low) or 1.0)
    x = np.linspace(low - margin, high + margin, 300)
    ax.plot(x, result.membership(x), color=BLUE, linewidth=1.8, zorder=2)
    ax.axhline(0.5, color=SLATE, linewidth=0.8, linestyle="--")
    if result.reference.size:
        ax.plot(
            result.reference, np.full(result.reference.size, -0.04), "|", color=SLATE, markersize=7, alpha=0.6
        )
        ax.annotate(
            "every trust",
            (low - margin, -0.04),
            xytext=(0, -12),
            textcoords="offset points",
            fontsize=8,
            color=SLATE,
        )
    for anchor in result.anchors:
        ax.plot(
            [anchor.value],
            [anchor.membership],
            marker="D",
            color=VIOLET,
            markersize=6,
            linestyle="none",
            zorder=3,
        )
    last = -np.inf
    for member in sorted(result.members, key=lambda item: item.membership):
        ax.plot([member.value], [member.membership], marker="o", color=INK, markersize=7, zorder=4)
        if np.isfinite(member.lower):
            ax.plot([member.value] * 2, [member.lower, member.upper], color=INK, linewidth=1.4, zorder=3)
        last = max(member.membership, last + _FAR)
        ax.annotate(
            f"{labels.get(member.trust, member.trust)} {member.membership:.2f}",
            (member.value, member.membership),
            xytext=(1.02, last),
            textcoords=("axes fraction", "data"),
            fontsize=8,
            color=INK,
            va="center",
            arrowprops={"arrowstyle": "-", "color": "#AEB7BD", "linewidth": 0.6},
            annotation_clip=False,
        )
    ax.set_ylim(-0.1, 1.04)
    ax.set_ylabel("Membership", color=INK)
    ax.set_xlabel("Raw value; dots: trusts of the programme, diamonds: anchors or grades", color=INK)
    ax.set_title(result.title, loc="left", fontsize=11, color=INK)
    ax.spines[["top", "right"]].set_visible(False)
    return ax
