"""Agreement and calibration: edges, and answers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.kernels import agreement, calibration

TABLE = (
    st.integers(2, 12)
    .flatmap(lambda n: st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), min_size=n, max_size=n))
    .map(lambda rows: np.array(rows, dtype=float))
)


@given(table=TABLE, seed=st.integers(0, 99))
def test_alpha_knows_neither_order_of_units_nor_of_raters(table, seed):
    rng = np.random.default_rng(seed)
    turned = table[rng.permutation(len(table))][:, rng.permutation(3)]
    for metric in ("nominal", "ordinal", "interval"):
        one, two = (agreement.krippendorff_alpha(t, metric=metric) for t in (table, turned))
        assert one == pytest.approx(two, nan_ok=True)


@given(table=TABLE, scale=st.sampled_from([0.5, 3.0]), shift=st.integers(-5, 5))
def test_interval_alpha_and_quadratic_kappa_know_no_unit(table, scale, shift):
    moved = scale * table + shift
    one, two = (agreement.krippendorff_alpha(t, metric="interval") for t in (table, moved))
    assert one == pytest.approx(two, nan_ok=True)
    one, two = (agreement.weighted_kappa(t[:, 0], t[:, 1]).value for t in (table, moved))
    assert one == pytest.approx(two, nan_ok=True)


def test_perfect_agreement_is_one_and_sameness_is_not_defined():
    same = np.array([[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]])
    assert agreement.krippendorff_alpha(same, metric="ordinal") == 1.0
    assert agreement.weighted_kappa(same[:, 0], same[:, 1]).value == 1.0
    assert agreement.intraclass(same).agreement_one == pytest.approx(1.0)
    flat = np.ones((4, 2))
    assert np.isnan(agreement.krippendorff_alpha(flat, metric="ordinal"))
    assert np.isnan(agreement.weighted_kappa(flat[:, 0], flat[:, 1]).value)
    assert np.isnan(agreement.fleiss_kappa(flat).value)
    assert np.isnan(agreement.intraclass(flat).agreement_one)


def test_a_unit_that_one_rater_saw_pairs_nothing():
    seen = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 1.0]])
    more = np.vstack([seen, [[5.0, np.nan]]])
    assert agreement.krippendorff_alpha(more, metric="interval") == pytest.approx(
        agreement.krippendorff_alpha(seen, metric="interval")
    )


def test_bootstrap_holds_the_value():
    rng = np.random.default_rng(1)
    truth = rng.integers(-2, 3, 60)
    table = np.column_stack([truth, np.clip(truth + rng.integers(-1, 2, 60), -2, 2)]).astype(float)
    drawn = agreement.bootstrap_alpha(table, metric="ordinal", draws=500, seed=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert low < agreement.krippendorff_alpha(table, metric="ordinal") < high
    assert (drawn == agreement.bootstrap_alpha(table, metric="ordinal", draws=500, seed=1)).all()


@given(
    anchors=st.lists(st.integers(-50, 50), min_size=3, max_size=3, unique=True).map(sorted),
    x=st.lists(st.integers(-80, 80), min_size=2, max_size=6),
    falling=st.booleans(),
)
def test_memberships_lie_in_0_to_1_and_follow_the_value(anchors, x, falling):
    out, crossover, full = anchors[::-1] if falling else anchors
    values = np.sort(np.array(x, dtype=float))
    for curve in (calibration.direct_membership, calibration.linear_membership):
        found = curve(values, out=out, crossover=crossover, full=full)
        assert ((found >= 0) & (found <= 1)).all()
        assert (np.diff(found) * (-1 if falling else 1) >= -1e-12).all()
        assert curve(np.array([float(crossover)]), out=out, crossover=crossover, full=full)[
            0
        ] == pytest.approx(0.5)


def test_the_complement_is_the_falling_curve():
    x = np.linspace(0, 10, 11)
    up = calibration.direct_membership(x, out=2, crossover=5, full=7)
    down = calibration.direct_membership(x, out=7, crossover=5, full=2)
    assert up + down == pytest.approx(np.ones(11))


def test_grades_that_a_logistic_curve_made_are_found_again():
    x = np.linspace(1, 9, 12)
    grades = calibration.direct_membership(x, out=2, crossover=5, full=8)
    curve = calibration.fit_grades(x, grades)
    assert curve(x) == pytest.approx(grades, abs=1e-3)


def test_grades_that_separate_perfectly_stay_finite():
    curve = calibration.fit_grades(np.arange(6.0), np.array([0, 0, 0, 1, 1, 1.0]))
    found = curve(np.linspace(-1, 7, 40))
    assert np.isfinite(found).all()
    assert (np.diff(curve(np.arange(6.0))) >= 0).all()


def test_relative_membership_of_one_grade_is_nothing():
    assert calibration.fuzzy_relative(np.array([1.0]), reference=np.ones(4)).tolist() == [0.0]
