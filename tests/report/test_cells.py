from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from lean_impact.errors import InputError
from lean_impact.report import Column, SafeSvg, formats

DOT = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><title>dot</title><circle r="1"/></svg>'


@pytest.mark.parametrize(
    ("svg", "message"),
    [
        ("<svg><script>alert(1)</script></svg>", "<script>"),
        ('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "<script>"),
        ('<svg onload="alert(1)"/>', "'onload'"),
        ('<svg><circle fill="url(https://example.org/x)"/></svg>', "'fill'"),
        ('<svg><g xmlns:x="http://www.w3.org/1999/xlink" x:href="#a"/></svg>', "'href'"),
        ("<svg><style>* {color: red}</style></svg>", "<style>"),
        ('<svg><g id="a"/></svg>', "an id"),
        ("<svg><g></svg>", "not well-formed"),
        ("<img/>", "<svg> element"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><svg><g>&a;</g></svg>', "declaration"),
        ("<svg><!-- --></svg>", "comment"),
    ],
)
def test_an_icon_that_could_do_more_than_draw_is_refused(svg, message):
    with pytest.raises(InputError, match=message):
        SafeSvg(svg=svg, words="words")


def test_an_icon_needs_words():
    with pytest.raises(InputError, match="has no words"):
        SafeSvg(svg=DOT, words=" ")


def test_an_icon_shows_both_and_hides_the_drawing_from_a_screen_reader():
    html = Column(label="Icon").html(SafeSvg(svg=DOT, words="rising & good"))
    assert DOT in html
    assert "rising &amp; good" in html
    assert html.index("aria-hidden") < html.index("<svg")


@pytest.mark.parametrize("value", [None, np.nan, pd.NaT, pd.NA, float("nan")])
def test_what_is_missing_is_said_and_never_formatted(value):
    column = Column(label="n", format=formats.number(1), missing="not submitted")
    assert column.text(value) == "not submitted"
    assert "–" in column.html(value)
    assert "not submitted" in column.html(value)
    assert "nan" not in column.html(value).lower().replace("unseen", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-3, "−3"),
        (np.int64(2015), "2015"),
        (0.5, "0.5"),
        (-0.000123456, "−0.0001235"),
        (123456.7, "123,457"),
        (float("-inf"), "−inf"),
        (True, "yes"),
        (np.False_, "no"),
        (date(2015, 8, 1), "2015-08-01"),
        (pd.Timestamp("2015-08-01"), "2015-08-01"),
        (pd.Timestamp("2015-08-01 09:30"), "2015-08-01T09:30:00"),
        (datetime(2015, 8, 1, tzinfo=UTC), "2015-08-01T00:00:00+00:00"),
        ("RF4", "RF4"),
    ],
)
def test_a_plain_column_says_what_it_holds(value, text):
    assert Column(label="x").text(value) == text


def test_a_format_may_be_a_specification():
    assert Column(label="x", format="+.1f").text(-1.25) == "−1.2"
    assert Column(label="x", format="%Y-%m").text(date(2015, 8, 1)) == "2015-08"


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (formats.number(2), 1234.567, "1,234.57"),
        (formats.number(0), -0.4, "0"),
        (formats.number(1, sign=True), 0.0, "+0.0"),
        (formats.percent(1), 0.79049, "79.0%"),
        (formats.percent(0), -0.5, "−50%"),
        (formats.points(1), 0.0194, "+1.9"),
        (formats.points(2), np.float64(-0.196), "−19.60"),
        (formats.p_value(3), 0.001, "0.001"),
        (formats.p_value(3), 0.0, "<0.001"),
        (formats.p_value(2), 1.0, "1.00"),
        (formats.month, pd.Timestamp("2020-02-01"), "Feb 2020"),
        (formats.day, date(2021, 12, 31), "31 Dec 2021"),
    ],
)
def test_formats(write, value, text):
    assert write(value) == text


def test_a_column_needs_a_label():
    with pytest.raises(InputError, match="label"):
        Column(label="")


def test_the_heading_carries_the_unit():
    assert Column(label="Change", unit="points").heading == "Change (points)"
