from __future__ import annotations

import math
from datetime import date

import pytest

from lean_impact.sources import classify, shown, text_of


@pytest.mark.parametrize(
    ("cell", "number"), [(0, 0), (-1.5, -1.5), ("12", 12), (" 954.43 ", 954.43), ("-3", -3), ("+3", 3)]
)
def test_numbers(cell, number):
    assert classify(cell) == ("number", number)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("", "blank"),
        (None, "blank"),
        ("\xa0 ", "blank"),
        ("-", "dash"),
        (" – ", "dash"),
        ("N/A", "not-available"),
        ("n/a", "not-available"),
        ("1,204", "text"),
        ("1e5", "text"),
        ("12.", "text"),
        ("nan", "text"),
        ("inf", "text"),
        ("1_000", "text"),
        ("٣", "text"),
        ("#DIV/0!", "text"),
        ("*", "text"),
        (math.nan, "text"),
        (math.inf, "text"),
        (True, "text"),
        (date(2015, 6, 1), "text"),
    ],
)
def test_everything_else_has_no_number(cell, kind):
    found, number = classify(cell)
    assert found == kind
    assert math.isnan(number)


def test_text_has_single_blanks_and_a_message_is_short():
    assert text_of(" 11th  August\xa02016\n") == "11th August 2016"
    assert len(shown("x" * 1000)) == 43
