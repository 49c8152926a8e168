"""Power from placebo draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lean_impact.kernels.power import detectable_effect, draw_designs, power_curve, t_margins


def test_normal_draws_give_the_textbook_power():
    rng = np.random.default_rng(1)
    estimates, margins = rng.standard_normal(100_000), np.full(100_000, 1.959964)
    effects = np.array([0.0, 1.0, 2.801585])
    curve = power_curve(estimates, margins, effects)
    expected = [0.05, *stats.norm.sf(1.959964 - effects[1:])]
    assert curve.power == pytest.approx(expected, abs=0.006)
    found = detectable_effect(estimates, margins)
    assert found.effect == pytest.approx(2.801585, abs=0.02)
    assert found.low < 2.801585 < found.high


def test_limits_cover_the_true_effect():
    rng = np.random.default_rng(2)
    true = stats.norm.ppf(0.8) + 2.0
    found = [detectable_effect(rng.standard_normal(200), np.full(200, 2.0)) for _ in range(400)]
    assert np.mean([each.low <= true <= each.high for each in found]) > 0.93


def test_effect_downwards_mirrors():
    rng = np.random.default_rng(3)
    estimates, margins = rng.standard_normal(200), rng.uniform(1, 3, 200)
    up, down = detectable_effect(estimates, margins), detectable_effect(-estimates, margins, sign=-1)
    assert (down.effect, down.low, down.high) == (-up.effect, up.low, up.high)


def test_the_smallest_detectable_effect_has_its_power():
    rng = np.random.default_rng(4)
    estimates, margins = rng.standard_normal(501), rng.uniform(1, 3, 501)
    at = detectable_effect(estimates, margins).effect
    just, less = power_curve(estimates, margins, np.array([at * (1 + 1e-9), at * (1 - 1e-9)])).power
    assert just >= 0.8 > less


def test_nothing_is_ever_significant():
    found = detectable_effect(np.zeros(10), np.full(10, np.inf))
    assert (found.effect, found.high) == (np.inf, np.inf)
    assert power_curve(np.zeros(10), np.full(10, np.inf), np.array([5.0])).power[0] == 0


def test_margins_equal_scipy():
    found = t_margins(np.array([2.0, 2.0]), np.array([3.0, np.inf]), level=0.9)
    assert found == pytest.approx([2 * stats.t.ppf(0.95, 3), 2 * stats.norm.ppf(0.95)])


def test_designs_stay_inside_the_data_and_use_every_start():
    rng = np.random.default_rng(5)
    designs = draw_designs(12, 24, offsets=np.array([0, 3, 5]), n_pre=10, n_post=8, draws=3_000, rng=rng)
    assert sorted(set(designs.starts)) == list(range(10, 17))
    assert all(len(set(row)) == 3 for row in designs.members)
    # Every trust is as likely to adopt first as any other.
    assert np.bincount(designs.members[:, 0], minlength=12) == pytest.approx(np.full(12, 250), rel=0.3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offsets": np.array([1, 2])}, "first adopter"),
        ({"n_units": 3}, "fewer than two"),
        ({"n_post": 2}, "last adopter"),
        ({"n_periods": 10}, "more than the 10"),
    ],
)
def test_impossible_designs(change, message):
    settings = {"n_units": 12, "n_periods": 24, "offsets": np.array([0, 2]), "n_pre": 10, "n_post": 8}
    settings |= change
    with pytest.raises(ValueError, match=message):
        draw_designs(
            settings.pop("n_units"),
            settings.pop("n_periods"),
            **settings,
            draws=5,
            rng=np.random.default_rng(0),
        )


@pytest.mark.parametrize(
    ("estimates", "margins", "message"),
    [
        ([], [], "do not fit"),
        ([1.0], [1.0, 2.0], "do not fit"),
        ([np.nan], [1.0], "not finite"),
        ([1.0], [-1.0], "margins"),
        ([1.0], [np.nan], "margins"),
    ],
)
def test_bad_draws(estimates, margins, message):
    with pytest.raises(ValueError, match=message):
        power_curve(np.array(estimates), np.array(margins), np.zeros(1))
    with pytest.raises(ValueError, match=message):
        detectable_effect(np.array(estimates), np.array(margins))


def test_bad_settings():
    with pytest.raises(ValueError, match="power"):
        detectable_effect(np.zeros(3), np.ones(3), power=1.0)
    with pytest.raises(ValueError, match="sign"):
        detectable_effect(np.zeros(3), np.ones(3), sign=0)
