"""What a contingency model promises: findings, scores and predictions that carry their uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd

from lean_impact.domain import CaseTable, Estimate, Provenance, Reading, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import InputError
from lean_impact.kernels.scores import crps_mixture, log_score_mixture
from lean_impact.kernels.t_mixture import mixture_cdf, mixture_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ContingencyFit", "ContingencyModel", "DrawnFit", "Finding", "FitDesign", "Prediction", "Score"]

_ROUNDING = 1e-9
_DF_OF_A_VARIANCE = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """A predictive distribution of the effect on a trust, as a mixture of t distributions.

    Parameters
    ----------
    weights, locations, scales, dfs : ndarray of float64, shape (n_components,)
        The mixture. Effects are oriented: positive is an improvement, in the unit of the measure. Degrees of
        freedom are above 1, infinite for a normal component.
    outside : float
        Probability that the context lies outside what was observed, from 0 to 1. The distribution is then
        an extrapolation.
    disagree : float
        Probability that explanations which fit the fitted trusts equally well say different things of this
        context, from 0 to 1.

    Raises
    ------
    InputError
        If this is no proper distribution with a mean.

    Examples
    --------
    >>> prediction = Prediction.single(location=0.5, scale=1.0, df=3.0)
    >>> prediction.mean, [round(end, 2) for end in prediction.interval(0.95)]
    (0.5, [-2.68, 3.68])
    """

    weights: np.ndarray
    locations: np.ndarray
    scales: np.ndarray
    dfs: np.ndarray
    outside: float = 0.0
    disagree: float = 0.0

    def __post_init__(self) -> None:
        shapes = {np.shape(part) for part in self._mixture}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1 or not np.size(self.weights):
            raise InputError("weights, locations, scales and dfs must be arrays of one and the same length")
        problems = [
            words
            for bad, words in (
                (not np.isfinite(self.locations).all(), "a location is not a number"),
                (not (np.isfinite(self.scales) & (self.scales > 0)).all(), "a scale is not above 0"),
                (not (self.dfs > 1).all(), "degrees of freedom are not above 1, so there is no mean"),
                (not (self.weights >= 0).all(), "a weight is below 0"),
                (not abs(float(self.weights.sum()) - 1) <= _ROUNDING, "the weights do not sum to 1"),
                (not 0 <= self.outside <= 1, "the probability 'outside' is not between 0 and 1"),
                (not 0 <= self.disagree <= 1, "the probability 'disagree' is not between 0 and 1"),
            )
            if bad
        ]
        if problems:
            raise InputError(f"not a proper predictive distribution: {'; '.join(problems)}")
        for part in self._mixture:
            part.setflags(write=False)

    @classmethod
    def single(cls, *, location: float, scale: float, df: float, outside: float = 0.0) -> Self:
        """Make a prediction of one t distribution.

        Parameters
        ----------
        location, scale : float
            In the unit of the measure.
        df : float
            Degrees of freedom, infinite for a normal.
        outside : float, default 0
            Probability that the context lies outside what was observed.

        Returns
        -------
        Prediction
            A mixture of one component.
        """
        parts = (np.array([float(part)]) for part in (1.0, location, scale, df))
        weights, locations, scales, dfs = parts
        return cls(weights=weights, locations=locations, scales=scales, dfs=dfs, outside=outside)

    @property
    def _mixture(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return self.weights, self.locations, self.scales, self.dfs

    @property
    def mean(self) -> float:
        """Expected effect, in the unit of the measure."""
        return float(self.weights @ self.locations)

    @property
    def standard_deviation(self) -> float:
        """Standard deviation, infinite if a component has 2 degrees of freedom or fewer."""
        if (self.dfs <= _DF_OF_A_VARIANCE).any():
            return float("inf")
        within = self.scales**2 / (1 - _DF_OF_A_VARIANCE / self.dfs)
        return float(np.sqrt(self.weights @ (within + (self.locations - self.mean) ** 2)))

    def cdf(self, value: float) -> float:
        """Return the probability of an effect at or below a value."""
        return float(mixture_cdf(np.array([float(value)]), *self._mixture)[0])

    def quantile(self, probability: float) -> float:
        """Return the effect with this probability at or below it."""
        return mixture_quantile(probability, *self._mixture)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the central interval of a level."""
        tail = (1 - level) / 2
        return self.quantile(tail), self.quantile(1 - tail)

    def observed_with(self, standard_error: float) -> Self:
        """Predict an estimate of the effect instead of the effect itself.

        Parameters
        ----------
        standard_error : float
            Standard error that the estimate will have, in the unit of the measure.

        Returns
        -------
        Prediction
            The same mixture with each scale widened to ``sqrt(scale^2 + standard_error^2)``. For a t
            component this keeps the heavy tails for the whole sum: a little wider than the exact
            convolution.
        """
        return type(self)(
            weights=self.weights,
            locations=self.locations,
            scales=np.hypot(self.scales, standard_error),
            dfs=self.dfs,
            outside=self.outside,
            disagree=self.disagree,
        )

    def crps(self, observed: float) -> float:
        """Return the continuous ranked probability score, in the unit of the measure; lower is better."""
        return crps_mixture(float(observed), *self._mixture)

    def log_score(self, observed: float) -> float:
        """Return minus the log predictive density, in nats; lower is better."""
        return log_score_mixture(float(observed), *self._mixture)

    def as_estimate(self, level: float = 0.95) -> Estimate:
        """Return the median and interval as an estimate.

        Parameters
        ----------
        level : float, default 0.95
            Coverage of the interval.

        Returns
        -------
        Estimate
            The median, the central interval, and as standard error the root mean square scale around the mean
            (a t distribution of 2 degrees of freedom has no standard deviation).
        """
        lower, upper = self.interval(level)
        spread = float(np.sqrt(self.weights @ (self.scales**2 + (self.locations - self.mean) ** 2)))
        return Estimate(
            value=self.quantile(0.5), standard_error=spread, lower=lower, upper=upper, level=level
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a model says, with what stands behind it.

    Parameters
    ----------
    statement : str
        The finding as a sentence.
    support : float or Estimate
        Probability of the statement, or the number it is about with its interval.
    trusts : tuple of str
        Codes of the trusts that carry it: without one of them it would read differently.
    evidence : tuple of str
        Identifiers of the conditions that it rests on.
    """

    statement: str
    support: float | Estimate
    trusts: tuple[str, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitDesign:
    """What these trusts can carry of this model, whatever it found.

    Parameters
    ----------
    chance : float or None
        Share of all ways to hand out the effects over the trusts in which the model fits at least as well;
        None if it has nothing that could fit.
    smallest : float or None
        The smallest such share that could have been reached.
    explanations : int
        How many explanations fit equally well, this one among them; 0 if there is none.
    words : tuple of str
        The same and more, as sentences.

    Examples
    --------
    >>> FitDesign(chance=0.2, smallest=0.1, explanations=3).explanations
    3
    """

    chance: float | None = None
    smallest: float | None = None
    explanations: int = 1
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How far a trust's context is one in which the model expects a good effect.

    Parameters
    ----------
    trust : str
        Trust code.
    value : float
        From 0 to 1; what exactly it is, the model says in its own documentation.
    lower, upper : float
        What the score could be, given what is not known.
    contributions : mapping of str to float
        Part of ``value`` that each condition brings, by identifier.
    expected : Estimate
        Expected effect under this context with its predictive interval, positive is an improvement.
    would_change : tuple of str
        What would change the score, as sentences.
    """

    trust: str
    value: float
    lower: float
    upper: float
    contributions: Mapping[str, float]
    expected: Estimate
    would_change: tuple[str, ...]


@runtime_checkable
class ContingencyFit(Protocol):
    """What a model learned from some trusts."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the model says, each with its support and its carriers."""
        ...

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before using it."""
        ...

    @property
    def provenance(self) -> Provenance:
        """Name, parameters and seed of the model."""
        ...

    @property
    def design(self) -> FitDesign:
        """How often luck fits as well, the smallest reachable share, and how many explanations are tied."""
        ...

    def score(self, trust: str) -> Score:
        """Score the context of a trust that was fitted; InputError for another."""
        ...

    def predict(self, states: Mapping[str, Reading]) -> Prediction:
        """Predict the effect in a context, given a state or a membership for every condition."""
        ...

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trust."""
        ...

    def summary(self) -> Summary:
        """Say what was found, in words."""
        ...


@runtime_checkable
class DrawnFit(Protocol):
    """A fit with a chart of its own, which the report then shows."""

    @property
    def title(self) -> str:
        """Title of the chart."""
        ...

    @property
    def description(self) -> str:
        """The chart in words."""
        ...

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw it."""
        ...

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return the tables that stand behind it, by caption."""
        ...


@runtime_checkable
class ContingencyModel(Protocol):
    """Something that says under which conditions a programme works.

    Notes
    -----
    A model is configuration only; everything learned is in the fit. It must pass
    ``lean_impact.testing.scorer_checks``. :meth:`Evidence.gather
    <lean_impact.contingency.Evidence.gather>` does the checking and orientation that
    every model needs.
    """

    @property
    def name(self) -> str:
        """Short name, such as ``"readiness"``."""
        ...

    def fit(
        self, cases: CaseTable, effects: Sequence[TrustEffect], *, improvement: Direction, seed: int
    ) -> ContingencyFit:
        """Learn from cases and effects.

        Parameters
        ----------
        cases : CaseTable
            Which trust showed which condition; unknown is kept.
        effects : sequence of TrustEffect
            One for each trust of the table, with standard errors, in the unit of the measure.
        improvement : {"increase", "decrease", "neutral"}
            Which movement of the measure is better; the fit speaks of effects with good as positive.
        seed : int
            Seed of everything random.

        Returns
        -------
        ContingencyFit
            What was learned.
        """
        ...
