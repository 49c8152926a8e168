"""The six questions that the library asks every plugin.

Hooks take nothing and yield records: a plugin describes what it has, the library decides and calls.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from lean_impact.domain.framework import ContextFramework
from lean_impact.domain.measure import Measure
from lean_impact.hooks.records import ProgrammeEntry, ScorerEntry, SectionEntry, SourceEntry

__all__ = ["PROJECT", "HookSpecs", "hookimpl"]

PROJECT = "lean_impact"
"""Name of the pluggy project and of the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Mark a function of a plugin as the answer to the hook of the same name."""


class HookSpecs:
    """The hooks; each takes no argument and yields frozen records."""

    @hookspec
    def lean_impact_sources(self) -> Iterable[SourceEntry]:  # type: ignore[empty-body]
        """Yield a :class:`~lean_impact.hooks.SourceEntry` for each kind of published figures to read."""

    @hookspec
    def lean_impact_measures(self) -> Iterable[Measure]:  # type: ignore[empty-body]
        """Yield a :class:`~lean_impact.domain.Measure` for each definition to offer."""

    @hookspec
    def lean_impact_frameworks(self) -> Iterable[ContextFramework]:  # type: ignore[empty-body]
        """Yield a :class:`~lean_impact.domain.ContextFramework` for each set of constructs."""

    @hookspec
    def lean_impact_scorers(self) -> Iterable[ScorerEntry]:  # type: ignore[empty-body]
        """Yield a :class:`~lean_impact.hooks.ScorerEntry` for each contingency model."""

    @hookspec
    def lean_impact_programmes(self) -> Iterable[ProgrammeEntry]:  # type: ignore[empty-body]
        """Yield a :class:`~lean_impact.hooks.ProgrammeEntry` for each bundled study."""

    @hookspec
    def lean_impact_sections(self) -> Iterable[SectionEntry]:  # type: ignore[empty-body]
        """Yield a :class:`~lean_impact.hooks.SectionEntry` for each section of the report."""
