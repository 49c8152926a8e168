"""Whether neighbouring points depend on each other and whether a season recurs: what rules take for noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lean_impact.kernels import season as kernel
from lean_impact.kernels.season import SeasonTest

__all__ = ["Dependence", "dependence_of"]

LEVEL: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """Dependence among the points that the limits rest on.

    Attributes
    ----------
    autocorrelation : float
        Correlation of neighbouring points, the season taken out if there is one and the bias of short series
        allowed for; NaN with fewer than 8 pairs or without variation.
    n_pairs : int
        Neighbouring pairs that both have a value.
    season : SeasonTest
        Whether the same time of the year is alike; ``p_value`` is NaN where it could not be tested.
    """

    autocorrelation: float
    n_pairs: int
    season: SeasonTest

    @property
    def seasonal(self) -> bool:
        """Whether a season recurs, at a p-value of 0.05 or less."""
        return bool(self.season.p_value <= LEVEL)

    @property
    def autocorrelated(self) -> bool:
        """Whether the autocorrelation lies beyond twice its standard error."""
        return bool(abs(self.autocorrelation) > 2 / np.sqrt(max(self.n_pairs, 1)))

    @property
    def to_adjust(self) -> float:
        """The autocorrelation that an adjusted chart takes out: 0 unless it is positive and clear."""
        return self.autocorrelation if self.autocorrelated and self.autocorrelation > 0 else 0.0

    def __str__(self) -> str:
        return f"{_autocorrelation(self)}; {_season(self)}"


def dependence_of(
    values: np.ndarray, centre: np.ndarray, *, basis: np.ndarray, phase: np.ndarray, per_year: float
) -> Dependence:
    """Test the points behind the limits, with no pair across two phases.

    Parameters
    ----------
    values, centre : ndarray of float64, shape (n_points,)
        Points as judged, and their centre line; NaN where missing.
    basis : ndarray of bool, shape (n_points,)
        Points that the limits rest on.
    phase : ndarray of int, shape (n_points,)
        Phase of each point.
    per_year : float
        Periods a year; 1 where points have no season, as events have none.

    Returns
    -------
    Dependence
        The season over the whole basis, the autocorrelation of what it leaves.
    """
    distances = np.where(basis, values - centre, np.nan)
    covered = np.flatnonzero(np.isfinite(distances))
    stretch = distances[covered[0] : covered[-1] + 1] if len(covered) else distances[:0]
    season = kernel.season_test(stretch, cycle=int(per_year))
    if season.p_value <= LEVEL:
        known = np.isfinite(distances)
        distances = distances - kernel.season_effects(distances, per_year=per_year, basis=known)
    breaks = np.flatnonzero(np.diff(phase)) + 1
    correlation, pairs = kernel.lag_one(np.insert(distances, breaks, np.nan))
    return Dependence(autocorrelation=correlation, n_pairs=pairs, season=season)


def _autocorrelation(found: Dependence) -> str:
    if np.isnan(found.autocorrelation):
        return "too few neighbouring points to estimate autocorrelation"
    clear = "" if found.autocorrelated else ", not clear of chance"
    return f"lag-one autocorrelation {found.autocorrelation:.2f}{clear}"


def _season(found: Dependence) -> str:
    if np.isnan(found.season.p_value):
        return "too few whole years to test for a season"
    words = "a season recurs" if found.seasonal else "no clear season"
    return f"{words} (p = {found.season.p_value:.3f}, {found.season.n_cycles} years)"
