from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from lean_impact.domain import Window
from lean_impact.domain.quality import decide
from lean_impact.quality import Decision, QualityFinding


def finding(**changes):
    fields = {
        "trust": "RTP",
        "measure": "type-1",
        "kind": "gap",
        "start": date(2015, 3, 1),
        "end": date(2015, 6, 1),
        "n_periods": 3,
        "what": "Three months.",
        "severity": "medium",
    }
    return QualityFinding(**{**fields, **changes})


@pytest.mark.parametrize(
    ("limits", "matches"),
    [
        ({}, True),
        ({"kind": "imputed"}, False),
        ({"trust": "RTP"}, True),
        ({"trust": "RXW"}, False),
        ({"measure": "type-1"}, True),
        ({"measure": "all-types"}, False),
        ({"window": Window(start=date(2015, 5, 1), end=date(2015, 7, 1))}, True),
        ({"window": Window(start=date(2015, 6, 1), end=date(2015, 7, 1))}, False),
        ({"window": Window(start=date(2015, 1, 1), end=date(2015, 3, 1))}, False),
    ],
)
def test_a_decision_speaks_of_what_it_is_limited_to(limits, matches):
    decision = Decision(**{"kind": "gap", "action": "kept", "reason": "short", **limits})
    assert decision.matches(finding()) == matches


def test_of_two_equally_narrow_decisions_the_first_wins():
    first = Decision(kind="gap", action="kept", reason="short", trust="RTP")
    second = Decision(kind="gap", action="dropped", reason="long", measure="type-1")
    (decided,), idle = decide((finding(),), (first, second))
    assert decided.action == "kept (short)"
    assert decided.decided
    assert idle == ()


def test_a_decision_on_one_trust_says_nothing_about_all_trusts():
    decision = Decision(kind="definition change", action="kept", reason="r", trust="RTP")
    (undecided,), idle = decide((finding(kind="definition change", trust=None),), (decision,))
    assert not undecided.decided
    assert idle == (decision,)


def test_a_finding_that_ends_before_it_starts_or_has_an_unknown_kind_cannot_exist():
    with pytest.raises(ValidationError, match="not before end"):
        finding(end=date(2015, 3, 1))
    with pytest.raises(ValidationError):
        finding(kind="something")
