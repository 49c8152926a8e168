"""Leave one trust out: the verdict is earned, never given."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from lean_impact.contingency import synthetic_cases, synthetic_effects, validate, without_trust
from lean_impact.contingency.validation import BETTER, NO_BETTER
from lean_impact.errors import DesignError
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.readiness import ReadinessIndex


@pytest.fixture
def validation(cases, effects):
    return validate(ReadinessIndex(), cases, effects, null=NullModel(), improvement="increase", seed=1)


def _gradient(n, slope, *, noise=0.0, seed=0):
    """Trusts whose effect rises with three conditions."""
    rng = np.random.default_rng(seed)
    states = rng.integers(0, 2, (3, n))
    trusts = [f"T{i:02d}" for i in range(n)]
    cases = synthetic_cases({f"c{k}": "".join(map(str, states[k])) for k in range(3)}, trusts=trusts)
    values = slope * states.mean(axis=0) + rng.normal(0, noise, n)
    return cases, synthetic_effects(dict(zip(trusts, values.tolist(), strict=True)), standard_errors=0.02)


def test_the_five_trusts_are_predicted_no_better_than_by_the_null(validation):
    assert validation.verdict == NO_BETTER
    assert validation.p_value.smallest == 1 / 32
    assert validation.p_value.value > 0.3
    assert "no better than null" in validation.summary()
    assert "RTP" in " ".join(validation.cautions)


def test_a_left_out_trust_has_no_part_in_its_own_prediction(cases, effects, validation):
    for fold in validation.left_out:
        others = [e for e in effects if e.trust != fold.trust]
        fit = NullModel().fit(without_trust(cases, fold.trust), others, improvement="increase", seed=1)
        alone = fit.predict({c.id: cases.state(fold.trust, c.id) for c in cases.conditions})
        assert fold.null.mean == alone.mean
        assert fold.null.scales[0] == pytest.approx(np.hypot(alone.scales[0], 0.05))


def test_the_sign_flip_counts_all_patterns(validation):
    gains = validation.crps_gains
    patterns = [np.dot(signs, gains) for signs in product((1, -1), repeat=5)]
    assert validation.p_value.value == np.mean([total >= gains.sum() - 1e-12 for total in patterns])


def test_the_table_holds_what_the_properties_say(validation):
    frame = validation.to_frame()
    assert frame["trust"].tolist() == ["RF4", "RKB", "RR8", "RTP", "RXW"]
    assert frame["crps_gain"].to_numpy() == pytest.approx(validation.crps_gains)
    assert (frame["null_crps"] - frame["crps"]).to_numpy() == pytest.approx(validation.crps_gains)
    assert frame["log_gain"].mean() == pytest.approx(validation.log_gains.mean())
    assert validation.skill == pytest.approx(frame["crps_gain"].sum() / frame["null_crps"].sum())
    assert (frame["predicted_lower"] < frame["predicted"]).all()


def test_a_strong_gradient_earns_the_verdict():
    cases, effects = _gradient(8, 1.0, noise=0.05, seed=2)
    better = validate(ReadinessIndex(), cases, effects, null=NullModel(), improvement="increase", seed=1)
    assert better.verdict == BETTER
    assert better.skill > 0.3


def test_four_trusts_cannot_earn_it_and_are_told_so():
    cases, effects = _gradient(4, 1.0, seed=3)
    found = validate(ReadinessIndex(), cases, effects, null=NullModel(), improvement="increase", seed=1)
    assert found.verdict == NO_BETTER
    assert any("smallest reachable" in caution for caution in found.cautions)


def test_a_stricter_level_takes_the_verdict_away():
    cases, effects = _gradient(8, 1.0, noise=0.05, seed=2)
    found = validate(
        ReadinessIndex(), cases, effects, null=NullModel(), improvement="increase", seed=1, level=1e-4
    )
    assert found.verdict == NO_BETTER


def test_the_null_is_no_better_than_itself(cases, effects):
    found = validate(NullModel(), cases, effects, null=NullModel(), improvement="increase", seed=1)
    assert (found.mean_gain, found.p_value.value, found.verdict) == (0.0, 1.0, NO_BETTER)


def test_three_trusts_cannot_be_left_out():
    cases, effects = _gradient(3, 1.0, seed=1)
    with pytest.raises(DesignError, match="too few to leave one out"):
        validate(ReadinessIndex(), cases, effects, null=NullModel(), improvement="increase", seed=1)
