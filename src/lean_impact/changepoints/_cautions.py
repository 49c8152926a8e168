"""What a reader must know before relying on the dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lean_impact.changepoints._calibration import PHI_RANGE, Layout
from lean_impact.changepoints._stepmodel import StepModel
from lean_impact.domain import period_label
from lean_impact.tables import Series

__all__ = ["doubts", "holes_and_imputed"]

Floats = NDArray[np.float64]

SLOW: Final = 0.9
"""Autocorrelation above which stable series cry wolf more often than asked for."""


def holes_and_imputed(series: Series, kept: NDArray[np.int64]) -> tuple[str, ...]:
    """Say which periods inside the series have no figure, and how many figures are imputed."""
    if kept.size == 0:
        return ()
    inside = np.arange(kept[0], kept[-1] + 1)
    holes = np.setdiff1d(inside, kept)
    imputed = int((series.flags[kept] == "imputed").sum())
    cautions = []
    if holes.size:
        names = ", ".join(
            period_label(series.periods[at].astype(date), series.measure.frequency) for at in holes
        )
        cautions.append(f"Without a figure and left out: {names}; a change there shows at the next figure.")
    if imputed:
        cautions.append(f"{imputed} of {len(kept)} figures are imputed; a change among them may be made.")
    return tuple(cautions)


def doubts(
    observed: Floats, layout: Layout, model: StepModel, *, sizes: Sequence[int], high: float, settled: bool
) -> tuple[str, ...]:
    """Say when slow noise, a trend, a short segment or an unsettled search makes the dates less sure."""
    cautions = []
    if layout.min_size in sizes and len(sizes) > 1:
        cautions.append(
            f"A segment has just the {layout.min_size} figures that one must have: without that limit the "
            "change beside it might lie closer or be no lasting change."
        )
    if high > SLOW:
        cautions.append(
            f"The figures may move as slowly as an autocorrelation of {high:.2f} (simulated up to "
            f"{PHI_RANGE[1]}); a drift can then pass for a change more often than asked for."
        )
    if len(model.levels) > 1 and _line_fits_as_well(observed, layout, model):
        cautions.append(
            "A straight line fits these figures at least as well as the steps do: this may be a steady "
            "trend, which has no date."
        )
    if not settled:
        cautions.append(
            "The dates did not settle while the noise was re-estimated; take them as approximate."
        )
    return tuple(cautions)


def _line_fits_as_well(observed: Floats, layout: Layout, model: StepModel) -> bool:
    line = np.array(layout.positions, dtype="float64")
    rest, slope = layout.deseasonalise(np.vstack([observed, line]))
    unexplained = rest - slope * (rest @ slope) / (slope @ slope)
    return bool(unexplained @ unexplained <= model.residuals @ model.residuals)
