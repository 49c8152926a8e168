"""Tests for few treated units: their size when variances differ, ranks, and what too few placebos allow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lean_impact.kernels.collapsed import welch_contrast
from lean_impact.kernels.few_treated import own_noise, pooled_test, unit_test


def test_with_the_mean_as_counterfactual_it_is_welchs_test():
    values = np.random.default_rng(1).normal(size=40)
    size, others = 5, values[5:]
    effects = (values[:size] - others.mean())[None, :]
    found = pooled_test(
        effects.mean(axis=1),
        effects,
        weights=np.full(size, 1 / size),
        donor_variance=float(others.var(ddof=1) / len(others)),
        donor_df=len(others) - 1,
        level=0.95,
    )
    expected = welch_contrast(values, np.arange(size)[None, :])
    assert found.standard_error[0] == pytest.approx(expected.standard_error[0])
    assert found.df[0] == pytest.approx(expected.df[0])
    assert found.margin[0] == pytest.approx(stats.t.ppf(0.975, found.df[0]) * found.standard_error[0])


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("size", [2, 3, 5])
def test_the_pooled_test_keeps_its_size(size, scale):
    rng = np.random.default_rng(7)
    effects = scale * rng.standard_normal((20_000, size)) + 0.1 * rng.standard_normal((20_000, 1))
    found = pooled_test(
        effects.mean(axis=1),
        effects,
        weights=np.full(size, 1 / size),
        donor_variance=0.01,
        donor_df=100.0,
        level=0.95,
    )
    # With two or three it holds with room to spare; from five on it is close.
    assert (0.03 if size == 5 else 0.0) < (found.p < 0.05).mean() < 0.075


def test_one_member_has_no_spread():
    with pytest.raises(ValueError, match="at least two"):
        pooled_test(
            np.ones(1), np.ones((1, 1)), weights=np.ones(1), donor_variance=0.1, donor_df=9.0, level=0.95
        )


def test_equal_effects_without_donors_noise_give_no_interval_and_no_nan():
    found = pooled_test(
        np.array([2.0]),
        np.full((1, 3), 2.0),
        weights=np.full(3, 1 / 3),
        donor_variance=0.0,
        donor_df=9.0,
        level=0.95,
    )
    assert (found.p[0], found.margin[0]) == (0.0, 0.0)


def test_own_noise_takes_the_donors_out():
    rng = np.random.default_rng(3)
    own = rng.normal(size=5000)
    placebos = own - rng.normal(size=(5000, 4)).mean(axis=1)
    assert own_noise(placebos, squares=0.25) == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("scale", [0.25, 1.0, 4.0])
def test_a_noisy_or_quiet_unit_is_ranked_fairly(scale):
    rng = np.random.default_rng(5)
    before, after = rng.normal(size=(4000, 41, 30)), rng.normal(size=(4000, 41, 20))
    before[:, 0] *= scale
    after[:, 0] *= scale
    effects, scales = after.mean(axis=2), np.sqrt((before**2).mean(axis=2))
    p = np.array(
        [
            unit_test(e[:1], s[:1], placebos=e[1:], placebo_scales=s[1:], level=0.95).p[0]
            for e, s in zip(effects, scales, strict=True)
        ]
    )
    # The rank of one among 41: exactly 2/41 without an effect.
    assert (p <= 0.05).mean() == pytest.approx(2 / 41, abs=0.012)


def test_interval_and_rank_are_the_same_test():
    rng = np.random.default_rng(9)
    placebos, scales = rng.normal(size=60), rng.uniform(0.5, 2, 60)
    for effect in np.linspace(-4, 4, 41):
        found = unit_test(
            np.array([effect]), np.ones(1), placebos=placebos, placebo_scales=scales, level=0.95
        )
        assert found.ranked
        assert (found.p[0] <= 0.05) == (abs(effect) > found.margin[0] - 1e-12)


def test_too_few_placebos_are_judged_by_their_spread():
    found = unit_test(
        np.array([9.0]),
        np.ones(1),
        placebos=np.array([1.0, -1.0, 0.5]),
        placebo_scales=np.ones(3),
        level=0.95,
    )
    assert not found.ranked
    assert found.smallest == 0.0
    assert np.isfinite(found.margin[0])


def test_gaps_that_vanish_measure_no_chance():
    with pytest.raises(ValueError, match="vanish"):
        unit_test(np.ones(1), np.zeros(1), placebos=np.ones(30), placebo_scales=np.ones(30), level=0.95)
