from __future__ import annotations

import numpy as np
import pytest

from lean_impact.quality._jumps import find_jumps, find_outliers, level_changes, national_movement

NAN = np.nan


def test_the_national_movement_is_the_sum_of_median_changes():
    matrix = np.array([[1.0, 2.0, 3.0], [2.0, 3.0, 3.5], [2.0, 3.0, 9.0]])
    assert national_movement(matrix, few=3).tolist() == [0.0, 1.0, 1.0]


def test_trusts_that_come_and_go_do_not_move_the_nation():
    matrix = np.array([[1.0, 1.0, NAN], [1.0, 1.0, 9.0], [NAN, 1.0, 9.0]])
    assert national_movement(matrix, few=1).tolist() == [0.0, 0.0, 0.0]


def test_with_too_few_trusts_no_movement_is_assumed():
    matrix = np.array([[1.0, 1.0], [5.0, 5.0], [5.0, NAN]])
    assert national_movement(matrix, few=2).tolist() == [0.0, 4.0, 4.0]
    assert national_movement(matrix, few=3).tolist() == [0.0, 0.0, 0.0]


def test_levels_are_medians_on_either_side_and_need_enough_figures():
    matrix = np.array([[0.0], [0.0], [9.0], [1.0], [NAN], [1.0]])
    changes = level_changes(matrix, span=3, least=2)
    assert np.isnan(changes[[0, 1, 5], 0]).all()
    assert changes[3, 0] == pytest.approx(1.0)


def test_a_step_is_told_once_and_at_its_sharpest_break():
    values = np.concatenate([np.zeros(20), [0.2, 0.8], np.ones(20)])[:, None]
    (jump,) = find_jumps(values, span=12, least=6, threshold=0.3, spread=0.0, columns=[0])
    assert (jump.column, jump.row) == (0, 21)


def test_two_steps_far_apart_are_two_jumps():
    values = np.repeat([0.0, 1.0, 0.0], 30)[:, None]
    jumps = find_jumps(values, span=12, least=6, threshold=0.3, spread=0.0, columns=[0])
    assert [(jump.row, jump.size) for jump in jumps] == [(30, 1.0), (60, -1.0)]


def test_a_step_behind_a_hole_is_placed_at_the_next_figure():
    values = np.repeat([0.0, 1.0], 20)
    values[18:22] = NAN
    (jump,) = find_jumps(values[:, None], span=12, least=6, threshold=0.3, spread=0.0, columns=[0])
    assert jump.row == 22


def test_what_is_usual_in_the_panel_is_no_jump():
    rng = np.random.default_rng(1)
    wild = np.cumsum(rng.normal(0, 0.4, (60, 30)), axis=0)
    assert find_jumps(wild, span=12, least=6, threshold=0.3, spread=0.0, columns=[0, 1, 2])
    assert not find_jumps(wild, span=12, least=6, threshold=0.3, spread=20.0, columns=[0, 1, 2])


def test_nothing_is_found_where_nothing_can_be_compared():
    assert find_jumps(np.zeros((8, 2)), span=12, least=6, threshold=0.3, spread=3, columns=[0, 1]) == []
    assert find_jumps(np.full((40, 1), NAN), span=12, least=6, threshold=0.3, spread=3, columns=[0]) == []


def test_an_outlier_is_off_on_both_sides_in_the_same_direction():
    values = np.zeros((9, 3))
    values[4, 0] = 1.0
    values[4:, 1] = 1.0
    values[4:6, 2] = NAN, 1.0
    found = find_outliers(values, threshold=0.5, columns=[0, 1, 2])
    assert [(jump.column, jump.row, jump.size) for jump in found] == [(0, 4, 1.0), (2, 5, 1.0)]


def test_the_first_and_last_period_are_never_outliers():
    values = np.array([[9.0], [0.0], [0.0], [9.0]])
    assert find_outliers(values, threshold=0.5, columns=[0]) == []
