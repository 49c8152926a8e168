"""Read spreadsheets safely: guard first, then parse, and keep every cell as it is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

import python_calamine

from lean_impact.sources._xls_guard import check_xls
from lean_impact.sources._xlsx_guard import checked_archive
from lean_impact.sources.container import check_container, refusal
from lean_impact.sources.protocol import SourceFile

__all__ = ["Sheet", "Workbook", "open_workbook"]

_PANIC: Final = "PanicException"
"""How the parser's own crash shows in Python; it is no ``Exception`` and cannot be imported by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet of a workbook.

    Attributes
    ----------
    file, name : str
        Names of the file and of the sheet.
    rows : tuple of tuple of object
        Cells from A1 on, so that row ``i`` is row ``i + 1`` in the spreadsheet: numbers, text, dates,
        and ``""`` where empty. Nothing is converted.
    """

    file: str
    name: str
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Workbook:
    """A workbook that passed the guard.

    Attributes
    ----------
    file : SourceFile
        The file.
    container : {"xls", "xlsx"}
        What it is.
    sheet_names : tuple of str
        Names of its sheets, hidden ones included, in their order.
    """

    file: SourceFile
    container: Literal["xls", "xlsx"]
    sheet_names: tuple[str, ...]
    _parser: python_calamine.CalamineWorkbook

    def sheet(self, name: str) -> Sheet:
        """Return a sheet with its cells.

        Raises
        ------
        SourceError
            If there is no such sheet or it cannot be parsed.
        """
        if name not in self.sheet_names:
            listed = ", ".join(f"'{sheet}'" for sheet in self.sheet_names)
            raise refusal(self.file, "missing-sheet", f"it has no sheet '{name}'; its sheets are {listed}")
        with _parsing(self.file):
            rows = self._parser.get_sheet_by_name(name).to_python(skip_empty_area=False)
        return Sheet(file=self.file.name, name=name, rows=tuple(tuple(row) for row in rows))


def open_workbook(file: SourceFile) -> Workbook:
    """Open an xls or xlsx file.

    Parameters
    ----------
    file : SourceFile
        A workbook whose name says what it is.

    Returns
    -------
    Workbook
        Its sheets are parsed when asked for.

    Raises
    ------
    SourceError
        If it is not what its name says, damaged, protected, or too large to be read safely.
    """
    container = check_container(file)
    if container == "csv":
        raise refusal(file, "not-a-workbook", "it is text, not a workbook")
    if container == "xls":
        check_xls(file)
    content = checked_archive(file) if container == "xlsx" else file.content
    with _parsing(file):
        parser = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = tuple(parser.sheet_names)
    return Workbook(file=file, container=container, sheet_names=names, _parser=parser)


@contextmanager
def _parsing(file: SourceFile) -> Iterator[None]:
    """Turn any failure of the parser, its own crash included, into a refusal of the file."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        raise refusal(
            file, "damaged-workbook", f"the workbook is damaged or cut off ({error}); download it again"
        ) from error
