"""Check the extent of an xls file before a parser sees it.

Rows and columns are 16 bits wide in its records [1]_, and a record may claim dimensions of 32 bits, so a
file of a few kB can make a parser ask for more memory than there is, which ends the process. The records
are followed as a parser does, from each sheet's declared position, but only positions are read.

References
----------
.. [1] Microsoft, [MS-XLS]: Excel Binary File Format (.xls) Structure.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from lean_impact.sources._compound import read_stream
from lean_impact.sources._xlsx_guard import too_large
from lean_impact.sources.container import refusal
from lean_impact.sources.protocol import SourceFile

__all__ = ["check_xls"]

MAX_BYTES: Final = 50_000_000
_BOF, _EOF, _FILE_PASS, _BOUND_SHEET, _DIMENSIONS = 0x0809, 0x000A, 0x002F, 0x0085, 0x0200
_MUL_RK: Final = 0x00BD
_CELLS: Final = frozenset({0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00FD, _MUL_RK})
"""Formula, Number, Label, BoolErr, RK, LabelSst, MulRk: each starts with its row and column."""

_BIFF8: Final = 0x0600


def check_xls(file: SourceFile) -> None:
    """Refuse an xls file that is damaged, encrypted or spans more cells than can be read.

    Parameters
    ----------
    file : SourceFile
        A file that starts like a compound file.

    Raises
    ------
    SourceError
        If it must not be given to a parser.
    """
    if len(file.content) > MAX_BYTES:
        raise refusal(
            file, "sheet-too-large", f"the workbook has {len(file.content)} bytes, more than {MAX_BYTES}"
        )
    try:
        sheets, encrypted = _sheet_positions(stream := read_stream(file.content, "Workbook"))
        cells = 0 if encrypted else sum(_span(stream, position) for position in sheets)
    except (struct.error, IndexError, ValueError, StopIteration) as error:
        raise refusal(
            file,
            "damaged-workbook",
            f"it is no complete Excel 97-2003 workbook ({error}); download it again",
        ) from error
    if encrypted:
        raise refusal(file, "encrypted-workbook", "the workbook is protected by a password; save it without")
    too_large(file, cells)


def _records(stream: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of the records from a position to the end of that part."""
    while True:
        kind, length = struct.unpack_from("<HH", stream, position)
        yield kind, stream[position + 4 : position + 4 + length]
        if kind == _EOF:
            return
        position += 4 + length


def _sheet_positions(stream: bytes) -> tuple[list[int], bool]:
    positions = []
    for at, (kind, content) in enumerate(_records(stream, 0)):
        if at == 0 and (kind != _BOF or struct.unpack_from("<H", content)[0] != _BIFF8):
            raise ValueError("its records are not those of Excel 97-2003")
        if kind == _FILE_PASS:
            return [], True
        if kind == _BOUND_SHEET:
            positions.append(struct.unpack_from("<I", content)[0])
    return positions, False


def _span(stream: bytes, position: int) -> int:
    """Return the number of cells from A1 to the last one, claimed or real."""
    rows = columns = 0
    claimed = 0
    for kind, content in _records(stream, position):
        if kind == _DIMENSIONS:
            n_rows, n_columns = struct.unpack_from("<4xI2xH", content)
            claimed = max(claimed, n_rows * n_columns)
        elif kind in _CELLS:
            row, column = struct.unpack_from("<HH", content)
            if kind == _MUL_RK:
                column = struct.unpack_from("<H", content, len(content) - 2)[0]
            rows, columns = max(rows, row + 1), max(columns, column + 1)
    return max(rows * columns, claimed)
