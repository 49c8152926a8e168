"""The command line, in this process and as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from lean_impact.cli import main

COMMAND = [sys.executable, "-c", "from lean_impact.cli import main; main()"]


def run_command(*words: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with some words, and return what it said and its exit code."""
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"COLUMNS": "110"} | environ,
    )


@pytest.fixture(scope="session")
def process():
    """The command line as a process of its own: as the user has it, and slow to start."""
    return run_command


@pytest.fixture
def cli(monkeypatch, capfd):
    """The command line within this process, for all that needs no process of its own."""

    def run(*words: object, **environ: str) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["lean-impact", *map(str, words)])
        with monkeypatch.context() as context:
            for name, value in environ.items():
                context.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        said = capfd.readouterr()
        return SimpleNamespace(returncode=ended.value.code or 0, stdout=said.out, stderr=said.err)

    return run


@pytest.fixture(scope="session")
def small() -> SimpleNamespace:
    """The writer of small studies."""
    return SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "study" / "small.py")))


@pytest.fixture
def study_file(tmp_path, small) -> Path:
    """A small study without control charts and change-points."""
    return small.write_small(tmp_path / "study", series=False)[0]
