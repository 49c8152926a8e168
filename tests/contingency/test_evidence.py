"""Cases and effects are put together once, or refused with every reason."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.contingency import Evidence, completions, synthetic_cases, synthetic_effects
from lean_impact.errors import DesignError, InputError


def test_states_are_read_and_effects_oriented(cases, effects):
    up = Evidence.gather(cases, effects, improvement="increase")
    down = Evidence.gather(cases, effects, improvement="decrease")
    assert up.effects.tolist() == (-down.effects[::-1]).tolist()
    assert up.states[up.row("RTP")].tolist() == [1, -1, 0, 1, 1, 1, 1]
    assert up.upper.tolist() == (-down.lower[::-1]).tolist()
    assert up.context("RXW")["culture-work"] == "unknown"
    names = np.array(up.conditions)
    assert names[up.known_constant].tolist() == ["local-brand", "national-support"]


def test_a_hindering_condition_helps_where_it_is_absent():
    cases = synthetic_cases({"rushed": "10?"}, trusts=("AAA", "BBB", "CCC"), hindering={"rushed"})
    evidence = Evidence.gather(
        cases,
        synthetic_effects({"AAA": 1.0, "BBB": 2.0, "CCC": 3.0}, standard_errors=1.0),
        improvement="increase",
    )
    assert evidence.favours[:, 0].tolist() == [0, 1, -1]


def test_arrays_are_read_only(cases, effects):
    evidence = Evidence.gather(cases, effects, improvement="increase")
    with pytest.raises(ValueError, match="read-only"):
        evidence.effects[0] = 1.0


def test_every_mismatch_is_listed(cases):
    effects = synthetic_effects(
        {"RTP": 0.1, "RR8": 0.2, "RKB": 0.3, "RF4": 0.1, "RAA": 0.2}, standard_errors=0.1
    )
    bad = [*effects, effects[0]]
    bad[1] = bad[1].model_copy(
        update={"estimate": bad[1].estimate.model_copy(update={"standard_error": 0.0})}
    )
    with pytest.raises(InputError) as raised:
        Evidence.gather(cases, bad, improvement="increase")
    rules = sorted(issue.rule for issue in raised.value.issues)
    assert rules == ["case-missing", "effect-missing", "effect-twice", "standard-error"]
    assert {"RXW", "RAA", "RTP", "RR8"} <= set(str(raised.value).replace(",", " ").replace(".", " ").split())


def test_two_trusts_are_too_few():
    with pytest.raises(DesignError, match="2 trusts"):
        Evidence.gather(
            synthetic_cases({"a": "10"}, trusts=("AAA", "BBB")),
            synthetic_effects({"AAA": 1.0, "BBB": 2.0}, standard_errors=0.5),
            improvement="increase",
        )


def test_a_measure_without_a_better_direction_is_refused(cases, effects):
    with pytest.raises(DesignError, match="no better direction"):
        Evidence.gather(cases, effects, improvement="neutral")


def test_contexts_are_checked_completely(cases, effects):
    evidence = Evidence.gather(cases, effects, improvement="increase")
    context = {**evidence.context("RTP"), "moon": "full", "same-ceo": "maybe"}
    del context["cqc-good"]
    with pytest.raises(InputError) as raised:
        evidence.encode(context)
    assert sorted(issue.rule for issue in raised.value.issues) == [
        "condition-missing", "condition-unheard-of", "state", "state",
    ]  # fmt: skip


def test_completions_fill_both_ways_or_draw():
    states = np.array([[1, -1], [-1, 0]], dtype=np.int8)
    filled, exact = completions(states, limit=4, seed=0)
    assert exact
    assert len(np.unique(filled.reshape(4, -1), axis=0)) == 4
    assert (filled[:, 0, 0] == 1).all()
    drawn, exact = completions(np.full(30, -1, dtype=np.int8), limit=8, seed=0)
    assert not exact
    assert drawn.shape == (8, 30)
    assert set(np.unique(drawn)) <= {0.0, 1.0}


def test_trusts_are_ordered_by_content_not_by_name(cases, effects, five):
    evidence = Evidence.gather(cases, effects[::-1], improvement="increase")
    assert evidence.trusts == ("RXW", "RKB", "RR8", "RF4", "RTP")
    assert set(evidence.trusts) == set(five)
