"""The section on what context each trust started from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from lean_impact.context import CalibratedCondition, DistinguishingResult
from lean_impact.plugins.sections.common import only
from lean_impact.report import Chart, Column, RatingsAnswer, Section, StudyResults, Table, formats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["context_section"]

_HALF = 0.5


def context_section(results: StudyResults) -> Section | None:
    """Build the section on calibrated conditions and ratings.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section or None
        None if the study calibrates no condition and has no ratings.
    """
    if not results.calibrated and not results.ratings:
        return None
    return Section(
        id="context",
        title="What context did each trust start from?",
        question="Where did each trust stand among all trusts before the programme, and how do raters see it?",
        answer=" ".join([*_places(results), *_raters(results)]),
        cautions=tuple(
            f"{found.condition}: {_named(results, caution, found)}"
            for found in results.calibrated
            for caution in found.cautions
        ),
        charts=tuple(
            _calibration_chart(results, plan.id, plan.why, found)
            for plan, found in zip(results.plan.calibrations, results.calibrated, strict=True)
        ),
        sections=tuple(
            _ratings_section(results, at, answer) for at, answer in enumerate(results.ratings, start=1)
        ),
    )


def _places(results: StudyResults) -> list[str]:
    said = []
    for found in results.calibrated:
        inside = [results.label(member.trust) for member in found.members if member.membership > _HALF]
        outside = [results.label(member.trust) for member in found.members if member.membership < _HALF]
        said.append(
            f"'{found.condition}' is more true than not of {'; '.join(inside) or 'no trust'}, and less of "
            f"{'; '.join(outside) or 'none'}."
        )
    return said


def _named(results: StudyResults, words: str, found: CalibratedCondition) -> str:
    """Write a caution with the names of trusts and not their codes."""
    for member in found.members:
        words = words.replace(member.trust, results.label(member.trust))
    return words


def _raters(results: StudyResults) -> list[str]:
    return [
        f"Raters of {answer.ratings.framework.name} agree with Krippendorff's alpha {answer.agreement.alpha:.2f}."
        for answer in results.ratings
        if answer.agreement is not None
    ]


def _calibration_chart(results: StudyResults, key: str, why: str, found: CalibratedCondition) -> Chart:
    frame = found.to_frame()
    frame.insert(0, "name", [results.label(code) for code in frame["trust"]])
    labels = {code: results.label(code) for code in frame["trust"]}
    return Chart(
        id=f"calibration-{key}",
        title=found.title,
        description=found.description,
        draw=partial(_draw, found, labels),
        table=Table(
            id=f"calibration-{key}-values",
            caption=_caption(found, why),
            frame=frame,
            columns=only(
                frame,
                {
                    "name": "Trust",
                    "value": Column(label="Raw value", format=".3f"),
                    "national_share": Column(
                        label="Trusts below", format=formats.percent(), missing="no reference"
                    ),
                    "membership": Column(label="Membership", format=".2f"),
                    "lower": Column(label="From", format=".2f", missing="not known"),
                    "upper": Column(label="To", format=".2f", missing="not known"),
                    "note": "Rests on",
                },
            ),
        ),
        size=(7.5, 4.4),
    )


def _caption(found: CalibratedCondition, why: str) -> str:
    """Say how a condition was calibrated and why so, once: some methods say it themselves."""
    said = f"{found.condition}: {found.method}"
    return said if why.strip() in found.method else f"{said}. {why}"


def _draw(found: CalibratedCondition | DistinguishingResult, labels: dict[str, str], ax: Axes) -> None:
    found.plot(ax, labels=labels)


def _ratings_section(results: StudyResults, at: int, answer: RatingsAnswer) -> Section:
    name = answer.ratings.framework.name
    labels = {code: results.label(code) for code in answer.ratings.trusts}
    charts: tuple[Chart, ...] = ()
    tables: list[Table] = [
        Table(id=f"ratings-{at}", caption=f"Every rating, {name}", frame=answer.ratings.frame, open=False)
    ]
    words = [*answer.problems]
    if answer.agreement is not None:
        words += str(answer.agreement.summary()).splitlines()
        tables.append(_agreement_table(at, answer.agreement.to_frame()))
    if answer.distinguishing is not None:
        found = answer.distinguishing
        words += str(found.summary()).splitlines()[1:]
        charts = (
            Chart(
                id=f"ratings-{at}-chart",
                title=found.title,
                description=found.description,
                draw=partial(_draw, found, labels),
                table=Table(id=f"distinguishing-{at}", caption=found.title, frame=found.to_frame()),
                size=(3.2 + 1.0 * len(found.groups), 1.3 + 0.27 * len(found.verdicts)),
            ),
        )
    return Section(
        id=f"ratings-section-{at}",
        title=f"Ratings by {name}: {answer.scale}",
        paragraphs=tuple(line for line in words if not line.startswith("Caution: ")),
        cautions=tuple(line.removeprefix("Caution: ") for line in words if line.startswith("Caution: ")),
        charts=charts,
        tables=tuple(tables),
    )


def _agreement_table(at: int, frame: pd.DataFrame) -> Table:
    return Table(
        id=f"agreement-{at}",
        caption="Krippendorff's alpha, ordinal, by part of the framework",
        frame=frame,
        columns=only(
            frame,
            {
                "part": "Part",
                "n_units": "Rated by two or more",
                "alpha": Column(label="Alpha", format=".2f", missing="not defined"),
                "lower": Column(label="From", format=".2f", missing="not defined"),
                "upper": Column(label="To", format=".2f", missing="not defined"),
            },
        ),
    )
