"""Columns of the segmented design."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.kernels.segmented import Interruption, Season, require_estimable, segmented_design


def column(name, time=None, **settings):
    design = segmented_design(np.arange(12) if time is None else time, **settings)
    return design.matrix[:, design.column(name)].tolist()


def test_step_and_ramp_start_at_the_first_period_with_the_programme():
    assert column("level change", interruptions=[Interruption(at=9)]) == [0] * 9 + [1, 1, 1]
    assert column("slope change", interruptions=[Interruption(at=9)]) == [0] * 9 + [0, 1, 2]


def test_a_delayed_impact_starts_later():
    late = [Interruption(at=7, delay=3)]
    assert column("level change", interruptions=late) == [0] * 10 + [1, 1]
    assert column("slope change", interruptions=late) == [0] * 11 + [1]


def test_a_phased_in_level_grows_to_its_full_size():
    gradual = [Interruption(at=4, phase_in=4, slope=False)]
    assert column("level change", interruptions=gradual) == [0] * 4 + [0.25, 0.5, 0.75] + [1] * 5


def test_left_out_periods_keep_their_place_in_time():
    calendar = np.array([0, 1, 2, 6, 7])
    assert column("trend", calendar, interruptions=[Interruption(at=3)]) == [0, 1, 2, 6, 7]
    assert column("slope change", calendar, interruptions=[Interruption(at=3)]) == [0, 0, 0, 3, 4]


def test_several_interruptions_have_numbered_columns_in_order_of_time():
    design = segmented_design(
        np.arange(12), interruptions=[Interruption(at=8, slope=False), Interruption(at=4)]
    )
    assert design.names == ("intercept", "trend", "level change 1", "slope change 1", "level change 2")
    assert design.matrix[:, 4].tolist() == [0] * 8 + [1] * 4
    assert design.impact.tolist() == [False, False, True, True, True]
    assert design.without_impact[:, 2:].any() == False  # noqa: E712 - numpy's bool
    assert (design.without_impact[:, :2] == design.matrix[:, :2]).all()


def test_season_by_dummies_repeats_each_year():
    design = segmented_design(np.arange(24), interruptions=[Interruption(at=12)], season=Season(length=12))
    assert design.seasonal.sum() == 11
    assert design.names[-1] == "season 12"
    assert np.flatnonzero(design.matrix[:, -1]).tolist() == [11, 23]


def test_season_by_waves_repeats_each_year():
    design = segmented_design(
        np.arange(24), interruptions=[Interruption(at=10)], season=Season(length=12, pairs=6)
    )
    assert design.seasonal.sum() == 11  # the sixth wave has a cosine only
    seasonal = design.matrix[:, design.seasonal]
    assert seasonal[:12] == pytest.approx(seasonal[12:], abs=1e-12)
    assert np.linalg.matrix_rank(design.matrix) == len(design.names)


def test_a_trend_over_whole_years_is_a_step_and_a_season():
    design = segmented_design(np.arange(24), interruptions=[Interruption(at=12)], season=Season(length=12))
    with pytest.raises(ValueError, match=r"cannot be told apart from the columns before: season 12$"):
        require_estimable(design.matrix, design.names)


def test_quarters_have_three_dummies():
    design = segmented_design(np.arange(12), interruptions=[Interruption(at=6)], season=Season(length=4))
    assert design.seasonal.sum() == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Interruption(at=1, level=False, slope=False), "level change, a slope change"),
        (lambda: Interruption(at=1, delay=-1), "delay must be at least 0"),
        (lambda: Interruption(at=1, phase_in=0), "phase_in at least 1"),
        (lambda: Season(length=1), "at least 2 periods"),
        (lambda: Season(length=4, pairs=3), "between 1 and 2"),
        (lambda: segmented_design(np.array([2, 1]), interruptions=[]), "ascending"),
        (lambda: segmented_design(np.array([], int), interruptions=[]), "ascending"),
        (
            lambda: segmented_design(
                np.arange(9), interruptions=[Interruption(at=3, delay=1), Interruption(at=4)]
            ),
            "same period",
        ),
    ],
)
def test_what_has_no_meaning_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_aliased_columns_are_named():
    design = segmented_design(
        np.arange(12), interruptions=[Interruption(at=11), Interruption(at=20)], season=Season(length=4)
    )
    with pytest.raises(ValueError, match=r"slope change 1, level change 2, slope change 2$"):
        require_estimable(design.matrix, design.names)


def test_too_few_periods_are_said():
    design = segmented_design(np.arange(4), interruptions=[Interruption(at=2)])
    with pytest.raises(ValueError, match="4 periods are too few for 4 columns: intercept, trend"):
        require_estimable(design.matrix, design.names)


def test_a_late_start_of_time_is_no_alias():
    design = segmented_design(np.arange(24_000, 24_120), interruptions=[Interruption(at=24_060)])
    require_estimable(design.matrix, design.names)
