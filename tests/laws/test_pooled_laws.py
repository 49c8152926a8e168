"""Laws of pooling: what must hold whatever the effects."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from lean_impact.domain import Estimate, TrustEffect
from lean_impact.pooled import HalfNormalEffects, MetaRegression, RandomEffects, TauMethod

METHODS = get_args(TauMethod)
VALUE = st.integers(-1_000, 1_000).map(lambda value: value / 100)
ERROR = st.integers(5, 500).map(lambda error: error / 100)
PAIRS = st.lists(st.tuples(VALUE, ERROR), min_size=2, max_size=8)
SETTINGS = st.builds(
    RandomEffects, tau=st.sampled_from(METHODS), interval=st.sampled_from(["HKSJ", "normal"])
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


# ------------------------------------------------------------------ effects that share an error

SHARES = st.lists(st.integers(0, 90).map(lambda share: share / 100), min_size=8, max_size=8)
CARRIED = st.builds(
    RandomEffects,
    tau=st.sampled_from([method for method in METHODS if method != "SJ"]),
    interval=st.sampled_from(["HKSJ", "normal"]),
)


def sharing(pairs, shares) -> list[TrustEffect]:
    """Return effects of whose standard errors some shares are common to all."""
    return [
        effect.model_copy(update={"shared_error": share * effect.estimate.standard_error})
        for effect, share in zip(effects_of(pairs), shares, strict=False)
    ]


# Not so of plain likelihood, which has a term for the direction in which all move together.
@given(
    pairs=PAIRS,
    common=st.integers(1, 300).map(lambda error: error / 100),
    settings=CARRIED.filter(lambda settings: settings.tau != "ML"),
)
@effort(max_examples=40)
def test_an_error_that_all_share_alike_adds_its_variance_to_the_mean(pairs, common, settings):
    whole = [(y, (own**2 + common**2) ** 0.5) for y, own in pairs]
    found = settings.pool(sharing(whole, [common / error for _, error in whole]))
    alone = settings.pool(effects_of(pairs))
    assert found.estimate.value == pytest.approx(alone.estimate.value, abs=1e-6)
    assert found.heterogeneity.tau2 == pytest.approx(alone.heterogeneity.tau2, rel=1e-5, abs=1e-6)
    assert found.heterogeneity.q == pytest.approx(alone.heterogeneity.q, rel=1e-6, abs=1e-9)
    assert found.weights == pytest.approx(alone.weights, abs=1e-6)
    if settings.interval == "normal":
        wider = (alone.estimate.standard_error**2 + common**2) ** 0.5
        assert found.estimate.standard_error == pytest.approx(wider, rel=1e-6)


@given(
    values=st.lists(VALUE, min_size=2, max_size=8),
    error=ERROR,
    share=st.integers(0, 95).map(lambda share: share / 100),
    settings=CARRIED,
)
def test_what_is_shared_never_narrows_the_interval_of_equally_sure_effects(values, error, share, settings):
    pairs = [(value, error) for value in values]
    apart, together = settings.pool(effects_of(pairs)), settings.pool(sharing(pairs, [share] * 8))
    slack = 1 - 1e-6
    assert together.estimate.standard_error >= apart.estimate.standard_error * slack
    assert together.heterogeneity.tau2 >= apart.heterogeneity.tau2 * slack - 1e-9
    if apart.prediction is not None:
        assert together.prediction.standard_error >= apart.prediction.standard_error * slack


@given(pairs=PAIRS, shares=SHARES, shift=VALUE, settings=CARRIED, seed=st.integers(0, 99))
@effort(max_examples=40)
def test_order_and_shift_change_nothing_where_effects_share_an_error(pairs, shares, shift, settings, seed):
    order = np.random.default_rng(seed).permutation(len(pairs))
    effects = sharing(pairs, shares)
    once = settings.pool(effects)
    again = settings.pool([effects[at] for at in order])
    moved = settings.pool(sharing([(y + shift, se) for y, se in pairs], shares))
    assert numbers(again) == pytest.approx(numbers(once), rel=1e-5, abs=1e-5)
    assert numbers(moved) == pytest.approx(numbers(once) + shift, rel=1e-5, abs=1e-5)
    assert once.weights.sum() == pytest.approx(1)
    assert once.weights @ [y for y, _ in pairs] == pytest.approx(once.estimate.value, abs=1e-6)


@given(pairs=PAIRS, settings=SETTINGS)
def test_hardly_anything_shared_changes_hardly_anything(pairs, settings):
    apart, nearly = settings.pool(effects_of(pairs)), settings.pool(sharing(pairs, [1e-7] * 8))
    assert numbers(nearly) == pytest.approx(numbers(apart), rel=1e-5, abs=1e-5)
    for one, two in zip(apart.blups, nearly.blups, strict=True):
        assert two.estimate.value == pytest.approx(one.estimate.value, abs=1e-5)
        assert two.estimate.standard_error == pytest.approx(one.estimate.standard_error, abs=1e-5)


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
        for _ in range(250)
    ]
    assert np.mean(covered) > 0.95 - 5 * (0.95 * 0.05 / 250) ** 0.5


@given(pairs=st.lists(st.tuples(VALUE, ERROR), min_size=4, max_size=6), seed=st.integers(0, 99))
def test_labels_of_trusts_change_nothing_in_a_regression(pairs, seed):
    order = np.random.default_rng(seed).permutation(len(pairs))
    x = {f"TR{at}": float(at % 3) for at in range(len(pairs))}
    renamed = {f"TR{new}": x[f"TR{old}"] for new, old in enumerate(order)}
    once = MetaRegression(tau="DL").pool(effects_of(pairs), moderators={"x": x}).coefficient("x")
    again = MetaRegression(tau="DL").pool(effects_of([pairs[at] for at in order]), moderators={"x": renamed})
    slope = again.coefficient("x")
    assert slope.estimate.value == pytest.approx(once.estimate.value, abs=1e-7)
    assert slope.permutation.value == pytest.approx(once.permutation.value)


@given(pairs=PAIRS, factor=st.sampled_from([0.01, 100.0]))
def test_a_prior_in_another_unit_is_the_same_prior(pairs, factor):
    once = HalfNormalEffects(scale=0.5).pool(effects_of(pairs))
    again = HalfNormalEffects(scale=0.5 * factor).pool(
        effects_of([(factor * y, factor * se) for y, se in pairs])
    )
    assert numbers(again) == pytest.approx(factor * numbers(once), rel=1e-6, abs=1e-8 * factor)
    assert again.probability_below == pytest.approx(once.probability_below, abs=1e-8)


@given(pairs=PAIRS)
def test_a_wider_prior_makes_no_narrower_prediction(pairs):
    frame = HalfNormalEffects(scale=0.5).pool(effects_of(pairs)).priors_frame()
    assert (frame["further_upper"] - frame["further_lower"]).is_monotonic_increasing


def test_on_noise_the_permutation_test_is_honest():
    # Every arrangement is tried, so p at or below 1 in 12 has at most that probability.
    rng = np.random.default_rng(8)
    x = {f"TR{at}": float(at) for at in range(5)}
    hits = 0
    for _ in range(100):
        errors = rng.uniform(0.1, 0.3, 5)
        values = rng.normal(0, 0.2, 5) + errors * rng.normal(size=5)
        effects = effects_of(zip(values.tolist(), errors.tolist(), strict=True))
        found = MetaRegression(tau="DL").pool(effects, moderators={"x": x})
        hits += found.coefficient("x").permutation.value <= 1 / 12 + 1e-9
    assert hits / 100 <= 1 / 12 + 3 * (1 / 12 * 11 / 12 / 100) ** 0.5
