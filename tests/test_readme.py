"""What the README says runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.slow
def test_the_script_runs_and_is_short(tmp_path):
    script = blocks("python")[0]
    assert len(script.splitlines()) < 20
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300
    )
    assert "No visible effect" in done.stdout
    assert (tmp_path / "out/report.html").is_file()


def test_the_plugin_is_short_and_passes_the_checks(tmp_path, monkeypatch):
    from lean_impact.hooks import Plugins
    from lean_impact.sources import SourceFile

    code = blocks("python")[1]
    assert len(code.splitlines()) <= 30
    (tmp_path / "readme_plugin.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    import readme_plugin

    plugins = Plugins.load(bundled={"readme": readme_plugin}, installed=[], environ={})
    assert not plugins.failures
    source = plugins.source("waiting-times").entry.open()
    tidied = source.tidy([SourceFile.of("a.csv", b"trust,month,days\nRTP,2020-01-01,3.5\n")])
    assert tidied.panel.series("RTP", "wait").values.tolist() == [3.5]


def test_the_commands_are_marked_and_name_what_exists():
    text = README.read_text(encoding="utf-8")
    for mark in ("<!-- main-command -->", "<!-- test-command -->"):
        assert f"{mark}\n```sh\n" in text
    for name in ("docs/_static/report.png", "examples/plugin_template", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        assert (README.parent / name).exists()
