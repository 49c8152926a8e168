"""What a type checker tells a user of the public names; never run, checked by mypy."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import assert_type

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import lean_impact as li
from lean_impact.changepoints import ChangePoints, Detector, WindowComparison
from lean_impact.contingency import Contingency, ContingencyModel, Validation
from lean_impact.domain import Estimate, PValue, Summary
from lean_impact.effects import Comparison, EffectEstimator, EffectResult, Verdict, verdict
from lean_impact.pooled import PooledResult
from lean_impact.quality import QualityReport
from lean_impact.report import StudyResults
from lean_impact.sources import DataSource, Tidied
from lean_impact.spc import ControlChart
from lean_impact.study import StudyOutcome
from lean_impact.tables import Series


def studies(path: Path) -> None:
    study = li.load_study(path)
    assert_type(study, li.Study)
    assert_type(study.plan, li.AnalysisPlan)
    assert_type(study.plan.primary.trusts, tuple[str, ...] | None)
    outcome = li.run_study(study, out=path)
    assert_type(outcome, StudyOutcome)
    assert_type(outcome.results, StudyResults)
    assert_type(outcome.folder, Path | None)
    assert_type(outcome.results.contingency, Contingency | None)
    assert_type(li.render_html(outcome.report), str)
    li.run_study("nhs-vmi", on_progress=print)
    li.run_study(7)  # type: ignore[arg-type]
    li.run_study("nhs-vmi", "out")  # type: ignore[call-arg]


def tables(path: Path, measure: li.Measure) -> None:
    panel = li.Panel.read_csv(path, measures=[measure])
    assert_type(panel, li.Panel)
    assert_type(panel.frame, pd.DataFrame)
    assert_type(panel.trusts, tuple[str, ...])
    assert_type(panel.window(date(2015, 1, 1), date(2016, 1, 1)), li.Panel)
    assert_type(panel.series("RTP", measure.id), Series)
    panel.wide(measure.id, "rate")  # type: ignore[arg-type]


def effects(panel: li.Panel, before: li.Window, after: li.Window) -> None:
    estimator = li.DifferenceInDifferences(seed=1)
    also: EffectEstimator = estimator
    comparison = li.select_comparison(panel, measure="beds", window=before, treated=["RTP"])
    assert_type(comparison, Comparison)
    adoption = li.AdoptionDesign.block(
        measure="beds", treated=["RTP"], comparison=comparison.trusts, pre=before, post=after
    )
    result = also.estimate(panel, adoption)
    assert_type(result, EffectResult)
    assert_type(result.pooled, Estimate)
    assert_type(result.p_value, PValue)
    assert_type(result.effects, tuple[li.TrustEffect, ...])
    assert_type(verdict(result), Verdict)
    assert_type(result.summary(), Summary)
    assert_type(result.plot(), Axes)
    li.DifferenceInDifferences(aggregation="median")  # type: ignore[arg-type]
    pooled = li.RandomEffects().pool(
        result.effects,
        n_comparison=result.n_comparison,
        measure=result.measure,
        provenance=result.provenance,
    )
    assert_type(pooled, PooledResult)


def series(one: Series, window: li.Window) -> None:
    detector: Detector = li.RupturesDetector(seed=1)
    assert_type(detector.detect(one), ChangePoints)
    assert_type(detector.detect(one).compare(window), WindowComparison)
    assert_type(li.XmR().chart(one), ControlChart)
    assert_type(one.values, np.ndarray)


def conditions(
    panel: li.Panel, cases: li.CaseTable, model: ContingencyModel, effects_: list[li.TrustEffect]
) -> None:
    analysis = li.ContingencyAnalysis(models=(model,), null=model, seed=1)
    found = analysis.evaluate(cases, effects=effects_, improvement="increase")
    assert_type(found, Contingency)
    assert_type(found.validations, tuple[Validation, ...])
    analysis.evaluate(cases, effects=effects_, improvement="better")  # type: ignore[arg-type]
    assert_type(li.assess(panel, measures=["beds"], trusts=["RTP"]), QualityReport)


def sources(source: DataSource, folder: Path) -> None:
    assert_type(li.read_source(source, folder=folder), Tidied)
