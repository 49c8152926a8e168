"""Read delimited text: find the encoding without guessing further than is certain, keep cells as text."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from typing import Final

from lean_impact.sources.container import refusal
from lean_impact.sources.protocol import SourceFile

__all__ = ["TextTable", "decode", "read_text"]

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WITHOUT_BOM: Final = ("utf-8", "cp1252")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A delimited text file as rows of text.

    Attributes
    ----------
    file : str
        Name of the file.
    encoding : str
        Encoding that was used.
    rows : tuple of tuple of str
        Every row, blank ones included, so that row ``i`` is row ``i + 1`` in a spreadsheet.
    """

    file: str
    encoding: str
    rows: tuple[tuple[str, ...], ...]


def decode(file: SourceFile) -> tuple[str, str]:
    r"""Turn the bytes of a text file into text.

    Parameters
    ----------
    file : SourceFile
        A text file.

    Returns
    -------
    text : str
        The text, without byte order mark.
    encoding : str
        The byte order mark's encoding if there is one; otherwise UTF-8 if every byte is valid UTF-8,
        else Windows-1252.

    Raises
    ------
    SourceError
        If the bytes are none of these.

    Examples
    --------
    >>> decode(SourceFile.of("a.csv", b"King\x92s Lynn"))
    ('King’s Lynn', 'cp1252')
    """
    marked = [encoding for mark, encoding in _BOMS if file.content.startswith(mark)]
    for encoding in marked or _WITHOUT_BOM:
        try:
            return file.content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise refusal(
        file, "unreadable-text", "the text is neither UTF-8 nor Windows-1252; save it as CSV in UTF-8"
    )


def read_text(file: SourceFile) -> TextTable:
    r"""Read a comma-separated file.

    Parameters
    ----------
    file : SourceFile
        A text file.

    Returns
    -------
    TextTable
        All rows as text.

    Raises
    ------
    SourceError
        If it cannot be decoded, or quotation marks do not match.

    Examples
    --------
    >>> read_text(SourceFile.of("a.csv", b'Code,Name\r\nRF4,"Barking, Havering"\r\n')).rows[1]
    ('RF4', 'Barking, Havering')
    """
    text, encoding = decode(file)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[str, ...]] = []
    try:
        rows.extend(tuple(row) for row in reader)
    except csv.Error as error:
        raise refusal(
            file,
            "broken-csv",
            f"after row {len(rows)} it is no CSV text ({error}); the file may be cut off: download it again",
        ) from error
    return TextTable(file=file.name, encoding=encoding, rows=tuple(rows))
