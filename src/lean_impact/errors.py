"""Say what is wrong, where, and what to do about it.

The tree of errors::

    LeanImpactError
    ├── InputError              what the user gave cannot be used (exit code 2)
    │   ├── TableError          rows of a table break a rule; every one is listed
    │   ├── StudyError          a study file cannot be read as a study
    │   ├── SourceError         a file or folder is not what a data source expects
    │   ├── DesignError         the question cannot be answered with these data
    │   ├── UnknownNameError    a name that no plugin provides
    │   └── OutputError         the result cannot be written where it should go
    └── PluginError             a plugin failed and strict mode is on

Every :class:`InputError` carries ``issues``: all problems that were found, gathered before anything
was raised, each with the file, row and column it stands in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

__all__ = [
    "DesignError",
    "InputError",
    "Issue",
    "LeanImpactError",
    "OutputError",
    "PluginError",
    "SourceError",
    "StudyError",
    "TableError",
    "UnknownNameError",
]

SHOWN = 20
"""How many issues a message shows; the rest are counted, and all are in ``.issues``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Describe one problem in the input.

    Parameters
    ----------
    rule : str
        Short stable identifier of the broken rule, such as ``"numerator-above-denominator"``.
    message : str
        What is wrong and what to do, as one sentence.
    severity : {"error", "warning"}, default "error"
        Whether the input can still be used.
    file, sheet, column : str, optional
        Where the problem stands.
    row : int, optional
        Row in that file, counted from 1 as a spreadsheet does; in a table built in memory, the
        position counted from 0 plus one.
    key : str, optional
        Place in a study file, such as ``plan.effects[2].pre``, counted from 1.
    value : str, optional
        The offending value as text.

    Examples
    --------
    >>> print(Issue(rule="duplicate", message="RF4 2015-06 is given twice; keep one.", file="a.csv", row=7))
    a.csv, row 7: RF4 2015-06 is given twice; keep one.
    """

    rule: str
    message: str
    severity: Literal["error", "warning"] = "error"
    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    key: str | None = None
    value: str | None = None

    @property
    def where(self) -> str:
        """The place as words, empty if none is known."""
        parts = [
            self.file or "",
            f"sheet '{self.sheet}'" if self.sheet else "",
            f"row {self.row}" if self.row is not None else "",
            f"column '{self.column}'" if self.column else "",
            self.key or "",
        ]
        return ", ".join(part for part in parts if part)

    def as_record(self) -> dict[str, str | int | None]:
        """Return the fields as a plain dictionary, for a table of issues."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class LeanImpactError(Exception):
    """Base of every error that this library raises on purpose."""


class InputError(LeanImpactError):
    """Report input that cannot be used.

    Parameters
    ----------
    message : str
        What is wrong, and what to do.
    issues : iterable of Issue, optional
        Every single problem found.

    Examples
    --------
    >>> issues = [Issue(rule="r", message="first"), Issue(rule="r", message="second")]
    >>> error = InputError("2 rows cannot be used", issues)
    >>> print(error)
    2 rows cannot be used
      - first
      - second
    """

    def __init__(self, message: str, issues: Iterable[Issue] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.issues: tuple[Issue, ...] = tuple(issues)

    @property
    def one_line(self) -> str:
        """The message and what stands under it as one line, for a table or a sentence.

        >>> InputError("one trust cannot be used", [Issue(rule="r", message="T01 has no figures")]).one_line
        'one trust cannot be used: T01 has no figures'
        """
        first, *listed = (line.strip().removeprefix("- ") for line in str(self).splitlines())
        return f"{first}: {'; '.join(listed)}" if listed else first

    def __str__(self) -> str:
        lines = [self.message, *(f"  - {issue}" for issue in self.issues[:SHOWN])]
        if len(self.issues) > SHOWN:
            lines.append(f"  - ... and {len(self.issues) - SHOWN} more, all in the error's .issues")
        return "\n".join(lines)


class TableError(InputError):
    """Rows of a table break its rules; ``issues`` lists all of them."""


class StudyError(InputError):
    """A study file cannot be read as a study."""


class SourceError(InputError):
    """A file or folder is not what a data source expects."""


class DesignError(InputError):
    """The question cannot be answered with these data, such as no comparison trust being left."""


class UnknownNameError(InputError):
    """A study asks for something by a name that no plugin provides."""


class OutputError(InputError):
    """The result cannot be written where it should go."""


class PluginError(LeanImpactError):
    """A plugin failed and ``LEAN_IMPACT_STRICT_PLUGINS=1`` is set."""
