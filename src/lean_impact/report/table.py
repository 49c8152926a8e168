"""A table of a report: the frame that is written, and how the page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from lean_impact.errors import Issue
from lean_impact.report._checks import id_issues, raise_if_any, repeated, text_issues
from lean_impact.report.cells import Column

__all__ = ["Table"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A table: shown in the page, and written whole as ``tables/<id>.csv``.

    Parameters
    ----------
    id : str
        Unique in the report; lower-case letters, digits and single hyphens.
    caption : str
        What the table shows, as one phrase.
    frame : DataFrame
        The values, one row each, in columns with text names; a copy is kept. An index that holds data must
        have been turned into a column.
    columns : mapping of str to Column or str, optional
        How columns are shown, by name; a text is the label of a plain column. A column that is not mentioned
        is shown under its own name.
    note : str, default ""
        What to know when reading it, shown under the table.
    max_rows : int, default 60
        Rows shown in the page; if there are more, a line under the table says so and where the rest is.
    open : bool, default True
        Whether the table stands open in the page; otherwise the reader unfolds it. The table of a chart is
        always folded.

    Raises
    ------
    InputError
        If the id, the caption, the frame or the columns cannot be used; it lists every problem.

    Examples
    --------
    >>> import pandas as pd
    >>> from lean_impact.report.formats import percent
    >>> table = Table(id="levels", caption="Share seen within 4 hours",
    ...               frame=pd.DataFrame({"trust": ["RF4", "RTP"], "share": [0.79, 0.92]}),
    ...               columns={"share": Column(label="Seen within 4 hours", format=percent())})
    >>> [column.label for _, column in table.shown]
    ['trust', 'Seen within 4 hours']
    """

    id: str
    caption: str
    frame: pd.DataFrame
    columns: Mapping[str, Column | str] = field(default_factory=dict)
    note: str = ""
    max_rows: int = 60
    open: bool = True

    def __post_init__(self) -> None:
        issues = [*id_issues("table", self.id), *text_issues(f"table '{self.id}'", caption=self.caption)]
        issues += _frame_issues(self.frame, self.columns)
        if self.max_rows < 1:
            issues.append(Issue(rule="report-rows", message="max_rows must be at least 1"))
        raise_if_any(f"table '{self.id}'", issues)
        object.__setattr__(self, "frame", self.frame.copy())
        object.__setattr__(self, "columns", dict(self.columns))

    @property
    def shown(self) -> tuple[tuple[str, Column], ...]:
        """Name and presentation of each column that the page shows, in order."""
        named = ((str(name), _column(self.columns, str(name))) for name in self.frame.columns)
        return tuple((name, column) for name, column in named if column.shown)


def _column(columns: Mapping[str, Column | str], name: str) -> Column:
    column = columns.get(name, name if name.strip() else "(no name)")
    return Column(label=column) if isinstance(column, str) else column


def _frame_issues(frame: object, columns: Mapping[str, Column | str]) -> list[Issue]:
    if not isinstance(frame, pd.DataFrame):
        message = f"frame must be a DataFrame, not {type(frame).__name__}"
        return [Issue(rule="report-frame", message=message)]
    names: list[object] = list(frame.columns)
    texts = [name for name in names if isinstance(name, str)]
    known = ", ".join(map(str, names))
    messages = [f"column {name!r} has no text for a name; rename it" for name in names if name not in texts]
    messages += [f"column {name!r} is there twice; rename one" for name in repeated(texts)]
    messages += [
        f"columns mentions {name!r}, which the frame does not have; it has {known}"
        for name in columns
        if name not in texts
    ]
    if frame.index.nlevels > 1 or frame.index.name is not None:
        messages.append("the index of the frame holds data; call reset_index() to keep it as a column")
    if not any(_column(columns, name).shown for name in texts):
        messages.append("no column would be shown; give at least one")
    return [Issue(rule="report-frame", message=message) for message in messages]
