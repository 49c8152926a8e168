"""The plugin as the library sees it: found, used, and in the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from lean_impact.errors import SourceError
from lean_impact.sources import SourceFile
from lean_impact.study import default_plugins

from demo import outcome, run_demo
from lean_impact_example import WardFlow


def test_it_is_found_by_its_entry_point() -> None:
    plugins = default_plugins()
    assert plugins.failures == ()
    assert plugins.source("ward-flow").plugin.distribution == "lean-impact-example"
    assert {"neighbours"} <= set(plugins.scorers())
    assert {"example-volume"} <= set(plugins.sections())


def test_a_study_uses_all_of_it() -> None:
    results = outcome().results
    assert results.failures == ()
    assert len(results.panel) == 16 * 24
    assert results.contingency is not None
    assert [item.model for item in results.contingency.validations] == ["neighbours"]


def test_its_section_is_in_the_report(tmp_path: Path) -> None:
    run_demo(tmp_path)
    assert "How many patients is this about?" in (tmp_path / "report" / "report.html").read_text("utf-8")
    assert (tmp_path / "report" / "tables" / "example-volume-by-trust.csv").is_file()


def test_a_dash_is_not_a_zero() -> None:
    text = b"Hospital,Month,Discharged,Before noon\nAAA,01/2019,-,-\nAAA,02/2019,100,30\n"
    panel = WardFlow().tidy([SourceFile.of("a.csv", text)]).panel
    assert panel.frame["flag"].tolist() == ["not_submitted", "published"]


def test_every_bad_row_is_named() -> None:
    text = b"Hospital,Month,Discharged,Before noon\nAAA,13/2019,100,30\nAAA,02/2019,many,30\n"
    with pytest.raises(SourceError) as caught:
        WardFlow().tidy([SourceFile.of("a.csv", text)])
    assert [issue.row for issue in caught.value.issues] == [2, 3]
