"""Adoption designs, and panels as arrays: who, when, what is left out, and every reason for a refusal."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Exclusion, Window
from lean_impact.effects import AdoptionDesign, Needs, Start, arrays_of
from lean_impact.errors import DesignError


def test_a_block_has_one_start_for_all(world):
    design = AdoptionDesign.block(**world.design())
    assert design.together
    assert design.treated == world.treated
    assert (design.pre, design.post) == (world.pre, world.post)


def test_a_gap_between_the_windows_is_a_transition(world):
    late = Window(start=date(2015, 4, 1), end=world.post.end)
    design = AdoptionDesign.block(**world.design(post=late))
    assert (design.pre, design.post) == (world.pre, late)
    arrays = arrays_of(world.panel(), design, needs=Needs())
    assert arrays.n_periods == 24 + 21
    # The calendar keeps the place of the months that are left out.
    assert np.diff(arrays.time).max() == 4
    assert any("transition: Jan 2015 to Mar 2015" in caution for caution in arrays.cautions)


def test_each_trust_may_have_its_own_start(world):
    starts = {world.treated[0]: date(2014, 7, 1), world.treated[1]: (date(2015, 1, 1), date(2015, 3, 1))}
    window = Window(start=world.pre.start, end=world.post.end)
    design = AdoptionDesign.staggered(
        measure="seen-4h", starts=starts, comparison=world.comparison, window=window
    )
    assert not design.together
    arrays = arrays_of(world.panel(), design, needs=Needs())
    assert arrays.start[:2].tolist() == [18, 26]
    assert [members.tolist() for _, members in arrays.cohorts] == [[0], [1]]
    # Only the second trust has a transition, and it alone has no figure there.
    assert arrays.transition.sum() == 2
    assert np.isnan(arrays.values[:, 1]).sum() == 2
    assert not np.isnan(arrays.comparison).any()


def test_trusts_come_treated_first_and_comparison_sorted(world):
    turned = AdoptionDesign.block(**world.design(comparison=world.comparison[::-1]))
    arrays = arrays_of(world.panel(), turned, needs=Needs())
    assert arrays.trusts == (*world.treated, *sorted(world.comparison))
    assert arrays.after[:, : arrays.n_treated].sum() == 24 * 5
    assert arrays.before[:, arrays.n_treated :].all()


def test_weights_add_up_and_follow_size(world):
    arrays = arrays_of(world.panel(), AdoptionDesign.block(**world.design()), needs=Needs())
    equal, by_size = arrays.weights("equal"), arrays.weights("denominator")
    assert equal.tolist() == [0.2] * 5
    assert by_size.sum() == pytest.approx(1)
    size = np.nansum(arrays.denominators[:24, :5], axis=0)
    assert by_size == pytest.approx(size / size.sum())


def test_periods_that_a_treated_trust_lacks_are_left_out_for_all_or_kept(world):
    frame = world.frame()
    gone = (frame["trust"] == world.treated[0]) & frame["period"].isin(
        pd.to_datetime(["2014-02-01", "2015-02-01"])
    )
    panel, design = world.panel(frame[~gone]), AdoptionDesign.block(**world.design())
    without = arrays_of(panel, design, needs=Needs())
    assert without.n_periods == 46
    assert without.start[0] == 23
    assert any(f"because {world.treated[0]} has no figure" in caution for caution in without.cautions)
    kept = arrays_of(panel, design, needs=Needs(holes="keep"))
    assert kept.n_periods == 48
    assert np.isnan(kept.values[:, 0]).sum() == 2
    assert any("judged on the rest" in caution for caution in kept.cautions)


def test_what_is_ignored_is_said(world):
    seam = Exclusion(
        window=Window(start=date(2014, 3, 1), end=date(2014, 6, 1)), reason="the collection changed"
    )
    arrays = arrays_of(world.panel(), AdoptionDesign.block(**world.design(ignore=[seam])), needs=Needs())
    assert arrays.n_periods == 45
    assert any("the collection changed" in caution for caution in arrays.cautions)


def refusal(world, *, needs=None, frame=None, **design) -> DesignError:
    panel = world.panel(world.frame() if frame is None else frame)
    adoption = AdoptionDesign.block(**world.design(**design))
    with pytest.raises(DesignError) as caught:
        arrays_of(panel, adoption, needs=needs or Needs())
    return caught.value


def test_every_problem_is_told_at_once(world):
    error = refusal(
        world, treated=(*world.treated, "ZZ9", world.comparison[0]), comparison=world.comparison[:1]
    )
    rules = sorted(issue.rule for issue in error.issues)
    assert rules == ["both-roles", "too-few-comparison", "unknown-trust"]
    assert "ZZ9" in str(error)


def test_gaps_of_comparison_trusts_are_named(world):
    frame = world.frame()
    gone = (frame["trust"] == world.comparison[3]) & (frame["period"] == "2014-05-01")
    error = refusal(world, frame=frame[~gone])
    assert f"{world.comparison[3]} is a comparison trust with gaps (May 2014)" in str(error)


def test_too_few_periods_are_counted(world):
    error = refusal(world, needs=Needs(before=30))
    assert [issue.rule for issue in error.issues] == ["too-few-periods"] * 5
    assert "has 24 of 24 figures before its start; at least 30 are needed" in str(error)


def test_a_window_without_periods(world):
    never = {
        "pre": Window(start=date(1990, 1, 1), end=date(1991, 1, 1)),
        "post": Window(start=date(1991, 1, 1), end=date(1992, 1, 1)),
    }
    assert "no whole period lies in the window; the panel has" in str(refusal(world, **never))


def test_starts_must_lie_in_the_window():
    window = Window(start=date(2014, 1, 1), end=date(2016, 1, 1))
    starts = (
        Start(trust="AAA", first=date(2013, 1, 1), settled=date(2013, 1, 1)),
        Start(trust="BBB", first=date(2015, 1, 1), settled=date(2014, 6, 1)),
        Start(trust="CCC", first=date(2015, 1, 1), settled=date(2016, 6, 1)),
    )
    with pytest.raises(DesignError) as caught:
        AdoptionDesign(measure="m", starts=starts, window=window)
    assert len(caught.value.issues) == 3
    assert "BBB is settled on 2014-06-01, before it starts" in str(caught.value)


def test_windows_must_not_overlap():
    with pytest.raises(DesignError, match="must not overlap"):
        AdoptionDesign.block(
            measure="m",
            treated=["AAA"],
            pre=Window(start=date(2014, 1, 1), end=date(2015, 6, 1)),
            post=Window(start=date(2015, 1, 1), end=date(2016, 1, 1)),
        )
