"""The charts show what the tables hold."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure


def _texts(ax):
    return [text.get_text() for panel in (ax, *ax.child_axes) for text in panel.texts]


def test_the_case_table_orders_trusts_by_effect_and_shows_every_state(result):
    ax = result.plot()
    top, grid = sorted(ax.child_axes, key=lambda panel: len(panel.lines))
    assert [label.get_text() for label in grid.get_xticklabels()] == ["RTP", "RF4", "RR8", "RKB", "RXW"]
    assert _texts(ax).count("?") == 3
    filled = [line for line in grid.lines if line.get_markerfacecolor() == "#003087"]
    hollow = [line for line in grid.lines if line.get_markerfacecolor() == "white"]
    states = [cell.state for cell in result.cases.cells]
    assert (len(filled), len(hollow)) == (states.count("present"), states.count("absent"))
    assert any("+0.143" in text for text in _texts(ax))
    # Only an interval that leaves out 0 is drawn as an improvement.
    markers = [line.get_marker() for line in top.lines if line.get_marker() not in {"None", None}]
    assert sorted(markers) == ["^", "o", "o", "o", "o"]


def test_the_validation_chart_holds_three_series(result):
    validation = result.validations[0]
    ax = validation.plot()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["Estimated effect", "Predicted by 'readiness'", "Predicted by 'null'"]
    drawn = {line.get_label(): sorted(line.get_xdata()) for line in ax.lines}
    frame = validation.to_frame()
    assert drawn["Estimated effect"] == pytest.approx(sorted(frame["effect"]))
    assert drawn["Predicted by 'readiness'"] == pytest.approx(sorted(frame["predicted"]))


def test_given_axes_are_drawn_on(result):
    ax = Figure().subplots()
    assert result.plot(ax) is ax
    other = Figure().subplots()
    assert result.validations[0].plot(other) is other


def test_descriptions_begin_with_the_kind_of_chart(result):
    assert result.description.startswith("Grid of conditions by trust")
    assert "culture-work unknown" in result.description
    assert result.validations[0].description.startswith("Interval chart")
    assert "no better than null" in result.validations[0].description
