"""The laws catch sections that break them."""

from __future__ import annotations

import random
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from lean_impact.report import Chart, Section
from lean_impact.study import run_study
from lean_impact.testing import section_checks


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    small = SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "study" / "small.py")))
    path, _ = small.write_small(tmp_path_factory.mktemp("small"), series=False)
    return run_study(path).results


def sound(results):
    names = tuple(results.names.values())
    return Section(id="sound", title=results.info.title, paragraphs=names)


def silent(results):
    return None


def page(results):
    return f"<p>{results.info.title}</p>"


def restless(results):
    return Section(id="restless", title=f"{random.random()}")  # noqa: S311 - that it is restless is the point


def test_sound_sections_break_none(results, broken):
    for builder in (sound, silent):
        assert broken(section_checks(builder, results=results)) == {}


def run_named(builder, results, law):
    checks = {check.name: check for check in section_checks(builder, results=results)}
    checks[law].run()


def test_a_page_is_no_section(results):
    with pytest.raises(AssertionError, match="builds a str"):
        run_named(page, results, "it builds a section or nothing")


def test_a_restless_section_is_caught(results):
    with pytest.raises(AssertionError, match="another page"):
        run_named(restless, results, "the same results give the same page")


def test_a_section_that_needs_optional_parts_is_caught(results):
    def needy(results):
        return Section(id="needy", title=results.answers[0].pooled.title)

    with pytest.raises(AttributeError):
        run_named(needy, results, "a study without optional parts is no failure")


def test_a_chart_that_cannot_be_drawn_is_caught(results):
    def clumsy(results):
        chart = Chart(id="c", title="c", description="Line chart.", draw=lambda _: 1 / 0)
        return Section(id="clumsy", title="c", charts=(chart,))

    with pytest.raises(ZeroDivisionError):
        run_named(clumsy, results, "the same results give the same page")
