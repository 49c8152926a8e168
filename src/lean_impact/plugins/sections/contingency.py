"""The section on conditions: what these trusts can tell, what they cannot, and what would settle it."""

from __future__ import annotations

import re

import pandas as pd

from lean_impact.contingency import Contingency, DrawnFit, Validation
from lean_impact.contingency.scoring import spell
from lean_impact.report import Chart, Column, Section, StudyResults, Table

__all__ = ["contingency_section"]


def contingency_section(results: StudyResults) -> Section | None:
    """Build the section on conditions.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section or None
        None if no contingency model was planned.
    """
    found = results.contingency
    if found is None:
        return None
    return Section(
        id="conditions",
        title="Under which conditions does it work?",
        question="Does what is known about each trust explain how it fared, and would it predict the next one?",
        answer=_answer(results, found),
        cautions=tuple(_with_names(results, words) for words in found.design.cautions),
        sections=(
            *_board_words(results, found),
            Section(
                id="conditions-evidence",
                title="What stands behind it",
                cautions=tuple(_with_names(results, words) for words in found.model_cautions),
                charts=(
                    Chart(
                        id="conditions-chart",
                        title=found.title,
                        description=found.description,
                        draw=found.plot,
                        table=_case_table(results),
                        size=(9.0, 2.6 + 0.36 * len(found.cases.conditions)),
                    ),
                    *(_fit_chart(name, fit) for name, fit in found.fits.items() if isinstance(fit, DrawnFit)),
                    *(_validation_chart(validation) for validation in found.validations),
                ),
                tables=_tables(results, found),
            ),
        ),
    )


def _board_words(results: StudyResults, found: Contingency) -> tuple[Section, ...]:
    """Turn the summary, headings with lines that begin with a dash, into subsections with names for codes."""
    parts: list[tuple[str, list[str]]] = []
    for line in _with_names(results, str(found.summary())).splitlines():
        if line.startswith("- ") and parts:
            parts[-1][1].append(line.removeprefix("- "))
        else:
            parts.append((line, []))
    return tuple(
        Section(id=f"conditions-{position}", title=title, paragraphs=tuple(lines))
        for position, (title, lines) in enumerate(parts, start=1)
    )


def _answer(results: StudyResults, found: Contingency) -> str:
    low, high = found.design.chance
    chance = f"{low:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{low:.0%} to {high:.0%}"
    words = f"{found.judgement[0].upper()}{found.judgement[1:]}. "
    words += (
        f"With {spell(len(found.evidence.trusts))} trusts, chance alone gives a condition that fits as well as the best "
        f"one {chance} of the time."
    )
    names = {condition.id: condition.name for condition in results.cases.conditions} if results.cases else {}
    for tie in found.design.ties:
        if tie.certain:
            tied = "; ".join(names.get(condition, condition) for condition in tie.conditions)
            words += f" {spell(len(tie.conditions)).capitalize()} conditions cannot be told apart, because they fall on the same trusts: {tied}."
    return words


def _with_names(results: StudyResults, words: str) -> str:
    """Write names of trusts for their codes."""
    for code in results.programme.codes:
        words = re.sub(rf"\b{code}\b", results.label(code), words)
    return words


def _case_table(results: StudyResults) -> Table:
    cases, outcome = results.cases, results.outcome
    if cases is None:
        return Table(id="cases", caption="No cases", frame=pd.DataFrame({"condition": []}))
    records = [
        {
            "condition": condition.name,
            **{trust: str(cases.cell(trust, condition.id).reading) for trust in cases.trusts},
            "basis": condition.basis,
            "constructs": "; ".join(results.constructs[name] for name in condition.constructs) or None,
            "notes": "; ".join(
                f"{results.label(trust)}: {cell.note}"
                for trust in cases.trusts
                if (cell := cases.cell(trust, condition.id)).note
            ),
            "least_sure": _least_sure(results, condition.id) or None,
        }
        for condition in cases.conditions
    ]
    if outcome is not None:
        records.append(
            {
                "condition": f"Outcome: {outcome.name}",
                **{trust: outcome.states[trust].state for trust in cases.trusts},
                "basis": outcome.caution,
                "constructs": None,
                "notes": "; ".join(
                    f"{results.label(trust)}: {state.note}"
                    for trust, state in outcome.states.items()
                    if state.note
                ),
                "least_sure": None,
            }
        )
    return Table(
        id="cases",
        caption="Which trust showed which condition; what is not established stays unknown, and a number is how far "
        "a trust belongs to a condition, from 0 to 1, with its 95% interval",
        frame=pd.DataFrame(records),
        columns={
            "condition": "Condition",
            **{trust: results.label(trust) for trust in cases.trusts},
            "basis": "Rests on",
            "constructs": Column(label="Stands for", missing="no construct"),
            "notes": "Notes",
            "least_sure": Column(label="Less sure", missing="none"),
        },
    )


def _least_sure(results: StudyResults, condition: str) -> str:
    cases = results.cases
    if cases is None:
        return ""
    weak = [
        results.label(trust)
        for trust in cases.trusts
        if cases.cell(trust, condition).confidence in {"low", "inferred"}
    ]
    return ", ".join(weak)


def _fit_chart(name: str, fit: DrawnFit) -> Chart:
    caption, frame = next(iter(fit.tables().items()))
    return Chart(
        id=f"fit-{name}-chart",
        title=fit.title,
        description=fit.description,
        draw=fit.plot,
        table=Table(id=f"fit-{name}", caption=caption, frame=frame),
        size=(9.0, 3.6),
    )


def _fit_tables(found: Contingency) -> list[Table]:
    """Show what stands behind the findings of a model, but for the table that stands below its chart."""
    return [
        Table(id=f"fit-{name}-{position}", caption=f"{name}: {caption}", frame=frame, open=False)
        for name, fit in found.fits.items()
        if isinstance(fit, DrawnFit)
        for position, (caption, frame) in enumerate(fit.tables().items(), start=1)
        if position > 1 and not frame.empty
    ]


def _validation_chart(validation: Validation) -> Chart:
    return Chart(
        id=f"validation-{validation.model}-chart",
        title=validation.title,
        description=validation.description,
        draw=validation.plot,
        table=Table(
            id=f"validation-{validation.model}", caption=validation.title, frame=validation.to_frame()
        ),
    )


def _tables(results: StudyResults, found: Contingency) -> tuple[Table, ...]:
    design = found.design
    frames = {
        "design-conditions": ("Each condition against the effects, one at a time", design.to_frame()),
        "design-luck": ("How often luck alone would do as well", design.luck_to_frame()),
        "design-ties": ("Conditions that are, or could be, one explanation", design.ties_to_frame()),
        "design-cells": ("Cells that alone can turn what a condition seems to say", design.cells_to_frame()),
        "contingency-findings": ("What each model says, and what carries it", found.findings_frame()),
        "contingency-design": ("What these trusts can carry of each model", found.design_frame()),
        "contingency-models": ("Every model and trust", found.to_frame()),
    }
    tables = [
        Table(id=key, caption=caption, frame=frame, open=key == "design-luck")
        for key, (caption, frame) in frames.items()
        if not frame.empty
    ]
    tables += _fit_tables(found)
    if design.crisp is not None:
        name = results.outcome.name if results.outcome else "the outcome"
        tables.append(
            Table(
                id="design-outcome",
                caption=f"Conditions against the outcome '{name}'",
                frame=design.crisp.to_frame(),
                open=False,
            )
        )
    return tuple(tables)
