"""Scan series on one calendar for one change and compare them with stable series; arrays only."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lean_impact.changepoints._calendar import StackedCalendars, StepCalendar
from lean_impact.kernels.ar1_noise import remove
from lean_impact.kernels.robust_steps import winsorise
from lean_impact.kernels.step_null import StepNull, simulate_step_null
from lean_impact.kernels.step_scan import PHI_GRID, Form, StepScan, scan_steps, step_grid

__all__ = [
    "Judged",
    "Noise",
    "describe_noise",
    "is_constant",
    "judge",
    "minimal_detectable_of",
    "null_of",
    "sampling_scale",
]

Floats = NDArray[np.float64]

_ROUNDING: Final = 1e-12
_NEAR_SHARE: Final = 10  # the table is this many times as large as what one series is compared with
_POWER_80: Final = 0.8416  # normal quantile of 80 %
_LEAST_SHARE: Final = 0.02  # of the noise; less sampling noise than that changes no weight


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """Series on one calendar, compared with stable ones.

    Attributes
    ----------
    values : ndarray, shape (n_series, n_observed)
        What was scanned: as given, or wild figures pulled in.
    scale : ndarray or None, shape (n_series, n_observed)
        Standard deviation of each figure up to a factor.
    dispersion : ndarray, shape (n_series,)
        Variance about the best step over that of pure sampling; NaN without known denominators.
    scan : StepScan
        Likelihoods.
    null : StepNull
        Stable series of this calendar.
    p_values : ndarray, shape (n_series,)
        How often stable series look at least as unstable.
    """

    values: Floats
    scale: Floats | None
    dispersion: Floats
    scan: StepScan
    null: StepNull
    p_values: Floats

    def row(self, at: int) -> Judged:
        """Return one series alone."""
        scan = self.scan
        alone = {
            field.name: getattr(scan, field.name)[[at]]
            for field in fields(scan)
            if field.name != "candidates"
        }
        return replace(
            self,
            values=self.values[[at]],
            scale=None if self.scale is None else self.scale[[at]],
            dispersion=self.dispersion[[at]],
            scan=replace(scan, **alone),
            p_values=self.p_values[[at]],
        )


def is_constant(values: Floats, calendar: StepCalendar | StackedCalendars) -> NDArray[np.bool_]:
    """Tell which series are nothing but level, trend and season, shape (n_series,)."""
    rest = remove(values - values.mean(axis=1, keepdims=True), _basis(calendar))
    constant: NDArray[np.bool_] = np.ptp(rest, axis=1) <= _ROUNDING * np.abs(values).max(axis=1)
    return constant


@lru_cache(maxsize=64)
def null_of(calendar: StepCalendar, *, form: Form, robust: bool, draws: int, seed: int) -> StepNull:
    """Simulate the table of a calendar once; trusts that report together share it."""
    prepare = partial(winsorise, design=calendar.design, bounds=calendar.bounds) if robust else None
    return simulate_step_null(
        positions=calendar.where,
        design=calendar.design,
        bounds=calendar.bounds,
        form=form,
        prepare=prepare,
        draws=draws,
        near=draws // _NEAR_SHARE,
        seed=seed,
    )


def judge(
    values: Floats,
    calendar: StepCalendar | StackedCalendars,
    *,
    form: Form,
    robust: bool,
    draws: int,
    seed: int,
    sampling: Floats | None = None,
    typical_gaps: bool = False,
) -> Judged:
    """Scan series and give each its p-value.

    Parameters
    ----------
    values : ndarray, shape (n_series, n_observed)
        Figures; none constant.
    calendar : StepCalendar or StackedCalendars
        Their calendar and model, or one for each; stacked calendars go without ``robust``, and share the table
        of typical gaps.
    form, robust, draws, seed
        See :class:`~lean_impact.changepoints.StepTest`.
    sampling : ndarray, shape (n_series, n_observed), optional
        Sampling variance of each figure by its denominator, NaN for series without.
    typical_gaps : bool
        Whether to compare with stable series that have as many gaps, evenly spread, instead of the same.
    """
    bounds = calendar.bounds
    if robust and isinstance(calendar, StepCalendar):
        values = winsorise(values, design=calendar.design, bounds=bounds)
    scan = partial(
        scan_steps, values, positions=calendar.where, design=calendar.design, bounds=bounds, form=form
    )
    seen, scale = scan(), None
    dispersion = np.full(len(values), np.nan)
    if sampling is not None and np.isfinite(sampling).any():
        scale, dispersion = sampling_scale(values, sampling, calendar, seen.best)
        if (scale == 1.0).all():  # large denominators: sampling hardly moves any figure
            scale = None
        else:
            seen = scan(scale=scale)
    shared = typical_gaps or isinstance(calendar, StackedCalendars)
    alike = calendar.with_typical_gaps() if shared else calendar
    null = null_of(alike, form=form, robust=robust, draws=draws, seed=seed)
    return Judged(
        values=values,
        scale=scale,
        dispersion=dispersion,
        scan=seen,
        null=null,
        p_values=null.p_values(seen.average, seen.phi_index),
    )


def sampling_scale(
    values: Floats,
    sampling: Floats,
    calendar: StepCalendar | StackedCalendars,
    best: NDArray[np.int64],
) -> tuple[Floats, Floats]:
    r"""Weigh figures by their denominators as far as sampling is what makes them vary.

    Returns
    -------
    scale : ndarray, shape (n_series, n_observed)
        Standard deviation up to a factor; 1 everywhere for a series without denominators.
    dispersion : ndarray, shape (n_series,)
        Variance about the best step over the mean sampling variance.

    Notes
    -----
    Variance of a figure is :math:`\sigma^2_b + v_t` with sampling variance :math:`v_t`, such as
    :math:`p (1 - p) / n_t`, and extra variance :math:`\sigma^2_b` by the method of moments, as in Laney's
    charts: with large denominators sampling hardly matters, and all figures weigh the same.
    """
    variance = _variance_about_step(values, calendar, best)
    mean = sampling.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = np.where(mean > 0, variance / mean, np.nan)
        share = np.clip(1.0 / dispersion, 0.0, 1.0)
    known = np.isfinite(share) & (share > _LEAST_SHARE)
    relative = np.where(known[:, None], sampling / np.where(known, mean, 1.0)[:, None], 1.0)
    share = np.where(known, share, 0.0)[:, None]
    scale: Floats = np.sqrt(1.0 - share + share * relative)
    return scale, dispersion


def _basis(calendar: StepCalendar | StackedCalendars) -> Floats:
    design = calendar.design
    return np.linalg.qr(design if design.ndim == 3 else design[None])[0]  # noqa: PLR2004 - one each


def _variance_about_step(
    values: Floats, calendar: StepCalendar | StackedCalendars, best: NDArray[np.int64]
) -> Floats:
    basis = _basis(calendar)
    rest = remove(values, basis)
    step = remove((np.arange(calendar.n)[None, :] >= best[:, None]).astype("float64"), basis)
    norm = np.maximum((step**2).sum(axis=1), 1e-12)
    left = (rest**2).sum(axis=1) - (rest * step).sum(axis=1) ** 2 / norm
    degrees = max(calendar.n - calendar.design.shape[-1] - 1, 1)
    variance: Floats = np.maximum(left, 0.0) / degrees
    return variance


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """The noise of one series, and what it hides.

    Attributes
    ----------
    phi, phi_lower, phi_upper : float
        Autocorrelation that stable series with this estimate really have: median, 5th and 95th percentile.
    n_effective : float
        Independent figures that would tell as much about a level.
    minimal_detectable : float
        Step in the middle of the series that is found four times in five.
    """

    phi: float
    phi_lower: float
    phi_upper: float
    n_effective: float
    minimal_detectable: float


def describe_noise(judged: Judged, calendar: StepCalendar, series: int, false_alarm: float) -> Noise:
    """Tell the autocorrelation and the smallest step that could have been seen; see :class:`Noise`."""
    phi_index = int(judged.scan.phi_index[series])
    low, middle, high = judged.null.phi_between(phi_index, 0.9)
    return Noise(
        phi=middle,
        phi_lower=low,
        phi_upper=high,
        n_effective=calendar.n * (1.0 - middle) / (1.0 + middle),
        minimal_detectable=float(minimal_detectable_of(judged, calendar, false_alarm)[series]),
    )


def minimal_detectable_of(
    judged: Judged, calendar: StepCalendar | StackedCalendars, false_alarm: float
) -> Floats:
    r"""Return the step in the middle of each series that is found four times in five, shape (n_series,).

    Notes
    -----
    With the critical statistic :math:`c` at this autocorrelation, a step is found when its t-statistic passes
    :math:`t_c = \sqrt{\nu (e^{c/\nu} - 1)}`; one of :math:`(t_c + 0.84)` standard errors is found with
    probability 0.8. Weights are left out of the standard error.
    """
    degrees = calendar.n - calendar.design.shape[-1] - 1
    errors = _unit_errors(calendar.with_typical_gaps())
    found = np.zeros(len(judged.scan.phi_index))
    for at in np.unique(judged.scan.phi_index):
        rows = judged.scan.phi_index == at
        likely = int(np.abs(PHI_GRID - np.median(judged.null.true_phi[at])).argmin())
        t_needed = np.sqrt(degrees * np.expm1(judged.null.critical(int(at), false_alarm) / degrees))
        found[rows] = (t_needed + _POWER_80) * errors[likely]
    return found * np.sqrt(judged.scan.variance)


@lru_cache(maxsize=256)
def _unit_errors(calendar: StepCalendar) -> Floats:
    """Return the standard error of a step in the middle at each autocorrelation, for noise of variance 1."""
    middle = calendar.n // 2
    grid = step_grid(
        np.asarray(
            calendar.where[None, :] % 7, dtype="float64"
        ),  # any series: the ratio does not depend on it
        positions=calendar.where,
        design=calendar.design,
        bounds=(middle, middle + 1),
    )
    errors: Floats = grid.standard_error[:, 0, 0] / np.sqrt(grid.variance[:, 0, 0])
    return errors
