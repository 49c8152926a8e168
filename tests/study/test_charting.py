"""What the plan says about control charts is drawn, and what does not fit is said in the words of the plan."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lean_impact.errors import StudyError
from lean_impact.plugins.sections.series import spc_section
from lean_impact.report import Report
from lean_impact.study import load_study
from lean_impact.study.charting import draw_charts, draw_funnels, draw_runs
from lean_impact.study.inputs import read_inputs
from lean_impact.study.plugins import default_plugins

REBASE = """
[[plan.spc.rebases]]
trust = "T01"
measure = "synthetic"
date = 2016-01-01
reason = "second department opened"
who = "board"
evidence = "up 2 points"
"""
LEFT_OUT = """
[[plan.spc.exclusions]]
trust = "T02"
measure = "synthetic"
date = 2013-05-01
reason = "system outage"
who = "analyst"
"""
TARGETS = """
[[plan.spc.targets]]
measure = "synthetic"
start = 2012-01-01
value = 0.9

[[plan.spc.targets]]
measure = "synthetic"
start = 2016-06-01
reason = "standard withdrawn"
trusts = ["T03"]
"""
FUNNEL = """
[[plan.spc.funnels]]
measure = "synthetic"
window = { start = 2016-01-01, end = 2017-01-01 }
"""


@pytest.fixture
def draw(small, tmp_path):
    """Write a small study with further words in its plan, and draw its charts and funnels."""
    path, _ = small.write_small(tmp_path / "study")

    def drawn(words, *edits):
        small.edit(path, ("\n[plan.changepoints]", f"{words}\n[plan.changepoints]"), *edits)
        study = load_study(path)
        inputs = read_inputs(study, plugins=default_plugins())
        return draw_charts(study, inputs), draw_funnels(study, inputs)

    return drawn


def test_every_decision_reaches_its_own_chart_and_no_other(draw):
    charts, _ = draw(REBASE + LEFT_OUT + TARGETS)
    by = {chart.trust: chart for chart in charts}
    assert {code: len(chart.phases) for code, chart in by.items()} == {"T01": 2, "T02": 1, "T03": 1, "T04": 1}
    assert "Evidence: up 2 points" in by["T01"].summary()
    assert "excluded" in by["T02"].point_types
    assert [chart.target for chart in charts] == [0.9, 0.9, None, 0.9]
    assert "standard withdrawn" in by["T03"].description


def test_without_targets_in_the_plan_the_measures_own_holds(draw):
    charts, funnels = draw("")
    assert {chart.target for chart in charts} == {0.95}
    assert funnels == ()


@pytest.mark.parametrize(("kind", "drawn"), [("p", {"p", "p'"}), ("u", {"u", "u'"}), ("xmr", {"XmR"})])
def test_the_kind_of_chart_is_a_choice_of_the_plan(draw, kind, drawn):
    charts, _ = draw(f'chart = "{kind}"\n')
    assert {chart.kind for chart in charts} <= drawn


def test_a_funnel_holds_every_trust_that_has_all_periods(draw):
    _, (funnel,) = draw(FUNNEL)
    assert len(funnel.counts) == 16
    assert "January 2016" in funnel.title


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (REBASE.replace("2016-01-01", "2016-01-15"), "no period of the series begins on that day"),
        (REBASE.replace("T01", "C01"), "which is not among the series"),
        (TARGETS.replace("0.9", "90"), "a proportion can reach 0 to 1"),
    ],
)
def test_a_decision_that_does_not_fit_is_an_error_of_the_plan(draw, words, says):
    with pytest.raises(StudyError, match=says) as caught:
        draw(words)
    assert {issue.key for issue in caught.value.issues} == {"plan.spc"}


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (REBASE.replace('reason = "second department opened"', 'reason = " "'), "reason"),
        (REBASE.replace('who = "board"\n', ""), "who"),
        (LEFT_OUT.replace('measure = "synthetic"', 'measure = "other"'), "exclusions speaks of measure"),
    ],
)
def test_a_record_without_reason_name_or_chart_is_refused_when_the_plan_is_read(draw, words, key):
    with pytest.raises(StudyError, match=key):
        draw(words)


# ---------------------------------------------------------------------------------- rare events and runs

GAPS = """
[[measures]]
id = "gap"
name = "Days between falls"
kind = "mean"
improvement = "increase"
dimension = "quality"
frequency = "month"
unit = "days"
"""


@pytest.fixture
def rare(small, tmp_path):
    """A study with a second measure: a figure in every other month, that of its event."""
    path, _ = small.write_small(tmp_path / "study")
    small.edit(path, ("\n[programme]", f"{GAPS}\n[programme]"), ("]\nbaseline", ', "gap"]\nbaseline'))
    figures = path.parent / "figures.csv"
    rng = np.random.default_rng(5)
    rows = [
        f"{code},gap,{2012 + month // 12}-{month % 12 + 1:02d}-01,{rng.exponential(40):.0f}.5,,,published,synthetic,"
        for code in ("T01", "T02", "T03", "T04")
        for month in range(0, 60, 2)
    ]
    figures.write_text(figures.read_text() + "\n".join(rows) + "\n")
    (path.parent / "blocks.csv").write_text(
        "source,measure,origin,quality\nsynthetic,synthetic,made up,good\nsynthetic,gap,made up,good\n"
    )

    def written(words):
        small.edit(path, ("\n[plan.changepoints]", f"{words}\n[plan.changepoints]"))
        study = load_study(path)
        return study, read_inputs(study, plugins=default_plugins())

    return written


@pytest.mark.parametrize("kind", ["g", "t"])
def test_rare_events_have_a_chart_of_their_own_with_one_point_an_event(rare, kind):
    charts = draw_charts(*rare(f'[plan.spc.charts]\ngap = "{kind}"\n'))
    assert [chart.kind for chart in charts] == ["XmR"] * 4 + [kind] * 4
    for chart in charts[4:]:
        assert len(chart.periods) == 30, "months without an event are no points"
        assert chart.frozen
        assert int(chart.basis.sum()) == 18, "the events before the declared start"
        assert not chart.dependence.seasonal


def test_run_charts_are_drawn_where_the_plan_asks_and_get_the_decisions_of_their_measure(rare):
    study, inputs = rare('runs = ["gap"]\n' + LEFT_OUT.replace("synthetic", "gap").replace("05", "03"))
    runs = draw_runs(study, inputs)
    assert [(run.trust, run.measure.id) for run in runs] == [(f"T0{at}", "gap") for at in range(1, 5)]
    assert [len(run.exclusions) for run in runs] == [0, 1, 0, 0]
    before = runs[0].basis
    assert runs[0].centre[0] == np.median(runs[0].judged[before])
    assert "gap" in study.plan.measures


def test_without_a_word_in_the_plan_there_is_no_run_chart(rare):
    assert draw_runs(*rare("")) == ()


def test_the_report_shows_run_charts_and_charts_of_rare_events(rare):
    study, inputs = rare('runs = ["synthetic"]\n[plan.spc.charts]\ngap = "t"\n')
    results = SimpleNamespace(
        plan=study.plan,
        programme=study.programme,
        charts=draw_charts(study, inputs),
        runs=draw_runs(study, inputs),
        funnels=(),
        changes=(),
        label=lambda code: f"Trust {code}",
    )
    section = spc_section(results)
    Report(title="One section", sections=(section,))  # refuses an id that is used twice
    parts = {part.id: part for part in section.sections}
    assert [chart.description.split(" of ")[0] for chart in parts["spc-gap"].charts] == [
        "t control chart"
    ] * 4, "and none of them adjusted for a season"
    runs = parts["spc-runs"]
    assert [chart.id for chart in runs.charts] == [f"spc-run-synthetic-t0{at}-chart" for at in range(1, 5)]
    assert all(chart.description.startswith("Run chart of") for chart in runs.charts)
    assert len(runs.tables[0].frame) == 4
    assert runs.answer.startswith("Variation by runs and crossings: ")


def test_a_kind_of_chart_for_a_measure_without_one_is_refused(rare):
    with pytest.raises(StudyError, match="charts names measure 'other'"):
        rare('[plan.spc.charts]\nother = "t"\n')
