"""A line of effects over an index of context, once for each thing that could be the case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from lean_impact.contingency.evidence import Evidence
from lean_impact.contingency.protocol import FitDesign, Prediction
from lean_impact.kernels.effect_regression import regress_effects
from lean_impact.kernels.permutation import assignments
from lean_impact.kernels.t_mixture import thin_mixture

__all__ = ["FEWEST_FOR_SLOPE", "SAME", "IndexOf", "Lines", "line_design", "trust_index"]

FEWEST_FOR_SLOPE: Final = 4
"""A line leaves n - 2 degrees of freedom, and a prediction needs more than one of them to have a mean."""
SAME: Final = 1e-9
"""Two indices closer than this are the same."""
_HALF: Final = 0.5
_MOST_SHARED: Final = 10
_TIE: Final = 1e-9

IndexOf = Callable[[np.ndarray], np.ndarray]
"""From contexts, shape (n, n_entering) of ones and zeros, to the index in each scenario, (n_scenarios, n)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """A line of the effects over an index, once for each scenario; the average where the index is constant.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (n_scenarios, 2)
        Effect at index 0, and change from index 0 to 1, in the unit of the measure, positive is better.
    covariance : ndarray of float64, shape (n_scenarios, 2, 2)
        Covariance of the two.
    tau2 : ndarray of float64, shape (n_scenarios,)
        Variance of the true effects around the line.
    dfs : ndarray of float64, shape (n_scenarios,)
        Residual degrees of freedom: ``n - 2``, or ``n - 1`` where there is no line.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    tau2: np.ndarray
    dfs: np.ndarray

    @classmethod
    def of(cls, evidence: Evidence, index: np.ndarray) -> Self:
        """Fit a line for each scenario.

        Parameters
        ----------
        evidence : Evidence
            Effects with standard errors.
        index : ndarray of float64, shape (n_scenarios, n_trusts)
            Index of each trust.

        Returns
        -------
        Lines
            Fits with the spread of Paule and Mandel.
        """
        n = len(evidence.trusts)
        unique, owner = np.unique(index.round(12), axis=0, return_inverse=True)
        line = (np.ptp(unique, axis=1) > SAME) & (n >= FEWEST_FOR_SLOPE)
        coefficients, covariance = np.zeros((len(unique), 2)), np.zeros((len(unique), 2, 2))
        tau2, dfs = np.zeros(len(unique)), np.where(line, n - 2.0, n - 1.0)
        designs = np.stack([np.ones_like(unique), unique], axis=-1)
        for rows, columns in ((line, 2), (~line, 1)):
            if rows.any():
                fit = regress_effects(
                    evidence.effects, evidence.standard_errors, designs=designs[rows][:, :, :columns]
                )
                coefficients[rows, :columns] = fit.coefficients
                covariance[rows, :columns, :columns] = fit.covariance
                tau2[rows] = fit.tau2
        owner = owner.reshape(-1)
        found = cls(
            coefficients=coefficients[owner], covariance=covariance[owner], tau2=tau2[owner], dfs=dfs[owner]
        )
        for part in (found.coefficients, found.covariance, found.tau2, found.dfs):
            part.setflags(write=False)
        return found

    def predict(
        self, values: np.ndarray, weights: np.ndarray, *, outside: float = 0.0, disagree: float = 0.0
    ) -> Prediction:
        """Predict the effect at values of the index.

        Parameters
        ----------
        values, weights : ndarray of float64, shape (n_scenarios, n_values)
            Index of the new context, and probabilities that sum to 1.
        outside, disagree : float
            Handed on to the prediction.

        Returns
        -------
        Prediction
            One t component for each distinct line and value, with scale ``sqrt(tau2 + x' cov x)``.
        """
        at = np.stack([np.ones_like(values), values], axis=-1)
        locations = np.einsum("sc,svc->sv", self.coefficients, at)
        variances = self.tau2[:, None] + np.einsum("svi,sij,svj->sv", at, self.covariance, at)
        dfs = np.broadcast_to(self.dfs[:, None], locations.shape)
        kept = weights > 0
        parts = np.column_stack([locations[kept], np.sqrt(variances[kept]), dfs[kept]])
        # Components that differ by rounding only are one; the unit of comparison is that of the effects.
        unit = max(float(np.abs(parts[:, :2]).max()), np.finfo(float).tiny)
        rounded = np.column_stack([(parts[:, :2] / unit).round(12), parts[:, 2]])
        _, first, owner = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
        together = np.bincount(owner.reshape(-1), weights=weights[kept])
        odds, centres, scales, dfs = thin_mixture(together / together.sum(), *parts[first].T)
        return Prediction(
            weights=odds / odds.sum(),
            locations=centres,
            scales=scales,
            dfs=dfs,
            outside=min(max(outside, 0.0), 1.0),
            disagree=min(max(disagree, 0.0), 1.0),
        )

    def slope(self, weights: np.ndarray, *, n_trusts: int) -> Prediction | None:
        """Return the change of the effect from index 0 to 1 over the scenarios with a line, None if none has.

        Parameters
        ----------
        weights : ndarray of float64, shape (n_scenarios,)
            Probability of each scenario.
        n_trusts : int
            Trusts that were fitted.

        Returns
        -------
        Prediction or None
            A mixture of t distributions.
        """
        lines = (self.dfs == n_trusts - 2) & (weights > 0)
        if not lines.any():
            return None
        return Prediction(
            weights=weights[lines] / weights[lines].sum(),
            locations=self.coefficients[lines, 1],
            scales=np.sqrt(self.covariance[lines, 1, 1]),
            dfs=self.dfs[lines],
        )


def trust_index(index_of: IndexOf, filled: np.ndarray, filling: np.ndarray) -> np.ndarray:
    """Compute the index of every trust in every scenario.

    Parameters
    ----------
    index_of : callable
        From contexts to the index in each scenario.
    filled : ndarray of float64, shape (n_fillings, n_trusts, n_entering)
        Trusts under each filling.
    filling : ndarray of int64, shape (n_scenarios,)
        Filling of each scenario.

    Returns
    -------
    ndarray of float64, shape (n_scenarios, n_trusts)
        The index.
    """
    n_fillings, n_trusts, k = filled.shape
    unique, owner = np.unique(filled.reshape(-1, k), axis=0, return_inverse=True)
    place = owner.reshape(n_fillings, n_trusts)
    return np.take_along_axis(index_of(unique), place[filling], axis=1)


def line_design(evidence: Evidence, index: np.ndarray) -> FitDesign:
    """Hand out the effects in every way, and see how often an index fits as well.

    Parameters
    ----------
    evidence : Evidence
        Effects with standard errors.
    index : ndarray of float64, shape (n_trusts,)
        Index of each trust.

    Returns
    -------
    FitDesign
        Share of all orders (random ones above eight trusts) whose squared correlation with the effects,
        weighted by ``1 / (se^2 + tau^2)``, is at least as large.
    """
    if np.ptp(index) <= SAME:
        return FitDesign(explanations=0, words=("the index is the same for every trust, so nothing can fit",))
    null = regress_effects(
        evidence.effects, evidence.standard_errors, designs=np.ones((1, len(evidence.trusts), 1))
    )
    orders, exact = assignments(len(evidence.trusts), seed=0)
    weights = 1 / (evidence.standard_errors**2 + null.tau2[0])
    fits = _fits(evidence.effects[orders], weights[orders], index)
    chance = float((fits >= fits[0] - _TIE).mean())
    smallest = float((fits >= fits.max() - _TIE).mean())
    how = f"of all {len(orders)}" if exact else f"of {len(orders)} random"
    return FitDesign(
        chance=chance,
        smallest=smallest,
        words=(f"the index goes with the effects as closely in {chance:.0%} {how} orders of the effects",),
    )


def _fits(effects: np.ndarray, weights: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the weighted squared correlation of the index with the effects, one for each order."""
    total = weights.sum(axis=1, keepdims=True)
    y = effects - (weights * effects).sum(axis=1, keepdims=True) / total
    x = index - (weights * index).sum(axis=1, keepdims=True) / total
    above = (weights * x * y).sum(axis=1) ** 2
    below = (weights * x * x).sum(axis=1) * (weights * y * y).sum(axis=1)
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below > 0))
