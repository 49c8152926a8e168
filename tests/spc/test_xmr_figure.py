from __future__ import annotations

from datetime import date
from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure

from lean_impact.domain import Window
from lean_impact.spc import Baseline, Exclusion, Rebase, XmR

ALTERNATING = [10.0, 12.0] * 8


def _texts(ax):
    ax.figure.canvas.draw()
    words = [text.get_text() for text in ax.texts]
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    return [*words, *legend, ax.get_title(loc="left"), ax.get_xlabel()]


def _rendered(ax):
    target = BytesIO()
    ax.figure.savefig(target, format="svg")
    return target.getvalue()


def test_everything_on_the_chart_is_named(make_series):
    series = make_series([*ALTERNATING, 20.0, 21.0, *ALTERNATING], target=17.0)
    chart = XmR().chart(
        series,
        baseline=Baseline(freeze_before=date(2019, 5, 1)),
        rebase=[Rebase(date=date(2019, 7, 1), reason="wards merged", who="board", source="minutes")],
        exclude=[Exclusion(date=date(2018, 4, 1), reason="outage", who="analyst", source="log")],
    )
    ax = chart.plot(
        window=Window(start=date(2019, 5, 1), end=date(2019, 9, 1)),
        change_points=[date(2019, 6, 1), date(2020, 2, 1)],
    )
    words = _texts(ax)
    for expected in (
        "Seen within 4 hours: RTP",
        "XmR chart, rule set NHS 2023",
        "declared start",
        "baseline",
        "adoption window",
        "new limits: wards merged",
        "suggested change-points",
        "target 17.000",
        "mean 11.000",
        "improvement, high",
        "common cause",
        "left out",
    ):
        assert expected in words
    assert ax.figure.get_size_inches().tolist() == [9.0, 3.6]


def test_shapes_differ_as_well_as_hues(make_series):
    values = [*ALTERNATING, 30.0, -10.0]
    ax = XmR().chart(make_series(values), baseline=Baseline(freeze_before=date(2019, 5, 1))).plot()
    marked = {line.get_label(): line.get_marker() for line in ax.lines if line.get_marker() != "None"}
    assert set(marked) == {"improvement, high", "concern, low", "common cause"}
    assert len(set(marked.values())) == 3


def test_a_suggested_change_point_looks_different_from_a_declared_date(make_series):
    chart = XmR().chart(make_series(ALTERNATING), baseline=Baseline(freeze_before=date(2019, 3, 1)))
    ax = chart.plot(change_points=[date(2018, 6, 1)])
    upright = [line for line in ax.lines if len(set(np.ravel(line.get_xdata()))) == 1]
    assert sorted(str(line.get_linestyle()) for line in upright) == ["-", ":"]


def test_limits_of_a_proportion_are_cut_in_the_drawing_alone(make_series):
    series = make_series([0.95, 1.0] * 8, kind="proportion", unit="share")
    chart = XmR().chart(series)
    assert chart.upper[0] > 1
    assert any("drawing is cut" in words for words in chart.cautions)
    ax = chart.plot()
    assert max(np.nanmax(line.get_ydata()) for line in ax.lines) == 1.0
    assert any(text.startswith("upper limit 110.8%") for text in _texts(ax))
    assert max(ax.get_yticks()) <= 1


def test_phases_are_drawn_apart_and_trial_limits_named(make_series):
    rebase = Rebase(date=date(2018, 9, 1), reason="wards merged", who="board", source="minutes")
    ax = XmR().chart(make_series(ALTERNATING), rebase=[rebase]).plot()
    assert any("trial limits" in words for words in _texts(ax))
    solid = [line for line in ax.lines if len(line.get_xdata()) == 8]
    assert len(solid) == 6


def test_it_draws_on_given_axes(make_series):
    ax = Figure().add_subplot()
    assert XmR().chart(make_series(ALTERNATING)).plot(ax) is ax


@pytest.mark.parametrize(
    "values",
    [
        [1.0],
        [1.0, 2.0],
        [5.0] * 15,
        [np.nan, 1.0, np.nan, 2.0, 3.0, np.nan],
        [1e12, 2e12] * 8,
        [-1e-9, 0.0] * 7,
    ],
)
def test_thin_flat_and_extreme_series_can_be_drawn(make_series, values):
    assert b"<svg" in _rendered(XmR().chart(make_series(values), target=2.0).plot())


def test_hostile_names_are_drawn_as_they_are(make_series):
    hostile = "</script><img onerror=alert(1)> $x^$ \\frac"
    rebase = Rebase(date=date(2018, 9, 1), reason=hostile, who="$", source="$")
    chart = XmR().chart(make_series(ALTERNATING, name=hostile, unit="$_{"), rebase=[rebase])
    markup = _rendered(chart.plot())
    assert b"<img" not in markup
    assert chart.plot().get_title(loc="left").startswith(hostile)


def test_almost_five_years_have_ticks_enough(make_series):
    ax = XmR().chart(make_series(np.resize(ALTERNATING, 59))).plot()
    assert len(_rendered(ax)) > 0, "a warning of the drawing library is an error here"
