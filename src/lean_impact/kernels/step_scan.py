"""Likelihood of one change at every date, under autocorrelated noise and with gaps, for many series at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from lean_impact.kernels.ar1_noise import Whitener, orthonormal, remove, whitener

__all__ = ["PHI_GRID", "Form", "StepGrid", "StepScan", "scan_dates", "scan_steps", "step_grid"]

Floats = NDArray[np.float64]

Form = Literal["level", "slope", "both"]
"""What may change at a date: the level, the slope without a jump, or both."""

PHI_GRID: Final[Floats] = np.tanh(np.linspace(np.arctanh(-0.3), np.arctanh(0.97), 24))
"""Autocorrelations that are tried, evenly spaced where the estimate is evenly uncertain."""
PHI_GRID.flags.writeable = False

_CHUNK: Final = 512
_MANY: Final = 64  # series from which one product of matrices is faster than whitening each
_FLOOR: Final = 1e-10  # share of the unexplained sum of squares that is rounding
_DEGENERATE: Final = 1e-8  # share of a change that the design leaves to be seen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepScan:
    """What a scan for one change sees in each series.

    Attributes
    ----------
    statistic : ndarray, shape (n_series,)
        Log likelihood ratio (times two) of the best change against none, the autocorrelation profiled in both.
    average : ndarray, shape (n_series,)
        The same for the likelihood averaged over all candidates: what a test of no change is best based on.
    best : ndarray of int, shape (n_series,)
        Index of the first observed period after the best change.
    phi_index : ndarray of int, shape (n_series,)
        Index into :data:`PHI_GRID` of the autocorrelation under the best change.
    profile : ndarray, shape (n_series, n_candidates)
        Log likelihood of each candidate relative to the best one (at most 0), autocorrelation and variance
        profiled.
    candidates : ndarray of int, shape (n_candidates,)
        First observed period after each candidate.
    size : ndarray, shape (n_series,)
        Generalised least-squares size of the best change: step, or change of slope a period; NaN where both
        may change.
    standard_error : ndarray, shape (n_series,)
        Its standard error if date and autocorrelation were known.
    variance : ndarray, shape (n_series,)
        Variance of one period's noise about the best change.
    """

    statistic: Floats
    average: Floats
    best: NDArray[np.int64]
    phi_index: NDArray[np.int64]
    profile: Floats
    candidates: NDArray[np.int64]
    size: Floats
    standard_error: Floats
    variance: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepGrid:
    """The likelihood at every autocorrelation and date, with the size there.

    Attributes
    ----------
    log_likelihood : ndarray, shape (n_phi, n_series, n_candidates)
        Relative to the largest value of each series.
    size : ndarray, shape (n_phi, n_series, n_candidates)
        Generalised least-squares size of the level step, or of the slope change.
    standard_error : ndarray, shape (n_phi, n_series, n_candidates)
        Its standard error.
    variance : ndarray, shape (n_phi, n_series, n_candidates)
        Variance of one period's noise.
    candidates : ndarray of int, shape (n_candidates,)
        First observed period after each candidate.
    degrees : int
        Degrees of freedom left.
    """

    log_likelihood: Floats
    size: Floats
    standard_error: Floats
    variance: Floats
    candidates: NDArray[np.int64]
    degrees: int

    def at(self, series: int, candidate: int) -> StepGrid:
        """Return one series at one candidate alone, as if no other date had been looked at."""
        place = int(np.searchsorted(self.candidates, candidate))

        def alone(grid: Floats) -> Floats:
            return grid[:, [series], place : place + 1]

        likelihood = alone(self.log_likelihood)
        return StepGrid(
            log_likelihood=likelihood - likelihood.max(),
            size=alone(self.size),
            standard_error=alone(self.standard_error),
            variance=alone(self.variance),
            candidates=self.candidates[place : place + 1],
            degrees=self.degrees,
        )


def scan_steps(
    values: Floats,
    *,
    positions: NDArray[np.int64],
    design: Floats,
    bounds: tuple[int, int],
    scale: Floats | None = None,
    form: Form = "level",
) -> StepScan:
    r"""Compare one change at every candidate with no change, in many series on one calendar.

    Parameters
    ----------
    values : ndarray, shape (n_series, n_observed)
        Figures at the observed periods; no NaN.
    positions : ndarray of int, shape (n_observed,) or (n_series, n_observed)
        Their places on the calendar, increasing; a difference above 1 is a gap. One calendar for all series, or
        one each.
    design : ndarray, shape (n_observed, n_columns) or (n_series, n_observed, n_columns)
        What is in the model with or without a change, such as a constant and months.
    bounds : tuple of int
        First candidate, and the first that is none any more.
    scale : ndarray, shape (n_series, n_observed), optional
        Standard deviation of each figure up to a factor of the series; equal if not given.
    form : {"level", "slope", "both"}
        What may change.

    Returns
    -------
    StepScan
        One entry per series.

    Notes
    -----
    Noise is a stationary Gaussian AR(1), seen only at the observed periods: two neighbours :math:`g` periods
    apart have correlation :math:`\phi^g`, so a gap is part of the likelihood. For each :math:`\phi` of the
    grid, figures, design and change are whitened; with the unexplained sums of squares :math:`R_0` and
    :math:`R_1(\tau)`, and :math:`\nu` degrees of freedom, the restricted likelihood [1]_ gives

    .. math:: J(\phi, \tau) = R_1(\tau)\,\bigl(|V|\,|X'V^{-1}X|\bigr)^{1/\nu},

    to be minimised over :math:`\phi`. The statistic is
    :math:`\nu\,[\log \min_\phi J_0 - \log \min_{\phi,\tau} J]`, and :math:`2 \log` of the mean likelihood ratio
    over :math:`\tau` its average form, which finds more at the same rate of false alarms [2]_. Neither depends on
    the level, the unit or the season of a series. A change whitens to a constant series cut off at one end, so
    that all dates cost one cumulative sum.

    References
    ----------
    .. [1] Harville DA (1977). Maximum likelihood approaches to variance component estimation. Journal of the
       American Statistical Association 72, 320-338.
    .. [2] Andrews DWK, Ploberger W (1994). Optimal tests when a nuisance parameter is present only under the
       alternative. Econometrica 62, 1383-1414.

    Examples
    --------
    >>> noise = np.random.default_rng(4).normal(size=(1, 40))
    >>> seen = scan_steps(noise + 4.0 * (np.arange(40) >= 25), positions=np.arange(40),
    ...                   design=np.ones((40, 1)), bounds=(5, 36))
    >>> int(seen.best[0]), bool(seen.statistic[0] > 20)
    (25, True)
    """
    shared = scale is None and positions.ndim == 1 and design.ndim == 2  # noqa: PLR2004 - one design for all
    many = shared and form == "level" and len(values) >= _MANY
    plans = _plans(positions, design, np.arange(*bounds)) if many else None
    parts = [
        _scan_chunk(
            plans,
            values[rows],
            positions if positions.ndim == 1 else positions[rows],
            design if design.ndim == 2 else design[rows],  # noqa: PLR2004
            bounds,
            None if scale is None else scale[rows],
            form,
        )
        for rows in _chunks(len(values))
    ]
    return StepScan(
        statistic=np.concatenate([part.statistic for part in parts]),
        average=np.concatenate([part.average for part in parts]),
        best=np.concatenate([part.best for part in parts]),
        phi_index=np.concatenate([part.phi_index for part in parts]),
        profile=np.concatenate([part.profile for part in parts]),
        candidates=parts[0].candidates,
        size=np.concatenate([part.size for part in parts]),
        standard_error=np.concatenate([part.standard_error for part in parts]),
        variance=np.concatenate([part.variance for part in parts]),
    )


def scan_dates(
    values: Floats, *, positions: NDArray[np.int64], design: Floats, candidates: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.int64]]:
    """Compare a change of level at each of some dates with no change, every date for itself.

    Parameters
    ----------
    values, positions, design
        As for :func:`scan_steps`; one calendar for all series.
    candidates : ndarray of int, shape (n_candidates,)
        First observed period after each date.

    Returns
    -------
    statistic : ndarray, shape (n_series, n_candidates)
        Log likelihood ratio (times two) of a change at that date against none.
    phi_index : ndarray of int, shape (n_series, n_candidates)
        Index into :data:`PHI_GRID` of the autocorrelation under a change at that date.

    Examples
    --------
    >>> noise = np.random.default_rng(4).normal(size=(1, 40))
    >>> statistic, _ = scan_dates(noise + 4.0 * (np.arange(40) >= 25), positions=np.arange(40),
    ...                           design=np.ones((40, 1)), candidates=np.array([10, 25]))
    >>> (statistic[0] > 20).tolist()
    [False, True]
    """
    scaled, _ = _standardise(values, design, None)
    shape = (len(values), len(candidates))
    without, lowest = np.full(len(values), np.inf), np.full(shape, np.inf)
    phi_index = np.zeros(shape, dtype=np.int64)
    for at, look in enumerate(_planned_looks(_plans(positions, design, candidates), scaled)):
        objective = _objective(look)
        phi_index[objective < lowest] = at
        np.minimum(lowest, objective, out=lowest)
        np.minimum(without, look.unexplained * look.factor, out=without)
    degrees = values.shape[1] - design.shape[1] - 1
    return degrees * np.log(without[:, None] / lowest), phi_index


def step_grid(
    values: Floats,
    *,
    positions: NDArray[np.int64],
    design: Floats,
    bounds: tuple[int, int],
    scale: Floats | None = None,
    form: Literal["level", "slope"] = "level",
) -> StepGrid:
    """Return likelihood, size and standard error at every autocorrelation and date, for a few series.

    Parameters
    ----------
    values, positions, design, bounds, scale, form
        As for :func:`scan_steps`; ``form`` has one number to estimate.

    Returns
    -------
    StepGrid
        Everything that an interval for date and size needs.

    Examples
    --------
    >>> step = np.where(np.arange(30) >= 15, 2.0, 0.0) + np.random.default_rng(2).normal(0, 0.1, 30)
    >>> grid = step_grid(step[None, :], positions=np.arange(30), design=np.ones((30, 1)), bounds=(6, 25))
    >>> float(grid.size[8, 0, 9].round(1))
    2.0
    """
    scaled, units = _standardise(values, design, scale)
    degrees = values.shape[1] - design.shape[-1] - 1
    shape = (len(PHI_GRID), len(values), bounds[1] - bounds[0])
    objective, size, variance = np.empty(shape), np.empty(shape), np.empty(shape)
    information = np.empty(shape)
    for at, look in enumerate(_looks(scaled, positions, design, bounds, scale, form)):
        information[at] = look.information[0]
        rest = np.maximum(look.unexplained[:, None] - look.gain, _FLOOR * look.unexplained[:, None])
        objective[at] = rest * look.factor[:, None]
        size[at] = look.projection[0] / np.where(information[at] > 0, information[at], np.inf)
        variance[at] = rest / degrees
    with np.errstate(divide="ignore"):
        log_likelihood = -0.5 * degrees * np.log(objective)
        error = np.sqrt(variance / information)
    return StepGrid(
        log_likelihood=log_likelihood - log_likelihood.max(axis=(0, 2), keepdims=True),
        size=size * units[:, None],
        standard_error=error * units[:, None],
        variance=variance * units[:, None] ** 2,
        candidates=np.arange(*bounds),
        degrees=degrees,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """All candidates at one autocorrelation; ``factor`` turns sums of squares into the objective."""

    unexplained: Floats  # (n_series,)
    gain: Floats  # (n_series, n_candidates)
    factor: Floats  # (n_series,)
    projection: tuple[Floats, ...]
    information: tuple[Floats, ...]


def _chunks(n: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, max(n, 1), _CHUNK))


def _stacked(design: Floats) -> Floats:
    return design if design.ndim == 3 else design[None]  # noqa: PLR2004 - one design for each series


def _standardise(values: Floats, design: Floats, scale: Floats | None) -> tuple[Floats, Floats]:
    """Take level and unit out first, so that rounding does not depend on them."""
    basis = np.linalg.qr(_stacked(design))[0]
    rest = remove(values - values.mean(axis=1, keepdims=True), basis)
    units = np.sqrt((rest**2).mean(axis=1))
    units = np.where(units > 0, units, 1.0)
    rest = rest / units[:, None]
    return rest if scale is None else rest / scale, units


@dataclass(frozen=True, slots=True)
class _Plan:
    """One autocorrelation, worked out once for many series of one calendar that weigh all figures the same."""

    products: (
        Floats  # (n_observed, n_candidates + n_columns): turns series into projections on change and design
    )
    squares: Floats  # (2 n_observed - 1,): weighs squares and products of neighbours for the whitened square
    information: Floats  # (1, n_candidates)
    factor: float


def _plans(positions: NDArray[np.int64], design: Floats, candidates: NDArray[np.int64]) -> list[_Plan]:
    n = len(positions)
    degrees = n - design.shape[1] - 1
    plans = []
    for phi in PHI_GRID:
        noise = whitener(float(phi), positions)
        basis, log_det = orthonormal(noise.apply(design.T)[None])
        steps = noise.apply((np.arange(n)[None, :] >= candidates[:, None]).astype("float64")).T
        on_basis = basis[0].T @ steps
        information = _seen((steps**2).sum(axis=0), (on_basis**2).sum(axis=0))
        own, pair = 1.0 / noise.deviation**2, noise.memory / noise.deviation[1:] ** 2
        own[:-1] += noise.memory * pair
        plans.append(
            _Plan(
                products=noise.back(np.hstack([steps - basis[0] @ on_basis, basis[0]])),
                squares=np.concatenate([own, -2.0 * pair]),
                information=information[None, :],
                factor=float(np.exp((noise.log_det + log_det[0]) / degrees)),
            )
        )
    return plans


def _planned_looks(plans: list[_Plan], scaled: Floats) -> Iterator[_Look]:
    squares = np.hstack([scaled**2, scaled[:, 1:] * scaled[:, :-1]]) @ np.stack(
        [one.squares for one in plans], axis=1
    )
    for at, plan in enumerate(plans):
        products = scaled @ plan.products
        n_candidates = plan.information.shape[1]
        projection, on_basis = products[:, :n_candidates], products[:, n_candidates:]
        unexplained = squares[:, at] - np.einsum("ij,ij->i", on_basis, on_basis)
        factor = np.full(len(scaled), plan.factor)
        yield _Look(
            unexplained, _gain(projection, plan.information), factor, (projection,), (plan.information,)
        )


def _looks(
    scaled: Floats,
    positions: NDArray[np.int64],
    design: Floats,
    bounds: tuple[int, int],
    scale: Floats | None,
    form: Form,
) -> Iterator[_Look]:
    inverse = np.ones((1, scaled.shape[1])) if scale is None else 1.0 / scale
    span = max(float(np.ptp(positions)), 1.0)
    time: Floats = np.asarray((np.atleast_2d(positions) - float(positions.mean())) / span, dtype="float64")
    degrees = scaled.shape[1] - design.shape[-1] - 1
    for phi in PHI_GRID:
        noise = whitener(float(phi), positions)
        columns = noise.apply_columns(np.swapaxes(_stacked(design) * inverse[:, :, None], 1, 2))
        basis, log_det = orthonormal(columns)
        rest = remove(noise.apply(scaled), basis)
        steps = _Steps(noise, inverse, time, bounds)
        gain, projection, information = steps.gains(rest, basis, form)
        factor = np.exp((noise.log_det + log_det) / degrees) * np.ones(len(scaled))
        if form == "slope":  # in units of one period instead of the whole calendar
            projection, information = (projection[0] * span,), (information[0] * span**2,)
        yield _Look((rest**2).sum(axis=1), gain, factor, projection, information)


class _Steps:
    """Inner products of whitened changes at all candidates with whitened series."""

    def __init__(self, noise: Whitener, inverse: Floats, time: Floats, bounds: tuple[int, int]) -> None:
        self.cut = slice(*bounds)
        self.first = (inverse / noise.deviation)[:, self.cut]
        self.after = noise.apply(inverse)
        self.ramp = noise.apply(inverse * time)
        self.time = time[:, self.cut]

    def _beyond(self, products: Floats) -> Floats:
        """Sum over all periods later than each candidate."""
        sums = np.cumsum(products, axis=-1)
        beyond: Floats = sums[..., -1:] - sums[..., self.cut]
        return beyond

    def level(self, series: Floats) -> Floats:
        return self.first * series[..., self.cut] + self._beyond(self.after * series)

    def slope(self, series: Floats) -> Floats:
        return self._beyond(self.ramp * series) - self.time * self._beyond(self.after * series)

    def gains(
        self, rest: Floats, basis: Floats, form: Form
    ) -> tuple[Floats, tuple[Floats, ...], tuple[Floats, ...]]:
        """Return gain, projections and information of each candidate."""
        columns = np.ascontiguousarray(np.moveaxis(basis, 2, 0))
        on_level = self.level(columns)
        on_slope = self.slope(columns) if form != "level" else on_level
        squares = self._beyond(self.after**2)
        level_raw = self.first**2 + squares
        if form == "level":
            return _one(self.level(rest), level_raw, on_level)
        cross_raw = self._beyond(self.after * self.ramp) - self.time * squares
        slope_raw = (
            self._beyond(self.ramp**2)
            - 2 * self.time * self._beyond(self.after * self.ramp)
            + self.time**2 * squares
        )
        if form == "slope":
            return _one(self.slope(rest), slope_raw, on_slope)
        gain, level, level_info = _one(self.level(rest), level_raw, on_level)
        cross = cross_raw - (on_level * on_slope).sum(axis=0)
        safe = np.where(level_info[0] > 0, level_info[0], np.inf)
        further = self.slope(rest) - cross / safe * level[0]
        left = slope_raw - (on_slope**2).sum(axis=0) - cross**2 / safe
        left = np.where(left > _DEGENERATE * slope_raw, left, 0.0)
        gain = gain + np.divide(further**2, left, out=np.zeros_like(further), where=left > 0)
        return gain, (level[0], further), (level_info[0], left)


def _one(
    projection: Floats, raw: Floats, on_basis: Floats
) -> tuple[Floats, tuple[Floats, ...], tuple[Floats, ...]]:
    information = _seen(raw, (on_basis**2).sum(axis=0))
    return _gain(projection, information), (projection,), (information,)


def _seen(raw: Floats, on_basis: Floats) -> Floats:
    """Return what the design leaves to be seen of each change; 0 where that is rounding."""
    information = raw - on_basis
    seen: Floats = np.where(information > _DEGENERATE * raw, information, 0.0)
    return seen


def _gain(projection: Floats, information: Floats) -> Floats:
    gain: Floats = projection**2
    gain *= np.divide(1.0, information, out=np.zeros_like(information), where=information > 0)
    return gain


def _objective(look: _Look) -> Floats:
    """Return what is to be minimised, shape (n_series, n_candidates); takes the place of the gains."""
    unexplained = look.unexplained[:, None]
    objective = np.subtract(unexplained, look.gain, out=look.gain)
    np.maximum(objective, _FLOOR * unexplained, out=objective)
    objective *= look.factor[:, None]
    return objective


def _scan_chunk(
    plans: list[_Plan] | None,
    values: Floats,
    positions: NDArray[np.int64],
    design: Floats,
    bounds: tuple[int, int],
    scale: Floats | None,
    form: Form,
) -> StepScan:
    scaled, units = _standardise(values, design, scale)
    n_series, degrees = len(values), values.shape[1] - design.shape[-1] - 1
    size, error, variance = (np.full(n_series, np.nan) for _ in range(3))
    profile = np.full((n_series, bounds[1] - bounds[0]), np.inf)
    without, best_value = np.full(n_series, np.inf), np.full(n_series, np.inf)
    phi_index = np.zeros(n_series, dtype=np.int64)
    looks = (
        _looks(scaled, positions, design, bounds, scale, form)
        if plans is None
        else _planned_looks(plans, scaled)
    )
    for at, look in enumerate(looks):
        objective = _objective(look)
        np.minimum(without, look.unexplained * look.factor, out=without)
        lowest = objective.min(axis=1)
        better = lowest < best_value
        best_value[better], phi_index[better] = lowest[better], at
        rows, places = np.flatnonzero(better), objective[better].argmin(axis=1)
        variance[rows] = lowest[rows] / look.factor[rows] / degrees
        if form != "both":
            information = np.broadcast_to(look.information[0], objective.shape)[rows, places]
            safe = np.where(information > 0, information, np.nan)
            size[rows] = look.projection[0][rows, places] / safe
            error[rows] = np.sqrt(variance[rows] / safe)
        np.minimum(profile, objective, out=profile)
    moving = without > 0
    ratio = np.divide(profile, best_value[:, None], out=np.ones_like(profile), where=moving[:, None])
    statistic = np.zeros(n_series)
    statistic[moving] = degrees * np.log(without[moving] / best_value[moving])
    log_likelihood = -0.5 * degrees * np.log(ratio)
    return StepScan(
        statistic=statistic,
        average=statistic + 2.0 * np.log(np.exp(log_likelihood).mean(axis=1)),
        best=bounds[0] + profile.argmin(axis=1),
        phi_index=phi_index,
        profile=log_likelihood,
        candidates=np.arange(*bounds),
        size=size * units,
        standard_error=error * units,
        variance=variance * units**2,
    )
