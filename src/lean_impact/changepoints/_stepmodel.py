"""Least squares with a level for each segment and one season for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from lean_impact.changepoints._calibration import Layout, season_numbers
from lean_impact.changepoints.change import Segment
from lean_impact.domain import next_period
from lean_impact.kernels.season import MOST_SEASONS
from lean_impact.tables import Series

__all__ = ["StepModel", "fit_steps", "fitted_values", "segments_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepModel:
    """A fitted step model.

    Attributes
    ----------
    levels : ndarray, shape (n_segments,)
        Level of each segment, the season averaging 0 over the year.
    season : ndarray, shape (n_seasons,)
        Deviation of each season, by its number, NaN where it was never observed; a single 0 without seasons.
    residuals : ndarray, shape (n_observed,)
        What is left over.
    """

    levels: Floats
    season: Floats
    residuals: Floats


def fit_steps(values: Floats, layout: Layout, breaks: tuple[int, ...]) -> StepModel:
    """Fit a level for each segment and one season for all.

    Parameters
    ----------
    values : ndarray, shape (n_observed,)
        Figures at the observed periods.
    layout : Layout
        Their seasons.
    breaks : tuple of int
        Index of the first observed period of each segment but the first.

    Returns
    -------
    StepModel
        The fit.
    """
    n = len(values)
    segment = np.searchsorted(np.array(breaks, dtype=np.int64), np.arange(n), side="right")
    seasons = np.array(layout.seasons)
    present = np.unique(seasons)
    # Contrasts against the last season: the season then sums to 0, and the levels are yearly means.
    contrast = (seasons[:, None] == present[None, :-1]).astype("float64") - (seasons == present[-1])[:, None]
    design = np.column_stack([segment[:, None] == np.arange(len(breaks) + 1)[None, :], contrast])
    coefficients = np.linalg.lstsq(design, values, rcond=None)[0]
    n_segments = len(breaks) + 1
    effects = coefficients[n_segments:]
    season = np.full(MOST_SEASONS if len(present) > 1 else 1, np.nan)
    season[present] = np.append(effects, -effects.sum())
    return StepModel(
        levels=coefficients[:n_segments],
        season=season,
        residuals=values - design @ coefficients,
    )


def segments_of(
    series: Series, kept: NDArray[np.int64], breaks: tuple[int, ...], model: StepModel
) -> tuple[Segment, ...]:
    """Turn indices of observed periods into dated segments."""
    days: list[date] = [series.periods[kept[at]].astype(date) for at in (0, *breaks)]
    days.append(next_period(series.periods[kept[-1]].astype(date), series.measure.frequency))
    sizes = np.diff([0, *breaks, len(kept)])
    return tuple(
        Segment(start=start, end=end, level=float(level), n_observed=int(size))
        for start, end, level, size in zip(days[:-1], days[1:], model.levels, sizes, strict=True)
    )


def fitted_values(
    series: Series, kept: NDArray[np.int64], breaks: tuple[int, ...], model: StepModel
) -> NDArray[np.float64]:
    """Return level plus season on the whole calendar, missing periods included; NaN in unknown seasons."""
    starts = kept[list(breaks)]
    segment = np.searchsorted(starts, np.arange(len(series)), side="right")
    fitted = model.levels[segment]
    if len(model.season) > 1:
        fitted = fitted + model.season[season_numbers(series.periods, series.measure.frequency)]
    fitted.flags.writeable = False
    return fitted
