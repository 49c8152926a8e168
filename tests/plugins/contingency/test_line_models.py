"""Profile, moderation, qca, rules and bayes: their laws, their numbers, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from lean_impact.contingency import DrawnFit, synthetic_cases, synthetic_effects, validate
from lean_impact.errors import InputError
from lean_impact.kernels.effect_regression import regress_effects
from lean_impact.plugins.contingency.bayes import HierarchicalBayes
from lean_impact.plugins.contingency.moderation import Moderation
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.profile import ProfileDeviation
from lean_impact.plugins.contingency.qca import Qca
from lean_impact.plugins.contingency.rules import StatedRules
from lean_impact.plugins.contingency.shares import shapley
from lean_impact.testing import scorer_checks

FIVE = ("RTP", "RR8", "RKB", "RF4", "RXW")
VALUES = {"RTP": 0.3, "RR8": 0.1, "RKB": 0.12, "RF4": -0.1, "RXW": -0.2}
COLUMNS = {"ready": "11100", "calm": "10110", "rushed": "00011"}

MODELS = {
    "profile with an ideal": ProfileDeviation(
        ideal={"calm": "present", "rushed": "absent"}, weights={"calm": 3.0}
    ),
    "moderation of one": Moderation(conditions=("calm",)),
    "qca of two": Qca(conditions=("calm", "ready"), limit=4),
    "two rules": StatedRules(rules=("calm + ready", "~rushed")),
    "a loose prior": HierarchicalBayes(spread=3.0, difference=3.0),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{name}: {check.name}")
        for name, model in MODELS.items()
        for check in scorer_checks(model)
        # Every model is checked with its defaults by the conformance tests; here the settings that matter.
        if "seed" not in check.name
    ],
)
def test_the_laws_hold_with_settings(check):
    check.run()


def fit(model, columns=COLUMNS, *, values=VALUES, errors=0.05, hindering=("rushed",)):
    cases = synthetic_cases(columns, trusts=FIVE[: len(values)], hindering=hindering)
    return model.fit(cases, synthetic_effects(values, standard_errors=errors), improvement="increase", seed=4)


# ------------------------------------------------------------------ profile


def test_closeness_is_one_minus_the_weighted_distance():
    found = fit(ProfileDeviation(weights={"ready": 2.0, "calm": 1.0, "rushed": 1.0}))
    # RR8 has ready, lacks calm and is not rushed: it misses the ideal by calm alone, a quarter of the weight.
    assert found.score("RR8").value == pytest.approx(1 - np.sqrt(0.25))
    assert found.score("RTP").value == 1.0
    share, n = found.other_ideals()
    assert (n, 0 < share <= 1) == (8, True)


def test_contributions_add_up_to_the_move_from_the_average_context():
    for model in (ProfileDeviation(), Qca(), StatedRules(), HierarchicalBayes()):
        found = fit(model)
        grid = np.indices((2, 2, 2)).reshape(3, -1).T.astype(float)
        average = float((found.weights @ found.index_of(grid)).mean())
        score = found.score("RR8")
        assert sum(score.contributions.values()) == pytest.approx(score.value - average)


@given(
    st.lists(st.integers(0, 10), min_size=8, max_size=8),
    st.lists(st.sampled_from([-1, 0, 1]), min_size=3, max_size=3),
)
def test_shapley_values_share_out_exactly(values, states):
    table = np.array(values, dtype=float).reshape(2, 2, 2)
    parts = shapley(table, states)
    picked = tuple(s if s >= 0 else slice(None) for s in states)
    assert parts.sum() == pytest.approx(np.mean(table[picked]) - table.mean())
    assert (parts[np.array(states) < 0] == 0).all()


# ------------------------------------------------------------------ moderation


def test_a_moderator_is_the_meta_regression_on_it():
    found = fit(Moderation(conditions=("ready",)))
    row = found.moderators().iloc[0]
    order = [found.evidence.trusts.index(t) for t in FIVE]
    x = np.array([1.0, 1, 1, 0, 0])
    effects = found.evidence.effects[order]
    line = regress_effects(effects, np.full(5, 0.05), designs=np.column_stack([np.ones(5), x])[None])
    wide = stats.t(3, line.coefficients[0, 1], np.sqrt(line.covariance[0, 1, 1]))
    assert row["difference"] == pytest.approx(line.coefficients[0, 1])
    assert (row["lower"], row["upper"]) == pytest.approx(wide.interval(0.95))
    # Three against two: of ten splits the observed one is the best, and its mirror has other sizes.
    assert row["p_value"] == pytest.approx(0.1)
    assert row["smallest"] == pytest.approx(0.1)


def test_saying_one_thing_three_times_does_not_make_it_count_three_times():
    one = fit(Moderation(), {"ready": "11100", "calm": "10110"})
    three = fit(Moderation(), {"ready": "11100", "again": "11100", "other": "00011", "calm": "10110"})
    context = {"ready": "present", "calm": "absent"}
    wider = {**context, "again": "present", "other": "absent"}
    assert three.predict(wider).mean == pytest.approx(one.predict(context).mean)
    assert three.tied == (("again", "other", "ready"),)
    assert three.design.explanations == 3
    assert "one explanation: again, other, ready" in three.summary()


# ------------------------------------------------------------------ qca


def test_certain_effects_give_the_solution_of_the_estimates():
    found = fit(Qca(conditions=("ready", "calm")), errors=1e-6)
    top = found.solutions().iloc[0]
    assert (top["solution"], top["probability"]) == ("ready", pytest.approx(1.0))
    assert found.score("RTP").value == pytest.approx(1.0)
    assert found.score("RXW").value == pytest.approx(0.0)
    assert found.propagation.drivers["flips"].any()


def test_collinear_conditions_are_one_explanation_until_they_come_apart():
    columns = {"ready": "11100", "stable": "11100", "rushed": "00011"}
    found = fit(Qca(), columns, errors=1e-6)
    assert found.solutions()["solution"].tolist() == ["(ready = ~rushed = stable)"]
    assert found.design.explanations == 3
    apart = found.predict({"ready": "present", "stable": "absent", "rushed": "absent"})
    assert apart.disagree == pytest.approx(1.0)
    assert apart.outside == pytest.approx(1.0)
    same = found.predict({"ready": "present", "stable": "present", "rushed": "absent"})
    assert (same.disagree, same.outside) == (0.0, 0.0)


def test_unknown_cells_are_filled_both_ways():
    found = fit(Qca(), {"ready": "11100", "calm": "1?0?1"}, errors=0.1)
    assert len(found.filled) == 4
    assert found.propagation.weights.sum() == pytest.approx(1.0)
    assert "2 unknown cells" in found.summary()


def test_more_conditions_than_the_trusts_can_carry_are_warned_of_with_the_probability():
    columns = {f"c{i}": row for i, row in enumerate(["11100", "10110", "11010", "10001"])}
    found = fit(Qca(), columns)
    assert "can carry: as many random ones" in found.summary()
    assert "68% of the time" in found.summary()
    assert found.design.smallest == pytest.approx(0.1)


def test_effects_on_one_side_of_the_threshold_leave_nothing_to_explain():
    found = fit(Qca(threshold=-5.0))
    assert found.design.explanations == 0
    assert "nothing to explain" in found.design.words[0]
    assert found.findings[0].statement.startswith("Every trust succeeds")


def test_the_chart_reads_in_words():
    found = fit(Qca(), {"ready": "11100", "calm": "1?011"})
    assert isinstance(found, DrawnFit)
    assert "RR8: calm unknown, ready present; succeeded with probability 0.98" in found.description
    drawn = [text.get_text() for text in found.plot().texts]
    assert drawn.count("?") == 1
    assert "98%" in drawn
    assert next(iter(found.tables())).startswith("Solutions")


# ------------------------------------------------------------------ rules


def test_a_stated_rule_has_the_probability_of_its_patterns():
    values = dict(zip(FIVE, (1.0, 0.5, 0.2, -0.4, -1.0), strict=True))
    found = fit(StatedRules(rules=("ready",)), values=values, errors=0.5)
    chances = stats.norm.cdf(np.array([1.0, 0.5, 0.2, -0.4, -1.0]) / 0.5)
    row = found.support().iloc[0]
    assert row["sufficient"] == pytest.approx(chances[:3].prod())
    assert row["both"] == pytest.approx(chances[:3].prod() * (1 - chances[3:]).prod())
    assert row["met_by"] == "RKB, RR8, RTP"


def test_a_rule_that_cannot_be_read_says_where():
    with pytest.raises(InputError, match="'ready\\*hurry' names conditions that are not there"):
        fit(StatedRules(rules=("ready*hurry",)))
    with pytest.raises(InputError) as error:
        fit(StatedRules(rules=("ready*",)))
    assert "position 7" in error.value.issues[0].message
    with pytest.raises(InputError, match="write \\['ready'\\]"):
        StatedRules(rules="ready")


def test_a_rule_without_a_source_is_an_illustration():
    found = fit(StatedRules(rules=("ready", "calm"), sources={"ready": "A report of 2014"}))
    assert "'ready' was stated by: A report of 2014" in found.cautions
    assert (
        "no source says that it was stated before looking, so it is an illustration: 'calm'" in found.cautions
    )
    with pytest.raises(InputError) as error:
        StatedRules(rules=("ready",), sources={"redy": "A report"})
    assert "'redy' has a source but is no rule" in error.value.issues[0].message


def test_a_rule_that_every_trust_meets_is_untestable():
    assert "untestable: 'ready + ~ready'" in fit(StatedRules(rules=("ready + ~ready",))).summary()


# ------------------------------------------------------------------ bayes


def test_the_posterior_is_what_brute_force_gives():
    y, se, x = np.array([0.3, 0.1, 0.12, -0.1, -0.2]), 0.1, np.array([1, 1, 1, 0, 0]) - 0.5

    mu, b, tau = np.meshgrid(
        np.linspace(-0.6, 0.7, 66), np.linspace(-0.5, 0.6, 56), np.linspace(0, 0.5, 51), indexing="ij"
    )
    wide = np.hypot(se, tau)
    log = sum(-(((e - mu - b * side) / wide) ** 2) / 2 - np.log(wide) for e, side in zip(y, x, strict=True))
    cube = np.exp(log - ((b / se) ** 2 + (tau / se) ** 2) / 2)

    def integral(values):
        for axis in (tau[0, 0], b[0, :, 0], mu[:, 0, 0]):
            values = integrate.simpson(values, axis)
        return values

    mean = integral(cube * b) / integral(cube)
    found = fit(HierarchicalBayes(), {"ready": "11100"}, errors=0.1)
    assert float(found.weights @ found.means[:, 1]) == pytest.approx(mean, rel=1e-3)


def test_a_wide_prior_comes_near_the_regression_and_a_narrow_one_to_nothing():
    wide = fit(HierarchicalBayes(difference=1e4), {"ready": "11100"})
    narrow = fit(HierarchicalBayes(difference=1e-4), {"ready": "11100"})
    plain = fit(Moderation(), {"ready": "11100"}).moderators()["difference"].iloc[0]
    assert wide.differences()["difference"].iloc[0] == pytest.approx(plain, rel=0.02)
    assert narrow.differences()["difference"].iloc[0] == pytest.approx(0.0, abs=1e-3)
    with pytest.raises(InputError, match="must be above 0"):
        fit(HierarchicalBayes(spread=0.0))


# ------------------------------------------------------------------ all of them


@pytest.mark.parametrize(
    "model",
    [
        ProfileDeviation(ideal={"clam": "present"}),
        Moderation(conditions=("clam",)),
        Qca(conditions=("clam",)),
    ],
    ids=lambda m: m.name,
)
def test_a_condition_that_is_not_there_is_named(model):
    with pytest.raises(InputError) as error:
        fit(model)
    assert "'clam' is no condition; there are calm, ready, rushed" in error.value.issues[0].message


@pytest.mark.parametrize(
    "model",
    [ProfileDeviation(), Moderation(), Qca(), StatedRules(), HierarchicalBayes()],
    ids=lambda m: m.name,
)
def test_every_model_is_judged_against_null_and_says_what_its_design_carries(model):
    cases = synthetic_cases(COLUMNS, trusts=FIVE)
    found = validate(
        model, cases, synthetic_effects(VALUES, standard_errors=0.1), null=NullModel(),
        improvement="increase", seed=1,
    )  # fmt: skip
    assert found.p_value.smallest == pytest.approx(1 / 32)
    assert len(found.left_out) == 5
    design = fit(model).design
    assert design.chance is not None
    assert 0 < design.smallest <= design.chance <= 1
    assert all(0 <= fold.model.disagree <= 1 for fold in found.left_out)
