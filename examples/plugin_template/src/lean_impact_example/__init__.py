"""A plugin of lean_impact: what it offers. Hooks take nothing and yield records."""

from __future__ import annotations

from collections.abc import Iterator

from lean_impact.domain import Measure
from lean_impact.hooks import ScorerEntry, SectionEntry, SourceEntry, hookimpl

from lean_impact_example.scorer import Neighbours
from lean_impact_example.section import volume_section
from lean_impact_example.source import BEFORE_NOON, WardFlow

__all__ = [
    "BEFORE_NOON",
    "Neighbours",
    "WardFlow",
    "lean_impact_measures",
    "lean_impact_scorers",
    "lean_impact_sections",
    "lean_impact_sources",
    "volume_section",
]


@hookimpl
def lean_impact_measures() -> Iterator[Measure]:
    """Yield the measure."""
    yield BEFORE_NOON


@hookimpl
def lean_impact_sources() -> Iterator[SourceEntry]:
    """Yield the data source."""
    yield SourceEntry(
        name="ward-flow",
        summary="Monthly ward-flow extracts, one CSV file for any number of months",
        publisher="Made up",
        licence="Made up",
        cadence="month",
        measures=(BEFORE_NOON,),
        open=WardFlow,
    )


@hookimpl
def lean_impact_scorers() -> Iterator[ScorerEntry]:
    """Yield the contingency model."""
    yield ScorerEntry(
        name="neighbours",
        summary="A trust fares like those whose context is most like its own",
        open=Neighbours,
    )


@hookimpl
def lean_impact_sections() -> Iterator[SectionEntry]:
    """Yield the section; the bundled ones stand at 100, 200 and so on."""
    yield SectionEntry(
        name="example-volume",
        summary="How many patients stand behind the figures",
        order=650,
        open=lambda: volume_section,
    )
