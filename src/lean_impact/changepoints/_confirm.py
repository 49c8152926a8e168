"""Judge one change given all others: its p-value, its dates, its size; arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lean_impact.changepoints._calendar import StepCalendar
from lean_impact.changepoints.change import Kind
from lean_impact.domain import Estimate
from lean_impact.kernels.ar1_noise import whitener
from lean_impact.kernels.change_location import date_probabilities, size_interval
from lean_impact.kernels.robust_steps import winsorise
from lean_impact.kernels.step_null import PHI_RANGE, StepNull, simulate_dated_nulls, simulate_step_null
from lean_impact.kernels.step_scan import PHI_GRID, Form, StepGrid, StepScan, scan_steps, step_grid
from lean_impact.kernels.t_mixture import mixture_quantile

__all__ = [
    "Given",
    "Looked",
    "Sizes",
    "confirm",
    "confirm_at",
    "location_given",
    "size_on",
    "sizes_given",
]

Floats = NDArray[np.float64]

_DRAWS: Final = 600
_NEAR: Final = 240
_WIDER: Final = 0.1
_PHI_LEVEL: Final = 0.98
_UNLIKELY: Final = 1e-3  # of the likeliest date


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is taken as known while one change is judged; hashable.

    Attributes
    ----------
    calendar : StepCalendar
        Calendar, season and trend.
    others : tuple of int
        First observed periods after the other changes.
    bounds : tuple of int
        First candidate, and the first that is none any more.
    form : {"level", "slope", "both"}
        What changes at each of them.
    robust : bool
        Whether wild figures are pulled in.
    """

    calendar: StepCalendar
    others: tuple[int, ...]
    bounds: tuple[int, int]
    form: Form
    robust: bool = False

    @classmethod
    def around(
        cls, calendar: StepCalendar, breaks: tuple[int, ...], at: int, *, form: Form, robust: bool
    ) -> Given:
        """Take all changes but one as known; that one may lie anywhere between its neighbours."""
        ends = (0, *breaks, calendar.n)
        return cls(
            calendar=calendar,
            others=breaks[:at] + breaks[at + 1 :],
            bounds=(ends[at] + calendar.min_size, ends[at + 2] - calendar.min_size + 1),
            form=form,
            robust=robust,
        )

    @property
    def is_whole(self) -> bool:
        """Whether nothing is taken as known, and the change may lie anywhere."""
        return not self.others and self.bounds == self.calendar.bounds

    @property
    def design(self) -> Floats:
        """Calendar columns and those of the other changes, shape (n_observed, n_columns)."""
        places = self.calendar.where
        parts = [self.calendar.design]
        for other in self.others:
            parts += change_columns(places, other, self.form)
        return np.hstack(parts)

    def scan(self, values: Floats, scale: Floats | None, form: Form | None = None) -> StepScan:
        """Scan one series for this change."""
        return scan_steps(
            values[None, :],
            positions=self.calendar.where,
            design=self.design,
            bounds=self.bounds,
            scale=None if scale is None else scale[None, :],
            form=form or self.form,
        )


def change_columns(places: NDArray[np.int64], at: int, form: Form) -> list[Floats]:
    """Return the columns of a change at an observed period, each of shape (n_observed, 1)."""
    step = (np.arange(len(places)) >= at).astype("float64")[:, None]
    ramp = np.maximum(places - places[at], 0.0)[:, None]
    return {"level": [step], "slope": [ramp], "both": [step, ramp]}[form]


class Looked:
    """One series, and what every look at it has shown; no look is taken twice.

    Parameters
    ----------
    values : ndarray, shape (n_observed,)
        Figures.
    scale : ndarray, shape (n_observed,), optional
        Standard deviation of each figure up to a factor.
    whole : StepScan, optional
        The look for one change anywhere, where it was taken before.
    """

    def __init__(self, values: Floats, scale: Floats | None, whole: StepScan | None = None) -> None:
        self.values, self.scale = values, scale
        self._whole = whole
        self._seen: dict[Given, StepScan] = {}

    def at(self, given: Given) -> StepScan:
        """Scan for one change, given the others."""
        if given.is_whole and self._whole is not None:
            return self._whole
        if given not in self._seen:
            self._seen[given] = given.scan(self.values, self.scale)
        return self._seen[given]


@lru_cache(maxsize=256)
def _null(given: Given, phi_range: tuple[float, float], seed: int) -> StepNull:
    prepare = partial(winsorise, design=given.design, bounds=given.bounds) if given.robust else None
    return simulate_step_null(
        positions=given.calendar.where,
        design=given.design,
        bounds=given.bounds,
        form=given.form,
        prepare=prepare,
        phi_range=phi_range,
        draws=_DRAWS,
        near=_NEAR,
        seed=seed,
    )


def confirm(looked: Looked, given: Given, *, null: StepNull, seed: int) -> float:
    """Return the p-value of one change given the others, its place searched for.

    Parameters
    ----------
    looked : Looked
        The series.
    given : Given
        Everything that is taken as known.
    null : StepNull
        Table of the calendar: what a change that may lie anywhere is compared with. For others it tells the true
        autocorrelations that fit an estimate; the stable series of their own tables cover a little more.
    seed : int
        Root of the randomness.
    """
    seen = looked.at(given)
    if given.is_whole:
        return float(null.p_values(seen.average, seen.phi_index)[0])
    stable = _null(given, _fitting(null, int(seen.phi_index[0])), seed)
    return float(stable.p_values(seen.average, seen.phi_index)[0])


def _fitting(null: StepNull, phi_index: int) -> tuple[float, float]:
    """Return the range of true autocorrelations that fit an estimate, a little widened and rounded."""
    low, _, high = null.phi_between(phi_index, _PHI_LEVEL)
    return max(round(low - _WIDER, 1), PHI_RANGE[0]), min(round(high + _WIDER, 1), PHI_RANGE[1])


def confirm_at(
    date: int,
    grid: StepGrid,
    scan: StepScan,
    *,
    shared: tuple[int, ...],
    given: StepCalendar,
    null: StepNull,
    seed: int,
) -> float:
    """Return the p-value of a change at a date that was named beforehand.

    Parameters
    ----------
    date : int
        First observed period of the new level.
    grid : StepGrid
        One series at that date alone.
    scan : StepScan
        The same series at all dates.
    shared : tuple of int
        Dates of all series of this calendar: their tables are made at once.
    given : StepCalendar
        Calendar, season and trend.
    null : StepNull
        Table of the calendar; it tells the true autocorrelations that fit an estimate.
    seed : int
        Root of the randomness.
    """
    phi_index = grid.log_likelihood[:, 0].argmax(axis=0)
    statistic = scan.statistic + 2.0 * scan.profile[:, date - int(scan.candidates[0])]
    tables = _dated_nulls(given, shared, _fitting(null, int(phi_index[0])), seed)
    return float(tables[shared.index(date)].p_values(statistic, phi_index)[0])


@lru_cache(maxsize=64)
def _dated_nulls(
    calendar: StepCalendar, dates: tuple[int, ...], phi_range: tuple[float, float], seed: int
) -> tuple[StepNull, ...]:
    return simulate_dated_nulls(
        positions=calendar.where,
        design=calendar.design,
        candidates=np.array(dates),
        phi_range=phi_range,
        draws=_DRAWS,
        near=_NEAR,
        seed=seed,
    )


def location_given(
    values: Floats, given: Given, scale: Floats | None
) -> tuple[Floats, NDArray[np.int64], int]:
    """Return probabilities of the candidate dates, the candidates, and the index of the autocorrelation."""
    seen = given.scan(values, scale)
    return date_probabilities(seen.profile)[0], seen.candidates, int(seen.phi_index[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large a change is.

    Attributes
    ----------
    kind : {"level", "slope", "both"}
        What changed.
    level, slope : Estimate or None
        Step, in the unit of the measure, and change of slope a period; None where not in the model.
    """

    kind: Kind
    level: Estimate | None
    slope: Estimate | None


def sizes_given(values: Floats, given: Given, *, scale: Floats | None, level: float) -> Sizes:
    """Return the size of a change, every date that fits weighted by how well it does."""
    if given.form == "level":
        return Sizes(kind="level", level=_level_size(values, given, scale, level), slope=None)
    weights, candidates, phi_index = location_given(values, given, scale)
    likely = weights > _UNLIKELY * weights.max()
    found = [
        _coefficients(values, given, int(at), float(PHI_GRID[phi_index]), scale) for at in candidates[likely]
    ]
    shares = weights[likely] / weights[likely].sum()
    n_columns = {"slope": 1, "both": 2}[given.form]
    estimates = [_mixed(shares, found, column, level) for column in range(n_columns)]
    return Sizes(
        kind=_kind(values, given, scale),
        level=estimates[0] if given.form == "both" else None,
        slope=estimates[-1],
    )


def _level_size(values: Floats, given: Given, scale: Floats | None, level: float) -> Estimate:
    grid = step_grid(
        values[None, :],
        positions=given.calendar.where,
        design=given.design,
        bounds=given.bounds,
        scale=None if scale is None else scale[None, :],
    )
    return size_on(grid, level)


def size_on(grid: StepGrid, level: float) -> Estimate:
    """Return the step of one series, every date and autocorrelation of a grid weighted by how well it fits."""
    lower, _, upper = size_interval(grid, 0, level)
    best = np.unravel_index(int(grid.log_likelihood[:, 0].argmax()), grid.log_likelihood[:, 0].shape)
    value = float(grid.size[:, 0][best])
    return Estimate(
        value=value,
        standard_error=float(grid.standard_error[:, 0][best]),
        lower=min(lower, value),
        upper=max(upper, value),
        level=level,
    )


def _coefficients(
    values: Floats, given: Given, at: int, phi: float, scale: Floats | None
) -> tuple[Floats, Floats, int]:
    """Fit a change at one date; return coefficients of its columns, standard errors, degrees of freedom."""
    columns = change_columns(given.calendar.where, at, given.form)
    design = np.hstack([given.design, *columns])
    weights = np.ones(len(values)) if scale is None else 1.0 / scale
    noise = whitener(phi, given.calendar.where)
    white = noise.apply((design * weights[:, None]).T).T
    target = noise.apply((values - values.mean()) * weights)
    coefficients: Floats = np.asarray(np.linalg.lstsq(white, target, rcond=None)[0], dtype="float64")
    degrees = len(values) - design.shape[1]
    variance = float(((target - white @ coefficients) ** 2).sum()) / degrees
    errors: Floats = np.sqrt(variance * np.diag(np.linalg.pinv(white.T @ white)))
    return coefficients[-len(columns) :], errors[-len(columns) :], degrees


def _mixed(shares: Floats, found: list[tuple[Floats, Floats, int]], column: int, level: float) -> Estimate:
    values = np.array([item[0][column] for item in found])
    errors = np.maximum(np.array([item[1][column] for item in found]), 1e-300)
    degrees = np.full(len(found), float(found[0][2]))
    lower, upper = (
        float(mixture_quantile(at, shares, values, errors, degrees))
        for at in ((1 - level) / 2, (1 + level) / 2)
    )
    best = int(shares.argmax())
    value = float(values[best])
    return Estimate(
        value=value,
        standard_error=float(errors[best]),
        lower=min(lower, value),
        upper=max(upper, value),
        level=level,
    )


def _kind(values: Floats, given: Given, scale: Floats | None) -> Kind:
    """Call it by the simplest change that explains it, a further number costing ``ln n``."""
    if given.form == "slope":
        return "slope"
    both, level, slope = (
        float(given.scan(values, scale, form).statistic[0]) for form in ("both", "level", "slope")
    )
    if both - max(level, slope) > np.log(given.calendar.n):
        return "both"
    return "level" if level >= slope else "slope"
