from __future__ import annotations

import io
import struct
import zipfile

import pytest
from openpyxl import Workbook as NewWorkbook

from lean_impact.errors import SourceError
from lean_impact.sources import SourceFile, _xls_guard, _xlsx_guard, open_workbook, workbook

ROW = '<row r="1"><c r="A1"><v>1</v></c></row>'
FAR = '<row r="1048576"><c r="XFD1048576">{}</c></row>'


def refused(name: str, content: bytes) -> str:
    """Return the rule for which a workbook is refused."""
    with pytest.raises(SourceError) as caught:
        open_workbook(SourceFile.of(name, content))
    (issue,) = caught.value.issues
    assert issue.file == name
    return issue.rule


# ---------------------------------------------------------------------- real ones


def test_reads_cells_as_they_are_at_their_own_row_and_column():
    book = NewWorkbook()
    book.active.title = "A&E Data"
    book["A&E Data"]["B3"] = "Code"
    book["A&E Data"]["C4"] = 12.5
    book.create_sheet("Hidden").sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    opened = open_workbook(SourceFile.of("a.xlsx", buffer.getvalue()))
    assert (opened.container, opened.sheet_names) == ("xlsx", ("A&E Data", "Hidden"))
    assert opened.sheet("A&E Data").rows == (("",) * 3, ("",) * 3, ("", "Code", ""), ("", "", 12.5))
    assert opened.sheet("Hidden").rows == ()


def test_reads_a_workbook_of_1997(xls):
    opened = open_workbook(SourceFile.of("a.xls", xls([(0, 0, "Code"), (1, 1, 12.5)])))
    assert opened.container == "xls"
    assert opened.sheet("Data").rows == (("Code", ""), ("", 12.5))


def test_names_the_sheets_that_are_there(xls):
    opened = open_workbook(SourceFile.of("a.xls", xls()))
    with pytest.raises(SourceError, match="no sheet 'A&E Data'; its sheets are 'Data'"):
        opened.sheet("A&E Data")


@pytest.mark.shared
def test_every_published_workbook_passes_the_guard(shared_data):
    paths = [path for path in shared_data("nhs").rglob("*.xls*") if path.suffix in {".xls", ".xlsx"}]
    assert len(paths) > 30
    for path in paths:
        opened = open_workbook(SourceFile.of(path.name, path.read_bytes()))
        assert any(opened.sheet(name).rows for name in opened.sheet_names)


# ---------------------------------------------------------------------- hostile xlsx


def test_two_cells_at_the_corners_do_not_end_the_process(xlsx):
    assert refused("a.xlsx", xlsx(ROW + FAR.format("<v>1</v>"))) == "sheet-too-large"


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1048576"><c/><c r="XFD1048576"><is><t>x</t></is></c></row>',
        '<row r="1048575"/><row>' + "<c><v>1</v></c>" * 8 + "</row>",
        '<x:row r="1048576"><x:c r="xfd1048576"><x:v>1</x:v></x:c></x:row>',
    ],
)
def test_far_cells_are_found_however_they_are_written(xlsx, rows):
    declared = {"xl/worksheets/sheet1.xml": _sheet(ROW + rows)}
    assert refused("a.xlsx", xlsx("", **declared)) == "sheet-too-large"


def _sheet(rows: str) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{space}" xmlns:x="{space}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def test_a_format_on_a_far_cell_is_harmless(xlsx):
    opened = open_workbook(SourceFile.of("a.xlsx", xlsx(ROW + FAR.format(""))))
    assert opened.sheet("Data").rows == ((1.0,),)


@pytest.mark.parametrize(
    "name", ["/etc/passwd.xml", "../up.xml", "xl\\..\\..\\up.xml", "C:/windows.xml", "xl/../../up.xml"]
)
def test_parts_must_stay_inside(xlsx, name):
    assert refused("a.xlsx", xlsx(ROW, **{name: b"<a/>"})) == "hostile-workbook"


def test_a_bomb_is_refused_before_it_is_unpacked(xlsx, monkeypatch):
    assert refused("a.xlsx", xlsx(ROW, **{"xl/media.xml": bytes(3_000_000)})) == "hostile-workbook"
    monkeypatch.setattr(_xlsx_guard, "MAX_UNPACKED", 1_000)
    assert refused("a.xlsx", xlsx(ROW)) == "hostile-workbook"


def test_too_many_parts_are_refused(xlsx):
    parts = {f"xl/{n}.xml": b"<a/>" for n in range(_xlsx_guard.MAX_PARTS)}
    assert refused("a.xlsx", xlsx(ROW, **parts)) == "hostile-workbook"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused(xlsx):
    buffer = io.BytesIO(xlsx(ROW))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<a/>")
    assert refused("a.xlsx", buffer.getvalue()) == "hostile-workbook"


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        "<?xml version='1.0' encoding='utf-16'?><a/>".encode("utf-16"),
    ],
)
def test_entities_cannot_hide_in_any_part(xlsx, content):
    assert refused("a.xlsx", xlsx(ROW, **{"xl/sharedStrings.xml": content})) == "hostile-workbook"


def test_encrypted_parts_are_refused(xlsx):
    content = bytearray(xlsx(ROW))
    content[6] |= 1
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    assert refused("a.xlsx", bytes(content)) == "encrypted-workbook"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_workbook_is_refused(xlsx, share):
    content = xlsx(ROW)
    assert refused("a.xlsx", content[: int(len(content) * share)]) in {"damaged-workbook", "not-what-it-says"}


def test_the_parser_sees_only_what_was_checked(xlsx):
    # Declared sizes and checksums that lie: the archive is opened by what it declares, and refused.
    content = bytearray(xlsx(ROW + '<row r="2"><c r="A2"><v>2</v></c></row>' * 200))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 100)
    assert refused("a.xlsx", bytes(content)) == "damaged-workbook"


@pytest.mark.parametrize("rows", ['<row r="1"><c r="A0"><v>1</v></c></row>', '<row r="x"/>', "<row>"])
def test_cells_without_a_place_are_refused(xlsx, rows):
    assert refused("a.xlsx", xlsx(rows)) == "damaged-workbook"


def test_a_workbook_that_points_nowhere_is_refused(xlsx):
    assert refused("a.xlsx", xlsx(ROW, **{"xl/workbook.xml": b"<workbook><sheets"})) == "damaged-workbook"
    text = '<row r="1"><c r="A1" t="s"><v>5</v></c></row>'
    opened = open_workbook(SourceFile.of("a.xlsx", xlsx(text)))
    with pytest.raises(SourceError, match="damaged or cut off"):
        opened.sheet("Data")


class PanicException(BaseException):
    pass


def test_a_crash_of_the_parser_is_an_error_and_an_interrupt_is_not():
    file = SourceFile.of("a.xls", b"")
    with pytest.raises(SourceError, match=r"a\.xls: the workbook is damaged"), workbook._parsing(file):
        raise PanicException
    with pytest.raises(KeyboardInterrupt), workbook._parsing(file):
        raise KeyboardInterrupt


# ---------------------------------------------------------------------- hostile xls


def test_far_cells_of_an_xls_do_not_end_the_process(xls):
    assert refused("a.xls", xls([(0, 0, 1.0), (65535, 65535, 1.0)])) == "sheet-too-large"


def test_claimed_dimensions_of_an_xls_do_not_end_the_process(xls):
    dimensions = struct.pack("<HHIIHHH", 0x0200, 14, 0, 2**32 - 1, 0, 2**16 - 1, 0)
    assert refused("a.xls", xls([(0, 0, 1.0)], records=dimensions)) == "sheet-too-large"


def test_several_numbers_in_one_record_count_to_the_last(xls):
    numbers = struct.pack("<HHHHHIHIH", 0x00BD, 18, 60000, 0, 0, 0, 0, 0, 60000)
    assert refused("a.xls", xls(records=numbers)) == "sheet-too-large"


def test_an_encrypted_xls_is_refused(xls):
    assert refused("a.xls", xls(globals_=struct.pack("<HHH", 0x002F, 2, 0))) == "encrypted-workbook"


@pytest.mark.parametrize("options", [{"version": 0x0500}, {"name": "EncryptedPackage"}])
def test_other_kinds_of_the_same_container_are_refused(xls, options):
    assert refused("a.xls", xls(**options)) == "damaged-workbook"


@pytest.mark.parametrize("length", [8, 60, 512, 1024, 1536, 3000])
def test_a_truncated_xls_is_refused(xls, length):
    assert refused("a.xls", xls([(0, 0, 1.0)])[:length]) == "damaged-workbook"


def test_a_chain_in_a_circle_is_refused(xls):
    content = bytearray(xls())
    # The second sector of the stream (number 3) is followed by itself.
    content[512 + 3 * 4 : 512 + 4 * 4] = struct.pack("<I", 3)
    assert refused("a.xls", bytes(content)) == "damaged-workbook"


def test_a_huge_xls_is_refused(xls, monkeypatch):
    monkeypatch.setattr(_xls_guard, "MAX_BYTES", 1_000)
    assert refused("a.xls", xls()) == "sheet-too-large"


def test_text_is_no_workbook():
    assert refused("a.csv", b"a,b") == "not-a-workbook"
