"""Make workbooks byte by byte: small ones that are real, and hostile ones that no program writes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence

import pytest

SECTOR = 512
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD

CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="{target}" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"/></Relationships>'
)
WORKBOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{rows}</sheetData></worksheet>"
)


def xlsx_parts(rows: str) -> dict[str, bytes]:
    """Return the parts of a workbook with one sheet, ``Data``, whose rows are given as XML."""
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": RELATIONS.format(target="xl/workbook.xml", kind="officeDocument"),
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": RELATIONS.format(target="worksheets/sheet1.xml", kind="worksheet"),
        "xl/worksheets/sheet1.xml": SHEET.format(rows=rows),
    }
    return {name: text.encode() for name, text in parts.items()}


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """Return a compressed archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def record(kind: int, content: bytes = b"") -> bytes:
    """Return a BIFF record."""
    return struct.pack("<HH", kind, len(content)) + content


def cell_record(row: int, column: int, value: float | str) -> bytes:
    """Return a Number or a Label record."""
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(value, str):
        return record(0x0204, place + struct.pack("<HB", len(value), 0) + value.encode("latin-1"))
    return record(0x0203, place + struct.pack("<d", value))


def biff(cells: bytes, *, globals_: bytes = b"", version: int = 0x0600) -> bytes:
    """Return a workbook stream with one sheet, ``Data``, of the given records."""
    start = record(0x0809, struct.pack("<HHHHII", version, 5, 0, 0, 0, 0))
    sheet = record(0x0809, struct.pack("<HHHHII", version, 0x10, 0, 0, 0, 0)) + cells + record(0x000A)
    name = struct.pack("<BB", 4, 0) + b"Data"
    position = len(start) + len(globals_) + 4 + 6 + len(name) + 4
    bound = record(0x0085, struct.pack("<IBB", position, 0, 0) + name)
    return start + globals_ + bound + record(0x000A) + sheet


def entry(name: str, kind: int, start: int, size: int, child: int = FREE) -> bytes:
    """Return a directory entry of a compound file."""
    text = name.encode("utf-16-le")
    head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text) + 2 if name else 0, kind, 1)
    return head + struct.pack("<III", FREE, FREE, child) + bytes(36) + struct.pack("<IQ", start, size)


def compound(stream: bytes, *, name: str = "Workbook") -> bytes:
    """Return a compound file with one stream, padded to the size from which it has sectors of its own."""
    stream = stream.ljust(4096, b"\0")
    n = -(-len(stream) // SECTOR)
    # Sector 0 is the table, sector 1 the directory, the stream follows.
    table = [FAT, END, *range(3, n + 2), END]
    directory = (
        entry("Root Entry", 5, END, 0, child=1) + entry(name, 2, 2, len(stream)) + 2 * entry("", 0, 0, 0)
    )
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, END, 0, END, 0, 0)
    header += struct.pack("<108I", *[FREE] * 108)
    packed = struct.pack(f"<{SECTOR // 4}I", *table, *[FREE] * (SECTOR // 4 - len(table)))
    return header + packed + directory + stream.ljust(n * SECTOR, b"\0")


@pytest.fixture(scope="session")
def xlsx() -> Callable[..., bytes]:
    """Make an xlsx file of rows as XML, with more parts or other ones if wanted."""

    def make(rows: str = "", **more: bytes) -> bytes:
        return zipped({**xlsx_parts(rows), **more})

    return make


@pytest.fixture(scope="session")
def xls() -> Callable[..., bytes]:
    """Make an xls file of cells as (row, column, value), with more records if wanted."""

    def make(
        cells: Sequence[tuple[int, int, float | str]] = (),
        *,
        records: bytes = b"",
        globals_: bytes = b"",
        version: int = 0x0600,
        name: str = "Workbook",
    ) -> bytes:
        written = b"".join(cell_record(*cell) for cell in cells)
        return compound(biff(records + written, globals_=globals_, version=version), name=name)

    return make
