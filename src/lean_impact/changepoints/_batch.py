"""Screen many series as one matrix: what holds for all of them, whatever they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lean_impact.changepoints._calendar import (
    FEWEST_SEGMENTS,
    Season,
    StackedCalendars,
    StepCalendar,
    calendar_for,
)
from lean_impact.changepoints._judgement import Judged, is_constant, judge, minimal_detectable_of
from lean_impact.kernels.change_location import date_probabilities, highest_density, on_calendar
from lean_impact.kernels.date_agreement import change_probability
from lean_impact.kernels.step_scan import Form

__all__ = ["CONSTANT", "JUDGED", "TOO_SHORT", "BatchSettings", "StepArrays", "screen_matrix"]

Floats = NDArray[np.float64]

TOO_SHORT: Final = 0
CONSTANT: Final = 1
JUDGED: Final = 2

_MOST_TABLES: Final = 6
"""With more patterns of gaps than this, series share tables of typical gaps."""

_WORTH_ALONE: Final = 8
"""Series of one pattern of gaps from which they are scanned on their own calendar, which is faster than stacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """How series are screened; see :class:`~lean_impact.changepoints.StepTest`."""

    form: Form
    season: Season
    trend: bool
    robust: bool
    false_alarm: float
    level: float
    min_size: int
    draws: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepArrays:
    """One change in each of many series.

    Attributes
    ----------
    status : ndarray of int, shape (n_series,)
        0 too short, 1 constant, 2 judged.
    p_value : ndarray, shape (n_series,)
        How often stable series look at least as unstable; NaN where not judged.
    best : ndarray of int, shape (n_series,)
        First period of the new segment at the likeliest date; -1 where not judged.
    probability : ndarray, shape (n_series, n_periods)
        Probability of each date, given that there is a change.
    members : ndarray of bool, shape (n_series, n_periods)
        The set of dates.
    admissible : ndarray of bool, shape (n_series, n_periods)
        Periods at which a change could be seen.
    changed : ndarray, shape (n_series,)
        Probability of any change, as likely as not beforehand.
    size, standard_error : ndarray, shape (n_series,)
        Size at the likeliest date and its standard error if that date were known; NaN where not judged.
    phi : ndarray, shape (n_series,)
        Median of the true autocorrelations that fit.
    dispersion : ndarray, shape (n_series,)
        Variance over that of pure sampling; NaN without denominators.
    minimal_detectable : ndarray, shape (n_series,)
        Step in the middle that is found four times in five.
    """

    status: NDArray[np.int64]
    p_value: Floats
    best: NDArray[np.int64]
    probability: Floats
    members: NDArray[np.bool_]
    admissible: NDArray[np.bool_]
    changed: Floats
    size: Floats
    standard_error: Floats
    phi: Floats
    dispersion: Floats
    minimal_detectable: Floats


def screen_matrix(
    values: Floats,
    settings: BatchSettings,
    *,
    per_year: float,
    phase: float,
    sampling: Floats | None = None,
) -> StepArrays:
    """Screen the rows of a matrix, those with the same gaps together.

    Parameters
    ----------
    values : ndarray, shape (n_series, n_periods)
        Figures, NaN where there is none.
    settings : BatchSettings
        How.
    per_year, phase : float
        Periods a year, and periods of its year before the first one.
    sampling : ndarray, shape (n_series, n_periods), optional
        Sampling variance of each figure; NaN in whole rows that have none.
    """
    result = _blank(*values.shape)
    observed = np.isfinite(values)
    patterns, which = np.unique(observed, axis=0, return_inverse=True)
    calendars = [
        _calendar(np.flatnonzero(pattern), settings, per_year=per_year, phase=phase) for pattern in patterns
    ]
    for rows, calendar in _together(calendars, which.ravel(), settings):
        kept = np.stack([np.flatnonzero(observed[row]) for row in rows])
        variances = None if sampling is None else np.take_along_axis(sampling[rows], kept, axis=1)
        _fill(
            result,
            rows,
            kept,
            np.take_along_axis(values[rows], kept, axis=1),
            calendar,
            variances,
            settings,
            typical_gaps=len(patterns) > _MOST_TABLES,
        )
    return result


def _calendar(
    kept: NDArray[np.int64], settings: BatchSettings, *, per_year: float, phase: float
) -> StepCalendar | None:
    """Return the calendar of a pattern of gaps; None where it is too short."""
    if len(kept) < FEWEST_SEGMENTS * settings.min_size:
        return None
    return calendar_for(
        kept,
        per_year=per_year,
        phase=phase,
        season=settings.season,
        trend=settings.trend,
        min_size=settings.min_size,
    )


def _together(
    calendars: Sequence[StepCalendar | None], which: NDArray[np.int64], settings: BatchSettings
) -> Iterator[tuple[NDArray[np.int64], StepCalendar | StackedCalendars]]:
    """Yield rows that can be scanned at once: of one calendar, or of many with the same number of figures."""
    if len(calendars) <= _MOST_TABLES or settings.robust:
        for at, calendar in enumerate(calendars):
            if calendar is not None:
                yield np.flatnonzero(which == at), calendar
        return
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for at, calendar in enumerate(calendars):
        rows = np.flatnonzero(which == at)
        if calendar is not None and len(rows) >= _WORTH_ALONE:
            yield rows, calendar
        elif calendar is not None:
            alike[calendar.n, calendar.design.shape[1]] += rows.tolist()
    for members in alike.values():
        rows = np.array(members)
        stack = [one for row in rows if (one := calendars[which[row]]) is not None]
        yield rows, StackedCalendars(stack)


def _blank(n_series: int, n_periods: int) -> StepArrays:
    def numbers() -> Floats:
        return np.full(n_series, np.nan)

    return StepArrays(
        status=np.full(n_series, TOO_SHORT),
        p_value=numbers(),
        best=np.full(n_series, -1),
        probability=np.zeros((n_series, n_periods)),
        members=np.zeros((n_series, n_periods), dtype=bool),
        admissible=np.zeros((n_series, n_periods), dtype=bool),
        changed=np.zeros(n_series),
        size=numbers(),
        standard_error=numbers(),
        phi=numbers(),
        dispersion=numbers(),
        minimal_detectable=numbers(),
    )


def _fill(
    result: StepArrays,
    rows: NDArray[np.int64],
    kept: NDArray[np.int64],
    block: Floats,
    calendar: StepCalendar | StackedCalendars,
    sampling: Floats | None,
    settings: BatchSettings,
    *,
    typical_gaps: bool,
) -> None:
    constant = is_constant(block, calendar)
    result.status[rows] = np.where(constant, CONSTANT, JUDGED)
    # A constant series is scanned as if it were noise and what is found is not kept.
    block = np.where(constant[:, None], np.arange(block.shape[1]) % 5.0, block)
    judged = judge(
        block,
        calendar,
        form=settings.form,
        robust=settings.robust,
        draws=settings.draws,
        seed=settings.seed,
        sampling=sampling,
        typical_gaps=typical_gaps,
    )
    _dates(result, rows[~constant], kept[~constant], judged.scan.profile[~constant], settings.level)
    scan, fits = judged.scan, ~constant
    at = rows[fits]
    result.p_value[at] = judged.p_values[fits]
    result.best[at] = kept[fits, scan.best[fits]]
    result.changed[at] = change_probability(scan.statistic, scan.profile, calendar.n)[fits]
    result.size[at], result.standard_error[at] = scan.size[fits], scan.standard_error[fits]
    result.phi[at] = _median_phi(judged)[fits]
    result.dispersion[at] = judged.dispersion[fits]
    result.minimal_detectable[at] = minimal_detectable_of(judged, calendar, settings.false_alarm)[fits]


def _dates(
    result: StepArrays,
    rows: NDArray[np.int64],
    kept: NDArray[np.int64],
    profile: Floats,
    level: float,
) -> None:
    """Put the probabilities of dates on the calendar: all at once where the gaps are the same."""
    if not len(rows):
        return
    probabilities = date_probabilities(profile)
    members = highest_density(probabilities, level).astype("float64")
    open_to = np.ones_like(probabilities)
    min_size = (kept.shape[1] - profile.shape[1] + 1) // 2
    candidates = np.arange(min_size, kept.shape[1] - min_size + 1)
    same = bool((kept == kept[0]).all())
    for part in [slice(None)] if same else [slice(at, at + 1) for at in range(len(rows))]:
        places = kept[part][0]
        where = np.ix_(rows[part], np.arange(places[0], places[-1] + 1))
        positions = places - places[0]
        result.probability[where] = on_calendar(probabilities[part], candidates, positions)
        result.members[where] = on_calendar(members[part], candidates, positions) > 0
        result.admissible[where] = on_calendar(open_to[part], candidates, positions) > 0


def _median_phi(judged: Judged) -> Floats:
    medians: Floats = np.median(judged.null.true_phi, axis=1)
    return medians[judged.scan.phi_index]
