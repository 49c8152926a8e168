"""Screen many series as one matrix: what holds for all of them, whatever they are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lean_impact.changepoints._calendar import FEWEST_SEGMENTS, Season, StepCalendar, calendar_for
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
    per_year: int,
    phase: int,
    sampling: Floats | None = None,
) -> StepArrays:
    """Screen the rows of a matrix, those with the same gaps together.

    Parameters
    ----------
    values : ndarray, shape (n_series, n_periods)
        Figures, NaN where there is none.
    settings : BatchSettings
        How.
    per_year, phase : int
        Periods a year, and season of the first period.
    sampling : ndarray, shape (n_series, n_periods), optional
        Sampling variance of each figure; NaN in whole rows that have none.
    """
    result = _blank(*values.shape)
    observed = np.isfinite(values)
    patterns, which = np.unique(observed, axis=0, return_inverse=True)
    typical_gaps = len(patterns) > _MOST_TABLES
    for at, pattern in enumerate(patterns):
        rows = np.flatnonzero(which.ravel() == at)
        kept = np.flatnonzero(pattern)
        if len(kept) < FEWEST_SEGMENTS * settings.min_size:
            continue
        calendar = calendar_for(
            kept,
            per_year=per_year,
            phase=phase,
            season=settings.season,
            trend=settings.trend,
            min_size=settings.min_size,
        )
        block = values[np.ix_(rows, kept)]
        constant = is_constant(block, calendar)
        result.status[rows[constant]] = CONSTANT
        moving = rows[~constant]
        if len(moving):
            variances = None if sampling is None else sampling[np.ix_(moving, kept)]
            _fill(result, moving, kept, block[~constant], calendar, variances, settings, typical_gaps=typical_gaps)
    return result


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
    calendar: StepCalendar,
    sampling: Floats | None,
    settings: BatchSettings,
    *,
    typical_gaps: bool,
) -> None:
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
    scan = judged.scan
    probabilities = date_probabilities(scan.profile)
    members = highest_density(probabilities, settings.level)
    inside = np.arange(kept[0], kept[-1] + 1)
    where = np.ix_(rows, inside)
    result.status[rows] = JUDGED
    result.p_value[rows] = judged.p_values
    result.best[rows] = kept[scan.best]
    result.probability[where] = on_calendar(probabilities, scan.candidates, calendar.where)
    result.members[where] = on_calendar(members.astype("float64"), scan.candidates, calendar.where) > 0
    open_to = on_calendar(np.ones_like(probabilities[:1]), scan.candidates, calendar.where) > 0
    result.admissible[where] = open_to
    result.changed[rows] = change_probability(scan.statistic, scan.profile, calendar.n)
    result.size[rows], result.standard_error[rows] = scan.size, scan.standard_error
    result.phi[rows] = _median_phi(judged)
    result.dispersion[rows] = judged.dispersion
    result.minimal_detectable[rows] = minimal_detectable_of(judged, calendar, settings.false_alarm)


def _median_phi(judged: Judged) -> Floats:
    medians: Floats = np.median(judged.null.true_phi, axis=1)
    return medians[judged.scan.phi_index]
