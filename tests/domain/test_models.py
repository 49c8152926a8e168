"""The models of the domain: what exists is valid, and what is refused says why."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from lean_impact.domain import (
    Adoption,
    AnalysisPlan,
    CaseTable,
    Cell,
    Condition,
    EffectQuestion,
    Estimate,
    Event,
    Measure,
    Programme,
    PValue,
    Trust,
    Window,
    next_period,
    period_label,
)

WINDOW = Window(start=date(2015, 9, 1), end=date(2017, 1, 1))


def adoption(code: str) -> Adoption:
    return Adoption(trust=code, window=WINDOW, evidence="press", confidence="medium")


def programme(**changes):
    given = {
        "id": "demo",
        "name": "Demo",
        "description": "",
        "trusts": (Trust(code="RTP", name="A"), Trust(code="RXW", name="B")),
        "adoption": (adoption("RTP"), adoption("RXW")),
    }
    return Programme(**(given | changes))


def test_nothing_can_be_changed_or_added():
    window = Window(start=date(2015, 9, 1), end=date(2017, 1, 1))
    with pytest.raises(ValidationError, match="frozen"):
        window.start = date(2016, 1, 1)
    with pytest.raises(ValidationError, match="Extra inputs"):
        Window(start=date(2015, 9, 1), end=date(2017, 1, 1), length=3)


def test_text_is_never_turned_into_a_number():
    with pytest.raises(ValidationError, match="valid number"):
        Estimate(value="0.1", standard_error=0.1, lower=0.0, upper=1.0)


def test_a_window_is_half_open_and_has_a_length():
    assert WINDOW.contains(date(2015, 9, 1))
    assert not WINDOW.contains(date(2017, 1, 1))
    with pytest.raises(ValidationError, match="half-open"):
        Window(start=date(2017, 1, 1), end=date(2017, 1, 1))


@pytest.mark.parametrize(
    ("frequency", "following", "label"),
    [
        ("month", date(2015, 12, 1), "Nov 2015"),
        ("quarter", date(2016, 2, 1), "Nov-Jan 2016"),
        ("year", date(2016, 11, 1), "2015"),
    ],
)
def test_periods(frequency, following, label):
    assert next_period(date(2015, 11, 1), frequency) == following
    assert period_label(date(2015, 11, 1), frequency) == label


def test_a_programme_names_every_fault_at_once():
    with pytest.raises(ValidationError) as caught:
        programme(
            trusts=(Trust(code="RTP", name="A"), Trust(code="RTP", name="B"), Trust(code="RR8", name="C")),
            adoption=(adoption("RTP"), adoption("RXW"), adoption("RXW")),
        )
    words = str(caught.value)
    for part in ("RTP is listed twice", "RXW has more than one", "RR8 has no adoption", "names RXW"):
        assert part in words


def test_events_of_a_trust_include_the_national_ones_by_date():
    def event(day, trust):
        return Event(date=day, trust=trust, kind="shock", what="x", confidence="high", source="y")

    plan = programme(
        events=(event(date(2020, 3, 1), None), event(date(2018, 1, 1), "RTP"), event(date(2017, 1, 1), "RXW"))
    )
    assert [item.date.year for item in plan.events_of("RTP")] == [2018, 2020]


def test_a_case_table_must_be_complete():
    condition = Condition(id="stable", name="Stable", basis="press")
    cell = Cell(trust="RTP", condition="stable", state="present", confidence="high")
    with pytest.raises(ValidationError, match="RXW x stable is not given"):
        CaseTable(conditions=(condition,), trusts=("RTP", "RXW"), cells=(cell,))
    with pytest.raises(ValidationError, match="given 2 times"):
        CaseTable(conditions=(condition,), trusts=("RTP",), cells=(cell, cell))


def test_an_interval_holds_its_estimate_and_a_p_value_is_reachable():
    with pytest.raises(ValidationError, match="does not hold"):
        Estimate(value=2.0, standard_error=0.1, lower=0.0, upper=1.0)
    with pytest.raises(ValidationError, match="smallest reachable"):
        PValue(value=0.001, smallest=0.01, method="m", assumption="a")
    with pytest.raises(ValidationError):
        PValue(value=0.0, smallest=0.0, method="m", assumption="a")


def question(key: str, role: str = "primary") -> EffectQuestion:
    return EffectQuestion(
        id=key,
        label=key,
        measure="wait",
        role=role,
        pre=Window(start=date(2010, 1, 1), end=date(2015, 1, 1)),
        post=Window(start=date(2015, 1, 1), end=date(2020, 1, 1)),
    )


def test_a_plan_needs_one_deciding_question_and_distinct_names():
    with pytest.raises(ValidationError, match="asked twice"):
        AnalysisPlan(seed=1, effects=(question("a"), question("a")))
    with pytest.raises(ValidationError, match="role 'primary'"):
        AnalysisPlan(seed=1, effects=(question("a", "secondary"),))
    plan = AnalysisPlan(seed=1, effects=(question("a", "secondary"), question("b")))
    assert plan.primary.id == "b"


def test_the_digest_of_a_plan_changes_with_any_choice():
    one = AnalysisPlan(seed=1, effects=(question("a"),))
    assert one.digest() == AnalysisPlan(seed=1, effects=(question("a"),)).digest()
    assert one.digest() != AnalysisPlan(seed=2, effects=(question("a"),)).digest()
    assert one.digest() != AnalysisPlan(seed=1, level=0.9, effects=(question("a"),)).digest()


def test_pre_and_post_must_not_overlap():
    with pytest.raises(ValidationError, match="must not overlap"):
        EffectQuestion(
            id="a",
            label="a",
            measure="wait",
            role="primary",
            pre=Window(start=date(2010, 1, 1), end=date(2016, 1, 1)),
            post=Window(start=date(2015, 1, 1), end=date(2020, 1, 1)),
        )


@pytest.mark.parametrize(
    ("kind", "value", "text", "change"),
    [
        ("proportion", 0.9034, "90.3%", "+90.3 points"),
        ("count", 1234.0, "1,234", "+1,234"),
        ("mean", 3.5, "3.500", "+3.500"),
    ],
)
def test_measures_write_numbers_for_readers(kind, value, text, change):
    measure = Measure(
        id="m", name="m", kind=kind, improvement="increase", dimension="quality", frequency="month", unit="u"
    )
    assert measure.format(value) == text
    assert measure.format_change(value) == change
    assert measure.format(float("nan")) == "not known"
