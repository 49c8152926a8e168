"""Luck is computed, not looked up."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from math import comb

import numpy as np
import pytest

from lean_impact.contingency import (
    Evidence,
    OutcomeMove,
    crisp_match,
    luck,
    synthetic_cases,
    synthetic_effects,
    trusts_needed,
)
from lean_impact.errors import InputError


@pytest.fixture
def evidence(cases, effects):
    return Evidence.gather(cases, effects, improvement="increase")


def test_luck_of_the_published_frameworks():
    assert luck(5, n_with_outcome=3, n_conditions=8) == pytest.approx(1 - 0.9**8)
    assert luck(5, n_with_outcome=3, n_conditions=25) == pytest.approx(0.928, abs=5e-4)
    assert luck(5, n_with_outcome=3, n_conditions=39) == pytest.approx(0.984, abs=5e-4)


def test_luck_equals_simulation():
    rng = np.random.default_rng(7)
    outcome = np.array([1, 1, 1, 0, 0])
    draws = rng.permuted(np.tile(outcome, (20_000, 4, 1)), axis=2)
    share = (draws == outcome).all(axis=2).any(axis=1).mean()
    assert share == pytest.approx(luck(5, n_with_outcome=3, n_conditions=4), abs=0.015)


def test_trusts_needed_is_the_first_that_suffices():
    for k in (1, 8, 25, 39):
        n = trusts_needed(n_conditions=k)
        assert luck(n, n_with_outcome=n // 2, n_conditions=k) <= 0.05 + 1e-12
        assert luck(n - 1, n_with_outcome=(n - 1) // 2, n_conditions=k) > 0.05


def test_the_five_trusts_match_as_published(evidence, outcome):
    found = crisp_match(evidence, outcome=outcome, name="CQC rose", seed=1)
    assert found.perfect == ("investigation", "no-special-measures", "same-ceo")
    assert found.matches["culture-work"] == "could match"
    assert found.matches["cqc-good"] == found.matches["local-brand"] == "does not match"
    assert found.per_condition == pytest.approx(0.1)
    assert found.at_least_one["this table, if independent"] == (5, pytest.approx(1 - 0.9**5))
    assert found.this_table == pytest.approx((0.1, 0.2))
    assert found.to_frame()["probability"].tolist() == pytest.approx([1 - 0.9**5, 1 - 0.9**25, 1 - 0.9**39])


def test_the_chance_of_this_table_equals_counting_all_outcomes():
    columns = {"a": "110010", "b": "001101", "c": "111000", "d": "110010", "e": "111100"}
    trusts = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
    cases = synthetic_cases(columns, trusts=trusts)
    effects = synthetic_effects(
        dict(zip(trusts, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), strict=True)), standard_errors=0.1
    )
    evidence = Evidence.gather(cases, effects, improvement="increase")
    outcome = dict(zip(trusts, (True, True, True, False, False, False), strict=True))
    hits = sum(
        any({i for i, sign in enumerate(signs) if sign == "1"} == set(chosen) for signs in columns.values())
        for chosen in combinations(range(6), 3)
    )
    found = crisp_match(evidence, outcome=outcome, name="rose", seed=1)
    assert found.this_table == pytest.approx((hits / comb(6, 3),) * 2)


def test_without_the_trust_that_moved_too_early(evidence, outcome):
    found = crisp_match(evidence, outcome=outcome, name="CQC rose", drop=["RR8"], seed=1)
    assert (found.n_with_outcome, len(found.trusts)) == (2, 4)
    assert found.per_condition == pytest.approx(1 / 6)


def test_unknown_outcomes_are_left_out_and_named(evidence, outcome):
    found = crisp_match(evidence, outcome={**outcome, "RF4": "unknown"}, name="CQC rose", seed=1)
    assert found.unknown == ("RF4",)
    assert "RF4" not in found.trusts


def test_an_outcome_that_all_share_cannot_be_matched(evidence, outcome):
    assert crisp_match(evidence, outcome=dict.fromkeys(outcome, True), name="rose", seed=1) is None


def test_outcomes_that_cannot_be_read_are_all_listed(evidence, outcome):
    bad = {**outcome, "ZZ9": True, "RTP": "perhaps"}
    del bad["RF4"]
    with pytest.raises(InputError) as raised:
        crisp_match(evidence, outcome=bad, name="rose", seed=1)
    assert sorted(i.rule for i in raised.value.issues) == [
        "outcome-missing", "outcome-unheard-of", "outcome-value",
    ]  # fmt: skip


def test_only_a_move_before_its_cause_is_too_early(leeds):
    assert leeds.too_early
    assert "01 May 2016" in str(leeds)
    same = date(2017, 1, 1)
    assert not OutcomeMove(trust="RTP", outcome="rating", moved=same, could_act_from=same).too_early
