"""The section on control charts of single series."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lean_impact.report import Chart, Column, SafeSvg, Section, StudyResults, Table
from lean_impact.spc import XmRChart, assurance_icon, expected_false_signals, variation_icon

__all__ = ["spc_section"]


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


def _unstable_before(results: StudyResults, chart: XmRChart) -> bool:
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


def _variation(chart: XmRChart) -> str:
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
