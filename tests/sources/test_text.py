from __future__ import annotations

import codecs

import pytest

from lean_impact.errors import SourceError
from lean_impact.sources import SourceFile, read_text


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Trust’s".encode(), "utf-8"),
        (codecs.BOM_UTF8 + "Trust’s".encode(), "utf-8-sig"),
        ("Trust’s".encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + "Trust’s".encode("utf-16-be"), "utf-16"),
        ("Trust’s".encode("cp1252"), "cp1252"),
    ],
)
def test_finds_the_encoding_and_no_mark_stays_behind(content, encoding):
    table = read_text(SourceFile.of("a.csv", content))
    assert table.rows == (("Trust’s",),)
    assert table.encoding == encoding


def test_keeps_blank_rows_so_that_row_numbers_are_those_of_a_spreadsheet():
    table = read_text(SourceFile.of("a.csv", b'a,b\r\n\r\n"x, y",\r\n'))
    assert table.rows == (("a", "b"), (), ("x, y", ""))


@pytest.mark.parametrize("content", [b"a\x81b", codecs.BOM_UTF8 + b"a\xff"])
def test_refuses_bytes_of_no_encoding(content):
    with pytest.raises(SourceError, match=r"a\.csv: the text is neither UTF-8 nor Windows-1252"):
        read_text(SourceFile.of("a.csv", content))


def test_a_file_cut_off_inside_quotes_names_the_row():
    with pytest.raises(SourceError, match=r"after row 2 .*download it again"):
        read_text(SourceFile.of("a.csv", b'a,b\r\n1,2\r\n3,"Barki'))
