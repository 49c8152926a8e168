from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from lean_impact.changepoints import RupturesDetector
from lean_impact.domain import Summary, Window

DETECTOR = RupturesDetector(seed=11, draws=199)
COLUMNS = [
    "trust",
    "measure",
    "period",
    "level_before",
    "level_after",
    "size",
    "size_lower",
    "size_upper",
    "p_value",
    "p_smallest",
    "kind",
    "slope_change",
    "slope_lower",
    "slope_upper",
    "set_start",
    "set_end",
    "set_periods",
    "set_level",
]


@pytest.fixture
def result(step_series):
    return DETECTOR.detect(step_series)


@pytest.fixture
def stable(make_series):
    return DETECTOR.detect(make_series(0.9 + 0.01 * np.random.default_rng(3).normal(size=60)))


def test_frames_have_the_same_columns_and_types_with_and_without_changes(result, stable):
    assert list(result.to_frame().columns) == list(stable.to_frame().columns) == COLUMNS
    assert len(stable.to_frame()) == 0
    assert result.to_frame().dtypes.equals(stable.to_frame().dtypes)
    row = result.to_frame().iloc[0]
    assert row["size"] == pytest.approx(row["level_after"] - row["level_before"])
    assert row["size_lower"] < row["size"] < row["size_upper"]


@pytest.mark.parametrize(
    ("start", "end", "verdict"),
    [
        (date(2014, 8, 1), date(2015, 1, 1), "before"),
        (date(2014, 7, 1), date(2015, 1, 1), "inside"),
        (date(2014, 7, 20), date(2015, 1, 1), "inside"),
        (date(2014, 6, 1), date(2014, 8, 1), "inside"),
        (date(2014, 1, 1), date(2014, 7, 1), "after"),
    ],
)
def test_the_window_is_half_open_and_an_overlapping_month_is_inside(result, start, end, verdict):
    comparison = result.compare(Window(start=start, end=end))
    assert comparison.verdict == verdict
    assert comparison.where == (verdict,)
    assert comparison.changes(verdict) == result.changes
    assert comparison.to_frame()["where"].tolist() == [verdict]
    assert ("does not show what caused it" in comparison.summary()) == (verdict == "inside")


def test_no_change_is_the_verdict_none_and_too_short_is_not(stable, make_series):
    window = Window(start=date(2013, 1, 1), end=date(2014, 1, 1))
    assert stable.compare(window).verdict == "none"
    assert list(stable.compare(window).to_frame().columns) == [*COLUMNS, "where_probability", "where"]
    short = DETECTOR.detect(make_series(np.linspace(0.1, 0.9, 20)))
    assert short.compare(window).verdict == "too short to judge"


def test_several_changes_are_named_in_order(make_series):
    noise = np.random.default_rng(2).normal(size=120)
    found = DETECTOR.detect(make_series(0.6 * noise + np.repeat([0.0, 4.0, 0.0], 40), kind="mean"))
    comparison = found.compare(Window(start=date(2015, 1, 1), end=date(2016, 1, 1)))
    assert comparison.verdict == "inside and after"


def test_the_summary_shows_uncertainty_noise_and_cautions(result, stable):
    text = result.summary()
    assert isinstance(text, Summary)
    assert "Jul 2014: from 79.9% to 91.9%" in text
    assert "95% interval" in text
    assert "Autocorrelation within segments" in text
    assert "wanted 5.0%" in text
    assert "no change of level stands out, p = " in stable.summary()


def test_the_description_starts_with_the_kind_of_chart(result):
    assert result.description.startswith(
        "Line chart of Seen within 4 hours for RTP from Jan 2012 to Dec 2016"
    )
    assert "Jul 2014" in result.description


def test_arrays_of_the_result_are_read_only(result):
    with pytest.raises(ValueError, match="read-only"):
        result.fitted[0] = 0.0


def test_the_chart_shows_figures_levels_changes_and_window(result):
    ax = result.plot(window=Window(start=date(2015, 9, 1), end=date(2017, 1, 1)))
    labels = ax.get_legend_handles_labels()[1]
    assert labels == [
        "Adoption window",
        "Published figure",
        "Level without season",
        "Dates that fit (95%)",
        "Change found",
    ]
    assert ax.get_title(loc="left") == result.title
    assert [text.get_text() for text in ax.texts] == ["Jul 2014"]
    ax.figure.canvas.draw()
    assert any(label.get_text().endswith("%") for label in ax.get_yticklabels())


def test_the_chart_draws_on_given_axes_even_without_changes(stable):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert stable.plot(ax) is ax
    assert len(ax.texts) == 0


def test_the_chart_of_an_empty_series_is_drawn(make_series):
    ax = DETECTOR.detect(make_series([])).plot()
    ax.figure.canvas.draw()
