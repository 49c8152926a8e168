"""The section that answers the question: how much changed beyond trusts without the programme."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lean_impact.effects import Calibration, conclusion, verdict
from lean_impact.plugins.sections.common import only, smallest, stacked
from lean_impact.plugins.sections.effect_charts import forest_chart, naive_table, path_chart
from lean_impact.plugins.sections.methods import methods_section
from lean_impact.plugins.sections.robustness import (
    by_trust_section,
    comparison_section,
    sensitivity_section,
    side_by_side_sections,
)
from lean_impact.plugins.sections.triangulation import curve_section, power_section, trends_section
from lean_impact.report import Column, EffectAnswer, Section, StudyResults, Table, formats

__all__ = ["effects_section"]


_ROLES = {
    "primary": "decides",
    "secondary": "secondary",
    "sensitivity": "sensitivity",
    "placebo": "placebo",
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
            path_chart(primary),
            forest_chart(results, primary),
        ),
        tables=(
            naive_table(results, primary),
            _answers_table(results),
            stacked(
                results,
                "effects-by-trust",
                "Every form of the question, by trust and together, in the unit of the measure",
                lambda answer: answer.result.to_frame(),
            ),
            stacked(
                results,
                "levels-by-question",
                "Plain levels before and after of every form, over the periods that its estimate uses",
                lambda answer: answer.result.levels_frame(),
            ),
            stacked(
                results,
                "p-values",
                "Every p-value, with the smallest it could have been and what it rests on",
                lambda answer: answer.result.p_values_frame(),
                _P_VALUE_COLUMNS,
            ),
        ),
        sections=(
            *methods_section(results),
            *curve_section(results),
            *trends_section(results),
            *power_section(results),
            *side_by_side_sections(results),
            sensitivity_section(results),
            by_trust_section(results),
            comparison_section(results),
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
        show = "shows" if len(visible) == 1 else "show"
        words += f"{len(visible)} of them {show} something: {named}. "
        risk = 1 - results.plan.level
        words += (
            f"With {len(whole)} questions at the {risk:.0%} level, {risk * len(whole):.1f} would show something if nothing "
            "had happened; the table gives p-values that allow for the number of secondary questions."
        )
    else:
        words += "None of them shows an effect."
    if placebos:
        words += f" Of {len(placebos)} placebo questions, asked of a time before the programme, "
        show = "shows" if len(loud) == 1 else "show"
        words += f"{len(loud)} {show} something" if loud else "none shows anything, as it should be"
        words += "."
    return words


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
                "effect": measure.format_change(result.pooled.value),
                "interval": measure.format_range(result.pooled.lower, result.pooled.upper),
                "trusts": f"{result.n_treated} against {result.n_comparison}",
                "p_value": result.p_value.value,
                "p_smallest": result.p_value.smallest,
                "p_holm": adjusted.get(question.id, float("nan")),
                "false_alarm_rate": result.calibration.false_alarm_rate
                if result.calibration
                else float("nan"),
                "wolf": _wolf(result.calibration),
                "verdict": verdict(result),
            }
        )
    shown: dict[str, Column | str] = {
        "label": "Question",
        "what_for": "Role",
        "trusts": "Trusts",
        "effect": Column(label="Effect", align="right"),
        "interval": Column(label=f"{results.plan.level:.0%} interval", align="right"),
        "p_value": Column(label="p-value", format=formats.p_value()),
        "p_holm": Column(label="p for all secondary", format=formats.p_value(), missing="not in that family"),
        "wolf": Column(label="Cries wolf", align="right"),
        "verdict": "Visible, taken alone",
    }
    frame = pd.DataFrame(records)
    return Table(
        id="effect-questions",
        caption="Every form of the question, as planned beforehand",
        frame=frame,
        columns=only(frame, shown),
        note=(
            "Cries wolf: how often the same test calls a random group of comparison trusts significant at "
            f"{1 - results.plan.level:.0%} on these very figures; where it says too often or too rarely (outside 3% to 8% "
            "for a promised 5%), it is not to be trusted. P for all secondary: adjusted by Holm's rule for the number of "
            "secondary questions."
        ),
    )


_P_VALUE_COLUMNS: Mapping[str, Column | str] = {
    "question": "Question",
    "measure": Column(label="Measure", shown=False),
    "method": "Test",
    "p_value": Column(label="p-value", format=formats.p_value()),
    "smallest": Column(label="Smallest reachable", format=smallest),
    "draws": Column(label="Random draws", missing="none: all assignments or a formula"),
    "monte_carlo_error": Column(label="Monte-Carlo error", format=".4f"),
    "assumption": "Holds if",
}


def _wolf(calibration: Calibration | None) -> str:
    """Write how often a test cries wolf, and say so where it is not to be trusted on these figures."""
    if calibration is None:
        return "cannot be told"
    words = formats.percent()(calibration.false_alarm_rate)
    if calibration.too_many:
        return f"{words}, too often"
    return f"{words}, too rarely" if calibration.too_few else words
