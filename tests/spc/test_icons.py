from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from lean_impact.spc import XmR, assurance_icon, icons, variation_icon

ALTERNATING = [10.0, 12.0] * 8
SVG = "{http://www.w3.org/2000/svg}"

VARIATIONS = {
    ("improvement", "high"): ([*ALTERNATING, 40.0], "increase"),
    ("improvement", "low"): ([*ALTERNATING, -40.0], "decrease"),
    ("concern", "high"): ([*ALTERNATING, 40.0], "decrease"),
    ("concern", "low"): ([*ALTERNATING, -40.0], "increase"),
    ("neutral", "high"): ([*ALTERNATING, 40.0], "neutral"),
    ("neutral", "low"): ([*ALTERNATING, -40.0], "neutral"),
    ("common cause", None): (ALTERNATING, "increase"),
    ("too short to judge", None): ([1.0, 2.0], "increase"),
}
ASSURANCES = {"pass": 5.0, "fail": 17.0, "hit or miss": 11.0, None: None}


def _shapes(markup):
    """Everything but the words and the hues: what is left in print."""
    root = ET.fromstring(markup)  # noqa: S314 - our own markup
    return [
        (element.tag.removeprefix(SVG), element.get("d"), element.get("stroke-dasharray"), element.text)
        for element in root
        if element.tag != f"{SVG}title"
    ]


@pytest.mark.parametrize("key", VARIATIONS, ids=str)
def test_a_variation_icon_is_an_image_named_by_its_words(make_series, key):
    values, improvement = VARIATIONS[key]
    chart = XmR().chart(make_series(values, improvement=improvement))
    assert (chart.variation, chart.variation_side) == key
    root = ET.fromstring(variation_icon(chart))  # noqa: S314 - our own markup
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == f"Variation: {chart.variation_words}"


@pytest.mark.parametrize("assurance", ASSURANCES, ids=str)
def test_an_assurance_icon_is_an_image_named_by_its_words(make_series, assurance):
    chart = XmR().chart(make_series(ALTERNATING), target=ASSURANCES[assurance])
    assert chart.assurance == assurance
    root = ET.fromstring(assurance_icon(chart))  # noqa: S314 - our own markup
    assert root.get("role") == "img"
    assert root[0].text == f"Assurance: {chart.assurance_words}"


def test_icons_differ_without_colour_and_carry_no_identifier(make_series):
    drawn = [
        variation_icon(XmR().chart(make_series(values, improvement=improvement)))
        for values, improvement in VARIATIONS.values()
    ]
    drawn += [
        assurance_icon(XmR().chart(make_series(ALTERNATING), target=target)) for target in ASSURANCES.values()
    ]
    shapes = [str(_shapes(markup)) for markup in drawn]
    # "Too short" and "no target" are both "nothing to say", a dashed circle with a dash.
    assert len(set(shapes)) == len(drawn) - 1
    assert not any(" id=" in markup for markup in drawn)


def test_words_in_an_icon_are_escaped():
    markup = icons._svg("</title><script>alert(1)</script>&\"'", "")
    assert "<script>" not in markup
    assert ET.fromstring(markup)[0].text == "</title><script>alert(1)</script>&\"'"  # noqa: S314
