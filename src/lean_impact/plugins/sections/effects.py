"""The section that answers the question: how much changed beyond trusts without the programme."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from lean_impact.domain import Measure
from lean_impact.effects import conclusion, leave_one_comparison_out, leave_one_treated_out, verdict
from lean_impact.report import Chart, Column, EffectAnswer, Section, StudyResults, Table, formats

__all__ = ["effects_section"]

_ROLES = {
    "primary": "decides",
    "secondary": "secondary",
    "sensitivity": "sensitivity",
    "placebo": "placebo: nothing can have happened",
}


def effects_section(results: StudyResults) -> Section:
    """Build the section on effects.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section
        The primary question with its charts, then every other form of it, then the comparison trusts.
    """
    primary = results.primary
    return Section(
        id="effects",
        title="Did it make a difference?",
        question=results.info.question,
        answer=conclusion(primary.result),
        cautions=primary.result.cautions,
        paragraphs=(_how(primary), _agreement(results)),
        charts=(
            _path_chart(primary),
            _forest_chart(results, primary),
        ),
        tables=(
            naive_table(results, primary),
            _answers_table(results),
            _by_trust_table(results),
            _p_values_table(results),
        ),
        sections=(
            *_side_by_side(results),
            _sensitivity_section(results),
            _trusts_section(results),
            _comparison_section(results),
        ),
    )


def _how(answer: EffectAnswer) -> str:
    result = answer.result
    return (
        "A plain before-and-after would call the national decline an effect of the programme. So each trust's "
        f"change is compared with the changes of {result.n_comparison} acute trusts that did not take part "
        f"(difference-in-differences, {answer.question.pre.start:%B %Y} to before "
        f"{answer.question.pre.end:%B %Y}, against {answer.question.post.start:%B %Y} to before "
        f"{answer.question.post.end:%B %Y}). The estimate is the mean change of the programme's trusts beyond the "
        "mean change of the others; its interval allows the two groups to vary differently. It is an effect of "
        "the programme only if the trusts would otherwise have changed like the others on average, which cannot "
        "be proved."
    )


def _agreement(results: StudyResults) -> str:
    """Say whether the other forms of the question agree with the one that decides."""
    found = {answer.question.id: verdict(answer.result) for answer in results.answers}
    asked = [
        answer.question for answer in results.answers if answer.question.role in {"secondary", "sensitivity"}
    ]
    whole = [question for question in asked if question.trusts is None]
    visible = [question for question in whole if found[question.id] != "none"]
    placebos = [answer for answer in results.answers if answer.question.role == "placebo"]
    loud = [answer for answer in placebos if verdict(answer.result) != "none"]
    words = f"The question was asked in {len(whole)} other forms, all planned beforehand. "
    if visible:
        named = "; ".join(f"{question.label}: {found[question.id]}" for question in visible)
        words += f"{len(visible)} of them show something: {named}. "
        words += (
            f"With {len(whole)} questions at the 5% level, {0.05 * len(whole):.1f} would show something if nothing "
            "had happened; the table gives p-values that allow for the number of secondary questions."
        )
    else:
        words += "None of them shows an effect either."
    if placebos:
        words += f" Of {len(placebos)} placebo questions, asked of a time before the programme, "
        words += f"{len(loud)} show something" if loud else "none shows anything, as it should be"
        words += "."
    return words


def _path_chart(answer: EffectAnswer) -> Chart:
    result = answer.result
    table = Table(
        id=f"path-{answer.question.id}",
        caption=result.path_title,
        frame=result.path_frame(),
        columns={
            "measure": Column(label="Measure", shown=False),
            "period": Column(label="Period", format=formats.month),
            "treated": Column(label="Programme's trusts, mean", format=value_format(result.measure)),
            "comparison": Column(label="Comparison trusts, mean", format=value_format(result.measure)),
            "used": "Used in the estimate",
        },
    )
    return Chart(
        id=f"path-{answer.question.id}-chart",
        title=result.path_title,
        description=result.path_description,
        draw=result.plot_path,
        table=table,
    )


def _forest_chart(results: StudyResults, answer: EffectAnswer) -> Chart:
    result = answer.result
    labels = {code: results.label(code) for code in result.treated}
    return Chart(
        id=f"effect-{answer.question.id}-chart",
        title=result.title,
        description=result.description,
        draw=lambda ax: result.plot(ax, labels=labels),
        table=_effect_table(results, answer),
    )


def _effect_table(results: StudyResults, answer: EffectAnswer) -> Table:
    frame = answer.result.to_frame()
    frame.insert(3, "name", [results.label(code) if code else "All together" for code in frame["trust"]])
    change = change_format(answer.result.measure)
    shown: dict[str, Column | str] = {
        "name": "Trust",
        "estimate": Column(label="Effect", format=change),
        "lower": Column(label="Lower end", format=change),
        "upper": Column(label="Upper end", format=change),
        "p_value": Column(label="p-value", format=formats.p_value()),
        "p_smallest": Column(label="Smallest reachable p", format=_smallest),
        "false_alarm_rate": Column(
            label="Cries wolf on these data", format=formats.percent(), missing="see the row of all"
        ),
    }
    return Table(
        id=f"effect-{answer.question.id}",
        caption=f"{answer.question.label}: effect by trust and together",
        frame=frame,
        columns={column: shown.get(column, Column(label=column, shown=False)) for column in frame.columns},
        note="A trust's p-value is its rank among the comparison trusts, each compared with the others.",
    )


def naive_table(results: StudyResults, answer: EffectAnswer) -> Table:
    """Return before and after of every trust and group, on every figure there is.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.
    answer : EffectAnswer
        Question whose windows and measure are used.

    Returns
    -------
    Table
        Sums over all patients where there are counts, and mean of trusts otherwise.
    """
    measure = answer.result.measure
    panel = results.panel.restrict(measures=[measure.id])
    rows = panel.frame
    question = answer.question
    groups = [(results.label(code), [code]) for code in question.trusts or results.programme.codes]
    groups += [
        ("The programme's trusts together", list(answer.result.treated)),
        (f"{answer.result.n_comparison} comparison trusts together", list(answer.result.comparison)),
    ]
    everyone = sorted(set(panel.trusts) - set(answer.result.treated))
    groups.append((f"All {len(everyone)} other trusts with any figure together", everyone))
    records = []
    for name, codes in groups:
        mine = rows[rows["trust"].isin(codes) & rows["value"].notna()]
        before = _level(mine, question.pre.start, question.pre.end)
        after = _level(mine, question.post.start, question.post.end)
        records.append(
            {"who": name, "n_trusts": len(codes), "before": before, "after": after, "change": after - before}
        )
    value, change = value_format(measure), change_format(measure)
    return Table(
        id=f"naive-{question.id}",
        caption=f"{measure.name}: plain before and after, all patients added up",
        frame=pd.DataFrame(records),
        columns={
            "who": "Who",
            "n_trusts": "Trusts",
            "before": Column(label="Before", format=value),
            "after": Column(label="After", format=value),
            "change": Column(label="Change", format=change),
        },
        note=(
            "Every published or imputed figure, with no comparison: not an effect. The estimates leave out the "
            "periods named under data quality, so their levels before differ a little."
        ),
    )


def _level(rows: pd.DataFrame, start: object, end: object) -> float:
    inside = rows[(rows["period"] >= pd.Timestamp(str(start))) & (rows["period"] < pd.Timestamp(str(end)))]
    if inside["denominator"].notna().all() and not inside.empty:
        return float(inside["numerator"].sum() / inside["denominator"].sum())
    return float(inside["value"].mean())


def _answers_table(results: StudyResults) -> Table:
    adjusted = results.family_p_values()
    records = []
    for answer in results.answers:
        result, question = answer.result, answer.question
        measure = result.measure
        records.append(
            {
                "question": question.id,
                "label": question.label,
                "role": question.role,
                "what_for": _ROLES[question.role],
                "measure": measure.id,
                "pre_start": question.pre.start,
                "pre_end": question.pre.end,
                "post_start": question.post.start,
                "post_end": question.post.end,
                "n_treated": result.n_treated,
                "n_comparison": result.n_comparison,
                "estimate": result.pooled.value,
                "lower": result.pooled.lower,
                "upper": result.pooled.upper,
                "effect": _interval_words(
                    measure, result.pooled.value, result.pooled.lower, result.pooled.upper
                ),
                "p_value": result.p_value.value,
                "p_smallest": result.p_value.smallest,
                "p_holm": adjusted.get(question.id, float("nan")),
                "false_alarm_rate": result.calibration.false_alarm_rate
                if result.calibration
                else float("nan"),
                "verdict": verdict(result),
            }
        )
    shown: dict[str, Column | str] = {
        "label": "Question",
        "what_for": "Role",
        "n_treated": "Programme's trusts",
        "n_comparison": "Comparison trusts",
        "effect": "Effect with 95% interval" if results.plan.level == 0.95 else "Effect with interval",  # noqa: PLR2004
        "p_value": Column(label="p-value", format=formats.p_value()),
        "false_alarm_rate": Column(
            label="Cries wolf on these data", format=formats.percent(), missing="cannot be told"
        ),
        "verdict": "Visible",
    }
    frame = pd.DataFrame(records)
    return Table(
        id="effect-questions",
        caption="Every form of the question, as planned beforehand",
        frame=frame,
        columns={column: shown.get(column, Column(label=column, shown=False)) for column in frame.columns},
        note=(
            "Cries wolf: how often the same test calls a random group of comparison trusts significant at 5% on "
            "these very figures; outside 3% to 8% it is not to be trusted."
        ),
    )


def _by_trust_table(results: StudyResults) -> Table:
    """Put the effects of every question under each other, as one tidy table."""
    frames = []
    for answer in results.answers:
        frame = answer.result.to_frame()
        frame.insert(0, "question", answer.question.id)
        frame.insert(4, "name", [results.label(code) if code else "All together" for code in frame["trust"]])
        frames.append(frame)
    return Table(
        id="effects-by-trust",
        caption="Every form of the question, by trust and together, in the unit of the measure",
        frame=pd.concat(frames, ignore_index=True),
        max_rows=100,
        open=False,
    )


def _side_by_side(results: StudyResults) -> tuple[Section, ...]:
    """Set the deciding question beside secondary ones on the same kind of figures."""
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
            record[answer.question.id] = _interval_words(
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
                chart for answer in others for chart in (_path_chart(answer), _forest_chart(results, answer))
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


def _p_values_table(results: StudyResults) -> Table:
    frames = []
    for answer in results.answers:
        frame = answer.result.p_values_frame()
        frame.insert(0, "question", answer.question.id)
        frames.append(frame)
    return Table(
        id="p-values",
        caption="Every p-value, with the smallest it could have been and what it rests on",
        frame=pd.concat(frames, ignore_index=True),
        columns={
            "question": "Question",
            "measure": Column(label="Measure", shown=False),
            "method": "Test",
            "p_value": Column(label="p-value", format=formats.p_value()),
            "smallest": Column(label="Smallest reachable", format=_smallest),
            "draws": Column(label="Random draws", missing="none: all assignments or a formula"),
            "monte_carlo_error": Column(label="Monte-Carlo error", format=".4f"),
            "assumption": "Holds if",
        },
        open=False,
    )


def _sensitivity_section(results: StudyResults) -> Section:
    result = results.primary.result
    change = change_format(result.measure)
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
        "shift": Column(label="Shift", format=change),
    }
    return {column: shown.get(column, Column(label=column, shown=False)) for column in frame.columns}


def _trusts_section(results: StudyResults) -> Section:
    """Pool over trusts, where the question is how differently they fared."""
    pooled = results.primary.pooled
    if pooled is None:
        return Section(
            id="by-trust", title="Did it differ from trust to trust?", answer="There is one trust."
        )
    labels = {code: results.label(code) for code in results.primary.result.treated}
    tables = [
        _stacked(results, "pooled", "Random effects over trusts, for every form of the question", "to_frame"),
        _stacked(
            results, "heterogeneity", "How much the trusts differ from each other", "heterogeneity_frame"
        ),
        _stacked(results, "pooled-leave-one-out", "Pooled without each trust in turn", "leave_one_out_frame"),
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


def _stacked(results: StudyResults, key: str, caption: str, frame: str) -> Table:
    """Put one frame of each pooled result under the other."""
    frames = []
    for answer in results.answers:
        if answer.pooled is not None:
            one = getattr(answer.pooled, frame)()
            one.insert(0, "question", answer.question.id)
            frames.append(one)
    return Table(id=key, caption=caption, frame=pd.concat(frames, ignore_index=True), max_rows=20, open=False)


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
        + _interval_words(measure, pooled.estimate.value, pooled.estimate.lower, pooled.estimate.upper)
        + ". "
    )
    if pooled.prediction is not None:
        words += (
            "Another trust like these could see anything from "
            f"{measure.format_change(pooled.prediction.lower)} to {measure.format_change(pooled.prediction.upper)}."
        )
    return words


def _comparison_section(results: StudyResults) -> Section:
    frames = []
    for answer in results.answers:
        frame = answer.comparison.to_frame()
        frame.insert(0, "question", answer.question.id)
        frame.insert(2, "name", [results.label(str(code)) for code in frame["trust"]])
        frames.append(frame)
    primary, *others = sorted(
        zip(results.answers, frames, strict=True), key=lambda pair: pair[0] is not results.primary
    )
    tables = [
        Table(
            id="comparison-trusts-primary",
            caption="Every candidate for comparison, kept or left out, and why",
            frame=primary[1],
            columns=_candidate_columns(primary[1]),
            max_rows=400,
            open=False,
        )
    ]
    if others:
        rest = pd.concat([frame for _, frame in others], ignore_index=True)
        tables.append(
            Table(
                id="comparison-trusts-others",
                caption="The same for every other form of the question",
                frame=rest,
                columns=_candidate_columns(rest),
                max_rows=20,
                open=False,
            )
        )
    comparison = results.primary.comparison
    return Section(
        id="comparison-trusts",
        title="Whom are they compared with?",
        question="Which trusts serve as comparison, and why not the others?",
        answer=_comparison_answer(results),
        cautions=comparison.cautions,
        tables=tuple(tables),
    )


def _comparison_answer(results: StudyResults) -> str:
    comparison = results.primary.comparison
    counts = Counter(reason.kind for candidate in comparison.candidates for reason in candidate.reasons)
    listed = ", ".join(f"{kind} {n}" for kind, n in counts.most_common())
    return (
        f"{len(comparison.trusts)} of {len(comparison.candidates)} organisations serve as comparison. The others are "
        f"left out for these reasons, of which one may have several: {listed}."
    )


def _candidate_columns(frame: pd.DataFrame) -> dict[str, Column | str]:
    labels = {"trust": "Code", "name": "Trust", "kept": "Kept", "reason": "Why not", "reasons": "Why not"}
    return {column: labels.get(column, column.replace("_", " ")) for column in frame.columns}


def value_format(measure: Measure) -> formats.Formatter:
    """Return a formatter for values of a measure."""
    return measure.format


def change_format(measure: Measure) -> formats.Formatter:
    """Return a formatter for changes of a measure."""
    return measure.format_change


def _interval_words(measure: Measure, value: float, lower: float, upper: float) -> str:
    return (
        f"{measure.format_change(value)} ({measure.format_change(lower)} to {measure.format_change(upper)})"
    )


def _smallest(value: float) -> str:
    """Write the smallest p-value that could have come out; a formula has none."""
    return formats.p_value()(value) if value > 0 else "none: a formula"
