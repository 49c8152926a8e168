"""Fitted series with and without the programme, and what is read off them, alone or pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lean_impact.domain import Estimate
from lean_impact.kernels.least_squares import SegmentedFit
from lean_impact.kernels.segmented import SegmentedDesign
from lean_impact.kernels.segmented_fit import Contrasts, linear_contrasts
from lean_impact.kernels.t_mixture import t_quantile

__all__ = ["FittedSeries", "Pool", "interval"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedSeries:
    """One series under a segmented regression.

    Attributes
    ----------
    name : str
        Code of the trust, or empty for the mean of several.
    design : SegmentedDesign
        Design on all periods.
    fit : SegmentedFit
        Fit of this series alone.
    with_it, without : ndarray of float64, shape (n_periods,)
        Fitted values with and without the programme, in the unit of the measure.
    slopes_with, slopes_without : ndarray of float64, shape (n_periods, n_columns)
        Their derivatives in the coefficients.
    after : ndarray of bool, shape (n_periods,)
        Periods with the programme in effect that have a figure.
    first : int
        Calendar index of the first period with the programme in effect.
    """

    name: str
    design: SegmentedDesign
    fit: SegmentedFit
    with_it: np.ndarray
    without: np.ndarray
    slopes_with: np.ndarray
    slopes_without: np.ndarray
    after: np.ndarray
    first: int

    def functional(self, on_with: np.ndarray, on_without: np.ndarray) -> Contrasts:
        """Combine the fitted values linearly.

        Parameters
        ----------
        on_with, on_without : ndarray of float64, shape (n_rows, n_periods)
            Weights of the values with and without the programme.

        Returns
        -------
        Contrasts
            Arrays of shape (1, n_rows).
        """
        gradient = on_with @ self.slopes_with + on_without @ self.slopes_without
        found = linear_contrasts(self.fit, gradient)
        return found._replace(estimate=(on_with @ self.with_it + on_without @ self.without)[None])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """A weighted mean of fitted series, or one series alone.

    Attributes
    ----------
    members : sequence of FittedSeries
        The series.
    weights : ndarray of float64, shape (n_members,)
        Their weights; they add up to 1.

    Notes
    -----
    Estimates of two series correlate like their residuals do; a negative correlation is taken as none. Where
    the series start at different times they correlate less than that, so that the interval is rather too wide.
    Degrees of freedom are the harmonic mean of the members', weighted by their share of the variance.
    """

    members: Sequence[FittedSeries]
    weights: np.ndarray

    @property
    def correlation(self) -> np.ndarray:
        """Correlations of the residuals, none negative, shape (n_members, n_members)."""
        size = len(self.members)
        if size == 1:
            return np.ones((1, 1))
        residuals = np.stack([member.fit.residuals[:, 0] for member in self.members])
        there = ~np.isnan(residuals)
        filled = np.where(there, residuals, 0.0)
        shared = filled @ filled.T
        squares = (filled**2) @ there.T
        found: np.ndarray = np.clip(
            shared / np.maximum(np.sqrt(squares * squares.T), np.finfo(float).tiny), 0.0, 1.0
        )
        np.fill_diagonal(found, 1.0)
        return found

    def combine(self, found: Sequence[Contrasts]) -> Contrasts:
        """Pool one result for each member.

        Parameters
        ----------
        found : sequence of Contrasts
            With arrays of shape (1, n_rows).

        Returns
        -------
        Contrasts
        """
        estimate, variance, df = (np.concatenate([one[part] for one in found]) for part in range(3))
        errors = self.weights[:, None] * np.sqrt(variance)
        shares = errors * (self.correlation @ errors)
        pooled = shares.sum(axis=0)
        spread = np.sum(shares / df, axis=0)
        least = np.divide(pooled, spread, out=df.min(axis=0), where=spread > 0)
        return Contrasts((self.weights @ estimate)[None], pooled[None], least[None])

    def effect(self, rows: Sequence[np.ndarray]) -> Contrasts:
        """Effects as weighted sums over periods.

        Parameters
        ----------
        rows : sequence of ndarray of float64, shape (n_rows, n_periods)
            Weights of the periods for each member.

        Returns
        -------
        Contrasts
        """
        return self.combine(
            [member.functional(row, -row) for member, row in zip(self.members, rows, strict=True)]
        )

    def relative(self, rows: Sequence[np.ndarray], *, beside: np.ndarray | None = None) -> Contrasts:
        """Effects as a share of the level without the programme, by the delta method.

        Parameters
        ----------
        rows : sequence of ndarray of float64, shape (n_rows, n_periods)
            Weights of the periods for each member.
        beside : ndarray of float64, shape (n_periods,), or None
            What the series were taken against and must be added to their level; taken as known.

        Returns
        -------
        Contrasts
            NaN where the level is 0.
        """
        pairs = list(zip(self.members, rows, strict=True))
        effect = self.effect(rows)
        none = [np.zeros_like(row) for row in rows]
        base = self.combine(
            [member.functional(zero, row) for (member, row), zero in zip(pairs, none, strict=True)]
        ).estimate
        if beside is not None:
            base = base + sum(w * (row @ beside) for w, row in zip(self.weights, rows, strict=True))
        level = np.where(base == 0, np.nan, base)
        ratio = effect.estimate / level
        spread = self.combine([member.functional(row, -(1 + ratio.T) * row) for member, row in pairs])
        return Contrasts(ratio, spread.variance / level**2, effect.df)

    def without(self) -> Contrasts:
        """Return the counterfactual in each period."""
        every = np.eye(len(self.members[0].without))
        return self.combine([member.functional(0 * every, every) for member in self.members])

    @property
    def average(self) -> list[np.ndarray]:
        """Rows that take the mean over each member's periods with the programme."""
        return [member.after[None] / member.after.sum() for member in self.members]

    @property
    def horizons(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Periods since the start that every member has reached, with the rows that pick them."""
        since = [member.design.time - member.first for member in self.members]
        reached = [set(t[member.after].tolist()) for t, member in zip(since, self.members, strict=True)]
        shared = np.array(sorted(set.intersection(*reached)), dtype=np.int64)
        return shared, [(t == shared[:, None]).astype(float) for t in since]


def interval(found: Contrasts, at: int, *, level: float) -> Estimate:
    """Turn one result into an estimate with a t interval."""
    value, error = float(found.estimate[0, at]), float(np.sqrt(found.variance[0, at]))
    margin = error * float(t_quantile(0.5 + level / 2, found.df[0, at]))
    return Estimate(
        value=value, standard_error=error, lower=value - margin, upper=value + margin, level=level
    )
