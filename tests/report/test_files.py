from __future__ import annotations

import csv
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest

from lean_impact.errors import OutputError
from lean_impact.report import Report, SafeSvg, Section, Table, write_tables
from lean_impact.report.files import csv_text

DOT = '<svg viewBox="0 0 2 2"><circle r="1"/></svg>'


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("-", "-"),
        ("--", "'--"),
        ("-1.5", "-1.5"),
        ("+2", "+2"),
        ("-1.5e-7", "-1.5e-7"),
        ("-1.5%", "-1.5%"),
        ("-1-1", "'-1-1"),
        ("RF4 = best", "RF4 = best"),
        ("−1.5", "−1.5"),
    ],
)
def test_only_text_that_a_spreadsheet_would_run_is_guarded(text, written):
    assert csv_text(pd.DataFrame({"a": [text]})) == f"a\n{written}\n"


def test_a_carriage_return_is_guarded_and_quoted():
    assert csv_text(pd.DataFrame({"a": ["\rx"]})) == 'a\n"\'\rx"\n'


def test_a_row_without_a_value_is_still_a_row():
    assert csv_text(pd.DataFrame({"a": [None, 1]}, dtype=object)) == 'a\n""\n1\n'


def test_headings_are_guarded():
    assert csv_text(pd.DataFrame({"=a": [1]})) == "'=a\n1\n"


def test_values_are_written_without_loss_and_without_locale():
    frame = pd.DataFrame(
        {
            "float": [-1.5, 0.1 + 0.2, np.nan],
            "int": [-3, 0, 10**6],
            "flag": [True, False, True],
            "day": pd.to_datetime(["2015-08-01", None, "2015-09-01"]),
            "time": pd.to_datetime(["2015-08-01 09:30", None, "2015-09-01 00:00"]),
            "text": ["a,b", 'say "x"', None],
            "maybe": pd.array([1, None, 3], dtype="Int64"),
            "kind": pd.Categorical(["x", "y", "x"]),
            "icon": SafeSvg(svg=DOT, words="Common cause"),
        }
    )
    assert csv_text(frame).splitlines() == [
        "float,int,flag,day,time,text,maybe,kind,icon",
        '-1.5,-3,True,2015-08-01,2015-08-01T09:30:00,"a,b",1,x,Common cause',
        '0.30000000000000004,0,False,,,"say ""x""",,y,Common cause',
        ",1000000,True,2015-09-01,2015-09-01T00:00:00,,3,x,Common cause",
    ]


def test_every_table_is_written_once_with_its_digest(demonstration, tmp_path):
    written = write_tables(demonstration, tmp_path)
    assert [file.path for file in written] == [
        f"tables/{name}.csv"
        for name in ("quality-findings", "monthly", "variation", "effects", "sensitivity")
    ]
    assert len(list((tmp_path / "tables").iterdir())) == len(written)
    for file, table in zip(written, demonstration.tables(), strict=True):
        content = (tmp_path / file.path).read_bytes()
        assert file.sha256 == sha256(content).hexdigest()
        assert file.rows == len(table.frame) == content.count(b"\n") - 1
        assert b"\r" not in content


def test_the_file_holds_every_row_and_column_and_reads_back(demonstration, tmp_path):
    write_tables(demonstration, tmp_path)
    monthly = next(table for table in demonstration.tables() if table.id == "monthly")
    with (tmp_path / "tables" / "monthly.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == list(monthly.frame.columns)
    assert [row[1] for row in rows] == [f"{period:%Y-%m-%d}" for period in monthly.frame["period"]]
    back = np.array([float(row[2] or "nan") for row in rows])
    np.testing.assert_array_equal(back, monthly.frame["share"].to_numpy())


def test_two_writes_are_the_same(demonstration, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert write_tables(demonstration, tmp_path / "a") == write_tables(demonstration, tmp_path / "b")


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path):
    table = Table(id="t", caption="C", frame=pd.DataFrame({"a": [1]}))
    report = Report(title="R", sections=(Section(id="s", title="S", tables=(table,)),))
    with pytest.raises(OutputError, match="choose a folder"):
        write_tables(report, tmp_path / "none")
