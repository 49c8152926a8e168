"""The section on the figures themselves: what was found before any estimate, and what was done about it."""

from __future__ import annotations

from collections import Counter

from lean_impact.report import Column, Section, StudyResults, Table

__all__ = ["quality_section"]


def quality_section(results: StudyResults) -> Section:
    """Build the section on data quality.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section
        Every finding with what was done about it, and mergers of all trusts.
    """
    frame = results.quality.to_frame()
    frame.insert(
        0,
        "who",
        [results.label(str(code)) if isinstance(code, str) else "All trusts" for code in frame["trust"]],
    )
    names = {key: measure.name for key, measure in results.panel.measures.items()}
    frame.insert(1, "about", [names.get(key, "all measures") for key in frame["measure"]])
    counts = Counter(frame["kind"])
    listed = ", ".join(f"{n} {kind}" for kind, n in counts.most_common())
    high = int((frame["severity"] == "high").sum())
    return Section(
        id="quality",
        title="Can the figures be trusted?",
        question="What is wrong or odd in the figures, and what was done about it?",
        answer=(
            f"{len(frame)} things to know about the figures of the programme's trusts, {high} of them serious: {listed}."
            if len(frame)
            else "Nothing odd was found in the figures of the programme's trusts."
        ),
        cautions=results.quality.cautions,
        tables=(
            Table(
                id="quality-findings",
                caption="Findings on the figures, and what was done about each",
                frame=frame,
                columns={
                    "who": "Trust",
                    "about": "Measure",
                    "trust": Column(label="Code", shown=False),
                    "measure": Column(label="Identifier", shown=False),
                    "kind": "Kind",
                    "start": Column(label="From", shown=False),
                    "end": Column(label="To before", shown=False),
                    "n_periods": Column(label="Periods", shown=False),
                    "severity": "Severity",
                    "what": "What was found",
                    "action": "What was done",
                },
                max_rows=200,
            ),
        ),
    )
