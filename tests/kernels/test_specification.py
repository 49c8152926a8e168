"""Arithmetic of a specification curve."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from lean_impact.kernels.specification import curve_order, influence, summarise_curve

FULL = np.array(list(product(range(3), range(2), range(2))))


def test_balanced_shares_are_the_sums_of_squares():
    estimates = np.random.default_rng(1).standard_normal(12)
    found = influence(FULL, estimates)
    for k in range(3):
        between = sum(
            (FULL[:, k] == option).sum() * (estimates[FULL[:, k] == option].mean() - estimates.mean()) ** 2
            for option in range(FULL[:, k].max() + 1)
        )
        assert found.shares[k] == pytest.approx(between / ((estimates - estimates.mean()) ** 2).sum())
        assert found.shifts[k] == pytest.approx(found.means[k] - estimates.mean())


def test_unbalanced_shifts_hold_the_other_choices_equal():
    kept = FULL[[0, 1, 2, 5, 6, 8, 11]]
    estimates = 5.0 + np.array([0.0, 1.0, 4.0])[kept[:, 0]] + 2.0 * kept[:, 1] - 0.5 * kept[:, 2]
    found = influence(kept, estimates)
    assert np.diff(found.shifts[0]) == pytest.approx([1.0, 3.0])
    assert np.diff(found.shifts[1]) == pytest.approx([2.0])
    assert np.diff(found.shifts[2]) == pytest.approx([-0.5])
    assert found.shares.sum() == pytest.approx(1.0)
    assert abs(np.diff(found.means[2])[0] + 0.5) > 0.05


def test_choices_that_always_go_together_cannot_be_told_apart():
    together = np.array([[0, 0, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1]])
    found = influence(together, np.array([1.0, 2.0, 5.0, 6.0]))
    assert found.separate.tolist() == [False, False, True]
    assert np.isnan(found.shifts[0]).all()
    assert found.shifts[2] == pytest.approx([-0.5, 0.5])
    assert found.shares[0] == pytest.approx(found.shares[1])


def test_one_option_and_no_spread():
    found = influence(np.array([[0, 0], [0, 1]]), np.array([2.0, 2.0]))
    assert found.shifts[0].tolist() == [0.0]
    assert found.shares.tolist() == [0.0, 0.0]


def test_summary():
    found = summarise_curve(
        np.array([1.0, 3.0, -2.0, 2.0]),
        np.array([-np.inf, 1.0, -3.0, 0.0]),
        np.array([np.inf, 5.0, -1.0, 4.0]),
    )
    assert found == (1.5, -2.0, 3.0, 0.25, 0.25, 0.75)
    assert curve_order(np.array([1.0, 3.0, -2.0, 2.0])).tolist() == [2, 0, 3, 1]


def test_bad_input():
    with pytest.raises(ValueError, match="at least one estimate"):
        curve_order(np.array([]))
    with pytest.raises(ValueError, match="at least one estimate"):
        influence(FULL, np.full(12, np.nan))
    with pytest.raises(ValueError, match="both ends"):
        summarise_curve(np.ones(2), np.array([np.nan, 0.0]), np.ones(2))
    with pytest.raises(ValueError, match="whole numbers"):
        influence(FULL.astype(float), np.ones(12))
    with pytest.raises(ValueError, match=r"dimension 1 .*every code"):
        influence(np.array([[0, 1], [1, 2]]), np.ones(2))
    with pytest.raises(ValueError, match="more than 12"):
        influence(np.zeros((2, 13), dtype=int), np.ones(2))
