"""Look at the first bytes of a file and say what it is, whatever its name claims."""

from __future__ import annotations

from typing import Final, Literal

from lean_impact.errors import Issue, SourceError
from lean_impact.sources.protocol import SourceFile

__all__ = ["Container", "check_container", "refusal", "what_it_is"]

Container = Literal["csv", "xls", "xlsx"]
"""Kinds of file that can be read: delimited text, a workbook of 1997-2003, a workbook since 2007."""

ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CONTAINERS: Final[dict[str, Container]] = {".csv": "csv", ".xls": "xls", ".xlsx": "xlsx"}
_WORDS: Final[dict[Container, str]] = {
    "csv": "text, as in a CSV file",
    "xls": "an Excel 97-2003 workbook (.xls)",
    "xlsx": "an Excel workbook (.xlsx)",
}
_OTHERS: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x89PNG", "a picture"),
)
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_HEAD: Final = 4096
_EMPTY: Final = "empty"


def refusal(file: SourceFile, rule: str, message: str) -> SourceError:
    """Return the error that a single file cannot be used."""
    return SourceError(f"{file.name} cannot be read", [Issue(rule=rule, file=file.name, message=message)])


def what_it_is(content: bytes) -> tuple[Container | None, str]:
    """Tell the kind of a file from its content.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    container : {"csv", "xls", "xlsx"} or None
        None if it is none of them.
    words : str
        What it is, for a message.

    Examples
    --------
    >>> what_it_is(b"<!DOCTYPE html><html>")
    (None, 'a web page (HTML)')
    """
    if not content.strip():
        return None, _EMPTY
    if content.startswith((ZIP, _EMPTY_ZIP)):
        return _kind_of_zip(content)
    if content.startswith(OLE):
        return "xls", _WORDS["xls"]
    words = next((words for magic, words in _OTHERS if content.startswith(magic)), "")
    return (None, words) if words else _kind_of_text(content[:_HEAD])


def _kind_of_text(head: bytes) -> tuple[Container | None, str]:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<"):
        page = b"<html" in text or text.startswith(b"<!doctype html")
        return None, "a web page (HTML)" if page else "an XML document"
    if b"\x00" in head and not head.startswith(_UTF16):
        return None, "binary data of an unknown kind"
    return "csv", _WORDS["csv"]


def _kind_of_zip(content: bytes) -> tuple[Container | None, str]:
    # Names of parts stand uncompressed in the archive, so that even a truncated one tells its kind.
    if b"xl/workbook.xml" in content:
        return "xlsx", _WORDS["xlsx"]
    if b"xl/workbook.bin" in content:
        return None, "a binary Excel workbook (.xlsb)"
    if b"opendocument.spreadsheet" in content:
        return None, "an OpenDocument spreadsheet (.ods)"
    if b"xl/worksheets" in content or b"[Content_Types].xml" in content:
        return None, "a damaged or incomplete Office document"
    return None, "a zip archive"


def check_container(file: SourceFile) -> Container:
    """Return the kind of a file if its name says the same.

    Parameters
    ----------
    file : SourceFile
        Its suffix is what it claims to be.

    Returns
    -------
    {"csv", "xls", "xlsx"}
        What it is.

    Raises
    ------
    SourceError
        If the file is empty, of another kind than its name says, or of no kind that can be read.

    Examples
    --------
    >>> check_container(SourceFile.of("april.csv", b"Period,Org Code"))
    'csv'
    """
    claimed = _CONTAINERS.get(file.suffix)
    found, words = what_it_is(file.content)
    if words == _EMPTY:
        raise refusal(file, "empty-file", "the file is empty; download it again")
    if claimed is None:
        raise refusal(file, "unknown-suffix", f"it is {words}; only .csv, .xls and .xlsx files can be read")
    if found == claimed:
        return found
    if found is None:
        raise refusal(
            file, "not-what-it-says", f"its name says {_WORDS[claimed]}, but it is {words}; download it again"
        )
    raise refusal(
        file,
        "not-what-it-says",
        f"its name says {_WORDS[claimed]}, but it is {_WORDS[found]}; "
        f"rename it so that it ends in .{found}, or download it again",
    )
