"""Comparison trusts, and the reason for every exclusion."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from pydantic import ValidationError

from lean_impact.domain import Exclusion, Succession, Window
from lean_impact.effects import select_comparison
from lean_impact.errors import DesignError

WINDOW = Window(start=date(2013, 1, 1), end=date(2017, 1, 1))


def succession(old: str, new: str, effective: date) -> Succession:
    return Succession(
        old_code=old, old_name=old, new_codes=(new,), effective=effective, evidence="list", verified=True
    )


def choose(world, frame=None, **changes):
    fields = {"measure": "seen-4h", "window": WINDOW, "treated": world.treated}
    return select_comparison(world.panel(frame), **fields | changes)


def test_keeps_all_complete_trusts(world):
    assert choose(world).trusts == world.comparison


def test_treated_trusts_are_listed_with_their_reason(world):
    table = choose(world).to_frame()
    assert len(table) == 30
    assert set(table.loc[~table["kept"], "trust"]) == set(world.treated)
    assert set(table.loc[~table["kept"], "reason"]) == {"took part in the programme"}


@pytest.mark.parametrize("how", ["absent in the middle", "absent at the end", "not submitted"])
def test_gaps_exclude_and_are_named(world, how):
    frame = world.frame()
    months = {"absent in the middle": "2014-05-01", "absent at the end": "2016-12-01"}
    row = (frame["trust"] == "C03") & (frame["period"] == months.get(how, "2015-02-01"))
    if how == "not submitted":
        frame.loc[row, ["numerator", "denominator"]] = float("nan")
        frame.loc[row, "flag"] = "not_submitted"
    else:
        frame = frame[~row]
    chosen = choose(world, frame)
    assert "C03" not in chosen.trusts
    reason = chosen.to_frame().set_index("trust").loc["C03", "reason"]
    assert reason.startswith("no figure for")
    assert "(1 of 48 periods)" in reason


def test_ignored_periods_need_no_figure(world):
    frame = world.frame()
    frame = frame[~((frame["trust"] == "C03") & frame["period"].between("2015-03-01", "2015-05-01"))]
    seam = Exclusion(window=Window(start=date(2015, 3, 1), end=date(2015, 6, 1)), reason="the seam")
    assert "C03" not in choose(world, frame).trusts
    chosen = choose(world, frame, ignore=[seam])
    assert "C03" in chosen.trusts
    assert chosen.n_expected == 45
    assert any("the seam" in caution for caution in chosen.cautions)


def test_mergers_in_the_window_exclude_both_sides(world):
    inside = succession("C01", "C02", date(2014, 7, 1))
    before = succession("C03", "C04", date(2012, 7, 1))
    after = succession("C05", "C06", date(2017, 1, 1))
    chosen = choose(world, successions=[inside, before, after])
    reasons = chosen.to_frame().set_index("trust")["reason"]
    assert reasons["C01"] == "became C02 in Jul 2014"
    assert reasons["C02"] == "took over services of C01 in Jul 2014"
    assert {"C03", "C04", "C05", "C06"} <= set(chosen.trusts)


def test_every_reason_is_given(world):
    frame = world.frame()
    frame = frame[~((frame["trust"] == "C01") & (frame["period"] == "2016-12-01"))]
    chosen = choose(
        world,
        frame,
        excluded={"C01": "field test"},
        successions=[succession("C01", "C02", date(2014, 7, 1))],
    )
    row = chosen.to_frame().set_index("trust").loc["C01"]
    assert row["reason"] == "field test; became C02 in Jul 2014; no figure for Dec 2016 (1 of 48 periods)"
    assert row["kinds"] == "excluded; succession; incomplete"


def test_no_trust_left_says_why_for_each(world):
    frame = world.frame()
    with pytest.raises(DesignError, match="no comparison trust is left for Seen within 4 hours") as caught:
        choose(world, frame, excluded=dict.fromkeys(world.comparison, "not comparable"))
    assert "excluded 25, treated 5" in caught.value.message
    assert len(caught.value.issues) == 30


def test_a_period_nobody_has_is_pointed_out(world):
    frame = world.frame()
    with pytest.raises(DesignError, match="No trust at all has a figure for Jun 2014") as caught:
        choose(world, frame[frame["period"] != pd.Timestamp("2014-06-01")])
    assert "incomplete 30" in caught.value.message


def test_a_window_without_periods_is_refused(world):
    with pytest.raises(DesignError, match="the panel has Jan 2013 to Dec 2016"):
        choose(world, window=Window(start=date(2001, 1, 1), end=date(2002, 1, 1)))


def test_a_window_past_the_figures_is_cautioned(world):
    chosen = choose(world, window=Window(start=date(2012, 1, 1), end=date(2018, 1, 1)))
    assert [caution.split(";")[0] for caution in chosen.cautions] == [
        "the figures begin with Jan 2013",
        "the figures end with Dec 2016",
    ]


def test_an_exclusion_needs_a_reason():
    with pytest.raises(ValidationError, match="reason"):
        Exclusion(window=WINDOW, reason=" ")


def test_summary_counts_reasons(world):
    text = choose(world, excluded={"C01": "field test"}).summary()
    assert "24 of 30 trusts" in text
    assert "treated 5, excluded 1" in text
