"""A broken plugin never stops a run: what it fails at stands in the report, the manifest and the results."""

from __future__ import annotations

import json
import textwrap
from html import unescape
from importlib.metadata import EntryPoint

import pytest

from lean_impact.errors import PluginError, StudyError, UnknownNameError
from lean_impact.hooks import Plugins, PluginWarning
from lean_impact.study import describe_plugins, plugins, run_study, tidy_folder

HEAD = """
from pathlib import Path
from lean_impact.hooks import ScorerEntry, SectionEntry, SourceEntry, hookimpl
from lean_impact.report import Chart, Section, Table
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.readiness import ReadinessIndex
import pandas as pd
"""

SECTION = """
@hookimpl
def lean_impact_sections():
    yield SectionEntry(name="{name}", summary="A stranger's section", order=150, open=lambda: build)
def build(results):
    {body}
"""

SCORER = """
@hookimpl
def lean_impact_scorers():
    yield ScorerEntry(name="strange", summary="A stranger's model", open={open})
class Strange(ReadinessIndex):
    name = "{name}"
    def fit(self, cases, effects, *, improvement, seed):
        {body}
"""

SOURCE = """
@hookimpl
def lean_impact_sources():
    yield SourceEntry(name="strange-files", summary="A stranger's files", publisher="nobody", licence="none",
                      cadence="month", measures=(), open={open})
class Strange:
    suffixes = (".csv",)
    expects = "files"
    def locate(self, window):
        return ()
    def tidy(self, files):
        {body}
"""


def section(body, name="strange"):
    return SECTION.format(name=name, body=textwrap.dedent(body).strip().replace("\n", "\n    "))


def scorer(body="pass", *, opened="Strange", name="strange"):
    return SCORER.format(open=opened, body=body, name=name)


def source(body="pass", *, opened="Strange"):
    return SOURCE.format(open=opened, body=body)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Install modules as plugins beside the bundled ones."""
    monkeypatch.syspath_prepend(tmp_path)
    count = iter(range(100))

    def install(*codes: str, environ=None) -> Plugins:
        points = []
        for code in codes:
            name = f"stranger{next(count)}_{tmp_path.name}".replace("-", "_")
            (tmp_path / f"{name}.py").write_text(HEAD + textwrap.dedent(code))
            points.append(EntryPoint(name=name, value=name, group="lean_impact"))
        bundled = {name: __import__(module, fromlist=["_"]) for name, module in plugins.BUNDLED.items()}
        return Plugins.load(bundled=bundled, installed=points, environ=environ or {})

    return install


BROKEN_SECTIONS = {
    "raises": ("raise ZeroDivisionError('no data')", "no data"),
    "exits": ("raise SystemExit(3)", "SystemExit"),
    "wrong-type": ("return '<p>hello</p>'", "and not a Section"),
    "draws-badly": (
        """
        chart = Chart(id="c", title="c", description="Line chart.", draw=lambda ax: 1 / 0)
        return Section(id="strange", title="S", charts=(chart,))
        """,
        "ZeroDivisionError",
    ),
    "takes-an-id": ("return Section(id='conditions', title='Mine')", "conditions"),
    "takes-the-records-id": (
        """
        table = Table(id="plugin-failures", caption="c", frame=pd.DataFrame({"a": [1]}))
        return Section(id="mine", title="M", tables=(table,))
        """,
        "plugin-failures",
    ),
    "speaks-not-at-all": (
        """
        class Mute(Exception):
            def __str__(self):
                raise RuntimeError("no words")
        raise Mute
        """,
        "its message cannot be read",
    ),
    "speaks-no-utf8": ("raise OSError('caf\\udce9')", "caf?"),
}


@pytest.mark.parametrize("kind", BROKEN_SECTIONS)
def test_a_broken_section_is_left_out_and_told(kind, load, quick_file, tmp_path):
    body, words = BROKEN_SECTIONS[kind]
    loaded = load(section(body))
    with pytest.warns(PluginWarning):
        outcome = run_study(quick_file, out=tmp_path / "out", plugins=loaded)
    (failure,) = outcome.results.failures
    assert words in failure
    assert "section 'strange'" in failure
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["plugin_failures"] == [failure]
    page = unescape((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert failure in page
    assert "1 plugin failure" in " ".join(outcome.report.cautions)
    assert failure in (tmp_path / "out" / "tables" / "plugin-failures.csv").read_text(encoding="utf-8")
    whole = {"effects", "conditions", "record"}
    assert whole <= {part.id for part in outcome.report.sections}


def test_a_sound_section_of_a_stranger_stands_in_its_place(load, quick_file, tmp_path):
    body = (
        "return Section(id='strange', title='Strange', tables=(Table(id='strange-table', caption='c',"
        " frame=pd.DataFrame({'n': [len(results.answers)]})),))"
    )
    outcome = run_study(quick_file, out=tmp_path / "out", plugins=load(section(body)))
    assert outcome.results.failures == ()
    assert [part.id for part in outcome.report.sections][1] == "strange"
    assert (tmp_path / "out" / "tables" / "strange-table.csv").read_text() == "n\n2\n"
    assert "no" in outcome.results.plugins["bundled"].tolist()


def test_two_sections_that_take_one_id_cost_only_the_second(load, quick_file):
    one = section("return Section(id='mine', title='One')", name="aa-one")
    two = section("return Section(id='mine', title='Two')", name="bb-two")
    for codes in ((one, two), (two, one)):
        loaded = load(*codes)
        with pytest.warns(PluginWarning, match="mine"):
            outcome = run_study(quick_file, plugins=loaded)
        assert [part.title for part in outcome.report.sections if part.id == "mine"] == ["One"]


BROKEN_SCORERS = {
    "open-raises": (scorer(opened="lambda: 1 / 0"), "failed at open"),
    "open-gives-nothing": (scorer(opened="lambda: None"), "failed at open"),
    "open-gives-something-else": (scorer(opened="lambda: 'model'"), "failed at open"),
    "goes-by-anothers-name": (scorer(name="readiness"), "failed at open"),
    "fit-raises": (scorer("raise MemoryError('too much')"), "too much"),
    "fit-gives-nothing": (scorer("return None"), "failed at use"),
    "predicts-nonsense": (
        scorer(
            "return __import__('types').SimpleNamespace(predict=lambda states: 0.5, findings=(), cautions=())"
        ),
        "failed at use",
    ),
}


@pytest.mark.parametrize("kind", BROKEN_SCORERS)
def test_a_broken_scorer_is_left_out_and_told(kind, load, quick_file, small):
    code, words = BROKEN_SCORERS[kind]
    small.edit(quick_file, ('scorers = ["readiness"]', 'scorers = ["strange", "readiness"]'))
    loaded = load(code)
    with pytest.warns(PluginWarning):
        outcome = run_study(quick_file, plugins=loaded)
    (failure,) = outcome.results.failures
    assert words in failure
    assert "scorer 'strange'" in failure
    told = next(table for table in outcome.report.tables() if table.id == "plugin-failures")
    assert told.frame["failure"].tolist() == [failure]
    assert [item.model for item in outcome.results.contingency.validations] == ["readiness"]


def test_a_broken_scorer_changes_no_number_of_the_sound_one(load, quick_file, small, small_run):
    small.edit(quick_file, ('scorers = ["readiness"]', 'scorers = ["strange", "readiness"]'))
    loaded = load(scorer("raise MemoryError('too much')"))
    with pytest.warns(PluginWarning):
        results = run_study(quick_file, plugins=loaded).results
    mine, whole = (found.contingency.validations[0] for found in (results, small_run.outcome.results))
    assert mine.to_frame().equals(whole.to_frame())


def test_no_model_left_is_no_end_of_the_run(load, quick_file, small):
    small.edit(quick_file, ('scorers = ["readiness"]', 'scorers = ["strange"]'))
    loaded = load(scorer("raise MemoryError('too much')"))
    with pytest.warns(PluginWarning):
        outcome = run_study(quick_file, plugins=loaded)
    assert outcome.results.contingency is None
    assert "conditions" not in {part.id for part in outcome.report.sections}


def test_a_stranger_may_be_judged_and_may_be_the_benchmark(load, quick_file, small):
    small.edit(quick_file, ('scorers = ["readiness"]', 'null = "mean"\nscorers = ["strange"]'))
    null = """
        @hookimpl
        def lean_impact_scorers():
            yield ScorerEntry(name="mean", summary="A stranger's benchmark", open=Mean)
        class Mean(NullModel):
            name = "mean"
    """
    sound = scorer("return super().fit(cases, effects, improvement=improvement, seed=seed)")
    outcome = run_study(quick_file, plugins=load(sound, null))
    assert outcome.results.failures == ()
    (validation,) = outcome.results.contingency.validations
    assert (validation.model, validation.null) == ("strange", "mean")


@pytest.mark.parametrize("opened", ["lambda: None", "lambda: 1 / 0"])
def test_a_broken_benchmark_ends_the_run_with_its_name(load, quick_file, small, opened):
    small.edit(quick_file, ('scorers = ["readiness"]', 'null = "strange"\nscorers = ["readiness"]'))
    loaded = load(scorer(opened=opened))
    with pytest.warns(PluginWarning), pytest.raises(StudyError, match="benchmark 'strange'"):
        run_study(quick_file, plugins=loaded)


BROKEN_SOURCES = {
    "open-raises": source(opened="lambda: 1 / 0"),
    "open-gives-nothing": source(opened="lambda: None"),
    "tidy-raises": source("raise IndexError('row 7')"),
    "tidy-gives-nothing": source("return None"),
    "tidy-gives-a-frame": source("return pd.DataFrame()"),
}


@pytest.mark.parametrize("kind", BROKEN_SOURCES)
def test_figures_of_a_broken_source_cannot_be_done_without(kind, load, quick_file, small, tmp_path):
    small.edit(quick_file, ('file = "figures.csv"', 'source = "strange-files"\nfolder = "."'))
    for use in (
        lambda loaded: run_study(quick_file, out=tmp_path / "out", plugins=loaded),
        lambda loaded: tidy_folder("strange-files", quick_file.parent, out=tmp_path / "out", plugins=loaded),
    ):
        loaded = load(BROKEN_SOURCES[kind])
        with pytest.warns(PluginWarning), pytest.raises(StudyError, match="source 'strange-files'"):
            use(loaded)
        assert not (tmp_path / "out").exists()


def test_a_broken_source_that_the_study_does_not_use_is_only_told(load, quick_file):
    loaded = load(source(opened="lambda: 1 / 0"))
    assert run_study(quick_file, plugins=loaded).results.failures == ()


@pytest.mark.filterwarnings("ignore::lean_impact.hooks.PluginWarning")
def test_a_plugin_that_does_not_even_load_is_told_in_the_report(load, quick_file, tmp_path):
    loaded = load("raise ImportError('no licence')", "@hookimpl\ndef lean_impact_sectoins(): pass")
    outcome = run_study(quick_file, out=tmp_path / "out", plugins=loaded)
    said = " ".join(outcome.results.failures)
    assert "no licence" in said
    assert "sectoins" in said
    assert "no licence" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "FAILED" in describe_plugins(loaded)


@pytest.mark.filterwarnings("ignore::lean_impact.hooks.PluginWarning")
def test_a_name_that_its_broken_plugin_would_have_brought(load, quick_file, small):
    small.edit(quick_file, ('scorers = ["readiness"]', 'scorers = ["strange"]'))
    loaded = load("raise ImportError('no licence')")
    with pytest.raises(UnknownNameError, match="no licence"):
        run_study(quick_file, plugins=loaded)


@pytest.mark.parametrize(
    "code", [section("raise ZeroDivisionError('no data')"), scorer("raise ZeroDivisionError('no data')")]
)
def test_strict_mode_raises_and_leaves_nothing(code, load, quick_file, small, tmp_path):
    small.edit(
        quick_file,
        (
            'scorers = ["readiness"]',
            'scorers = ["strange"]' if "scorers" in code else 'scorers = ["readiness"]',
        ),
    )
    loaded = load(code, environ={"LEAN_IMPACT_STRICT_PLUGINS": "1"})
    with pytest.raises(PluginError, match="no data"):
        run_study(quick_file, out=tmp_path / "out", plugins=loaded)
    assert not (tmp_path / "out").exists()
