"""Conditions that are a matter of degree: what every model makes of memberships and of how sure they are."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from lean_impact.contingency import Evidence, fillings, synthetic_cases, synthetic_effects, validate
from lean_impact.domain import Cell, Condition, Membership
from lean_impact.errors import InputError
from lean_impact.plugins.contingency.bayes import HierarchicalBayes
from lean_impact.plugins.contingency.moderation import Moderation
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.profile import ProfileDeviation
from lean_impact.plugins.contingency.qca import Qca
from lean_impact.plugins.contingency.readiness import ReadinessIndex
from lean_impact.plugins.contingency.rules import StatedRules

FIVE = ("RTP", "RR8", "RKB", "RF4", "RXW")
VALUES = dict(zip(FIVE, (0.3, 0.1, 0.12, -0.1, -0.2), strict=True))
DEGREES = dict(zip(FIVE, (0.95, 0.8, 0.7, 0.3, 0.1), strict=True))
MODELS = [
    ReadinessIndex(draws=200),
    ProfileDeviation(),
    Moderation(),
    Qca(draws=200),
    StatedRules(),
    HierarchicalBayes(),
]


def cases(degrees=DEGREES, *, reach=0.0, columns=None, trusts=FIVE):
    """Return a table whose last condition, ``engaged``, is a matter of degree."""
    table = synthetic_cases({"calm": "1?011"} if columns is None else columns, trusts=trusts)
    cells = tuple(
        Cell(
            trust=trust,
            condition="engaged",
            state="present" if value > 0.5 else "absent",
            confidence="high",
            membership=Membership(
                value=value,
                lower=max(value - reach, 0.0) if reach else None,
                upper=min(value + reach, 1.0) if reach else None,
            ),
        )
        for trust, value in degrees.items()
    )
    return table.with_condition(Condition(id="engaged", name="Engaged", basis="survey"), cells)


def fit(model, table, *, values=VALUES, errors=0.05):
    return model.fit(table, synthetic_effects(values, standard_errors=errors), improvement="increase", seed=3)


def numbers(prediction):
    return [prediction.mean, *prediction.interval()]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_memberships_of_nearly_0_and_1_are_states(model):
    sharp = cases(dict(zip(FIVE, (1 - 1e-9, 1.0, 1.0, 0.0, 1e-9), strict=True)))
    crisp = synthetic_cases({"calm": "1?011", "engaged": "11100"}, trusts=FIVE)
    one, two = fit(model, sharp), fit(model, crisp)
    for trust in FIVE:
        told, known = one.score(trust), two.score(trust)
        assert told.value == pytest.approx(known.value, abs=0.06)
        assert told.expected.value == pytest.approx(known.expected.value, abs=0.02)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_an_unsure_membership_widens_what_is_predicted(model):
    sure, unsure = (fit(model, cases(reach=reach)) for reach in (1e-4, 0.4))
    context = {"calm": "present", "engaged": Membership(value=0.7, lower=0.2, upper=0.95)}
    exact = {"calm": "present", "engaged": Membership(value=0.7)}
    assert np.isfinite(numbers(unsure.predict(context))).all()
    score = unsure.score("RKB")
    assert 0 <= score.lower <= score.value <= score.upper <= 1
    spread = [prediction.interval()[1] - prediction.interval()[0] for prediction in
              (unsure.predict(context), sure.predict(exact))]  # fmt: skip
    assert spread[0] > spread[1] * 0.98
    assert any("a matter of degree" in caution for caution in unsure.cautions)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_names_and_order_of_trusts_change_nothing(model):
    table = cases(reach=0.2)
    turned = cases(dict(reversed(DEGREES.items())), reach=0.2, columns={"calm": "110?1"}, trusts=FIVE[::-1])
    one, two = (fit(model, one) for one in (table, turned))
    context = one.evidence.context("RR8")
    assert numbers(two.predict(context)) == pytest.approx(numbers(one.predict(context)))
    assert two.score("RR8").value == pytest.approx(one.score("RR8").value)


def test_a_rule_takes_the_smaller_membership_and_its_complement():
    table = cases(columns={"calm": "11011"})
    found = fit(StatedRules(rules=("engaged*calm", "~engaged")), table)
    assert found.score("RR8").value == pytest.approx((0.8 + 0.2) / 2)
    assert found.score("RKB").value == pytest.approx((0.0 + 0.3) / 2)
    row = found.support().set_index("rule").loc["~engaged"]
    # Whoever is more out than in failed, surely: enough for no success, but the successes are a little in it.
    assert row["sufficient"] == pytest.approx(0.0, abs=0.03)
    assert row["consistency"] == pytest.approx((0.05 + 0.2 + 0.3) / (0.05 + 0.2 + 0.3 + 0.7 + 0.9))
    assert any("Consistency of '~engaged'" in finding.statement for finding in found.findings)


def test_contributions_to_a_degree_add_up():
    found = fit(StatedRules(rules=("engaged*calm",)), cases(columns={"calm": "11011"}))
    score = found.score("RR8")
    # The average over what two conditions could be is 1/4.
    assert sum(score.contributions.values()) == pytest.approx(0.8 - 0.25)
    assert any("holds to the degree 0.80" in words for words in score.would_change)


def test_qca_solves_the_fuzzy_table_and_enumerates_what_is_unknown():
    found = fit(Qca(draws=400, consistency=0.65), cases(reach=0.1), errors=0.02)
    assert found.propagation.solutions["solution"].iloc[0] == "engaged"
    # RR8 is calm in half of the draws.
    weights = {}
    for scenario in found.propagation.scenarios:
        calm = int(found.propagation.rows[scenario.filling][found.evidence.row("RR8"), 0])
        weights[calm] = weights.get(calm, 0.0) + scenario.weight
    assert weights == pytest.approx({0: 0.5, 1: 0.5})
    assert any("drawn 400 times" in caution for caution in found.cautions)
    assert "engaged 0.80" in found.description.replace("(", "")
    drawn = [text.get_text() for text in found.plot().texts]
    assert "0.95" in drawn
    assert found.solution_carriers() == ("RTP",)
    assert 0 < found.design.chance <= 1


def test_a_membership_that_may_be_on_either_side_makes_solutions_unsure():
    sure = fit(Qca(draws=400), cases(columns={"calm": "10110"}, reach=0.01), errors=0.01)
    close = {**DEGREES, "RKB": 0.55}
    unsure = fit(Qca(draws=400), cases(close, columns={"calm": "10110"}, reach=0.3), errors=0.01)
    assert sure.propagation.solutions["probability"].iloc[0] == 1.0
    assert unsure.propagation.solutions["probability"].iloc[0] < 0.9


def test_success_may_be_a_matter_of_degree():
    model = Qca(anchors=(-0.1, 0.0, 0.1), draws=200)
    found = fit(model, synthetic_cases({"ready": "11100", "calm": "10110"}, trusts=FIVE), errors=0.01)
    assert found.threshold == 0.0
    assert found.propagation.solutions["solution"].iloc[0] == "ready"


def test_a_membership_of_unknown_sureness_is_told():
    found = fit(ReadinessIndex(), cases())
    assert any("how sure the membership of RF4, RKB, RR8, RTP, RXW is" in words for words in found.cautions)


def test_models_are_judged_on_memberships():
    effects = synthetic_effects(VALUES, standard_errors=0.05)
    found = validate(
        StatedRules(rules=("engaged",)),
        cases(reach=0.1),
        effects,
        null=NullModel(),
        improvement="increase",
        seed=1,
    )
    assert found.n_better >= 4


def test_the_ideal_may_be_what_a_tenth_of_all_trusts_exceed():
    table = cases(columns={"calm": "11011"})
    tops = table.with_condition(
        table.conditions[1].model_copy(update={"top_tenth": 0.9}),
        tuple(cell for cell in table.cells if cell.condition == "engaged"),
    )
    found = fit(ProfileDeviation(ideal={"engaged": "top-tenth"}), tops)
    assert found.ideal.tolist() == [0.9]
    assert found.score("RR8").value == pytest.approx(1 - abs(0.8 - 0.9))
    share, n = found.other_ideals()
    assert n == 3
    assert 1 / 3 - 1e-9 <= share <= 1
    with pytest.raises(InputError) as error:
        fit(ProfileDeviation(ideal="top-tenth"), tops)
    [issue] = error.value.issues
    assert "what a tenth of all trusts exceed on 'calm' is not known: calibrate it" in issue.message
    with pytest.raises(InputError) as error:
        fit(ProfileDeviation(ideal={"calm": "best", "engaged": 1.2}), tops)
    assert len(error.value.issues) == 2


# ------------------------------------------------------------------ what a membership is


def test_a_membership_of_one_half_is_refused_by_name():
    with pytest.raises(ValidationError, match="is neither in nor out"):
        Membership(value=0.5)
    with pytest.raises(ValidationError, match="RTP x engaged has the membership"):
        Cell(
            trust="RTP",
            condition="engaged",
            state="absent",
            confidence="high",
            membership=Membership(value=0.9),
        )
    with pytest.raises(ValidationError, match="does not hold"):
        Membership(value=0.9, lower=0.1, upper=0.8)
    with pytest.raises(ValidationError, match="both ends"):
        Membership(value=0.9, lower=0.1)


def test_draws_have_the_interval_that_was_given():
    cell = Membership(value=0.8, lower=0.3, upper=0.95)
    filled, exact = fillings([[cell]], limit=8, seed=1, draws=4000)
    assert exact
    assert np.quantile(filled, [0.025, 0.5, 0.975]) == pytest.approx([0.3, 0.8, 0.95], abs=2e-3)
    both = np.array(fillings([[cell, cell]], limit=8, seed=1, draws=2000)[0])
    assert abs(np.corrcoef(both[:, 0, 0], both[:, 0, 1])[0, 1]) < 0.1


def test_a_matter_of_degree_is_never_constant():
    evidence = Evidence.gather(
        cases(dict.fromkeys(FIVE, 0.9)),
        synthetic_effects(VALUES, standard_errors=0.1),
        improvement="increase",
    )
    assert dict(zip(evidence.conditions, evidence.testable, strict=True))["engaged"]
    assert evidence.context("RTP") == {"calm": "present", "engaged": Membership(value=0.9)}
