"""The plan of control charts and funnels: which are drawn, and every decision about them with its reason."""

from __future__ import annotations

from datetime import date as Day  # noqa: N812 - fields are called date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from lean_impact.domain._model import DomainModel
from lean_impact.domain.measure import Slug
from lean_impact.domain.period import Window
from lean_impact.domain.trust import TrustCode

__all__ = ["ChartName", "FunnelQuestion", "PointLeftOut", "RebaseRecord", "SpcPlan", "TargetChange"]

Words = Annotated[str, StringConstraints(pattern=r"\S")]
"""Text that says something."""


ChartName = Literal["xmr", "p", "u", "c", "g", "t"]
"""Kind of control chart: single figures, proportions, rates, counts, cases or time between rare events."""


class RebaseRecord(DomainModel):
    """New limits for one chart from a date; refused without a reason and a name.

    Parameters
    ----------
    trust : str
        Trust code.
    measure : str
        Identifier of the measure.
    date : date
        First day of the first period under the new limits.
    reason : str
        Why the process is known to have changed.
    who : str
        Who decided it.
    source : str, optional
        Where the decision is recorded.
    evidence : str
        What speaks for it, such as a change-point with its interval.
    """

    trust: TrustCode
    measure: Slug
    date: Day
    reason: Words
    who: Words
    source: Words | None = None
    evidence: str = ""


class PointLeftOut(DomainModel):
    """One point that counts neither for limits nor for rules; it stays on the chart.

    Parameters
    ----------
    trust : str
        Trust code.
    measure : str
        Identifier of the measure.
    date : date
        First day of its period.
    reason : str
        Why it says nothing about the process.
    who : str
        Who decided it.
    source : str, optional
        Where the decision is recorded.
    """

    trust: TrustCode
    measure: Slug
    date: Day
    reason: Words
    who: Words
    source: Words | None = None


class TargetChange(DomainModel):
    """A target of one measure from a date; without a value the target ends.

    Parameters
    ----------
    measure : str
        Identifier of the measure.
    start : date
        First day from which it holds.
    value : float, optional
        Standard to meet, in the unit of the measure; none if the target ends.
    reason : str
        Why it changed.
    trusts : tuple of str, optional
        Trusts that it holds for; all of the programme if not given.
    """

    measure: Slug
    start: Day
    value: float | None = None
    reason: str = ""
    trusts: tuple[TrustCode, ...] | None = None

    def applies_to(self, trust: str, measure: str) -> bool:
        """Tell whether it holds for a chart."""
        return self.measure == measure and (self.trusts is None or trust in self.trusts)


class FunnelQuestion(DomainModel):
    """Set the programme's trusts among all trusts over one stretch of time.

    Parameters
    ----------
    measure : str
        Identifier of a measure with numerators and denominators.
    window : Window
        Periods whose counts are added up, half-open.
    method : {"proportion", "shmi", "cqc", "counts"}
        How limits allow for differences between trusts.
    """

    measure: Slug
    window: Window
    method: Literal["proportion", "shmi", "cqc", "counts"] = "proportion"


class SpcPlan(DomainModel):
    """Which control charts are drawn.

    Parameters
    ----------
    measures : tuple of str
        One chart for each trust of the programme and each of these.
    rules : {"nhs_2023", "nhsrplotthedots_0_2"}
        Rule set.
    baseline : Window
        Periods that the limits are computed from; they are carried over all later ones.
    chart : {"xmr", "p", "u", "c", "g", "t"}
        Kind of chart: single figures, proportions, rates, counts, cases or time between rare events.
        Proportions and rates with large denominators get limits by Laney's method. Of g and t charts each
        figure stands at the period of its event, and periods without a figure have no event.
    charts : dict of str to chart
        Kind of chart of single measures, where it is another one.
    runs : tuple of str
        Measures of which each trust gets a run chart as well, its median from the baseline.
    adjusted : bool
        Whether a chart without season and autocorrelation stands beside each plain one that has them.
    rebases : tuple of RebaseRecord
        New limits, each with its reason.
    exclusions : tuple of PointLeftOut
        Points left out, each with its reason.
    targets : tuple of TargetChange
        Targets that change or end; a measure without any has its own throughout.
    funnels : tuple of FunnelQuestion
        All trusts in one stretch of time.
    """

    measures: tuple[Slug, ...] = Field(min_length=1)
    rules: Literal["nhs_2023", "nhsrplotthedots_0_2"] = "nhs_2023"
    baseline: Window
    chart: ChartName = "xmr"
    charts: dict[Slug, ChartName] = Field(default_factory=dict)
    runs: tuple[Slug, ...] = ()
    adjusted: bool = True
    rebases: tuple[RebaseRecord, ...] = ()
    exclusions: tuple[PointLeftOut, ...] = ()
    targets: tuple[TargetChange, ...] = ()
    funnels: tuple[FunnelQuestion, ...] = ()

    @model_validator(mode="after")
    def _about_charts(self) -> Self:
        known = {*self.measures, *self.runs}
        problems = [
            f"charts names measure '{measure}', of which no control chart is planned; there are "
            f"{', '.join(self.measures)}"
            for measure in self.charts
            if measure not in self.measures
        ]
        problems += [
            f"{name} speaks of measure '{item.measure}', of which no chart is planned; there are "
            f"{', '.join(sorted(known))}"
            for name, items in (
                ("rebases", self.rebases),
                ("exclusions", self.exclusions),
                ("targets", self.targets),
            )
            for item in items
            if item.measure not in known
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def chart_of(self, measure: str) -> ChartName:
        """Return the kind of control chart of a measure."""
        return self.charts.get(measure, self.chart)
