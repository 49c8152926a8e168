"""What a reader must know before relying on the dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lean_impact.changepoints._calendar import StepCalendar
from lean_impact.changepoints._calibration import PHI_RANGE, Layout
from lean_impact.changepoints._stepmodel import StepModel
from lean_impact.domain import period_label
from lean_impact.tables import Series

__all__ = ["doubts", "holes_and_imputed", "result_doubts", "slow_words", "too_few"]

Floats = NDArray[np.float64]

SLOW: Final = 0.9
"""Autocorrelation above which stable series cry wolf more often than asked for."""


_TREND: Final = (
    "A straight line fits these figures at least as well as the steps do: this may be a steady "
    "trend, which has no date."
)


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
        cautions.append(_shortest_words(layout.min_size))
    if high > SLOW:
        cautions.append(slow_words(high))
    if len(model.levels) > 1 and _line_fits_as_well(observed, layout, model):
        cautions.append(_TREND)
    if not settled:
        cautions.append(
            "The dates did not settle while the noise was re-estimated; take them as approximate."
        )
    return tuple(cautions)


def result_doubts(
    values: Floats, calendar: StepCalendar, residuals: Floats, *, sizes: Sequence[int], high: float
) -> tuple[str, ...]:
    """Say when a short segment, slow noise or a trend makes the dates of a likelihood search less sure."""
    cautions = []
    if calendar.min_size in sizes and len(sizes) > 1:
        cautions.append(_shortest_words(calendar.min_size))
    if high > SLOW:
        cautions.append(slow_words(high))
    if len(sizes) > 1 and not calendar.trend and _line_leaves(values, calendar) <= residuals @ residuals:
        cautions.append(_TREND)
    return tuple(cautions)


def _shortest_words(min_size: int) -> str:
    return (
        f"A segment has just the {min_size} figures that one must have: without that limit the "
        "change beside it might lie closer or be no lasting change."
    )


def _line_leaves(values: Floats, calendar: StepCalendar) -> float:
    line = (calendar.where - calendar.where.mean())[:, None].astype("float64")
    basis = np.linalg.qr(np.hstack([calendar.design, line]))[0]
    rest = values - values.mean()
    rest = rest - basis @ (basis.T @ rest)
    return float(rest @ rest)


def slow_words(high: float) -> str:
    """Say that a drift can pass for a change."""
    return (
        f"The figures may move as slowly as an autocorrelation of {high:.2f} (simulated up to "
        f"{PHI_RANGE[1]}); a drift can then pass for a change more often than asked for."
    )


def too_few(n: int, needed: int) -> str:
    """Say that a series is too short to judge."""
    return f"{n} periods with a figure are too few to judge; at least {needed} are needed."


def _line_fits_as_well(observed: Floats, layout: Layout, model: StepModel) -> bool:
    line = np.array(layout.positions, dtype="float64")
    rest, slope = layout.deseasonalise(np.vstack([observed, line]))
    unexplained = rest - slope * (rest @ slope) / (slope @ slope)
    return bool(unexplained @ unexplained <= model.residuals @ model.residuals)
