"""Random effects over trusts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from lean_impact.domain import Estimate, Measure, Provenance, PValue, TrustEffect
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels import random_effects as kernel
from lean_impact.kernels.between_variance import TauMethod, between_variance
from lean_impact.kernels.collapsed import t_margin, t_p_value
from lean_impact.pooled._common import (
    INTERVAL_WORDS,
    TAU_WORDS,
    TINY,
    IntervalMethod,
    interval_of,
    raise_unless_possible,
    raise_unless_usable,
)
from lean_impact.pooled.result import Heterogeneity, LeftOut, PooledResult

__all__ = ["IntervalMethod", "RandomEffects", "TauMethod"]

_FEWEST = 2
_FEWEST_FOR_PREDICTION = 3
_FEWEST_FOR_TRUST_IN_TAU = 10
_OWN = 1e-9


class _Errors(NamedTuple):
    """How sure the effects are: variances, and the part of the standard errors that they share."""

    v: np.ndarray
    shared: np.ndarray

    def of(self, kept: np.ndarray) -> _Errors:
        return _Errors(self.v[kept], self.shared[kept])

    def turned(self, y: np.ndarray) -> kernel.Uncorrelated:
        return kernel.uncorrelated(y, self.v, self.shared)

    @property
    def correlation(self) -> float:
        """The largest correlation of two effects."""
        part = self.shared / np.sqrt(self.v)
        return float(np.prod(np.sort(part)[-2:]))


class _Fit(NamedTuple):
    tau2: float
    mean: float
    error: float
    margin: float
    p: float


class _Parts(NamedTuple):
    """What differs between one trust and several; fields as in PooledResult."""

    method: str
    weights: np.ndarray
    estimate: Estimate
    p_value: PValue | None
    heterogeneity: Heterogeneity
    prediction: Estimate | None
    blups: tuple[TrustEffect, ...]
    leave_one_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomEffects:
    r"""Pool effects over trusts, allowing the true effect to differ between them.

    Parameters
    ----------
    tau : {"REML", "DL", "PM", "ML", "HE", "SJ", "EB", "FE"}, default "REML"
        How the variance of the true effects is estimated: restricted likelihood, DerSimonian-Laird, Paule-Mandel,
        maximum likelihood, Hedges, Sidik-Jonkman, empirical Bayes (which equals Paule-Mandel); "FE" takes it as 0.
    interval : {"HKSJ", "normal"}, default "HKSJ"
        How the interval of the mean is made.
    level : float, default 0.95
        Coverage of every interval.

    Raises
    ------
    DesignError
        If a setting is impossible.

    Notes
    -----
    :math:`y_i = \mu + u_i + e_i` with :math:`u_i \sim (0, \tau^2)` and known variance of :math:`e_i`. The
    mean is weighted by :math:`1 / (v_i + \tau^2)`. Effects that carry a ``shared_error`` :math:`s_i` have the
    covariance :math:`V = \operatorname{diag}(v_i - s_i^2) + s s'`; then the mean, Q and the likelihoods are the
    generalised ones, with :math:`W = (V + \tau^2 I)^{-1}` in place of the weights. Where all share the same error
    the mean has its weights from what is each trust's own, the variance of the mean is larger by
    :math:`s^2`, and :math:`\tau^2` is what the effects differ beyond their *own* errors. "SJ" has no agreed form
    for this and takes effects as independent, with a caution. The HKSJ variance is the plain one times
    :math:`\max(1, q)`, with k - 1 degrees of freedom: without the floor it is far too narrow where effects
    happen to agree. The prediction interval uses :math:`\tau^2 + \mathrm{se}^2` and k - 2 degrees of freedom.

    The standard errors of :class:`~lean_impact.effects.DifferenceInDifferences` already hold how much
    comparison trusts differ in their change, so :math:`\tau^2` is what the treated trusts differ beyond that.

    References
    ----------
    IntHout J, Ioannidis JPA, Borm GF (2014), BMC Medical Research Methodology 14:25.
    Higgins JPT, Thompson SG, Spiegelhalter DJ (2009), JRSS A 172:137-159 (prediction interval).
    Gleser LJ, Olkin I (2009), in The Handbook of Research Synthesis and Meta-Analysis, 357-376 (covariances).
    Jackson D, White IR, Riley RD (2013), Biometrical Journal 55:231-245 (moments with covariances).

    Examples
    --------
    >>> def effect(trust, value, error):
    ...     margin = 2 * error
    ...     return TrustEffect(trust=trust, estimate=Estimate(value=value, standard_error=error,
    ...         lower=value - margin, upper=value + margin))
    >>> result = RandomEffects().pool([effect("RTP", 0.10, 0.05), effect("RF4", -0.02, 0.04),
    ...                                effect("RXW", 0.01, 0.06)])
    >>> round(result.estimate.value, 3), round(result.estimate.lower, 3), round(result.estimate.upper, 3)
    (0.027, -0.138, 0.192)
    """

    tau: TauMethod = "REML"
    interval: IntervalMethod = "HKSJ"
    level: float = 0.95

    def __post_init__(self) -> None:
        raise_unless_possible("RandomEffects", tau=self.tau, interval=self.interval, level=self.level)

    def pool(
        self,
        effects: Sequence[TrustEffect],
        *,
        n_comparison: int | None = None,
        measure: Measure | None = None,
        provenance: Provenance | None = None,
    ) -> PooledResult:
        """Pool the effects on several trusts.

        Parameters
        ----------
        effects : sequence of TrustEffect
            One for each trust, all in the same unit.
        n_comparison : int, optional
            Comparison trusts whose mean the effects share, which correlates them; for a caution where the effects
            do not carry what they share.
        measure : Measure, optional
            What was measured, for wording.
        provenance : Provenance, optional
            Where the effects come from.

        Returns
        -------
        PooledResult
            What cannot be had with one or two trusts is missing, and its cautions say so.

        Raises
        ------
        DesignError
            If there is no effect, a trust occurs twice, a standard error is 0, or several trusts have no error of
            their own beside what they share.
        """
        raise_unless_usable(effects)
        y = np.array([effect.estimate.value for effect in effects])
        v = np.array([effect.estimate.standard_error for effect in effects]) ** 2
        given = _Errors(v, np.array([effect.shared_error for effect in effects]))
        errors = _Errors(v, np.zeros(len(v))) if self.tau == "SJ" else given
        _raise_unless_own(effects, errors)
        origin = provenance or Provenance()
        parts = self._several(effects, y, errors) if len(effects) >= _FEWEST else _single(effects[0])
        parameters = {f"pooled.{key}": str(value) for key, value in asdict(self).items()}
        return PooledResult(
            measure=measure,
            method=parts.method,
            effects=tuple(effects),
            weights=parts.weights,
            estimate=parts.estimate,
            p_value=parts.p_value,
            heterogeneity=parts.heterogeneity,
            prediction=parts.prediction,
            blups=parts.blups,
            leave_one_out=parts.leave_one_out,
            cautions=tuple(self._cautions(parts, given, n_comparison)),
            provenance=origin.model_copy(
                update={
                    "parameters": {**origin.parameters, **parameters},
                    "steps": (*origin.steps, f"pooled the effects of {len(effects)} trusts"),
                }
            ),
        )

    def _several(self, effects: Sequence[TrustEffect], y: np.ndarray, errors: _Errors) -> _Parts:
        turned = errors.turned(y)
        fit = self._fit(turned)
        weights = turned.turn @ (turned.x / (turned.v + fit.tau2))
        weights /= weights.sum()
        weights.flags.writeable = False
        correlated = bool(errors.shared.any())
        words = "; with the covariance of the error that effects share" if correlated else ""
        return _Parts(
            method=f"{TAU_WORDS[self.tau]}; {INTERVAL_WORDS[self.interval]}{words}",
            weights=weights,
            estimate=self._estimate(fit),
            p_value=PValue(
                value=max(fit.p, TINY),
                smallest=0.0,
                method="t test of the mean effect"
                if self.interval == "HKSJ"
                else "z test of the mean effect",
                assumption="effects are independent but for the error that they share, and nearly normal with known "
                "standard errors"
                if correlated
                else "effects are independent and nearly normal with known standard errors",
            ),
            heterogeneity=self._heterogeneity(turned, fit.tau2),
            prediction=self._prediction(fit, len(y)),
            blups=self._blups(effects, turned, fit),
            leave_one_out=self._leave_one_out(effects, y, errors),
        )

    def _margin(self, error: float, n_trusts: int) -> float:
        if self.interval == "HKSJ":
            return t_margin(error, n_trusts - 1, level=self.level)
        return float(error * ndtri(0.5 + self.level / 2))

    def _fit(self, turned: kernel.Uncorrelated) -> _Fit:
        y, v, x, _ = turned
        tau2 = float(between_variance(y, v, x[:, None], method=self.tau))
        mean = kernel.weighted_mean(y, v, tau2=tau2, x=x)
        error = mean.standard_error
        if self.interval == "HKSJ":
            error *= max(1.0, kernel.hksj_factor(y, v, tau2=tau2, x=x)) ** 0.5
            p = float(t_p_value(mean.value / error, len(y) - 1))
        else:
            p = float(2 * ndtr(-abs(mean.value / error)))
        return _Fit(tau2, mean.value, error, self._margin(error, len(y)), p)

    def _estimate(self, fit: _Fit) -> Estimate:
        return interval_of(fit.mean, fit.error, margin=fit.margin, level=self.level)

    def _heterogeneity(self, turned: kernel.Uncorrelated, tau2: float) -> Heterogeneity:
        y, v, x, _ = turned
        q, df = kernel.cochran_q(y, v, x=x), len(y) - 1
        lower, upper = kernel.q_profile(y, v, level=self.level, x=x)
        # A common effect has no variance of its own; what I-squared then means is the moment estimate's.
        between = float(between_variance(y, v, x[:, None], method="DL")) if self.tau == "FE" else tau2
        return Heterogeneity(
            tau2=tau2,
            lower=lower,
            upper=upper,
            i_squared=kernel.i_squared(between, v, x),
            q=q,
            df=df,
            q_p_value=kernel.q_p_value(q, df),
        )

    def _prediction(self, fit: _Fit, n_trusts: int) -> Estimate | None:
        if n_trusts < _FEWEST_FOR_PREDICTION or self.tau == "FE":
            return None
        error = (fit.tau2 + fit.error**2) ** 0.5
        return interval_of(
            fit.mean, error, margin=t_margin(error, n_trusts - 2, level=self.level), level=self.level
        )

    def _blups(
        self, effects: Sequence[TrustEffect], turned: kernel.Uncorrelated, fit: _Fit
    ) -> tuple[TrustEffect, ...]:
        values, errors = kernel.blups(turned, tau2=fit.tau2)
        return tuple(
            TrustEffect(
                trust=effect.trust,
                estimate=interval_of(
                    float(value),
                    float(error),
                    margin=self._margin(float(error), len(effects)),
                    level=self.level,
                ),
            )
            for effect, value, error in zip(effects, values, errors, strict=True)
        )

    def _leave_one_out(
        self, effects: Sequence[TrustEffect], y: np.ndarray, errors: _Errors
    ) -> tuple[LeftOut, ...]:
        found = []
        for out, effect in enumerate(effects):
            kept = np.arange(len(y)) != out
            if kept.sum() < _FEWEST:
                (other,) = (e for e in effects if e is not effect)
                found.append(LeftOut(trust=effect.trust, estimate=other.estimate, tau2=float("nan")))
                continue
            fit = self._fit(errors.of(kept).turned(y[kept]))
            found.append(LeftOut(trust=effect.trust, estimate=self._estimate(fit), tau2=fit.tau2))
        return tuple(found)

    def _cautions(self, parts: _Parts, given: _Errors, n_comparison: int | None) -> list[str]:
        k, heterogeneity = len(given.v), parts.heterogeneity
        found = []
        if k == 1:
            found.append(
                "with one trust there is nothing to pool: this is its own effect and interval, and neither "
                "the variance between trusts nor a prediction for a further trust can be had"
            )
        elif k == _FEWEST:
            found.append(
                "with two trusts the variance between trusts is hardly known and no prediction for a further "
                "trust can be had"
            )
        elif k < _FEWEST_FOR_TRUST_IN_TAU:
            found.append(f"the variance between trusts rests on {k} trusts; read its interval, not its value")
        if k > 1 and heterogeneity.upper == 0.0:
            found.append(
                "the effects agree more closely than their standard errors allow for; those may be too large"
            )
        if self.tau == "FE" and k > 1:
            found.append("one true effect for all trusts is assumed; a further trust cannot be predicted")
        if k > 1 and (parts.weights < 0).any():
            found.append(
                "a trust whose error is mostly shared has a weight below 0: it tells more of that than of the mean"
            )
        if k > 1:
            found += self._independence(given, n_comparison)
        return found

    def _independence(self, given: _Errors, n_comparison: int | None) -> list[str]:
        """Say what it costs to take effects as independent where they are not."""
        if given.shared.any():
            if self.tau != "SJ":
                return []
            shared, what = given.correlation, "the error of their comparison"
        elif n_comparison:
            shared, what = 1 / (n_comparison + 1), f"the mean of {n_comparison} comparison trusts"
        else:
            return []
        wider = 100 * ((1 + (len(given.v) - 1) * shared) ** 0.5 - 1)
        words = (
            f"the effects share {what}, which correlates them by {shared:.3f}; pooling takes them as independent, "
            f"so its standard error is too small by up to {wider:.1f}%"
        )
        return [words]


def _raise_unless_own(effects: Sequence[TrustEffect], errors: _Errors) -> None:
    """Refuse effects of which several are nothing but the error that all share: any contrast of them is certain."""
    own = errors.v - errors.shared**2
    wholly = [
        effect.trust
        for effect, part, whole in zip(effects, own, errors.v, strict=True)
        if part <= _OWN * whole
    ]
    if len(wholly) > 1:
        raise DesignError(
            "the effects cannot be pooled",
            [
                Issue(
                    rule="no-own-error",
                    value=trust,
                    message=f"{trust} has no error beside that which it shares",
                )
                for trust in wholly
            ],
        )


def _single(effect: TrustEffect) -> _Parts:
    nan = float("nan")
    weights = np.ones(1)
    weights.flags.writeable = False
    return _Parts(
        method="one trust, nothing pooled",
        weights=weights,
        estimate=effect.estimate,
        p_value=effect.p_value,
        heterogeneity=Heterogeneity(
            tau2=nan, lower=nan, upper=nan, i_squared=nan, q=nan, df=0, q_p_value=nan
        ),
        prediction=None,
        blups=(effect,),
        leave_one_out=(),
    )
