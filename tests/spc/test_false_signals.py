from __future__ import annotations

import time

import numpy as np
import pytest

from lean_impact.errors import DesignError
from lean_impact.spc import NHSRPLOTTHEDOTS_0_2, expected_false_signals, false_signals

# Share of stable series with any signal, and with a special-cause icon, as found by simulation of 2,000
# series each with an independent implementation of the NHS rules.
KNOWN = {
    (12, 0.0): (0.07, 0.016),
    (12, 0.3): (0.18, 0.044),
    (24, 0.0): (0.18, 0.015),
    (24, 0.3): (0.45, 0.052),
    (36, 0.0): (0.29, 0.017),
    (36, 0.3): (0.64, 0.057),
    (60, 0.0): (0.46, 0.016),
    (60, 0.3): (0.86, 0.071),
}


@pytest.mark.parametrize(("n_points", "autocorrelation"), KNOWN)
def test_false_signals_agree_with_an_independent_simulation(n_points, autocorrelation):
    any_signal, icon = KNOWN[n_points, autocorrelation]
    found = expected_false_signals(
        1,
        n_points=n_points,
        autocorrelation=autocorrelation,
        rules=NHSRPLOTTHEDOTS_0_2,
        draws=8000,
        seed=11,
    )
    # Three standard errors of the difference of two simulations.
    assert found.any_signal == pytest.approx(any_signal, abs=3 * (0.25 * (1 / 2000 + 1 / 8000)) ** 0.5)
    assert found.special_icon == pytest.approx(icon, abs=3 * (0.06 * (1 / 2000 + 1 / 8000)) ** 0.5)


def test_the_figures_quoted_in_cautions_hold():
    independent = expected_false_signals(100, n_points=36, seed=5, draws=20_000)
    dependent = expected_false_signals(100, n_points=36, autocorrelation=0.3, seed=5, draws=20_000)
    assert independent.any_signal == pytest.approx(30, abs=1.5)
    assert dependent.any_signal == pytest.approx(66, abs=1.5)


def test_the_same_seed_gives_the_same_numbers_and_expectations_add_up():
    one = expected_false_signals(1, n_points=36, seed=5)
    again = expected_false_signals(1, n_points=36, seed=5)
    many = expected_false_signals(20, n_points=36, seed=5)
    other = expected_false_signals(1, n_points=36, seed=6)
    assert one.to_frame().equals(again.to_frame())
    assert many.any_signal == pytest.approx(20 * one.any_signal)
    assert one.any_signal != other.any_signal
    assert one.provenance.seed == 5


def test_frozen_limits_signal_more_often_the_shorter_the_baseline():
    short = expected_false_signals(1, n_points=60, baseline_points=13, seed=5)
    long = expected_false_signals(1, n_points=60, baseline_points=36, seed=5)
    assert short.any_signal > long.any_signal > 0.1
    assert "after the frozen baseline" in long.summary()


def test_signals_within_the_frozen_baseline_do_not_count():
    late = expected_false_signals(1, n_points=60, baseline_points=57, seed=5, draws=4000)
    anywhere = expected_false_signals(1, n_points=60, seed=5, draws=4000)
    assert late.any_signal < 0.15
    assert anywhere.any_signal > 0.4


def test_the_noise_is_stationary_with_the_autocorrelation_asked_for():
    noise = false_signals._noise(np.random.default_rng(2), 20_000, 6, 0.8)
    np.testing.assert_allclose(noise.var(axis=0), 1.0, atol=0.04)
    pairs = [np.corrcoef(noise[:, at], noise[:, at + 1])[0, 1] for at in range(5)]
    np.testing.assert_allclose(pairs, 0.8, atol=0.01)


def test_it_is_quick_enough_for_a_report():
    start = time.perf_counter()
    expected_false_signals(140, n_points=134, baseline_points=58, autocorrelation=0.5, seed=1)
    assert time.perf_counter() - start < 0.5


def test_numbers_out_of_range_are_all_named():
    with pytest.raises(DesignError) as caught:
        expected_false_signals(
            -1, n_points=1, baseline_points=9, autocorrelation=float("nan"), draws=0, seed=1
        )
    assert [issue.column for issue in caught.value.issues] == [
        "n_charts",
        "n_points",
        "autocorrelation",
        "draws",
        "baseline_points",
    ]


def test_the_sentence_names_rule_set_and_numbers():
    words = expected_false_signals(20, n_points=36, seed=5).summary()
    assert words.startswith("If nothing had changed, about ")
    assert "of these 20 charts" in words
    assert "rule set NHS 2023" in words


def test_autocorrelation_of_known_noise_and_without_pairs():
    rng = np.random.default_rng(7)
    noise = rng.standard_normal(20_000)
    for at in range(1, len(noise)):
        noise[at] += 0.6 * noise[at - 1]
    estimate, pairs = false_signals.lag_one_autocorrelation(noise)
    assert estimate == pytest.approx(0.6, abs=0.02)
    assert pairs == 19_999
    assert np.isnan(false_signals.lag_one_autocorrelation(np.array([1.0, np.nan, 1.0]))[0])
    assert np.isnan(false_signals.lag_one_autocorrelation(np.zeros(5))[0])
