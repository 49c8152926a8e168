"""Fit segments and one season by generalised least squares, and put them back on the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from lean_impact.changepoints._calendar import StepCalendar
from lean_impact.changepoints.change import Segment
from lean_impact.domain import next_period
from lean_impact.kernels.ar1_noise import whitener
from lean_impact.tables import Series

__all__ = ["Fit", "fit_segments", "on_dates", "segments_from"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """Segments and season, fitted.

    Attributes
    ----------
    levels : ndarray, shape (n_segments,)
        Mean of each segment without the season.
    slopes : ndarray, shape (n_segments,)
        Change a period within each; 0 for levels.
    ends : ndarray, shape (n_segments, 2)
        Each line at the start of its segment and at the start of the next one.
    everywhere : ndarray, shape (n_places,)
        Fit at every period from the first to the last figure, gaps included; NaN in unknown seasons.
    season : ndarray, shape (n_observed,)
        Season and trend at the observed periods.
    residuals : ndarray, shape (n_observed,)
        What is left over.
    """

    levels: Floats
    slopes: Floats
    ends: Floats
    everywhere: Floats
    season: Floats
    residuals: Floats


def fit_segments(
    values: Floats,
    calendar: StepCalendar,
    breaks: tuple[int, ...],
    *,
    phi: float,
    scale: Floats | None = None,
    lines: bool = False,
) -> Fit:
    """Fit a level or a line for each segment, with the season of the calendar.

    Parameters
    ----------
    values : ndarray, shape (n_observed,)
        Figures.
    calendar : StepCalendar
        Calendar and season.
    breaks : tuple of int
        First observed period of each segment but the first.
    phi : float
        Autocorrelation of the noise.
    scale : ndarray, shape (n_observed,), optional
        Standard deviation of each figure up to a factor.
    lines : bool
        Whether each segment has a slope of its own.
    """
    starts = np.array([0, *(calendar.positions[at] for at in breaks)])
    stops = np.array([*starts[1:], calendar.positions[-1] + 1])
    centres = (starts + stops - 1) / 2

    def columns(places: NDArray[np.int64], calendar_columns: Floats) -> Floats:
        inside = (places[:, None] >= starts) & (places[:, None] < stops)
        parts = [inside.astype("float64")]
        if lines:
            parts.append(inside * (places[:, None] - centres))
        return np.hstack([*parts, calendar_columns[:, 1:]])

    design = columns(calendar.where, calendar.design)
    weights = np.ones(calendar.n) if scale is None else 1.0 / scale
    noise = whitener(phi, calendar.where)
    white = noise.apply((design * weights[:, None]).T).T
    origin = values.mean()  # so that a large level costs no digits
    solved = np.linalg.lstsq(white, noise.apply((values - origin) * weights), rcond=None)[0]
    coefficients: Floats = np.asarray(solved, dtype="float64")
    n_segments = len(starts)
    coefficients[:n_segments] += origin
    slopes: Floats = coefficients[n_segments : 2 * n_segments] if lines else np.zeros(n_segments)
    n_segment_columns = n_segments * (2 if lines else 1)
    levels = coefficients[:n_segments]
    season = design[:, n_segment_columns:] @ coefficients[n_segment_columns:]
    return Fit(
        levels=levels,
        slopes=slopes,
        ends=np.column_stack([levels + slopes * (starts - centres), levels + slopes * (stops - centres)]),
        everywhere=columns(calendar.everywhere, calendar.design_everywhere) @ coefficients,
        season=season,
        residuals=values - design @ coefficients,
    )


def segments_from(
    series: Series, kept: NDArray[np.int64], breaks: tuple[int, ...], fit: Fit
) -> tuple[Segment, ...]:
    """Turn indices of observed periods into dated segments."""
    days: list[date] = [series.periods[kept[at]].astype(date) for at in (0, *breaks)]
    days.append(next_period(series.periods[kept[-1]].astype(date), series.measure.frequency))
    sizes = np.diff([0, *breaks, len(kept)])
    return tuple(
        Segment(
            start=days[at],
            end=days[at + 1],
            level=float(fit.levels[at]),
            n_observed=int(sizes[at]),
            slope=float(fit.slopes[at]),
        )
        for at in range(len(sizes))
    )


def on_dates(series: Series, kept: NDArray[np.int64], fit: Fit) -> Floats:
    """Put the fit on the whole calendar of the series; NaN before the first and after the last figure."""
    whole = np.full(len(series), np.nan)
    whole[kept[0] : kept[-1] + 1] = fit.everywhere
    whole.flags.writeable = False
    return whole
