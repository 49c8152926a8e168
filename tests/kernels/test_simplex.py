"""Weights on the simplex: answers known by hand, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import LinAlgError

from lean_impact.kernels.simplex import (
    kkt_violation,
    leave_row_out_weights,
    ridge_simplex,
    simplex_from_gram,
    simplex_weights,
    unique_simplex,
)


def test_a_target_among_the_donors_is_that_donor():
    donors = np.random.default_rng(0).normal(size=(9, 4))
    assert simplex_weights(donors, donors[:, 2]) == pytest.approx([0, 0, 1, 0], abs=1e-9)


def test_a_target_out_of_reach_gets_the_nearest_corner():
    assert simplex_weights(np.array([[1.0, 2.0, 3.0]]), np.array([9.0])).tolist() == [0.0, 0.0, 1.0]


def test_many_perfect_fits_give_the_most_even_one():
    # Any weights with mean 2 fit; of those, equal weights are the smallest.
    weights = simplex_weights(np.array([[1.0, 2.0, 3.0, 1.0, 3.0]]), np.array([2.0]))
    assert weights == pytest.approx(np.full(5, 0.2))


def test_donors_all_equal_to_the_target_share_equally():
    assert simplex_weights(np.full((3, 4), 7.0), np.full(3, 7.0)).tolist() == [0.25] * 4


def test_more_donors_than_rows_is_solved_to_the_optimum():
    rng = np.random.default_rng(3)
    donors, target = rng.normal(size=(12, 60)), 0.2 * rng.normal(size=12)
    weights = simplex_weights(donors, target)
    assert kkt_violation(donors, target, weights) < 1e-12
    # The target lies among the donors, so that the smallest of many perfect fits is looked for.
    assert np.abs(donors @ weights - target).max() < 1e-9
    assert 1 / (weights**2).sum() > 15


def test_a_strong_ridge_gives_equal_weights():
    donors, target = np.random.default_rng(1).normal(size=(8, 5)), np.zeros(8)
    assert ridge_simplex(donors, target, ridge=1e9) == pytest.approx(np.full(5, 0.2), abs=1e-6)


def test_a_ridge_too_small_for_the_gram_matrix_is_solved_by_rows():
    donors = np.ones((4, 3)) * np.array([1.0, 1.0 + 1e-9, 2.0])
    weights = ridge_simplex(donors, np.full(4, 1.5), ridge=1e-18)
    assert kkt_violation(donors, np.full(4, 1.5), weights) < 1e-9


def test_singular_products_are_refused():
    with pytest.raises(LinAlgError, match="singular"):
        simplex_from_gram(np.zeros((2, 2)), np.zeros(2), ridge=0.0)
    # A donor that would fit as well without weight: the optimum is not unique.
    gram = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    with pytest.raises(LinAlgError, match="could have some"):
        unique_simplex(gram, np.zeros(3), support=np.array([True, False, False]))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: simplex_weights(np.ones((2, 0)), np.ones(2)), "at least one donor"),
        (lambda: simplex_weights(np.array([[np.nan, 1.0]]), np.ones(1)), "missing or infinite"),
        (lambda: ridge_simplex(np.ones((2, 2)), np.ones(2), ridge=-1.0), "at least 0"),
        (lambda: leave_row_out_weights(np.ones((1, 2)), np.ones(1)), "needs 2 rows"),
        (lambda: leave_row_out_weights(np.ones((2, 2)), np.ones(2), intercept=True), "needs 3 rows"),
    ],
)
def test_what_cannot_be_weighted_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("twice", [False, True])
def test_rows_left_out_together_are_rows_left_out_one_at_a_time(intercept, twice):
    rng = np.random.default_rng(6)
    donors, target = rng.normal(size=(20, 14)), rng.normal(size=20)
    if twice:
        donors[:, 3] = donors[:, 8]
    found = leave_row_out_weights(donors, target, intercept=intercept)
    for row in range(20):
        left, path = np.delete(donors, row, axis=0), np.delete(target, row)
        if intercept:
            left, path = left - left.mean(axis=0), path - path.mean()
        assert found[row] == pytest.approx(simplex_weights(left, path), abs=1e-7)
