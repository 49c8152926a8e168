from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from lean_impact.domain import ProposedBoundary
from lean_impact.errors import DesignError
from lean_impact.spc import Baseline, Rebase, TargetStep, XmR

ALTERNATING = [10.0, 12.0] * 12


def test_a_target_that_rises_and_ends_holds_from_its_dates(make_series):
    steps = [
        TargetStep(start=date(2018, 4, 1), value=5.0),
        TargetStep(start=date(2019, 10, 1), value=None, reason="field test"),
        TargetStep(start=date(2019, 1, 1), value=17.0),
    ]
    chart = XmR().chart(make_series(ALTERNATING, target=99.0), target=steps)
    assert np.isnan(chart.target_line[:3]).all()
    assert set(chart.target_line[3:12]) == {5.0}
    assert set(chart.target_line[12:21]) == {17.0}
    assert np.isnan(chart.target_line[21:]).all()
    assert chart.target is None
    assert chart.assurance is None
    assert chart.assurance_words == "no target any more"
    assert "field test" in chart.description
    assert "field test" in chart.provenance.parameters["target"]


def test_assurance_and_how_often_it_was_met_follow_the_target_of_the_time(make_series):
    steps = [TargetStep(start=date(2018, 1, 1), value=11.0), TargetStep(start=date(2019, 1, 1), value=17.0)]
    chart = XmR().chart(make_series(ALTERNATING), target=steps)
    assert chart.assurance == "fail"
    assert "was met in 6 of 24 figures" in chart.assurance_words


@pytest.mark.parametrize(
    ("kind", "target", "says"),
    [("proportion", 95.0, "0 to 1"), ("proportion", -0.1, "0 to 1"), ("count", -3.0, "0 and above")],
)
def test_a_target_that_the_measure_cannot_reach_is_refused(make_series, kind, target, says):
    series = make_series([0.5, 0.6] * 8, kind=kind)
    for given in (target, [TargetStep(start=date(2018, 1, 1), value=target)]):
        with pytest.raises(DesignError, match=says):
            XmR().chart(series, target=given)
    with pytest.raises(DesignError, match=says):
        XmR().chart(make_series([0.5, 0.6] * 8, kind=kind, target=target))


def test_two_targets_from_one_day_are_refused(make_series):
    steps = [TargetStep(start=date(2018, 1, 1), value=v) for v in (1.0, 2.0)]
    with pytest.raises(DesignError, match="two targets start on 2018-01-01"):
        XmR().chart(make_series(ALTERNATING), target=steps)


def test_a_target_that_ends_is_drawn_as_steps_and_named(make_series):
    steps = [TargetStep(start=date(2018, 1, 1), value=11.0), TargetStep(start=date(2019, 6, 1), value=None)]
    ax = XmR().chart(make_series(ALTERNATING), target=steps).plot()
    assert "target ends" in [text.get_text() for text in ax.texts]


def test_a_proposed_boundary_becomes_a_record_only_with_a_reason(make_series):
    offered = ProposedBoundary(period=date(2019, 1, 1), reason_needed="a cause", evidence="up 9, p = 0.001")
    series = make_series([*[10.0, 12.0] * 6, *[20.0, 22.0] * 6])
    with pytest.raises(DesignError, match="needs a reason and who decided"):
        Rebase.accepting(offered, reason=" ", who="board")
    record = Rebase.accepting(offered, reason="second ward opened", who="board")
    chart = XmR().chart(series, rebase=[record])
    assert [phase.centre for phase in chart.phases] == [11.0, 21.0]
    assert "Evidence: up 9, p = 0.001" in chart.summary()
    untouched = XmR().chart(series, baseline=Baseline(freeze_before=date(2019, 1, 1)))
    assert set(untouched.centre) == {11.0}


def test_a_source_may_be_left_out_but_not_blank():
    assert str(Rebase(date=date(2019, 1, 1), reason="r", who="w")) == "1 January 2019: r (w)"
    with pytest.raises(DesignError, match="source"):
        Rebase(date=date(2019, 1, 1), reason="r", who="w", source=" ")
