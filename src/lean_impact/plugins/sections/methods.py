"""The subsection on whether other methods agree, for every question that they were asked."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lean_impact.effects import EffectResult, agreement, impossible
from lean_impact.plugins.sections.common import interval_words, only, smallest
from lean_impact.report import Chart, Column, EffectAnswer, Section, StudyResults, Table, formats

__all__ = ["methods_section"]


def methods_section(results: StudyResults) -> tuple[Section, ...]:
    """Set the methods side by side.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    tuple of Section
        One, or none if the plan declares no further method.
    """
    asked = [answer for answer in results.answers if answer.methods]
    if not asked:
        return ()
    said = " ".join(f"{answer.question.label}: {agreement(answer.by_method).sentence}" for answer in asked)
    return (
        Section(
            id="methods",
            title="Do other methods agree?",
            question="Does the answer hang on how the counterfactual is built?",
            answer=agreement(results.primary.by_method).sentence if results.primary.methods else said,
            paragraphs=(_HOW, said),
            cautions=_cautions(asked),
            charts=_charts(results.primary),
            tables=(
                *(_agreement_table(answer) for answer in asked),
                _by_trust_table(results, asked),
                *_further_tables(asked),
                *_refused(asked),
            ),
        ),
    )


_HOW = (
    "Each method builds in another way what would have happened without the programme, and rests on another assumption; "
    "where they agree, the answer does not hang on one of them. All were declared in the study file beforehand. Beside "
    "each p-value stands how often the very same test calls groups of comparison trusts significant on these figures: "
    "promised are 5%, and a test outside 3% to 8% is not to be trusted here."
)


def _cautions(asked: list[EffectAnswer]) -> tuple[str, ...]:
    """Say which tests are not as promised here, one sentence a question; the rates stand in the tables."""
    found = []
    for answer in asked:
        rated = {name: r.calibration for name, r in answer.by_method.items() if r.calibration is not None}
        often = [name for name, rate in rated.items() if rate.too_many]
        seldom = [name for name, rate in rated.items() if rate.too_few]
        words = [f"too often by {', '.join(often)}"] if often else []
        words += (
            [f"less than promised by {', '.join(seldom)}, so that an effect may be overlooked"]
            if seldom
            else []
        )
        if words:
            found.append(f"{answer.question.label}: wolf is cried {'; '.join(words)}.")
        found += [
            f"{answer.question.label}: {name} is not to be relied on, as {why}."
            for name, result in answer.by_method.items()
            if (why := impossible(result))
        ]
    return tuple(found)


def _agreement_table(answer: EffectAnswer) -> Table:
    frame = agreement(answer.by_method).to_frame()
    results = list(answer.by_method.values())
    measure = answer.result.measure
    frame["effect"] = [
        interval_words(measure, result.pooled.value, result.pooled.lower, result.pooled.upper)
        for result in results
    ]
    frame["wolf"] = [_wolf(result) for result in results]
    shown: dict[str, Column | str] = {
        "method": "Method",
        "effect": Column(label="Effect and interval", align="right"),
        "p_value": Column(label="p-value", format=formats.p_value()),
        "p_smallest": Column(label="Smallest reachable", format=smallest),
        "wolf": Column(label="Cries wolf", align="right"),
        "verdict": "Visible",
        "assumption": "p holds if",
    }
    frame = frame[[*shown, *(name for name in frame if name not in shown)]]
    return Table(
        id=f"methods-{answer.question.id}",
        caption=f"{answer.question.label}: effect by method",
        frame=frame,
        columns=only(frame, shown),
        note="Cries wolf: share of placebo groups that the test calls significant, and coverage of its interval there.",
    )


def _wolf(result: EffectResult) -> str:
    calibration = result.calibration
    if calibration is None:
        return "cannot be told"
    words = f"{100 * calibration.false_alarm_rate:.1f}%, interval holds {100 * calibration.coverage:.1f}%"
    if calibration.by_construction:
        return f"{words} (by construction)"
    if calibration.too_many:
        return f"{words}: too often"
    return f"{words}: too rarely" if calibration.too_few else words


def _charts(answer: EffectAnswer) -> tuple[Chart, ...]:
    """Draw the counterfactual of each further method of the deciding question."""
    charts = []
    for item in answer.methods:
        if item.result is None:
            continue
        result = item.result
        title = f"{item.method.label}: {result.path_title}"
        table = Table(
            id=f"method-path-{item.method.id}",
            caption=title,
            frame=result.path_frame(),
            columns={"measure": Column(label="Measure", shown=False)},
        )
        charts.append(
            Chart(
                id=f"method-path-{item.method.id}-chart",
                title=title,
                description=result.path_description,
                draw=result.plot_path,
                table=table,
            )
        )
    return tuple(charts)


def _by_trust_table(results: StudyResults, asked: list[EffectAnswer]) -> Table:
    frames = []
    for answer in asked:
        for name, result in answer.by_method.items():
            frame = result.to_frame()
            frame.insert(0, "question", answer.question.id)
            frame.insert(1, "method", name)
            frame.insert(
                2, "name", [results.label(code) if code else "All together" for code in frame["trust"]]
            )
            frames.append(frame)
    return Table(
        id="methods-by-trust",
        caption="Effect by trust and together, for every method and question, in the unit of the measure",
        frame=pd.concat(frames, ignore_index=True),
        columns={},
        max_rows=100,
        open=False,
    )


def _further_tables(asked: list[EffectAnswer]) -> tuple[Table, ...]:
    """Stack what methods found besides, such as donor weights, one table for each kind."""
    stacked: dict[str, list[pd.DataFrame]] = {}
    for answer in asked:
        for item in answer.methods:
            tables: Mapping[str, pd.DataFrame] = item.result.tables if item.result else {}
            for kind, frame in tables.items():
                whose = frame.assign(question=answer.question.id, method_id=item.method.id)
                stacked.setdefault(kind, []).append(whose[["question", "method_id", *frame.columns]])
    return tuple(
        Table(
            id=f"methods-{kind}",
            caption=f"Found besides by the methods: {kind.replace('-', ' ')}",
            frame=pd.concat(frames, ignore_index=True),
            columns={},
            max_rows=60,
            open=False,
        )
        for kind, frames in stacked.items()
    )


def _refused(asked: list[EffectAnswer]) -> tuple[Table, ...]:
    rows = [
        {"question": answer.question.label, "method": item.method.label, "why": item.problem}
        for answer in asked
        for item in answer.methods
        if item.result is None
    ]
    if not rows:
        return ()
    return (
        Table(
            id="methods-refused",
            caption="Methods that these figures do not allow",
            frame=pd.DataFrame(rows),
            columns={"question": "Question", "method": "Method", "why": "Why"},
        ),
    )
