"""The section on control charts of single series."""

from __future__ import annotations

from datetime import date

import pandas as pd

from lean_impact.report import Chart, Column, SafeSvg, Section, StudyResults, Table
from lean_impact.spc import (
    ControlChart,
    Funnel,
    Overview,
    RunResult,
    assurance_icon,
    beside,
    overview,
    variation_icon,
)
from lean_impact.spc.overview import ROWS as GRID_ROWS

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
    view = _overview(results)
    return Section(
        id="spc",
        title="Was each trust stable before, and what came after?",
        question="Do the figures of each trust move beyond their usual variation after the declared start?",
        answer=_spc_answer(results),
        cautions=(*_unstable_words(results), view.note, *_shared_cautions(results)),
        paragraphs=(
            (
                "Limits are computed from the periods before the declared start and carried over all later ones, so "
                "that a change shows and is not absorbed by limits drawn anew. A signal says that something changed, not "
                f"why, and a rule is not a p-value. Rule set: {first.rule_set}."
            ),
        ),
        tables=(_icon_table(results, view), _grid_table(view), _caution_table(results)),
        sections=(
            *(_chart_section(results, measure) for measure in _measures(results)),
            *((_run_section(results),) if results.runs else ()),
            *((_funnel_section(results),) if results.funnels else ()),
        ),
    )


def _overview(results: StudyResults) -> Overview:
    names = [f"{results.label(chart.trust)}: {chart.measure.name}" for chart in results.charts]
    return overview(results.charts, names=names)


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


def _shared_cautions(results: StudyResults) -> tuple[str, ...]:
    """Return cautions that hold for every chart once; the rest stand with their chart."""
    common = set(results.charts[0].cautions)
    for chart in results.charts[1:]:
        common &= set(chart.cautions)
    return tuple(caution for caution in results.charts[0].cautions if caution in common)


def _icon_table(results: StudyResults, view: Overview) -> Table:
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
        note=f"Variation speaks of the last point only; assurance compares the target with the limits. {view.note}",
    )


def _grid_table(view: Overview) -> Table:
    frame = view.grid()
    icons = {chart.variation: variation_icon(chart) for chart in reversed(view.charts)}
    rows = [
        SafeSvg(svg=icons[key], words=words) if (key := _row_of(words)) in icons else words
        for words in frame["variation"]
    ]
    frame = frame.assign(variation=pd.Series(rows, dtype=object))
    return Table(
        id="spc-grid",
        caption="Measures by variation (rows) and assurance (columns)",
        frame=frame,
        columns={"variation": "Variation"},
        note="“Improvement, still fails its target” is a common and honest finding: the two icons answer two questions.",
    )


def _row_of(words: str) -> str:
    """Return the variation that a row of the grid stands for."""
    return {name: variation for variation, name in GRID_ROWS}[words]


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
        charts=tuple(drawn for chart in charts for drawn in _spc_charts(results, chart)),
    )


def _spc_charts(results: StudyResults, chart: ControlChart) -> tuple[Chart, ...]:
    """Draw the chart as it is and, where there is something to take out, the adjusted one right after it."""
    key = f"spc-{chart.measure.id}-{chart.trust.lower()}"
    window = results.programme.adoption_of(chart.trust).window
    name = f"{results.label(chart.trust)}: {chart.measure.name}"
    dates = _suggested(results, chart)
    plain = Chart(
        id=f"{key}-chart",
        title=name,
        description=chart.description,
        draw=lambda ax: chart.plot(ax, window=window, change_points=dates),
        table=Table(id=key, caption=chart.title, frame=chart.to_frame(), max_rows=200),
        size=(9.0, 3.6),
    )
    plan = results.plan.spc
    if plan is None or not plan.adjusted or chart.by_event or not (both := beside(chart)).changed:
        return (plain,)
    adjusted = Chart(
        id=f"{key}-adjusted-chart",
        title=f"{name}, without {both.taken_out}",
        description=" ".join([both.adjusted.description, *both.cautions]),
        draw=lambda ax: both.adjusted.plot(ax, window=window),
        table=Table(
            id=f"{key}-adjusted", caption=both.adjusted.title, frame=both.adjusted.to_frame(), max_rows=200
        ),
        size=(9.0, 3.6),
    )
    return (plain, adjusted)


def _suggested(results: StudyResults, chart: ControlChart) -> list[date]:
    """Return the change-points of the chart's series: suggestions, which change no limit."""
    return [
        change.period
        for comparison in results.changes
        if comparison.result.trust == chart.trust and comparison.result.measure.id == chart.measure.id
        for change in comparison.result.changes
    ]


def _run_section(results: StudyResults) -> Section:
    words = {
        kind: [results.label(run.trust) for run in results.runs if run.variation == kind]
        for kind in dict.fromkeys(run.variation for run in results.runs)
    }
    said = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in words.items())
    return Section(
        id="spc-runs",
        title="Run charts",
        question="Do runs and crossings of the median show variation that is not random?",
        answer=f"Variation by runs and crossings: {said}.",
        cautions=tuple(dict.fromkeys(caution for run in results.runs for caution in run.cautions)),
        charts=tuple(_run_chart(results, run) for run in results.runs),
        tables=(_run_table(results),),
    )


def _run_chart(results: StudyResults, run: RunResult) -> Chart:
    key = f"spc-run-{run.measure.id}-{run.trust.lower()}"
    return Chart(
        id=f"{key}-chart",
        title=f"{results.label(run.trust)}: {run.measure.name}",
        description=run.description,
        draw=run.plot,
        table=Table(id=key, caption=run.title, frame=run.to_frame(), max_rows=200),
        size=(9.0, 3.6),
    )


def _run_table(results: StudyResults) -> Table:
    records = [
        {
            "trust": run.trust,
            "name": results.label(run.trust),
            "measure": run.measure.name,
            "phase": number,
            "longest_run": test.longest_run,
            "longest_run_max": test.longest_run_max,
            "n_crossings": test.n_crossings,
            "n_crossings_min": test.n_crossings_min,
            "signal": ("yes" if test.signal else "no") if test.judged else "too short to judge",
        }
        for run in results.runs
        for number, test in enumerate(run.tests, 1)
    ]
    return Table(
        id="spc-run-tests",
        caption="Runs and crossings of each run chart",
        frame=pd.DataFrame(records),
        columns={
            "trust": Column(label="Code", shown=False),
            "name": "Trust",
            "measure": "Measure",
            "phase": "Phase",
            "longest_run": "Longest run",
            "longest_run_max": "Signal if longer than",
            "n_crossings": "Crossings",
            "n_crossings_min": "Signal if fewer than",
            "signal": "Not random",
        },
    )


def _funnel_section(results: StudyResults) -> Section:
    return Section(
        id="spc-funnels",
        title="Among all trusts",
        question="Where do the programme's trusts lie among all trusts in one stretch of time?",
        answer=" ".join(_funnel_words(results, funnel) for funnel in results.funnels),
        cautions=tuple(dict.fromkeys(words for funnel in results.funnels for words in funnel.cautions)),
        charts=tuple(_funnel_chart(results, funnel, at) for at, funnel in enumerate(results.funnels, 1)),
    )


def _funnel_words(results: StudyResults, funnel: Funnel) -> str:
    mine = [
        f"{results.label(unit)} {place}"
        for unit, place in zip(funnel.counts.units, funnel.positions, strict=True)
        if unit in results.programme.codes
    ]
    return (
        f"{funnel.title}, against 95% limits: {', '.join(mine) or 'no trust of the programme has figures'}."
    )


def _funnel_chart(results: StudyResults, funnel: Funnel, number: int) -> Chart:
    labels = {code: results.label(code) for code in results.programme.codes}
    return Chart(
        id=f"funnel-{number}-chart",
        title=funnel.title,
        description=funnel.description,
        draw=lambda ax: funnel.plot(ax, highlight=labels),
        table=Table(id=f"funnel-{number}", caption=funnel.title, frame=funnel.to_frame(), max_rows=200),
        size=(7.5, 4.5),
    )
