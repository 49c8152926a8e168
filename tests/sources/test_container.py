from __future__ import annotations

import pytest

from lean_impact.errors import SourceError
from lean_impact.sources import SourceFile, check_container
from lean_impact.sources.container import what_it_is

HTML = b"<!DOCTYPE html><html><body>404</body></html>"
TEXT = b"Period,Org Code\r\n"


@pytest.mark.parametrize(
    ("content", "found", "words"),
    [
        (b"", None, "empty"),
        (b" \r\n", None, "empty"),
        (HTML, None, "web page"),
        (b"\xef\xbb\xbf  <html>", None, "web page"),
        (b"<?xml version='1.0'?><Workbook/>", None, "XML"),
        (b"%PDF-1.7", None, "PDF"),
        (b"\x1f\x8b\x08", None, "gzip"),
        (b"\x00\x01\x02", None, "binary"),
        (b"PK\x03\x04....other.txt", None, "zip archive"),
        (b"PK\x03\x04....xl/workbook.bin", None, "xlsb"),
        (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", None, "ods"),
        (b"PK\x03\x04....[Content_Types].xml", None, "incomplete"),
        (TEXT, "csv", "text"),
        ("Period,Org Code".encode("utf-16"), "csv", "text"),
    ],
)
def test_says_what_a_file_is(content, found, words):
    kind, said = what_it_is(content)
    assert kind == found
    assert words in said


def test_recognises_workbooks(xls, xlsx):
    assert what_it_is(xls())[0] == "xls"
    assert what_it_is(xlsx())[0] == "xlsx"


@pytest.mark.parametrize("name", ["a.csv", "A.CSV"])
def test_accepts_what_the_name_says_in_any_case(name):
    assert check_container(SourceFile.of(name, TEXT)) == "csv"


@pytest.mark.parametrize(
    ("name", "content", "rule", "said"),
    [
        ("a.xls", HTML, "not-what-it-says", "but it is a web page (HTML); download it again"),
        (
            "a.xls",
            TEXT,
            "not-what-it-says",
            "but it is text, as in a CSV file; rename it so that it ends in .csv",
        ),
        ("a.csv", b"PK\x03\x04....", "not-what-it-says", "but it is a zip archive"),
        ("a.csv", b"", "empty-file", "the file is empty; download it again"),
        ("a.ods", TEXT, "unknown-suffix", "only .csv, .xls and .xlsx files can be read"),
        ("csv", TEXT, "unknown-suffix", "only .csv"),
    ],
)
def test_refuses_what_is_not_what_it_says(name, content, rule, said):
    with pytest.raises(SourceError, match=name) as caught:
        check_container(SourceFile.of(name, content))
    (issue,) = caught.value.issues
    assert (issue.rule, issue.file) == (rule, name)
    assert said in issue.message


def test_refuses_one_workbook_in_the_name_of_another(xls, xlsx):
    with pytest.raises(SourceError, match=r"ends in \.xls,"):
        check_container(SourceFile.of("a.xlsx", xls()))
    with pytest.raises(SourceError, match=r"ends in \.xlsx,"):
        check_container(SourceFile.of("a.xls", xlsx()))
