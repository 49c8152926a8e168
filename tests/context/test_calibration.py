"""Calibration: against everyone, with anchors stated, and with uncertainty kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lean_impact.context import (
    RawValue,
    by_anchors,
    by_grades,
    by_national_percentiles,
    by_national_rank,
    calibrate,
)
from lean_impact.errors import DesignError

COUNTRY = {f"T{at:03d}": 3.5 + 0.004 * at for at in range(100)} | {"RTP": 3.9, "RXW": 3.55}


def test_anchors_are_percentiles_of_everyone():
    curve = by_national_percentiles(COUNTRY, cases=["RTP", "RXW"])
    ends = np.percentile(list(COUNTRY.values()), [10, 50, 90])
    assert [anchor.value for anchor in curve.anchors] == pytest.approx(ends)
    assert curve.membership(ends) == pytest.approx([0.05, 0.5, 0.95])
    assert "10th, 50th and 90th percentile of 102 trusts" in curve.method


def test_less_may_be_more_of_a_condition():
    curve = by_national_percentiles(COUNTRY, cases=["RTP"], out=90, crossover=50, full=10)
    low, high = curve.membership(np.array([3.5, 3.9]))
    assert low > 0.95
    assert high < 0.05
    rank = by_national_rank(COUNTRY, cases=["RTP"], high=False)
    assert rank.membership(np.array([3.5]))[0] > 0.95


def test_cases_are_never_calibrated_among_themselves():
    five = {code: float(at) for at, code in enumerate(("RTP", "RR8", "RKB", "RF4", "RXW"))}
    for curve in (by_national_percentiles, by_national_rank):
        with pytest.raises(DesignError, match="must not be calibrated among themselves"):
            curve(five, cases=list(five))
    nineteen = five | {f"T{at}": float(at) for at in range(19)}
    with pytest.raises(DesignError, match="19 trusts besides the cases"):
        by_national_rank(nineteen, cases=list(five))


def test_uncertainty_goes_through_the_curve_and_says_where_it_decides():
    curve = by_national_percentiles(COUNTRY, cases=["RTP", "RXW"])
    middle = curve.anchors[1].value
    found = calibrate(
        {
            "RTP": RawValue(value=middle + 0.01, standard_error=0.02),
            "RXW": RawValue(value=3.55, standard_error=0.0),
            "RR8": RawValue(value=3.9),
        },
        condition="Engaged",
        curve=curve,
    )
    first, second, third = found.members
    assert first.lower < 0.5 < first.membership < first.upper
    assert second.lower == second.membership == second.upper
    assert np.isnan(third.lower)
    assert any("RTP could be in or out" in caution for caution in found.cautions)
    assert any("not known for RR8" in caution for caution in found.cautions)
    assert found.to_frame()["national_share"].between(0, 1).all()
    assert "Anchor" in found.summary()
    assert found.plot(labels={"RTP": "First"}).get_ylabel() == "Membership"
    with pytest.raises(DesignError, match="not known for RR8"):
        found.draws(10, seed=1)


def test_draws_spread_as_the_interval_does():
    curve = by_anchors(out=0.0, crossover=1.0, full=2.0, why="made up")
    found = calibrate({"RTP": RawValue(value=1.2, standard_error=0.3)}, condition="c", curve=curve)
    draws = found.draws(20_000, seed=3)[:, 0]
    assert np.quantile(draws, [0.025, 0.975]) == pytest.approx(
        [found.members[0].lower, found.members[0].upper], abs=0.01
    )
    assert (draws == found.draws(20_000, seed=3)[:, 0]).all()


def test_exactly_half_is_said():
    curve = by_anchors(out=0.0, crossover=1.0, full=2.0, why="made up")
    found = calibrate({"RTP": RawValue(value=1.0, standard_error=0.0)}, condition="c", curve=curve)
    assert any("exactly 0.5" in caution for caution in found.cautions)


def test_grades_are_taken_as_exact_and_a_turn_is_said():
    x = {f"T{at}": float(at) for at in range(1, 16)}
    grades = {code: float(4 < at < 11) for code, at in x.items()}
    curve = by_grades(x, grades, why="site visits")
    assert len(curve.anchors) == 15
    exact, turn = curve.cautions
    assert "taken as exact" in exact
    assert "curve turns" in turn


def test_a_trust_that_the_curve_places_otherwise_than_its_grade_is_named():
    x = {f"T{at}": float(at) for at in range(1, 7)}
    curve = by_grades(x, dict(zip(x, (0, 0.2, 0.9, 0.1, 0.8, 1.0), strict=True)), why="site visits")
    third, fourth = curve.membership(np.array([3.0, 4.0]))
    assert third < 0.5 < fourth
    assert curve.cautions[1].startswith("T3, T4 is graded on one side of 0.5")


@given(order=st.permutations(range(6)))
@settings(max_examples=8)
def test_the_order_of_the_grades_changes_nothing(order):
    x = {f"T{at}": float(at) for at in range(1, 7)}
    grades = dict(zip(x, (0, 0.2, 0.4, 0.6, 0.8, 1.0), strict=True))
    mixed = {code: grades[code] for code in (list(x)[at] for at in order)}
    looked = np.linspace(0, 7, 15)
    one, two = (by_grades(x, given, why="site visits").membership(looked) for given in (grades, mixed))
    assert two == pytest.approx(one, abs=1e-12)
    assert (np.diff(one) > 0).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: by_anchors(out=1, crossover=1, full=2, why="w"), "must rise or fall"),
        (lambda: by_anchors(out=1, crossover=2, full=3, why=" "), "say in 'why'"),
        (lambda: by_national_percentiles(COUNTRY, cases=[], out=50, crossover=10, full=90), "rise or fall"),
        (lambda: by_national_percentiles(dict.fromkeys(COUNTRY, 1.0), cases=[]), "share a value"),
        (lambda: by_national_rank(COUNTRY | {"X": float("nan")}, cases=[]), "X has no number"),
        (
            lambda: by_grades({"A": 1.0}, {"B": 2.0}, why=""),
            "same trusts: B has no value, A has no grade; at least 3.*outside 0 to 1.*say in 'why'",
        ),
        (
            lambda: calibrate({}, condition="c", curve=by_anchors(out=0, crossover=1, full=2, why="w")),
            "no trust",
        ),
    ],
)
def test_what_cannot_be_calibrated(make, words):
    with pytest.raises(DesignError) as caught:
        make()
    import re

    assert re.search(words, str(caught.value))


@given(shift=st.integers(-20, 20), scale=st.sampled_from([0.1, 5.0]))
def test_the_unit_of_the_raw_value_changes_nothing(shift, scale):
    moved = {code: shift + scale * value for code, value in COUNTRY.items()}
    for make in (by_national_percentiles, by_national_rank):
        once, again = (make(table, cases=["RTP"]) for table in (COUNTRY, moved))
        assert again.membership(np.array([moved["RTP"], moved["RXW"]])) == pytest.approx(
            once.membership(np.array([COUNTRY["RTP"], COUNTRY["RXW"]])), abs=1e-9
        )


# ------------------------------------------------------------------ into a case table


def test_memberships_become_cells_with_their_intervals():
    country = {f"T{i:02d}": float(i) for i in range(1, 41)}
    values = {"T36": RawValue(value=36.0, standard_error=1.0), "T21": RawValue(value=21.0, standard_error=5.0),
              "T05": RawValue(value=5.0)}  # fmt: skip
    found = calibrate(values, condition="Ahead", curve=by_national_percentiles(country, cases=list(values)))
    cells = {cell.trust: cell for cell in found.cells("ahead", trusts=("T36", "T21", "T05", "T99"))}
    assert [cells[t].state for t in ("T36", "T21", "T05", "T99")] == [
        "present",
        "present",
        "absent",
        "unknown",
    ]
    assert [cells[t].confidence for t in ("T36", "T21", "T05", "T99")] == ["high", "low", "medium", "low"]
    reach = found.membership(np.array([36 - 1.959963984540054, 36 + 1.959963984540054]))
    assert [cells["T36"].membership.lower, cells["T36"].membership.upper] == pytest.approx(reach.tolist())
    assert cells["T05"].membership.lower is None
    assert found.top_tenth() == pytest.approx(0.95, abs=1e-3)
    assert found.top_tenth(favourable=False) == pytest.approx(0.05, abs=1e-3)


def test_a_trust_at_exactly_one_half_is_named():
    curve = by_anchors(out=0.0, crossover=1.0, full=2.0, why="made up")
    found = calibrate(
        {"RTP": RawValue(value=1.0), "RXW": RawValue(value=0.2)}, condition="Ahead", curve=curve
    )
    with pytest.raises(DesignError, match="RTP stands at exactly 0"):
        found.cells("ahead", trusts=("RTP", "RXW"))
    assert found.top_tenth() is None
