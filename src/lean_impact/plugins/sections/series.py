"""Sections on single series: control charts, and change-points found without knowing the dates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lean_impact.changepoints import WindowComparison
from lean_impact.plugins.sections.common import only
from lean_impact.report import Chart, Column, SafeSvg, Section, StudyResults, Table, formats
from lean_impact.spc import ControlChart, assurance_icon, expected_false_signals, variation_icon

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
        cautions=(*_unstable_words(results), _false_signals(results), *_shared_cautions(results)),
        paragraphs=(
            (
                "Limits are computed from the months before the declared start and carried over all later ones, so "
                "that a change shows and is not absorbed by limits drawn anew. A signal says that something changed, not "
                f"why, and a rule is not a p-value. Rule set: {first.rule_set}."
            ),
        ),
        tables=(_icon_table(results), _caution_table(results)),
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
    n = sum(_unstable_before(results, chart) for chart in charts)
    before = (
        f"{n} of {len(charts)} were not stable before the start" if n else "All were stable before the start"
    )
    return f"{before}. At the end of the charts, {charts[0].measure.name}: {said}."


def _unstable_words(results: StudyResults) -> tuple[str, ...]:
    unstable = [chart for chart in results.charts if _unstable_before(results, chart)]
    if not unstable:
        return ()
    return (
        (
            f"{len(unstable)} of {len(results.charts)} baselines hold signals themselves. Limits from such a baseline do "
            "not describe one stable process, so a signal after the start is a description and no evidence."
        ),
    )


def _unstable_before(results: StudyResults, chart: ControlChart) -> bool:
    plan = results.plan.spc
    return plan is not None and any(signal.confirmed < plan.baseline.end for signal in chart.signal_records)


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
    return str(found.summary())


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
            "variation": SafeSvg(svg=variation_icon(chart), words=_variation(chart)),
            "assurance": SafeSvg(svg=assurance_icon(chart), words=chart.assurance or "no target"),
            "variation_in_full": chart.variation_words,
            "assurance_in_full": chart.assurance_words,
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
            "variation_in_full": Column(label="Variation in full", shown=False),
            "assurance_in_full": Column(label="Assurance in full", shown=False),
            "latest": Column(label="Latest", align="right"),
            "target": Column(label="Target", align="right"),
        },
        note="Variation speaks of the last point only; assurance compares the target with the limits.",
    )


def _variation(chart: ControlChart) -> str:
    return f"{chart.variation}, {chart.variation_side}" if chart.variation_side else chart.variation


def _caution_table(results: StudyResults) -> Table:
    shared = set(_shared_cautions(results))
    records = [
        {
            "trust": chart.trust,
            "name": results.label(chart.trust),
            "measure": chart.measure.name,
            "caution": caution,
        }
        for chart in results.charts
        for caution in chart.cautions
        if caution not in shared
    ]
    return Table(
        id="spc-cautions",
        caption="What to know about each chart",
        frame=pd.DataFrame(records, columns=["trust", "name", "measure", "caution"]),
        columns={
            "trust": Column(label="Code", shown=False),
            "name": "Trust",
            "measure": "Measure",
            "caution": "Read with care",
        },
        open=False,
    )


def _chart_section(results: StudyResults, measure: str) -> Section:
    charts = [chart for chart in results.charts if chart.measure.id == measure]
    return Section(
        id=f"spc-{measure}",
        title=charts[0].measure.name,
        charts=tuple(_spc_chart(results, chart) for chart in charts),
    )


def _spc_chart(results: StudyResults, chart: ControlChart) -> Chart:
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
    plan = results.plan.changepoints
    if plan is None or not results.changes:
        return None
    return Section(
        id="change-points",
        title="When did it change?",
        question="Looked at without knowing any date: when did each trust's level change?",
        answer=_changes_answer(results),
        cautions=_changes_cautions(results),
        paragraphs=(
            (
                f"The search is told no date. Its penalty is set by simulation so that about {plan.false_alarm:.0%} of stable "
                "series with the same autocorrelation and the same holes would show any change. A change inside the "
                "adoption window is no proof: winters, coding changes and national declines move many trusts at once."
            ),
        ),
        tables=(_changes_table(results),),
        sections=tuple(_changes_of(results, measure) for measure in _changed_measures(results)),
    )


def _changed_measures(results: StudyResults) -> tuple[str, ...]:
    return tuple(dict.fromkeys(comparison.result.measure.id for comparison in results.changes))


def _changes_answer(results: StudyResults) -> str:
    primary = results.plan.primary.measure
    mine = [item for item in results.changes if item.result.measure.id == primary] or list(results.changes)
    said = "; ".join(f"{results.label(item.result.trust)}: {item.verdict}" for item in mine)
    words = f"Against the adoption window, {mine[0].result.measure.name} changed {said}."
    inside = [change for item in mine for change in item.changes("inside")]
    falls = sum(change.size < 0 for change in inside)
    if inside:
        words += f" Of {len(inside)} changes inside a window {falls or 'none'} {'is a fall' if falls == 1 else 'are falls'}."
    return words


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


def _changes_of(results: StudyResults, measure: str) -> Section:
    mine = [item for item in results.changes if item.result.measure.id == measure]
    return Section(
        id=f"change-points-{measure}",
        title=mine[0].result.measure.name,
        charts=tuple(_changes_chart(results, item) for item in mine),
    )


def _changes_chart(results: StudyResults, item: WindowComparison) -> Chart:
    result = item.result
    return Chart(
        id=f"changes-{result.measure.id}-{result.trust.lower()}-chart",
        title=f"{results.label(result.trust)}: levels found without knowing the dates",
        description=result.description,
        draw=lambda ax: result.plot(ax, window=item.window),
        size=(9.0, 3.2),
    )


def _changes_table(results: StudyResults) -> Table:
    frames = [frame for item in results.changes if not (frame := item.to_frame()).empty]
    frame = pd.concat(frames, ignore_index=True) if frames else results.changes[0].to_frame()
    frame.insert(0, "name", [results.label(str(code)) for code in frame["trust"]])
    measures = {item.result.measure.id: item.result.measure for item in results.changes}
    frame.insert(1, "about", [measures[key].name for key in frame["measure"]])
    frame.insert(
        2,
        "change",
        [
            measures[key].format_change(size)
            for key, size in zip(frame["measure"], frame["size"], strict=True)
        ],
    )
    shown: dict[str, Column | str] = {
        "name": "Trust",
        "about": "Measure",
        "change": Column(label="Change", align="right"),
        "period": Column(label="First period of the new level", format=formats.month),
        "p_value": Column(label="p-value", format=formats.p_value()),
        "p_smallest": Column(label="Smallest reachable", format=formats.p_value()),
        "where": "Against the adoption window",
    }
    return Table(
        id="change-points-found",
        caption="Change-points, and where each lies against the trust's adoption window",
        frame=frame,
        columns=only(frame, shown),
    )
