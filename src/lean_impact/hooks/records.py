"""What a plugin yields: frozen descriptions with a factory, so that listing costs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lean_impact.domain.measure import Measure

if TYPE_CHECKING:
    # Only for type checkers: listing plugins must not load the analysis families.
    from lean_impact.contingency import ContingencyModel
    from lean_impact.report import Section, StudyResults
    from lean_impact.sources import DataSource

__all__ = ["ProgrammeEntry", "ScorerEntry", "SectionBuilder", "SectionEntry", "SourceEntry"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class SectionBuilder(Protocol):
    """Build one section of the report from everything that a study found."""

    def __call__(self, results: StudyResults, /) -> Section | None:
        """Return the section, or None if the study has nothing for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    name: str
    summary: str

    def __post_init__(self) -> None:
        problems = [
            f"{field.name} is empty"
            for field in fields(self)
            if isinstance(getattr(self, field.name), str) and not getattr(self, field.name).strip()
        ]
        if not _NAME.fullmatch(str(self.name)):
            problems.append(f"name {self.name!r} must be lower case letters, digits, hyphen or underscore")
        opener = getattr(self, "open", None)
        if opener is not None and not callable(opener):
            problems.append(f"open must be a callable without arguments, not {type(opener).__name__}")
        if problems:
            raise ValueError(f"{type(self).__name__}: {'; '.join(problems)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry(_Entry):
    """Describe a kind of published figures that can be read.

    Parameters
    ----------
    name : str
        Name used in study files, lower case.
    summary : str
        One sentence for a listing.
    publisher, licence, cadence : str
        Who publishes the figures, under which licence, how often.
    measures : tuple of Measure
        Measures that reading yields.
    open : callable
        Takes nothing and returns a :class:`~lean_impact.sources.DataSource`.
    """

    publisher: str
    licence: str
    cadence: str
    measures: tuple[Measure, ...]
    open: Callable[[], DataSource]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerEntry(_Entry):
    """Describe a contingency model.

    Parameters
    ----------
    name : str
        Name used in study files, lower case.
    summary : str
        One sentence for a listing.
    open : callable
        Takes the settings that a study file gives as keywords, none by default, and returns a
        :class:`~lean_impact.contingency.ContingencyModel`.
    """

    open: Callable[..., ContingencyModel]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeEntry(_Entry):
    """Describe a bundled study.

    Parameters
    ----------
    name : str
        Name to run it by, lower case.
    summary : str
        One sentence for a listing.
    study : Path
        Its study file; the data it names lie beside it.
    """

    study: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionEntry(_Entry):
    """Describe a section of the report.

    Parameters
    ----------
    name : str
        Identifier of the section, lower case.
    summary : str
        One sentence for a listing.
    order : int
        Place in the report; the bundled sections stand at 100, 200 and so on.
    open : callable
        Takes nothing and returns a :class:`SectionBuilder`.
    """

    order: int
    open: Callable[[], SectionBuilder]
