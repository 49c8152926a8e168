"""What a user meets: plain lines, one clear message for what went wrong, and an exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pandas as pd
import pytest

from lean_impact import __version__
from lean_impact.plugins.nhs.measures import AE_MEASURES
from lean_impact.tables import Panel

AE = run_path(str(Path(__file__).parents[1] / "plugins" / "nhs" / "conftest.py"))


def fails_plainly(done, code=2):
    """Tell that a command ended with one message, without traceback, and return the message."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error:") == 1
    return done.stderr


def test_the_version(process):
    done = process("--version")
    assert (done.returncode, done.stdout) == (0, f"lean_impact {__version__}\n")


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ("run", "check", "tidy", "plugins", "studies")),
        (("run",), ("--out", "--overwrite")),
        (("plugins",), ("list",)),
        (("studies",), ("list", "copy")),
    ],
)
def test_help(cli, words, names):
    done = cli(*words, "--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in names)


def test_help_loads_nothing_heavy():
    program = (
        "import sys; sys.argv = ['lean-impact', '--help']\n"
        "from lean_impact.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'matplotlib', 'ruptures', 'pydantic', 'lean_impact.plugins'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    [("nothing",), ("run",), ("run", "nhs-vmi"), ("run", "nhs-vmi", "--out"), ("--nothing",), ("tidy", "x")],
)
def test_wrong_usage_ends_with_2(cli, words):
    done = cli(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_a_run_in_a_pipe_gives_plain_lines(process, study_file, tmp_path):
    done = process("run", study_file, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    steps = [line for line in lines if line.startswith("[")]
    assert steps[0] == "[1/10] Reading the study"
    assert steps[-1] == "[10/10] Writing the report"
    assert len(steps) == 10
    assert any(line.startswith("No visible effect") for line in lines)
    assert lines[-1] == f"Report: {tmp_path / 'out' / 'report.html'}"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "manifest.json", "tables"}


def test_a_run_on_a_terminal_shows_a_bar(study_file, tmp_path):
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    program = "import sys; from lean_impact.cli import main; sys.argv[0] = 'lean-impact'; main()"
    lead, follow = pty.openpty()
    command = [sys.executable, "-c", program, "run", str(study_file), "--out", str(tmp_path / "out")]
    environ = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    running = subprocess.Popen(command, stdin=follow, stdout=follow, stderr=follow, env=environ)
    os.close(follow)
    shown = b""
    while True:
        try:
            part = os.read(lead, 65536)
        except OSError:  # the way in which a pseudo-terminal says that the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(lead)
    assert running.wait(timeout=60) == 0, shown.decode()
    said = shown.decode()
    assert "\x1b[" in said, "something was drawn"
    assert "Reading the study" in said or "Writing the report" in said, "a quick step may never be drawn"
    assert "[1/10]" not in said
    assert "Report:" in said


def test_an_error_on_a_terminal_still_ends_with_one_message(study_file, tmp_path):
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    (study_file.parent / "figures.csv").write_text("trust\n")
    program = "import sys; from lean_impact.cli import main; main()"
    lead, follow = pty.openpty()
    command = [sys.executable, "-c", program, "run", str(study_file), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        command, stdin=follow, stdout=follow, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(follow)
    os.close(lead)
    assert "figures.csv" in fails_plainly(done)


# ---------------------------------------------------------------------------------- bad input


def test_bad_input_ends_with_2_and_one_message(process, cli, study_file, small, tmp_path):
    small.edit(study_file, ("title =", "titel ="))
    for done in (process("run", study_file, "--out", tmp_path / "out"), cli("check", study_file)):
        said = fails_plainly(done)
        assert "did you mean 'title'" in said
        assert "study.toml" in said
    assert not (tmp_path / "out").exists()


def test_an_unknown_study(cli, tmp_path):
    assert "did you mean 'nhs-vmi'" in fails_plainly(cli("run", "nhs-vim", "--out", tmp_path / "out"))


def test_a_folder_that_is_not_ours(cli, study_file, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("")
    assert "mine.txt" in fails_plainly(cli("run", study_file, "--out", tmp_path / "out"))
    assert cli("run", study_file, "--out", tmp_path / "out", "--overwrite").returncode == 0
    assert not (tmp_path / "out" / "mine.txt").exists()


def test_anything_else_ends_with_1(study_file, tmp_path):
    program = (
        "import sys; from lean_impact.study import run\n"
        "def fail(*_, **__): raise RuntimeError('a fault of the library')\n"
        "run.read_inputs = fail\n"
        "from lean_impact.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "run", str(study_file), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "a fault of the library" in done.stderr
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------------------------- plugins

BROKEN = """
from lean_impact.hooks import SectionEntry, hookimpl
@hookimpl
def lean_impact_sections():
    yield SectionEntry(name="strange", summary="A stranger's section", order=150, open=lambda: build)
def build(results):
    raise ZeroDivisionError("no data")
"""


@pytest.fixture
def installed(tmp_path):
    """A broken plugin that is installed, and the environment in which it is found."""
    site = tmp_path / "site"
    (site / "stranger-1.2.dist-info").mkdir(parents=True)
    (site / "stranger_plugin.py").write_text(BROKEN)
    (site / "stranger-1.2.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: stranger\nVersion: 1.2\n"
    )
    (site / "stranger-1.2.dist-info" / "entry_points.txt").write_text(
        "[lean_impact]\nstranger = stranger_plugin\n"
    )
    paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}


def test_a_broken_plugin_is_warned_of_once_and_the_run_ends_well(process, installed, study_file, tmp_path):
    done = process("run", study_file, "--out", tmp_path / "out", **installed)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: plugin stranger (stranger 1.2) failed at use")
    assert "no data" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_strict_mode_ends_with_1(cli, installed, monkeypatch, study_file, tmp_path):
    monkeypatch.syspath_prepend(installed["PYTHONPATH"].split(os.pathsep)[0])
    done = cli("run", study_file, "--out", tmp_path / "out", LEAN_IMPACT_STRICT_PLUGINS="1")
    assert done.returncode == 1
    assert "no data" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_allow_list_may_be_empty(cli, installed, monkeypatch):
    monkeypatch.syspath_prepend(installed["PYTHONPATH"].split(os.pathsep)[0])
    assert "strange " in cli("plugins", "list").stdout
    assert "strange " not in cli("plugins", "list", LEAN_IMPACT_PLUGINS="").stdout
    assert "strange " in cli("plugins", "list", LEAN_IMPACT_PLUGINS="stranger").stdout


def test_plugins_are_listed_with_what_they_bring(cli):
    said = cli("plugins", "list").stdout
    for name in ("nhs-ae-monthly", "ae-4h-type1", "null", "readiness", "nhs-vmi", "effects"):
        assert name in said
    assert "FAILED" not in said


# ---------------------------------------------------------------------------------- studies and sources


def test_studies_are_listed(cli):
    done = cli("studies", "list")
    assert done.returncode == 0
    assert done.stdout.startswith("nhs-vmi: ")


def test_check_says_that_a_study_can_be_used(cli):
    done = cli("check", "nhs-vmi")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ae-4h-type1: 157 trusts, 2010-11 to 2021-12" in done.stdout
    assert done.stdout.rstrip().endswith("can be used.")


def test_a_copied_study_can_be_used(cli, tmp_path):
    copied = cli("studies", "copy", "nhs-vmi", tmp_path / "mine")
    assert copied.returncode == 0
    assert str(tmp_path / "mine" / "study.toml") in copied.stdout
    assert cli("check", tmp_path / "mine" / "study.toml").stdout == cli("check", "nhs-vmi").stdout


def test_a_copy_never_goes_where_something_is(cli, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "study.toml").write_text("my own")
    assert "not empty" in fails_plainly(cli("studies", "copy", "nhs-vmi", tmp_path / "mine"))
    assert (tmp_path / "mine" / "study.toml").read_text() == "my own"
    (tmp_path / "empty").mkdir()
    assert cli("studies", "copy", "nhs-vmi", tmp_path / "empty").returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "mine"]


def test_tidy_makes_a_table_that_a_study_can_read(cli, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    for file in (
        AE["csv_file"](name="June-2018.csv"),
        AE["csv_file"](name="August-2018.csv", period="MSitAE-AUGUST-2018"),
    ):
        (folder / file.name).write_bytes(file.content)
    (folder / "notes.txt").write_text("mine")
    done = cli("tidy", "nhs-ae-monthly", folder, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 files read" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "figures.csv",
        "issues.csv",
        "revisions.csv",
        "manifest.json",
    }
    panel = Panel.read_csv(tmp_path / "out" / "figures.csv", measures=AE_MEASURES)
    series = panel.series("RTP", "ae-4h-type1")
    assert series.values[0] == pytest.approx(7200 / 8000)
    assert list(series.flags) == ["published", "missing", "published"]
    issues = pd.read_csv(tmp_path / "out" / "issues.csv")
    assert {"skipped-file", "month-without-file"} <= set(issues["rule"])


@pytest.mark.parametrize("content", [None, b"%PDF-1.7 not a table"])
def test_tidy_refuses_a_folder_that_it_cannot_use(cli, tmp_path, content):
    folder = tmp_path / "downloads"
    folder.mkdir()
    if content is not None:
        (folder / "June-2018.csv").write_bytes(content)
    said = fails_plainly(cli("tidy", "nhs-ae-monthly", folder, "--out", tmp_path / "out"))
    assert ("June-2018.csv" if content else "downloads") in said
    assert not (tmp_path / "out").exists()
    assert "to be read" in fails_plainly(
        cli("tidy", "nhs-ae-monthly", folder, "--out", folder, "--overwrite")
    )
