"""The one result type of all effect estimators, and what an effect estimator is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import pandas as pd

from lean_impact.domain import Estimate, Measure, Provenance, PValue, Summary, TrustEffect, Window
from lean_impact.effects import effect_figure, wording
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.parts import Calibration, Changes, EventStudy, Level, Path
from lean_impact.errors import DesignError
from lean_impact.kernels.randomisation import monte_carlo_error
from lean_impact.tables import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EffectEstimator", "EffectResult"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectResult:
    """The effect of a programme on one measure, for each trust and together.

    Attributes
    ----------
    measure : Measure
        What was measured.
    method : str
        The estimator, in words.
    adoption : AdoptionDesign
        Who was compared with whom, on what and when.
    n_pre, n_post : int
        Periods used before the first start and from it on.
    treated, comparison : tuple of str
        Codes of the trusts.
    levels : tuple of Level
        Naive levels before and after.
    effects : tuple of TrustEffect
        One for each treated trust, in the unit of the measure.
    pooled : Estimate
        Mean effect over the treated trusts.
    weighting : str
        How the treated trusts were weighted in `pooled`, in words.
    p_values : tuple of PValue
        Of `pooled`; the first belongs to its interval and is the one to read, the rest are checks.
    calibration : Calibration or None
        How often the first test cries wolf on these data; None if there are too few trusts to tell.
    placebo_margins : tuple of float
        Half-width of the interval of each trust's effect by inversion of the placebo rank test, in the unit
        of the measure; infinite if there are too few comparison trusts for that level, empty if there is no such test.
    changes : Changes or None
        Collapsed data, for estimators that compare changes.
    path : Path
        Figures over time.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Origin of the figures, parameters and seed.
    estimand : str
        What `pooled` is an estimate of, in words.
    relative : Estimate or None
        Pooled effect as a share of the counterfactual level, where the estimator gives it.
    event_study : EventStudy or None
        Effects by time since the start, where the estimator gives them.
    tables : mapping of str to DataFrame
        What the estimator found besides, by name, such as donor weights.
    """

    measure: Measure
    method: str
    adoption: AdoptionDesign
    n_pre: int
    n_post: int
    treated: tuple[str, ...]
    comparison: tuple[str, ...]
    levels: tuple[Level, ...]
    effects: tuple[TrustEffect, ...]
    pooled: Estimate
    weighting: str
    p_values: tuple[PValue, ...]
    calibration: Calibration | None
    placebo_margins: tuple[float, ...]
    changes: Changes | None
    path: Path
    cautions: tuple[str, ...]
    provenance: Provenance
    estimand: str = "mean effect on the treated trusts over their periods with the programme"
    relative: Estimate | None = None
    event_study: EventStudy | None = None
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def pre(self) -> Window:
        """Window before the earliest start, half-open."""
        return self.adoption.pre

    @property
    def post(self) -> Window:
        """Window from the day on which the first trust has settled, half-open."""
        return self.adoption.post

    @property
    def n_treated(self) -> int:
        """Number of treated trusts."""
        return len(self.treated)

    @property
    def n_comparison(self) -> int:
        """Number of comparison trusts."""
        return len(self.comparison)

    @property
    def p_value(self) -> PValue:
        """The p-value that belongs to the pooled interval."""
        return self.p_values[0]

    @property
    def title(self) -> str:
        """One line for a chart or a heading."""
        return f"{self.measure.name}: effect by trust, against {self.n_comparison} comparison trusts"

    @property
    def description(self) -> str:
        """The chart of :meth:`plot` in words."""
        return wording.forest_description(self)

    @property
    def path_title(self) -> str:
        """One line for the chart over time."""
        return f"{self.measure.name}: treated and comparison trusts over time"

    @property
    def path_description(self) -> str:
        """The chart of :meth:`plot_path` in words."""
        return wording.path_description(self)

    def level(self, group: Literal["treated", "comparison"], aggregation: Literal["sum", "mean"]) -> Level:
        """Return the naive level of a group.

        Raises
        ------
        DesignError
            If the measure has no denominators and sums were asked for.
        """
        for level in self.levels:
            if level.group == group and level.aggregation == aggregation:
                return level
        raise DesignError(
            f"{self.measure.name} has no {aggregation} level for {group} trusts; it has no denominators"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each treated trust and one for all of them together.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``scope`` ("trust" or "pooled"), ``trust``, ``estimate``,
            ``standard_error``, ``lower``, ``upper``, ``level``, ``p_value``, ``p_smallest``, ``p_method``,
            ``placebo_lower``, ``placebo_upper``, ``n_comparison``, ``false_alarm_rate``; effects in the unit
            of the measure. Placebo limits stand beside trusts only, the false-alarm rate beside the pooled
            effect only.
        """
        alarm = self.calibration.false_alarm_rate if self.calibration else np.nan
        rows: list[dict[str, object]] = []
        margins = self.placebo_margins or (np.nan,) * len(self.effects)
        for effect, margin in zip(self.effects, margins, strict=True):
            rows.append(
                self._row("trust", effect.trust, effect.estimate, effect.p_value)
                | {
                    "placebo_lower": effect.estimate.value - margin,
                    "placebo_upper": effect.estimate.value + margin,
                    "n_comparison": self.n_comparison,
                    "false_alarm_rate": np.nan,
                }
            )
        rows.append(
            self._row("pooled", "", self.pooled, self.p_value)
            | {
                "placebo_lower": np.nan,
                "placebo_upper": np.nan,
                "n_comparison": self.n_comparison,
                "false_alarm_rate": alarm,
            }
        )
        return pd.DataFrame(rows)

    def _row(self, scope: str, trust: str, estimate: Estimate, p: PValue | None) -> dict[str, object]:
        return {
            "measure": self.measure.id,
            "scope": scope,
            "trust": trust,
            "estimate": estimate.value,
            "standard_error": estimate.standard_error,
            "lower": estimate.lower,
            "upper": estimate.upper,
            "level": estimate.level,
            "p_value": p.value if p else np.nan,
            "p_smallest": p.smallest if p else np.nan,
            "p_method": p.method if p else "",
        }

    def levels_frame(self) -> pd.DataFrame:
        """Return the naive levels.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``group``, ``trust``, ``aggregation``, ``n_trusts``, ``before``, ``after``,
            ``change``, in the unit of the measure.
        """
        return pd.DataFrame(
            [
                {
                    "measure": self.measure.id,
                    "group": level.group,
                    "trust": level.trust,
                    "aggregation": level.aggregation,
                    "n_trusts": level.n_trusts,
                    "before": level.before,
                    "after": level.after,
                    "change": level.after - level.before,
                }
                for level in self.levels
            ]
        )

    def p_values_frame(self) -> pd.DataFrame:
        """Return every p-value of the pooled effect.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``method``, ``p_value``, ``smallest``, ``draws`` (missing if nothing was
            drawn at random), ``monte_carlo_error``, ``assumption``; the first row is the one to read.
        """
        return pd.DataFrame(
            [
                {
                    "measure": self.measure.id,
                    "method": p.method,
                    "p_value": p.value,
                    "smallest": p.smallest,
                    "draws": p.draws,
                    "monte_carlo_error": monte_carlo_error(p.value, p.draws) if p.draws else 0.0,
                    "assumption": p.assumption,
                }
                for p in self.p_values
            ]
        ).astype({"draws": "Int64"})

    def path_frame(self) -> pd.DataFrame:
        """Return the figures over time.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``period``, ``treated``, ``comparison``, ``used``.
        """
        return pd.DataFrame(
            {
                "measure": self.measure.id,
                "period": self.path.periods.astype("datetime64[s]"),
                "treated": self.path.treated,
                "comparison": self.path.comparison,
                "used": self.path.used,
            }
        )

    def summary(self) -> Summary:
        """Say in plain words what was found, how sure that is, and what to beware of."""
        return wording.effect_summary(self)

    def plot(self, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None) -> Axes:
        """Draw each trust's effect and the pooled one with their intervals.

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
        return effect_figure.draw_effects(self, ax=ax, labels=labels or {})

    def plot_path(self, ax: Axes | None = None) -> Axes:
        """Draw the mean of the treated against the comparison over time, with the start marked.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
        """
        return effect_figure.draw_path(self, ax=ax)


class EffectEstimator(Protocol):
    """Anything that turns a panel and the adoption of a programme into an effect."""

    def estimate(self, panel: Panel, adoption: AdoptionDesign) -> EffectResult:
        """Estimate the effect on each treated trust and together."""
        ...
