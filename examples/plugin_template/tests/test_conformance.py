"""The library's own laws on everything that has behaviour, each law a test."""

from __future__ import annotations

from lean_impact.testing import Check, parametrize_checks, scorer_checks, section_checks, source_checks

from demo import made_up_files, outcome
from lean_impact_example import BEFORE_NOON, Neighbours, WardFlow, volume_section


@parametrize_checks(source_checks(WardFlow(), files=made_up_files(), measures=[BEFORE_NOON]))
def test_source(check: Check) -> None:
    check.run()


@parametrize_checks(scorer_checks(Neighbours()))
def test_scorer(check: Check) -> None:
    check.run()


@parametrize_checks(section_checks(volume_section, results=outcome().results))
def test_section(check: Check) -> None:
    check.run()
