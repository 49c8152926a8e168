"""Random-effects regression against metafor's Paule-Mandel numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lean_impact.kernels.effect_regression import regress_effects


@pytest.mark.shared
def test_equals_metafor(shared_data):
    seen = 0
    for record in json.loads(shared_data("reference/contingency/meta.json").read_text()):
        expected = record["expected"].get("PM.z")
        if record["kind"] != "meta.random_effects" or expected is None:
            continue
        y, v = (np.array(record["input"][key], float) for key in ("yi", "vi"))
        columns = [np.ones(len(y))]
        if record["input"].get("X") is not None:
            columns += list(np.array(record["input"]["X"], float).reshape(len(y), -1).T)
        fit = regress_effects(y, np.sqrt(v), designs=np.stack(columns, axis=-1)[None])
        # metafor stops early: its spread is off by up to 3e-5; the next test shows the exact root.
        assert fit.tau2[0] == pytest.approx(expected["tau2"], abs=5e-5), record["id"]
        assert fit.coefficients[0] == pytest.approx(np.atleast_1d(expected["beta"]), rel=1e-3), record["id"]
        errors = np.sqrt(np.diag(fit.covariance[0]))
        assert errors == pytest.approx(np.atleast_1d(expected["se"]), rel=1e-3), record["id"]
        seen += 1
    assert seen >= 4


def test_the_weighted_sum_of_squares_meets_its_degrees_of_freedom():
    y, se = np.array([0.3, -0.4, 0.9, 0.1, -0.8]), np.array([0.1, 0.2, 0.15, 0.05, 0.3])
    x = np.array([0.0, 1.0, 0.5, 0.25, 0.9])
    fit = regress_effects(y, se, designs=np.stack([np.ones(5), x], axis=-1)[None])
    residuals = y - fit.coefficients[0, 0] - fit.coefficients[0, 1] * x
    assert fit.tau2[0] > 0
    assert np.sum(residuals**2 / (se**2 + fit.tau2[0])) == pytest.approx(fit.df)


def test_effects_closer_than_their_errors_have_no_spread():
    fit = regress_effects(np.array([0.1, 0.11, 0.09]), np.full(3, 0.5), designs=np.ones((1, 3, 1)))
    assert fit.tau2[0] == 0
    assert fit.covariance[0, 0, 0] == pytest.approx(0.25 / 3)


def test_many_designs_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(3)
    y, se = rng.normal(0, 0.3, 6), rng.uniform(0.05, 0.2, 6)
    designs = np.stack([np.ones((4, 6)), rng.uniform(size=(4, 6))], axis=-1)
    together = regress_effects(y, se, designs=designs)
    for i in range(4):
        alone = regress_effects(y, se, designs=designs[i : i + 1])
        assert together.tau2[i] == pytest.approx(alone.tau2[0], rel=1e-10, abs=1e-14)
        assert together.coefficients[i] == pytest.approx(alone.coefficients[0])
