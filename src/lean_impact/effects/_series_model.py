"""The segmented regression of interrupted time series estimators: settings, words, fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Literal, get_args

import numpy as np

from lean_impact.domain import Measure
from lean_impact.domain.period import LENGTH, PER_YEAR, Frequency
from lean_impact.effects._series import FittedSeries
from lean_impact.effects._settings import CommonSettings
from lean_impact.kernels.count_regression import CountFit, Family, fit_counts, fit_counts_ar1
from lean_impact.kernels.least_squares import SegmentedFit
from lean_impact.kernels.segmented import (
    Interruption,
    Season,
    SegmentedDesign,
    require_estimable,
    segmented_design,
)
from lean_impact.kernels.segmented_fit import Method, fit_segmented

__all__ = ["Fit", "SeasonKind", "SeriesModel", "SeriesSettings"]

Fit = Literal["reml", "ml", "ols", "newey-west", "prais-winsten", "poisson", "binomial"]
SeasonKind = Literal["none", "dummies", "harmonics"]

_FIT_WORDS: dict[Fit, str] = {
    "reml": "errors AR(1), by restricted likelihood",
    "ml": "errors AR(1), by likelihood",
    "ols": "errors taken as independent (ordinary least squares)",
    "newey-west": "ordinary least squares with the Newey-West covariance",
    "prais-winsten": "errors AR(1), by Prais-Winsten",
    "poisson": "counts over-dispersed Poisson with the denominator as offset, errors AR(1)",
    "binomial": "counts over-dispersed binomial out of the denominator, errors AR(1)",
}
_COUNTS = ("poisson", "binomial")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesModel:
    """Settings of one segmented regression; see the estimators for their meaning."""

    fit: Fit
    lag: int | None
    level_change: bool
    slope_change: bool
    delay: int
    phase_in: int
    season: SeasonKind
    pairs: int
    further: tuple[date, ...]

    @property
    def counts(self) -> bool:
        """Whether numerators and denominators are modelled."""
        return self.fit in _COUNTS

    @property
    def narrow(self) -> bool:
        """Whether intervals are too narrow where figures resemble their neighbours."""
        return self.fit not in ("reml", *_COUNTS) or (self.counts and self.lag is not None)

    def words(self, frequency: Frequency) -> str:
        """Say the impact model and the errors in words."""
        change = " and ".join(
            name for name, there in (("level", self.level_change), ("slope", self.slope_change)) if there
        )
        parts = [f"a change of {change} at the start of the programme"]
        if self.delay:
            parts.append(f"beginning {self.delay} {frequency}s late")
        if self.phase_in > 1 and self.level_change:
            parts.append(f"the level phased in over {self.phase_in} {frequency}s")
        parts.append("on a linear trend")
        if self._season(frequency) is not None:
            each = "twelfth of the year" if frequency == "week" else frequency
            waves = f"{self.pairs} pairs of waves over the year"
            parts.append(f"season by {f'a dummy for each {each}' if self.season == 'dummies' else waves}")
        if self.further:
            parts.append(f"further interruptions on {', '.join(map(str, self.further))}")
        errors = _FIT_WORDS[self.fit]
        if self.lag is not None:
            errors = f"{errors.removesuffix(', errors AR(1)')}, up to lag {self.lag}"
            errors = errors.replace("denominator,", "denominator, with the Newey-West covariance")
        return f"{', '.join(parts)}; {errors}"

    def _season(self, frequency: Frequency) -> Season | None:
        length = PER_YEAR[frequency]
        if self.season == "none" or length == 1:
            return None
        pairs = min(self.pairs, int(length // 2)) if self.season == "harmonics" else None
        return Season(length=length, pairs=pairs)

    def design(
        self, time: np.ndarray, *, first: int, frequency: Frequency, origin: np.datetime64
    ) -> SegmentedDesign:
        """Build the design for a programme that acts from a calendar index on.

        Raises
        ------
        ValueError
            If two interruptions coincide.
        """
        own = Interruption(
            at=first,
            level=self.level_change,
            slope=self.slope_change,
            delay=self.delay,
            phase_in=self.phase_in,
        )
        length, unit = LENGTH[frequency]
        since = np.array(self.further, dtype=f"datetime64[{unit}]") - origin.astype(f"datetime64[{unit}]")
        others = -(-since.astype(int) // length)
        inside = [Interruption(at=int(at)) for at in others if time[0] < at <= time[-1]]
        return segmented_design(time, interruptions=[own, *inside], season=self._season(frequency))

    def fit_values(self, y: np.ndarray, design: SegmentedDesign) -> SegmentedFit:
        """Fit series of values, shape (n_periods, n_series).

        Raises
        ------
        ValueError
            If one cannot be fitted.
        """
        if self.counts:
            raise ValueError("this model is of counts")
        method: Method = self.fit  # type: ignore[assignment]
        return fit_segmented(y, design, method=method, lag=self.lag)

    def series_of_values(
        self,
        y: np.ndarray,
        design: SegmentedDesign,
        *,
        names: tuple[str, ...],
        after: np.ndarray,
        first: int,
    ) -> Iterator[FittedSeries]:
        """Fit series that share a start, and make each known by name.

        Raises
        ------
        ValueError
            If one cannot be fitted.
        """
        fits, without = self.fit_values(y, design), design.without(0)
        for at, name in enumerate(names):
            beta = fits.coefficients[at]
            yield FittedSeries(
                name=name,
                design=design,
                fit=_one(fits, at),
                with_it=design.matrix @ beta,
                without=without @ beta,
                slopes_with=design.matrix,
                slopes_without=without,
                after=after & ~np.isnan(y[:, at]),
                first=first,
            )

    def series_of_counts(
        self,
        counts: np.ndarray,
        exposure: np.ndarray,
        design: SegmentedDesign,
        *,
        name: str,
        after: np.ndarray,
        first: int,
    ) -> FittedSeries:
        """Fit one series of counts.

        Raises
        ------
        ValueError
            If it cannot be fitted.
        """
        seen = ~np.isnan(counts) & (exposure > 0)
        require_estimable(design.matrix[seen], design.names)
        family: Family = "poisson" if self.fit == "poisson" else "binomial"
        x, time, events, among = design.matrix[seen], design.time[seen], counts[seen], exposure[seen]
        if self.lag is None:
            seasonal = int(design.seasonal.sum())
            found = fit_counts_ar1(events, x, exposure=among, time=time, family=family, n_seasonal=seasonal)
        else:
            found = _as_segmented(
                fit_counts(events, x, exposure=among, family=family, time=time, lag=self.lag)
            )
        residuals = np.full((len(seen), 1), np.nan)
        residuals[seen] = found.residuals
        beta = found.coefficients[0]
        without = design.without(0)
        rates = [_rate(part @ beta, family) for part in (design.matrix, without)]
        return FittedSeries(
            name=name,
            design=design,
            fit=replace(found, residuals=residuals),
            with_it=rates[0][0],
            without=rates[1][0],
            slopes_with=rates[0][1][:, None] * design.matrix,
            slopes_without=rates[1][1][:, None] * without,
            after=after & seen,
            first=first,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSettings(CommonSettings):
    """What estimators that fit a segmented regression ask; see the estimators for the meaning."""

    fit: Fit = "reml"
    lag: int | None = None
    level_change: bool = True
    slope_change: bool = True
    delay: int = 0
    phase_in: int = 1
    season: SeasonKind = "none"
    pairs: int = 2
    further: tuple[date, ...] = ()

    @property
    def model(self) -> SeriesModel:
        """The regression."""
        return SeriesModel(**{field.name: getattr(self, field.name) for field in fields(SeriesModel)})

    def _rules(self) -> Iterable[tuple[bool, str]]:
        return (
            (self.fit not in get_args(Fit), f"fit must be one of {', '.join(get_args(Fit))}"),
            (
                self.fit == "newey-west" and self.lag is None,
                "fit 'newey-west' needs lag, the longest lag in periods",
            ),
            (
                self.lag is not None and self.fit not in ("newey-west", *_COUNTS),
                "lag belongs to fit 'newey-west', 'poisson' and 'binomial' only",
            ),
            (self.lag is not None and self.lag < 0, "lag must not be negative"),
            (
                not (self.level_change or self.slope_change),
                "the programme must be allowed to change level, slope or both",
            ),
            (self.delay < 0, "delay must not be negative"),
            (self.phase_in < 1, "phase_in must be at least 1 period; 1 is a step"),
            (self.season not in get_args(SeasonKind), "season must be 'none', 'dummies' or 'harmonics'"),
            (self.pairs < 1, "pairs must be at least 1"),
        )


def counts_of(
    measure: Measure, numerators: np.ndarray, denominators: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return counts and exposure; a measure that is itself a count has the exposure 1."""
    if measure.kind == "count":
        return values, np.ones_like(values)
    return numerators, denominators


def _one(fits: SegmentedFit, at: int) -> SegmentedFit:
    return SegmentedFit(
        **{
            field.name: getattr(fits, field.name)[:, [at]]
            if field.name == "residuals"
            else getattr(fits, field.name)[[at]]
            for field in fields(fits)
        }
    )


def _rate(eta: np.ndarray, family: Family) -> tuple[np.ndarray, np.ndarray]:
    if family == "poisson":
        rate = np.exp(eta)
        return rate, rate
    rate = 1 / (1 + np.exp(-eta))
    return rate, rate * (1 - rate)


def _as_segmented(found: CountFit) -> SegmentedFit:
    return SegmentedFit(
        coefficients=found.coefficients[None],
        covariance=found.covariance[None],
        df=np.array([found.df]),
        residual_df=np.array([found.df]),
        sigma2=np.array([found.dispersion]),
        phi=np.array([np.nan]),
        phi_variance=np.zeros(1),
        covariance_slope=np.zeros((1, *found.covariance.shape)),
        at_bound=np.zeros(1, dtype=bool),
        log_likelihood=np.array([np.nan]),
        residuals=found.residuals[:, None],
    )
