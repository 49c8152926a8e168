"""The section on questions that are asked together."""

from __future__ import annotations

import pandas as pd

from lean_impact.plugins.sections.common import only, smallest
from lean_impact.report import Column, Section, StudyResults, Table, formats

__all__ = ["families_section"]


def families_section(results: StudyResults) -> Section | None:
    """Build the section on declared families of questions.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section or None
        None if the plan declares no family.
    """
    if not results.families:
        return None
    found = results.families
    frame = pd.concat([family.to_frame() for family in found], ignore_index=True)
    frame.insert(1, "label", [results.answer(key).question.label for key in frame["question"]])
    names = {family.plan.id: family.plan.label for family in found}
    frame.insert(1, "family_label", [names[key] for key in frame["family"]])
    return Section(
        id="families",
        title="Which finds hold when questions are asked together?",
        question="Ask often enough and something will look like a find: what is left when the number of questions counts?",
        answer=_answer(results),
        cautions=tuple(caution for family in found for caution in family.cautions),
        paragraphs=tuple(
            f"{family.plan.label}: {family.plan.why}. {str(family.summary()).splitlines()[1].removeprefix('Rule: ')}."
            for family in found
        ),
        tables=(
            Table(
                id="families-questions",
                caption="Every question of a family, alone and allowing for the others",
                frame=frame,
                columns=only(
                    frame,
                    {
                        "family_label": "Family",
                        "label": "Question",
                        "p_value": Column(label="p alone", format=formats.p_value()),
                        "p_smallest": Column(label="Smallest reachable", format=smallest),
                        "p_adjusted": Column(label="p in the family", format=formats.p_value()),
                        "p_adjusted_smallest": Column(label="Smallest in the family", format=smallest),
                        "p_holm": Column(label="Holm", format=formats.p_value()),
                        "p_benjamini_hochberg": Column(label="Benjamini-Hochberg", format=formats.p_value()),
                    },
                ),
                note="The rule that decides was declared in the plan; Holm and Benjamini-Hochberg stand beside it.",
            ),
        ),
    )


def _answer(results: StudyResults) -> str:
    limit = 1 - results.plan.level
    said = []
    for family in results.families:
        labels = [results.answer(key).question.label for key in family.finds]
        n = len(family.p_values)
        if labels:
            said.append(
                f"{family.plan.label}: {len(labels)} of {n} questions hold at {limit:.0%}: {'; '.join(labels)}."
            )
        else:
            said.append(f"{family.plan.label}: none of {n} questions holds at {limit:.0%}.")
    return " ".join(said)
