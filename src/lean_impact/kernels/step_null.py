"""What the step statistic looks like when nothing changes: one table for all series of a calendar and design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lean_impact.kernels.autoregression import simulate_ar1
from lean_impact.kernels.step_scan import PHI_GRID, Form, scan_dates, scan_steps

__all__ = ["PHI_RANGE", "SMALLEST_P", "StepNull", "simulate_dated_nulls", "simulate_step_null"]

Floats = NDArray[np.float64]

SMALLEST_P: Final = 1e-6
"""Smallest p-value that the tail of a table is trusted with."""

PHI_RANGE: Final = (-0.3, 0.97)
"""Autocorrelations of stable series. Above that a series is a random walk for all that ten years can tell."""

_TAIL: Final = 0.05
"""Share of the table beyond which its tail is smoothed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepNull:
    """Stable series, sorted into those with each estimated autocorrelation.

    Attributes
    ----------
    statistics : ndarray, shape (n_phi, n_near)
        Average likelihood ratio statistics of the stable series whose estimate is nearest to each value of
        :data:`~lean_impact.kernels.step_scan.PHI_GRID`, from the largest down.
    peaks : ndarray, shape (n_phi, n_near)
        Their statistics of the best change, from the largest down.
    true_phi : ndarray, shape (n_phi, n_near)
        Their true autocorrelations, sorted.
    """

    statistics: Floats
    peaks: Floats
    true_phi: Floats

    def p_values(self, statistic: Floats, phi_index: NDArray[np.int64]) -> Floats:
        r"""Return how often stable series look at least as unstable.

        Parameters
        ----------
        statistic : ndarray, shape (n_series,)
            Observed average likelihood ratio statistics.
        phi_index : ndarray of int, shape (n_series,)
            Their estimated autocorrelations.

        Returns
        -------
        ndarray, shape (n_series,)
            p-values, the observed series counted; above :data:`SMALLEST_P`.

        Notes
        -----
        Beyond the last twentieth of the simulated statistics the tail is taken to be exponential, as that of
        a likelihood ratio is: :math:`p = p_0 \exp(-(x - x_0)/m)` with their mean excess :math:`m` over
        :math:`x_0`. Without this no series among thousands could ever stand out.

        Examples
        --------
        >>> table = StepNull(statistics=np.arange(99.0, -1, -1)[None, :], peaks=np.zeros((1, 100)),
        ...                  true_phi=np.zeros((1, 100)))
        >>> table.p_values(np.array([-1.0, 49.5, 1e9]), np.zeros(3, dtype=int)).round(3).tolist()
        [1.0, 0.505, 0.0]
        """
        p_values = np.ones(len(statistic))
        for at in np.unique(phi_index):
            rows = phi_index == at
            p_values[rows] = _tail(self.statistics[at], statistic[rows])
        return np.asarray(np.clip(p_values, SMALLEST_P, 1.0), dtype="float64")

    def critical(self, phi_index: int, false_alarm: float) -> float:
        """Return the statistic of the best change that a share ``false_alarm`` of stable series exceeds."""
        return float(np.quantile(self.peaks[phi_index], 1.0 - false_alarm))

    def phi_between(self, phi_index: int, level: float) -> tuple[float, float, float]:
        """Return lower end, median and upper end of the true autocorrelations behind an estimate."""
        ends = ((1 - level) / 2, 0.5, (1 + level) / 2)
        low, middle, high = (float(q) for q in np.quantile(self.true_phi[phi_index], ends))
        return low, middle, high


def _tail(sorted_down: Floats, statistic: Floats) -> Floats:
    n = len(sorted_down)
    above = n - np.searchsorted(sorted_down[::-1], statistic, side="left")
    empirical: Floats = np.asarray((1.0 + above) / (1.0 + n), dtype="float64")
    start = int(_TAIL * (n + 1))
    if start < 2:  # noqa: PLR2004 - no excess to average
        return empirical
    origin = sorted_down[start - 1]
    excess = max(float((sorted_down[:start] - origin).mean()), np.finfo("float64").tiny)
    smooth = start / (n + 1.0) * np.exp(-(statistic - origin) / excess)
    tail: Floats = np.where(statistic > origin, smooth, empirical)
    return tail


def simulate_step_null(  # noqa: PLR0913 - one argument for each thing that a table depends on
    *,
    positions: NDArray[np.int64],
    design: Floats,
    bounds: tuple[int, int],
    form: Form = "level",
    prepare: Callable[[Floats], Floats] | None = None,
    phi_range: tuple[float, float] = PHI_RANGE,
    draws: int = 8000,
    near: int = 800,
    seed: int = 0,
) -> StepNull:
    """Simulate stable series on a calendar and scan them as an observed series is scanned.

    Parameters
    ----------
    positions, design, bounds, form
        As for :func:`~lean_impact.kernels.step_scan.scan_steps`.
    prepare : callable, optional
        What is done to observed series before they are scanned, such as pulling in wild figures.
    phi_range : tuple of float
        True autocorrelations of the simulated series are evenly spread over it.
    draws : int
        Stable series.
    near : int
        How many of them an observed series is compared with.
    seed : int
        Root of the randomness.

    Returns
    -------
    StepNull
        The table.

    Notes
    -----
    An estimate of the autocorrelation is too low in a short series, and the more so after the best step was
    taken out. Comparing with stable series of the same *estimate* allows for that bias and for the error of
    the estimate at once.

    Examples
    --------
    >>> table = simulate_step_null(positions=np.arange(30), design=np.ones((30, 1)), bounds=(6, 25),
    ...                            draws=400, near=100)
    >>> table.statistics.shape
    (24, 100)
    """
    stable = _simulated(positions, phi_range, draws, seed)
    values = stable.values if prepare is None else prepare(stable.values)
    seen = scan_steps(values, positions=positions, design=design, bounds=bounds, form=form)
    return _sorted_by_estimate(seen.average, seen.statistic, seen.phi_index, stable=stable, near=near)


def simulate_dated_nulls(
    *,
    positions: NDArray[np.int64],
    design: Floats,
    candidates: NDArray[np.int64],
    phi_range: tuple[float, float] = PHI_RANGE,
    draws: int = 600,
    near: int = 240,
    seed: int = 0,
) -> tuple[StepNull, ...]:
    """Simulate stable series once and compare a change of level at each of some dates with none.

    Parameters
    ----------
    positions, design, candidates
        As for :func:`~lean_impact.kernels.step_scan.scan_dates`.
    phi_range, draws, near, seed
        As for :func:`simulate_step_null`.

    Returns
    -------
    tuple of StepNull
        A table for each date: the one that :func:`simulate_step_null` gives with that date as its only
        candidate.

    Examples
    --------
    >>> tables = simulate_dated_nulls(positions=np.arange(30), design=np.ones((30, 1)),
    ...                               candidates=np.array([10, 20]), draws=400, near=100)
    >>> [table.statistics.shape for table in tables]
    [(24, 100), (24, 100)]
    """
    stable = _simulated(positions, phi_range, draws, seed)
    statistics, phi_index = scan_dates(
        stable.values, positions=positions, design=design, candidates=candidates
    )
    return tuple(
        _sorted_by_estimate(statistic, statistic, index, stable=stable, near=near)
        for statistic, index in zip(statistics.T, phi_index.T, strict=True)
    )


class _Stable(NamedTuple):
    phi: Floats  # true autocorrelations, (n_series,)
    values: Floats  # (n_series, n_observed)
    ties: Floats  # breaks ties in the distance at random: else they would favour low true autocorrelations


def _simulated(
    positions: NDArray[np.int64], phi_range: tuple[float, float], draws: int, seed: int
) -> _Stable:
    rng = np.random.default_rng(np.random.SeedSequence([seed, 4]))
    phi = np.linspace(*phi_range, draws)
    whole = simulate_ar1(phi, n_periods=int(positions[-1] - positions[0]) + 1, rng=rng)
    return _Stable(phi, whole[:, positions - positions[0]], rng.uniform(0.0, 0.5, draws))


def _sorted_by_estimate(
    average: Floats, peak: Floats, phi_index: NDArray[np.int64], *, stable: _Stable, near: int
) -> StepNull:
    n_near = min(near, len(stable.phi))
    statistics, peaks, true_phi = (np.empty((len(PHI_GRID), n_near)) for _ in range(3))
    for at in range(len(PHI_GRID)):
        nearest = np.argpartition(np.abs(phi_index - at) + stable.ties, n_near - 1)[:n_near]
        statistics[at] = np.sort(average[nearest])[::-1]
        peaks[at] = np.sort(peak[nearest])[::-1]
        true_phi[at] = np.sort(stable.phi[nearest])
    return StepNull(statistics=statistics, peaks=peaks, true_phi=true_phi)
