"""Several measures in each trust, pooled without counting a trust more than once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lean_impact.domain import Estimate, Provenance, PValue, Summary, TrustEffect
from lean_impact.effects.wording import p_words
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels import three_level as kernel
from lean_impact.kernels.collapsed import t_margin, t_p_value
from lean_impact.pooled import three_level_figure
from lean_impact.pooled._common import TINY, Unit, interval_of, provenance_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ThreeLevelEffects", "ThreeLevelResult"]

_FEW_TRUSTS = 10
_FEWEST_TRUSTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeLevelEffects:
    r"""Pool several measures of several trusts, allowing trusts to differ and measures within a trust to differ.

    Parameters
    ----------
    level : float, default 0.95
        Coverage of the interval.

    Raises
    ------
    DesignError
        If the level is impossible.

    Notes
    -----
    Measures of one trust share what is good or bad about that trust, so twenty of them are not twenty trusts. The
    standard error is the larger of the model's and of the one that only compares whole trusts (CR1), with one
    degree of freedom less than there are trusts. Effects must stand in one unit, such as standard deviations
    between trusts, and with good in one direction.

    References
    ----------
    Konstantopoulos S (2011), Research Synthesis Methods 2:61-76.
    Hedges LV, Tipton E, Johnson MC (2010), Research Synthesis Methods 1:39-65.

    Examples
    --------
    >>> from lean_impact.testing.effects import trust_effects
    >>> found = ThreeLevelEffects().pool({"waits": trust_effects([0.1, 0.9, 0.4], [0.1] * 3),
    ...                                   "beds": trust_effects([0.3, 1.1, 0.2], [0.1] * 3)})
    >>> found.n_trusts, found.n_effects, round(found.estimate.value, 2)
    (3, 6, 0.5)
    """

    level: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise DesignError("level must lie between 0 and 1, such as 0.95")

    def pool(
        self, effects: Mapping[str, Sequence[TrustEffect]], *, provenance: Provenance | None = None
    ) -> ThreeLevelResult:
        """Pool the effects of several measures on several trusts.

        Parameters
        ----------
        effects : mapping of str to sequence of TrustEffect
            By measure, one effect for each trust that has figures on it; all in one unit.
        provenance : Provenance, optional
            Where the effects come from.

        Returns
        -------
        ThreeLevelResult

        Raises
        ------
        DesignError
            If a trust occurs twice in a measure, a standard error is 0, there are fewer than two trusts, or no
            trust has more than one measure.
        """
        _raise_unless_usable(effects)
        rows = [(measure, effect) for measure, group in effects.items() for effect in group]
        codes = sorted({effect.trust for _, effect in rows})
        cluster = np.array([codes.index(effect.trust) for _, effect in rows])
        y = np.array([effect.estimate.value for _, effect in rows])
        v = np.array([effect.estimate.standard_error for _, effect in rows]) ** 2
        fit = kernel.three_level(y, v, cluster)
        robust = kernel.cluster_robust_error(y, cluster, fit=fit)
        error, df = max(fit.standard_error, robust), len(codes) - 1
        p = max(float(t_p_value(fit.mean / error, df)), TINY)
        return ThreeLevelResult(
            effects=tuple(rows),
            estimate=interval_of(
                fit.mean, error, margin=t_margin(error, df, level=self.level), level=self.level
            ),
            p_value=PValue(
                value=p,
                smallest=0.0,
                method=f"t test on {df} degrees of freedom",
                assumption="trusts are independent; sampling errors within a trust are too",
            ),
            model_error=fit.standard_error,
            robust_error=robust,
            between=fit.between,
            within=fit.within,
            cautions=tuple(_cautions(len(codes))),
            provenance=provenance_of(
                provenance,
                parameters={"level": self.level},
                step=f"pooled {len(rows)} effects of {len(codes)} trusts on three levels",
            ),
        )


def _raise_unless_usable(effects: Mapping[str, Sequence[TrustEffect]]) -> None:
    issues: list[Issue] = []
    counts: dict[str, int] = {}
    for measure, group in effects.items():
        codes = [effect.trust for effect in group]
        for code in codes:
            counts[code] = counts.get(code, 0) + 1
        issues += [
            Issue(
                rule="repeated-trust", key=measure, message=f"{code} is given more than once; keep one effect"
            )
            for code in sorted({code for code in codes if codes.count(code) > 1})
        ]
        issues += [
            Issue(
                rule="no-uncertainty",
                key=measure,
                message=f"{effect.trust} has the standard error 0; without uncertainty it cannot be weighed",
            )
            for effect in group
            if effect.estimate.standard_error == 0
        ]
    if len(counts) < _FEWEST_TRUSTS:
        issues.append(
            Issue(rule="too-few-trusts", message="at least two trusts are needed to see how trusts differ")
        )
    elif max(counts.values()) == 1:
        issues.append(
            Issue(
                rule="one-measure-each",
                message="no trust has more than one measure, so the levels cannot be told apart; use RandomEffects",
            )
        )
    if issues:
        raise DesignError("the effects cannot be pooled on three levels", issues)


def _cautions(n_trusts: int) -> Iterator[str]:
    if n_trusts < _FEW_TRUSTS:
        yield f"the variance between trusts rests on {n_trusts} trusts, however many measures they have"
    yield (
        "sampling errors of measures of one trust are taken as independent; where they are not, the variance between "
        "trusts takes up what they share and the interval of the mean stays about right"
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThreeLevelResult:
    """The mean effect over trusts and measures.

    Attributes
    ----------
    effects : tuple of (str, TrustEffect)
        What went in, each with its measure.
    estimate : Estimate
        Mean of true effects.
    p_value : PValue
        Of no mean effect.
    model_error, robust_error : float
        Standard error by the model, and from how whole trusts differ; the larger is used.
    between, within : float
        Variance of true effects between trusts, and between measures of one trust.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Origin and parameters.
    """

    effects: tuple[tuple[str, TrustEffect], ...]
    estimate: Estimate
    p_value: PValue
    model_error: float
    robust_error: float
    between: float
    within: float
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def n_effects(self) -> int:
        """Number of effects."""
        return len(self.effects)

    @property
    def n_trusts(self) -> int:
        """Number of trusts."""
        return len({effect.trust for _, effect in self.effects})

    @property
    def title(self) -> str:
        """One line for a chart or a heading."""
        return f"{self.n_effects} effects of {self.n_trusts} trusts pooled on three levels"

    @property
    def description(self) -> str:
        """The chart of :meth:`plot` in words."""
        unit = Unit(None)
        rows = "; ".join(
            f"{effect.trust} {measure} {unit.words(effect.estimate)}" for measure, effect in self.effects
        )
        return f"Forest plot: {self.title}. {rows}. Pooled {unit.words(self.estimate)}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each effect and one for the mean.

        Returns
        -------
        DataFrame
            Columns ``scope`` ("effect", "pooled"), ``measure``, ``trust``, ``estimate``, ``standard_error``,
            ``lower``, ``upper``, ``level``.
        """
        rows = [("effect", measure, effect.trust, effect.estimate) for measure, effect in self.effects]
        rows.append(("pooled", "", "", self.estimate))
        return pd.DataFrame(
            [
                {
                    "scope": scope,
                    "measure": measure,
                    "trust": trust,
                    "estimate": estimate.value,
                    "standard_error": estimate.standard_error,
                    "lower": estimate.lower,
                    "upper": estimate.upper,
                    "level": estimate.level,
                }
                for scope, measure, trust, estimate in rows
            ]
        )

    def heterogeneity_frame(self) -> pd.DataFrame:
        """Return one row on the differences.

        Returns
        -------
        DataFrame
            Columns ``n_trusts``, ``n_effects``, ``between``, ``within``, ``model_error``, ``robust_error``.
        """
        return pd.DataFrame(
            {
                "n_trusts": [self.n_trusts],
                "n_effects": [self.n_effects],
                "between": [self.between],
                "within": [self.within],
                "model_error": [self.model_error],
                "robust_error": [self.robust_error],
            }
        )

    def summary(self) -> Summary:
        """Say in plain words what trusts and measures have in common."""
        differ = (
            f"Standard deviation of true effects between trusts {self.between**0.5:.3g}, between measures of one "
            f"trust {self.within**0.5:.3g}"
        )
        pooled = f"{self.title}: {Unit(None).words(self.estimate)}, {p_words(self.p_value)}"
        return Summary("\n".join([pooled, differ, *(f"Caution: {caution}" for caution in self.cautions)]))

    def plot(self, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None) -> Axes:
        """Draw every effect, trust by trust, and the mean.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.
        labels : mapping of str to str, optional
            Trust code to the name shown.

        Returns
        -------
        Axes
        """
        return three_level_figure.draw_three_level(self, ax=ax, labels=labels or {})
