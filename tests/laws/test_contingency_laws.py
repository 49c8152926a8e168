"""Laws of the whole room: noise is noise, and names, order and units carry no information."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from lean_impact.contingency import (
    ContingencyAnalysis,
    design_check,
    synthetic_cases,
    synthetic_effects,
    validate,
)
from lean_impact.contingency.validation import BETTER
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.readiness import ReadinessIndex

FIVE = ("AA1", "BB2", "CC3", "DD4", "EE5")
ANALYSIS = ContingencyAnalysis(models=(ReadinessIndex(limit=16, draws=50),), null=NullModel(), seed=3)

signs = st.text(alphabet="01?", min_size=5, max_size=5)
tables = st.lists(signs, min_size=1, max_size=3).map(
    lambda rows: {f"c{i}": row for i, row in enumerate(rows)}
)
values = st.lists(st.integers(-400, 400).map(lambda x: x / 1000), min_size=5, max_size=5)
errors = st.lists(st.integers(20, 150).map(lambda x: x / 1000), min_size=5, max_size=5)


def _testable(columns):
    return any("1" in row and "0" in row for row in columns.values())


def _evaluate(columns, trusts, y, se, improvement="increase"):
    cases = synthetic_cases(columns, trusts=trusts)
    effects = synthetic_effects(
        dict(zip(trusts, y, strict=True)), standard_errors=dict(zip(trusts, se, strict=True))
    )
    return ANALYSIS.evaluate(cases, effects=effects, improvement=improvement)


def _verdicts(result):
    """What is said, free of unit and of names."""
    v = result.validations[0]
    return (v.verdict, v.p_value.value, result.design.chance, result.design.best, v.n_better)


@given(tables, values, errors, st.permutations(range(5)))
def test_order_and_names_carry_no_information(columns, y, se, order):
    assume(_testable(columns))
    one = _evaluate(columns, FIVE, y, se)
    moved = {c: "".join(row[i] for i in order) for c, row in columns.items()}
    shuffled = _evaluate(moved, [FIVE[i] for i in order], [y[i] for i in order], [se[i] for i in order])
    renamed = _evaluate(columns, FIVE[::-1], y, se)
    assert _verdicts(one) == _verdicts(shuffled) == _verdicts(renamed)
    pairs = dict(zip(FIVE, FIVE[::-1], strict=True))
    a = one.to_frame().set_index(["model", "trust"])["expected"]
    b = renamed.to_frame().set_index(["model", "trust"])["expected"]
    for (model, trust), expected in a.items():
        assert b[model, pairs[trust]] == expected


@given(tables, values, errors, st.sampled_from([0.001, 0.5, 100.0]))
def test_units_carry_no_information(columns, y, se, scale):
    assume(_testable(columns))
    assume(np.ptp(y) > 0)
    one = _evaluate(columns, FIVE, y, se)
    two = _evaluate(columns, FIVE, [scale * v for v in y], [scale * v for v in se])
    assert two.validations[0].verdict == one.validations[0].verdict
    assert two.design.chance == pytest.approx(one.design.chance)
    gains = one.validations[0].crps_gains
    tolerance = 1e-7 * float(np.max(np.abs(y)) + np.max(se))
    assert two.validations[0].crps_gains / scale == pytest.approx(gains, rel=1e-5, abs=tolerance)


@given(tables, values, errors)
def test_a_constant_condition_changes_no_model_and_no_chance(columns, y, se):
    assume(_testable(columns))
    one = _evaluate(columns, FIVE, y, se)
    two = _evaluate({**columns, "same": "11111", "never": "00000"}, FIVE, y, se)
    assert _verdicts(one) == _verdicts(two)
    assert two.validations[0].crps_gains == pytest.approx(one.validations[0].crps_gains, abs=1e-12)
    assert set(two.design.constants) >= {"same", "never"}


@given(tables, values, errors)
def test_a_measure_where_less_is_better_is_the_mirror(columns, y, se):
    assume(_testable(columns))
    one = _evaluate(columns, FIVE, y, se)
    two = _evaluate(columns, FIVE, [-v for v in y], se, improvement="decrease")
    assert _verdicts(one) == _verdicts(two)


@given(tables, values, errors)
def test_no_p_value_is_below_what_the_design_can_reach(columns, y, se):
    assume(_testable(columns))
    result = _evaluate(columns, FIVE, y, se)
    for fit in result.design.fits:
        if not fit.why_not:
            assert fit.smallest_p - 1e-12 <= fit.p_lowest <= fit.p_highest <= 1
            assert 0 <= fit.fit_lowest <= fit.fit_highest <= 1 + 1e-9
    assert result.design.chance[0] <= result.design.chance[1] <= 1


def _noise(rng, n=5, n_conditions=3):
    """Conditions and effects that have nothing to do with each other."""
    trusts = [f"T{i:02d}" for i in range(n)]
    while True:
        states = rng.integers(0, 2, (n_conditions, n))
        if (np.ptp(states, axis=1) > 0).any():
            break
    cases = synthetic_cases({f"c{k}": "".join(map(str, row)) for k, row in enumerate(states)}, trusts=trusts)
    y = rng.normal(0, 0.1, n) + rng.normal(0, 0.05, n)
    return cases, synthetic_effects(dict(zip(trusts, y.tolist(), strict=True)), standard_errors=0.05)


def test_on_noise_no_model_is_called_better_more_often_than_it_may():
    rng = np.random.default_rng(20_150_716)
    n_runs = 120
    found = [
        validate(ReadinessIndex(), *_noise(rng), null=NullModel(), improvement="increase", seed=1)
        for _ in range(n_runs)
    ]
    n_better = sum(v.verdict == BETTER for v in found)
    assert n_better <= stats.binom.ppf(0.999, n_runs, 0.05)
    # Left-out trusts lie in the 95 % interval about as often as said.
    inside = [0.025 < f.model.cdf(f.effect) < 0.975 for v in found for f in v.left_out]
    assert np.mean(inside) >= 0.93


def test_on_noise_the_best_condition_is_as_good_as_chance_says():
    """The share of noise tables with a chance at or below a level is no more than that level."""
    rng = np.random.default_rng(35)
    n_runs = 200
    chances = np.array(
        [design_check(*_noise(rng), improvement="increase", seed=1).p_value.value for _ in range(n_runs)]
    )
    for level in (0.1, 0.2, 0.5):
        assert (chances <= level + 1e-9).sum() <= stats.binom.ppf(0.999, n_runs, level)
    # It is no empty promise either: small values do occur.
    assert (chances <= 0.3).any()
