"""Check an xlsx file before a parser sees it, and repack what was checked.

A workbook of 5 kB with one value in the first and one in the last cell of a sheet makes the parser ask
for half a terabyte and takes the whole process down, which no ``except`` can catch; archives of a few
hundred kB unpack to gigabytes. So the archive's directory is checked first, then the extent of the cells
*that hold a value* (a format set on a far cell is common and harmless). The parser is then given a new
archive of exactly the parts that were looked at: it cannot see anything that the check did not.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Final
from xml.parsers import expat

from lean_impact.sources.container import refusal
from lean_impact.sources.protocol import SourceFile

__all__ = ["MAX_CELLS", "checked_archive", "too_large"]

MAX_CELLS: Final = 5_000_000
"""Cells, counted from A1 to the last value, that a workbook may span over all its sheets."""

MAX_UNPACKED: Final = 200_000_000
MAX_RATIO: Final = 200
MAX_PARTS: Final = 2_000
_RATIO_COUNTS_FROM: Final = 1_000_000
_ENCRYPTED: Final = 0x1
_PARTS: Final = (".xml", ".rels")
_WORKSHEET: Final = re.compile(rb"<(?:[\w.-]+:)?worksheet[\s>/]")
_CELL: Final = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})")


def checked_archive(file: SourceFile) -> bytes:
    """Return a new archive with the parts of an xlsx file, all of them checked.

    Parameters
    ----------
    file : SourceFile
        A file that starts like a zip archive.

    Returns
    -------
    bytes
        Uncompressed archive of its XML parts.

    Raises
    ------
    SourceError
        If the file is damaged, encrypted, or larger when unpacked than any published workbook.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            _check_directory(file, archive.infolist())
            parts = {
                info.filename: archive.read(info)
                for info in archive.infolist()
                if info.filename.lower().endswith(_PARTS)
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise refusal(
            file, "damaged-workbook", f"the workbook is damaged or cut off ({error}); download it again"
        ) from error
    _check_parts(file, parts)
    fresh = io.BytesIO()
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return fresh.getvalue()


def _check_directory(file: SourceFile, parts: list[zipfile.ZipInfo]) -> None:
    def refuse(what: str) -> None:
        raise refusal(file, "hostile-workbook", f"{what}; no published workbook is like that: do not use it")

    if len(parts) > MAX_PARTS:
        refuse(f"the workbook has {len(parts)} parts, more than {MAX_PARTS}")
    if len({info.filename for info in parts}) < len(parts):
        refuse("the workbook has two parts of one name")
    if any(info.flag_bits & _ENCRYPTED for info in parts):
        raise refusal(file, "encrypted-workbook", "the workbook is protected by a password; save it without")
    for info in parts:
        path = info.filename.replace("\\", "/")
        if path.startswith("/") or ":" in path or ".." in path.split("/"):
            refuse(f"part '{info.filename}' points outside the workbook")
        if info.file_size > _RATIO_COUNTS_FROM and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            refuse(f"part '{info.filename}' unpacks to {info.file_size} bytes from {info.compress_size}")
    unpacked = sum(info.file_size for info in parts)
    if unpacked > MAX_UNPACKED:
        refuse(f"the workbook unpacks to {unpacked} bytes, more than {MAX_UNPACKED}")


def _check_parts(file: SourceFile, parts: dict[str, bytes]) -> None:
    cells = 0
    for name, content in parts.items():
        # A document type can define entities that expand without end; no spreadsheet program writes one.
        # UTF-16 would hide it from this search, and is not written either.
        if b"<!DOCTYPE" in content or b"\x00" in content:
            raise refusal(
                file, "hostile-workbook", f"part '{name}' is not plain UTF-8 XML; do not use this file"
            )
        if _WORKSHEET.search(content):
            rows, columns = _extent(file, name, content)
            cells += rows * columns
    too_large(file, cells)


def too_large(file: SourceFile, cells: int) -> None:
    """Refuse a workbook whose sheets span more than ``MAX_CELLS`` cells."""
    if cells > MAX_CELLS:
        raise refusal(
            file,
            "sheet-too-large",
            f"its sheets span {cells} cells, more than {MAX_CELLS}; if a value stands far below or to the "
            "right of the table, delete it and save",
        )


class _Extent:
    """Handlers that follow a worksheet's cells and keep the furthest one with a value."""

    def __init__(self) -> None:
        self.rows = self.columns = 0
        self._row = self._column = -1

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "c":
            self._to_cell(attributes.get("r"))
        elif local in {"v", "is"}:
            self.rows = max(self.rows, self._row + 1)
            self.columns = max(self.columns, self._column + 1)
        elif local == "row":
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1

    def _to_cell(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
            return
        found = _CELL.fullmatch(reference)
        if found is None:
            raise ValueError(f"'{reference}' is no cell")
        column = 0
        for letter in found[1].upper():
            column = column * 26 + ord(letter) - ord("A") + 1
        self._row, self._column = int(found[2]) - 1, column - 1


def _extent(file: SourceFile, name: str, content: bytes) -> tuple[int, int]:
    extent = _Extent()
    parser = expat.ParserCreate()
    parser.StartElementHandler = extent.start
    try:
        parser.Parse(content, True)  # noqa: FBT003 - the parser takes no keyword
    except (expat.ExpatError, ValueError) as error:
        raise refusal(
            file, "damaged-workbook", f"part '{name}' is damaged ({error}); download it again"
        ) from error
    return extent.rows, extent.columns
