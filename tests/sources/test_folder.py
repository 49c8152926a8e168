from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import sha256

import pandas as pd
import pytest

from lean_impact.domain import Measure, Window
from lean_impact.errors import SourceError
from lean_impact.sources import DataSource, SourceFile, Tidied, Wanted, folder, read_folder, read_source
from lean_impact.tables import Panel

COUNT = Measure(
    id="n", name="N", kind="count", improvement="neutral", dimension="context", frequency="month", unit="n"
)


class Months:
    """Reads files named 2015-06.csv that hold one number."""

    suffixes = (".csv",)
    expects = "files such as 2015-06.csv"

    def locate(self, window: Window) -> tuple[Wanted, ...]:
        days = pd.date_range(window.start, window.end, freq="MS", inclusive="left")
        return tuple(
            Wanted(period=day.date(), what=f"{day:%Y-%m}.csv", page="https://x.test") for day in days
        )

    def tidy(self, files: Sequence[SourceFile]) -> Tidied:
        rows = [(f"{file.name[:7]}-01", float(file.content), file.name) for file in files]
        frame = pd.DataFrame(rows, columns=["period", "value", "source"])
        return Tidied(
            panel=Panel.from_frame(frame.assign(trust="RF4", measure="n", flag="published"), measures=[COUNT])
        )


def read(path):
    return read_folder(path, suffixes=(".csv", ".xls"), expects="A&E files")


def test_reads_files_by_name_with_their_digests(tmp_path):
    (tmp_path / "b.csv").write_bytes(b"1")
    (tmp_path / "A.CSV").write_bytes(b"2")
    content = read(tmp_path)
    assert [file.name for file in content.files] == ["A.CSV", "b.csv"]
    assert content.files[1].content == b"1"
    assert content.files[1].sha256 == sha256(b"1").hexdigest()
    assert content.issues == ()


def test_leaves_alone_what_is_no_data_file_and_says_so(tmp_path):
    for name in ("a.csv", "README.txt", "~$a.xls", ".DS_Store", ".b.csv", "no-suffix"):
        (tmp_path / name).write_bytes(b"1")
    (tmp_path / "more.csv").mkdir()
    content = read(tmp_path)
    assert [file.name for file in content.files] == ["a.csv"]
    assert {issue.file for issue in content.issues} == {
        "README.txt",
        "~$a.xls",
        ".DS_Store",
        ".b.csv",
        "no-suffix",
        "more.csv",
    }
    assert {issue.severity for issue in content.issues} == {"warning"}


def test_an_empty_folder_names_itself_and_what_belongs_into_it(tmp_path):
    with pytest.raises(SourceError, match="put A&E files into it") as caught:
        read(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_folder_with_other_files_only_lists_them(tmp_path):
    (tmp_path / "README.txt").write_bytes(b"1")
    with pytest.raises(SourceError, match=r"no file to read.*\n.*README.txt: skipped"):
        read(tmp_path)


def test_no_folder_and_a_file_instead_of_one(tmp_path):
    with pytest.raises(SourceError, match="does not exist"):
        read(tmp_path / "none")
    (tmp_path / "a.csv").write_bytes(b"1")
    with pytest.raises(SourceError, match="is a file, not a folder"):
        read(tmp_path / "a.csv")


def test_lists_every_file_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "large.csv").write_bytes(b"12345")
    monkeypatch.setattr(folder, "MAX_BYTES", 4)
    with pytest.raises(SourceError, match="2 files") as caught:
        read(tmp_path)
    assert [issue.file for issue in caught.value.issues] == ["gone.csv", "large.csv"]


def test_reads_a_source_and_names_the_months_without_a_file(tmp_path):
    (tmp_path / "2015-06.csv").write_bytes(b"6")
    (tmp_path / "2015-08.csv").write_bytes(b"8")
    (tmp_path / "notes.txt").write_bytes(b"x")
    source = Months()
    assert isinstance(source, DataSource)
    window = Window(start=date(2015, 6, 1), end=date(2015, 10, 1))
    tidied = read_source(source, folder=tmp_path, window=window)
    assert [issue.rule for issue in tidied.issues] == ["skipped-file"] + 2 * ["period-without-file"]
    assert tidied.cautions[1] == "no file holds 2015-07.csv; get it from https://x.test"
    assert "2015-09" in tidied.cautions[2]
    assert len(read_source(source, folder=tmp_path).issues) == 1
