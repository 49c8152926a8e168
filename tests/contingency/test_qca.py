"""Set-theoretic analysis: what it says of bad input, of ties and caps, and how its charts read."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lean_impact.contingency.qca import (
    Cuts,
    FuzzyDraws,
    Outcomes,
    SetTable,
    complex_formulas,
    conservative,
    enhanced,
    expression,
    intermediate,
    necessary,
    parsimonious,
    perfect_by_luck,
    propagate,
    random_data_check,
    robustness,
)
from lean_impact.contingency.qca.scenarios import solution_text, solve_rows
from lean_impact.errors import InputError

FIVE = pd.DataFrame(
    {
        "READY": [1, 0, 1, 0, 1],
        "STABLE": [1, 1, 0, 0, 1],
        "SAME": [1, 1, 1, 1, 1],
        "GOOD": [1, 0, 1, 0, 1],
    },
    index=["A", "B", "C", "D", "E"],
)


def table(frame=FIVE, **options):
    return SetTable.of(frame, outcome="GOOD", **options)


def told(error):
    return [issue.message for issue in error.value.issues]


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("READY*", 7, "ends too soon"),
        ("READY**STABLE", 7, "condition is missing"),
        ("(READY + STABLE", 16, "close the bracket"),
        ("READY STABLE", 7, "join what follows"),
        ("READY & STABLE", 7, "no meaning"),
        ("", 1, "ends too soon"),
        ("READY + )", 9, "condition is missing"),
    ],
)
def test_a_syntax_error_says_where(text, position, words):
    with pytest.raises(InputError, match=re.escape(f"'{text}'")) as error:
        expression(text)
    [message] = told(error)
    assert message.startswith(f"position {position}: ")
    assert words in message


def test_unknown_names_are_listed_with_their_positions():
    with pytest.raises(InputError, match="there are READY, STABLE, SAME") as error:
        table().membership("REDY*STABLE + GO")
    assert told(error) == ["'REDY' at position 1 is no condition", "'GO' at position 15 is no condition"]


def test_values_that_are_not_there_are_named():
    sizes = table(FIVE.assign(SAME=[0, 1, 2, 0, 1]), several=["SAME"])
    with pytest.raises(InputError) as error:
        sizes.membership("SAME + READY[2]")
    assert told(error) == [
        "'SAME' has 3 values; write one in brackets, such as SAME[0]",
        "'READY' has no value 2; the largest is 1",
    ]


def test_every_bad_membership_and_every_double_is_named():
    bad = FIVE.astype(float)
    bad.loc["B", "READY"], bad.loc["D", "GOOD"], bad.loc["E", "STABLE"] = 1.2, -0.1, np.nan
    bad.index = ["A", "B", "C", "D", "A"]
    with pytest.raises(InputError) as error:
        table(bad)
    assert told(error) == [
        "case 'A' is given 2 times",
        "B on 'READY' is 1.2; write a membership from 0 to 1",
        "A on 'STABLE' is nan; write a membership from 0 to 1",
        "the outcome of D is -0.1; write a membership from 0 to 1",
    ]


def test_a_missing_column_and_text_are_named():
    with pytest.raises(InputError) as error:
        table(FIVE.assign(READY=list("yynyn")), conditions=["READY", "CALM"])
    assert told(error) == ["there is no column 'CALM'", "column 'READY' holds what is no number"]


def test_a_case_exactly_between_is_refused_by_name_and_never_lost():
    half = FIVE.astype(float)
    half.loc["C", "STABLE"] = 0.5
    with pytest.raises(InputError, match="recalibrate") as error:
        Cuts().tabulate(table(half))
    assert told(error) == ["C on 'STABLE' is exactly 0.5 and belongs to no row"]
    kept = Cuts(at_half="no-row").tabulate(table(half))
    assert kept.homeless == ("C",)
    assert "in no row: C" in str(kept.summary())


def test_a_condition_with_one_value_is_named_and_plays_no_part():
    truth = Cuts().tabulate(table())
    assert truth.table.constants == ("SAME",)
    assert "untestable: SAME" in str(truth.summary())
    assert [str(model) for model in parsimonious(truth)] == ["READY"]
    assert "trivially necessary: SAME" in str(necessary(table()).summary())


def test_cuts_out_of_range_are_all_named():
    with pytest.raises(InputError) as error:
        Cuts(consistency=1.5, frequency=0, pri=-1)
    assert len(told(error)) == 3


def test_seventeen_conditions_are_told_how_many_configurations_they_have():
    wide = pd.DataFrame(np.eye(17, dtype=int), columns=[f"C{i}" for i in range(17)]).assign(GOOD=1)
    with pytest.raises(InputError) as error:
        table(wide)
    assert "17 conditions have 131072 configurations" in told(error)[0]


def test_effects_without_standard_errors_are_refused():
    with pytest.raises(InputError, match="effect 2 has no standard error"):
        Outcomes.of_effects(np.zeros(2), np.array([1.0, np.nan]))
    with pytest.raises(InputError, match="not positive semi-definite"):
        Outcomes.of_effects(np.zeros(2), np.ones(2), covariance=np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_expectations_that_name_nothing_are_listed():
    with pytest.raises(InputError) as error:
        intermediate(Cuts().tabulate(table()), expectations=["REDY", "~STABLE", "SAME[4]"])
    assert [message.split(" ")[0] for message in told(error)] == ["'REDY'", "'SAME[4]'"]


def test_robustness_needs_another_choice():
    with pytest.raises(InputError, match="at least one model"):
        robustness(table(), initial="READY", tests=[])


def test_outcomes_that_are_all_the_same_cannot_be_explained():
    with pytest.raises(InputError, match="all outcomes are the same"):
        random_data_check(np.eye(3, dtype=int), np.ones(3, dtype=bool), seed=1)
    with pytest.raises(InputError, match="between 1 and 4"):
        perfect_by_luck(5, n_successes=5, n_conditions=2)


def test_luck_counts_how_far_cases_belong_and_not_only_on_which_side():
    good = np.array([1, 1, 1, 0, 0])
    clear, faint = (
        np.array([column]).T for column in ([0.9, 0.95, 0.8, 0.1, 0.05], [0.6, 0.55, 0.52, 0.48, 0.45])
    )
    one, two = (random_data_check(values, good, seed=1, consistency=0.8) for values in (clear, faint))
    assert (one.literals, one.perfect, one.as_simple) == (1, 0.1, 0.1)
    # A third of what is faintly in belongs to those without success: no configuration reaches 0.8.
    assert (two.literals, two.perfect) == (None, 0.0)
    assert "random yes-or-no conditions" in str(one.summary())


def test_degrees_of_success_are_handed_out_one_by_one():
    values = np.array([[0.9], [0.8], [0.7], [0.2], [0.1]])
    found = random_data_check(values, np.array([0.95, 0.9, 0.7, 0.3, 0.05]), seed=1, consistency=0.8)
    assert (found.smallest, found.exact) == (pytest.approx(1 / 120), True)
    # Of the 12 ways that keep successes among those in, the sets fit as closely as found in few.
    assert 0 < found.as_simple < found.perfect == pytest.approx(12 / 120)
    many = np.linspace(0.05, 0.95, 8)
    drawn = random_data_check(many[:, None], many, seed=1, consistency=0.8)
    assert (drawn.smallest, drawn.exact) == (0.001, False)
    assert drawn.as_simple >= drawn.smallest


# ------------------------------------------------------------------ what is found


def test_all_tied_models_are_told_and_a_cap_is_a_result():
    tied = pd.DataFrame({c: [1, 1, 0] for c in "ABCDEF"} | {"GOOD": [1, 1, 0]}, index=["x", "y", "z"])
    truth = Cuts().tabulate(table(tied))
    assert [str(model) for model in parsimonious(truth)] == list("ABCDEF")
    some = parsimonious(truth, most=2)
    assert some.count == "more than 2"
    assert "more than 2 models" in str(some.summary())
    assert some.difference_makers["in_some"].sum() == 2


def test_nothing_to_explain_is_said():
    never = parsimonious(Cuts().tabulate(table(FIVE.assign(GOOD=0))))
    assert len(never) == 0
    assert "nothing to explain" in str(never.summary())
    always = parsimonious(Cuts().tabulate(table(FIVE.assign(GOOD=1))))
    assert [str(model) for model in always] == ["(always)"]


def test_cases_that_contradict_each_other_are_named():
    torn = FIVE.assign(GOOD=[1, 0, 1, 0, 0])
    truth = Cuts(contradiction=0.4).tabulate(table(torn))
    assert truth.contradictions == (("A", "E"),)
    assert dict(zip(truth.members, truth.out, strict=True))["A", "E"] == "C"
    assert "different outcomes: A, E" in str(truth.summary())


def test_a_negated_and_a_multi_valued_outcome():
    frame = FIVE.assign(GOOD=[2, 0, 2, 1, 2])
    one = SetTable.of(frame, outcome="GOOD[2]")
    assert one.outcome.tolist() == [1, 0, 1, 0, 1]
    assert SetTable.of(FIVE, outcome="~GOOD").outcome.tolist() == one.negated().outcome.tolist()


def test_intermediate_lies_between_conservative_and_parsimonious():
    frame = pd.DataFrame(
        {"A": [1, 1, 0, 0], "B": [1, 0, 1, 0], "C": [0, 0, 1, 1], "GOOD": [1, 1, 0, 0]}, index=list("wxyz")
    )
    truth = Cuts().tabulate(SetTable.of(frame, outcome="GOOD"))
    assert [str(model) for model in conservative(truth)] == ["A*~C"]
    [solution] = intermediate(truth, expectations=["C"])[:1]
    assert [str(model) for model in solution] == ["A"]


def test_enhanced_analysis_tells_what_it_left_out():
    frame = pd.DataFrame({"A": [1, 0], "B": [1, 0], "GOOD": [1, 0]}, index=["one", "two"])
    found = enhanced(SetTable.of(frame, outcome="GOOD"), cuts=Cuts(), untenable="A*~B")
    assert found.untenable == (3,)
    assert found.to_frame()["row"].tolist() == [2, 3]
    assert "2 contradictory assumptions" in str(found.summary())


# ------------------------------------------------------------------ uncertain outcomes


def test_five_trusts_and_four_conditions_are_exact_and_fast():
    rows = np.array([[1, 1, 1, 0], [0, 1, 0, 1], [1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0]])
    import time

    outcomes = Outcomes.of_effects(np.array([0.4, 0.1, 0.3, -0.1, 0.2]), np.full(5, 0.2))
    propagate(rows, outcomes, conditions="ABCD")
    start = time.process_time()
    found = propagate(rows, outcomes, conditions="ABCD")
    assert time.process_time() - start < 0.1
    assert found.outcomes.exact
    assert len(found.scenarios) == 32
    assert found.weights.sum() == pytest.approx(1)


def test_correlated_effects_are_drawn():
    both = np.full((2, 2), 1.0)
    outcomes = Outcomes.of_effects(np.zeros(2), np.ones(2), covariance=both, draws=2000, seed=1)
    assert not outcomes.exact
    # Perfectly correlated: both succeed or none does.
    assert {tuple(p) for p in outcomes.patterns.tolist()} == {(False, False), (True, True)}
    alone = Outcomes.of_effects(np.zeros(2), np.ones(2), covariance=np.eye(2), draws=20_000, seed=1)
    exact = Outcomes.of_effects(np.zeros(2), np.ones(2))
    np.testing.assert_allclose(alone.weights, exact.weights, atol=0.02)


def test_effects_that_share_a_comparison_are_integrated_exactly():
    # Two effects at the threshold that correlate by r: both succeed with probability 1/4 + asin(r) / (2 pi).
    shared = np.sqrt([0.3, 0.3])
    both = Outcomes.of_effects(np.zeros(2), np.ones(2), shared=shared)
    assert both.exact
    assert both.weights[[0, 3]] == pytest.approx(np.full(2, 1 / 4 + np.arcsin(0.3) / (2 * np.pi)))
    effects, errors = np.array([0.5, 0.1, -0.2, -0.6, 0.3]), np.array([0.4, 0.5, 0.3, 0.6, 0.2])
    part = np.full(5, 0.18)
    exact = Outcomes.of_effects(effects, errors, threshold=0.1, shared=part)
    wide = np.diag(errors**2 - part**2) + np.outer(part, part)
    drawn = Outcomes.of_effects(effects, errors, threshold=0.1, covariance=wide, draws=60_000, seed=2)
    found = dict(zip(map(tuple, drawn.patterns.tolist()), drawn.weights, strict=True))
    by_draws = np.array([found.get(tuple(pattern), 0.0) for pattern in exact.patterns.tolist()])
    np.testing.assert_allclose(exact.weights, by_draws, atol=0.006)
    assert exact.weights @ exact.patterns == pytest.approx(exact.chances, abs=1e-6)
    alone = Outcomes.of_effects(effects, errors, threshold=0.1)
    assert np.abs(exact.weights - alone.weights).max() > 0.01
    with pytest.raises(InputError, match="between 0 and all of it"):
        Outcomes.of_effects(effects, errors, shared=np.full(5, 0.5))


def test_thirteen_cases_are_drawn_and_say_so():
    rows = np.random.default_rng(1).integers(0, 2, (13, 2))
    outcomes = Outcomes.of_effects(np.linspace(-1, 1, 13), np.ones(13), draws=500, seed=3)
    found = propagate(rows, outcomes, conditions="AB")
    assert "random draws" in str(found.summary())


def test_support_of_a_stated_theory_is_the_probability_of_its_patterns():
    rows = np.array([[1], [1], [0]])
    outcomes = Outcomes.of_chances(np.array([0.9, 0.8, 0.3]))
    support = propagate(rows, outcomes, conditions=["READY"]).support("READY")
    assert support["sufficient"] == pytest.approx(0.9 * 0.8)
    assert support["necessary"] == pytest.approx((1 - 0.1 * 0.2) * 0.7)
    assert support["both"] == pytest.approx(0.9 * 0.8 * 0.7)


def test_who_decides_and_how_far_they_are_from_it():
    rows = np.array([[1, 1], [1, 0], [0, 1]])
    outcomes = Outcomes.of_effects(np.array([5.0, 0.1, -5.0]), np.ones(3))
    drivers = propagate(rows, outcomes, conditions=["READY", "STABLE"]).drivers.set_index("case")
    assert drivers["share"].idxmax() == "2"
    assert drivers.loc["2", "distance"] == pytest.approx(0.1)
    assert drivers.loc["2", "flips"]


def test_fuzzy_draws_follow_effects_and_ratings():
    sets = SetTable.of(
        pd.DataFrame({"READY": [0.9, 0.8, 0.2, 0.1], "Y": 0.0}, index=list("ABCD")), outcome="Y"
    )
    draws = FuzzyDraws(anchors=(-1.0, 0.0, 1.0), cuts=Cuts(consistency=0.8), draws=100, seed=1)
    effects, errors = np.array([2.0, 2.0, -2.0, -2.0]), np.full(4, 0.1)
    sure = draws.propagate(sets, effects=effects, standard_errors=errors, theories=("READY",))
    assert sure.solutions["solution"].tolist() == ["READY"]
    assert sure.theory["sufficient"].iloc[0] == 1.0
    assert sure.difference_makers["in_all"].tolist() == [1.0]
    # Half of what the ratings could be puts C with the members.
    could_be = np.stack([sets.values, np.array([[0.9], [0.8], [0.7], [0.1]])])
    doubtful = draws.propagate(sets, effects=effects, standard_errors=errors, memberships=could_be)
    assert doubtful.solutions["probability"].tolist() == [0.5, 0.5]
    with pytest.raises(InputError, match="must rise or fall"):
        FuzzyDraws(anchors=(0.0, 0.0, 1.0), cuts=Cuts()).propagate(
            sets, effects=effects, standard_errors=errors
        )


def test_fuzzy_draws_agree_with_one_truth_table_at_a_time():
    rng = np.random.default_rng(4)
    sets = SetTable.of(
        pd.DataFrame(rng.uniform(0.05, 0.95, (6, 3)).round(3), columns=list("ABC")).assign(Y=0.0), outcome="Y"
    )
    could_be = rng.uniform(0.05, 0.95, (20, 6, 3))
    effects, cuts = rng.normal(0, 1, 6), Cuts(consistency=0.8, pri=0.4)
    found = FuzzyDraws(anchors=(-1.0, 0.0, 1.0), cuts=cuts, draws=20).propagate(
        sets, effects=effects, standard_errors=np.zeros(6), memberships=could_be
    )
    outcome = 1 / (1 + np.exp(-np.log(19) * effects))
    texts = []
    for values in could_be:
        truth = cuts.tabulate(replace(sets, values=values, outcome=outcome))
        texts.append(solution_text(*solve_rows(truth.positive, truth.negative), sets.conditions))
    one_by_one = pd.Series(texts).value_counts(normalize=True)
    together = found.solutions.set_index("solution")["probability"]
    assert together.to_dict() == pytest.approx(one_by_one.to_dict())
    assert len(together) > 3


def test_a_crisp_table_drawn_tends_to_the_exact_probabilities():
    rows = np.array([[1, 1], [1, 0], [0, 1], [0, 0]])
    effects, errors = np.array([1.0, 0.5, -0.2, -1.0]), np.full(4, 0.6)
    exact = propagate(rows, Outcomes.of_effects(effects, errors), conditions=("A", "B"))
    sets = SetTable.of(pd.DataFrame(rows, columns=["A", "B"]).assign(Y=0), outcome="Y")
    drawn = FuzzyDraws(cuts=Cuts(), draws=20_000, seed=3).propagate(
        sets, effects=effects, standard_errors=errors
    )
    both = exact.solutions.merge(drawn.solutions, on="solution", how="outer").fillna(0.0)
    np.testing.assert_allclose(both["probability_x"], both["probability_y"], atol=0.015)
    np.testing.assert_allclose(drawn.drivers["share"], exact.drivers["share"], atol=0.03)
    assert drawn.drivers["flips"].tolist() == exact.drivers["flips"].tolist()
    assert drawn.point == exact.point


def test_memberships_that_cannot_be_are_refused():
    sets = SetTable.of(pd.DataFrame({"A": [0.9, 0.2], "Y": 0}, index=["RTP", "RXW"]), outcome="Y")
    draws, effects = FuzzyDraws(cuts=Cuts()), np.zeros(2)
    with pytest.raises(InputError, match="between 0 and 1"):
        draws.propagate(
            sets, effects=effects, standard_errors=np.ones(2), memberships=np.full((1, 2, 1), 1.2)
        )
    with pytest.raises(InputError, match="stack of tables"):
        draws.propagate(sets, effects=effects, standard_errors=np.ones(2), memberships=np.full((2, 1), 0.2))
    half = SetTable.of(pd.DataFrame({"A": [0.5, 0.2], "Y": 0}, index=["RTP", "RXW"]), outcome="Y")
    with pytest.raises(InputError) as caught:
        draws.propagate(half, effects=effects, standard_errors=np.ones(2))
    assert [i.message for i in caught.value.issues] == ["RTP on 'A' is exactly 0.5 and belongs to no row"]


# ------------------------------------------------------------------ charts


def test_the_charts_read_in_words_and_draw():
    truth = Cuts().tabulate(table())
    assert "READY*STABLE*SAME: 1, consistency 1.00, A, E" in truth.description
    assert len(truth.plot().patches) == 4 * 4
    [model] = parsimonious(truth)
    assert "A 1.00, 1.00" in model.description
    assert model.plot().get_xlabel() == "Membership in READY"


def test_what_is_necessary_is_drawn_with_what_speaks_against_it():
    found = necessary(table())
    assert found.strongest == "READY"
    assert "diagonal below which it is necessary" in found.description
    assert "Consistency 1.00, relevance 1.00" in found.description
    ax = found.plot(expression="STABLE")
    assert ax.get_xlabel() == "Membership in STABLE"
    # C is good without being stable.
    assert [line.get_marker() for line in ax.lines].count("^") == 1
    with pytest.raises(InputError, match="conditions that are not there"):
        found.plot(expression="READY*HURRY")


# ------------------------------------------------------------------ factors that explain each other


def test_factors_that_are_neither_present_nor_absent_are_all_named():
    bad = FIVE.astype(float)
    bad.loc["B", "READY"], bad.loc["D", "GOOD"] = 0.6, np.nan
    with pytest.raises(InputError) as error:
        complex_formulas(bad, outcomes=["GOOD", "GREAT"])
    assert told(error) == [
        "there is no column 'GREAT'",
        "B on 'READY' is 0.6; write 1 or 0",
        "D on 'GOOD' is nan; write 1 or 0",
    ]
    with pytest.raises(InputError) as error:
        complex_formulas(FIVE[["READY", "READY"]].iloc[:0])
    assert told(error) == ["factor 'READY' is given 2 times", "there is no case; give at least one"]


def test_two_factors_that_are_the_same_explain_each_other_once():
    found = complex_formulas(FIVE)
    assert [str(formula) for formula in found.formulas] == ["(GOOD <-> READY)", "(READY <-> GOOD)"]
    assert found.constants == ("SAME",)
    assert found.to_frame()["explained_by"].tolist() == ["GOOD", "READY"]
    assert not any(formula.cyclic for formula in found.formulas)
    text = str(found.summary())
    assert "2 complex formulas fit all 5 cases." in text
    assert "untestable: SAME" in text


def test_outcomes_that_explain_each_other_in_a_circle_are_said():
    rows = [[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [1, 0, 1, 1]]
    frame = pd.DataFrame(rows, columns=["DEV", "IND", "STB", "SURV"])
    found = complex_formulas(frame)
    assert "(IND + SURV <-> DEV) * (DEV*STB <-> SURV)" in map(str, found.formulas)
    assert all(formula.cyclic for formula in found.formulas)
    assert any("in a circle" in caution for caution in found.cautions)
    assert not any(formula.cyclic for formula in complex_formulas(frame, outcomes=["SURV"]).formulas)


def test_nothing_is_explained_where_every_configuration_was_seen():
    frame = pd.DataFrame([[0, 0], [0, 1], [1, 0], [1, 1]], columns=["A", "B"])
    found = complex_formulas(frame)
    assert found.formulas == ()
    assert str(found.summary()) == "No factor is explained exactly by the others in these 4 cases."
