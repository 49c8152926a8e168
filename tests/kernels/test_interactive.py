"""Generalised synthetic control against refitting one by one."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.kernels.interactive import (
    NotDeterminedError,
    choose_factors,
    control_model,
    factor_path,
    most_factors,
    placebo_paths,
)
from lean_impact.kernels.interactive_bootstrap import bootstrap_errors, prediction_errors

N_PERIODS, START = 20, 14
USED = (np.arange(N_PERIODS) < START)[:, None]


def panel(seed: int, n_units: int = 12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(N_PERIODS, 2)) @ rng.normal(size=(2, n_units))
    return 3 * rng.normal(size=n_units) + common + 0.3 * rng.normal(size=(N_PERIODS, n_units))


def test_without_factors_it_is_difference_in_differences():
    y = panel(1)
    path = factor_path(y[:, 2:], y[:, :2], np.repeat(USED, 2, axis=1), numbers=[0])
    gap = y[:, :2] - y[:, 2:].mean(axis=1, keepdims=True)
    assert path.gaps[0] == pytest.approx(gap - gap[:START].mean(axis=0))
    assert path.weights[0] == pytest.approx(np.full((10, 2), 0.1))


def test_factors_are_the_leading_principal_components():
    y = panel(2)
    model = control_model(y, 2)
    doubly = y - y.mean(axis=0) - y.mean(axis=1, keepdims=True) + y.mean()
    left, singular, right = np.linalg.svd(doubly)
    assert np.abs(model.factors.T @ left[:, :2]) == pytest.approx(np.eye(2), abs=1e-9)
    assert model.factors @ model.loadings.T == pytest.approx((left[:, :2] * singular[:2]) @ right[:2])


def test_leaving_out_a_pre_period_is_what_the_prediction_error_says():
    y, numbers = panel(3), [0, 1, 2]
    path = factor_path(y[:, 1:], y[:, :1], USED, numbers=numbers)
    for number in numbers:
        squares = []
        for out in range(START):
            used = USED.copy()
            used[out] = False
            squares.append(factor_path(y[:, 1:], y[:, :1], used, numbers=[number]).gaps[0, out, 0] ** 2)
        assert path.prediction_error[number] == pytest.approx(np.mean(squares))


def test_placebos_are_refits_without_the_group():
    y = panel(4)
    groups = np.array([[0, 5], [3, 4], [10, 11]])
    used = np.column_stack([USED, np.arange(N_PERIODS) < START - 3])
    gaps, errors, squares = placebo_paths(y, groups, used, largest=3)
    for at, group in enumerate(groups):
        rest = np.delete(y, group, axis=1)
        path = factor_path(rest, y[:, group], used, numbers=[0, 1, 2, 3])
        assert gaps[:, at] == pytest.approx(path.gaps, abs=1e-8)
        assert errors[:, at] == pytest.approx(path.prediction_error)
        assert squares[:, at] == pytest.approx((path.weights**2).sum(axis=1))


def test_weights_make_the_counterfactual():
    y = panel(5)
    path = factor_path(y[:, 1:], y[:, :1], USED, numbers=[0, 1, 2])
    for gap, weights in zip(path.gaps, path.weights, strict=True):
        made = y[:, 1:] @ weights
        difference = (y[:, :1] - gap) - made
        assert difference == pytest.approx(np.full_like(difference, difference[0, 0]))
        assert weights.sum() == pytest.approx(1)


def test_covariates_are_taken_away():
    rng = np.random.default_rng(6)
    y, x = panel(6), rng.normal(size=(1, N_PERIODS, 12))
    path = factor_path(
        (y + 2 * x[0])[:, 1:], (y + 2 * x[0])[:, :1], USED, numbers=[2], covariates=(x[:, :, 1:], x[:, :, :1])
    )
    plain = factor_path(y[:, 1:], y[:, :1], USED, numbers=[2])
    assert path.coefficients[0] == pytest.approx([2.0], abs=0.1)
    assert path.gaps == pytest.approx(plain.gaps, abs=0.4)


def test_the_rule_wants_a_hundredth():
    assert choose_factors(np.array([1.0, 0.995, 0.98])) == 2
    assert choose_factors(np.array([1.0, 0.995, 0.992])) == 0
    assert choose_factors(np.array([1.0, np.inf, 0.5])) == 2


def test_as_many_factors_as_the_figures_can_carry():
    assert most_factors(100, 120, 90) == 5
    assert most_factors(3, 120, 90) == 1
    assert most_factors(1, 120, 2) == 0


def test_too_many_factors_are_refused():
    y = panel(7)
    with pytest.raises(ValueError, match="11 factors need more"):
        control_model(y[:, 1:], 11)
    with pytest.raises(ValueError, match="11 factors need more"):
        placebo_paths(y, np.array([[0]]), USED, largest=11)
    few = np.arange(N_PERIODS)[:, None] < 2
    with pytest.raises(NotDeterminedError, match="3 loadings"):
        factor_path(y[:, 1:], y[:, :1], few, numbers=[2])
    assert len(factor_path(y[:, 1:], y[:, :1], few, numbers=[0, 1, 2]).gaps) == 2


def test_a_pre_period_that_decides_alone_has_no_finite_error():
    y = panel(7)
    few = np.arange(N_PERIODS)[:, None] < 2
    path = factor_path(y[:, 1:], y[:, :1], few, numbers=[0, 1])
    assert np.isfinite(path.prediction_error).tolist() == [True, False]
    assert path.chosen == 0


def test_prediction_errors_are_those_of_each_control_in_turn():
    y = panel(8)
    errors = prediction_errors(y, USED[:, 0], 1)
    path = factor_path(np.delete(y, 3, axis=1), y[:, [3]], USED, numbers=[1])
    assert errors[:, 3] == pytest.approx(path.gaps[0, :, 0])
    x = np.random.default_rng(1).normal(size=(1, N_PERIODS, 12))
    with_x = prediction_errors(y, USED[:, 0], 1, covariates=x)
    assert with_x.shape == y.shape


def test_bootstrap_is_seeded_and_centred():
    y = panel(9)
    draw = [
        bootstrap_errors(y[:, 1:], y[:, :1], USED, 2, np.random.default_rng(3), draws=200) for _ in range(2)
    ]
    assert (draw[0] == draw[1]).all()
    means = draw[0][:, START:].mean(axis=(1, 2))
    assert abs(means.mean()) < 4 * means.std() / 200**0.5 + 0.1
