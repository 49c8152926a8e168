"""Laws of factor models and matrix completion, on bare arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lean_impact.kernels.completion import complete, impute_path
from lean_impact.kernels.interactive import factor_path

N_PERIODS, N_UNITS, N_TREATED, START = 18, 12, 2, 13
BEFORE = np.repeat((np.arange(N_PERIODS) < START)[:, None], N_TREATED, axis=1)
MISSING = np.zeros((N_PERIODS, N_UNITS), dtype=bool)
MISSING[START:, :N_TREATED] = True
SEED = st.integers(0, 10_000)
SHIFT = st.integers(-1_000, 1_000).map(lambda shift: shift / 100)


def panel(seed: int) -> np.ndarray:
    """Return two common factors that stand well above the noise."""
    rng = np.random.default_rng(seed)
    common = 2 * rng.normal(size=(N_PERIODS, 2)) @ rng.normal(size=(2, N_UNITS))
    return 5 * rng.normal(size=N_UNITS) + common + 0.3 * rng.normal(size=(N_PERIODS, N_UNITS))


def by_comparison(y: np.ndarray) -> np.ndarray:
    return factor_path(y[:, N_TREATED:], y[:, :N_TREATED], BEFORE, numbers=[0, 1, 2]).gaps[:, START:]


def by_all(y: np.ndarray) -> np.ndarray:
    return (y - impute_path(y, 1, missing=MISSING).fitted)[:, START:, :N_TREATED]


def by_completion(y: np.ndarray) -> np.ndarray:
    penalty = 0.05 * np.linalg.norm(y - y.mean(axis=0), 2) / y.size
    return (y - complete(y, penalty, missing=MISSING).fitted)[START:, :N_TREATED]


@pytest.mark.parametrize("gaps", [by_comparison, by_all])
@given(seed=SEED, shift=SHIFT)
def test_adding_to_the_treated_after_moves_every_gap_by_that(gaps, seed, shift):
    y = panel(seed)
    moved = y + shift * MISSING
    assert gaps(moved) == pytest.approx(gaps(y) + shift, abs=1e-6)


@given(seed=SEED, shift=SHIFT)
def test_what_the_treated_show_after_does_not_touch_the_completion(seed, shift):
    y = panel(seed)
    fits = [complete(y + by * MISSING, 0.02, missing=MISSING).fitted for by in (0.0, shift)]
    assert fits[0] == pytest.approx(fits[1], abs=1e-9)


@pytest.mark.parametrize("gaps", [by_comparison, by_all, by_completion])
@given(seed=SEED, factor=st.sampled_from([-1.0, 0.01, 3.0]))
@settings(max_examples=15)
def test_another_unit_rescales(gaps, seed, factor):
    y = panel(seed)
    assert gaps(factor * y) == pytest.approx(factor * gaps(y), abs=1e-5 * abs(factor))


@pytest.mark.parametrize("gaps", [by_comparison, by_all])
@given(seed=SEED, scale=st.sampled_from([1.0, 30.0]))
@settings(max_examples=15)
def test_trusts_own_levels_and_shared_periods_change_nothing(gaps, seed, scale):
    y, rng = panel(seed), np.random.default_rng(seed + 1)
    moved = y + scale * (rng.normal(size=N_UNITS) + rng.normal(size=(N_PERIODS, 1)))
    assert gaps(moved) == pytest.approx(gaps(y), abs=1e-5)


@pytest.mark.parametrize("gaps", [by_comparison, by_all, by_completion])
@given(seed=SEED)
@settings(max_examples=15)
def test_the_order_of_comparison_trusts_changes_nothing(gaps, seed):
    y = panel(seed)
    order = N_TREATED + np.random.default_rng(seed).permutation(N_UNITS - N_TREATED)
    turned = np.hstack([y[:, :N_TREATED], y[:, order]])
    assert gaps(turned) == pytest.approx(gaps(y), abs=1e-5)


@given(seed=SEED)
def test_a_duplicated_donor_has_the_weight_of_its_twin(seed):
    y = panel(seed)
    twice = np.hstack([y, y[:, [-1]]])
    path = factor_path(twice[:, N_TREATED:], twice[:, :N_TREATED], BEFORE, numbers=[0, 2])
    assert path.weights[:, -1] == pytest.approx(path.weights[:, -2])
    assert path.weights.sum(axis=1) == pytest.approx(np.ones((2, N_TREATED)))
