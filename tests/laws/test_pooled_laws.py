"""Laws of pooling: what must hold whatever the effects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.domain import Estimate, TrustEffect
from lean_impact.pooled import RandomEffects

VALUE = st.integers(-1_000, 1_000).map(lambda value: value / 100)
ERROR = st.integers(5, 500).map(lambda error: error / 100)
PAIRS = st.lists(st.tuples(VALUE, ERROR), min_size=2, max_size=8)
SETTINGS = st.builds(
    RandomEffects, tau=st.sampled_from(["REML", "DL", "FE"]), interval=st.sampled_from(["HKSJ", "normal"])
)


def effects_of(pairs) -> list[TrustEffect]:
    return [
        TrustEffect(
            trust=f"TR{at}",
            estimate=Estimate(value=y, standard_error=se, lower=y - 2 * se, upper=y + 2 * se),
        )
        for at, (y, se) in enumerate(pairs)
    ]


def numbers(result) -> np.ndarray:
    return np.array([result.estimate.value, result.estimate.lower, result.estimate.upper])


@given(pairs=PAIRS, shift=VALUE, settings=SETTINGS)
def test_shifting_effects_shifts_the_mean(pairs, shift, settings):
    once = settings.pool(effects_of(pairs))
    again = settings.pool(effects_of([(y + shift, se) for y, se in pairs]))
    assert numbers(again) == pytest.approx(numbers(once) + shift, abs=1e-5)
    assert again.heterogeneity.tau2 == pytest.approx(once.heterogeneity.tau2, rel=1e-5, abs=1e-7)


@given(pairs=PAIRS, factor=st.sampled_from([0.01, 0.5, 100.0]), settings=SETTINGS)
def test_another_unit_rescales_the_mean(pairs, factor, settings):
    once = settings.pool(effects_of(pairs))
    again = settings.pool(effects_of([(factor * y, factor * se) for y, se in pairs]))
    assert numbers(again) == pytest.approx(factor * numbers(once), rel=1e-5, abs=1e-6 * factor)
    assert again.heterogeneity.i_squared == pytest.approx(once.heterogeneity.i_squared, abs=1e-5)


@given(pairs=PAIRS, settings=SETTINGS, seed=st.integers(0, 1_000))
def test_order_changes_nothing(pairs, settings, seed):
    shuffled = [pairs[at] for at in np.random.default_rng(seed).permutation(len(pairs))]
    assert numbers(settings.pool(effects_of(shuffled))) == pytest.approx(
        numbers(settings.pool(effects_of(pairs))), abs=1e-7
    )


@given(value=VALUE, errors=st.lists(ERROR, min_size=2, max_size=8), settings=SETTINGS)
def test_equal_effects_do_not_differ(value, errors, settings):
    result = settings.pool(effects_of([(value, error) for error in errors]))
    assert result.heterogeneity.tau2 == 0.0
    assert result.estimate.value == pytest.approx(value)
    assert all(blup.estimate.value == pytest.approx(value) for blup in result.blups)


@given(pairs=PAIRS, settings=SETTINGS)
def test_bounds(pairs, settings):
    result = settings.pool(effects_of(pairs))
    values = [y for y, _ in pairs]
    assert min(values) - 1e-9 <= result.estimate.value <= max(values) + 1e-9
    assert result.heterogeneity.tau2 >= 0
    assert 0 <= result.heterogeneity.lower <= result.heterogeneity.upper
    assert 0 <= result.heterogeneity.i_squared < 1
    assert 0 < result.p_value.value <= 1
    if result.prediction is not None:
        assert result.prediction.lower <= result.estimate.lower
        assert result.prediction.upper >= result.estimate.upper
    mean = result.estimate.value
    for (y, _), blup in zip(pairs, result.blups, strict=True):
        assert min(y, mean) - 1e-9 <= blup.estimate.value <= max(y, mean) + 1e-9


@given(pairs=PAIRS, tau=st.sampled_from(["REML", "DL"]))
def test_hksj_is_never_narrower_than_normal(pairs, tau):
    safe, plain = (RandomEffects(tau=tau, interval=how).pool(effects_of(pairs)) for how in ("HKSJ", "normal"))
    assert safe.estimate.standard_error >= plain.estimate.standard_error * (1 - 1e-12)
    assert safe.estimate.lower <= plain.estimate.lower + 1e-12
    assert safe.estimate.upper >= plain.estimate.upper - 1e-12


def test_the_interval_covers_about_as_often_as_it_promises():
    # Five trusts, true effects with standard deviation 1, known unequal standard errors.
    rng = np.random.default_rng(11)
    errors = np.array([0.3, 0.5, 0.7, 0.9, 1.2])
    covered = [
        RandomEffects()
        .pool(effects_of(zip(rng.normal(size=5) + errors * rng.normal(size=5), errors, strict=True)))
        .estimate.covers(0.0)
        for _ in range(400)
    ]
    assert np.mean(covered) > 0.95 - 5 * (0.95 * 0.05 / 400) ** 0.5
