"""A run is repeatable, says what went into it, and leaves all of its output or nothing."""

from __future__ import annotations

import filecmp
import json
import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pytest

from lean_impact.errors import OutputError, TableError
from lean_impact.report import OutputFolder
from lean_impact.study import load_study, run, run_study
from lean_impact.study.stages import Stages


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def differing(one: Path, two: Path) -> list[str]:
    assert files_below(one) == files_below(two)
    return [name for name in files_below(one) if not filecmp.cmp(one / name, two / name, shallow=False)]


# ---------------------------------------------------------------------------------- the same again


def test_the_same_seed_gives_the_same_bytes_in_another_process(small_run, tmp_path):
    program = "import sys; from lean_impact import run_study; run_study(sys.argv[1], out=sys.argv[2])"
    environ = os.environ | {"PYTHONHASHSEED": "99"}
    subprocess.run(
        [sys.executable, "-c", program, str(small_run.path), str(tmp_path / "again")], check=True, env=environ
    )
    assert differing(small_run.out, tmp_path / "again") == []


def test_another_seed_changes_only_what_is_drawn(small_run, small, tmp_path):
    path, _ = small.write_small(tmp_path / "study", context=True)
    small.edit(path, ("seed = 7", "seed = 8"))
    other = run_study(path).results
    mine = small_run.outcome.results
    columns = ["scope", "trust", "estimate", "standard_error", "lower", "upper"]
    frames = [results.primary.result.to_frame()[columns] for results in (mine, other)]
    assert frames[0].equals(frames[1])
    assert mine.quality.to_frame().equals(other.quality.to_frame())
    for one, two in zip(mine.charts, other.charts, strict=True):
        assert one.to_frame().equals(two.to_frame())
    penalties = [[item.result.penalty for item in results.changes] for results in (mine, other)]
    assert penalties[0] != penalties[1], "stable series are drawn to tell what is unusual"


def test_each_stage_has_a_seed_of_its_own(small_run):
    plan = small_run.outcome.results.plan
    seeds = Stages.seeds_of(plan)
    assert len(set(seeds.values())) == len(seeds) == 3
    assert Stages.seeds_of(plan.model_copy(update={"spc": None, "contingency": None})) == seeds


def test_writing_changes_nothing_that_is_found(small_run):
    unwritten = run_study(small_run.path)
    assert unwritten.folder is None
    assert unwritten.answer == small_run.outcome.answer
    assert unwritten.results.primary.result.to_frame().equals(
        small_run.outcome.results.primary.result.to_frame()
    )


def test_steps_are_told_in_order_and_never_beyond_the_last(small_run):
    told = []
    run_study(small_run.path, on_progress=lambda *step: told.append(step))
    done, totals, words = zip(*told, strict=True)
    assert list(done) == list(range(len(told)))
    assert set(totals) == {len(told) + 1}, "writing is the one step that is left"
    assert len(set(words)) == len(words)


# ---------------------------------------------------------------------------------- the manifest


@pytest.fixture(scope="module")
def manifest(small_run):
    return json.loads((small_run.out / "manifest.json").read_text(encoding="utf-8"))


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_every_input_is_named_with_its_digest_and_rows(manifest, small_run):
    folder = small_run.path.parent
    assert {file["path"] for file in manifest["inputs"]} == {path.name for path in folder.glob("*.csv")}
    for file in manifest["inputs"]:
        assert file["sha256"] == digest(folder / file["path"])
        lines = (folder / file["path"]).read_text(encoding="utf-8").splitlines()
        assert file["rows"] == len(lines) - 1
    assert manifest["study"] == {"id": "small", "file": "study.toml", "sha256": digest(small_run.path)}


def test_every_output_is_named_with_its_digest(manifest, small_run):
    written = {file["path"]: file["sha256"] for file in manifest["files"]}
    assert sorted([*written, "manifest.json"]) == files_below(small_run.out)
    for name, its_digest in written.items():
        assert its_digest == digest(small_run.out / name)
    tables = {name for name in written if name.startswith("tables/")}
    assert set(manifest["table_rows"]) == tables
    assert tables


def test_plan_seeds_versions_and_plugins_are_there(manifest, small_run):
    plan = small_run.outcome.results.plan
    assert manifest["plan"]["seed"] == manifest["seeds"]["root"] == 7
    assert manifest["plan_sha256"] == plan.digest()
    assert set(manifest["seeds"]) == {"root", "effects", "changepoints", "contingency"}
    assert set(manifest["estimators"]) == {"main", "pretended"}
    assert manifest["estimators"]["main"]["draws"] == "199"
    for package in ("numpy", "pandas", "scipy", "ruptures", "lean_impact"):
        assert manifest["versions"][package] == version(package)
    assert {plugin["name"] for plugin in manifest["plugins"]} >= {"nhs", "contingency", "sections"}
    assert all(len(plugin["sha256"]) == 64 for plugin in manifest["plugins"])
    assert manifest["plugin_failures"] == []


def test_the_report_names_no_folder_of_this_machine(small_run):
    for name in files_below(small_run.out):
        content = (small_run.out / name).read_text(encoding="utf-8")
        assert str(small_run.path.parent) not in content
        assert str(Path.home()) not in content


# ---------------------------------------------------------------------------------- all or nothing

STAGES = [
    "read_inputs",
    "Stages.comparisons",
    "Stages.quality",
    "Stages.charts",
    "Stages.changes",
    "Stages.answers",
    "Stages.contingency",
    "build_sections",
    "headline",
    "render_html",
    "write_tables",
    "manifest_of",
]


@pytest.mark.parametrize(
    ("stage", "error"), [*((stage, RuntimeError) for stage in STAGES), ("Stages.answers", KeyboardInterrupt)]
)
def test_an_error_in_any_stage_leaves_nothing(stage, error, quick_file, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise error("stopped here")

    owner, _, name = stage.rpartition(".")
    monkeypatch.setattr(Stages if owner else run, name, fail)
    if stage not in {"write_tables", "manifest_of", "render_html"}:
        monkeypatch.setattr(run, "render_html", lambda _: "")
    with pytest.raises(error, match="stopped here"):
        run_study(quick_file, out=tmp_path / "deep" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_an_error_leaves_an_earlier_output_as_it_was(small_run, study_file, tmp_path, monkeypatch):
    run_study(study_file, out=tmp_path / "out")
    (study_file.parent / "figures.csv").write_text("trust\n")
    with pytest.raises(TableError):
        run_study(study_file, out=tmp_path / "out")
    assert differing(small_run.out, tmp_path / "out") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "study"]


def test_a_second_run_replaces_the_first(quick_file, small, tmp_path):
    out = tmp_path / "out"
    run_study(quick_file, out=out)
    before = set(files_below(out))
    small.edit(quick_file, ("pretended", "imagined"))
    run_study(quick_file, out=out)
    after = set(files_below(out))
    assert {name.replace("imagined", "pretended") for name in after} == before
    assert not [name for name in after if "pretended" in name]


def test_a_folder_of_something_else_is_not_touched(quick_file, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match=r"thesis\.txt"):
        run_study(quick_file, out=out)
    assert (out / "thesis.txt").read_text() == "years of work"
    run_study(quick_file, out=out, overwrite=True)
    assert not (out / "thesis.txt").exists()


def test_a_file_put_beside_the_report_is_not_removed(quick_file, tmp_path):
    run_study(quick_file, out=tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"notes\.txt"):
        run_study(quick_file, out=tmp_path / "out")


@pytest.mark.parametrize("out", [".", "..", "../study"])
def test_the_study_is_never_replaced_by_its_report(study_file, out):
    before = files_below(study_file.parent)
    with pytest.raises(OutputError, match="to be read"):
        run_study(study_file, out=study_file.parent / out, overwrite=True)
    assert files_below(study_file.parent) == before


def test_a_folder_that_cannot_be_written_is_told_before_any_work(quick_file, tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(run, "read_inputs", lambda *_, **__: pytest.fail("work was begun"))
    with pytest.raises(OutputError, match="Permission denied"):
        run_study(quick_file, out=tmp_path / "out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(quick_file, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="choose a folder"):
        run_study(quick_file, out=closed / "out")


def test_a_full_disk_is_told_and_leaves_nothing(quick_file, tmp_path, monkeypatch):
    whole = Path.write_bytes

    def full(self, content):
        if self.suffix == ".csv":
            raise OSError(28, "No space left on device")
        return whole(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        run_study(quick_file, out=tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_the_folder_may_be_a_file_by_mistake(study_file, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="is a file"):
        run_study(study_file, out=tmp_path / "out" / "report")


def test_an_output_folder_and_a_study_object_do_as_well_as_names(study_file, tmp_path):
    study = load_study(study_file)
    fewer = replace(study, cases=None, plan=study.plan.model_copy(update={"contingency": None, "spc": None}))
    outcome = run_study(fewer, out=tmp_path / "out")
    assert outcome.folder == tmp_path / "out"
    assert outcome.results.charts == ()
    assert outcome.results.contingency is None
    with OutputFolder(tmp_path / "out") as again:
        again.write_text("report.html", "")
    assert files_below(tmp_path / "out") == ["manifest.json", "report.html"]
