"""Sensitivity to violations of parallel trends: corners, critical values, coverage, bad input."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linprog, minimize

from lean_impact.kernels import honest_relative, honest_smooth
from lean_impact.kernels.honest_critical import least_favourable
from lean_impact.kernels.honest_moments import corners, event_study
from lean_impact.kernels.honest_relative import relative_breakdown, relative_interval
from lean_impact.kernels.honest_search import first_failure
from lean_impact.kernels.honest_smooth import (
    folded_normal_quantile,
    smooth_breakdown,
    smooth_interval,
)
from lean_impact.kernels.lasso import lasso_path


def example(seed: int, n_pre: int, n_post: int):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((n_pre + n_post, n_pre + n_post + 3))
    return rng.standard_normal(n_pre + n_post), factor @ factor.T / 10, rng.standard_normal(n_post)


def inequalities(n_pre: int, n_post: int, m_bar: float, case: int):
    """Write the restriction in terms of the coefficients, as the paper does: A delta <= 0."""
    n = n_pre + n_post
    steps = np.diff(np.insert(np.eye(n), n_pre, 0.0, axis=0), axis=0)
    largest = steps[case % n_pre] * (1 if case < n_pre else -1)
    rows = steps if n_post == 1 else steps[n_pre:]
    scale = np.array([1.0] * (len(rows) - n_post) + [m_bar] * n_post)[:, None]
    matrix = np.concatenate([rows - scale * largest, -rows - scale * largest])
    return matrix[np.abs(matrix).sum(axis=1) > 1e-12]


@pytest.mark.parametrize(("n_pre", "n_post"), [(1, 1), (3, 1), (1, 2), (3, 2), (4, 3), (2, 5)])
@pytest.mark.parametrize("m_bar", [0.0, 0.7, 2.0])
def test_largest_corner_equals_the_linear_program(n_pre, n_post, m_bar):
    beta, sigma, weights = example(n_pre * 10 + n_post, n_pre, n_post)
    points = corners(event_study(beta, sigma, n_pre=n_pre, weights=weights), m_bar)
    for case, theta in product(range(2 * n_pre), (-1.0, 0.3)):
        matrix = inequalities(n_pre, n_post, m_bar, case)
        errors = np.sqrt(np.diag(matrix @ sigma @ matrix.T))
        # Least eta such that some effects with l'tau = theta keep every inequality up to eta errors.
        left = np.column_stack([-matrix[:, n_pre:], -errors])
        program = linprog(
            np.r_[np.zeros(n_post), 1.0],
            A_ub=left,
            b_ub=-matrix @ beta,
            A_eq=np.r_[weights, 0.0][None],
            b_eq=[theta],
            bounds=(None, None),
        )
        found = (points.values[case] - theta * points.slopes[case]).max()
        assert found == pytest.approx(program.fun, abs=1e-8)


@pytest.mark.parametrize(("n_pre", "n_post"), [(2, 1), (2, 2), (3, 3)])
def test_corners_are_those_of_brute_force(n_pre, n_post):
    """Every basic solution of the dual polytope is a corner of ours or lies between two of them."""
    beta, sigma, weights = example(5, n_pre, n_post)
    m_bar = 1.3
    points = corners(event_study(beta, sigma, n_pre=n_pre, weights=weights), m_bar)
    free = np.linalg.svd(weights[None])[2][1:].T
    for case in range(2 * n_pre):
        matrix = inequalities(n_pre, n_post, m_bar, case)
        errors = np.sqrt(np.diag(matrix @ sigma @ matrix.T))
        equations = np.vstack([(matrix[:, n_pre:] @ free).T, errors])
        values = []
        for basis in combinations(range(len(matrix)), n_post):
            square = equations[:, basis]
            if np.linalg.cond(square) < 1e12:
                solution = np.linalg.solve(square, np.eye(n_post)[-1])
                if solution.min() >= -1e-12:
                    values.append(solution @ matrix[list(basis)] @ beta)
        ours = points.values[case]
        assert ours.max() == pytest.approx(max(values))
        assert ours.min() == pytest.approx(min(values))


@pytest.mark.parametrize("n_post", [1, 2])
def test_loadings_give_the_covariance_of_the_values(n_post):
    beta, sigma, weights = example(1, 3, n_post)
    # Values are linear in the coefficients, so unit vectors give the matrix that makes them.
    columns = [
        corners(event_study(e, sigma, n_pre=3, weights=weights), 0.8).values for e in np.eye(3 + n_post)
    ]
    matrix = np.stack(columns, axis=-1)
    loadings = corners(event_study(beta, sigma, n_pre=3, weights=weights), 0.8).loadings
    expected = matrix @ sigma @ np.swapaxes(matrix, 1, 2)
    assert loadings @ np.swapaxes(loadings, 1, 2) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("dimension", [2, 4])
def test_critical_values_agree_with_simulation(dimension):
    rng = np.random.default_rng(3)
    loadings = rng.standard_normal((1, 6, dimension))
    largest = (rng.standard_normal((400_000, dimension)) @ loadings[0].T).max(axis=1)
    for size in (0.005, 0.05):
        assert least_favourable(loadings, size)[0] == pytest.approx(np.quantile(largest, 1 - size), rel=0.012)


def test_interval_covers_under_the_worst_violation():
    """Post-period steps of exactly the largest allowed size; 95 % coverage, and not much more."""
    n_pre, sigma = 2, 0.05 * (np.eye(4) + 1.0)
    rng = np.random.default_rng(11)
    delta, weights = np.array([-1.0, -1.0, 1.0, 2.0]), np.array([1.0, 0.0])
    draws = rng.multivariate_normal(delta, sigma, 250)
    studies = (event_study(draw, sigma, n_pre=n_pre, weights=weights) for draw in draws)
    kept = [honest_relative._tester(study, 1.0, 0.05)(np.zeros(1))[0] for study in studies]
    assert 0.925 < np.mean(kept) < 0.985


def test_relative_interval_grows_far_enough():
    # Two tiny pre-period steps, known badly, and a huge magnitude: the first grid is too narrow.
    sigma = np.diag([100.0, 100.0, 0.01, 0.01])
    found = relative_interval(np.zeros(4), sigma, n_pre=2, weights=np.array([1.0, 0.0]), m_bar=5.0)
    assert 20 < found.upper < np.inf
    assert found.lower == pytest.approx(-found.upper, rel=1e-3)


def test_breakdown_is_where_the_interval_reaches_the_value():
    beta, sigma = np.array([0.3, -0.2, 3.0, 4.0]), 0.04 * (np.eye(4) + 0.5)
    for null in (0.0, 1.0):
        at = relative_breakdown(beta, sigma, n_pre=2, weights=np.array([1.0, 0.0]), null=null)
        found = relative_interval(beta, sigma, n_pre=2, weights=np.array([1.0, 0.0]), m_bar=at)
        assert found.lower == pytest.approx(null, abs=1e-4)


def test_nothing_to_break_down():
    beta, sigma = np.array([0.3, -0.2, 0.1, 0.1]), np.eye(4)
    assert relative_breakdown(beta, sigma, n_pre=2, weights=np.array([1.0, 0.0])) == 0.0
    assert smooth_breakdown(beta, sigma, n_pre=2, weights=np.array([1.0, 0.0])) == 0.0


def test_first_failure_never_fails():
    assert first_failure(lambda _: True, start=0.0, step=0.1, largest=10.0) == np.inf


@pytest.mark.parametrize("shift", [0.0, 0.3, 2.0, 40.0])
def test_folded_normal_quantile(shift):
    c = float(folded_normal_quantile(0.95, shift))
    assert stats.norm.cdf(c - shift) - stats.norm.cdf(-c - shift) == pytest.approx(0.95, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_path_solves_the_penalised_problem(seed):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((6, 8))
    quadratic, linear = factor @ factor.T, 3 * rng.standard_normal(6)
    path = lasso_path(quadratic, linear)
    assert path[-1] == pytest.approx(np.linalg.solve(quadratic, -linear))
    for x in [*path, *(path[1:] + path[:-1]) / 2]:
        gradient = quadratic @ x + linear
        penalty = np.abs(gradient).max()
        on = np.abs(x) > 1e-9
        assert gradient[on] == pytest.approx(-penalty * np.sign(x[on]), abs=1e-7)


@pytest.mark.parametrize(("n_pre", "n_post"), [(2, 1), (3, 2), (5, 3)])
def test_largest_bias_equals_the_linear_program(n_pre, n_post):
    beta, sigma, weights = example(n_pre, n_pre, n_post)
    found = smooth_interval(beta, sigma, n_pre=n_pre, weights=weights, m=0.4)
    n = n_pre + n_post + 1
    bends = np.diff(np.eye(n), 2, axis=0)
    program = linprog(
        -np.insert(found.weights, n_pre, 0.0),
        A_ub=np.concatenate([bends, -bends]),
        b_ub=np.full(2 * len(bends), 0.4),
        A_eq=np.eye(n)[n_pre][None],
        b_eq=[0.0],
        bounds=(None, None),
    )
    assert found.bias == pytest.approx(-program.fun)


@pytest.mark.parametrize("m", [0.02, 0.3, 3.0])
def test_no_other_linear_estimator_has_a_shorter_interval(m):
    beta, sigma, weights = example(8, 4, 2)
    found = smooth_interval(beta, sigma, n_pre=4, weights=weights, m=m)
    problem, path = honest_smooth._prepare(beta, sigma, 4, weights, 0.05)
    best = min(
        minimize(
            lambda kinks: honest_smooth._half_length(problem, kinks[None], m, 0.05)[0],
            start,
            method="Powell",
            options={"xtol": 1e-8, "ftol": 1e-12},
        ).fun
        for start in (path[0], path[-1])
    )
    assert (found.upper - found.lower) / 2 == pytest.approx(best, rel=1e-5)
    assert (found.upper - found.lower) / 2 <= best * (1 + 1e-9)


GOOD = {"coefficients": np.zeros(3), "covariance": np.eye(3), "n_pre": 1, "weights": np.ones(2)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_pre": 0}, "at least one on either side"),
        ({"n_pre": 3}, "at least one on either side"),
        ({"weights": np.ones(3)}, "weights"),
        ({"weights": np.zeros(2)}, "no weight"),
        ({"covariance": np.ones((3, 3))}, "singular"),
        ({"covariance": np.zeros((3, 3))}, "singular"),
        ({"covariance": np.triu(np.ones((3, 3)))}, "not symmetric"),
        ({"coefficients": np.array([0.0, np.nan, 1.0])}, "finite"),
        ({"alpha": 1.5}, "alpha"),
    ],
)
def test_bad_input(change, message):
    with pytest.raises(ValueError, match=message):
        relative_interval(**{**GOOD, **change}, m_bar=1.0)
    with pytest.raises(ValueError, match=message):
        smooth_interval(**{**GOOD, **change}, m=1.0)


def test_bounds_are_not_negative():
    with pytest.raises(ValueError, match="relative magnitude"):
        relative_interval(**GOOD, m_bar=-1.0)
    with pytest.raises(ValueError, match="change of slope"):
        smooth_interval(**GOOD, m=np.nan)
