"""What the README says runs."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_script_runs_and_is_short(bundled_run, monkeypatch, capsys):
    script = blocks("python")[0]
    assert len(script.splitlines()) < 20
    asked = []

    def run_study(*args: object, **options: object) -> object:
        asked.append((args, options))
        return bundled_run.outcome

    monkeypatch.setattr("lean_impact.run_study", run_study)
    exec(script, {})  # noqa: S102 - the README's own words
    assert asked == [(("nhs-vmi",), {"out": "out"})]
    assert "No visible effect" in capsys.readouterr().out


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
