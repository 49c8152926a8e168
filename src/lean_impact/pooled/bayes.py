"""Random effects for few trusts, with a stated prior on how much trusts differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from lean_impact.domain import Estimate, Measure, Provenance, TrustEffect
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels import half_normal as kernel
from lean_impact.pooled._common import arrays_of, provenance_of, raise_unless_usable
from lean_impact.pooled.bayes_result import HalfNormalResult, PriorRow

__all__ = ["HalfNormalEffects"]

_OTHER_SCALES = (0.5, 1.0, 2.0)
_MANY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfNormalEffects:
    r"""Pool effects with a half-normal prior on the standard deviation of true effects.

    Parameters
    ----------
    scale : float
        Scale of the prior, in the unit of the effects: true effects of two trusts are then expected to differ by
        less than about twice this in two cases of three. There is no default, because with few trusts it decides
        how wide the answer is.
    mean_sd : float, default infinity
        Standard deviation of the normal prior of the mean around no effect; infinite for a flat one.
    level : float, default 0.95
        Probability of every interval.

    Raises
    ------
    DesignError
        If a setting is impossible.

    Notes
    -----
    :math:`y_i \sim N(\theta_i, v_i)`, :math:`\theta_i \sim N(\mu, \tau^2)`, :math:`\tau \sim HN(s)`. Integrated on a
    grid over :math:`\tau` alone, given which everything is normal: exact to about ten digits, no sampling. With
    two or three trusts a likelihood says almost nothing on :math:`\tau` and often puts it at 0, which makes trusts
    look alike; the prior says instead how unlike they can plausibly be. The answer under half and under twice the
    scale stands beside it.

    References
    ----------
    Gelman A (2006), Bayesian Analysis 1:515-534.
    Friede T, Roever C, Wandel S, Neuenschwander B (2017), Biometrical Journal 59:658-671.

    Examples
    --------
    >>> from lean_impact.testing.effects import trust_effects
    >>> found = HalfNormalEffects(scale=0.5, mean_sd=4.0).pool(
    ...     trust_effects([-0.32, 0.05, -0.51, 0.11, -0.18], [0.145, 0.114, 0.210, 0.134, 0.095]))
    >>> round(found.estimate.value, 2), round(found.probability_below, 2)
    (-0.14, 0.89)
    """

    scale: float
    mean_sd: float = float("inf")
    level: float = 0.95

    def __post_init__(self) -> None:
        problems = [
            Issue(rule="bad-setting", message=message)
            for bad, message in (
                (not 0 < self.scale < np.inf, "scale must be above 0, in the unit of the effects"),
                (not self.mean_sd > 0, "mean_sd must be above 0; infinity is a flat prior"),
                (not 0 < self.level < 1, "level must lie between 0 and 1, such as 0.95"),
            )
            if bad
        ]
        if problems:
            raise DesignError("the settings of HalfNormalEffects cannot be used", problems)

    def pool(
        self,
        effects: Sequence[TrustEffect],
        *,
        measure: Measure | None = None,
        provenance: Provenance | None = None,
    ) -> HalfNormalResult:
        """Pool the effects on several trusts.

        Parameters
        ----------
        effects : sequence of TrustEffect
            One for each trust, at least two, all in the same unit.
        measure : Measure, optional
            What was measured, for wording.
        provenance : Provenance, optional
            Where the effects come from.

        Returns
        -------
        HalfNormalResult
            The mean, a further trust, each trust, and how far the prior decides.

        Raises
        ------
        DesignError
            If an effect cannot be pooled or there is only one.
        """
        raise_unless_usable(effects)
        if len(effects) == 1:
            raise DesignError("one trust cannot be pooled; its own effect is all there is")
        y, v = arrays_of(effects)
        found = kernel.tau_posterior(y, v, scale=self.scale, mean_sd=self.mean_sd)
        mean = kernel.mean_posterior(found)
        further = kernel.new_posterior(found)
        return HalfNormalResult(
            measure=measure,
            effects=tuple(effects),
            posterior=found,
            estimate=self._estimate(mean),
            tau=self._tau(found),
            prediction=self._estimate(further),
            trusts=tuple(
                TrustEffect(trust=effect.trust, estimate=self._estimate(kernel.trust_posterior(found, at)))
                for at, effect in enumerate(effects)
            ),
            probability_below=mean.below(0.0),
            probability_further_below=further.below(0.0),
            priors=tuple(self._under(y, v, factor) for factor in _OTHER_SCALES),
            cautions=self._cautions(found, len(effects)),
            provenance=provenance_of(
                provenance,
                parameters=asdict(self),
                step=f"pooled the effects of {len(effects)} trusts with a prior",
            ),
        )

    def _estimate(self, mixture: kernel.NormalMixture) -> Estimate:
        tail = (1 - self.level) / 2
        return Estimate(
            value=mixture.quantile(0.5),
            standard_error=mixture.sd,
            lower=mixture.quantile(tail),
            upper=mixture.quantile(1 - tail),
            level=self.level,
        )

    def _tau(self, found: kernel.TauPosterior) -> Estimate:
        tail = (1 - self.level) / 2
        return Estimate(
            value=found.quantile(0.5),
            standard_error=float(np.sqrt(found.weights @ (found.tau - found.mean) ** 2)),
            lower=found.quantile(tail),
            upper=found.quantile(1 - tail),
            level=self.level,
        )

    def _under(self, y: np.ndarray, v: np.ndarray, factor: float) -> PriorRow:
        found = kernel.tau_posterior(y, v, scale=factor * self.scale, mean_sd=self.mean_sd)
        mean, further = kernel.mean_posterior(found), kernel.new_posterior(found)
        return PriorRow(
            scale=factor * self.scale,
            estimate=self._estimate(mean),
            tau=found.quantile(0.5),
            prediction=self._estimate(further),
            probability_below=mean.below(0.0),
        )

    def _cautions(self, found: kernel.TauPosterior, k: int) -> tuple[str, ...]:
        said = []
        if k < _MANY:
            said.append(
                f"with {k} trusts the prior helps to decide how wide the intervals are; read the rows for half and "
                "twice its scale"
            )
        if found.quantile(0.5) > 2 * self.scale:
            said.append(
                "trusts differ by much more than the prior allows for; it was too narrow, and the intervals are too"
            )
        return tuple(said)
