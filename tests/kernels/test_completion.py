"""Matrix completion: it minimises what it says, and folds mimic what is to be filled."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.kernels.completion import (
    complete,
    completion_weights,
    held_out_errors,
    hiding_folds,
    impute_path,
    largest_penalty,
    penalty_path,
    placebo_fills,
)
from lean_impact.kernels.low_rank import cap_singular_values, keep_factors
from lean_impact.kernels.low_rank_fit import fit_hidden


def panel(seed: int, n_periods: int = 16, n_units: int = 12, *, noise: float = 0.4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n_periods, 2)) @ rng.normal(size=(2, n_units))
    return 4 * rng.normal(size=n_units) + common + noise * rng.normal(size=(n_periods, n_units))


HIDDEN = np.zeros((16, 12), dtype=bool)
HIDDEN[11:, :2] = True


def loss(y, fitted, low_rank, penalty):
    off = (y - fitted)[~HIDDEN]
    return (off**2).sum() / 2 + penalty * y.size * np.linalg.norm(low_rank, "nuc")


def test_no_step_to_any_side_lowers_the_loss():
    y, penalty, rng = panel(1), 0.01, np.random.default_rng(2)
    fit = complete(y, penalty, missing=HIDDEN)
    best = loss(y, fit.fitted, fit.low_rank, penalty)
    for _ in range(40):
        step = 0.01 * np.outer(rng.normal(size=16), rng.normal(size=12))
        additive = 0.01 * (rng.normal(size=(16, 1)) + rng.normal(size=12))
        assert loss(y, fit.fitted + step + additive, fit.low_rank + step, penalty) >= best - 1e-9


def test_from_the_largest_penalty_on_only_effects_are_left():
    y = panel(3)
    largest = largest_penalty(y, missing=HIDDEN)
    additive = impute_path(y, 0, missing=HIDDEN).fitted[0]
    assert complete(y, 1.001 * largest, missing=HIDDEN).fitted == pytest.approx(additive, abs=1e-6)
    assert np.abs(complete(y, 0.9 * largest, missing=HIDDEN).low_rank).max() > 1e-3


def test_a_first_guess_changes_nothing():
    y = panel(4)
    near = complete(y, 0.02, missing=HIDDEN)
    cold = complete(y, 0.01, missing=HIDDEN)
    assert complete(y, 0.01, missing=HIDDEN, start=near.fitted).fitted == pytest.approx(cold.fitted, abs=1e-6)


def test_a_penalty_that_is_none_is_refused():
    with pytest.raises(ValueError, match="greater than 0"):
        complete(panel(5), 0.0, missing=HIDDEN)


def test_penalties_go_down_evenly():
    path = penalty_path(2.0, number=5, span=16.0)
    assert path == pytest.approx([2, 1, 0.5, 0.25, 0.125])


def test_folds_hide_each_control_once_with_a_pattern_of_the_treated():
    y = panel(6)
    pattern = np.arange(16)[:, None] >= [10, 13]
    folds = hiding_folds(y, pattern, folds=5)
    assert sorted(np.concatenate([units for units, _ in folds])) == list(range(12))
    for _, hidden in folds:
        assert all(hidden[:, at].sum() in {6, 3} for at in range(hidden.shape[1]))


def test_folds_follow_the_units_and_not_their_places():
    y, order = panel(7), np.random.default_rng(1).permutation(12)
    pattern = np.arange(16)[:, None] >= [10]
    one = {frozenset(units.tolist()) for units, _ in hiding_folds(y, pattern)}
    two = {frozenset(order[units].tolist()) for units, _ in hiding_folds(y[:, order], pattern)}
    assert one == two
    with pytest.raises(ValueError, match="two comparison"):
        hiding_folds(y[:, :1], pattern)


def test_held_out_errors_are_the_errors_of_hidden_cells():
    y, pattern = panel(8), np.arange(16)[:, None] >= [10]
    folds = hiding_folds(y, pattern, folds=3)
    errors = held_out_errors(y, [keep_factors(0), keep_factors(2)], folds)
    by_hand = [
        (y[:, units] - fit_hidden(y, keep_factors(2), units, hidden))[hidden] ** 2 for units, hidden in folds
    ]
    assert errors[1] == pytest.approx(np.concatenate(by_hand).mean(), rel=1e-5)
    assert errors[1] < errors[0]


def test_the_search_ends_when_the_error_has_risen_twice():
    rng = np.random.default_rng(9)
    noise = rng.normal(size=(16, 12))
    folds = hiding_folds(noise, np.arange(16)[:, None] >= [10])
    errors = held_out_errors(noise, [cap_singular_values(at) for at in (9.0, 3.0, 2.0, 1.0, 0.5)], folds)
    assert np.isinf(errors).tolist() == [False, False, False, True, True]


def test_placebos_are_fits_with_their_cells_hidden():
    y, hidden = panel(10), (np.arange(16) >= 10)[:, None]
    gaps = placebo_fills(y, cap_singular_values(2.0), np.array([[4], [7]]), hidden)
    blank = np.zeros((16, 12), dtype=bool)
    blank[:, 7] = hidden[:, 0]
    fit = complete(y, 2.0 / y.size, missing=blank)
    assert gaps[1, :, 0] == pytest.approx(y[:, 7] - fit.fitted[:, 7], abs=1e-4)


def test_with_one_optimum_a_warm_start_changes_nothing():
    y, pattern = panel(13), np.arange(16)[:, None] >= [10, 13]
    folds, models = hiding_folds(y, pattern, folds=3), [cap_singular_values(at) for at in (6.0, 3.0, 1.5)]
    cold, warm = (held_out_errors(y, models, folds, convex=convex) for convex in (False, True))
    assert warm == pytest.approx(cold, rel=1e-4)
    members = np.array([[4, 2], [7, 9]])
    cold, warm = (placebo_fills(y, models[2], members, pattern, convex=convex) for convex in (False, True))
    assert warm == pytest.approx(cold, abs=1e-4)


def test_a_path_ends_before_factors_that_are_not_determined():
    noise = np.random.default_rng(11).normal(size=(16, 12))
    hidden = np.zeros((16, 12), dtype=bool)
    hidden[3:, :3] = True
    path = impute_path(noise, 5, missing=hidden)
    assert len(path.fitted) <= 3
    with pytest.raises(ValueError, match="12 factors need"):
        impute_path(noise, 12, missing=hidden)


def test_weights_of_a_factor_model_without_missing_cells_give_its_fit():
    y = panel(12)
    treated = np.arange(12) == 0
    path = impute_path(y, 2, missing=np.zeros((16, 12), dtype=bool))
    weights, squares = completion_weights(path.low_rank[2], 0.0, treated=treated)
    assert weights.shape == (11, 1)
    _, _, right = np.linalg.svd(path.low_rank[2])
    hat = 1 / 12 + right[:2].T @ right[:2]
    assert weights[:, 0] == pytest.approx(hat[1:, 0])
    assert squares == pytest.approx((hat**2).sum(axis=0)[1:])
