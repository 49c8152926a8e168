"""The design check against counting by hand."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import numpy as np
import pytest

from lean_impact.contingency import (
    Evidence,
    OutcomeMove,
    design_check,
    synthetic_cases,
    synthetic_effects,
    tied_conditions,
)
from lean_impact.errors import DesignError, InputError
from lean_impact.kernels.effect_regression import regress_effects

SIX = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")


@pytest.fixture
def design(cases, effects, outcome, leeds):
    return design_check(
        cases,
        effects,
        improvement="increase",
        seed=1,
        outcome=outcome,
        outcome_name="CQC rating rose by 2020",
        timing=[leeds],
    )


def _weighted_r2(column, effects, weights):
    """R^2 of a weighted regression on one column, by least squares."""
    root = np.sqrt(weights)
    full = np.stack([np.ones_like(column), column], axis=-1) * root[:, None]
    beta = np.linalg.lstsq(full, effects * root, rcond=None)[0]
    residual = effects * root - full @ beta
    centred = (effects - weights @ effects / weights.sum()) * root
    return 1 - residual @ residual / (centred @ centred)


def test_fit_and_chance_equal_brute_force():
    columns = {"a": "110010", "b": "011100", "c": "100000"}
    values, errors = (0.31, -0.12, 0.05, 0.17, -0.27, 0.02), (0.05, 0.11, 0.08, 0.06, 0.09, 0.07)
    effects = synthetic_effects(
        dict(zip(SIX, values, strict=True)), standard_errors=dict(zip(SIX, errors, strict=True))
    )
    found = design_check(synthetic_cases(columns, trusts=SIX), effects, improvement="increase", seed=1)
    y, se = np.array(values), np.array(errors)
    spread = regress_effects(y, se, designs=np.ones((1, 6, 1))).tau2[0]
    weights = 1 / (se**2 + spread)
    table = [np.array([int(sign) for sign in signs], float) for signs in columns.values()]
    truth = [_weighted_r2(column, y, weights) for column in table]
    assert [fit.fit_highest for fit in found.fits] == pytest.approx(truth)
    orders = [list(order) for order in permutations(range(6))]
    best = [max(_weighted_r2(column, y[o], weights[o]) for column in table) for o in orders]
    share = np.mean(np.array(best) >= max(truth) - 1e-9)
    assert found.chance == pytest.approx((share, share))
    assert found.p_value.value == pytest.approx(share)
    assert found.n_assignments == 720


def test_the_five_trusts(design):
    assert (design.n_trusts, design.n_assignments, design.exact) == (5, 120, True)
    assert design.constants == ("local-brand", "national-support")
    fits = {fit.condition: fit for fit in design.fits}
    assert fits["same-ceo"].smallest_p == pytest.approx(0.1)
    assert fits["cqc-good"].smallest_p == pytest.approx(0.2)
    assert fits["cqc-good"].p_lowest == fits["cqc-good"].p_highest == pytest.approx(0.2)
    assert fits["same-ceo"].tied_with == ("investigation", "no-special-measures")
    assert design.chance == pytest.approx((0.2, 0.4))
    assert fits["culture-work"].difference_lowest < 0 < fits["culture-work"].difference_highest
    assert np.isnan(fits["local-brand"].fit_highest)


def test_collinear_conditions_are_one_explanation(design):
    certain = [tie for tie in design.ties if tie.certain]
    assert [tie.conditions for tie in certain] == [("investigation", "no-special-measures", "same-ceo")]
    possible = {tie.conditions for tie in design.ties if not tie.certain}
    assert ("culture-work", "investigation", "no-special-measures", "same-ceo") in possible
    assert all(cell[1] == "culture-work" for tie in design.ties for cell in tie.cells)


def test_the_cells_that_decide_are_named(design):
    about = {(cell.trust, cell.about.startswith("match")): cell for cell in design.pivotal}
    assert set(about) == {("RTP", False), ("RTP", True), ("RF4", True), ("RXW", True)}
    assert (about["RTP", True].if_present, about["RTP", True].if_absent) == ("matches", "does not match")
    assert (about["RF4", True].if_present, about["RF4", True].if_absent) == ("does not match", "matches")
    assert {cell.condition for cell in design.pivotal} == {"culture-work"}


def test_a_weakly_known_cell_can_decide_too(effects, outcome, five):
    cases = synthetic_cases({"same-ceo": "11100"}, trusts=five, weak={("RR8", "same-ceo")})
    found = design_check(cases, effects, improvement="increase", seed=1, outcome=outcome)
    assert [(c.trust, c.state, c.if_absent) for c in found.pivotal if c.about.startswith("match")] == [
        ("RR8", "present", "does not match")
    ]


def test_what_moved_too_early_is_named_and_the_match_repeated(design):
    assert [move.trust for move in design.early] == ["RR8"]
    assert design.crisp.per_condition == pytest.approx(0.1)
    assert design.crisp_in_time.per_condition == pytest.approx(1 / 6)
    assert "Too early to be an effect: RR8" in design.summary()


def test_tables_are_tidy(design):
    assert design.to_frame()["condition"].is_unique
    luck = design.luck_to_frame()
    assert luck["probability"].between(0, 1).all()
    assert luck.loc[luck["n_conditions"] == 25, "probability"].iloc[0] == pytest.approx(1 - 0.9**25)
    assert len(design.cells_to_frame()) == len(design.pivotal)
    assert len(design.ties_to_frame()) == len(design.ties)


def test_more_than_eight_trusts_are_sampled_and_told_so():
    trusts = [f"T{i:02d}" for i in range(10)]
    cases = synthetic_cases({"a": "1111100000", "b": "1010101010"}, trusts=trusts)
    values = dict(zip(trusts, np.linspace(1.0, 0.0, 10).tolist(), strict=True))
    found = design_check(
        cases, synthetic_effects(values, standard_errors=0.1), improvement="increase", seed=3
    )
    assert not found.exact
    assert found.p_value.draws == 9_999
    # The best of all 252 splits is the one observed.
    assert found.p_value.value < 0.03
    assert any("random orders" in caution for caution in found.cautions)


def test_many_unknown_cells_are_sampled_and_told_so():
    trusts = SIX
    columns = {"a": "110010", "b": "1?????", "c": "?0????", "d": "??1???"}
    effects = synthetic_effects(
        dict(zip(trusts, (1.0, 2.0, 3.0, 4.0, 5.0, 7.0), strict=True)), standard_errors=1.0
    )
    found = design_check(synthetic_cases(columns, trusts=trusts), effects, improvement="increase", seed=3)
    assert any("random fillings" in caution for caution in found.cautions)
    assert found.chance[0] < found.chance[1]


def test_equal_effects_fit_nothing():
    effects = synthetic_effects(dict.fromkeys(SIX, 0.5), standard_errors=0.1)
    found = design_check(
        synthetic_cases({"a": "110010"}, trusts=SIX), effects, improvement="increase", seed=1
    )
    assert found.fits[0].fit_highest == 0.0
    assert found.p_value.value == 1.0


def test_no_differing_condition_is_a_design_error(five, effects):
    with pytest.raises(DesignError, match="no condition differs"):
        design_check(
            synthetic_cases({"a": "11111", "b": "?????"}, trusts=five),
            effects,
            improvement="increase",
            seed=1,
        )


def test_timing_of_a_stranger_is_refused(cases, effects):
    stranger = OutcomeMove(trust="ZZ9", outcome="x", moved=date(2016, 1, 1), could_act_from=date(2017, 1, 1))
    with pytest.raises(InputError, match="ZZ9"):
        design_check(cases, effects, improvement="increase", seed=1, timing=[stranger])


def test_opposite_columns_are_tied_and_others_are_not():
    cases = synthetic_cases({"a": "110010", "b": "001101", "c": "110011"}, trusts=SIX)
    effects = synthetic_effects(
        dict(zip(SIX, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), strict=True)), standard_errors=0.1
    )
    ties = tied_conditions(Evidence.gather(cases, effects, improvement="increase"))
    assert [tie.conditions for tie in ties] == [("a", "b")]
