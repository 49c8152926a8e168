from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from lean_impact.errors import OutputError
from lean_impact.report import OutputFolder


def fill(target, text="first", **options):
    with OutputFolder(target, **options) as folder:
        folder.write_text("report.html", text)
        (folder.path / "tables").mkdir()
        folder.write_text("tables/a.csv", "a\n1\n")
        folder.manifest = {"seed": 7}
    return target


def interrupt(target, error):
    with OutputFolder(target) as folder:
        folder.write_text("report.html", "half")
        raise error


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_run_that_ends_well_leaves_everything_and_nothing_else(tmp_path):
    target = fill(tmp_path / "out")
    assert tree(tmp_path) == ["out", "out/manifest.json", "out/report.html", "out/tables", "out/tables/a.csv"]
    manifest = json.loads((target / "manifest.json").read_text())
    assert manifest == {
        "seed": 7,
        "generator": "lean_impact",
        "files": [
            {"path": "report.html", "sha256": sha256(b"first").hexdigest()},
            {"path": "tables/a.csv", "sha256": sha256(b"a\n1\n").hexdigest()},
        ],
    }


def test_missing_parents_are_made_only_at_the_end(tmp_path):
    with pytest.raises(ZeroDivisionError), OutputFolder(tmp_path / "a" / "b" / "out"):
        raise ZeroDivisionError
    assert tree(tmp_path) == []
    fill(tmp_path / "a" / "b" / "out")
    assert "a/b/out/report.html" in tree(tmp_path)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_nothing(tmp_path, error):
    with pytest.raises(error):
        interrupt(tmp_path / "out", error)
    assert tree(tmp_path) == []


def test_an_error_leaves_the_earlier_output_as_it_was(tmp_path):
    target = fill(tmp_path / "out")
    before = tree(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        interrupt(target, KeyboardInterrupt)
    assert tree(tmp_path) == before
    assert (target / "report.html").read_text() == "first"


def test_an_earlier_output_is_replaced_whole(tmp_path):
    target = fill(tmp_path / "out")
    with OutputFolder(target) as folder:
        folder.write_text("report.html", "second")
    assert tree(target) == ["manifest.json", "report.html"]
    assert (target / "report.html").read_text() == "second"
    assert tree(tmp_path)[0] == "out"


def test_a_failing_rename_puts_the_earlier_output_back(tmp_path, monkeypatch):
    target = fill(tmp_path / "out")
    before = tree(tmp_path)
    rename = Path.rename

    def refuse(self, other):
        if self.suffix == ".partial":
            raise PermissionError(13, "Permission denied")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        fill(target, "second")
    assert tree(tmp_path) == before
    assert (target / "report.html").read_text() == "first"


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out")
    assert "out/report.html" in tree(tmp_path)


def test_a_folder_of_someone_else_is_refused_unless_asked_for(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "thesis.docx").write_text("years")
    with pytest.raises(OutputError, match=r"thesis\.docx.*choose another folder"):
        fill(target)
    assert tree(target) == ["thesis.docx"]
    fill(target, overwrite=True)
    assert "thesis.docx" not in tree(target)


@pytest.mark.parametrize(
    "manifest", ["{}", "[]", "not json", '{"generator": "other", "files": []}', "\ufeff"]
)
def test_a_manifest_of_someone_else_is_no_marker(tmp_path, manifest):
    target = tmp_path / "out"
    target.mkdir()
    (target / "manifest.json").write_text(manifest)
    with pytest.raises(OutputError, match="not an earlier output"):
        fill(target)
    assert (target / "manifest.json").read_text() == manifest


def test_a_file_put_beside_the_report_is_not_removed(tmp_path):
    target = fill(tmp_path / "out")
    (target / "tables" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"tables/notes\.txt"):
        fill(target, "second")
    assert (target / "tables" / "notes.txt").read_text() == "mine"
    assert (target / "report.html").read_text() == "first"


def test_what_file_browsers_leave_is_no_reason_to_refuse(tmp_path):
    target = fill(tmp_path / "out")
    (target / ".DS_Store").write_text("")
    fill(target, "second")
    assert (target / "report.html").read_text() == "second"


def test_a_file_that_appears_while_the_run_goes_on_is_not_removed(tmp_path):
    target = tmp_path / "out"
    folder = OutputFolder(target).__enter__()
    target.mkdir()
    (target / "late.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"late\.txt"):
        folder.__exit__(None, None, None)
    assert tree(tmp_path) == ["out", "out/late.txt"]


def test_a_target_that_is_or_stands_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    for target in (tmp_path / "file", tmp_path / "file" / "out", tmp_path / "file" / "a" / "out"):
        with pytest.raises(OutputError, match=r"file is a file; choose another folder"):
            fill(target, overwrite=True)
    assert tree(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_written_to_is_refused_before_any_work(tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match="Permission denied; choose a folder that you may write to"):
        OutputFolder(tmp_path / "out").__enter__()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="choose a folder"):
            fill(tmp_path / "out")
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    def refuse(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OutputError, match="No space left"):
        fill(tmp_path / "out")
    assert tree(tmp_path) == []


def test_the_rights_of_the_folder_are_the_usual_ones(tmp_path):
    (tmp_path / "usual").mkdir()
    target = fill(tmp_path / "out")
    assert target.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_there_is_no_path_outside_the_block(tmp_path):
    with pytest.raises(RuntimeError, match="inside its with block"):
        _ = OutputFolder(tmp_path / "out").path


def test_the_folder_one_stands_in_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="the folder you are in"), OutputFolder("."):
        pass
    assert tmp_path.is_dir()
