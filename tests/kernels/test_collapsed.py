"""Contrasts of collapsed data against textbook formulas written the slow way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lean_impact.kernels.collapsed import (
    contrast,
    one_more_draw,
    placebo_differences,
    placebo_margin,
    placebo_p,
    single_contrast,
    t_margin,
    t_p_value,
    t_statistic,
    welch_contrast,
)


def _values(seed: int, n: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(4, n) + 90.0


@pytest.mark.parametrize("size", [4, 5, 15, 28])
def test_welch_equals_scipy(size):
    values = _values(size)
    found = welch_contrast(values, np.arange(size)[None, :])
    expected = stats.ttest_ind(values[:size], values[size:], equal_var=False)
    t = t_statistic(found.difference, found.standard_error)
    assert found.df[0] == pytest.approx(expected.df, rel=1e-9)
    assert t[0] == pytest.approx(expected.statistic, rel=1e-9)
    assert t_p_value(t, found.df)[0] == pytest.approx(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize("size", [2, 3])
def test_two_or_three_members_have_no_more_freedom_than_their_own(size):
    values = _values(size)
    found = welch_contrast(values, np.arange(size)[None, :])
    expected = stats.ttest_ind(values[:size], values[size:], equal_var=False)
    t = t_statistic(found.difference, found.standard_error)
    assert t[0] == pytest.approx(expected.statistic, rel=1e-9)
    assert found.df[0] == size - 1 <= expected.df


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_the_t_test_keeps_its_size_with_few_treated_whatever_their_variance(size, scale):
    values = np.random.default_rng(size).standard_normal((4000, 60))
    values[:, :size] *= scale
    own = np.arange(size)[None, :]
    found = [welch_contrast(row, own) for row in values]
    p = np.array([t_p_value(t_statistic(f.difference, f.standard_error), f.df)[0] for f in found])
    # Three standard deviations of 4,000 panels are one point.
    assert (p < 0.05).mean() < 0.075


def test_welch_is_the_hc2_variance_of_the_two_group_regression():
    values, size = _values(3), 6
    design = np.column_stack([np.ones(30), np.arange(30) < size])
    bread = np.linalg.inv(design.T @ design)
    leverage = np.einsum("ij,jk,ik->i", design, bread, design)
    residual = values - design @ (bread @ design.T @ values)
    meat = (design * (residual**2 / (1 - leverage))[:, None]).T @ design
    hc2 = np.sqrt((bread @ meat @ bread)[1, 1])
    assert welch_contrast(values, np.arange(size)[None, :]).standard_error[0] == pytest.approx(hc2, rel=1e-10)


def test_each_row_of_groups_is_its_own_contrast():
    values = _values(4)
    groups = np.array([[0, 1, 2], [5, 9, 29], [27, 28, 29]])
    together = welch_contrast(values, groups)
    for row, group in enumerate(groups):
        alone = welch_contrast(values, group[None, :])
        assert [float(part[row]) for part in together] == pytest.approx([float(part[0]) for part in alone])


def test_weights_count_within_the_group_alone():
    values, weights = np.array([1.0, 3.0, 4.0, 6.0, 9.0]), np.array([3.0, 1.0, 50.0, 60.0, 70.0])
    found = welch_contrast(values, np.array([[0, 1]]), weights=weights)
    assert found.difference[0] == pytest.approx((0.75 * 1 + 0.25 * 3) - 19 / 3)
    variance = 2.0 * (0.75**2 + 0.25**2) + np.var([4, 6, 9], ddof=1) / 3
    assert found.standard_error[0] == pytest.approx(variance**0.5)


def test_a_single_unit_is_compared_as_one_more_draw():
    values = _values(5)
    found = single_contrast(values, np.array([7]))
    rest = np.delete(values, 7)
    draw = one_more_draw(rest)
    assert found.difference[0] == pytest.approx(values[7] - draw.mean)
    assert found.standard_error[0] == pytest.approx(draw.standard_error)
    assert found.df[0] == draw.df == len(rest) - 1
    assert contrast(values, np.array([[7]])).difference[0] == found.difference[0]


def test_large_offsets_lose_no_digits():
    values = _values(6)
    groups = np.array([[0, 1, 2]])
    near, far = welch_contrast(values, groups), welch_contrast(values + 1e7, groups)
    assert far.standard_error[0] == pytest.approx(near.standard_error[0], rel=1e-7)


def test_a_variance_needs_two_on_either_side():
    with pytest.raises(ValueError, match="two units on either side"):
        welch_contrast(np.array([1.0, 2.0, 3.0]), np.array([[0, 1]]))


def test_placebo_differences_leave_the_unit_out():
    values = _values(7, 8)
    slow = [values[i] - np.delete(values, i).mean() for i in range(8)]
    assert placebo_differences(values) == pytest.approx(slow)


def test_placebo_rank_counts_ties_as_large():
    assert placebo_p(2.0, np.array([2.0, -2.0, 1.0])) == pytest.approx(3 / 4)
    assert placebo_p(9.0, np.array([2.0, -2.0, 1.0])) == pytest.approx(1 / 4)


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_the_placebo_interval_is_what_the_rank_test_does_not_reject(level):
    placebos = placebo_differences(_values(8, 45))
    margin = placebo_margin(placebos, level=level)
    assert placebo_p(margin, placebos) > 1 - level or np.isclose(placebo_p(margin, placebos), 1 - level)
    assert placebo_p(margin * 1.0001, placebos) <= 1 - level + 1e-12


def test_too_few_placebos_cannot_bound_an_effect():
    assert placebo_margin(placebo_differences(_values(9, 18)), level=0.95) == np.inf
    assert np.isfinite(placebo_margin(placebo_differences(_values(9, 19)), level=0.95))


def test_t_margin_is_the_textbook_quantile():
    assert t_margin(2.0, 7.5, level=0.9) == pytest.approx(2 * stats.t.ppf(0.95, 7.5))
