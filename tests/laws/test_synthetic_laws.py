"""Laws of synthetic controls: what must hold whatever the figures."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lean_impact.kernels.augmented_control import augmented_control
from lean_impact.kernels.conformal import conformal_p, debiased_t_test
from lean_impact.kernels.nested_control import nested_control
from lean_impact.kernels.simplex import (
    kkt_violation,
    leave_row_out_weights,
    ridge_simplex,
    simplex_from_gram,
    simplex_weights,
)
from lean_impact.kernels.synthetic_control import placebo_rank, synthetic_control
from lean_impact.kernels.synthetic_did import placebo_synthetic_did, synthetic_did

N_UNITS, START, N_PERIODS = 7, 8, 12
TARGET, DONORS = np.array([0]), np.arange(1, N_UNITS)
HUNDREDTH = st.integers(-2_000, 2_000).map(lambda cell: cell / 100)
SMALL = st.tuples(st.integers(1, 6), st.integers(1, 5)).flatmap(
    lambda shape: hnp.arrays(np.float64, (shape[0], shape[1] + 1), elements=HUNDREDTH)
)
PANELS = hnp.arrays(np.float64, (N_PERIODS, N_UNITS), elements=HUNDREDTH).map(
    # Ripples that differ by unit keep all series from being constant.
    lambda cells: cells + np.sin(np.outer(np.arange(N_PERIODS) ** 2, 1 + np.arange(N_UNITS)))
)
SHIFT = st.integers(-1_000, 1_000).map(lambda shift: shift / 100)
SCALE = st.sampled_from([0.01, 0.5, 3.0, 1000.0])


def best_of_all_supports(matrix, target, ridge):
    """The least squared error over all supports, each solved by its own equations."""
    best = np.inf
    n = matrix.shape[1]
    hessian, products = matrix.T @ matrix + ridge * np.eye(n), matrix.T @ target
    for size in range(1, n + 1):
        for support in map(list, combinations(range(n), size)):
            system = np.ones((size + 1, size + 1))
            system[:size, :size], system[-1, -1] = hessian[np.ix_(support, support)], 0.0
            weights = np.linalg.lstsq(system, np.append(products[support], 1.0), rcond=None)[0][:size]
            if (weights >= 0).all() and abs(weights.sum() - 1) < 1e-9:
                error = ((matrix[:, support] @ weights - target) ** 2).sum() + ridge * (weights**2).sum()
                best = min(best, error)
    return best


@given(SMALL, st.sampled_from([0.0, 0.01, 10.0]))
def test_no_support_fits_better(cells, ridge):
    matrix, target = cells[:, 1:], cells[:, 0]
    weights = ridge_simplex(matrix, target, ridge=ridge)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    error = ((matrix @ weights - target) ** 2).sum() + ridge * (weights**2).sum()
    assert error <= best_of_all_supports(matrix, target, ridge) + 1e-8 * (1 + (matrix**2).sum())
    assert kkt_violation(matrix, target, weights, ridge=ridge) < 1e-9


@given(SMALL, st.randoms(use_true_random=False))
def test_order_of_donors_and_rows_changes_nothing(cells, random):
    matrix, target = cells[:, 1:], cells[:, 0]
    donors, rows = list(range(matrix.shape[1])), list(range(len(matrix)))
    random.shuffle(donors)
    random.shuffle(rows)
    weights = simplex_weights(matrix, target)
    again = simplex_weights(matrix[np.ix_(rows, donors)], target[rows])
    assert again == pytest.approx(weights[donors], abs=1e-6)


@given(SMALL)
@example(np.array([[0.03, 0.03, -3.93, 0.01]]))  # the optima are an edge of the simplex
def test_a_duplicated_donor_halves_its_weight(cells):
    matrix, target = cells[:, 1:], cells[:, 0]
    # With the first donor alone doubled the other weights of smallest norm may move; doubled all, all halve.
    weights = simplex_weights(matrix, target)
    doubled = simplex_weights(np.hstack([matrix, matrix]), target)
    assert doubled == pytest.approx(np.tile(weights / 2, 2), abs=1e-6)


@given(SMALL)
@example(np.array([[0.0, 0.0, -0.01], [0.0, 0.0, 0.01]]))
def test_a_single_duplicate_shares_equally(cells):
    matrix, target = cells[:, 1:], cells[:, 0]
    weights = simplex_weights(np.hstack([matrix, matrix[:, :1]]), target)
    assert weights[0] == pytest.approx(weights[-1], abs=1e-6)
    ridged = ridge_simplex(np.hstack([matrix, matrix[:, :1]]), target, ridge=1.0)
    assert ridged[0] == pytest.approx(ridged[-1], abs=1e-9)


@given(SMALL, st.lists(st.booleans(), min_size=5, max_size=5))
def test_the_expected_support_changes_no_answer(cells, support):
    matrix, target = cells[:, 1:], cells[:, 0]
    gram, products = matrix.T @ matrix, matrix.T @ target
    expected = np.array(support[: len(products)])
    one = simplex_from_gram(gram, products, ridge=0.5)
    two = simplex_from_gram(gram, products, ridge=0.5, support=expected)
    assert one == pytest.approx(two, abs=1e-9)


@given(SMALL)
def test_leaving_rows_out_is_fitting_without_them(cells):
    matrix, target = cells[:, 1:], cells[:, 0]
    assume(len(matrix) > 2)
    plain = leave_row_out_weights(matrix, target)
    about_means = leave_row_out_weights(matrix, target, intercept=True)
    for row in range(len(matrix)):
        left, aim = np.delete(matrix, row, axis=0), np.delete(target, row)
        assert plain[row] == pytest.approx(simplex_weights(left, aim), abs=1e-6)
        afresh = simplex_weights(left - left.mean(axis=0), aim - aim.mean())
        assert about_means[row] == pytest.approx(afresh, abs=1e-6)


def control(y):
    return float(synthetic_control(y, TARGET, DONORS, start=START).gaps[START:].mean())


def demeaned(y):
    return float(synthetic_control(y, TARGET, DONORS, start=START, intercept=True).gaps[START:].mean())


def augmented(y):
    return float(augmented_control(y, 0, DONORS, start=START).gaps[START:].mean())


def augmented_fixed(y):
    return float(augmented_control(y, 0, DONORS, start=START, fixed_effects=True).gaps[START:].mean())


def double(y):
    return synthetic_did(y, TARGET, DONORS, start=START).estimate


ESTIMATORS = pytest.mark.parametrize("estimator", [control, demeaned, augmented, augmented_fixed, double])


@ESTIMATORS
@given(PANELS, SHIFT)
def test_an_added_effect_is_found_exactly(estimator, y, shift):
    moved = y.copy()
    moved[START:, 0] += shift
    assert estimator(moved) == pytest.approx(estimator(y) + shift, abs=1e-7)


@ESTIMATORS
@given(PANELS, SCALE)
def test_the_unit_of_the_outcome_rescales(estimator, y, scale):
    assert estimator(y * scale) == pytest.approx(estimator(y) * scale, abs=1e-5 * scale)


def double_with_ridge(y):
    # The recommended ridge is a spread of changes around one mean, so that shared periods enter it.
    return synthetic_did(y, TARGET, DONORS, start=START, zeta=2.0).estimate


@pytest.mark.parametrize("estimator", [control, demeaned, augmented, augmented_fixed, double_with_ridge])
@given(PANELS, hnp.arrays(np.float64, N_PERIODS, elements=HUNDREDTH))
def test_a_period_shared_by_all_drops_out(estimator, y, periods):
    assert estimator(y + periods[:, None]) == pytest.approx(estimator(y), abs=1e-5)


@pytest.mark.parametrize("estimator", [demeaned, augmented_fixed, double])
@given(PANELS, hnp.arrays(np.float64, N_UNITS, elements=HUNDREDTH))
def test_levels_of_units_drop_out(estimator, y, levels):
    assert estimator(y + levels) == pytest.approx(estimator(y), abs=1e-5)


@ESTIMATORS
@given(PANELS, st.permutations(range(1, N_UNITS)))
def test_order_of_donors_changes_no_estimate(estimator, y, order):
    assert estimator(y[:, [0, *order]]) == pytest.approx(estimator(y), abs=1e-5)


@given(PANELS)
def test_a_placebo_is_the_estimate_of_a_donor(y):
    zeta = 1.3
    gaps = placebo_synthetic_did(y, np.array([[0, 2], [3, 1]]), DONORS, start=START, zeta=zeta)
    afresh = synthetic_did(y, np.array([1, 3]), np.array([2, 4, 5, 6]), start=START, zeta=zeta)
    assert gaps[0] == pytest.approx(afresh.gaps, abs=1e-6)
    placebo = synthetic_control(y, DONORS[:1], DONORS, start=START)
    alone = synthetic_control(y, DONORS[:1], DONORS[1:], start=START)
    assert placebo.gaps == pytest.approx(alone.gaps, abs=1e-9)
    assert placebo.weights[0] == 0


@given(PANELS)
def test_a_huge_ridge_is_the_plain_synthetic_control(y):
    plain = synthetic_control(y, TARGET, DONORS, start=START)
    fit = augmented_control(y, 0, DONORS, start=START, ridge=1e14)
    assert fit.gaps == pytest.approx(plain.gaps[:, 0], abs=1e-6)
    close = augmented_control(y, 0, DONORS, start=START, ridge=1.0)
    # Augmentation can only lessen what is left of the pre-period.
    assert close.imbalance <= fit.imbalance + 1e-9
    assert close.weights.sum() == pytest.approx(1)


@given(hnp.arrays(np.float64, 10, elements=HUNDREDTH), st.integers(1, 9), SCALE)
def test_conformal_p_is_a_valid_share(residuals, start, scale):
    found = conformal_p(residuals, start=start)
    assert found.smallest <= found.p <= 1
    assert conformal_p(residuals * scale, start=start).p == found.p
    assert conformal_p(np.roll(residuals, start), start=10 - start).smallest == found.smallest


@given(PANELS, SHIFT)
def test_the_debiased_test_moves_with_the_effect(y, shift):
    def test_of(cells):
        return debiased_t_test(
            lambda rows: cells[:, 0] - cells[:, 1:] @ simplex_weights(cells[rows][:, 1:], cells[rows, 0]),
            n_periods=N_PERIODS,
            start=START,
        )

    moved = y.copy()
    moved[START:, 0] += shift
    one, two = test_of(y), test_of(moved)
    assert two.estimate == pytest.approx(one.estimate + shift, abs=1e-8)
    assert two.standard_error == pytest.approx(one.standard_error, abs=1e-8)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.integers(0, 50))
def test_placebo_p_is_never_0(placebos, observed):
    found = placebo_rank(float(observed), np.array(placebos, dtype=float))
    assert found.smallest <= found.p <= 1
    assert found.rank == 1 + sum(value >= observed for value in placebos)


@given(st.integers(0, 2))
def test_order_of_donors_changes_nothing_with_covariates(seed):
    rng = np.random.default_rng(seed)
    y, x = rng.normal(size=(8, 7)), rng.normal(size=(2, 7))
    order = rng.permutation(np.arange(1, 7))

    def fit(donors):
        rng = np.random.default_rng(5)
        return nested_control(y, 0, donors, start=6, predictors=x, rng=rng, candidates=5)

    one, two = fit(DONORS), fit(order)
    assert two.weights == pytest.approx(one.weights[order - 1], abs=1e-12)
    assert two.loss_v == one.loss_v
