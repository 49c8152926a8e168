"""The result of regressing effects on what trusts differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri

from lean_impact.domain import Estimate, Measure, Provenance, PValue, Summary, TrustEffect
from lean_impact.effects.wording import p_words
from lean_impact.errors import DesignError
from lean_impact.kernels.collapsed import t_margin
from lean_impact.pooled import meta_regression_figure
from lean_impact.pooled._common import IntervalMethod, Unit, interval_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Coefficient", "MetaRegressionResult"]

_FEWEST_DF = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """One coefficient of a meta-regression.

    Attributes
    ----------
    name : str
        The moderator, or "intercept".
    estimate : Estimate
        Change of the effect for one unit of the moderator.
    p_value : PValue
        By a formula that takes standard errors as known and effects as normal.
    permutation : PValue or None
        By handing the moderators round among the effects; None for the intercept.
    """

    name: str
    estimate: Estimate
    p_value: PValue
    permutation: PValue | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MetaRegressionResult:
    """How effects go with moderators, and what is left.

    Attributes
    ----------
    measure : Measure or None
        What was measured, if known.
    method : str
        The estimator, in words.
    effects : tuple of TrustEffect
        What went in.
    moderators : mapping of str to mapping of str to float
        Value by moderator and trust.
    coefficients : tuple of Coefficient
        Intercept first.
    covariance : ndarray of float64, shape (p, p)
        Of the coefficients, in their order.
    tau2, tau2_without : float
        Variance of true effects around the regression, and around a plain mean.
    i_squared : float
        Share of the variance left that is between true effects, 0 to 1.
    q : float
        What the moderators leave of Cochran's Q.
    df : int
        Its degrees of freedom.
    q_p_value : float
        Its p-value if the moderators explained every difference.
    level : float
        Coverage of the intervals.
    interval : str
        How they are made.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Origin and parameters.
    """

    measure: Measure | None
    method: str
    effects: tuple[TrustEffect, ...]
    moderators: Mapping[str, Mapping[str, float]]
    coefficients: tuple[Coefficient, ...]
    covariance: np.ndarray
    tau2: float
    tau2_without: float
    i_squared: float
    q: float
    df: int
    q_p_value: float
    level: float
    interval: IntervalMethod
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def n_trusts(self) -> int:
        """Number of trusts."""
        return len(self.effects)

    @property
    def explained(self) -> float:
        """Share of the variance between trusts that the moderators take away, 0 to 1; NaN if there was none."""
        if self.tau2_without <= 0:
            return float("nan")
        return max(0.0, 1 - self.tau2 / self.tau2_without)

    def coefficient(self, name: str) -> Coefficient:
        """Return the coefficient of a moderator; KeyError if there is none of that name."""
        return {item.name: item for item in self.coefficients}[name]

    def predict(self, values: Mapping[str, float], *, new_trust: bool = False) -> Estimate:
        """Say what effect goes with a context.

        Parameters
        ----------
        values : mapping of str to float
            A value for each moderator.
        new_trust : bool, default False
            Whether the interval is for the true effect on a further trust, and not for the mean of such trusts.

        Returns
        -------
        Estimate
            With the interval of the settings; for a further trust one degree of freedom less.

        Raises
        ------
        DesignError
            If a moderator has no value, or with ``new_trust`` no degree of freedom is left.
        """
        lacking = [name for name in self.moderators if name not in values]
        if lacking:
            raise DesignError(f"give a value for {', '.join(lacking)}")
        if new_trust and self.df < _FEWEST_DF:
            raise DesignError(f"{self.n_trusts} trusts leave nothing to predict a further trust from")
        row = np.array([1.0, *(float(values[name]) for name in self.moderators)])
        value = float(row @ np.array([item.estimate.value for item in self.coefficients]))
        error = float(np.sqrt(row @ self.covariance @ row + (self.tau2 if new_trust else 0.0)))
        if new_trust or self.interval == "HKSJ":
            margin = t_margin(error, self.df - int(new_trust), level=self.level)
        else:
            margin = float(error * ndtri(0.5 + self.level / 2))
        return interval_of(value, error, margin=margin, level=self.level)

    @property
    def title(self) -> str:
        """One line for a chart or a heading."""
        what = self.measure.name if self.measure else "Effect"
        return f"{what}: effects of {self.n_trusts} trusts against {', '.join(self.moderators)}"

    @property
    def description(self) -> str:
        """The chart of :meth:`plot` in words."""
        kind = "Scatter of effects" if len(self.moderators) == 1 else "Forest plot of coefficients"
        return f"{kind}: {self.title}. {' '.join(self._slopes())}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each coefficient.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``term``, ``estimate``, ``standard_error``, ``lower``, ``upper``, ``level``,
            ``p_value``, ``p_permutation``, ``p_smallest`` (of the permutation test), ``draws`` (missing if exact).
        """
        return pd.DataFrame(
            [
                {
                    "measure": self.measure.id if self.measure else "",
                    "term": item.name,
                    "estimate": item.estimate.value,
                    "standard_error": item.estimate.standard_error,
                    "lower": item.estimate.lower,
                    "upper": item.estimate.upper,
                    "level": item.estimate.level,
                    "p_value": item.p_value.value,
                    "p_permutation": item.permutation.value if item.permutation else np.nan,
                    "p_smallest": item.permutation.smallest if item.permutation else np.nan,
                    "draws": item.permutation.draws if item.permutation else None,
                }
                for item in self.coefficients
            ]
        )

    def heterogeneity_frame(self) -> pd.DataFrame:
        """Return one row on the differences that are left.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``n_trusts``, ``tau2``, ``tau2_without``, ``explained``, ``i_squared``, ``q``,
            ``df``, ``q_p_value``.
        """
        return pd.DataFrame(
            {
                "measure": [self.measure.id if self.measure else ""],
                "n_trusts": [self.n_trusts],
                "tau2": [self.tau2],
                "tau2_without": [self.tau2_without],
                "explained": [self.explained],
                "i_squared": [self.i_squared],
                "q": [self.q],
                "df": [self.df],
                "q_p_value": [self.q_p_value],
            }
        )

    def summary(self) -> Summary:
        """Say in plain words how effects go with the moderators."""
        return Summary("\n".join(self._lines()))

    def _slopes(self) -> Iterator[str]:
        unit = Unit(self.measure)
        for item in self.coefficients:
            if item.permutation is not None:
                yield (
                    f"One unit more of {item.name} goes with {unit.words(item.estimate)}, {p_words(item.p_value)} by "
                    f"formula and {p_words(item.permutation)} by permutation."
                )

    def _lines(self) -> Iterator[str]:
        unit = Unit(self.measure)
        yield self.title
        yield f"Method: {self.method}"
        yield from self._slopes()
        yield (
            f"Differences between trusts left: standard deviation of true effects {unit.size(self.tau2**0.5)}, against "
            f"{unit.size(self.tau2_without**0.5)} without moderators; Q = {self.q:.2f} on {self.df} degrees of "
            f"freedom, p = {self.q_p_value:.3f}"
        )
        yield from (f"Caution: {caution}" for caution in self.cautions)

    def plot(self, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None) -> Axes:
        """Draw effects against the moderator with the line and its band, or coefficients where there are several.

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
        return meta_regression_figure.draw_meta_regression(self, ax=ax, labels=labels or {})
