"""Read a CSV file as text, and refuse what is none."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lean_impact.errors import Issue, TableError
from lean_impact.tables._rules import missing_columns, raise_if_any

__all__ = ["read_text_table"]

# What pandas and its decompressors raise for a file that is no table, each from a package of its own.
_UNREADABLE = (
    OSError,
    EOFError,
    ImportError,
    ValueError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
    pd.errors.ParserError,
    pd.errors.EmptyDataError,
)


def read_text_table(path: str | Path, *, required: Sequence[str] = ()) -> pd.DataFrame:
    """Read a CSV file as text, every cell as it stands.

    Parameters
    ----------
    path : str or Path
        UTF-8 text with a header row, optionally compressed.
    required : sequence of str
        Columns that must be there.

    Returns
    -------
    DataFrame
        Text in every cell, empty where the cell is empty.

    Raises
    ------
    TableError
        If the file is no such table, a column stands there twice, or one is missing.
    """
    name = Path(path).name
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, header=None)
    except _UNREADABLE as error:
        raise TableError(
            f"{name} cannot be read as a CSV table ({' '.join(str(error).split())}); give a UTF-8 text file "
            "with a header row"
        ) from error
    header = [str(column) for column in raw.iloc[0]]
    twice = sorted({column for column in header if header.count(column) > 1})
    raise_if_any(
        [
            Issue(
                rule="column-twice",
                file=name,
                row=1,
                column=column,
                message=f"column '{column}' is there more than once; keep one",
            )
            for column in twice
        ],
        what=name,
    )
    frame = raw.iloc[1:].reset_index(drop=True)
    frame.columns = pd.Index(header)
    raise_if_any(missing_columns(frame, required, file=name), what=name)
    return frame
