"""The whole question at once, for a board."""

from __future__ import annotations

import time

import pytest

from lean_impact.contingency import ContingencyAnalysis, synthetic_cases, synthetic_effects
from lean_impact.errors import DesignError, InputError
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.readiness import ReadinessIndex

ANALYSIS = ContingencyAnalysis(models=(ReadinessIndex(),), null=NullModel(), seed=1)


def test_the_board_reads_what_is_and_is_not_known(result):
    text = result.summary()
    for words in (
        "What the five trusts can tell us",
        "the model 'readiness' does not predict a trust that it has not seen better than the null model",
        "so this is no finding",
        "RTP better (+0.143, +0.043 to +0.243 share of attendances); the interval of the other four holds 0",
        "20% to 40% of the time",
        "What the five trusts cannot tell us",
        "'investigation', 'no-special-measures', 'same-ceo' matters: these trusts cannot tell them apart",
        "luck alone gives one 93% of the time",
        "What would settle it",
        "Establishing 'culture-work' in RF4 and in RTP and in RXW: any one of these can turn",
        "6 trusts for one named condition, and from 12 if 25 are looked at",
    ):
        assert words in text


def test_one_row_for_each_model_and_trust(result):
    frame = result.to_frame()
    assert frame.groupby("model")["trust"].nunique().to_dict() == {"null": 5, "readiness": 5}
    readiness = frame[frame["model"] == "readiness"].set_index("trust")
    assert readiness["crps_gain"].mean() == pytest.approx(result.validations[0].mean_gain)
    assert frame[frame["model"] == "null"]["crps"].isna().all()
    assert readiness.loc["RTP", "score"] == pytest.approx(0.9)
    assert readiness.loc["RTP", ["lower", "upper"]].tolist() == pytest.approx([0.8, 1.0])


def test_it_is_fast(cases, effects, outcome):
    start = time.perf_counter()
    ANALYSIS.evaluate(cases, effects=effects, improvement="increase", outcome=outcome)
    assert time.perf_counter() - start < 3


def test_two_models_share_the_level(cases, effects):
    class Other(NullModel):
        name = "other"

    analysis = ContingencyAnalysis(models=(ReadinessIndex(), Other()), null=NullModel(), seed=1)
    found = analysis.evaluate(cases, effects=effects, improvement="increase")
    assert [v.level for v in found.validations] == [0.025, 0.025]
    assert any("no model could have been shown" in caution for caution in found.cautions)
    assert found.judgement.startswith("none of the two models predicts a trust that it has not seen")
    assert "0.025 is needed: no model could have been shown to be better" in found.summary()


def test_models_that_do_predict_are_named():
    class Other(NullModel):
        name = "other"

    trusts = tuple(f"T{i:02d}" for i in range(8))
    effects = synthetic_effects(
        {trust: float(i < 4) + 0.02 * i for i, trust in enumerate(trusts)}, standard_errors=0.05
    )
    analysis = ContingencyAnalysis(models=(ReadinessIndex(), Other()), null=NullModel(), seed=1)
    found = analysis.evaluate(
        synthetic_cases({"a": "11110000"}, trusts=trusts), effects=effects, improvement="increase"
    )
    assert found.judgement == (
        "of two models 'readiness' predicts a trust that it has not seen better than the null model, which knows "
        "no context; the other one does not"
    )


def test_three_trusts_are_described_but_not_validated():
    cases = synthetic_cases({"a": "100"}, trusts=("AAA", "BBB", "CCC"))
    effects = synthetic_effects({"AAA": 0.3, "BBB": 0.1, "CCC": 0.0}, standard_errors=0.1)
    found = ANALYSIS.evaluate(cases, effects=effects, improvement="increase")
    assert found.validations == ()
    assert "too few to leave one out" in found.summary()
    assert any("no model could be validated" in caution for caution in found.cautions)
    assert len(found.to_frame()) == 6


def test_what_cannot_be_asked_is_refused(cases, effects):
    with pytest.raises(InputError, match="2 models are called 'null'"):
        ContingencyAnalysis(models=(NullModel(),), null=NullModel(), seed=1).evaluate(
            cases, effects=effects, improvement="increase"
        )
    same = synthetic_cases({"a": "11111"}, trusts=cases.trusts)
    with pytest.raises(DesignError, match="no condition differs"):
        ANALYSIS.evaluate(same, effects=effects, improvement="increase")


def test_everything_is_in_the_provenance(result):
    for part in (result, *result.validations, result.design, *result.fits.values()):
        assert part.provenance.seed == 1
        assert part.provenance.parameters["improvement"] == "increase"
