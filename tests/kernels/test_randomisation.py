"""Assignments and their ranks."""

from __future__ import annotations

import time
from math import comb

import numpy as np
import pytest

from lean_impact.kernels.collapsed import welch_contrast
from lean_impact.kernels.randomisation import draw_groups, monte_carlo_error, rank_p


def test_enumerates_every_group_once():
    groups = draw_groups(9, 4, draws=10, rng=np.random.default_rng(0))
    assert groups.exact
    assert len({tuple(row) for row in groups.members.tolist()}) == comb(9, 4) == len(groups.members)


def test_draws_when_there_are_too_many():
    groups = draw_groups(60, 5, draws=5000, rng=np.random.default_rng(0))
    assert not groups.exact
    assert groups.members.shape == (5000, 5)
    ordered = np.sort(groups.members, axis=1)
    assert (np.diff(ordered, axis=1) > 0).all()
    # Each unit is drawn with probability 5/60; 5 binomial standard deviations around 416.7 of 5000.
    counts = np.bincount(groups.members.ravel(), minlength=60)
    assert np.abs(counts - 5000 * 5 / 60).max() < 5 * np.sqrt(5000 * (5 / 60) * (55 / 60))


def test_same_seed_same_groups():
    once, again = (draw_groups(90, 5, draws=300, rng=np.random.default_rng(7)).members for _ in range(2))
    other = draw_groups(90, 5, draws=300, rng=np.random.default_rng(8)).members
    assert (once == again).all()
    assert (once != other).any()


def test_enumerated_p_is_a_share_that_includes_the_observed():
    assert rank_p(5.0, np.array([5.0, 1.0, -2.0, 3.0]), exact=True).p == 0.25
    assert rank_p(-1.0, np.array([5.0, -1.0, -2.0, 3.0]), exact=True).p == 1.0


def test_sampled_p_is_never_zero():
    rank = rank_p(99.0, np.zeros(199), exact=False)
    assert rank.p == rank.smallest == pytest.approx(1 / 200)


def test_rounding_does_not_break_ties():
    assert rank_p(0.1 + 0.2, np.array([0.3, 0.0]), exact=True).p == 0.5


def test_infinite_statistics_rank_highest():
    assert rank_p(np.inf, np.array([np.inf, 1.0, -np.inf, 2.0]), exact=True).p == 0.5


def test_monte_carlo_error_shrinks_with_the_root_of_draws():
    assert monte_carlo_error(0.05, 100) == pytest.approx(10 * monte_carlo_error(0.05, 10_000))


def test_a_thousand_draws_over_150_trusts_take_well_under_a_tenth_of_a_second():
    values = np.random.default_rng(0).normal(size=(150, 120))
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        changes = values[:, 90:].mean(axis=1) - values[:, :90].mean(axis=1)
        members = draw_groups(150, 5, draws=1000, rng=np.random.default_rng(1)).members
        welch_contrast(changes, members)
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.1
