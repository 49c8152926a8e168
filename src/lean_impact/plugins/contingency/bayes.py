"""A small hierarchical model on a grid: all conditions at once, held back by a prior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import logsumexp, ndtr

from lean_impact import __version__
from lean_impact.contingency.evidence import Evidence
from lean_impact.contingency.protocol import Finding, FitDesign, Prediction
from lean_impact.contingency.scoring import summarise_fit
from lean_impact.domain import CaseTable, Provenance, Reading, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import InputError
from lean_impact.kernels.t_mixture import thin_mixture
from lean_impact.plugins.contingency.context_score import ContextScore
from lean_impact.plugins.contingency.lines import line_design

__all__ = ["HierarchicalBayes", "HierarchicalBayesFit"]

_NODES: Final = 24
_REACH: Final = 5.0
_NEGLIGIBLE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HierarchicalBayesFit(ContextScore):
    """The posterior on a grid of spreads and fillings.

    Attributes
    ----------
    tau : ndarray of float64, shape (n_scenarios,)
        Spread of the true effects around the regression, in the unit of the measure.
    means : ndarray of float64, shape (n_scenarios, 1 + n_entering)
        Posterior mean of the average and of the difference that each condition makes.
    covariance : ndarray of float64, shape (n_scenarios, 1 + n_entering, 1 + n_entering)
        Posterior covariance of the same.
    """

    tau: np.ndarray
    means: np.ndarray
    covariance: np.ndarray

    def predict(self, states: Mapping[str, Reading]) -> Prediction:
        """Predict the effect in a context.

        Parameters
        ----------
        states : mapping of str to ({"present", "absent", "unknown"} or Membership)
            A reading for every condition.

        Returns
        -------
        Prediction
            A mixture of normals over the grid and over what the context could be.
        """
        codes = self.evidence.encode(states)
        candidates = self._candidates(states)
        locations, scales = self._moments(candidates)
        weights = np.repeat(self.weights[:, None] / len(candidates), len(candidates), axis=1)
        kept = weights > _NEGLIGIBLE * weights.max()
        odds, centres, widths, dfs = thin_mixture(
            weights[kept], locations[kept], scales[kept], np.full(int(kept.sum()), np.inf)
        )
        return Prediction(
            weights=odds / odds.sum(),
            locations=centres,
            scales=widths,
            dfs=dfs,
            outside=self._outside(codes, candidates, self.index_of(candidates)),
        )

    def _moments(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _moments(_design(rows), self.means, self.covariance, self.tau)

    def differences(self) -> pd.DataFrame:
        """Tabulate what each condition does, the others held.

        Returns
        -------
        DataFrame
            ``condition``, median ``difference`` of the effect with it minus without it, its 95 % interval
            ``lower`` to ``upper``, and the probability that it is ``positive``.
        """
        rows = []
        for position, condition in enumerate(self.ids, start=1):
            found = self._difference(position)
            rows.append((condition, found.quantile(0.5), *found.interval(), 1 - found.cdf(0.0)))
        return pd.DataFrame(rows, columns=["condition", "difference", "lower", "upper", "positive"])

    def _difference(self, position: int) -> Prediction:
        kept = self.weights > _NEGLIGIBLE
        return Prediction(
            weights=self.weights[kept] / self.weights[kept].sum(),
            locations=self.means[kept, position],
            scales=np.sqrt(self.covariance[kept, position, position]),
            dfs=np.full(int(kept.sum()), np.inf),
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What each condition does to the effect, the others held."""
        return tuple(
            Finding(
                statement=f"Change of the effect that goes with '{self.evidence.names[of_condition]}', the other "
                "conditions held.",
                support=self._difference(position).as_estimate(),
                trusts=(),
                evidence=(self.evidence.conditions[of_condition],),
            )
            for position, of_condition in enumerate(self.entering, start=1)
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What the prior does."""
        n, k = len(self.evidence.trusts), len(self.entering)
        said = (
            f"{k} conditions and {n} trusts: what is said of each condition is mostly the prior, which expects "
            "a difference of about the typical standard error or less"
        )
        return (said, *self.filling_cautions)

    @property
    def design(self) -> FitDesign:
        """How often the expected effects go with the effects as well by luck."""
        own = np.array([self._own(row) for row in range(len(self.evidence.trusts))])
        return line_design(self.evidence, own)

    def _own(self, row: int) -> float:
        """Return how many of its conditions a trust has, each as far as the model counts on it."""
        slopes = self.weights @ self.means[:, 1:]
        return float((self.filled.mean(axis=0)[row] * slopes).sum())

    def summary(self) -> Summary:
        """Say what was found, in words."""
        return summarise_fit("Hierarchical model with a prior", self.findings, self.cautions)


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchicalBayes:
    """Predict the effect from all conditions at once, each held back by a prior.

    Parameters
    ----------
    spread : float, default 1
        Scale of the half-normal prior of the spread between trusts, in typical standard errors.
    difference : float, default 1
        Standard deviation of the normal prior of the difference that a condition makes, in typical standard
        errors.
    limit : int, default 64
        Unknown cells are filled in all ways up to this many; beyond, in as many random ways.

    Notes
    -----
    ``effect_i ~ N(mu + sum_j b_j x_ij, se_i^2 + tau^2)`` with ``x`` 1/2 where a condition holds and -1/2 where
    it does not, a flat prior for ``mu``, ``b_j ~ N(0, (difference s)^2)`` and ``tau ~ HalfNormal(spread s)``,
    ``s`` the root mean square of the standard errors. Given ``tau`` and a filling of the unknown cells
    everything is normal and exact; ``tau`` is integrated on a grid of 24 points, and fillings are weighted by
    how well they explain the effects.

    References
    ----------
    Röver (2020), Journal of Statistical Software 93(6), on exact Bayesian meta-analysis.

    Examples
    --------
    >>> from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
    >>> cases = synthetic_cases({"stable": "1100"}, trusts=("RTP", "RR8", "RF4", "RXW"))
    >>> values = {"RTP": 2.0, "RR8": 1.5, "RF4": 0.5, "RXW": 0.0}
    >>> effects = synthetic_effects(values, standard_errors=0.5)
    >>> fit = HierarchicalBayes().fit(cases, effects, improvement="increase", seed=1)
    >>> fit.differences()[["difference", "positive"]].round(2).to_numpy().tolist()
    [[0.59, 0.91]]
    """

    spread: float = 1.0
    difference: float = 1.0
    limit: int = 64

    @property
    def name(self) -> str:
        """Name of the model."""
        return "bayes"

    def fit(
        self, cases: CaseTable, effects: Sequence[TrustEffect], *, improvement: Direction, seed: int
    ) -> HierarchicalBayesFit:
        """Compute the posterior.

        Parameters
        ----------
        cases : CaseTable
            Which trust showed which condition; unknown is kept.
        effects : sequence of TrustEffect
            One for each trust of the table, with standard errors.
        improvement : {"increase", "decrease", "neutral"}
            Which movement of the measure is better.
        seed : int
            Seed of random fillings if there are too many unknown cells.

        Returns
        -------
        HierarchicalBayesFit
            Differences, scores and predictions.

        Raises
        ------
        InputError
            If a scale is not above 0, or cases and effects do not belong together.
        """
        if not (self.spread > 0 and self.difference > 0):
            raise InputError("the scales of the priors, spread and difference, must be above 0")
        evidence = Evidence.gather(cases, effects, improvement=improvement)
        entering = np.flatnonzero(evidence.testable)
        filled, exact = evidence.fillings(entering, limit=self.limit, seed=seed)
        unit = float(np.sqrt(np.mean(evidence.standard_errors**2)))
        nodes, node_weights = np.polynomial.legendre.leggauss(_NODES)
        grid = (nodes + 1) / 2 * _REACH
        prior = np.log(node_weights) - grid**2 / 2
        filling = np.repeat(np.arange(len(filled)), _NODES)
        tau = np.tile(grid * self.spread, len(filled))
        means, covariance, evidence_of = _posterior(
            evidence.effects / unit,
            evidence.standard_errors / unit,
            designs=np.array([_design(rows) for rows in filled])[filling],
            tau=tau,
            difference=self.difference,
        )
        log = evidence_of + np.tile(prior, len(filled))
        weights = np.exp(log - logsumexp(log))

        def improves(rows: np.ndarray) -> np.ndarray:
            locations, scales = _moments(_design(rows), means, covariance, tau)
            return np.asarray(ndtr(locations / scales))

        return HierarchicalBayesFit(
            evidence=evidence,
            entering=entering,
            filled=filled,
            exact=exact,
            filling=filling,
            weights=weights,
            index_of=improves,
            limit=self.limit,
            tau=tau * unit,
            means=means * unit,
            covariance=covariance * unit**2,
            provenance=Provenance(
                plugin=self.name,
                version=__version__,
                parameters={
                    "spread": str(self.spread),
                    "difference": str(self.difference),
                    "limit": str(self.limit),
                    "improvement": improvement,
                },
                seed=seed,
            ),
        )


def _design(rows: np.ndarray) -> np.ndarray:
    """Code contexts: an intercept, and presence as 1/2 against -1/2, so that a coefficient is a difference."""
    return np.column_stack([np.ones(len(rows)), rows - 1 / 2])


def _posterior(
    y: np.ndarray, errors: np.ndarray, *, designs: np.ndarray, tau: np.ndarray, difference: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return posterior means, covariances and log evidence for each design and spread."""
    k = designs.shape[2] - 1
    precision = np.diag(np.append(0.0, np.full(k, 1 / difference**2)))
    weights = 1 / (errors**2 + tau[:, None] ** 2)
    weighted = designs * weights[:, :, None]
    information = np.swapaxes(weighted, 1, 2) @ designs + precision
    covariance = np.linalg.inv(information)
    right = (np.swapaxes(weighted, 1, 2) @ y[:, None])[:, :, 0]
    means = np.einsum("sij,sj->si", covariance, right)
    explained = np.einsum("si,si->s", right, means)
    _, log_determinant = np.linalg.slogdet(information)
    log = (np.log(weights).sum(axis=1) - log_determinant - (weights * y**2).sum(axis=1) + explained) / 2
    return means, covariance, np.asarray(log)


def _moments(
    design: np.ndarray, means: np.ndarray, covariance: np.ndarray, tau: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return location and scale of a new effect, shape (n_scenarios, n_rows)."""
    locations = np.asarray(means @ design.T)
    spread = np.einsum("vi,sij,vj->sv", design, covariance, design)
    return locations, np.sqrt(spread + tau[:, None] ** 2)
