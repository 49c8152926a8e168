"""The result of pooling with a prior."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lean_impact.domain import Estimate, Measure, Provenance, Summary, TrustEffect
from lean_impact.kernels.half_normal import TauPosterior
from lean_impact.pooled import bayes_figure
from lean_impact.pooled._common import Unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HalfNormalResult", "PriorRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorRow:
    """The answer under another scale of the prior.

    Attributes
    ----------
    scale : float
        Scale of the half-normal prior.
    estimate : Estimate
        Mean of true effects.
    tau : float
        Median of their standard deviation.
    prediction : Estimate
        True effect on a further trust.
    probability_below : float
        Probability that the mean is below 0.
    """

    scale: float
    estimate: Estimate
    tau: float
    prediction: Estimate
    probability_below: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HalfNormalResult:
    """The mean effect over trusts under a stated prior.

    Attributes
    ----------
    measure : Measure or None
        What was measured, if known.
    effects : tuple of TrustEffect
        What went in.
    posterior : TauPosterior
        Of the standard deviation of true effects, on its grid.
    estimate : Estimate
        Mean of true effects: median, standard deviation and central interval of its posterior.
    tau : Estimate
        Standard deviation of true effects, likewise.
    prediction : Estimate
        True effect on a further, similar trust.
    trusts : tuple of TrustEffect
        True effect of each trust, drawn towards the mean.
    probability_below, probability_further_below : float
        Probability that the mean, and the true effect on a further trust, is below 0.
    priors : tuple of PriorRow
        The answer under half, the same and twice the scale.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Origin and parameters.
    """

    measure: Measure | None
    effects: tuple[TrustEffect, ...]
    posterior: TauPosterior
    estimate: Estimate
    tau: Estimate
    prediction: Estimate
    trusts: tuple[TrustEffect, ...]
    probability_below: float
    probability_further_below: float
    priors: tuple[PriorRow, ...]
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def title(self) -> str:
        """One line for a chart or a heading."""
        what = self.measure.name if self.measure else "Effect"
        return f"{what}: effects of {len(self.effects)} trusts pooled with a stated prior"

    @property
    def description(self) -> str:
        """The chart of :meth:`plot` in words."""
        unit = Unit(self.measure)
        return (
            f"Prior and posterior density of the standard deviation of true effects. {self.title}. Half-normal prior "
            f"of scale {unit.size(self.posterior.scale)}; posterior median {unit.size(self.tau.value)}, from "
            f"{unit.size(self.tau.lower)} to {unit.size(self.tau.upper)}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trust, the mean, a further trust and the standard deviation of true effects.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``scope`` ("trust", "pooled", "prediction", "tau"), ``trust``, ``estimate``
            (posterior median), ``standard_deviation``, ``lower``, ``upper``, ``level``.
        """
        rows = [("trust", effect.trust, effect.estimate) for effect in self.trusts]
        rows += [("pooled", "", self.estimate), ("prediction", "", self.prediction), ("tau", "", self.tau)]
        return pd.DataFrame(
            [
                {
                    "measure": self.measure.id if self.measure else "",
                    "scope": scope,
                    "trust": trust,
                    "estimate": estimate.value,
                    "standard_deviation": estimate.standard_error,
                    "lower": estimate.lower,
                    "upper": estimate.upper,
                    "level": estimate.level,
                }
                for scope, trust, estimate in rows
            ]
        )

    def priors_frame(self) -> pd.DataFrame:
        """Return the answer under each scale of the prior.

        Returns
        -------
        DataFrame
            Columns ``scale``, ``estimate``, ``lower``, ``upper``, ``tau``, ``further_lower``, ``further_upper``,
            ``probability_below``.
        """
        return pd.DataFrame(
            [
                {
                    "scale": row.scale,
                    "estimate": row.estimate.value,
                    "lower": row.estimate.lower,
                    "upper": row.estimate.upper,
                    "tau": row.tau,
                    "further_lower": row.prediction.lower,
                    "further_upper": row.prediction.upper,
                    "probability_below": row.probability_below,
                }
                for row in self.priors
            ]
        )

    def summary(self) -> Summary:
        """Say in plain words what the trusts have in common, and how far the prior decides."""
        return Summary("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        unit = Unit(self.measure)
        yield f"{self.title}: {unit.words(self.estimate)}"
        yield f"Prior: half-normal of scale {unit.size(self.posterior.scale)} on the standard deviation of true effects"
        yield f"Probability that the mean effect is below 0: {self.probability_below:.2f}"
        yield (
            f"A further, similar trust: true effect {unit.between(self.prediction)}, below 0 with probability "
            f"{self.probability_further_below:.2f}"
        )
        for row in self.priors:
            yield (
                f"With a prior of scale {unit.size(row.scale)}: {unit.words(row.estimate)}, a further trust "
                f"{unit.between(row.prediction)}"
            )
        yield from (f"Caution: {caution}" for caution in self.cautions)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the prior and the posterior of how much true effects differ.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
        """
        return bayes_figure.draw_tau(self, ax=ax)
