"""The result of a funnel plot: where each unit lies against limits, and what the limits allow for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from lean_impact.domain import Measure, Provenance, Summary
from lean_impact.spc.units import UnitCounts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Funnel", "FunnelLimits", "Position"]

Position = Literal["higher", "as expected", "lower", "no ratio"]
"""Where a unit lies against the 95% limits."""

METHODS = {
    "shmi": "SHMI method, ln(O/E)",
    "cqc": "CQC method, square root of O/E",
    "proportion": "arcsine of the square root of the proportion",
    "counts": "log ratio of counts",
}

FEW = 10
"""With fewer units an estimate of the differences between them is hardly one."""


class FunnelLimits(NamedTuple):
    """Limits as ratios.

    Attributes
    ----------
    lower_95, upper_95, lower_998, upper_998 : ndarray of float64, shape (n_units,)
        The two pairs; NaN where there are none.
    """

    lower_95: np.ndarray
    upper_95: np.ndarray
    lower_998: np.ndarray
    upper_998: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Funnel:
    """A funnel plot; made by :meth:`lean_impact.spc.FunnelPlot.compare`.

    Attributes
    ----------
    counts : UnitCounts
        What was compared.
    method : str
        Method, see :class:`~lean_impact.spc.FunnelPlot`.
    treatment : str
        What was done to extreme units, in words.
    denominators : ndarray of float64, shape (n_units,)
        As used: rounded where the method rounds.
    target : float
        Ratio that all units would have.
    transformed : ndarray of float64, shape (n_units,)
        Ratio on the method's scale.
    z : ndarray of float64, shape (n_units,)
        Distance from the target in standard errors of sampling.
    z_used : ndarray of float64, shape (n_units,)
        The same as it went into the estimate: NaN where trimmed, pulled in where winsorised.
    phi : float
        Mean squared z of the units that count; about 1 with sampling alone.
    tau2 : float
        Variance between units on the method's scale; NaN if one unit is all there is.
    plain, wide : FunnelLimits
        Limits of sampling alone, and those that allow for differences between units.
    curves : tuple of (ndarray, FunnelLimits)
        Denominators and the limits in use there, for drawing.
    provenance : Provenance
        Parameters and version.
    """

    counts: UnitCounts
    method: str
    treatment: str
    denominators: np.ndarray
    target: float
    transformed: np.ndarray
    z: np.ndarray
    z_used: np.ndarray
    phi: float
    tau2: float
    plain: FunnelLimits
    wide: FunnelLimits
    curves: tuple[np.ndarray, FunnelLimits]
    provenance: Provenance

    @property
    def measure(self) -> Measure:
        """Definition of the measure."""
        return self.counts.measure

    @property
    def ratios(self) -> np.ndarray:
        """Numerator over denominator of each unit; NaN where the denominator is zero."""
        below = np.asarray(self.counts.denominators, dtype=np.float64)
        usable = below > 0
        return np.where(usable, self.counts.numerators / np.where(usable, below, 1.0), np.nan)

    @property
    def adjusted(self) -> bool:
        """Whether the limits in use allow for differences between units."""
        return bool(self.tau2 > 0)

    @property
    def limits(self) -> FunnelLimits:
        """Limits in use: the wide ones if there are differences between units."""
        return self.wide if self.adjusted else self.plain

    @property
    def positions(self) -> tuple[Position, ...]:
        """Where each unit lies against the 95% limits in use."""
        return _positions(self.ratios, self.limits.lower_95, self.limits.upper_95)

    @property
    def bands(self) -> np.ndarray:
        """SHMI banding by the wide 95% limits: 1 higher, 2 as expected, 3 lower; 0 without limits."""
        code = {"higher": 1, "as expected": 2, "lower": 3, "no ratio": 0}
        wide = self.wide if np.isfinite(self.tau2) else self.plain
        return np.array([code[place] for place in _positions(self.ratios, wide.lower_95, wide.upper_95)])

    def outside(self, level: Literal[95, 998] = 95) -> tuple[str, ...]:
        """Return the units beyond a pair of the limits in use, 95% or 99.8%."""
        lower, upper = self.limits[:2] if level == 95 else self.limits[2:]  # noqa: PLR2004 - the first pair
        places = _positions(self.ratios, lower, upper)
        return tuple(u for u, p in zip(self.counts.units, places, strict=True) if p in {"higher", "lower"})

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each unit.

        Returns
        -------
        DataFrame
            Columns ``unit, measure, numerator, denominator, ratio, z, z_used, lower_95, upper_95, lower_998,
            upper_998`` (limits in use), ``plain_lower_95, plain_upper_95, position, phi, tau2, method``.
        """
        return pd.DataFrame(
            {
                "unit": self.counts.units,
                "measure": self.measure.id,
                "numerator": self.counts.numerators,
                "denominator": self.denominators,
                "ratio": self.ratios,
                "z": self.z,
                "z_used": self.z_used,
                **self.limits._asdict(),
                "plain_lower_95": self.plain.lower_95,
                "plain_upper_95": self.plain.upper_95,
                "position": self.positions,
                "phi": self.phi,
                "tau2": self.tau2,
                "method": self.method,
            }
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before acting on the funnel."""
        n = len(self.counts)
        general = (
            "A funnel compares units over one stretch of time; it ranks none, and a unit outside is a question "
            "and no verdict."
        )
        words = [general]
        if np.isnan(self.tau2):
            words.append(
                "Too few units are left to estimate differences between them; limits are of sampling alone."
            )
        elif n < FEW:
            words.append(f"Differences between units are estimated from {n} units: hardly known.")
        if self.adjusted and "factor" not in self.treatment and "all units" not in self.treatment:
            words.append(
                "Extreme units are cut before the differences are estimated and not made up for, so the "
                "differences are underestimated: in simulations about one unit in five lies beyond the 95% "
                "limits although all come from one distribution. 95% is the name of the limits, not the share "
                "of units inside."
            )
        empty = int((self.counts.numerators == 0).sum())
        if empty:
            words.append(f"{empty} unit(s) have no event at all; the method has no finite z-score for them.")
        return (*words, *self.counts.cautions)

    @property
    def title(self) -> str:
        """Measure and time."""
        return f"{self.measure.name}, {self.counts.when}"

    @property
    def description(self) -> str:
        """A text alternative of the chart, starting with its kind."""
        return " ".join([f"Funnel plot of {self.title}.", *self._facts()])

    def summary(self) -> Summary:
        """Return the funnel in words: target, differences between units, units outside, cautions."""
        lines = [f"Funnel plot of {self.title}", *self._facts()]
        return Summary("\n".join([*lines, *(f"Caution: {words}" for words in self.cautions)]))

    def plot(self, ax: Axes | None = None, *, highlight: Mapping[str, str] | None = None) -> Axes:
        """Draw the funnel.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure of 7.5 x 4.5 inches if not given.
        highlight : mapping of str to str, optional
            Units to name on the chart, and their labels.

        Returns
        -------
        Axes
            The axes that were drawn on.
        """
        from lean_impact.spc.funnel_figure import draw  # noqa: PLC0415 - matplotlib only when something is drawn

        return draw(self, ax=ax, highlight=highlight or {})

    @property
    def caption(self) -> str:
        """Method, treatment of extreme units and estimated differences, for the foot of the chart."""
        tau = "not known" if np.isnan(self.tau2) else f"{np.sqrt(self.tau2):.3f}"
        return f"{METHODS[self.method]}; {self.treatment}; phi {self.phi:.2f}, tau {tau}"

    def _facts(self) -> list[str]:
        written = self.measure.format
        outside, far = self.outside(95), self.outside(998)
        allow = "No differences between units beyond sampling are seen; limits are of sampling alone."
        if self.adjusted:
            allow = "Limits allow for differences between units."
        elif np.isnan(self.tau2) or "no allowance" in self.treatment:
            allow = "Limits are of sampling alone."
        return [
            f"{len(self.counts)} units, target {written(self.target)}.",
            f"{self.caption}.",
            allow,
            f"Beyond the 95% limits: {_listed(outside)}.",
            f"Beyond the 99.8% limits: {_listed(far)}.",
        ]


def _positions(ratios: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> tuple[Position, ...]:
    known = np.isfinite(ratios) & np.isfinite(lower) & np.isfinite(upper)
    codes = np.where(ratios > upper, 1, np.where(ratios < lower, -1, 0))
    names: dict[int, Position] = {1: "higher", 0: "as expected", -1: "lower"}
    return tuple(names[int(c)] if k else "no ratio" for c, k in zip(codes, known, strict=True))


def _listed(units: tuple[str, ...]) -> str:
    shown = 12
    if not units:
        return "none"
    more = f" and {len(units) - shown} more" if len(units) > shown else ""
    return f"{len(units)} ({', '.join(units[:shown])}{more})"
