"""Prior and posterior of how much true effects differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lean_impact.drawing import BLUE, INK, SLATE, new_axes
from lean_impact.effects.effect_figure import scale_of, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lean_impact.pooled.bayes_result import HalfNormalResult

__all__ = ["draw_tau"]


def draw_tau(result: HalfNormalResult, *, ax: Axes | None) -> Axes:
    """Draw :meth:`HalfNormalResult.plot`."""
    ax = ax if ax is not None else new_axes(width=7.0, height=3.6)
    measure = result.measure
    scale = scale_of(measure) if measure else 1.0
    found = result.posterior
    tau = np.linspace(0.0, max(2.6 * found.scale, 1.3 * result.tau.upper), 300)
    prior = np.sqrt(2 / np.pi) / found.scale * np.exp(-0.5 * (tau / found.scale) ** 2)
    ax.plot(scale * tau, prior / scale, color=SLATE, linestyle="--", linewidth=1.6)
    posterior = found.density(tau) / scale
    ax.plot(scale * tau, posterior, color=BLUE, linewidth=2.0)
    ax.fill_between(scale * tau, posterior, color=BLUE, alpha=0.12, linewidth=0)
    top = max(float(prior.max()) / scale, float(posterior.max()))
    at = int(np.argmax(posterior))
    ax.annotate(
        "posterior", (scale * tau[at], posterior[at]), xytext=(6, 3), textcoords="offset points", color=BLUE
    )
    ax.annotate("prior", (0.0, prior[0] / scale), xytext=(6, -12), textcoords="offset points", color=SLATE)
    ax.set_ylim(0, 1.12 * top)
    ax.set_xlim(left=0)
    ax.set_yticks([])
    unit = f", {unit_of(measure)}" if measure else ""
    ax.set_xlabel(f"Standard deviation of true effects{unit}", color=INK)
    ax.set_title(result.title, loc="left", color=INK, fontsize=11)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax
