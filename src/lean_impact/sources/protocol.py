"""What a data source is: it says what it wants, and makes a table of the files it is given.

A source touches neither disk nor network. The core lists a folder, reads and checksums the files
(:mod:`lean_impact.sources.folder`) and hands their bytes over; so a source can be tested with bytes made
in memory, and what it does depends on nothing but these bytes and names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from hashlib import sha256
from typing import Protocol, Self, runtime_checkable

import pandas as pd

from lean_impact.domain import Provenance, Summary, Window
from lean_impact.errors import Issue
from lean_impact.tables import Panel

__all__ = ["DataSource", "Revision", "SourceFile", "Tidied", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file as bytes, with its name and digest.

    Parameters
    ----------
    name : str
        File name without folder.
    content : bytes
        The whole file.
    sha256 : str
        Digest of the content, 64 hexadecimal digits.

    Examples
    --------
    >>> file = SourceFile.of("april.csv", b"Period,Org Code")
    >>> file.sha256[:8], file.suffix
    ('cbeba71e', '.csv')
    """

    name: str
    content: bytes = field(repr=False)
    sha256: str

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """Make one from a name and bytes, computing the digest."""
        return cls(name=name, content=content, sha256=sha256(content).hexdigest())

    @property
    def suffix(self) -> str:
        """The end of the name from its last dot on, in lower case; empty if there is none."""
        stem, dot, end = self.name.rpartition(".")
        return f"{dot}{end}".lower() if stem else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that a source needs to cover a period.

    Parameters
    ----------
    period : date
        First day of the period.
    what : str
        What to look for, as the publisher names it, with its period.
    page : str
        Address of the publisher's page on which it is offered.
    """

    period: date
    what: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Which of several files of one period was taken.

    Parameters
    ----------
    period : date
        First day of the period.
    taken, passed_over : str
        Names of the file that was used and of one that was not.
    reason : str
        Why.
    cells_differ : int
        Figures that are not the same in the two, counting those that only one of them has.
    """

    period: date
    taken: str
    passed_over: str
    reason: str
    cells_differ: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tidied:
    """What a source made of files: the table, and everything a reader must know about it.

    Attributes
    ----------
    panel : Panel
        The validated table.
    issues : tuple of Issue
        Warnings: files that were skipped, totals that do not agree, figures that cannot be right.
    revisions : tuple of Revision
        One for each file that was passed over in favour of another of the same period.
    """

    panel: Panel
    issues: tuple[Issue, ...] = ()
    revisions: tuple[Revision, ...] = ()

    @property
    def provenance(self) -> Provenance:
        """Files that were read, and what was done with them."""
        return self.panel.provenance

    @property
    def cautions(self) -> tuple[str, ...]:
        """The issues as sentences."""
        return tuple(str(issue) for issue in self.issues)

    def to_frame(self) -> pd.DataFrame:
        """Return the panel's rows as a frame."""
        return self.panel.frame

    def issues_frame(self) -> pd.DataFrame:
        """Return one row for each issue; the columns are the fields of :class:`~lean_impact.errors.Issue`."""
        records = [issue.as_record() for issue in self.issues]
        return pd.DataFrame(records, columns=[item.name for item in fields(Issue)])

    def revisions_frame(self) -> pd.DataFrame:
        """Return one row for each file passed over; the columns are the fields of :class:`Revision`."""
        records = [asdict(revision) for revision in self.revisions]
        return pd.DataFrame(records, columns=[item.name for item in fields(Revision)])

    def summary(self) -> Summary:
        """Say in a few lines what was read and what is to be minded."""
        lines = [
            f"{len(self.provenance.files)} files read: {self.panel!r}",
            f"{len(self.revisions)} files passed over for another of the same period",
            f"{len(self.issues)} warnings",
            *(f"  - {caution}" for caution in self.cautions),
        ]
        return Summary("\n".join(lines))


@runtime_checkable
class DataSource(Protocol):
    """Something that knows a publisher's files: which ones to get, and how to read them."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Ends of the file names that it reads, in lower case with the dot, such as ``(".csv",)``."""
        ...

    @property
    def expects(self) -> str:
        """The files it needs, as words that end the sentence "put ... into the folder"."""
        ...

    def locate(self, window: Window) -> tuple[Wanted, ...]:
        """Say which files cover a window; nothing is fetched.

        Parameters
        ----------
        window : Window
            Half-open stretch of time.

        Returns
        -------
        tuple of Wanted
            In the order of time.
        """
        ...

    def tidy(self, files: Sequence[SourceFile]) -> Tidied:
        """Make a validated table of files.

        Parameters
        ----------
        files : sequence of SourceFile
            Their order must not matter.

        Returns
        -------
        Tidied
            The panel with warnings and revisions.

        Raises
        ------
        SourceError
            If any file cannot be used; ``issues`` lists every problem of every file.
        """
        ...
