"""Control charts and funnels of a study: from the plan's words to charts."""

from __future__ import annotations

from datetime import date
from typing import Final

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
    PChart,
    Rebase,
    TargetStep,
    UChart,
    UnitCounts,
    XmR,
    chart_each,
)
from lean_impact.study.file import Study
from lean_impact.study.inputs import StudyInputs

__all__ = ["draw_charts", "draw_funnels"]

_RULES: Final = {"nhs_2023": NHS_2023, "nhsrplotthedots_0_2": NHSRPLOTTHEDOTS_0_2}
_KINDS: Final = {"xmr": XmR, "p": PChart, "u": UChart, "c": CChart}

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
    codes = study.programme.codes
    panel = inputs.panel.restrict(trusts=codes, measures=plan.measures).window(plan.baseline.start, date.max)
    keys = [(code, measure) for measure in plan.measures for code in codes]
    try:
        found = chart_each(
            _KINDS[plan.chart](rules=_RULES[plan.rules]),
            [panel.series(code, measure) for code, measure in keys],
            baseline=Baseline(freeze_before=plan.baseline.end, label="declared start"),
            rebase=_rebases(plan),
            exclude=_exclusions(plan),
            target={key: steps for key in keys if (steps := _targets(plan, key))},
        )
    except InputError as error:
        raise _in_plan(study, error) from error
    return found.charts


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


def _rebases(plan: SpcPlan) -> dict[Key, list[Rebase]]:
    found: dict[Key, list[Rebase]] = {}
    for item in plan.rebases:
        record = Rebase(
            date=item.date, reason=item.reason, who=item.who, source=item.source, evidence=item.evidence
        )
        found.setdefault((item.trust, item.measure), []).append(record)
    return found


def _exclusions(plan: SpcPlan) -> dict[Key, list[Exclusion]]:
    found: dict[Key, list[Exclusion]] = {}
    for item in plan.exclusions:
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
