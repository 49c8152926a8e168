"""The bundled models obey the laws that every other model must obey, and say what they should."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from lean_impact.contingency import synthetic_cases, synthetic_effects
from lean_impact.errors import InputError
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.readiness import ReadinessIndex
from lean_impact.testing import scorer_checks

MODELS = {
    "null": NullModel(),
    "readiness": ReadinessIndex(),
    "readiness with weights": ReadinessIndex(weights={"calm": 1.0, "ready": 2.0, "rushed": 0.5}),
    "readiness with few fillings": ReadinessIndex(limit=2),
}
FIVE = ("RTP", "RR8", "RKB", "RF4", "RXW")
VALUES = {"RTP": 0.3, "RR8": 0.1, "RKB": 0.12, "RF4": -0.1, "RXW": -0.2}


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{name}: {check.name}")
        for name, model in MODELS.items()
        for check in scorer_checks(model)
    ],
)
def test_the_laws_hold(check):
    check.run()


def _fit(columns, model=None, *, values=VALUES, errors=0.05, hindering=()):
    cases = synthetic_cases(columns, trusts=FIVE[: len(values)], hindering=hindering)
    effects = synthetic_effects(values, standard_errors=errors)
    return (model or ReadinessIndex()).fit(cases, effects, improvement="increase", seed=4)


def test_the_null_predicts_by_average_and_spread():
    fit = _fit({"a": "11000"}, NullModel())
    values = np.array(list(VALUES.values()))
    # Equal standard errors: Paule-Mandel is the sample variance less the error variance.
    spread = values.var(ddof=1) - 0.05**2
    assert fit.tau == pytest.approx(np.sqrt(spread))
    scale = np.sqrt(values.var(ddof=1) * (1 + 1 / 5) - 0.05**2)
    assert fit.new_trust.interval() == pytest.approx(stats.t(4, values.mean(), scale).interval(0.95))
    assert fit.score("RTP").value == pytest.approx(stats.t(4, values.mean(), scale).sf(0.0))


@pytest.mark.shared
def test_the_readiness_line_equals_metafor_on_a_crisp_moderator(shared_data):
    """The line through an index is the meta-regression on that index."""
    records = json.loads(shared_data("reference/contingency/meta.json").read_text())
    record = next(r for r in records if r["id"] == "meta.five_trusts.readiness")
    # Ten conditions reproduce the moderator 0.8, 0.4, 0.9, 0.2, 0.6 as shares of favourable ones.
    tenths = [round(10 * x) for x in record["input"]["X"]]
    columns = {f"c{k}": "".join("1" if k < t else "0" for t in tenths) for k in range(10)}
    values = dict(zip(FIVE, record["input"]["yi"], strict=True))
    errors = dict(zip(FIVE, np.sqrt(record["input"]["vi"]).tolist(), strict=True))
    fit = _fit(columns, values=values, errors=errors)
    # Conditions that all or none of the five have are constant: the rest is a linear map of the moderator.
    entering = len(fit.entering)
    expected = record["expected"]["PM.z"]
    assert fit.slope.mean == pytest.approx(expected["beta"][1] * entering / 10, rel=1e-3)
    assert fit.slope.scales[0] == pytest.approx(expected["se"][1] * entering / 10, rel=1e-3)
    assert fit.slope.dfs[0] == 3


def test_unknown_cells_are_a_mixture_of_both_ways():
    known = [_fit({"a": f"11{sign}00", "b": "10100"}) for sign in "01"]
    both = _fit({"a": "11?00", "b": "10100"})
    context = {"a": "present", "b": "absent"}
    expected = np.mean([fit.predict(context).cdf(0.1) for fit in known])
    assert both.predict(context).cdf(0.1) == pytest.approx(expected)
    open_context = {"a": "unknown", "b": "absent"}
    halves = [known[0].predict({"a": state, "b": "absent"}).cdf(0.1) for state in ("present", "absent")]
    assert known[0].predict(open_context).cdf(0.1) == pytest.approx(np.mean(halves))


def test_scores_are_bounded_by_what_is_not_known():
    fit = _fit({"a": "1?000", "b": "01100", "hinders": "00011"}, hindering={"hinders"})
    score = fit.score("RR8")
    assert (score.value, score.lower, score.upper) == pytest.approx((0.5 / 3 + 2 / 3, 2 / 3, 1.0))
    assert sum(score.contributions.values()) == pytest.approx(score.value)
    assert "'a' is not known: the score would be 1.00 if it held and 0.67 if not." in score.would_change
    assert "'hinders' holds: the other way the score would be 0.33." in fit.score("RXW").would_change
    assert fit.score("RXW").value == pytest.approx(0.0)


def test_weights_are_stated_and_used():
    fit = _fit({"a": "11000", "b": "10100"}, ReadinessIndex(weights={"a": 3.0, "b": 1.0}))
    assert fit.score("RR8").value == pytest.approx(0.75)
    assert fit.provenance.parameters["weights"] == "a 0.75, b 0.25"


def test_weights_that_cannot_be_used_are_all_listed():
    with pytest.raises(InputError) as raised:
        _fit({"a": "11000", "b": "10100"}, ReadinessIndex(weights={"a": -1.0, "c": 1.0}))
    assert sorted(issue.rule for issue in raised.value.issues) == [
        "weight", "weight-missing", "weight-unheard-of",
    ]  # fmt: skip


def test_a_context_that_no_trust_had_is_outside():
    fit = _fit({"a": "11000", "b": "10100", "same": "11111"})
    inside = fit.predict({"a": "present", "b": "absent", "same": "present"})
    assert inside.outside == 0.0
    strange = fit.predict({"a": "present", "b": "absent", "same": "absent"})
    assert strange.outside == 1.0
    # The line is extended by the weight of the condition, and with it the uncertainty.
    assert strange.mean != inside.mean
    half = fit.predict({"a": "present", "b": "absent", "same": "unknown"})
    assert half.outside == 0.5
    beyond = _fit({"a": "11000", "b": "00110"}).predict({"a": "present", "b": "present"})
    assert beyond.outside == 1.0


def test_a_farther_extrapolation_is_less_sure():
    columns = {"a": "11000", "b": "10100", "same": "11111", "also": "00000"}
    fit = _fit(columns)
    near = {"a": "present", "b": "present", "same": "present", "also": "absent"}
    one, two = fit.predict(near), fit.predict({**near, "also": "present"})
    assert np.diff(two.interval())[0] > np.diff(one.interval())[0]


def test_the_slope_names_who_carries_it():
    values = {"RTP": 1.0, "RR8": 0.0, "RKB": 0.01, "RF4": -0.01, "RXW": 0.0}
    line = _fit({"a": "10000", "b": "11000"}, values=values).findings[0]
    assert "RTP" in line.trusts
    assert line.evidence == ("a", "b")
    steady = _fit({"a": "11100", "b": "11000"}, values={**values, "RR8": 1.0, "RKB": 1.0}).findings[0]
    assert "RXW" not in steady.trusts


def test_rank_acceptability_follows_dominance():
    fit = _fit({"a": "11000", "b": "10100", "c": "11100"})
    table = fit.rank_acceptability().pivot(index="trust", columns="rank", values="probability")
    assert table.sum(axis=1).to_numpy() == pytest.approx(np.ones(5))
    assert table.loc["RTP", 1] == pytest.approx(1.0)
    # RF4 and RXW have nothing: they share the last two ranks.
    assert table.loc["RF4", [4, 5]].tolist() == pytest.approx([0.5, 0.5])
    # RR8 and RKB lead each other for half of the weights.
    assert table.loc["RR8", 2] == pytest.approx(0.5, abs=0.05)


def test_four_trusts_have_a_line_and_three_do_not():
    four = {trust: VALUES[trust] for trust in FIVE[:4]}
    three = {trust: VALUES[trust] for trust in FIVE[:3]}
    assert _fit({"a": "1100"}, values=four).slope is not None
    fit = _fit({"a": "110"}, values=three)
    assert fit.slope is None
    assert any("leave no line" in caution for caution in fit.cautions)
    null = _fit({"a": "110"}, NullModel(), values=three)
    assert fit.predict({"a": "present"}).interval() == pytest.approx(null.new_trust.interval())


def test_nothing_that_differs_is_said_and_predicted_by_the_average():
    fit = _fit({"a": "11111", "b": "?????"})
    assert fit.findings == ()
    assert any("no condition differs" in caution for caution in fit.cautions)
    null = _fit({"a": "11111"}, NullModel())
    predicted = fit.predict({"a": "present", "b": "unknown"})
    assert predicted.interval() == pytest.approx(null.new_trust.interval())
    score = fit.score("RTP")
    assert (score.value, score.lower, score.upper) == (0.5, 0.0, 1.0)


def test_summaries_speak_of_support_and_cautions():
    fit = _fit({"a": "11?00", "b": "10100", "same": "11111"})
    text = fit.summary()
    assert "95% interval" in text
    assert "Caution: 1 unknown cells" in text
    assert "the same in every trust, so it can play no part: same" in text
    assert "Null model" in _fit({"a": "11000"}, NullModel()).summary()
