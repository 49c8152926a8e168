from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pandas as pd
import pytest

from lean_impact.report import Chart, Column, Report, Section, Table, render_html

HOSTILE = "</script><img src=x onerror=alert(1)>"


class Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, tag):
        return [attrs for name, attrs in self.found if name == tag]


@pytest.fixture(scope="module")
def page(demonstration):
    return render_html(demonstration)


@pytest.fixture(scope="module")
def elements(page):
    return Elements(page)


def a_report(**changes):
    table = Table(id="t", caption="C", **{"frame": pd.DataFrame({"a": range(5)}), **changes})
    return Report(title="R", sections=(Section(id="s", title="S", tables=(table,)),))


def test_two_renders_are_the_same(page, demonstration):
    assert render_html(demonstration) == page


def test_ids_are_unique_and_every_link_within_the_page_arrives(elements):
    ids = [attrs["id"] for _, attrs in elements.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {attrs["href"][1:] for attrs in elements.all("a") if attrs["href"].startswith("#")}
    assert targets
    assert targets <= set(ids)
    named = [attrs["aria-labelledby"] for _, attrs in elements.found if "aria-labelledby" in attrs]
    assert {part for one in named for part in one.split()} <= set(ids)


def test_headings_start_at_one_and_never_jump(elements):
    levels = [int(tag[1]) for tag, _ in elements.found if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert 4 in levels or 3 in levels


def test_the_page_asks_nobody_for_anything(page, elements):
    assert not {"script", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in elements.found}
    for tag, attrs in elements.found:
        assert not any(name.startswith("on") for name in attrs)
        for name in ("src", "href", "srcset", "action"):
            assert (attrs.get(name) or "#").startswith(("#", "data:", "tables/")), (tag, attrs)
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(attrs for attrs in elements.all("meta") if "http-equiv" in attrs)
    assert "default-src 'none'" in policy["content"]


def test_tables_are_tables(elements):
    assert len(elements.all("caption")) == len(elements.all("table")) > 0
    assert all(attrs.get("scope") in {"row", "col"} for attrs in elements.all("th"))
    regions = [attrs for attrs in elements.all("div") if attrs.get("role") == "region"]
    assert len(regions) == len(elements.all("table"))
    assert all(attrs["tabindex"] == "0" and attrs["aria-label"] for attrs in regions)
    assert len({attrs["aria-label"] for attrs in regions}) == len(regions)


def test_a_shared_table_stands_once_and_is_pointed_to(page):
    assert page.count('id="monthly"') == 1
    assert '<a href="#monthly">table 2</a>' in page


def test_rows_beyond_the_limit_are_counted():
    page = render_html(a_report(max_rows=2))
    assert page.count('<th scope="row"') == 2
    assert "The first 2 of 5 rows; all are in the file." in page
    assert 'href="tables/t.csv"' in page
    assert "The first" not in render_html(a_report())


def test_an_empty_table_says_so():
    assert "There are no rows." in render_html(a_report(frame=pd.DataFrame({"a": []})))


def test_numbers_stand_right_and_texts_left_unless_told():
    frame = pd.DataFrame({"name": ["x"], "n": [1.0], "told": ["y"], "flag": [True]})
    page = render_html(a_report(frame=frame, columns={"told": Column(label="told", align="right")}))
    assert re.findall(r'<th scope="col"( class="right")?>(\w+)</th>', page) == [
        ("", "name"),
        (' class="right"', "n"),
        (' class="right"', "told"),
        ("", "flag"),
    ]


def test_a_column_that_is_not_shown_is_not_in_the_page():
    frame = pd.DataFrame({"a": ["in sight"], "b": ["kept away"]})
    page = render_html(a_report(frame=frame, columns={"b": Column(label="b", shown=False)}))
    assert "in sight" in page
    assert "kept away" not in page


def test_a_hostile_name_is_text_everywhere():
    def draw(ax):
        ax.plot([1], label=HOSTILE)
        ax.legend()

    chart = Chart(
        id="c",
        title=HOSTILE,
        description=HOSTILE,
        draw=draw,
        source=HOSTILE,
        table=Table(id="t", caption=HOSTILE, frame=pd.DataFrame({HOSTILE: [HOSTILE]})),
    )
    section = Section(id="s", title=HOSTILE, cautions=(HOSTILE,), charts=(chart,))
    report = Report(title=HOSTILE, sections=(section,), metadata={HOSTILE: HOSTILE})
    page = render_html(report)
    assert "<img" not in page
    assert "<script" not in page
    assert "</script" not in page
    assert page.count("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;") >= 14


def test_no_text_is_lost(page, demonstration):
    for section in demonstration.walk():
        for text in (section.title, section.question, section.answer, *section.cautions, *section.paragraphs):
            assert text in page
        for chart in section.charts:
            assert page.count(chart.description) == 2  # under the title, and in the drawing
    for text in (*demonstration.points, *demonstration.metadata.values(), *demonstration.footnotes):
        assert text in page


def test_deep_sections_stay_within_six_levels():
    section = Section(
        id="s0", title="S", charts=(Chart(id="c", title="C", description="D", draw=lambda _: None),)
    )
    for depth in range(1, 8):
        section = Section(id=f"s{depth}", title="S", sections=(section,))
    levels = [
        int(tag[1])
        for tag, _ in Elements(render_html(Report(title="R", sections=(section,)))).found
        if re.fullmatch("h[1-9]", tag)
    ]
    assert max(levels) == 6


def test_the_colours_of_text_have_enough_contrast(page):
    def luminance(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    def contrast(one, other):
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", page))
    for text in ("ink", "grey", "blue", "dark-blue"):
        for ground in ("#ffffff", colours["pale"], colours["blue-tint"], colours["caution-tint"]):
            assert contrast(colours[text], ground) >= 4.5
