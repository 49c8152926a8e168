"""Write the tables of a report as CSV files that any program reads and no spreadsheet runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from lean_impact.report._text import clean
from lean_impact.report.cells import is_missing, iso
from lean_impact.report.model import Report
from lean_impact.report.output import writing
from lean_impact.report.table import Table

__all__ = ["WrittenFile", "csv_text", "table_path", "write_tables"]

_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")
_QUOTED: Final = re.compile(r'[",\n\r]')
_HARMLESS: Final = re.compile(r"-|[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?%?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """One file that was written.

    Attributes
    ----------
    path : str
        Relative to the output folder, with forward slashes.
    sha256 : str
        Digest of its bytes, 64 hexadecimal digits.
    rows : int
        Rows without the header.
    """

    path: str
    sha256: str
    rows: int


def write_tables(report: Report, folder: Path) -> list[WrittenFile]:
    """Write every table of a report, those of charts included, as ``tables/<id>.csv``.

    Parameters
    ----------
    report : Report
        The report.
    folder : Path
        Existing folder; ``tables`` is made in it.

    Returns
    -------
    list of WrittenFile
        In the order of the report.

    Raises
    ------
    OutputError
        If the folder cannot be written to.

    Notes
    -----
    UTF-8, line feeds, all columns under their own names. Numbers are the shortest text that reads back to
    the same number, dates are ISO dates, a missing value is empty. A *text* that a spreadsheet would run as
    a formula gets a leading apostrophe [1]_; numbers, also those that come as text, and a lone ``-`` stay as
    they are.

    References
    ----------
    .. [1] MITRE, CWE-1236: Improper neutralization of formula elements in a CSV file.
    """
    written = []
    with writing(folder):
        (folder / "tables").mkdir(exist_ok=True)
        for table in report.tables():
            content = csv_text(table.frame).encode()
            path = table_path(table)
            (folder / path).write_bytes(content)
            written.append(WrittenFile(path=path, sha256=sha256(content).hexdigest(), rows=len(table.frame)))
    return written


def table_path(table: Table) -> str:
    """Return where the file of a table stands, relative to the output folder."""
    return f"tables/{table.id}.csv"


def csv_text(frame: pd.DataFrame) -> str:
    r"""Return a frame as CSV text, see :func:`write_tables` for the form.

    Parameters
    ----------
    frame : DataFrame
        Any columns; the index is not written.

    Returns
    -------
    str
        Header and rows, each ended by a line feed.

    Examples
    --------
    >>> import pandas as pd
    >>> csv_text(pd.DataFrame({"name": ["=1+1", "-"], "change": [-1.5, 0.1 + 0.2]}))
    "name,change\n'=1+1,-1.5\n-,0.30000000000000004\n"
    """
    header = [_field(name) for name in frame.columns]
    rows = zip(*(_fields(frame[name]) for name in frame.columns), strict=True)
    return "".join(_line(fields) for fields in (header, *rows))


def _line(fields: Sequence[str]) -> str:
    # The csv module leaves a bare carriage return unquoted, at which readers start a new row; and a line
    # without any character would be no row.
    line = ",".join(
        '"{}"'.format(field.replace('"', '""')) if _QUOTED.search(field) else field for field in fields
    )
    return (line or '""') + "\n"


def _fields(column: pd.Series[Any]) -> list[str]:
    if pd.api.types.is_datetime64_any_dtype(column):
        known = column.dropna()
        if (known != known.dt.normalize()).any():  # one time of day, and all of the column get one
            return ["" if is_missing(cell) else cell.isoformat() for cell in column.tolist()]
    return [_field(cell) for cell in column.tolist()]


def _field(value: Any) -> str:  # noqa: ANN401 - a cell holds whatever the frame holds
    if is_missing(value):
        return ""
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return str(value)
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    if isinstance(value, date):
        return iso(value)
    return _guarded(clean(str(value)))


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_RISKY) and not _HARMLESS.fullmatch(text) else text
