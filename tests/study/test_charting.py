"""What the plan says about control charts is drawn, and what does not fit is said in the words of the plan."""

from __future__ import annotations

import pytest

from lean_impact.errors import StudyError
from lean_impact.study import load_study
from lean_impact.study.charting import draw_charts, draw_funnels
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
