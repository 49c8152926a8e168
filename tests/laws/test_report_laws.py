"""Whatever text comes in, it comes out as text: in the page, in the drawings, in the files."""

from __future__ import annotations

import csv
from html.parser import HTMLParser
from io import StringIO
from xml.etree.ElementTree import fromstring

import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lean_impact.report import Chart, Column, Report, SafeSvg, Section, Table, render_html
from lean_impact.report._text import clean
from lean_impact.report.files import csv_text
from lean_impact.report.svg_figure import render_svg

HOSTILE = "</script><img src=x onerror=alert(1)>"
DOT = '<svg viewBox="0 0 2 2"><circle cx="1" cy="1" r="1"/></svg>'
texts = st.text(alphabet=st.characters(codec=None), min_size=1, max_size=30).filter(lambda text: text.strip())
# A drawing starts a new line of text at each line feed, and XML turns a carriage return into one.
# It gives no entry in a legend to what starts with an underscore.
lines = texts.filter(lambda text: text.splitlines() == [text] and not text.startswith("_"))


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.structure: list[tuple[str, ...]] = []
        self.attributes: list[str] = []
        self.texts: list[str] = []
        self._fresh = True
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.structure.append((tag, *(name for name, _ in attrs)))
        self.attributes += [value or "" for _, value in attrs]
        self._fresh = True

    def handle_endtag(self, tag):
        self.structure.append((f"/{tag}",))
        self._fresh = True

    def handle_data(self, data):
        if self._fresh:
            self.texts.append("")
            self._fresh = False
        self.texts[-1] += data


def page_of(text: str) -> Page:
    table = Table(
        id="table",
        caption=text,
        frame=pd.DataFrame({"name": [text, text], "n": [1, 2], "icon": SafeSvg(svg=DOT, words=text)}),
        columns={
            "name": Column(label=text, unit=text),
            "n": Column(label="n", format=lambda _: text),
            "icon": Column(label=text),
        },
        note=text,
    )
    section = Section(
        id="section",
        title=text,
        question=text,
        answer=text,
        cautions=(text,),
        paragraphs=(text,),
        tables=(table,),
    )
    return Page(
        render_html(
            Report(
                title=text,
                subtitle=text,
                question=text,
                answer=text,
                points=(text,),
                cautions=(text,),
                sections=(section,),
                metadata={text: text},
                footnotes=(text,),
                language=text,
            )
        )
    )


PLAIN = page_of("x")


@given(texts)
@example(HOSTILE)
@example('" onload="alert(1)')
@example("{{ 7 * 7 }}{% raw %}")
@example("]]>&lt;&amp;<!--")
def test_text_never_becomes_markup(text):
    page = page_of(text)
    assert page.structure == PLAIN.structure
    wanted = clean(text)
    assert sum(wanted in one for one in page.texts) >= sum(one.strip() == "x" for one in PLAIN.texts)
    assert page.attributes[0] == wanted
    assert f"Table 1: {wanted}" in page.attributes


@given(lines)
@settings(max_examples=10)
@example(HOSTILE)
@example("$x_1$ costs $5")
def test_text_in_a_drawing_stays_text(text):
    def draw(ax):
        ax.set_xlabel(text)
        ax.plot([0, 1], label=text)
        ax.legend()

    svg = render_svg(Chart(id="c", title=text, description=text, draw=draw))
    root = fromstring(svg)  # noqa: S314 - made here
    name = "{http://www.w3.org/2000/svg}"
    wanted = clean(text)
    assert root.findtext(f"{name}title") == wanted
    assert root.findtext(f"{name}desc") == wanted
    drawn = [element.text for element in root.iter(f"{name}text")]
    assert drawn.count(wanted) == 2
    assert not {element.tag.removeprefix(name) for element in root.iter()} & {"script", "img", "style", "a"}


cells = st.one_of(
    texts,
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-(10**12), 10**12),
    st.none(),
)


@given(st.lists(cells, min_size=1, max_size=8))
@example(["a\rb", "\r", "a\nb", '"', ",", "-", "- a"])
def test_a_file_reads_back_and_runs_nothing(values):
    written = csv_text(pd.DataFrame({"id": range(len(values)), "cell": pd.Series(values, dtype=object)}))
    rows = list(csv.reader(StringIO(written, newline="")))
    assert rows[0] == ["id", "cell"]
    for value, (_, text) in zip(values, rows[1:], strict=True):
        if isinstance(value, str):
            assert text in {clean(value), f"'{clean(value)}"}
            assert not text.startswith(("=", "@", "\t", "\r"))
            assert not text.startswith(("+", "-")) or text == "-" or float(text.rstrip("%")) is not None
        elif value is None or value != value:  # noqa: PLR0124 - NaN differs from itself
            assert text == ""
        else:
            assert type(value)(text) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_the_file_exactly(value):
    text = csv_text(pd.DataFrame({"x": [value]})).splitlines()[1]
    assert float(text) == value
