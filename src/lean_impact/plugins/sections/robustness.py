"""Subsections on how far the answer holds: other figures, single trusts, and whom they are compared with."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from lean_impact.effects import conclusion, leave_one_comparison_out, leave_one_treated_out
from lean_impact.plugins.sections.common import interval_words, only, smallest, stacked
from lean_impact.plugins.sections.effect_charts import forest_chart, naive_table, path_chart
from lean_impact.report import Chart, Column, EffectAnswer, Section, StudyResults, Table, formats

__all__ = [
    "by_trust_section",
    "comparison_section",
    "pooled_answer",
    "sensitivity_section",
    "side_by_side_sections",
]


def side_by_side_sections(results: StudyResults) -> tuple[Section, ...]:
    """Set the deciding question beside secondary ones on the same kind of figures.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    tuple of Section
        One, or none if there is no such question.
    """
    primary = results.primary
    own = primary.result.measure
    others = [
        answer
        for answer in results.answers
        if answer.question.role == "secondary"
        and (answer.result.measure.kind, answer.result.measure.frequency) == (own.kind, own.frequency)
        and answer.result.treated == primary.result.treated
    ]
    if not others:
        return ()
    shown = [primary, *others]
    records = []
    for position, code in enumerate((*primary.result.treated, "")):
        record: dict[str, str] = {"trust": code, "name": results.label(code) if code else "All together"}
        for answer in shown:
            result = answer.result
            estimate = result.effects[position].estimate if code else result.pooled
            record[answer.question.id] = interval_words(
                result.measure, estimate.value, estimate.lower, estimate.upper
            )
        records.append(record)
    titles = {answer.question.id: answer.question.label for answer in shown}
    return (
        Section(
            id="side-by-side",
            title="Is it the same on other figures of the same kind?",
            question="Do figures that count other patients tell the same story?",
            answer=" ".join(conclusion(answer.result) for answer in others),
            cautions=tuple(dict.fromkeys(caution for answer in others for caution in answer.result.cautions)),
            charts=tuple(
                chart for answer in others for chart in (path_chart(answer), forest_chart(results, answer))
            ),
            tables=(
                Table(
                    id="effects-side-by-side",
                    caption="Effect by trust with its interval, side by side",
                    frame=pd.DataFrame(records),
                    columns={"trust": Column(label="Code", shown=False), "name": "Trust", **titles},
                ),
                *(naive_table(results, answer) for answer in others),
            ),
        ),
    )


def sensitivity_section(results: StudyResults) -> Section:
    """Leave each trust out in turn.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section
        Whether the answer hangs on one trust.
    """
    result = results.primary.result
    change = result.measure.format_change
    tables = []
    if result.n_treated > 1:
        frame = leave_one_treated_out(result)
        frame.insert(2, "name", [results.label(code) for code in frame["left_out"]])
        tables.append(
            Table(
                id="leave-one-trust-out",
                caption="The effect without each of the programme's trusts in turn",
                frame=frame,
                columns=_leave_out_columns(frame, change),
            )
        )
    words = ""
    if result.n_comparison > 2:  # noqa: PLR2004 - two are needed for any spread
        frame = leave_one_comparison_out(result)
        frame.insert(2, "name", [results.label(code) for code in frame["left_out"]])
        tables.append(
            Table(
                id="leave-one-comparison-out",
                caption="The effect without each comparison trust in turn, the largest shift first",
                frame=frame,
                columns=_leave_out_columns(frame, change),
                max_rows=5,
                open=False,
            )
        )
        measure = result.measure
        words = (
            f"Leaving out any one of the {result.n_comparison} comparison trusts keeps the estimate between "
            f"{measure.format_change(frame['estimate'].min())} and "
            f"{measure.format_change(frame['estimate'].max())}."
        )
    return Section(
        id="sensitivity",
        title="Does it hang on one trust?",
        question="Would the answer change without one of the trusts?",
        answer=_hangs_on(results),
        paragraphs=(words,) if words else (),
        tables=tuple(tables),
    )


def _hangs_on(results: StudyResults) -> str:
    result = results.primary.result
    if result.n_treated == 1:
        return "There is one trust: everything hangs on it."
    frame = leave_one_treated_out(result)
    measure = result.measure
    largest = frame.iloc[int(frame["shift"].abs().to_numpy().argmax())]
    excludes = frame[(frame["lower"] > 0) | (frame["upper"] < 0)]
    with_all = "excludes" if not result.pooled.covers(0.0) else "holds"
    flips = excludes if with_all == "holds" else frame.drop(excludes.index)
    words = (
        f"Without {results.label(str(largest['left_out']))} the estimate would be "
        f"{measure.format_change(float(largest['estimate']))} instead of "
        f"{measure.format_change(result.pooled.value)}, the largest shift. "
    )
    if flips.empty:
        return words + f"The interval {with_all} no effect whichever trust is left out."
    names = ", ".join(results.label(str(code)) for code in flips["left_out"])
    return words + f"Whether the interval excludes no effect does hang on {names}."


def _leave_out_columns(frame: pd.DataFrame, change: formats.Formatter) -> dict[str, Column | str]:
    shown: dict[str, Column | str] = {
        "name": "Left out",
        "estimate": Column(label="Effect", format=change),
        "lower": Column(label="Lower end", format=change),
        "upper": Column(label="Upper end", format=change),
        "p_value": Column(label="p-value", format=formats.p_value()),
        "p_smallest": Column(label="Smallest reachable", format=smallest),
        "shift": Column(label="Shift", format=change),
    }
    return only(frame, shown)


def by_trust_section(results: StudyResults) -> Section:
    """Pool over trusts, where the question is how differently they fared.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section
        Mean, spread and prediction.
    """
    pooled = results.primary.pooled
    if pooled is None:
        return Section(
            id="by-trust", title="Did it differ from trust to trust?", answer="There is one trust."
        )
    labels = {code: results.label(code) for code in results.primary.result.treated}
    tables = [
        stacked(
            results,
            "pooled",
            "Random effects over trusts, for every form of the question",
            lambda answer: None if answer.pooled is None else answer.pooled.to_frame(),
        ),
        stacked(
            results,
            "heterogeneity",
            "How much the trusts differ from each other",
            lambda answer: None if answer.pooled is None else answer.pooled.heterogeneity_frame(),
        ),
        stacked(
            results,
            "pooled-leave-one-out",
            "Pooled without each trust in turn",
            lambda answer: None if answer.pooled is None else answer.pooled.leave_one_out_frame(),
        ),
    ]
    return Section(
        id="by-trust",
        title="Did it differ from trust to trust?",
        question="Is there one effect, or did the trusts fare differently, and what would the next trust see?",
        answer=pooled_answer(results),
        cautions=pooled.cautions,
        charts=(
            Chart(
                id="pooled-chart",
                title=pooled.title,
                description=pooled.description,
                draw=lambda ax: pooled.plot(ax, labels=labels),
                table=tables[0],
            ),
        ),
        tables=tuple(tables[1:]),
    )


def pooled_answer(results: StudyResults) -> str:
    """Say in plain words what random effects over trusts give.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    str
        Mean effect, its interval, and the prediction interval for another trust.
    """
    answer = results.primary
    pooled, measure = answer.pooled, answer.result.measure
    if pooled is None:
        return "There is one trust."
    words = (
        "Mean effect over the trusts "
        + interval_words(measure, pooled.estimate.value, pooled.estimate.lower, pooled.estimate.upper)
        + ". "
    )
    if pooled.prediction is not None:
        words += (
            "Another trust like these could see anything from "
            f"{measure.format_range(pooled.prediction.lower, pooled.prediction.upper)}."
        )
    return words


def comparison_section(results: StudyResults) -> Section:
    """Say which trusts serve as comparison, and why not the others.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section
        With a table of every candidate.
    """
    primary = results.primary
    tables = (
        Table(
            id="comparison-trusts-primary",
            caption="Every candidate for comparison, kept or left out, and why",
            frame=(frame := _candidates(results, primary)),
            columns=_candidate_columns(frame),
            max_rows=400,
            open=False,
        ),
        stacked(
            results,
            "comparison-candidates",
            "The same for every form of the question",
            lambda answer: answer.comparison.to_frame(),
        ),
    )
    comparison = results.primary.comparison
    return Section(
        id="comparison-trusts",
        title="Whom are they compared with?",
        question="Which trusts serve as comparison, and why not the others?",
        answer=_comparison_answer(results),
        cautions=comparison.cautions,
        tables=tables,
    )


def _comparison_answer(results: StudyResults) -> str:
    comparison = results.primary.comparison
    counts = Counter(reason.kind for candidate in comparison.candidates for reason in candidate.reasons)
    listed = ", ".join(f"{kind} {n}" for kind, n in counts.most_common())
    return (
        f"{len(comparison.trusts)} of {len(comparison.candidates)} organisations serve as comparison. The others are "
        f"left out for these reasons, of which one may have several: {listed}."
    )


def _candidates(results: StudyResults, answer: EffectAnswer) -> pd.DataFrame:
    frame = answer.comparison.to_frame()
    frame.insert(1, "name", [results.label(str(code)) for code in frame["trust"]])
    return frame


def _candidate_columns(frame: pd.DataFrame) -> dict[str, Column | str]:
    labels = {"trust": "Code", "name": "Trust", "kept": "Kept", "reason": "Why not", "reasons": "Why not"}
    return {column: labels.get(column, column.replace("_", " ")) for column in frame.columns}
