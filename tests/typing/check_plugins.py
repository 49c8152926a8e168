"""What a type checker tells the author of a plugin; never run, checked by mypy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_type

from lean_impact import Measure, Plugins, hookimpl
from lean_impact.contingency import ContingencyModel
from lean_impact.hooks import Owned, ScorerEntry, SectionBuilder, SectionEntry, SourceEntry
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.nhs.ae_monthly import MonthlyAE
from lean_impact.report import Section, StudyResults
from lean_impact.sources import DataSource, SourceFile
from lean_impact.testing import (
    Check,
    SyntheticDesign,
    SyntheticPanel,
    detector_checks,
    estimator_checks,
    scorer_checks,
    section_checks,
    source_checks,
    synthetic_panel,
)


def build(results: StudyResults) -> Section | None:
    return Section(id="mine", title=results.info.title)


@hookimpl
def lean_impact_sections() -> Iterator[SectionEntry]:
    yield SectionEntry(name="mine", summary="My own", order=150, open=lambda: build)


@hookimpl
def lean_impact_scorers() -> Iterator[ScorerEntry]:
    yield ScorerEntry(name="mine", summary="My own", open=NullModel)
    yield ScorerEntry(name="mine", summary="My own", open=MonthlyAE)  # type: ignore[arg-type]


def checks(results: StudyResults, files: Sequence[SourceFile], measures: Sequence[Measure]) -> None:
    model: ContingencyModel = NullModel()
    source: DataSource = MonthlyAE()
    builder: SectionBuilder = build
    assert_type(scorer_checks(model), Iterator[Check])
    assert_type(source_checks(source, files=files, measures=measures), Iterator[Check])
    assert_type(section_checks(builder, results=results), Iterator[Check])
    detector_checks(model)  # type: ignore[arg-type]
    estimator_checks(source)  # type: ignore[arg-type]
    for check in scorer_checks(model):
        assert_type(check.name, str)


def panels() -> None:
    known = synthetic_panel(SyntheticDesign(effect=0.05), seed=1)
    assert_type(known, SyntheticPanel)
    assert_type(known.effects, Mapping[str, float])
    synthetic_panel()  # type: ignore[call-arg]
    SyntheticDesign(kind="count")  # type: ignore[arg-type]


def names(plugins: Plugins) -> None:
    assert_type(plugins.sources(), dict[str, Owned[SourceEntry]])
    assert_type(plugins.scorer("null").entry.open(), ContingencyModel)
