"""Sections on single series: control charts, and change-points found without knowing the dates."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from lean_impact.changepoints import WindowComparison
from lean_impact.report import Chart, Column, SafeSvg, Section, StudyResults, Table, formats, small_multiples
from lean_impact.spc import XmRChart, assurance_icon, expected_false_signals, variation_icon

__all__ = ["changes_section", "spc_section"]


def spc_section(results: StudyResults) -> Section | None:
    """Build the section on control charts.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section or None
        None if no chart was planned.
    """
    if not results.charts:
        return None
    first = results.charts[0]
    return Section(
        id="spc",
        title="Was each trust stable before, and what came after?",
        question="Do the figures of each trust move beyond their usual variation after the declared start?",
        answer=_spc_answer(results),
        cautions=(_false_signals(results), *_shared_cautions(results)),
        paragraphs=(
            (
                "Limits are computed from the months before the declared start and carried over all later ones, so "
                "that a change shows and is not absorbed by limits drawn anew. A signal says that something changed, not "
                f"why, and a rule is not a p-value. Rule set: {first.rule_set}."
            ),
        ),
        tables=(_icon_table(results),),
        sections=tuple(_chart_section(results, measure) for measure in _measures(results)),
    )


def _measures(results: StudyResults) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chart.measure.id for chart in results.charts))


def _spc_answer(results: StudyResults) -> str:
    primary = results.plan.primary.measure
    charts = [chart for chart in results.charts if chart.measure.id == primary] or list(results.charts)
    words = {
        kind: [results.label(chart.trust) for chart in charts if chart.variation == kind]
        for kind in dict.fromkeys(chart.variation for chart in charts)
    }
    said = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in words.items())
    unstable = [chart for chart in charts if _unstable_before(results, chart)]
    before = (
        f"Before the start {len(unstable)} of {len(charts)} were not stable, so their limits are a poor yardstick."
        if unstable
        else "All were stable before the start."
    )
    return f"At the end of the charts, {charts[0].measure.name}: {said}. {before}"


def _unstable_before(results: StudyResults, chart: XmRChart) -> bool:
    assert_plan = results.plan.spc
    if assert_plan is None:
        return False
    signals = chart.signals()
    starts = pd.to_datetime(signals["start"] if "start" in signals else signals.iloc[:, 0])
    return bool((starts < pd.Timestamp(assert_plan.baseline.end)).any())


def _false_signals(results: StudyResults) -> str:
    lengths = [len(chart.values) for chart in results.charts]
    plan = results.plan.spc
    baseline = None
    if plan is not None:
        months = [int(np.sum(chart.periods < np.datetime64(plan.baseline.end))) for chart in results.charts]
        baseline = int(np.median(months))
    found = expected_false_signals(
        len(results.charts),
        n_points=int(np.median(lengths)),
        baseline_points=baseline,
        seed=results.plan.seed,
    )
    return str(found)


def _shared_cautions(results: StudyResults) -> tuple[str, ...]:
    """Return cautions that hold for every chart once; the rest stand with their chart."""
    common = set(results.charts[0].cautions)
    for chart in results.charts[1:]:
        common &= set(chart.cautions)
    return tuple(caution for caution in results.charts[0].cautions if caution in common)


def _icon_table(results: StudyResults) -> Table:
    records = [
        {
            "trust": chart.trust,
            "name": results.label(chart.trust),
            "measure": chart.measure.name,
            "variation": SafeSvg(svg=variation_icon(chart), words=chart.variation_words),
            "assurance": SafeSvg(svg=assurance_icon(chart), words=chart.assurance_words),
            "latest": chart.measure.format(float(chart.values[chart.last])),
            "target": "none" if chart.target is None else chart.measure.format(chart.target),
        }
        for chart in results.charts
    ]
    return Table(
        id="spc-icons",
        caption="Variation and assurance of each chart, at its last point",
        frame=pd.DataFrame(records),
        columns={
            "trust": Column(label="Code", shown=False),
            "name": "Trust",
            "measure": "Measure",
            "variation": "Variation",
            "assurance": "Assurance",
            "latest": Column(label="Latest", align="right"),
            "target": Column(label="Target", align="right"),
        },
        note="Variation speaks of the last point only; assurance compares the target with the limits.",
    )


def _chart_section(results: StudyResults, measure: str) -> Section:
    charts = [chart for chart in results.charts if chart.measure.id == measure]
    return Section(
        id=f"spc-{measure}",
        title=charts[0].measure.name,
        charts=tuple(_spc_chart(results, chart) for chart in charts),
        cautions=_own_cautions(results, charts),
    )


def _own_cautions(results: StudyResults, charts: list[XmRChart]) -> tuple[str, ...]:
    shared = set(_shared_cautions(results))
    return tuple(
        f"{results.label(chart.trust)}: {caution}"
        for chart in charts
        for caution in chart.cautions
        if caution not in shared
    )


def _spc_chart(results: StudyResults, chart: XmRChart) -> Chart:
    key = f"spc-{chart.measure.id}-{chart.trust.lower()}"
    window = results.programme.adoption_of(chart.trust).window
    found = [
        comparison.result
        for comparison in results.changes
        if comparison.result.trust == chart.trust and comparison.result.measure.id == chart.measure.id
    ]
    dates = [change.period for result in found for change in result.changes]
    return Chart(
        id=f"{key}-chart",
        title=f"{results.label(chart.trust)}: {chart.measure.name}",
        description=chart.description,
        draw=lambda ax: chart.plot(ax, window=window, change_points=dates),
        table=Table(id=key, caption=chart.title, frame=chart.to_frame(), max_rows=200),
        size=(9.0, 3.6),
    )


def changes_section(results: StudyResults) -> Section | None:
    """Build the section on change-points.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section or None
        None if no search was planned.
    """
    if not results.changes:
        return None
    plan = results.plan.changepoints
    rate = plan.false_alarm if plan else 0.05
    return Section(
        id="change-points",
        title="When did it change?",
        question="Looked at without knowing any date: when did each trust's level change?",
        answer=_changes_answer(results),
        cautions=_changes_cautions(results),
        paragraphs=(
            (
                f"The search is told no date. Its penalty is set by simulation so that about {100 * rate:.0f}% of stable "
                "series with the same autocorrelation and the same holes would show any change. A change inside the "
                "adoption window is no proof: winters, coding changes and national declines move many trusts at once."
            ),
        ),
        charts=tuple(_changes_chart(results, measure) for measure in _changed_measures(results)),
        tables=(_changes_table(results),),
    )


def _changed_measures(results: StudyResults) -> tuple[str, ...]:
    return tuple(dict.fromkeys(comparison.result.measure.id for comparison in results.changes))


def _changes_answer(results: StudyResults) -> str:
    primary = results.plan.primary.measure
    mine = [comparison for comparison in results.changes if comparison.result.measure.id == primary]
    said = [f"{results.label(item.result.trust)}: {item.verdict}" for item in mine or results.changes]
    return "; ".join(said) + "."


def _changes_cautions(results: StudyResults) -> tuple[str, ...]:
    lines: dict[str, list[str]] = {}
    for comparison in results.changes:
        for caution in comparison.result.cautions:
            lines.setdefault(caution, []).append(
                f"{results.label(comparison.result.trust)} ({comparison.result.measure.name})"
            )
    n = len(results.changes)
    return tuple(
        caution if len(who) == n else f"{', '.join(who)}: {caution}" for caution, who in lines.items()
    )


def _changes_chart(results: StudyResults, measure: str) -> Chart:
    mine = [comparison for comparison in results.changes if comparison.result.measure.id == measure]
    draws = {results.label(item.result.trust): partial(_draw_changes, comparison=item) for item in mine}
    name = mine[0].result.measure.name
    words = " ".join(f"{results.label(item.result.trust)}: {item.result.description}" for item in mine)
    return Chart(
        id=f"changes-{measure}-chart",
        title=f"{name}: levels found without knowing the dates",
        description=f"Small line charts, one for each trust. {words}",
        draw_figure=small_multiples(draws, n_columns=2),
        size=(9.0, 7.5),
    )


def _draw_changes(ax: object, *, comparison: WindowComparison) -> None:
    comparison.result.plot(ax, window=comparison.window)  # type: ignore[arg-type] # the renderer hands over axes


def _changes_table(results: StudyResults) -> Table:
    frames = []
    for comparison in results.changes:
        frame = comparison.to_frame()
        if frame.empty:
            continue
        frames.append(frame)
    frame = pd.concat(frames, ignore_index=True) if frames else results.changes[0].to_frame()
    frame.insert(0, "name", [results.label(str(code)) for code in frame["trust"]])
    return Table(
        id="change-points-found",
        caption="Change-points, and where each lies against the trust's adoption window",
        frame=frame,
        columns={
            "name": "Trust",
            "trust": Column(label="Code", shown=False),
            "period": Column(label="First period of the new level", format=formats.month),
            "p_value": Column(label="p-value", format=formats.p_value()),
        }
        if not frame.empty
        else {},
    )
