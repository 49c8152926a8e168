"""A broken plugin is a recorded fact of the run, never the end of it."""

from __future__ import annotations

import sys
import textwrap
from importlib.metadata import EntryPoint

import pytest

from lean_impact.domain import Measure
from lean_impact.errors import PluginError, UnknownNameError
from lean_impact.hooks import Plugins, PluginWarning, hookimpl


def measure(name: str) -> Measure:
    return Measure(
        id=name,
        name=name,
        kind="mean",
        improvement="decrease",
        dimension="efficiency",
        frequency="month",
        unit="days",
    )


class Sound:
    """A plugin without fault."""

    def __init__(self, *names: str) -> None:
        self.names = names

    @hookimpl
    def lean_impact_measures(self):
        for name in self.names:
            yield measure(name)


BROKEN = {
    "at_import": ("import", "raise RuntimeError('no licence key')"),
    "exits": ("import", "import sys; sys.exit(3)"),
    "syntax": ("import", "def f(:\n    pass"),
    "bad_signature": (
        "register",
        """
        from lean_impact.hooks import hookimpl
        @hookimpl
        def lean_impact_measures(config):
            return []
        """,
    ),
    "misspelt": (
        "register",
        """
        from lean_impact.hooks import hookimpl
        @hookimpl
        def lean_impact_mesures():
            return []
        """,
    ),
    "half_way": (
        "describe",
        """
        from lean_impact.hooks import hookimpl
        from lean_impact.domain import Measure
        @hookimpl
        def lean_impact_measures():
            yield Measure(id="first", name="First", kind="mean", improvement="decrease",
                          dimension="efficiency", frequency="month", unit="days")
            raise OSError("disk gone")
        """,
    ),
    "wrong_type": (
        "describe",
        """
        from lean_impact.hooks import hookimpl
        @hookimpl
        def lean_impact_measures():
            yield {"id": "first"}
        """,
    ),
    "no_iterable": (
        "describe",
        """
        from lean_impact.hooks import hookimpl
        @hookimpl
        def lean_impact_measures():
            return 7
        """,
    ),
    "invalid_record": (
        "describe",
        """
        from lean_impact.hooks import ScorerEntry, hookimpl
        @hookimpl
        def lean_impact_scorers():
            yield ScorerEntry(name="Not A Name", summary="", open=None)
        """,
    ),
}


@pytest.fixture(autouse=True)
def forget_modules():
    """Import the modules that a test writes afresh in each test."""
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if name.startswith(("broken_", "stranger_", "allowed_")):
            del sys.modules[name]


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Write the broken plugins as modules that can be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    for name, (_, source) in BROKEN.items():
        (tmp_path / f"broken_{name}.py").write_text(textwrap.dedent(source))
    return {name: EntryPoint(name=name, value=f"broken_{name}", group="lean_impact") for name in BROKEN}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_recorded_and_the_sound_one_still_serves(broken, name):
    with pytest.warns(PluginWarning, match=name):
        plugins = Plugins.load(bundled={"good": Sound("wait")}, installed=[broken[name]], environ={})
    assert set(plugins.measures()) == {"wait"}
    (failure,) = plugins.failures
    assert failure.stage == BROKEN[name][0]
    assert failure.plugin.name == name
    assert failure.error


@pytest.mark.parametrize("name", BROKEN)
def test_strict_mode_raises_and_names_the_plugin(broken, name):
    with pytest.raises(PluginError, match=name):
        Plugins.load(bundled={}, installed=[broken[name]], environ={"LEAN_IMPACT_STRICT_PLUGINS": "1"})


def test_all_broken_at_once(broken):
    with pytest.warns(PluginWarning):
        plugins = Plugins.load(bundled={"good": Sound("wait")}, installed=broken.values(), environ={})
    assert {failure.plugin.name for failure in plugins.failures} == set(BROKEN)
    assert set(plugins.measures()) == {"wait"}


@pytest.mark.parametrize(
    ("allow", "kept"),
    [(None, {"one", "two"}), ("", set()), ("one", {"one"}), (" two , nobody", {"two"})],
)
def test_the_allow_list(tmp_path, monkeypatch, allow, kept):
    monkeypatch.syspath_prepend(tmp_path)
    points = []
    for name in ("one", "two"):
        (tmp_path / f"allowed_{name}.py").write_text(
            "from lean_impact.hooks import hookimpl\n"
            "from lean_impact.domain import Measure\n"
            "@hookimpl\n"
            "def lean_impact_measures():\n"
            f"    yield Measure(id='{name}', name='x', kind='mean', improvement='decrease',\n"
            "                  dimension='staff', frequency='month', unit='days')\n"
        )
        points.append(EntryPoint(name=name, value=f"allowed_{name}", group="lean_impact"))
    environ = {} if allow is None else {"LEAN_IMPACT_PLUGINS": allow}
    plugins = Plugins.load(bundled={"good": Sound("wait")}, installed=points, environ=environ)
    assert set(plugins.measures()) == {"wait"} | kept
    assert not plugins.failures


def load_strangers(tmp_path, monkeypatch, bundled, strangers, order):
    monkeypatch.syspath_prepend(tmp_path)
    points = {}
    for name, offers in strangers.items():
        (tmp_path / f"stranger_{name}.py").write_text(
            "from lean_impact.hooks import hookimpl\n"
            "from lean_impact.domain import Measure\n"
            "@hookimpl\n"
            "def lean_impact_measures():\n"
            f"    for name in {offers!r}:\n"
            f"        yield Measure(id=name, name='by {name}', kind='mean', improvement='decrease',\n"
            "                      dimension='staff', frequency='month', unit='days')\n"
        )
        points[name] = EntryPoint(name=name, value=f"stranger_{name}", group="lean_impact")
    with pytest.warns(PluginWarning):
        return Plugins.load(bundled=bundled, installed=[points[name] for name in order], environ={})


@pytest.mark.parametrize("order", [("ash", "elm"), ("elm", "ash")])
def test_two_strangers_of_one_name_both_lose_it_whatever_the_order(tmp_path, monkeypatch, order):
    plugins = load_strangers(
        tmp_path, monkeypatch, {}, {"ash": ["same", "ash-only"], "elm": ["same", "elm-only"]}, order
    )
    assert set(plugins.measures()) == {"ash-only", "elm-only"}
    assert {failure.plugin.name for failure in plugins.failures} == {"ash", "elm"}
    for failure in plugins.failures:
        assert "ash" in failure.error
        assert "elm" in failure.error


def test_a_stranger_cannot_take_a_bundled_name(tmp_path, monkeypatch):
    plugins = load_strangers(tmp_path, monkeypatch, {"good": Sound("wait")}, {"ash": ["wait"]}, ["ash"])
    assert plugins.measures()["wait"].plugin.name == "good"
    (failure,) = plugins.failures
    assert failure.plugin.name == "ash"


def test_a_missing_name_suggests_and_says_which_plugin_failed(broken):
    with pytest.warns(PluginWarning):
        plugins = Plugins.load(bundled={}, installed=[broken["at_import"]], environ={})
    with pytest.raises(UnknownNameError, match="no licence key"):
        plugins.scorer("readiness")


def test_a_failure_in_use_is_recorded_and_input_errors_pass():
    plugins = Plugins.load(bundled={"good": Sound("wait")}, installed=[], environ={})
    (info,) = plugins.loaded

    def fail() -> int:
        raise ZeroDivisionError("oops")

    with pytest.warns(PluginWarning, match="oops"):
        assert plugins.attempt(fail, plugin=info, stage="use", what="scoring") is None
    assert plugins.failures[0].stage == "use"
    with pytest.raises(ZeroDivisionError):
        plugins.attempt(fail, plugin=info, stage="use", what="scoring", passing=(ZeroDivisionError,))
    assert plugins.attempt(lambda: 5, plugin=info, stage="use", what="scoring") == 5


def test_a_plugin_name_is_taken_once(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "stranger_twin.py").write_text("")
    point = EntryPoint(name="good", value="stranger_twin", group="lean_impact")
    with pytest.warns(PluginWarning, match="taken"):
        plugins = Plugins.load(bundled={"good": Sound("wait")}, installed=[point], environ={})
    assert set(plugins.measures()) == {"wait"}


def test_a_plugin_that_cannot_be_kept_in_a_set_fails_alone(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "stranger_unhashable.py").write_text(
        "class Plugin:\n    def __eq__(self, other):\n        return True\nplugin = Plugin()\n"
    )
    point = EntryPoint(name="odd", value="stranger_unhashable:plugin", group="lean_impact")
    with pytest.warns(PluginWarning, match="odd"):
        plugins = Plugins.load(bundled={"good": Sound("wait")}, installed=[point], environ={})
    assert plugins.failures[0].stage == "register"
    assert set(plugins.measures()) == {"wait"}
