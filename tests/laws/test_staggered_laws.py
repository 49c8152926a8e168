"""Laws of difference-in-differences with staggered adoption: what must hold whatever the figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lean_impact.kernels.adoption import treated_cells
from lean_impact.kernels.cluster_variance import bias_reduced, cluster_covariance
from lean_impact.kernels.collapsed import welch_contrast
from lean_impact.kernels.event_study import event_study
from lean_impact.kernels.goodman_bacon import goodman_bacon
from lean_impact.kernels.group_time import group_time
from lean_impact.kernels.group_time_average import aggregate
from lean_impact.kernels.imputation import average, impute, unit_targets, welch_average
from lean_impact.kernels.saturated import sun_abraham
from lean_impact.kernels.staggered_randomisation import permuted_effects
from lean_impact.kernels.two_way import static_effect, two_way

N_PERIODS, N_UNITS = 7, 9
NEVER = N_PERIODS
BLOCK = np.array([NEVER] * 6 + [4] * 3)
# Drawn by seed: a whole array of drawn numbers takes longer to make than to estimate from.
CELLS = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).standard_t(3, (N_PERIODS, N_UNITS)).round(2) * 5
)
# Every start from 1 on, at least two units that never start, and two that do.
STARTS = st.lists(st.integers(1, NEVER), min_size=5, max_size=5).map(
    lambda drawn: np.array([NEVER, NEVER, 3, 5, *drawn])
)
# A fixed bit of noise makes sure that units differ.
NOISE = np.random.default_rng(5).normal(size=(N_PERIODS, N_UNITS))


def static(y, start):
    fit = static_effect(y, start)
    return fit.coefficients[0], cluster_covariance(fit)[0, 0] ** 0.5


def imputed(y, start):
    found = average(impute(y, start))
    return found.estimate[0], found.standard_error[0]


def welch(y, start):
    return welch_average(impute(y, start))[:2]


def callaway(y, start, **settings):
    return aggregate(group_time(y, start, **settings), "simple")[:2]


def not_yet(y, start):
    return callaway(y, start, control="not-yet", base="mean", base_length=2)


def dynamic(y, start):
    return aggregate(group_time(y, start, base="universal"), "dynamic")[:2]


def sun(y, start):
    return sun_abraham(y, start).effect()


ESTIMATORS = [static, imputed, welch, not_yet, dynamic, sun]
each = pytest.mark.parametrize("estimate", ESTIMATORS, ids=lambda function: function.__name__)


@each
@given(cells=CELLS, start=STARTS, shift=st.integers(-1_000, 1_000))
def test_adding_to_treated_cells_moves_the_estimate_by_as_much(estimate, cells, start, shift):
    y = cells + NOISE
    value, error = estimate(y, start)
    moved, same = estimate(y + shift * treated_cells(start, N_PERIODS), start)
    assert moved == pytest.approx(value + shift, abs=1e-8)
    assert same == pytest.approx(error, abs=1e-8)


@each
@given(
    cells=CELLS,
    start=STARTS,
    constants=hnp.arrays(np.float64, N_PERIODS + N_UNITS, elements=st.integers(-50, 50)),
)
def test_constants_of_units_and_periods_change_nothing(estimate, cells, start, constants):
    y = cells + NOISE
    moved = y + constants[:N_PERIODS, None] + constants[N_PERIODS:]
    assert estimate(moved, start) == pytest.approx(estimate(y, start), abs=1e-8)


@each
@given(cells=CELLS, start=STARTS, factor=st.sampled_from([0.01, 3.0, 1e4]))
def test_another_unit_of_measurement_rescales(estimate, cells, start, factor):
    y = cells + NOISE
    expected = np.multiply(estimate(y, start), factor)
    assert estimate(y * factor, start) == pytest.approx(expected, rel=1e-8, abs=1e-8 * factor)


@each
@given(cells=CELLS, start=STARTS, seed=st.integers(0, 99))
def test_the_order_of_units_changes_nothing(estimate, cells, start, seed):
    y, order = cells + NOISE, np.random.default_rng(seed).permutation(N_UNITS)
    assert estimate(y[:, order], start[order]) == pytest.approx(estimate(y, start), abs=1e-8)


@given(cells=CELLS, start=STARTS, always=st.booleans(), weights=st.booleans())
def test_goodman_bacon_comparisons_add_up_to_the_regression(cells, start, always, weights):
    start = np.where(np.arange(N_UNITS) == 8, 0, start) if always else start
    unit_weights = np.arange(1.0, N_UNITS + 1) if weights else None
    parts = goodman_bacon(cells, start, unit_weights=unit_weights)
    total = sum(part.weight * part.estimate for part in parts)
    assert sum(part.weight for part in parts) == pytest.approx(1)
    assert min(part.weight for part in parts) > 0
    assert total == pytest.approx(static_effect(cells, start, weights=unit_weights).coefficients[0], abs=1e-8)


@given(cells=CELLS)
def test_in_a_block_design_all_are_one_two_by_two(cells):
    y = cells + NOISE
    change = y[4:].mean(axis=0) - y[:4].mean(axis=0)
    by_hand = change[6:].mean() - change[:6].mean()
    assert static(y, BLOCK)[0] == pytest.approx(by_hand, abs=1e-9)
    assert imputed(y, BLOCK)[0] == pytest.approx(by_hand, abs=1e-9)
    assert callaway(y, BLOCK, base="mean")[0] == pytest.approx(by_hand, abs=1e-9)
    assert [row.estimate for row in goodman_bacon(y, BLOCK)] == pytest.approx([by_hand], abs=1e-9)
    # Group-time effects with all periods before as the base are the imputed ones, cell by cell and by trust.
    cells_by_period = group_time(y, BLOCK, base="mean").estimate[4:]
    effect = impute(y, BLOCK).effect
    assert np.nanmean(effect[4:], axis=1) == pytest.approx(cells_by_period, abs=1e-9)
    _, targets = unit_targets(impute(y, BLOCK))
    own = average(impute(y, BLOCK), targets).estimate
    assert own == pytest.approx(change[6:] - change[:6].mean(), abs=1e-9)


@given(cells=CELLS)
def test_in_a_block_design_the_careful_variances_are_those_of_welch(cells):
    y = cells + NOISE
    change = y[4:].mean(axis=0) - y[:4].mean(axis=0)
    known = welch_contrast(change, np.array([[6, 7, 8]]))
    reduced, collapsed = bias_reduced(static_effect(y, BLOCK)), welch_average(impute(y, BLOCK))
    assert reduced.standard_error == pytest.approx(known.standard_error)
    assert (collapsed.standard_error, collapsed.df) == pytest.approx((known.standard_error[0], known.df[0]))
    # Satterthwaite under the working model: (1/3 + 1/6)^2 / (1/3^2/2 + 1/6^2/5).
    assert reduced.df == pytest.approx([0.25 / (1 / 18 + 1 / 180)])


@given(cells=CELLS, start=STARTS, holes=st.sets(st.tuples(st.integers(0, 6), st.integers(0, 8)), max_size=6))
def test_residuals_are_orthogonal_to_units_periods_and_treatment(cells, start, holes):
    y = cells + NOISE
    for hole in holes:
        y[hole] = np.nan
    weights = 0.5 + np.abs(NOISE)
    fit = static_effect(y, start, weights=weights)
    pull = fit.residuals * weights
    assert np.abs(pull.sum(axis=0)).max() < 1e-8
    assert np.abs(pull.sum(axis=1)).max() < 1e-8
    assert abs((pull * treated_cells(start, N_PERIODS)).sum()) < 1e-8


@given(cells=CELLS, start=STARTS)
def test_sun_abraham_agrees_with_group_time_effects_and_with_the_event_study_of_each_cohort(cells, start):
    y = cells + NOISE
    found, by_means = sun_abraham(y, start), group_time(y, start, base="universal")
    assert found.coefficient == pytest.approx(by_means.estimate[~by_means.reference], abs=1e-9)
    # Weights of 1 take the way through the regression.
    regressed = sun_abraham(y, start, weights=np.ones(N_UNITS))
    assert regressed.coefficient == pytest.approx(found.coefficient, abs=1e-8)
    assert regressed.covariance == pytest.approx(found.covariance, abs=1e-8)
    alone = np.where(start == 3, 3, NEVER)[(start == 3) | (start == NEVER)]
    study = event_study(y[:, (start == 3) | (start == NEVER)], alone)
    assert study.fit.coefficients == pytest.approx(found.coefficient[found.cohort == 3], abs=1e-8)


@given(cells=CELLS, start=STARTS, seed=st.integers(0, 99))
def test_permuted_effects_are_those_of_the_regression(cells, start, seed):
    y, rng = cells + NOISE, np.random.default_rng(seed)
    starts = np.array([start, rng.permutation(start), rng.permutation(start)])
    found = permuted_effects(y, starts)
    for at, row in enumerate(starts):
        fit = static_effect(y, row)
        assert found.estimate[at] == pytest.approx(fit.coefficients[0], abs=1e-9)
        error = bias_reduced(fit).standard_error[0]
        assert found.t[at] * error == pytest.approx(found.estimate[at], abs=1e-9)


@given(
    cells=CELLS,
    weights=hnp.arrays(np.float64, (N_PERIODS, N_UNITS), elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])),
)
def test_effects_solve_the_normal_equations_even_where_the_panel_falls_apart(cells, weights):
    weights[0, 0] = 1.0
    effects = two_way(weights)
    pull = effects.within(cells) * weights
    assert np.abs(pull.sum(axis=0)).max() < 1e-8
    assert np.abs(pull.sum(axis=1)).max() < 1e-8
    assert (effects.identified | (weights == 0)).all()
