"""Permutation p-values and ranks against counting by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from lean_impact.kernels.permutation import assignments, sign_flip_p_value
from lean_impact.kernels.ranks import rank_shares


def test_sign_flips_count_every_pattern():
    gains = np.array([0.3, -0.1, 0.7, 0.2])
    patterns = [np.array(s) @ gains for s in product((1, -1), repeat=4)]
    expected = np.mean([total >= gains.sum() - 1e-12 for total in patterns])
    found = sign_flip_p_value(gains, seed=1)
    assert (found.value, found.smallest, found.draws) == (expected, 1 / 16, None)


def test_no_gain_at_all_gives_one():
    assert sign_flip_p_value(np.zeros(5), seed=1).value == 1.0


def test_many_units_are_sampled_and_the_sample_is_reported():
    found = sign_flip_p_value(np.ones(20), seed=1)
    assert found.draws == 9_999
    assert found.value == found.smallest == pytest.approx(1e-4)


def test_assignments_are_all_distinct_or_drawn_with_the_truth_first():
    orders, exact = assignments(4, seed=1)
    assert exact
    assert len({tuple(order) for order in orders}) == 24
    drawn, exact = assignments(9, seed=1, draws=50)
    assert not exact
    assert drawn.shape == (51, 9)
    assert drawn[0].tolist() == list(range(9))
    assert (np.sort(drawn, axis=1) == np.arange(9)).all()


def test_rank_shares_are_doubly_stochastic():
    values = np.random.default_rng(1).integers(0, 3, (40, 5)).astype(float)
    shares = rank_shares(values)
    assert shares.sum(axis=0) == pytest.approx(np.ones(5))
    assert shares.sum(axis=1) == pytest.approx(np.ones(5))
