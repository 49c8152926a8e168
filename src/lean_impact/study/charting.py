"""Control charts and funnels of a study: from the plan's words to charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np

from lean_impact.domain import SpcPlan
from lean_impact.errors import InputError, Issue, StudyError
from lean_impact.spc import (
    NHS_2023,
    NHSRPLOTTHEDOTS_0_2,
    Baseline,
    CChart,
    ControlChart,
    Exclusion,
    Funnel,
    FunnelPlot,
    GChart,
    PChart,
    Rebase,
    RunChart,
    RunResult,
    TargetStep,
    TChart,
    UChart,
    UnitCounts,
    XmR,
    draw_each,
)
from lean_impact.spc.facets import Charting, Drawn
from lean_impact.study.file import Study
from lean_impact.study.inputs import StudyInputs
from lean_impact.tables import Series

__all__ = ["draw_charts", "draw_funnels", "draw_runs"]

_RULES: Final = {"nhs_2023": NHS_2023, "nhsrplotthedots_0_2": NHSRPLOTTHEDOTS_0_2}
_KINDS: Final = {"xmr": XmR, "p": PChart, "u": UChart, "c": CChart, "g": GChart, "t": TChart}

Key = tuple[str, str]


def draw_charts(study: Study, inputs: StudyInputs) -> tuple[ControlChart, ...]:
    """Draw up a control chart for each trust of the programme and each planned measure.

    Parameters
    ----------
    study : Study
        Programme and plan.
    inputs : StudyInputs
        Figures.

    Returns
    -------
    tuple of ControlChart
        By measure, then by trust; empty if none is planned.

    Raises
    ------
    StudyError
        If a chart cannot be drawn as planned; every problem of every chart is listed.
    """
    plan = study.plan.spc
    if plan is None:
        return ()
    kinds = {key: _KINDS[plan.chart_of(key)](rules=_RULES[plan.rules]) for key in plan.measures}
    return _drawn(study, inputs, plan, _ByMeasure(kinds), plan.measures)


def draw_runs(study: Study, inputs: StudyInputs) -> tuple[RunResult, ...]:
    """Draw up a run chart for each trust of the programme and each measure planned for one.

    Parameters
    ----------
    study : Study
        Programme and plan.
    inputs : StudyInputs
        Figures.

    Returns
    -------
    tuple of RunResult
        By measure, then by trust; empty if none is planned.

    Raises
    ------
    StudyError
        If a chart cannot be drawn as planned; every problem of every chart is listed.
    """
    plan = study.plan.spc
    if plan is None or not plan.runs:
        return ()
    return _drawn(study, inputs, plan, RunChart(), plan.runs)


def draw_funnels(study: Study, inputs: StudyInputs) -> tuple[Funnel, ...]:
    """Set all trusts against funnel limits, for each planned stretch of time.

    Parameters
    ----------
    study : Study
        Programme and plan.
    inputs : StudyInputs
        Figures.

    Returns
    -------
    tuple of Funnel
        In the order of the plan; empty if none is planned.

    Raises
    ------
    StudyError
        If a funnel cannot be drawn as planned.
    """
    plan = study.plan.spc
    try:
        return tuple(
            FunnelPlot(method=asked.method).compare(
                UnitCounts.from_panel(inputs.panel, measure=asked.measure, window=asked.window)
            )
            for asked in (plan.funnels if plan else ())
        )
    except InputError as error:
        raise _in_plan(study, error) from error


@dataclass(frozen=True, slots=True)
class _ByMeasure:
    """Control charts of several kinds: each measure has its own."""

    kinds: Mapping[str, Charting[ControlChart]]

    def chart(
        self,
        series: Series,
        *,
        baseline: Baseline | None = None,
        rebase: Sequence[Rebase] = (),
        exclude: Sequence[Exclusion] = (),
        target: float | Sequence[TargetStep] | None = None,
    ) -> ControlChart:
        kind = self.kinds[series.measure.id]
        # One point an event: a period without one is no missing figure.
        own = _events(series) if isinstance(kind, GChart | TChart) else series
        return kind.chart(own, baseline=baseline, rebase=rebase, exclude=exclude, target=target)


def _events(series: Series) -> Series:
    known = np.isfinite(series.values)
    names = ("periods", "values", "numerators", "denominators", "flags")
    return replace(series, **{name: getattr(series, name)[known] for name in names})


def _drawn(
    study: Study, inputs: StudyInputs, plan: SpcPlan, chart: Charting[Drawn], measures: Sequence[str]
) -> tuple[Drawn, ...]:
    """Draw charts of the programme's trusts, with what the plan decides about each."""
    codes = study.programme.codes
    panel = inputs.panel.restrict(trusts=codes, measures=measures).window(plan.baseline.start, date.max)
    keys = [(code, measure) for measure in measures for code in codes]
    try:
        return draw_each(
            chart,
            [panel.series(code, measure) for code, measure in keys],
            baseline=Baseline(freeze_before=plan.baseline.end, label="declared start"),
            rebase=_rebases(plan, measures),
            exclude=_exclusions(plan, measures),
            target={key: steps for key in keys if (steps := _targets(plan, key))},
        )
    except InputError as error:
        raise _in_plan(study, error) from error


def _rebases(plan: SpcPlan, measures: Sequence[str]) -> dict[Key, list[Rebase]]:
    found: dict[Key, list[Rebase]] = {}
    for item in plan.rebases:
        if item.measure not in measures:
            continue
        record = Rebase(
            date=item.date, reason=item.reason, who=item.who, source=item.source, evidence=item.evidence
        )
        found.setdefault((item.trust, item.measure), []).append(record)
    return found


def _exclusions(plan: SpcPlan, measures: Sequence[str]) -> dict[Key, list[Exclusion]]:
    found: dict[Key, list[Exclusion]] = {}
    for item in plan.exclusions:
        if item.measure not in measures:
            continue
        record = Exclusion(date=item.date, reason=item.reason, who=item.who, source=item.source)
        found.setdefault((item.trust, item.measure), []).append(record)
    return found


def _targets(plan: SpcPlan, key: Key) -> list[TargetStep]:
    return [
        TargetStep(start=item.start, value=item.value, reason=item.reason)
        for item in plan.targets
        if item.applies_to(*key)
    ]


def _in_plan(study: Study, error: InputError) -> StudyError:
    issues = error.issues or (Issue(rule="spc", message=error.message),)
    keyed = [Issue(rule=issue.rule, key="plan.spc", message=issue.message) for issue in issues]
    return StudyError(f"{study.path.name}: the control charts cannot be drawn as planned", keyed)
