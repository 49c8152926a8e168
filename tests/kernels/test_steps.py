from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
import ruptures
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.kernels.steps import best_steps


def squares(series, breaks):
    bounds = [0, *breaks, len(series)]
    return sum(((part := series[a:b]) - part.mean()) @ (part - part.mean()) for a, b in pairwise(bounds))


def gain_by_hand(series, n_steps, min_size):
    n = len(series)
    allowed = (
        breaks for breaks in combinations(range(1, n), n_steps) if min(np.diff([0, *breaks, n])) >= min_size
    )
    return squares(series, []) - min(squares(series, breaks) for breaks in allowed)


@given(seed=st.integers(0, 10_000), n=st.integers(9, 16), min_size=st.integers(1, 3))
def test_both_gains_equal_a_search_over_all_segmentations(seed, n, min_size):
    series = np.random.default_rng(seed).normal(size=n)
    found = best_steps(series[None, :], min_size=min_size)
    assert found.one[0] == pytest.approx(gain_by_hand(series, 1, min_size), abs=1e-9)
    at_most_two = max(gain_by_hand(series, 2, min_size), found.one[0])
    assert found.two[0] == pytest.approx(at_most_two, abs=1e-9)
    total = float((series - series.mean()) @ (series - series.mean()))
    assert (found.residuals**2).sum() == pytest.approx(total - found.two[0], abs=1e-9)


def test_without_room_for_two_steps_one_is_used():
    series = np.array([[0.0, 0.0, 0.0, 2.0, 2.0]])
    found = best_steps(series, min_size=2)
    assert found.two.tolist() == found.one.tolist()
    assert found.residuals == pytest.approx(np.zeros((1, 5)))


@pytest.mark.parametrize("seed", range(20))
def test_ruptures_adds_a_change_exactly_when_the_penalty_is_below_the_gain(seed):
    """The scale of the penalty in KernelCPD is the reduction of the sum of squares."""
    series = np.random.default_rng(seed).normal(size=60) + 2.0 * (np.arange(60) >= 20)
    found = best_steps(series[None, :], min_size=6)
    appears = max(found.one[0], found.two[0] / 2)

    def n_changes(penalty):
        search = ruptures.KernelCPD(kernel="linear", min_size=6, jump=1).fit(series[:, None])
        return len(search.predict(pen=penalty)) - 1

    assert n_changes(appears * (1 + 1e-6)) == 0
    assert n_changes(appears * (1 - 1e-6)) >= 1
