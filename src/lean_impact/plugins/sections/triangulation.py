"""Subsections on every declared choice, on trends that may part, and on what could have been seen at all."""

from __future__ import annotations

from typing import Final, TypedDict

import pandas as pd

from lean_impact.effects import PowerAnalysis, SpecificationCurve
from lean_impact.plugins.sections.common import only, smallest
from lean_impact.report import Chart, Column, Section, StudyResults, Table, formats

__all__ = ["curve_section", "power_section", "trends_section"]


class _Heading(TypedDict):
    id: str
    title: str
    question: str


_CURVE: Final = _Heading(
    id="every-choice",
    title="Does it hang on our choices?",
    question="What if the same question were asked in every other defensible way?",
)
_TRENDS: Final = _Heading(
    id="trends",
    title="What if the trusts would not have gone together?",
    question="How far may trends have parted before the answer changes?",
)
_POWER: Final = _Heading(
    id="power",
    title="What could have been seen at all?",
    question="How large would an effect have had to be for these figures to show it?",
)


def _unanswered(results: StudyResults, asked: str, heading: _Heading) -> tuple[Section, ...]:
    """Say why something of the plan could not be answered; nothing if the plan does not ask."""
    if asked not in results.unanswered:
        return ()
    answer = f"The plan asks, and these figures do not allow an answer: {results.unanswered[asked]}."
    return (Section(**heading, answer=answer),)


def curve_section(results: StudyResults) -> tuple[Section, ...]:
    """Draw the specification curve with what each choice moves.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    tuple of Section
        One, or none if the plan declares no curve.
    """
    curve = results.curve
    if curve is None:
        return _unanswered(results, "curve", _CURVE)
    change = curve.measure.format_change
    frame = curve.to_frame()
    shown: dict[str, Column | str] = {
        **{name: name.capitalize() for name in curve.dimensions},
        "estimate": Column(label="Effect", format=change),
        "lower": Column(label="Lower end", format=change),
        "upper": Column(label="Upper end", format=change),
        "p_value": Column(label="p-value", format=formats.p_value()),
        "p_smallest": Column(label="Smallest reachable", format=smallest),
        "false_alarm_rate": Column(label="Cries wolf", format=formats.percent(), missing="cannot be told"),
    }
    table = Table(
        id="specification-curve",
        caption="Every declared specification, from the lowest estimate to the highest",
        frame=frame,
        columns=only(frame, shown),
        max_rows=400,
        open=False,
    )
    moved = curve.influence_frame()
    return (
        Section(
            **_CURVE,
            answer=f"{curve.agreement} {curve.drivers}",
            paragraphs=(_EVERY,),
            cautions=curve.cautions,
            charts=(
                Chart(
                    id="specification-curve-chart",
                    title=curve.title,
                    description=curve.description,
                    draw=curve.plot,
                    table=table,
                    size=(8.5, _curve_height(curve)),
                ),
            ),
            tables=(
                Table(
                    id="specification-influence",
                    caption="What each choice moves",
                    frame=moved,
                    columns={
                        "dimension": "Choice",
                        "option": "Option",
                        "n": "Specifications",
                        "mean": Column(label="Mean effect", format=change),
                        "shift": Column(label="Moves it by", format=change, missing="cannot be told apart"),
                        "share": Column(label="Share of variation", format=formats.percent()),
                    },
                ),
                *_failures(results),
            ),
        ),
    )


_EVERY = (
    "Every combination of method, outcome, window, comparison trusts and weights that the study file declares was "
    "estimated; none was left out afterwards. The curve shows them in order, with their choices below."
)


def _curve_height(curve: SpecificationCurve) -> float:
    """Return the height in inches: the curve, then a row for each choice and option."""
    return 3.4 + 0.22 * sum(1 + len(curve.options(name)) for name in curve.dimensions)


def _failures(results: StudyResults) -> tuple[Table, ...]:
    curve = results.curve
    if curve is None or not curve.failures:
        return ()
    return (
        Table(
            id="specification-failures",
            caption="Declared specifications that these figures do not allow",
            frame=pd.DataFrame([{**each.choices, "why": each.reason} for each in curve.failures]),
            columns={"why": "Why"},
            open=False,
        ),
    )


def trends_section(results: StudyResults) -> tuple[Section, ...]:
    """Say what happens if trends were not parallel.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    tuple of Section
        One, or none if the plan does not ask.
    """
    test, bounds = results.pretrend, results.trends
    if test is None or bounds is None:
        return _unanswered(results, "trends", _TRENDS)
    tables = (
        Table(id="trend-bounds", caption=bounds.title, frame=bounds.to_frame(), columns={}),
        Table(id="pretrend", caption=test.title, frame=test.to_frame(), columns={}),
    )
    return (
        Section(
            **_TRENDS,
            answer=f"{bounds.conclusion} {test.conclusion}",
            cautions=(*bounds.cautions, *test.cautions),
            charts=(
                Chart(
                    id="trend-bounds-chart",
                    title=bounds.title,
                    description=bounds.description,
                    draw=bounds.plot,
                    table=tables[0],
                ),
                Chart(
                    id="pretrend-chart",
                    title=test.title,
                    description=test.description,
                    draw=test.plot,
                    table=tables[1],
                ),
            ),
        ),
    )


def power_section(results: StudyResults) -> tuple[Section, ...]:
    """Say how large an effect would have had to be.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    tuple of Section
        One, or none if the plan does not ask.
    """
    if not results.power:
        return _unanswered(results, "power", _POWER)
    first = results.power[0]
    detectable = pd.concat([found.detectable_frame() for found in results.power], ignore_index=True)
    change = first.measure.format_change
    return (
        Section(
            **_POWER,
            answer=first.conclusion,
            cautions=first.cautions,
            charts=(_power_chart(first),),
            tables=(
                Table(
                    id="detectable-effects",
                    caption="Smallest effect that would be seen, by number of trusts and periods",
                    frame=detectable,
                    columns=only(
                        detectable,
                        {
                            "direction": "Direction",
                            "n_treated": "Trusts",
                            "n_pre": "Periods before",
                            "n_post": "Periods after",
                            "effect": Column(label="Effect", format=change),
                            "power": Column(label="Seen in", format=formats.percent()),
                            "false_alarm_rate": Column(label="Seen without effect", format=formats.percent()),
                        },
                    ),
                ),
            ),
        ),
    )


def _power_chart(found: PowerAnalysis) -> Chart:
    table = Table(
        id="power-curve", caption=found.title, frame=found.to_frame(), columns={}, max_rows=100, open=False
    )
    return Chart(
        id="power-chart", title=found.title, description=found.description, draw=found.plot, table=table
    )
