"""From a series to arrays, and from what was found back to a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lean_impact._version import __version__
from lean_impact.changepoints._calendar import FEWEST_SEGMENTS, Season, StepCalendar, calendar_of
from lean_impact.changepoints._cautions import holes_and_imputed, result_doubts, too_few
from lean_impact.changepoints._confirm import Given, Sizes, location_given, sizes_given
from lean_impact.changepoints._judgement import Judged, describe_noise, is_constant
from lean_impact.changepoints._levels import Fit, fit_segments, on_dates, segments_from
from lean_impact.changepoints._parameters import Settings
from lean_impact.changepoints._series import check_series, sampling_variance
from lean_impact.changepoints.change import Change
from lean_impact.changepoints.location import LocationSet
from lean_impact.changepoints.result import ChangePoints, Status
from lean_impact.domain import Provenance, PValue
from lean_impact.kernels.change_location import highest_density, on_calendar
from lean_impact.kernels.step_null import SMALLEST_P
from lean_impact.kernels.step_scan import PHI_GRID, Form
from lean_impact.tables import Series

__all__ = ["Found", "Prepared", "StepSettings", "assemble", "empty", "location_set", "p_value_of", "prepare"]

Floats = NDArray[np.float64]


class StepSettings(Settings, Protocol):
    """What both searches under autocorrelation are set up with."""

    @property
    def season(self) -> Season: ...
    @property
    def robust(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A series as arrays.

    Attributes
    ----------
    series : Series
        As given.
    kept : ndarray of int, shape (n_observed,)
        Periods with a figure.
    status : {"judged", "too short", "constant"}
        Whether it can be searched.
    calendar : StepCalendar or None
        None where too short.
    sampling : ndarray or None, shape (1, n_observed)
        Sampling variances, None if unknown.
    cautions : tuple of str
        On gaps, imputed figures and length.
    """

    series: Series
    kept: NDArray[np.int64]
    status: Status
    calendar: StepCalendar | None
    sampling: Floats | None
    cautions: tuple[str, ...]

    @property
    def values(self) -> Floats:
        """Observed figures, shape (1, n_observed)."""
        observed: Floats = self.series.values[self.kept][None, :]
        return observed


def prepare(series: Series, settings: StepSettings, *, trend: bool) -> Prepared:
    """Check a series, and see whether it can be searched."""
    check_series(series)
    kept = np.flatnonzero(np.isfinite(series.values))
    cautions = holes_and_imputed(series, kept)
    needed = FEWEST_SEGMENTS * settings.min_size
    if len(kept) < needed:
        cautions = (*cautions, too_few(len(kept), needed))
        return Prepared(
            series=series, kept=kept, status="too short", calendar=None, sampling=None, cautions=cautions
        )
    calendar = calendar_of(series, kept, season=settings.season, trend=trend, min_size=settings.min_size)
    sampling = sampling_variance(series, kept)[None, :]
    constant = bool(is_constant(series.values[kept][None, :], calendar)[0])
    return Prepared(
        series=series,
        kept=kept,
        status="constant" if constant else "judged",
        calendar=calendar,
        sampling=sampling if np.isfinite(sampling).all() else None,
        cautions=cautions,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """What a search found in a prepared series.

    Attributes
    ----------
    breaks : tuple of int
        First observed period of each segment but the first.
    p_values : tuple of float
        One for each change, given the others.
    p_any : float
        For any change at all.
    false_alarm_rate : float
        Measured on stable series.
    cautions : tuple of str
        On the search.
    """

    breaks: tuple[int, ...]
    p_values: tuple[float, ...]
    p_any: float
    false_alarm_rate: float
    cautions: tuple[str, ...] = ()


def assemble(
    prepared: Prepared,
    judged: Judged,
    found: Found,
    *,
    noise: Judged | None = None,
    settings: StepSettings,
    form: Form,
    provenance: Provenance,
) -> ChangePoints:
    """Put what was found into the result that all detectors share.

    The noise is described from ``judged`` unless it was judged apart, without some of the changes.
    """
    quiet = judged if noise is None else noise
    series, kept, calendar = prepared.series, prepared.kept, _searched(prepared)
    scale = None if judged.scale is None else judged.scale[0]
    values = judged.values[0]
    told = describe_noise(quiet, calendar, 0, settings.false_alarm)
    phi = float(PHI_GRID[int(quiet.scan.phi_index[0])])
    fit = fit_segments(values, calendar, found.breaks, phi=phi, scale=scale, lines=form != "level")
    changes = tuple(
        _change(prepared, values, fit, found, at, scale=scale, settings=settings, form=form)
        for at in range(len(found.breaks))
    )
    segments = segments_from(series, kept, found.breaks, fit)
    doubts = result_doubts(
        values, calendar, fit.residuals, sizes=[part.n_observed for part in segments], high=told.phi_upper
    )
    return ChangePoints(
        trust=series.trust,
        measure=series.measure,
        periods=series.periods,
        values=series.values,
        fitted=on_dates(series, kept, fit),
        status="judged",
        changes=changes,
        segments=segments,
        p_value=p_value_of(found.p_any, settings),
        phi=told.phi,
        phi_lower=told.phi_lower,
        phi_upper=told.phi_upper,
        penalty=float("nan"),
        false_alarm=settings.false_alarm,
        false_alarm_rate=found.false_alarm_rate,
        seasonal=calendar.season != "none",
        provenance=provenance,
        cautions=(*prepared.cautions, *found.cautions, *doubts),
        level=settings.level,
        dispersion=float(quiet.dispersion[0]),
        n_effective=told.n_effective,
        minimal_detectable=told.minimal_detectable,
    )


def _searched(prepared: Prepared) -> StepCalendar:
    if prepared.calendar is None:
        raise ValueError("a series that is too short has no calendar")
    return prepared.calendar


def _change(
    prepared: Prepared,
    values: Floats,
    fit: Fit,
    found: Found,
    at: int,
    *,
    scale: Floats | None,
    settings: StepSettings,
    form: Form,
) -> Change:
    given = Given.around(_searched(prepared), found.breaks, at, form=form, robust=settings.robust)
    sizes = sizes_given(values, given, scale=scale, level=settings.level)
    probabilities, candidates, _ = location_given(values, given, scale)
    before, after = (
        (float(fit.levels[at]), float(fit.levels[at + 1]))
        if form == "level"
        else (float(fit.ends[at, 1]), float(fit.ends[at + 1, 0]))
    )
    lower, upper = _size_ends(sizes, after - before)
    return Change(
        period=prepared.series.periods[prepared.kept[found.breaks[at]]].astype(object),
        before=before,
        after=after,
        lower=lower,
        upper=upper,
        p_value=p_value_of(found.p_values[at], settings),
        kind=sizes.kind,
        location=location_set(
            prepared.series, prepared.kept, probabilities, candidates, level=settings.level
        ),
        slope=sizes.slope,
    )


def _size_ends(sizes: Sizes, size: float) -> tuple[float, float]:
    """Return the interval of the step; the fit of all segments at once may lie at its very edge."""
    if sizes.level is None:
        return size, size
    return min(sizes.level.lower, size), max(sizes.level.upper, size)


def location_set(
    series: Series,
    kept: NDArray[np.int64],
    probabilities: Floats,
    candidates: NDArray[np.int64],
    *,
    level: float,
) -> LocationSet:
    """Put probabilities of candidate dates on the calendar of the series."""
    positions = kept - kept[0]
    chosen = highest_density(probabilities[None, :], level)
    whole, members = np.zeros(len(series)), np.zeros(len(series), dtype=bool)
    inside = slice(int(kept[0]), int(kept[-1]) + 1)
    whole[inside] = on_calendar(probabilities[None, :], candidates, positions)[0]
    members[inside] = on_calendar(chosen.astype("float64"), candidates, positions)[0] > 0
    for array in (whole, members):
        array.flags.writeable = False
    return LocationSet(
        calendar=series.periods,
        probability=whole,
        members=members,
        level=level,
        frequency=series.measure.frequency,
    )


_METHOD: Final = "likelihood ratio averaged over all dates, against simulated stable series"
_ASSUMPTION: Final = "without a change the figures are a season plus first-order autoregressive noise"


def p_value_of(value: float, settings: StepSettings) -> PValue:
    """Say what a p-value rests on."""
    return PValue(
        value=value, smallest=SMALLEST_P, method=_METHOD, assumption=_ASSUMPTION, draws=settings.draws
    )


def empty(prepared: Prepared, *, settings: StepSettings, provenance: Provenance) -> ChangePoints:
    """Return the result of a series that is too short or constant."""
    nan = float("nan")
    series = prepared.series
    fitted = np.full(len(series), nan)
    fitted.flags.writeable = False
    return ChangePoints(
        trust=series.trust,
        measure=series.measure,
        periods=series.periods,
        values=series.values,
        fitted=fitted,
        status=prepared.status,
        changes=(),
        segments=(),
        p_value=None,
        phi=nan,
        phi_lower=nan,
        phi_upper=nan,
        penalty=nan,
        false_alarm=settings.false_alarm,
        false_alarm_rate=nan,
        seasonal=False,
        provenance=provenance,
        cautions=prepared.cautions,
        level=settings.level,
    )


def provenance_of(
    series: Series, detector: str, settings: object, names: tuple[str, ...], seed: int
) -> Provenance:
    """Hold what is needed to repeat the search."""
    return Provenance(
        version=__version__,
        seed=seed,
        parameters={"detector": detector} | {name: str(getattr(settings, name)) for name in names},
        steps=(f"searched {series.trust} {series.measure.id} without knowing any date",),
    )
