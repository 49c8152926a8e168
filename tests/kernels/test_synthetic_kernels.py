"""Synthetic controls and conformal inference on bare arrays."""

from __future__ import annotations

import time

import numpy as np
import pytest

from lean_impact.kernels.augmented_control import augmented_control, augmented_residuals, ridge_path
from lean_impact.kernels.conformal import conformal_interval, conformal_p, debiased_t_test, fold_periods
from lean_impact.kernels.nested_control import nested_control
from lean_impact.kernels.randomisation import draw_groups
from lean_impact.kernels.simplex import simplex_weights
from lean_impact.kernels.synthetic_control import rmspe_ratio, studentised_gap, synthetic_control
from lean_impact.kernels.synthetic_did import placebo_synthetic_did, synthetic_did


def walk(n_periods=30, n_units=9, seed=0):
    return np.random.default_rng(seed).normal(size=(n_periods, n_units)).cumsum(axis=0)


def test_true_weights_are_found():
    y = walk()
    y[:, 0] = y[:, 1:4] @ [0.5, 0.3, 0.2]
    y[20:, 0] += 2.0
    fit = synthetic_control(y, np.array([0]), np.arange(1, 9), start=20)
    assert fit.weights[:3, 0] == pytest.approx([0.5, 0.3, 0.2], abs=1e-9)
    assert fit.gaps[20:, 0] == pytest.approx(np.full(10, 2.0))
    assert fit.effective_donors[0] == pytest.approx(1 / 0.38)
    assert rmspe_ratio(fit.gaps, start=20)[0] > 1e6


def test_an_intercept_lets_levels_differ():
    y = walk()
    y[:, 0] = 100 + y[:, 1:4] @ [0.5, 0.3, 0.2]
    fit = synthetic_control(y, np.array([0]), np.arange(1, 9), start=20, intercept=True)
    assert np.abs(fit.gaps).max() < 1e-8


def test_the_studentised_gap_is_blind_to_noise_after():
    gaps = np.array([[1.0], [-1.0], [3.0], [-3.0]])
    assert rmspe_ratio(gaps, start=2)[0] == 3.0
    assert studentised_gap(gaps, start=2)[0] == 0.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": 0}, "no period before"),
        ({"start": 30}, "no period after"),
        ({"targets": np.array([], dtype=int)}, "no unit to fit"),
        ({"donors": np.array([0])}, "no donor besides"),
        ({"donors": np.array([1, 1])}, "twice"),
        ({"y": np.where(np.arange(9) == 4, np.nan, walk())}, r"\[4\]"),
    ],
)
def test_designs_that_cannot_be_fitted_are_refused(change, words):
    fields = {"y": walk(), "targets": np.array([0]), "donors": np.arange(1, 9), "start": 20} | change
    with pytest.raises(ValueError, match=words):
        synthetic_control(**fields)


def test_what_synthetic_did_refuses():
    y = walk()
    with pytest.raises(ValueError, match="among the donors"):
        synthetic_did(y, np.array([1]), np.arange(1, 9), start=20)
    with pytest.raises(ValueError, match="two changes"):
        synthetic_did(y, np.array([0]), np.arange(1, 9), start=1)
    with pytest.raises(ValueError, match="fewer than two"):
        placebo_synthetic_did(y, np.array([[0, 1]]), np.arange(1, 4), start=20, zeta=1.0)


def test_synthetic_did_with_more_periods_than_donors():
    """The time weights are then not unique; the smallest ones are taken, whatever the order of donors."""
    y = walk(n_periods=40, n_units=6)
    one = synthetic_did(y, np.array([0]), np.arange(1, 6), start=30)
    two = synthetic_did(y, np.array([0]), np.arange(1, 6)[::-1], start=30)
    assert two.time_weights == pytest.approx(one.time_weights, abs=1e-8)
    assert one.estimate == pytest.approx(two.estimate, abs=1e-8)


def test_donors_without_noise_need_no_ridge():
    y = np.tile(np.arange(6.0), (10, 1))
    y[7:, 0] += 1.0
    fit = synthetic_did(y, np.array([0]), np.arange(1, 6), start=7)
    assert fit.zeta == 0.0
    assert fit.estimate == pytest.approx(1.0)


def test_what_augmented_control_refuses():
    y = walk()
    with pytest.raises(ValueError, match="above 0"):
        augmented_control(y, 0, np.arange(1, 9), start=20, ridge=0.0)
    with pytest.raises(ValueError, match="3 periods before the start, there are 2"):
        augmented_control(y, 0, np.arange(1, 9), start=2)
    with pytest.raises(ValueError, match="4 periods"):
        ridge_path(y[:3, 0], y[:3, 1:], fixed_effects=True)


def test_fixed_effects_do_not_give_the_left_out_period_away():
    """Means over all periods would let the smallest ridge reproduce pure noise."""
    y = np.random.default_rng(2).normal(size=(30, 41))
    honest = ridge_path(y[:, 0], y[:, 1:], fixed_effects=True)
    centred = y - y.mean(axis=0)
    leaky = ridge_path(centred[:, 0], centred[:, 1:])
    assert leaky.errors[-1] < 0.1 * honest.errors[-1]
    assert honest.chosen > leaky.chosen


def test_alike_donors_leave_nothing_to_augment():
    y = np.column_stack([walk()[:, 0], *[np.arange(30.0)] * 3])
    fit = augmented_control(y, 0, np.arange(1, 4), start=20)
    assert fit.weights == pytest.approx(np.full(3, 1 / 3))


def test_a_predictor_that_does_not_vary_is_refused():
    y = walk()
    with pytest.raises(ValueError, match=r"\[1\] do not vary"):
        nested_control(
            y,
            0,
            np.arange(1, 9),
            start=20,
            predictors=np.vstack([y[0], np.ones(9)]),
            rng=np.random.default_rng(0),
        )


# ------------------------------------------------------------------------------ conformal


def test_conformal_p_holds_its_size():
    """Under exchangeable residuals the share of p-values up to a level is at most the level."""
    rng = np.random.default_rng(7)
    p = np.array([conformal_p(rng.normal(size=40), start=34).p for _ in range(1_000)])
    for level in (0.05, 0.1, 0.5):
        assert (p <= level).mean() <= level + 3 * (level * (1 - level) / 1_000) ** 0.5


def test_iid_draws_approach_all_arrangements():
    residuals = np.array([0.3, -1.0, 0.2, 0.9, -0.4, 1.1])
    # 15 pairs of six; those with a sum of sizes of at least 1.5 are counted by hand.
    sizes = np.abs(residuals)
    exact = np.mean([sizes[a] + sizes[b] >= 1.5 - 1e-9 for a in range(6) for b in range(a)])
    found = conformal_p(residuals, start=4, scheme="iid", draws=20_000, rng=np.random.default_rng(1))
    assert found.p == pytest.approx(exact, abs=0.02)
    assert found.smallest == pytest.approx(1 / 20_001)


def test_conformal_interval_holds_the_effect():
    y = walk(60, 8, seed=3)
    y[:, 0] = y[:, 1:4].mean(axis=1) + 0.3 * np.random.default_rng(4).normal(size=60)
    y[50:, 0] += 3.0
    after = np.arange(60) >= 50

    def refit(effect):
        path = y[:, 0] - effect * after
        return path - y[:, 1:] @ simplex_weights(y[:, 1:], path)

    found = conformal_interval(refit, np.linspace(0, 6, 61), start=50, level=0.9)
    assert found.lower <= 3.0 <= found.upper
    assert found.lower > 0
    open_ended = conformal_interval(refit, np.linspace(2.9, 3.1, 3), start=50, level=0.9)
    assert (open_ended.lower, open_ended.upper) == (-np.inf, np.inf)
    nothing = conformal_interval(refit, np.linspace(20, 21, 3), start=50, level=0.9)
    assert np.isnan(nothing.lower)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: conformal_p(np.ones(5), start=5), "no period"),
        (lambda: conformal_p(np.array([1.0, np.nan]), start=1), "missing"),
        (lambda: conformal_p(np.ones(5), start=3, scheme="iid"), "generator"),
        (lambda: conformal_interval(lambda _: np.ones(5), np.array([1.0, 0.0]), start=3), "ascending"),
        (lambda: fold_periods(12, start=2, folds=3), "3 folds"),
        (lambda: augmented_residuals(np.ones(3), np.ones((3, 2)), ridge=0.0), "above 0"),
    ],
)
def test_what_conformal_inference_refuses(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_debiased_test_holds_its_size():
    """With independent gaps the t statistic is nearly t with two degrees of freedom."""
    rng = np.random.default_rng(6)
    series = rng.normal(size=(600, 90))
    tests = [debiased_t_test(lambda _, gaps=gaps: gaps, n_periods=90, start=60) for gaps in series]
    p = np.array([test.p for test in tests])
    assert (p <= 0.1).mean() == pytest.approx(0.1, abs=0.04)


# ---------------------------------------------------------------------------------- speed


def test_placebos_share_their_work():
    """About half a second for 500 placebo groups; a tenth of that bound would be missed by fitting afresh."""
    y = np.random.default_rng(0).normal(size=(120, 150)) + np.random.default_rng(1).normal(size=150)
    groups = draw_groups(145, 5, draws=100, rng=np.random.default_rng(2)).members
    began = time.process_time()
    placebo_synthetic_did(y, groups, np.arange(5, 150), start=90, zeta=3.0)
    assert time.process_time() - began < 2.0
