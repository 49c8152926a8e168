"""The result of pooling effects over trusts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lean_impact.domain import Estimate, Measure, Provenance, PValue, Summary, TrustEffect
from lean_impact.effects.wording import p_words
from lean_impact.pooled import forest_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Heterogeneity", "LeftOut", "PooledResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heterogeneity:
    """How much the true effects differ between trusts.

    Attributes
    ----------
    tau2 : float
        Variance of the true effects, in the squared unit of the measure; NaN with one trust.
    lower, upper : float
        Q-profile interval of `tau2`; NaN with one trust.
    i_squared : float
        Share of the total variance that is between true effects, 0 to 1; NaN with one trust.
    q : float
        Cochran's Q; NaN with one trust.
    df : int
        Its degrees of freedom.
    q_p_value : float
        Its p-value under equal true effects; NaN with one trust.
    """

    tau2: float
    lower: float
    upper: float
    i_squared: float
    q: float
    df: int
    q_p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """The pooled effect without one trust.

    Attributes
    ----------
    trust : str
        Trust that was left out.
    estimate : Estimate
        Pooled effect of the others.
    tau2 : float
        Variance of their true effects; NaN if only one is left.
    """

    trust: str
    estimate: Estimate
    tau2: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledResult:
    """The mean effect over trusts, with what differs between them.

    Attributes
    ----------
    measure : Measure or None
        What was measured, if known; then numbers are written in its unit.
    method : str
        The estimator, in words.
    effects : tuple of TrustEffect
        What went in, in the unit of the measure.
    weights : ndarray of float64, shape (k,)
        Share of each trust in the mean; they sum to 1.
    estimate : Estimate
        Mean of the true effects.
    p_value : PValue or None
        Of no mean effect; None if one trust without a p-value was given.
    heterogeneity : Heterogeneity
        Variance of the true effects and its uncertainty.
    prediction : Estimate or None
        Interval for the true effect on a further, similar trust; None where it cannot be had.
    blups : tuple of TrustEffect
        Each effect drawn towards the mean, the more the less certain it is.
    leave_one_out : tuple of LeftOut
        Pooled effect without each trust in turn; empty with one trust.
    cautions : tuple of str
        What the reader must know, and what cannot be had.
    provenance : Provenance
        Origin and parameters.
    """

    measure: Measure | None
    method: str
    effects: tuple[TrustEffect, ...]
    weights: np.ndarray
    estimate: Estimate
    p_value: PValue | None
    heterogeneity: Heterogeneity
    prediction: Estimate | None
    blups: tuple[TrustEffect, ...]
    leave_one_out: tuple[LeftOut, ...]
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def n_trusts(self) -> int:
        """Number of trusts pooled."""
        return len(self.effects)

    @property
    def title(self) -> str:
        """One line for a chart or a heading."""
        what = self.measure.name if self.measure else "Effect"
        trusts = "1 trust" if self.n_trusts == 1 else f"{self.n_trusts} trusts"
        return f"{what}: effects of {trusts} pooled"

    @property
    def description(self) -> str:
        """The chart of :meth:`plot` in words."""
        rows = "; ".join(f"{effect.trust} {self._words(effect.estimate)}" for effect in self.effects)
        beyond = (
            f" A further trust: {self._range(self.prediction)} expected."
            if self.prediction is not None
            else ""
        )
        return (
            f"Forest plot of {self.title}, with a vertical line at no effect. {rows}. Pooled "
            f"{self._words(self.estimate)}.{beyond}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trust, one for the mean, and one for a further trust if it can be had.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``scope`` ("trust", "pooled", "prediction"), ``trust``, ``estimate``,
            ``standard_error``, ``lower``, ``upper``, ``level``, ``p_value``, ``p_smallest``, ``weight`` (share
            of the mean), ``blup``, ``blup_lower``, ``blup_upper``; effects in the unit of the measure, missing where a
            column does not apply.
        """
        rows = [
            self._row("trust", effect.trust, effect.estimate, effect.p_value)
            | {
                "weight": float(weight),
                "blup": blup.estimate.value,
                "blup_lower": blup.estimate.lower,
                "blup_upper": blup.estimate.upper,
            }
            for effect, weight, blup in zip(self.effects, self.weights, self.blups, strict=True)
        ]
        rows.append(self._row("pooled", "", self.estimate, self.p_value))
        if self.prediction is not None:
            rows.append(self._row("prediction", "", self.prediction, None))
        return pd.DataFrame(rows)

    def _row(self, scope: str, trust: str, estimate: Estimate, p: PValue | None) -> dict[str, object]:
        return {
            "measure": self.measure.id if self.measure else "",
            "scope": scope,
            "trust": trust,
            "estimate": estimate.value,
            "standard_error": estimate.standard_error,
            "lower": estimate.lower,
            "upper": estimate.upper,
            "level": estimate.level,
            "p_value": p.value if p else np.nan,
            "p_smallest": p.smallest if p else np.nan,
            "weight": np.nan,
            "blup": np.nan,
            "blup_lower": np.nan,
            "blup_upper": np.nan,
        }

    def heterogeneity_frame(self) -> pd.DataFrame:
        """Return one row on the differences between trusts.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``n_trusts``, ``tau2``, ``tau2_lower``, ``tau2_upper``, ``tau``,
            ``i_squared``, ``q``, ``df``, ``q_p_value``.
        """
        found = self.heterogeneity
        return pd.DataFrame(
            {
                "measure": [self.measure.id if self.measure else ""],
                "n_trusts": [self.n_trusts],
                "tau2": [found.tau2],
                "tau2_lower": [found.lower],
                "tau2_upper": [found.upper],
                "tau": [found.tau2**0.5],
                "i_squared": [found.i_squared],
                "q": [found.q],
                "df": [found.df],
                "q_p_value": [found.q_p_value],
            }
        )

    def leave_one_out_frame(self) -> pd.DataFrame:
        """Return the pooled effect without each trust in turn.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``left_out``, ``estimate``, ``standard_error``, ``lower``, ``upper``,
            ``level``, ``tau2``, ``shift`` (against all trusts).
        """
        columns = (
            "measure",
            "left_out",
            "estimate",
            "standard_error",
            "lower",
            "upper",
            "level",
            "tau2",
            "shift",
        )
        rows = [
            (
                self.measure.id if self.measure else "",
                left.trust,
                left.estimate.value,
                left.estimate.standard_error,
                left.estimate.lower,
                left.estimate.upper,
                left.estimate.level,
                left.tau2,
                left.estimate.value - self.estimate.value,
            )
            for left in self.leave_one_out
        ]
        return pd.DataFrame(rows, columns=list(columns))

    def summary(self) -> Summary:
        """Say in plain words what the trusts have in common and how they differ."""
        return Summary("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        p = f", {p_words(self.p_value)}" if self.p_value else ""
        yield f"{self.title}: {self._words(self.estimate)}{p}"
        yield f"Method: {self.method}"
        if self.n_trusts > 1:
            found = self.heterogeneity
            yield (
                f"Differences between trusts: standard deviation of true effects {self._size(found.tau2)} "
                f"({100 * self.estimate.level:.0f}% interval {self._size(found.lower)} to "
                f"{self._size(found.upper)}), I-squared {100 * found.i_squared:.0f}%, Q = {found.q:.2f} on "
                f"{found.df} degrees of freedom, p = {found.q_p_value:.3f}"
            )
        if self.prediction is not None:
            yield f"A further, similar trust: true effect expected {self._range(self.prediction)}"
        if self.leave_one_out:
            values = [left.estimate.value for left in self.leave_one_out]
            yield f"Leaving one trust out: {self._change(min(values))} to {self._change(max(values))}"
        yield from (f"Caution: {caution}" for caution in self.cautions)

    def _change(self, value: float) -> str:
        return self.measure.format_change(value) if self.measure else f"{value:+.4g}"

    def _size(self, variance: float) -> str:
        return self._change(variance**0.5).removeprefix("+")

    def _range(self, estimate: Estimate) -> str:
        return f"{self._change(estimate.lower)} to {self._change(estimate.upper)}"

    def _words(self, estimate: Estimate) -> str:
        return (
            f"{self._change(estimate.value)} ({100 * estimate.level:.0f}% interval {self._range(estimate)})"
        )

    def plot(self, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None) -> Axes:
        """Draw a forest plot: trusts, the mean, and what a further trust may expect.

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
        return forest_figure.draw_forest(self, ax=ax, labels=labels or {})
