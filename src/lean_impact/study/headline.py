"""The few sentences at the top of the report: plain, with their uncertainty, and following the evidence."""

from __future__ import annotations

from dataclasses import dataclass

from lean_impact.contingency.scoring import spell
from lean_impact.contingency.validation import BETTER
from lean_impact.effects import EffectResult, agreement, conclusion, verdict
from lean_impact.report import EffectAnswer, StudyResults

__all__ = ["Headline", "headline"]

_SMALLEST_SHOWN = 0.001
_TWO_DIGITS_DO = 0.095


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What stands in the box at the top.

    Attributes
    ----------
    answer : str
        The answer in one or two sentences.
    points : tuple of str
        What it rests on, the most important first.
    cautions : tuple of str
        What limits it.
    """

    answer: str
    points: tuple[str, ...]
    cautions: tuple[str, ...]


def headline(results: StudyResults) -> Headline:
    """Write the box at the top from the results.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Headline
        Words that change with the evidence.
    """
    return Headline(
        answer=_answer(results),
        points=tuple(
            point
            for point in (
                _methods(results),
                _secondary(results),
                _trusts(results),
                _placebo(results),
                _conditions(results),
            )
            if point
        ),
        cautions=_cautions(results),
    )


def _answer(results: StudyResults) -> str:
    result = results.primary.result
    measure, n = result.measure, result.n_treated
    who = "the programme's trust" if n == 1 else f"the programme's {n} trusts"
    comparison = result.level("comparison", "mean")
    moved = comparison.after - comparison.before
    lead = {
        "improvement": f"Yes, on this evidence: {measure.name} improved beyond the comparison trusts.",
        "worsening": f"On this evidence it got worse: {measure.name} fell behind the comparison trusts.",
        "rise": f"{measure.name} rose beyond the comparison trusts; neither direction is better.",
        "fall": f"{measure.name} fell beyond the comparison trusts; neither direction is better.",
        "none": f"No effect of the programme is visible on {measure.name}.",
    }[verdict(result)]
    return (
        f"{lead} On average {who} changed by {measure.format_change(moved + result.pooled.value)} and "
        f"{result.n_comparison} others by {measure.format_change(moved)}. The difference of "
        f"{measure.format_change(result.pooled.value)} could be anything from "
        f"{measure.format_range(result.pooled.lower, result.pooled.upper)} "
        f"({100 * result.pooled.level:.0f}% interval; {_p_words(result)})."
    )


def _p_words(result: EffectResult) -> str:
    """Give the p-value to read, and the one by shuffling trusts with the smallest it could have been."""
    words = _p(result.p_value.value)
    shuffled = [p for p in result.p_values if p.smallest > 0]
    if shuffled:
        words += (
            f"; shuffling the trusts gives {_p(shuffled[0].value)}, where {shuffled[0].smallest:.1g} is the "
            "smallest that can be reached"
        )
    return words


def _p(value: float) -> str:
    if value < _SMALLEST_SHOWN:
        return f"p < {_SMALLEST_SHOWN}"
    return f"p = {value:.2f}" if value >= _TWO_DIGITS_DO else f"p = {value:.3f}"


def _methods(results: StudyResults) -> str:
    """Tell whether further methods, and every declared combination of choices, agree with the one that decides."""
    words = agreement(results.primary.by_method).sentence if results.primary.methods else ""
    if results.curve is not None:
        words += f" {results.curve.agreement}"
    return words.strip()


def _secondary(results: StudyResults) -> str:
    others = [answer for answer in results.answers if answer.question.role == "secondary"]
    if not others:
        return ""
    adjusted = results.family_p_values()
    limit = 1 - results.plan.level
    sound = [
        answer
        for answer in others
        if verdict(answer.result) != "none" and adjusted[answer.question.id] <= limit
    ]
    alone = [answer for answer in others if verdict(answer.result) != "none" and answer not in sound]
    labels = "; ".join(answer.question.label for answer in others)
    if not sound:
        words = f"On the {len(others)} other outcomes that were planned, taken together, no effect is visible: {labels}."
    else:
        said = " ".join(conclusion(answer.result) for answer in sound)
        words = f"Of {len(others)} other outcomes that were planned ({labels}), {len(sound)} {_show(sound)} something. {said}"
    for answer in alone:
        measure, pooled = answer.result.measure, answer.result.pooled
        words += (
            f" Alone, '{answer.question.label}' would pass ({measure.format_change(pooled.value)}, "
            f"{measure.format_range(pooled.lower, pooled.upper)}, "
            f"{_p(answer.result.p_value.value)}); allowing for {len(others)} questions it does not "
            f"({_p(adjusted[answer.question.id])})."
        )
    return words


def _trusts(results: StudyResults) -> str:
    result = results.primary.result
    measure = result.measure
    said = "; ".join(
        f"{results.label(effect.trust)} {measure.format_change(effect.estimate.value)} "
        f"({measure.format_range(effect.estimate.lower, effect.estimate.upper)})"
        for effect in result.effects
    )
    narrower = [
        answer
        for answer in results.answers
        if answer.question.trusts is not None and answer.question.measure == measure.id
    ]
    also = " ".join(
        f"{answer.question.label}: {measure.format_change(answer.result.effects[0].estimate.value)} "
        f"({measure.format_range(answer.result.effects[0].estimate.lower, answer.result.effects[0].estimate.upper)}). "
        f"{answer.question.why}."
        for answer in narrower
    )
    return f"By trust, beyond the comparison: {said}. {also}".strip()


def _placebo(results: StudyResults) -> str:
    placebos = [answer for answer in results.answers if answer.question.role == "placebo"]
    if not placebos:
        return ""
    loud = [answer for answer in placebos if verdict(answer.result) != "none"]
    if loud:
        names = "; ".join(answer.question.label for answer in loud)
        return f"Placebo questions show something where nothing can have happened ({names}): the trusts were not comparable before."
    asked = "One placebo question" if len(placebos) == 1 else f"{len(placebos)} placebo questions"
    return f"{asked}, asked of a time before the programme, {_show(placebos)} nothing, as it should be."


def _conditions(results: StudyResults) -> str:
    found = results.contingency
    if found is None or not found.validations:
        return ""
    if any(item.verdict == BETTER for item in found.validations):
        return f"Conditions, judged by predicting each trust from the others: {found.judgement}."
    n = spell(len(found.evidence.trusts))
    return f"Why some trusts fared better cannot be told from {n} of them: {found.judgement}."


def _cautions(results: StudyResults) -> tuple[str, ...]:
    found = []
    calibration = results.primary.result.calibration
    if calibration is not None:
        found.append(f"How far to trust the test: {calibration}.")
    if verdict(results.primary.result) == "none":
        found.append(
            "Seeing no effect is not the same as there being none: everything inside the interval is compatible with "
            "the figures, and a programme may help in ways that these measures do not show."
        )
    else:
        found.append(
            "A difference from the comparison trusts is an effect of the programme only if these trusts would otherwise "
            "have changed like the others, which cannot be proved."
        )
    if results.failures:
        n = len(results.failures)
        found.append(f"{n} plugin failure{'s' if n > 1 else ''}; see the record at the end.")
    return tuple(found)


def _show(things: list[EffectAnswer]) -> str:
    return "shows" if len(things) == 1 else "show"
