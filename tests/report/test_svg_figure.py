from __future__ import annotations

import re
import subprocess
import sys
from xml.etree.ElementTree import fromstring

import matplotlib as mpl
import numpy as np
import pytest

from lean_impact.errors import InputError
from lean_impact.report import Chart, small_multiples
from lean_impact.report.svg_figure import render_svg

NAME = "{http://www.w3.org/2000/svg}"


def draw(ax):
    ax.plot([1, 2, 3], marker="o", label="level")
    ax.fill_between([0, 1], 0, 1, hatch="//")
    ax.imshow(np.eye(2), extent=(0, 1, 0, 1))
    ax.legend()


def a_chart(**changes):
    return Chart(**{"id": "chart-1", "title": "T", "description": "D", "draw": draw, **changes})


def texts(svg):
    return [element.text for element in fromstring(svg).iter(f"{NAME}text")]  # noqa: S314 - made here


def test_a_drawing_names_itself_and_scales():
    root = fromstring(render_svg(a_chart()))  # noqa: S314 - made here
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "chart-1--title chart-1--desc"
    assert (root[0].tag, root[0].attrib["id"], root[0].text) == (f"{NAME}title", "chart-1--title", "T")
    assert (root[1].tag, root[1].attrib["id"], root[1].text) == (f"{NAME}desc", "chart-1--desc", "D")
    assert root.attrib["viewBox"] == "0 0 540 270"
    assert "height" not in root.attrib


def test_nothing_of_a_document_or_a_moment_is_left():
    svg = render_svg(a_chart())
    for part in ("<?xml", "<!DOCTYPE", "<metadata", "<style", "dc:date", "Matplotlib v", "DejaVu"):
        assert part not in svg


def test_every_reference_finds_its_target_within_the_drawing():
    svg = render_svg(a_chart())
    ids = re.findall(r'\bid="([^"]+)"', svg)
    references = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg)
    assert references
    assert {one or other for one, other in references} <= set(ids)
    assert len(ids) == len(set(ids))
    assert all(id_.startswith("chart-1--") for id_ in ids)
    assert 'href="data:image/png' in svg


def test_the_settings_of_the_user_change_nothing_and_stay():
    first = render_svg(a_chart())
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        assert render_svg(a_chart()) == first
        assert dict(mpl.rcParams) == before


def test_the_settings_of_the_user_stay_after_a_failure():
    def fail(ax):
        raise ZeroDivisionError

    with mpl.rc_context({"font.size": 30}):
        before = dict(mpl.rcParams)
        with pytest.raises(ZeroDivisionError):
            render_svg(a_chart(draw=fail))
        assert dict(mpl.rcParams) == before


def test_the_bytes_do_not_depend_on_the_process():
    code = (
        "from lean_impact.report import Chart; from lean_impact.report.svg_figure import render_svg;"
        "print(render_svg(Chart(id='c', title='T', description='D', draw=lambda ax: ax.plot([1, 2], 'o'))))"
    )
    elsewhere = subprocess.check_output([sys.executable, "-c", code], text=True)
    chart = Chart(id="c", title="T", description="D", draw=lambda ax: ax.plot([1, 2], "o"))
    assert elsewhere == f"{render_svg(chart)}\n"


def test_glyphs_that_the_layout_font_lacks_stay_text():
    assert "漢字" in texts(render_svg(a_chart(draw=lambda ax: ax.set_xlabel("漢字"))))


def test_a_text_that_looks_like_a_font_stays_text():
    assert "'DejaVu Sans'" in texts(render_svg(a_chart(draw=lambda ax: ax.set_xlabel("'DejaVu Sans'"))))


def test_links_are_cut():
    def link(ax):
        ax.set_xlabel("x", url="javascript:alert(1)")

    assert "javascript" not in render_svg(a_chart(draw=link))


@pytest.mark.parametrize(("low", "high", "label"), [(0.3, 4, "1"), (0.01, 1000, "0.01")])
def test_a_logarithmic_axis_has_plain_labels(low, high, label):
    def log(ax):
        ax.set_xscale("log")
        ax.set_xlim(low, high)

    found = texts(render_svg(a_chart(draw=log)))
    assert label in found
    assert not any("$" in text for text in found)


def test_small_multiples_share_their_scale_and_keep_their_labels():
    kept = []

    def one(ax, top):
        ax.plot([0, top])
        ax.set_title("replaced", loc="center")
        kept.append(ax)

    draws = {name: (lambda ax, top=top: one(ax, top)) for top, name in enumerate("ABCDE", start=1)}
    found = texts(render_svg(a_chart(draw=None, draw_figure=small_multiples(draws))))
    assert [text for text in found if text in set("ABCDE")] == list("ABCDE")
    assert "replaced" not in found
    assert len({ax.get_ylim() for ax in kept}) == 1
    assert [ax.xaxis.get_tick_params()["labelbottom"] for ax in kept] == [False, False, False, True, True]


def test_small_multiples_of_nothing_are_refused():
    with pytest.raises(InputError, match="at least one"):
        small_multiples({})


def test_the_title_stands_above_the_drawing_and_not_in_it():
    drawn = texts(render_svg(a_chart(draw=lambda ax: ax.set_title("said twice", loc="left"))))
    assert "said twice" not in drawn
