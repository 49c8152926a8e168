"""How far parallel trends may fail, from the event study of a result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from lean_impact.effects import EventStudy
from lean_impact.effects._event_time import event_time
from lean_impact.effects.honest import relative_magnitudes, smoothness
from lean_impact.errors import DesignError
from lean_impact.kernels.honest_relative import relative_interval

HORIZONS = np.array([-5, -4, -3, -2, 0, 1, 2])
ESTIMATES = np.array([0.002, -0.004, 0.003, 0.0, 0.05, 0.06, 0.055])
SIGMA = 0.004**2 * (np.eye(7) + 1.0)


def study_of(**changes) -> EventStudy:
    return EventStudy(**{"horizons": HORIZONS, "estimates": ESTIMATES, "covariance": SIGMA} | changes)


@pytest.fixture
def with_study(world):
    result = world.estimate(effect=0.05, settings={"draws": 99, "calibration_groups": 50})
    return lambda **changes: replace(result, event_study=study_of(**changes))


def test_rows_are_those_of_the_kernel(with_study):
    found = relative_magnitudes(with_study(), bounds=(1.0, 0.0), blocks=(0,))
    for row, bound in zip(found.intervals, (0.0, 1.0), strict=True):
        first = np.array([1.0, 0.0, 0.0])
        kernel = relative_interval(ESTIMATES, SIGMA, n_pre=4, weights=first, m_bar=bound)
        assert (row.bound, row.lower, row.upper) == (bound, kernel.lower, kernel.upper)
    assert found.original.value == 0.05
    assert found.original.upper - 0.05 == pytest.approx(1.959964 * np.sqrt(SIGMA[4, 4]))


def test_order_of_horizons_does_not_matter(with_study):
    order = np.array([3, 0, 6, 2, 5, 1, 4])
    shuffled = with_study(
        horizons=HORIZONS[order], estimates=ESTIMATES[order], covariance=SIGMA[np.ix_(order, order)]
    )
    expected = relative_magnitudes(with_study()).to_frame()
    assert relative_magnitudes(shuffled).to_frame().equals(expected)


@pytest.mark.parametrize("analyse", [relative_magnitudes, smoothness])
def test_the_breakdown_value_is_where_zero_enters(with_study, analyse):
    found = analyse(with_study())
    assert 0 < found.breakdown < np.inf
    within, beyond = (analyse(with_study(), bounds=(found.breakdown * x,)) for x in (0.99, 1.01))
    assert within.to_frame()["excludes_zero"].tolist() == [True, True]
    assert beyond.to_frame()["excludes_zero"].tolist() == [True, False]
    assert "remains visible with" in found.conclusion


def test_words_follow_the_evidence(with_study):
    nothing = relative_magnitudes(with_study(estimates=ESTIMATES * 0.01))
    assert nothing.breakdown == 0
    assert "even without any violation" in nothing.summary()
    table = nothing.to_frame()
    assert list(table.columns) == [
        "measure",
        "restriction",
        "bound",
        "lower",
        "upper",
        "level",
        "excludes_zero",
        "connected",
        "breakdown",
    ]
    assert not table["excludes_zero"].any()
    assert "points" in nothing.description


def test_few_degrees_of_freedom_widen(with_study):
    normal, student = (relative_magnitudes(with_study(df=df)) for df in (np.inf, 8.0))
    ratio = stats.t.ppf(0.975, 8) / stats.norm.ppf(0.975)
    widths = [each.original.upper - each.original.lower for each in (student, normal)]
    assert widths[0] / widths[1] == pytest.approx(ratio)
    assert student.intervals[0].upper - student.intervals[0].lower == pytest.approx(widths[0], rel=1e-3)
    assert any("8.0 degrees of freedom" in caution for caution in student.cautions)


def test_blocks_average_periods_around_the_reference(with_study):
    monthly = np.delete(np.arange(-7, 6), 6)
    values = np.where(monthly >= 0, 10.0 + monthly, monthly + 1.0)
    result = with_study(horizons=monthly, estimates=values, covariance=np.eye(12))
    time = event_time(result, every=3)
    # Blocks -6..-4, the reference -3..-1, then 0..2 and 3..5; horizon -7 alone makes no block.
    assert time.times.tolist() == [-1, 1, 2]
    assert time.estimates == pytest.approx([-4.0 - (-1.0), 11.0 - (-1.0), 14.0 - (-1.0)])
    assert time.covariance[0, 0] == pytest.approx(3 / 9 + 2 / 9)
    assert time.covariance[0, 1] == pytest.approx(2 / 9)


def test_an_earlier_reference_leaves_anticipation_out_of_the_effect(with_study):
    horizons = np.array([-5, -4, -3, -1, 0, 1, 2])
    time = event_time(with_study(horizons=horizons))
    assert time.times.tolist() == [-3, -2, -1, 1, 2, 3, 4]
    assert time.weights(None).tolist() == pytest.approx([0.0, 1 / 3, 1 / 3, 1 / 3])


def test_marks_and_rows_of_the_chart(with_study):
    ax = relative_magnitudes(with_study(), bounds=(0.0, 10.0)).plot()
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [
        "Parallel trends",
        "Steps up to 0 × the largest before",
        "Steps up to 10 × the largest before",
    ]
    colours = [line.get_color() for line in ax.lines[:3]]
    assert colours[0] == colours[1] != colours[2]
    own = ax.figure.subplots()
    assert smoothness(with_study()).plot(own) is own


@pytest.mark.parametrize(
    ("changes", "settings", "message"),
    [
        ({}, {"bounds": (-1.0,)}, "-1.0 is not such a number"),
        ({}, {"bounds": ()}, "at least one number"),
        ({}, {"blocks": (3,)}, "block 3 is not among them"),
        ({}, {"every": 0}, "at least one period"),
        ({}, {"every": 4}, "no complete block"),
        ({"horizons": np.array([-6, -4, -3, -2, 0, 1, 2])}, {}, "horizon -5 is not estimated"),
        ({"horizons": np.arange(-4, 3)}, {}, "no horizon is left out"),
        ({"covariance": np.ones((7, 7))}, {}, "5 treated and 25 comparison trusts; average more"),
        ({"estimates": np.full(7, np.nan)}, {}, "not known"),
    ],
)
def test_bad_event_studies(with_study, changes, settings, message):
    with pytest.raises(DesignError, match=message):
        relative_magnitudes(with_study(**changes), **settings)
    with pytest.raises(DesignError, match=message):
        smoothness(with_study(**changes), **settings)


def test_no_event_study(world):
    with pytest.raises(DesignError, match="gives no effects by time"):
        relative_magnitudes(world.estimate())
