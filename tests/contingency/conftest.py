"""The public case-by-condition table of the five trusts, unknown cells kept unknown."""

from __future__ import annotations

from datetime import date

import pytest

from lean_impact.contingency import (
    ContingencyAnalysis,
    OutcomeMove,
    synthetic_cases,
    synthetic_effects,
)
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.readiness import ReadinessIndex

FIVE = ("RTP", "RR8", "RKB", "RF4", "RXW")


@pytest.fixture
def five():
    return FIVE


@pytest.fixture
def cases():
    columns = {
        "same-ceo": "11100",
        "culture-work": "?11??",
        "cqc-good": "10000",
        "no-special-measures": "11100",
        "investigation": "00011",
        "local-brand": "11111",
        "national-support": "11111",
    }
    return synthetic_cases(columns, trusts=FIVE, hindering={"investigation"})


@pytest.fixture
def effects():
    values = {"RF4": -0.006, "RR8": -0.012, "RXW": -0.089, "RTP": 0.143, "RKB": -0.018}
    return synthetic_effects(values, standard_errors=0.05)


@pytest.fixture
def outcome():
    """CQC rating rose by 2020."""
    return {trust: trust in {"RTP", "RR8", "RKB"} for trust in FIVE}


@pytest.fixture
def leeds():
    return OutcomeMove(
        trust="RR8", outcome="CQC rating", moved=date(2016, 5, 1), could_act_from=date(2017, 1, 1)
    )


@pytest.fixture
def result(cases, effects, outcome, leeds):
    analysis = ContingencyAnalysis(
        models=(ReadinessIndex(),), null=NullModel(), seed=1, unit="share of attendances"
    )
    return analysis.evaluate(
        cases,
        effects=effects,
        improvement="increase",
        outcome=outcome,
        outcome_name="CQC rating rose by 2020",
        timing=[leeds],
    )
