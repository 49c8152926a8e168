"""The null model: context tells nothing, every trust is a draw around one average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

import numpy as np
import pandas as pd

from lean_impact import __version__
from lean_impact.contingency.evidence import Evidence
from lean_impact.contingency.protocol import Finding, FitDesign, Prediction, Score
from lean_impact.contingency.scoring import score_table, summarise_fit
from lean_impact.domain import CaseTable, Provenance, Reading, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.kernels.effect_regression import regress_effects
from lean_impact.kernels.t_mixture import t_cdf

__all__ = ["NullFit", "NullModel"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NullFit:
    """The average effect and the spread between trusts.

    Attributes
    ----------
    evidence : Evidence
        What was fitted.
    average : Prediction
        Distribution of the average effect, positive is an improvement.
    new_trust : Prediction
        Distribution of the effect on one more trust.
    tau : float
        Standard deviation of the true effects between trusts, in the unit of the measure.
    provenance : Provenance
        Name, parameters and seed.
    """

    evidence: Evidence
    average: Prediction
    new_trust: Prediction
    tau: float
    provenance: Provenance

    @classmethod
    def of(cls, evidence: Evidence, provenance: Provenance) -> Self:
        """Fit the average to evidence.

        Parameters
        ----------
        evidence : Evidence
            Effects with standard errors.
        provenance : Provenance
            Name, parameters and seed of the model.

        Returns
        -------
        NullFit
            The average and the spread.
        """
        fit = regress_effects(
            evidence.effects, evidence.standard_errors, designs=np.ones((1, len(evidence.trusts), 1))
        )
        mean, variance = float(fit.coefficients[0, 0]), float(fit.covariance[0, 0, 0])
        spread = float(fit.tau2[0])
        return cls(
            evidence=evidence,
            average=Prediction.single(location=mean, scale=variance**0.5, df=fit.df),
            new_trust=Prediction.single(location=mean, scale=(variance + spread) ** 0.5, df=fit.df),
            tau=spread**0.5,
            provenance=provenance,
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The average effect, and where the effect on one more trust would lie."""
        return (
            Finding(
                statement="Average effect over the trusts, positive is an improvement.",
                support=self.average.as_estimate(),
                trusts=(),
                evidence=(),
            ),
            Finding(
                statement="Effect to expect in one more trust, whatever its context.",
                support=self.new_trust.as_estimate(),
                trusts=(),
                evidence=(),
            ),
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What few trusts do to an average and a spread."""
        n = len(self.evidence.trusts)
        said = [f"the spread between trusts is estimated from {n} trusts, so it is hardly known"]
        if self.tau == 0:
            said.append(
                "the estimated spread between trusts is 0: the differences are no larger than the standard "
                "errors alone would make, which is not proof that the trusts are alike"
            )
        return tuple(said)

    @property
    def design(self) -> FitDesign:
        """Nothing: without context there is nothing that could fit by luck."""
        return FitDesign()

    def score(self, trust: str) -> Score:
        """Score a trust: the probability that one more trust would improve, the same for every trust.

        Parameters
        ----------
        trust : str
            Code of a trust that was fitted.

        Returns
        -------
        Score
            ``value`` is the probability of an effect above 0 in one more trust; ``lower`` and ``upper`` are
            that probability with the average at the ends of its 95 % interval.

        Raises
        ------
        InputError
            If the trust was not fitted.
        """
        self.evidence.row(trust)
        average, new = self.average.as_estimate(), self.new_trust
        centres = np.array([average.value, average.lower, average.upper])
        value, lower, upper = (float(p) for p in t_cdf(centres / new.scales[0], new.dfs))
        return Score(
            trust=trust,
            value=value,
            lower=lower,
            upper=upper,
            contributions=MappingProxyType({}),
            expected=new.as_estimate(),
            would_change=("Nothing in the context: this model knows only effects; more trusts would.",),
        )

    def predict(self, states: Mapping[str, Reading]) -> Prediction:
        """Predict the effect on one more trust.

        Parameters
        ----------
        states : mapping of str to ({"present", "absent", "unknown"} or Membership)
            A reading for every condition; checked, and otherwise without influence.

        Returns
        -------
        Prediction
            A t distribution around the average; nothing is outside what was observed, as context plays no
            part.
        """
        self.evidence.encode(states)
        return self.new_trust

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trust, see :func:`lean_impact.contingency.score_table`."""
        return score_table(self, trusts=self.evidence.trusts)

    def summary(self) -> Summary:
        """Say what was found, in words."""
        return summarise_fit("Null model: context tells nothing", self.findings, self.cautions)


@dataclass(frozen=True, slots=True, kw_only=True)
class NullModel:
    """Predict every trust by the average of the others: the benchmark that any other model has to beat.

    Notes
    -----
    ``effect_i = mu + u_i + e_i``, spread by Paule and Mandel. One more trust is predicted by a t
    distribution around ``mu`` with scale ``sqrt(tau2 + var(mu))`` and ``n - 1`` degrees of freedom.

    References
    ----------
    Higgins, Thompson and Spiegelhalter (2009), Journal of the Royal Statistical Society A 172, 137-159.

    Examples
    --------
    >>> from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
    >>> cases = synthetic_cases({"stable": "111"}, trusts=("RTP", "RR8", "RXW"))
    >>> effects = synthetic_effects({"RTP": 0.0, "RR8": 1.0, "RXW": 2.0}, standard_errors=0.5)
    >>> fit = NullModel().fit(cases, effects, improvement="increase", seed=1)
    >>> round(fit.new_trust.mean, 9), round(fit.tau, 3)
    (1.0, 0.866)
    """

    @property
    def name(self) -> str:
        """Name of the model."""
        return "null"

    def fit(
        self, cases: CaseTable, effects: Sequence[TrustEffect], *, improvement: Direction, seed: int
    ) -> NullFit:
        """Estimate the average effect and the spread between trusts.

        Parameters
        ----------
        cases : CaseTable
            Which trust showed which condition; only its trusts matter.
        effects : sequence of TrustEffect
            One for each trust of the table, with standard errors.
        improvement : {"increase", "decrease", "neutral"}
            Which movement of the measure is better.
        seed : int
            Recorded; nothing here is random.

        Returns
        -------
        NullFit
            The average and the spread.

        Raises
        ------
        InputError, DesignError
            If cases and effects do not belong together, see
            :meth:`lean_impact.contingency.Evidence.gather`.
        """
        provenance = Provenance(
            plugin=self.name,
            version=__version__,
            parameters={"spread": "Paule-Mandel", "improvement": improvement},
            seed=seed,
        )
        return NullFit.of(Evidence.gather(cases, effects, improvement=improvement), provenance)
