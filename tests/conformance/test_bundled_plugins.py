"""Bundled plugins pass what a stranger's must pass."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

import pytest

from lean_impact.changepoints import RupturesDetector, Segmentation, StepTest
from lean_impact.effects import DifferenceInDifferences
from lean_impact.hooks import Plugins
from lean_impact.study import default_plugins
from lean_impact.study.plugins import BUNDLED, import_module
from lean_impact.testing import (
    Check,
    detector_checks,
    estimator_checks,
    parametrize_checks,
    scorer_checks,
    section_checks,
    source_checks,
)

AE = run_path(str(Path(__file__).parents[1] / "plugins" / "nhs" / "conftest.py"))
PLUGINS = Plugins.load(
    bundled={name: import_module(module) for name, module in BUNDLED.items()}, installed=[]
)


def of_each(checks_of) -> list[Check]:
    """Put the name of the subject before the name of each of its checks."""
    return [
        Check(name=f"{name}: {check.name}", run=check.run)
        for name, checks in checks_of.items()
        for check in checks
    ]


def ae_files():
    """Two months as CSV, two as workbooks, one of them revised."""
    return (
        AE["csv_file"](name="June-2018.csv"),
        AE["csv_file"](name="July-2018.csv", period="MSitAE-JULY-2018"),
        AE["xlsx_file"](name="June-2015.xlsx"),
        AE["xlsx_file"](name="March-2018.xlsx", layout=2018, period="March 2018"),
    )


FILES = {"nhs-ae-monthly": ae_files()}
SOURCES = {
    name: source_checks(owned.entry.open(), files=FILES[name], measures=owned.entry.measures)
    for name, owned in PLUGINS.sources().items()
}


@parametrize_checks(of_each(SOURCES))
def test_sources(check):
    check.run()


@parametrize_checks(
    of_each({name: scorer_checks(owned.entry.open()) for name, owned in PLUGINS.scorers().items()})
)
def test_scorers(check):
    check.run()


DETECTORS = {
    "ruptures": RupturesDetector(seed=1),
    "step": StepTest(draws=2000),
    "segmentation": Segmentation(draws=2000),
}


@parametrize_checks(of_each({name: detector_checks(detector) for name, detector in DETECTORS.items()}))
def test_detectors(check):
    check.run()


ESTIMATORS = {
    "pooled": DifferenceInDifferences(seed=1, draws=499, calibration_groups=100),
    "mean": DifferenceInDifferences(seed=1, draws=499, calibration_groups=100, aggregation="mean"),
    "weighted": DifferenceInDifferences(seed=1, draws=499, calibration_groups=100, weighting="denominator"),
}
WEIGHTED = "weighted: without noise the truth is found"


@parametrize_checks(
    of_each({name: estimator_checks(estimator) for name, estimator in ESTIMATORS.items()}),
    expected_failures={WEIGHTED: "effects differ between trusts, and large trusts count for more"},
)
def test_the_estimator(check):
    check.run()


@pytest.mark.parametrize("name", PLUGINS.sections())
def test_sections(name, small_results):
    for check in section_checks(PLUGINS.sections()[name].entry.open(), results=small_results):
        check.run()


def test_everything_that_is_bundled_was_checked():
    assert set(FILES) == set(PLUGINS.sources())
    assert set(PLUGINS.scorers()) >= {"null", "readiness"}
    assert len(PLUGINS.sections()) >= 9
    assert PLUGINS.failures == ()


def test_each_entry_says_what_it_is_and_opens_twice_alike():
    plugins = default_plugins()
    for kind in (plugins.sources, plugins.scorers, plugins.sections):
        for name, owned in kind().items():
            assert owned.entry.name == name
            assert owned.entry.summary.strip()
            one, two = owned.entry.open(), owned.entry.open()
            assert type(one) is type(two)
