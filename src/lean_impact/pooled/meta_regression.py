"""Effects against what trusts differ in: meta-regression with an exact test for few trusts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from lean_impact.domain import Measure, Provenance, PValue, TrustEffect
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels import meta_regression as kernel
from lean_impact.kernels import random_effects as plain
from lean_impact.kernels.between_variance import TauMethod, between_variance, residual_q
from lean_impact.kernels.collapsed import t_margin, t_p_value
from lean_impact.pooled._common import (
    INTERVAL_WORDS,
    TAU_WORDS,
    TINY,
    IntervalMethod,
    arrays_of,
    interval_of,
    provenance_of,
    raise_unless_possible,
    raise_unless_usable,
)
from lean_impact.pooled.meta_regression_result import Coefficient, MetaRegressionResult

__all__ = ["MetaRegression"]

_FEWEST_LEFT = 1
_SCARCE = 10
_THIN = 3
_SAME = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaRegression:
    r"""Regress the effects of trusts on moderators, and test each moderator by exact permutation.

    Parameters
    ----------
    tau : {"REML", "DL", "PM", "ML", "HE", "SJ", "EB", "FE"}, default "REML"
        How the variance of true effects around the regression is estimated.
    interval : {"HKSJ", "normal"}, default "HKSJ"
        Knapp-Hartung with a floor of 1 and the t distribution, or plain normal.
    level : float, default 0.95
        Coverage of every interval.
    seed : int, default 0
        Seed of the permutations where not all can be tried (more than 40,320).

    Raises
    ------
    DesignError
        If a setting is impossible.

    Notes
    -----
    :math:`y_i = x_i'\beta + u_i + e_i` with :math:`u_i \sim (0, \tau^2)`. The permutation test hands the rows of
    moderators round among the effects, estimates :math:`\tau^2` anew each time and compares t statistics. It
    holds if effects would have been the same whoever had which context, and needs no normality. With five trusts
    it can reach 1/120 for five different values, and no less than 1/10 for a condition that three of the five have.

    References
    ----------
    Knapp G, Hartung J (2003), Statistics in Medicine 22:2693-2710.
    Higgins JPT, Thompson SG (2004), Statistics in Medicine 23:1663-1682.

    Examples
    --------
    >>> from lean_impact.testing.effects import trust_effects
    >>> effects = trust_effects([-0.32, 0.05, -0.51, 0.11, -0.18], [0.145, 0.114, 0.210, 0.134, 0.095])
    >>> readiness = dict(zip((effect.trust for effect in effects), (0.8, 0.4, 0.9, 0.2, 0.6)))
    >>> found = MetaRegression().pool(effects, moderators={"readiness": readiness})
    >>> slope = found.coefficient("readiness")
    >>> round(slope.estimate.value, 2), round(slope.permutation.value, 3)
    (-0.85, 0.017)
    """

    tau: TauMethod = "REML"
    interval: IntervalMethod = "HKSJ"
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        raise_unless_possible("MetaRegression", tau=self.tau, interval=self.interval, level=self.level)

    def pool(
        self,
        effects: Sequence[TrustEffect],
        *,
        moderators: Mapping[str, Mapping[str, float]],
        measure: Measure | None = None,
        provenance: Provenance | None = None,
    ) -> MetaRegressionResult:
        """Regress effects on moderators.

        Parameters
        ----------
        effects : sequence of TrustEffect
            One for each trust, all in the same unit.
        moderators : mapping of str to mapping of str to float
            For each moderator its value by trust code.
        measure : Measure, optional
            What was measured, for wording.
        provenance : Provenance, optional
            Where the effects come from.

        Returns
        -------
        MetaRegressionResult
            Coefficients with t or z tests and exact permutation tests, and the variance that is left.

        Raises
        ------
        DesignError
            If effects cannot be pooled, a moderator lacks a trust, has one value or can be made up from others,
            or too few trusts are left to tell how effects scatter; every problem is listed.
        """
        raise_unless_usable(effects)
        table = _table(effects, moderators)
        y, v = arrays_of(effects)
        design = np.column_stack([np.ones(len(y)), table])
        tau2 = float(between_variance(y, v, design, method=self.tau))
        fit = kernel.regress(y, v, design, tau2=tau2)
        df = len(y) - design.shape[1]
        factor = kernel.floored_factor(fit.q, df) if self.interval == "HKSJ" else 1.0
        covariance = fit.covariance * factor
        plain_tau2 = float(between_variance(y, v, method=self.tau))
        q = residual_q(y, v, design)
        # A common effect has no variance of its own; what I-squared then means is the moment estimate's.
        between = float(between_variance(y, v, design, method="DL")) if self.tau == "FE" else tau2
        return MetaRegressionResult(
            measure=measure,
            method=f"Meta-regression, {TAU_WORDS[self.tau]}; {INTERVAL_WORDS[self.interval]}",
            effects=tuple(effects),
            moderators={
                name: {effect.trust: float(values[effect.trust]) for effect in effects}
                for name, values in moderators.items()
            },
            coefficients=self._coefficients(y, v, table, tuple(moderators), fit.beta, covariance, df),
            covariance=covariance,
            tau2=tau2,
            tau2_without=plain_tau2,
            i_squared=kernel.i_squared(y, v, design, tau2=between),
            q=q,
            df=df,
            q_p_value=plain.q_p_value(q, df),
            level=self.level,
            interval=self.interval,
            cautions=tuple(_cautions(len(y), table.shape[1], df)),
            provenance=provenance_of(
                provenance,
                parameters=asdict(self),
                step=f"regressed the effects of {len(effects)} trusts on {', '.join(moderators)}",
            ),
        )

    def _coefficients(
        self,
        y: np.ndarray,
        v: np.ndarray,
        table: np.ndarray,
        names: tuple[str, ...],
        beta: np.ndarray,
        covariance: np.ndarray,
        df: int,
    ) -> tuple[Coefficient, ...]:
        errors = np.sqrt(np.diag(covariance))
        found = []
        for at, name in enumerate(("intercept", *names)):
            value, error = float(beta[at]), float(errors[at])
            permutation = None
            if at:
                drawn = kernel.permutation_p(
                    y, v, table, column=at - 1, method=self.tau, floor=self.interval == "HKSJ", seed=self.seed
                )
                permutation = PValue(
                    value=drawn.value,
                    smallest=drawn.smallest,
                    method="moderators handed round among the effects",
                    assumption="effects would have been the same whoever had which context",
                    draws=drawn.draws,
                )
            found.append(
                Coefficient(
                    name=name,
                    estimate=interval_of(value, error, margin=self._margin(error, df), level=self.level),
                    p_value=self._p_value(value, error, df),
                    permutation=permutation,
                )
            )
        return tuple(found)

    def _margin(self, error: float, df: int) -> float:
        if self.interval == "HKSJ":
            return t_margin(error, df, level=self.level)
        return float(error * ndtri(0.5 + self.level / 2))

    def _p_value(self, value: float, error: float, df: int) -> PValue:
        t = self.interval == "HKSJ"
        p = float(t_p_value(value / error, df)) if t else float(2 * ndtr(-abs(value / error)))
        return PValue(
            value=max(p, TINY),
            smallest=0.0,
            method=f"t test on {df} degrees of freedom" if t else "z test",
            assumption="effects are independent and nearly normal with known standard errors",
        )


def _table(effects: Sequence[TrustEffect], moderators: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    """Return the moderators as columns, or raise with everything that is wrong with them."""
    issues = (
        [] if moderators else [Issue(rule="no-moderator", message="no moderator is given; give at least one")]
    )
    codes = [effect.trust for effect in effects]
    for name, values in moderators.items():
        given = [float(values.get(code, np.nan)) for code in codes]
        lacking = [code for code, value in zip(codes, given, strict=True) if not np.isfinite(value)]
        if lacking:
            issues.append(
                Issue(
                    rule="no-value",
                    key=name,
                    message=f"moderator '{name}' has no number for {', '.join(lacking)}; give one or drop the trust",
                )
            )
        elif len(set(given)) == 1:
            issues.append(
                Issue(
                    rule="one-value",
                    key=name,
                    message=f"moderator '{name}' is {given[0]:g} for every trust; leave out what does not differ",
                )
            )
    if not issues:
        table = np.array([[float(values[code]) for values in moderators.values()] for code in codes])
        issues = _tangled(table, tuple(moderators))
        if not issues:
            return table
    raise DesignError("the moderators cannot be used", issues)


def _tangled(table: np.ndarray, names: tuple[str, ...]) -> list[Issue]:
    k, m = table.shape
    if k - m - 1 < _FEWEST_LEFT:
        return [
            Issue(
                rule="too-few-trusts",
                message=(
                    f"{k} trusts cannot carry {m} moderators: {m + 1} numbers are estimated and at least one trust "
                    f"must be left over; use at most {max(k - 2, 0)}"
                ),
            )
        ]
    spread = table - table.mean(axis=0)
    spread = spread / np.linalg.norm(spread, axis=0)
    issues = []
    for at in range(1, m):
        before = spread[:, :at]
        rest = spread[:, at] - before @ np.linalg.lstsq(before, spread[:, at], rcond=None)[0]
        if np.linalg.norm(rest) < _SAME:
            issues.append(
                Issue(
                    rule="collinear",
                    key=names[at],
                    message=(
                        f"moderator '{names[at]}' can be made up from {', '.join(names[:at])}; these trusts cannot "
                        "tell them apart, so keep one"
                    ),
                )
            )
    return issues


def _cautions(k: int, m: int, df: int) -> list[str]:
    found = []
    if k < _SCARCE * m:
        found.append(
            f"{k} trusts for {m} moderator{'s' if m > 1 else ''}: a slope that is there is mostly missed and one that "
            "is found is mostly too large; read the permutation test and its smallest reachable value"
        )
    if df <= _THIN:
        found.append(f"the scatter around the regression rests on {df} degrees of freedom")
    found.append(
        "trusts were not given their context at random: whatever goes with a moderator may be what matters"
    )
    return found
