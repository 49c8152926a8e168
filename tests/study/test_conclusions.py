"""What the report says follows the evidence, whichever way it points, and names reach it only as text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lean_impact.effects import verdict
from lean_impact.study import run_study

HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    ("effect", "improvement", "found", "begins", "said"),
    [
        (0.10, "increase", "improvement", "Visible improvement", "improve"),
        (-0.10, "increase", "worsening", "Visible worsening", "worse"),
        (-0.10, "decrease", "improvement", "Visible improvement", "improve"),
        (0.10, "neutral", "rise", "Visible rise", "rise|rose"),
        (-0.10, "neutral", "fall", "Visible fall", "fall|fell"),
        (0.0, "increase", "none", "No visible effect", r"\bno\b"),
    ],
)
def test_the_answer_says_what_is_true(small, tmp_path, effect, improvement, found, begins, said):
    design = replace(small.DESIGN, effect=effect)
    path, known = small.write_small(tmp_path / "study", design=design, series=False)
    small.edit(path, ('improvement = "increase"', f'improvement = "{improvement}"'))
    outcome = run_study(path)
    result = outcome.results.primary.result
    assert verdict(result) == found
    assert outcome.answer.startswith(begins)
    # How the box at the top puts it is its own business; which way it points is not.
    assert re.search(said, outcome.report.answer, re.IGNORECASE)
    assert result.pooled.covers(known.effect)
    placebo = outcome.results.answer("pretended")
    assert verdict(placebo.result) == "none"


def test_an_effect_is_never_told_without_its_interval_and_its_comparison(small, tmp_path):
    path, _ = small.write_small(tmp_path / "study", design=replace(small.DESIGN, effect=0.1), series=False)
    outcome = run_study(path)
    for words in ("95% interval", "12 comparison trusts", "p "):
        assert words in outcome.answer


def test_names_reach_the_report_only_escaped(study_file, small, tmp_path):
    toml = HOSTILE.replace('"', '\\"')
    small.edit(
        study_file,
        ('title = "Did it help?"', f'title = "{toml} $x^$"'),
        ('name = "Synthetic measure"', f'name = "{toml} $\\\\frac$"'),
        ('name = "A made-up programme"', f'name = "{toml}"'),
        ('name = "Trust T01"', f'name = "{toml}"\nshort_name = "{toml}"'),
        ('what = "Something happened"', f'what = "{toml}"'),
        ('name = "Nothing else happened"', f'name = "{toml}"'),
        ('label = "The main question"', f'label = "{toml}"'),
        ('authors = ["Nobody"]', f'authors = ["{toml}"]'),
        ('unit = "share of cases"', f'unit = "{toml}"'),
    )
    names = study_file.parent / "trusts.csv"
    names.write_text(names.read_text().replace("Hospital C01", HOSTILE))
    blocks = study_file.parent / "blocks.csv"
    blocks.write_text(blocks.read_text().replace("made up", HOSTILE))
    run_study(study_file, out=tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8").lower()
    assert "<img" not in page
    assert "script>" not in page
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in page


def test_a_name_that_a_spreadsheet_would_run_is_disarmed_in_tables(study_file, small, tmp_path):
    small.edit(study_file, ('what = "Something happened"', "what = \"=cmd|' /C calc'!A0\""))
    run_study(study_file, out=tmp_path / "out")
    events = (tmp_path / "out" / "tables" / "events.csv").read_text(encoding="utf-8")
    assert "'=cmd" in events
    assert ",=cmd" not in events
