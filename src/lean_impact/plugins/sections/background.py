"""Sections that the answer rests on: what happened when, the plan, the figures' origin, the record of the run."""

from __future__ import annotations

import pandas as pd

from lean_impact.domain import Measure
from lean_impact.plugins.sections.common import only
from lean_impact.report import Column, Section, StudyResults, Table

__all__ = ["events_section", "method_section", "record_section", "sources_section"]


def events_section(results: StudyResults) -> Section:
    """Build the section on the programme and what else happened.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section
        Adoption windows and dated events with their sources.
    """
    programme = results.programme
    adoption = pd.DataFrame(
        [
            {
                "trust": item.trust,
                "name": results.label(item.trust),
                "from": item.window.start,
                "to_before": item.window.end,
                "confidence": item.confidence,
                "evidence": item.evidence,
            }
            for item in programme.adoption
        ]
    )
    events = pd.DataFrame(
        [
            {
                "date": event.date,
                "precision": event.precision,
                "trust": event.trust or "",
                "who": results.label(event.trust) if event.trust else "The whole country",
                "kind": event.kind,
                "what": event.what,
                "confidence": event.confidence,
                "source": event.source,
            }
            for event in sorted(programme.events, key=lambda event: (event.date, event.trust or ""))
        ]
    )
    tables = [
        Table(
            id="adoption",
            caption="When each trust took the programme up, as a window because sources differ",
            frame=adoption,
            columns={
                "trust": "Code",
                "name": "Trust",
                "from": "From",
                "to_before": "To before",
                "confidence": "Confidence",
                "evidence": "Evidence",
            },
        )
    ]
    if not events.empty:
        tables.append(
            Table(
                id="events",
                caption="What else happened, with how sure it is and where it was read",
                frame=events,
                columns={
                    "date": "Date",
                    "precision": Column(label="Known to the", shown=True),
                    "trust": Column(label="Code", shown=False),
                    "who": "Who",
                    "kind": "Kind",
                    "what": "What",
                    "confidence": "Confidence",
                    "source": "Source",
                },
                open=False,
            )
        )
    return Section(
        id="programme",
        title="The programme and what else happened",
        question="What was done, where and when, and what else could have moved the figures?",
        paragraphs=(programme.description,),
        tables=tuple(tables),
    )


def method_section(results: StudyResults) -> Section:
    """Build the section on the plan and the methods.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section
        Methods in words, every planned choice, and the definitions of the measures.
    """
    plan = results.plan
    excluded = pd.DataFrame(
        [
            {
                "from": item.window.start,
                "to_before": item.window.end,
                "measures": "all" if item.measures is None else ", ".join(item.measures),
                "reason": item.reason,
            }
            for item in plan.exclusions
        ]
    )
    tables = [_measure_table(results), _plan_table(results)]
    if not excluded.empty:
        tables.insert(
            1,
            Table(
                id="exclusions",
                caption="Times left out of every effect, for all trusts",
                frame=excluded,
                columns={
                    "from": "From",
                    "to_before": "To before",
                    "measures": "Measures",
                    "reason": "Reason",
                },
            ),
        )
    return Section(
        id="method",
        title="How was this done?",
        question="Which choices were made, and were they made before the figures were looked at?",
        answer=(
            f"Every choice stands in the study file. The plan's fingerprint is {plan.digest()[:16]}: any other "
            "choice gives another fingerprint."
        ),
        paragraphs=(
            (
                "Effect: for each trust the level after minus the level before (sums over patients where there are "
                "counts); the mean of these changes in the programme's trusts minus that in the comparison trusts. The "
                "interval and the p-value to read come from Welch's test with Satterthwaite's degrees of freedom on one "
                "change a trust, which holds under autocorrelation and when the two groups vary differently. Beside it stand "
                "randomisation over trusts, each with its smallest reachable value, and how often the test cries wolf on "
                "groups of comparison trusts."
            ),
            (
                "Pooling: random effects with the between-trust variance by restricted maximum likelihood and the "
                "Hartung-Knapp-Sidik-Jonkman interval, never narrower than the plain one."
            ),
            (
                f"{_chart_words(results)}Change-points: "
                "an exact search under autocorrelated noise with the season in the model, each change then tested given the "
                "others against simulated stable series; a screen of all trusts with the false discovery rate; and the "
                "programme's dates against those of other trusts. Conditions: every model is judged by predicting "
                "each trust from the others, against a model that knows no condition."
            ),
        ),
        tables=tuple(tables),
    )


def _chart_words(results: StudyResults) -> str:
    kinds = dict.fromkeys(chart.kind for chart in results.charts)
    if not kinds:
        return ""
    ranges = " at 2.66 mean moving ranges" if list(kinds) == ["XmR"] else ""
    return f"Control charts: {', '.join(kinds)} with limits{ranges}, frozen at the declared start. "


def _measure_table(results: StudyResults) -> Table:
    wanted = dict.fromkeys(
        (*(answer.result.measure.id for answer in results.answers), *results.plan.measures)
    )
    measures = [results.panel.measure(name) for name in wanted]
    frame = pd.DataFrame(
        [
            {
                "measure": measure.id,
                "name": measure.name,
                "unit": measure.unit,
                "better": _better(measure),
                "numerator": measure.numerator or "",
                "denominator": measure.denominator or "",
                "note": " ".join(
                    (measure.note, *(f"{change.date}: {change.what}." for change in measure.changes))
                ),
            }
            for measure in measures
        ]
    )
    return Table(
        id="measures",
        caption="What was measured",
        frame=frame,
        columns={
            "measure": Column(label="Identifier", shown=False),
            "name": "Measure",
            "unit": "Unit",
            "better": "Better is",
            "numerator": "Numerator",
            "denominator": "Denominator",
            "note": "To know",
        },
    )


def _better(measure: Measure) -> str:
    return {"increase": "higher", "decrease": "lower", "neutral": "neither"}[measure.improvement]


def _plan_table(results: StudyResults) -> Table:
    plan = results.plan
    records = [
        {"choice": "Seed of everything random", "value": str(plan.seed)},
        {"choice": "Level of every interval", "value": str(plan.level)},
        {"choice": "Random assignments where not all can be enumerated", "value": str(plan.draws)},
        {"choice": "Placebo groups for calibration", "value": str(plan.placebo_groups)},
        {"choice": "Fingerprint of the plan (SHA-256)", "value": plan.digest()},
    ]
    records += [
        {"choice": f"Question '{question.id}'", "value": question.why or question.label}
        for question in plan.effects
    ]
    records += [
        {"choice": "Not comparable: " + ", ".join(group.codes), "value": group.reason}
        for group in plan.not_comparable
    ]
    return Table(
        id="plan",
        caption="The plan",
        frame=pd.DataFrame(records),
        columns={"choice": "Choice", "value": "Value"},
        open=False,
    )


def sources_section(results: StudyResults) -> Section:
    """Build the section on where the figures come from.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section
        Files with their fingerprints, and origin and quality of each block.
    """
    files = results.panel.provenance.files
    tables = [
        Table(
            id="files",
            caption="Files that were read",
            frame=pd.DataFrame([file.model_dump() for file in files]),
            columns={"path": "File", "sha256": "SHA-256", "rows": "Rows", "encoding": "Form", "note": "Note"},
            open=False,
        )
    ]
    if not results.blocks.empty:
        shown = {"source": "Block", "measure": "Measure", "origin": "Origin", "quality": "Quality"}
        tables.insert(
            0,
            Table(
                id="blocks",
                caption="Origin and quality of each block of figures",
                frame=results.blocks,
                columns=only(results.blocks, shown),
            ),
        )
    if results.data_issues:
        tables.append(
            Table(
                id="data-issues",
                caption="Noticed while the files were read",
                frame=pd.DataFrame([issue.as_record() for issue in results.data_issues]),
                open=False,
            )
        )
    return Section(
        id="sources",
        title="Where do the figures come from?",
        answer=results.info.licence,
        tables=tuple(tables),
    )


def record_section(results: StudyResults) -> Section:
    """Build the record of the run: plugins that were loaded, and those that failed.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section
        Always there, so that a failed plugin cannot be missed.
    """
    tables = [
        Table(
            id="plugins",
            caption="Plugins that were loaded",
            frame=results.plugins,
            columns={
                "name": "Plugin",
                "package": "Package",
                "version": "Version",
                "bundled": "Part of this library",
                "sha256": Column(label="SHA-256", shown=False),
            },
            open=False,
        )
    ]
    if results.failures:
        failures = pd.DataFrame({"failure": results.failures})
        tables.insert(
            0,
            Table(
                id="plugin-failures",
                caption="Plugins that failed and were left out",
                frame=failures,
                columns={"failure": "What failed"},
            ),
        )
    n = len(results.failures)
    answer = (
        "All plugins worked."
        if not n
        else f"{n} plugin failure{'s' if n > 1 else ''}: what they would have brought is not in this report."
    )
    return Section(id="record", title="Record of this run", answer=answer, tables=tuple(tables))
