"""Build the sections of the report, so that a stranger's section fails alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from lean_impact.hooks import Owned, Plugins, SectionEntry
from lean_impact.report import Report, Section, StudyResults, render_html, write_tables

__all__ = ["build_sections"]

_RECORD = "record"


def build_sections(results: StudyResults, *, plugins: Plugins) -> tuple[Section, ...]:
    """Build every section that the plugins offer.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.
    plugins : Plugins
        Where the sections are found, and where a failure is recorded.

    Returns
    -------
    tuple of Section
        In the order of the report. A section that fails is left out and recorded; the record of failures is
        built last.
    """
    built: dict[str, Section] = {}
    entries = plugins.sections()
    # Those of this library first, so that a stranger's is tried out beside all of them.
    for name in sorted(entries, key=lambda name: (name == _RECORD, not entries[name].plugin.bundled, name)):
        owned = entries[name]
        now = replace(results, failures=tuple(map(str, plugins.failures)))
        beside = None if owned.plugin.bundled else (*built.values(), *_record(entries, results))
        section = plugins.attempt(
            partial(_build, owned.entry, now, beside=beside),
            plugin=owned.plugin,
            stage="use",
            what=f"section '{name}'",
        )
        if section is not None:
            built[name] = section
    return tuple(built[name] for name in entries if name in built)


def _record(entries: Mapping[str, Owned[SectionEntry]], results: StudyResults) -> tuple[Section, ...]:
    """Build the record as it will be with a failure, for the sake of the ids that it uses."""
    if _RECORD not in entries:
        return ()
    section = _build(entries[_RECORD].entry, replace(results, failures=("a failure",)), beside=None)
    return () if section is None else (section,)


def _build(
    entry: SectionEntry, results: StudyResults, *, beside: tuple[Section, ...] | None
) -> Section | None:
    """Build a section; if it is a stranger's, try it out on a page beside the others."""
    section: object = entry.open()(results)
    if section is None:
        return None
    if not isinstance(section, Section):
        raise TypeError(f"the section is a {type(section).__name__} and not a Section")
    if beside is not None:
        # Charts are drawn and tables written only when the whole report is: too late to leave one out.
        Report(title="Trial", sections=(*beside, section))
        alone = Report(title="Trial", sections=(section,))
        render_html(alone)
        with TemporaryDirectory() as folder:
            write_tables(alone, Path(folder))
    return section
