from __future__ import annotations

import numpy as np
import pytest

from lean_impact.kernels import xmr


def test_a_limit_lies_2_66_mean_moving_ranges_from_the_mean():
    centre, width, _ = xmr.limits(np.tile([0.0, 1.0], 10))
    assert centre == 0.5
    assert width == 2.66


@pytest.mark.parametrize(("jump", "kept"), [(3.7092, True), (3.7100, False)])
def test_ranges_are_screened_from_3_267_mean_ranges_on(jump, kept):
    # 19 ranges of 1 and one of r: it goes if r >= 3.267 (19 + r) / 20, that is from r = 3.7096 on.
    values = np.concatenate([np.tile([0.0, 1.0], 5), [1.0 + jump], 1.0 + jump - np.tile([1.0, 0.0], 5)])
    ranges = np.abs(np.diff(values))
    np.testing.assert_allclose(sorted(ranges), [1.0] * 19 + [jump])
    expected = (19 + jump) / 20 if kept else 1.0
    assert xmr.limits(values).width == pytest.approx(2.66 * expected, rel=1e-12)
    assert xmr.limits(values, screen=False).width == pytest.approx(2.66 * (19 + jump) / 20, rel=1e-12)


def test_screening_happens_once():
    # After the range of 40 is gone, the one of 8 stands out too, but it stays.
    values = np.concatenate([np.tile([0.0, 1.0], 10), [41.0, 40.0, 48.0, 49.0]])
    ranges = np.abs(np.diff(values))
    assert sorted(ranges)[-2:] == [8.0, 40.0]
    once = np.mean(ranges[ranges < 40])
    assert once * 3.267 < 8
    assert xmr.limits(values).width == pytest.approx(2.66 * once, rel=1e-12)


def test_a_gap_removes_both_its_ranges():
    centre, width, _ = xmr.limits(np.array([1.0, 2.0, np.nan, 10.0, 9.0]), screen=False)
    assert centre == 5.5
    assert width == pytest.approx(2.66)


def test_no_limits_without_enough_points_or_without_any_range():
    assert np.isnan(xmr.limits(np.array([1.0, 2.0])).centre)
    assert xmr.limits(np.array([1.0, 2.0]), min_points=2).width == pytest.approx(2.66)
    apart = np.array([1.0, np.nan, 2.0, np.nan, 3.0])
    assert np.isnan(xmr.limits(apart).centre)
    assert np.isnan(xmr.limits(np.full(5, np.nan)).width)


def test_only_points_of_the_basis_count():
    values = np.concatenate([np.tile([0.0, 1.0], 10), [100.0, 200.0]])
    centre, width, scale = xmr.limits(values, basis=np.arange(22) < 20)
    assert (centre, width, scale) == (0.5, 2.66, 1.0)


@pytest.mark.parametrize("n_points", [3, 10, 15, 100])
@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-9, 123456789.1, -0.7])
def test_a_flat_series_is_on_its_mean_whatever_the_rounding(value, n_points):
    values = np.full(n_points, value)
    centre, width, scale = xmr.limits(values)
    assert width == 0
    found = xmr.signals(values, xmr.Limits(centre, width, scale))
    assert not any(mark.any() for mark in found)


def _around(values, centre=0.0, width=3.0):
    values = np.asarray(values, dtype=float)
    limits = xmr.Limits(np.array(centre), np.array(width), np.array(np.nanmax(np.abs(values))))
    return limits, values


def test_a_point_on_a_limit_is_not_outside():
    limits, values = _around([3.0, 3.0 + 1e-15, 3.001, -3.0, -3.001])
    assert xmr.signals(values, limits).outside.tolist() == [0, 0, 1, 0, -1]


def test_seven_points_make_a_shift_and_a_point_on_the_mean_breaks_it():
    limits, values = _around([1.0] * 7 + [-1.0] * 6 + [0.0] + [1.0] * 6 + [0.0, 1.0])
    assert xmr.signals(values, limits).shift.tolist() == [1] * 7 + [0] * 15


def test_seven_points_make_a_trend_and_a_tie_breaks_it():
    rising = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    limits, values = _around([*rising, *rising[:6], 0.6, 0.5])
    found = xmr.signals(values, limits)
    assert found.rising.tolist() == [1] * 7 + [0] * 8
    assert not found.falling.any()


def test_a_missing_value_breaks_runs_trends_and_pairs():
    limits, values = _around([1.0, 1.1, 1.2, np.nan, 1.3, 1.4, 1.5, 1.6, 2.5, np.nan, 2.5])
    found = xmr.signals(values, limits)
    assert not any(mark.any() for mark in found)


@pytest.mark.parametrize(
    ("three", "with_outside", "without"),
    [
        ([2.5, 2.5, 1.0], [1, 1, 0], [1, 1, 0]),
        ([2.5, 1.0, 2.5], [1, 0, 1], [1, 0, 1]),
        ([2.5, -1.0, 2.5], [0, 0, 0], [0, 0, 0]),
        ([2.5, 0.0, 2.5], [0, 0, 0], [0, 0, 0]),
        ([2.0, 2.0, 2.5], [0, 0, 0], [0, 0, 0]),
        ([2.5, 3.5, 1.0], [1, 1, 0], [0, 0, 0]),
        ([-2.5, -3.5, -2.1], [-1, -1, -1], [-1, 0, -1]),
    ],
)
def test_two_in_three(three, with_outside, without):
    limits, values = _around(three)
    assert xmr.signals(values, limits).two_in_three.tolist() == with_outside
    old = xmr.signals(values, limits, near_includes_outside=False)
    assert old.two_in_three.tolist() == without


def _signals(outside, rising, falling, two_in_three, shift):
    rows = (outside, rising, falling, two_in_three, shift)
    return xmr.Signals(*(np.array(row, dtype=np.int8) for row in rows))


def test_the_label_follows_the_order_of_the_rules():
    found = _signals([1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, -1, 0, 0], [1, 1, -1, -1, 0])
    rule, side = xmr.shown(found)
    assert rule.tolist() == [1, 2, 3, 4, 0]
    assert side.tolist() == [1, 1, -1, -1, 0]


def test_at_a_turning_point_the_later_trend_counts_unless_a_side_is_preferred():
    peak = _signals([0] * 3, [1, 1, 0], [0, -1, -1], [0] * 3, [0] * 3)
    trough = _signals([0] * 3, [0, 1, 1], [-1, -1, 0], [0] * 3, [0] * 3)
    assert xmr.shown(peak)[1].tolist() == [1, -1, -1]
    assert xmr.shown(trough)[1].tolist() == [-1, 1, 1]
    assert xmr.shown(peak, prefer=1)[1].tolist() == [1, 1, -1]
    assert xmr.shown(trough, prefer=-1)[1].tolist() == [-1, -1, 1]


def test_a_preferred_side_wins_over_the_order_and_names_its_own_rule():
    found = _signals([-1, -1], [0, 0], [0, 0], [0, 0], [1, 0])
    rule, side = xmr.shown(found, prefer=1)
    assert (rule.tolist(), side.tolist()) == ([4, 1], [1, -1])


def test_choosing_labels_leaves_the_signals_alone():
    found = _signals([0] * 3, [1, 1, 0], [0, -1, -1], [0] * 3, [0] * 3)
    xmr.shown(found, prefer=1)
    assert found.rising.tolist() == [1, 1, 0]
    assert found.falling.tolist() == [0, -1, -1]
