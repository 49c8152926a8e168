"""Vectorised rules for frames: each finds all rows that break it and says so, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from lean_impact.errors import Issue, TableError

__all__ = ["Location", "issues_where", "missing_columns", "numbers", "raise_if_any"]

Location = Callable[[int], tuple[str | None, int]]
"""Turn the position of a row in a frame (0-based) into the file and row that a user can open."""


def in_memory(position: int) -> tuple[str | None, int]:
    """Locate a row of a frame that was never in a file."""
    return None, position + 1


def missing_columns(frame: pd.DataFrame, required: Sequence[str], *, file: str | None = None) -> list[Issue]:
    """Return one issue for each required column that is not there.

    Parameters
    ----------
    frame : DataFrame
        Table to look at.
    required : sequence of str
        Columns that must be present.
    file : str, optional
        File that the table was read from.

    Returns
    -------
    list of Issue
        Empty if all columns are present.
    """
    return [
        Issue(
            rule="missing-column",
            column=column,
            file=file,
            message=f"column '{column}' is missing; the columns are {', '.join(map(str, frame.columns))}",
        )
        for column in required
        if column not in frame.columns
    ]


def issues_where(
    mask: pd.Series | np.ndarray,
    *,
    rule: str,
    message: Callable[[int], str],
    column: str | None = None,
    values: pd.Series | None = None,
    locate: Location = in_memory,
) -> list[Issue]:
    """Return one issue for each row that a mask marks.

    Parameters
    ----------
    mask : boolean array, shape (n_rows,)
        True where the rule is broken.
    rule : str
        Identifier of the rule.
    message : callable
        Takes the position of the row and says what is wrong and what to do.
    column : str, optional
        Column in which the rule is broken.
    values : Series, shape (n_rows,), optional
        Offending values, shown as text.
    locate : callable
        Turns a position into file and row.

    Returns
    -------
    list of Issue
        In the order of the rows.
    """
    found = []
    for position in np.flatnonzero(np.asarray(mask, dtype=bool)):
        at = int(position)
        file, row = locate(at)
        value = None if values is None else str(values.iloc[at])
        found.append(Issue(rule=rule, message=message(at), file=file, row=row, column=column, value=value))
    return found


def numbers(column: pd.Series, *, locate: Location = in_memory) -> tuple[pd.Series, list[Issue]]:
    """Read a column as numbers without guessing: empty is missing, anything else unreadable is an issue.

    Parameters
    ----------
    column : Series, shape (n_rows,)
        Numbers, or text that holds numbers.
    locate : callable
        Turns a position into file and row.

    Returns
    -------
    Series of float64, shape (n_rows,)
        The numbers, NaN where empty or unreadable.
    list of Issue
        One for each cell that is neither empty nor a finite number.
    """
    if pd.api.types.is_bool_dtype(column):
        empty = pd.Series(data=False, index=column.index)
        parsed = pd.Series(np.nan, index=column.index, dtype="float64")
    elif pd.api.types.is_numeric_dtype(column):
        empty = column.isna()
        parsed = column.astype("float64")
    else:
        text = column.astype("string").str.strip()
        empty = (text.isna() | (text == "")).astype(bool)
        parsed = pd.to_numeric(text.where(~empty), errors="coerce").astype("float64")
        parsed = parsed.where(~column.map(lambda cell: isinstance(cell, bool)), np.nan)
    bad = ~empty & ~np.isfinite(parsed)
    issues = issues_where(
        bad,
        rule="not-a-number",
        column=str(column.name),
        values=column,
        locate=locate,
        message=lambda at: (
            f"'{column.iloc[at]}' is not a finite number; give a number, or leave the cell empty and set the "
            "flag if it was not published"
        ),
    )
    return parsed.where(~bad), issues


def raise_if_any(issues: Iterable[Issue], *, what: str) -> None:
    """Raise one TableError that holds all issues, or return if there are none.

    Parameters
    ----------
    issues : iterable of Issue
        Everything that was found.
    what : str
        What cannot be used, such as ``"the panel"``.

    Raises
    ------
    TableError
        If there is at least one issue.
    """
    found = tuple(issues)
    if found:
        noun = "problem" if len(found) == 1 else "problems"
        raise TableError(f"{what} cannot be used: {len(found)} {noun}", found)
