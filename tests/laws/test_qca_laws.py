"""Laws of set-theoretic analysis under uncertainty: labels, units, certainty, noise and constants."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.contingency.qca import (
    ComplexFormula,
    Cuts,
    Outcomes,
    SetTable,
    complex_formulas,
    conservative,
    expression,
    parsimonious,
    perfect_by_luck,
    propagate,
    random_data_check,
)

CONDITIONS = ("A", "B", "C")

cells = st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=4, max_size=6).map(np.array)
effects = st.lists(st.integers(-40, 40).filter(bool).map(lambda x: x / 20), min_size=6, max_size=6)
errors = st.lists(st.integers(1, 30).map(lambda x: x / 20), min_size=6, max_size=6)


def spread(rows, y, se, **options):
    n = len(rows)
    outcomes = Outcomes.of_effects(np.array(y[:n]), np.array(se[:n]), **options)
    return propagate(rows, outcomes, conditions=CONDITIONS)


def told(found):
    return dict(zip(found.solutions["solution"], found.solutions["probability"], strict=True))


@given(cells, effects, errors, st.randoms())
def test_permuting_the_trusts_leaves_everything_equal(rows, y, se, random):
    order = random.sample(range(len(rows)), len(rows))
    one = spread(rows, y, se)
    two = spread(rows[order], [y[i] for i in order], [se[i] for i in order])
    assert told(two) == pytest.approx(told(one))
    assert two.contradiction == pytest.approx(one.contradiction)
    assert two.point == one.point
    np.testing.assert_allclose(two.predict(rows), one.predict(rows), atol=1e-12)
    a, b = (part.difference_makers.set_index("condition") for part in (one, two))
    np.testing.assert_allclose(a.to_numpy(), b.to_numpy(), atol=1e-12)


@given(cells, effects, errors, st.permutations(range(3)))
def test_permuting_the_conditions_renames_them(rows, y, se, order):
    one = spread(rows, y, se).difference_makers.set_index("condition")
    n = len(rows)
    outcomes = Outcomes.of_effects(np.array(y[:n]), np.array(se[:n]))
    names = [CONDITIONS[i] for i in order]
    two = propagate(rows[:, order], outcomes, conditions=names).difference_makers.set_index("condition")
    np.testing.assert_allclose(two.loc[list(CONDITIONS)].to_numpy(), one.to_numpy(), atol=1e-12)


@given(cells, effects, errors, st.integers(-20, 20), st.sampled_from([0.01, 3.0, 1000.0]))
def test_scaling_effects_and_threshold_together_changes_nothing(rows, y, se, threshold, scale):
    one = spread(rows, y, se, threshold=threshold / 20 + 0.01)
    two = spread(
        rows, [scale * v for v in y], [scale * v for v in se], threshold=scale * (threshold / 20 + 0.01)
    )
    assert told(two) == pytest.approx(told(one))
    assert two.point == one.point


@given(cells, effects)
def test_certain_effects_give_the_point_solution_with_probability_1(rows, y):
    for tiny in (0.0, 1e-9):
        found = spread(rows, y, [tiny] * 6)
        assert told(found)[found.point] == pytest.approx(1.0)


@given(cells, effects)
def test_without_any_information_every_pattern_is_as_likely(rows, y):
    found = spread(rows, y, [1e9] * 6)
    even = propagate(rows, Outcomes.of_chances(np.full(len(rows), 0.5)), conditions=CONDITIONS)
    assert told(found) == pytest.approx(told(even), abs=1e-6)


@given(cells, effects, errors)
def test_probabilities_add_up(rows, y, se):
    found = spread(rows, y, se)
    assert sum(told(found).values()) == pytest.approx(1.0)
    whole = found.predict(rows)[["success", "no_success", "disagree"]].sum(axis=1)
    np.testing.assert_allclose(whole, 1.0)
    makers = found.difference_makers
    assert (makers["in_all"] <= makers["in_some"] + 1e-12).all()


@given(cells, st.lists(st.booleans(), min_size=6, max_size=6), st.integers(0, 1))
def test_a_constant_condition_changes_no_model(rows, good, value):
    good = good[: len(rows)]
    frame = pd.DataFrame(rows, columns=list(CONDITIONS)).assign(Y=np.array(good, dtype=int))
    wider = frame.assign(SAME=value)[[*CONDITIONS, "SAME", "Y"]]
    one, two = (Cuts().tabulate(SetTable.of(part, outcome="Y")) for part in (frame, wider))
    assert [str(m) for m in parsimonious(one)] == [str(m) for m in parsimonious(two)]
    tail = "*SAME" if value else "*~SAME"
    plain = [set(m.expressions) for m in conservative(one)]
    same = [{e.removesuffix(tail) for e in m.expressions} for m in conservative(two)]
    if all("(always)" not in terms for terms in plain):
        assert same == plain


@given(cells, st.lists(st.booleans(), min_size=6, max_size=6))
def test_every_model_explains_every_positive_row_and_no_negative_one(rows, good):
    frame = pd.DataFrame(rows, columns=list(CONDITIONS)).assign(Y=np.array(good[: len(rows)], dtype=int))
    truth = Cuts().tabulate(SetTable.of(frame, outcome="Y"))
    for solution in (parsimonious(truth), conservative(truth), parsimonious(truth, irredundant=True)):
        for model in solution:
            assert model.consistency == pytest.approx(1.0)
    smallest = {m.expression for m in parsimonious(truth)}
    assert smallest <= {m.expression for m in parsimonious(truth, irredundant=True)}


@pytest.mark.slow
def test_on_noise_leaving_one_out_is_at_chance():
    rng = np.random.default_rng(20)
    hits = total = 0.0
    for _ in range(100):
        rows, good = rng.integers(0, 2, (5, 3)), rng.random(5) < 0.5
        for case in range(5):
            outcomes = Outcomes.of_chances(np.delete(good, case).astype(float))
            rest = propagate(np.delete(rows, case, axis=0), outcomes, conditions=CONDITIONS)
            found = rest.predict(rows[case : case + 1]).iloc[0]
            # Where tied models disagree, a guess is right half the time.
            hits += found["success" if good[case] else "no_success"] + found["disagree"] / 2
            total += 1
    # 500 predictions, five of one data set not independent: a standard error of about 0.03.
    assert hits / total == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_perfect_by_luck_is_what_random_data_give(k):
    rng = np.random.default_rng(k)
    rows = rng.integers(0, 2**k, (20_000, 5))
    apart = [not set(row[:3]) & set(row[3:]) for row in rows.tolist()]
    assert perfect_by_luck(5, n_successes=3, n_conditions=k) == pytest.approx(np.mean(apart), abs=0.012)


def test_random_data_check_counts_every_way():
    rows = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [0, 0, 0], [1, 1, 1]])
    found = random_data_check(rows, np.array([True, True, False, False, True]), seed=1)
    # Five different configurations: any outcome has a perfect solution, which is why it means nothing.
    assert (found.perfect, found.smallest, found.exact) == (1.0, 0.1, True)
    assert 0.1 <= found.as_simple <= 1.0


degrees = st.lists(
    st.lists(st.integers(1, 19).filter(lambda x: x != 10).map(lambda x: x / 20), min_size=2, max_size=2),
    min_size=5,
    max_size=5,
).map(np.array)
successes = (
    st.lists(st.sampled_from([0.05, 0.3, 0.7, 0.95]), min_size=5, max_size=5)
    .map(np.array)
    .filter(lambda y: 0 < (y > 0.5).sum() < 5)
)


def told_by(check):
    """Return what is told of luck, what is not there included."""
    return [-1.0 if pd.isna(x) else float(x) for x in (getattr(check, name) for name in check.__slots__)]


@given(cells, st.lists(st.booleans(), min_size=6, max_size=6))
def test_luck_with_memberships_of_nearly_0_and_1_is_luck_with_states(rows, good):
    y = np.array(good[: len(rows)])
    if 0 < y.sum() < len(y):
        near = np.clip(rows.astype(float), 1e-13, 1 - 1e-13)
        one, two = (random_data_check(values, y, seed=1) for values in (rows, near))
        assert told_by(one)[:-1] == pytest.approx(told_by(two)[:-1])
        assert (one.degrees, two.degrees) == (False, True)


@given(degrees, successes, st.permutations(range(5)))
def test_luck_with_memberships_does_not_know_the_order_of_the_cases(values, y, order):
    one = random_data_check(values, y, seed=1, consistency=0.8)
    two = random_data_check(values[list(order)], y[list(order)], seed=1, consistency=0.8)
    assert told_by(one) == pytest.approx(told_by(two))
    assert one.exact
    if one.literals is not None:
        assert one.smallest <= one.as_simple <= one.perfect <= 1


# ------------------------------------------------------------------ factors that explain each other

FACTORS = ("A", "B", "C", "D")

cases = st.lists(
    st.lists(st.integers(0, 1), min_size=4, max_size=4), min_size=3, max_size=7, unique_by=tuple
).map(lambda rows: pd.DataFrame(rows, columns=list(FACTORS)))


def holds(formula, rows):
    """Say in which configurations each part holds."""
    by_name = {name: rows[:, at].astype(float) for at, name in enumerate(FACTORS)}
    lefts = [expression(" + ".join(part.terms)).of(by_name) for part in formula.parts]
    outcomes = [by_name[part.outcome] for part in formula.parts]
    return np.array(lefts) == np.array(outcomes)


def content(formula):
    literals = [{frozenset(term.split("*")) for term in part.terms} for part in formula.parts]
    return frozenset(zip(formula.outcomes, map(frozenset, literals), strict=True))


@given(cases)
def test_a_complex_formula_fits_every_case_and_every_part_of_it_says_something(frame):
    every = np.array(list(product((0, 1), repeat=4)))
    for formula in complex_formulas(frame).formulas:
        assert holds(formula, frame.to_numpy()).all()
        assert len(set(formula.outcomes)) == len(formula.parts)
        parts = holds(formula, every)
        for left_out in range(len(parts)):
            assert (np.delete(parts, left_out, axis=0).all(axis=0) & ~parts[left_out]).any()


@given(cases)
def test_what_a_complex_formula_does_not_explain_follows_from_it(frame):
    found = complex_formulas(frame)
    every = np.array(list(product((0, 1), repeat=4)))
    for formula in found.formulas:
        allowed = every[holds(formula, every).all(axis=0)]
        for outcome in {part.outcome for part in found.atomic} - set(formula.outcomes):
            others = [part for part in found.atomic if part.outcome == outcome]
            assert any(holds(ComplexFormula(parts=(part,)), allowed).all() for part in others)


@given(cases, st.permutations(FACTORS))
def test_the_order_of_the_factors_changes_no_complex_formula(frame, order):
    one, two = complex_formulas(frame), complex_formulas(frame[list(order)])
    assert set(map(content, one.formulas)) == set(map(content, two.formulas))
    assert len(one.formulas) == len(set(map(content, one.formulas)))


@given(cases, st.integers(1, 3))
def test_a_cap_on_complex_formulas_is_part_of_the_answer(frame, most):
    whole, capped = complex_formulas(frame), complex_formulas(frame, most=most)
    assert whole.complete
    if capped.complete:
        assert list(map(str, capped.formulas)) == list(map(str, whole.formulas))
    else:
        assert len(whole.atomic) > most
        assert str(capped.summary()).startswith("more than ")
