"""The stages of a study, each a function from figures and plan to results."""

from __future__ import annotations


from dataclasses import dataclass, field

import numpy as np

from lean_impact.changepoints import RupturesDetector, WindowComparison
from lean_impact.contingency import Contingency, ContingencyAnalysis, ContingencyModel
from lean_impact.domain import EffectQuestion, Window
from lean_impact.effects import DifferenceInDifferences, select_comparison
from lean_impact.errors import InputError
from lean_impact.hooks import Plugins
from lean_impact.pooled import RandomEffects
from lean_impact.quality import QualityReport, assess
from lean_impact.report import EffectAnswer
from lean_impact.spc import NHS_2023, NHSRPLOTTHEDOTS_0_2, Baseline, XmR, XmRChart
from lean_impact.study.file import Study
from lean_impact.study.inputs import StudyInputs

__all__ = ["Stages"]

_RULES = {"nhs_2023": NHS_2023, "nhsrplotthedots_0_2": NHSRPLOTTHEDOTS_0_2}
_FEWEST_TO_POOL = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stages:
    """Run each stage of a study on its figures.

    Parameters
    ----------
    study : Study
        Programme and plan.
    inputs : StudyInputs
        Figures.
    plugins : Plugins
        Where the contingency models are found.
    """

    study: Study
    inputs: StudyInputs
    plugins: Plugins
    _seeds: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Each stage has a seed of its own, so that adding a stage changes no other stage's numbers.
        names = ("effects", "changepoints", "contingency")
        children = np.random.SeedSequence(self.study.plan.seed).spawn(len(names))
        seeds = {name: int(child.generate_state(1)[0]) for name, child in zip(names, children, strict=True)}
        object.__setattr__(self, "_seeds", seeds)

    @property
    def seeds(self) -> dict[str, int]:
        """Seed of each stage that draws at random."""
        return dict(self._seeds)

    # ------------------------------------------------------------------ quality

    def quality(self) -> QualityReport:
        """Look at the figures of the programme's trusts before any estimate."""
        plan = self.study.plan
        measures = tuple(dict.fromkeys((plan.primary.measure, *plan.spc_measures)))
        return assess(
            self.inputs.panel,
            measures=measures,
            trusts=self.study.programme.codes,
            successions=self.inputs.successions,
            decisions=plan.decisions,
        )

    # ------------------------------------------------------------------ one series at a time

    def charts(self) -> tuple[XmRChart, ...]:
        """Draw up a control chart for each trust of the programme and each planned measure."""
        plan = self.study.plan.spc
        if plan is None:
            return ()
        estimator = XmR(rules=_RULES[plan.rules])
        panel = self.inputs.panel.restrict(trusts=self.study.programme.codes, measures=plan.measures)
        baseline = Baseline(freeze_before=plan.baseline.end, label="declared start")
        return tuple(
            estimator.chart(
                panel.window(plan.baseline.start, self._end).series(code, measure), baseline=baseline
            )
            for measure in plan.measures
            for code in self.study.programme.codes
        )

    def changes(self) -> tuple[WindowComparison, ...]:
        """Look for change-points blindly, then compare them with the adoption windows."""
        plan = self.study.plan.changepoints
        if plan is None:
            return ()
        detector = RupturesDetector(seed=self._seeds["changepoints"], false_alarm=plan.false_alarm)
        panel = self.inputs.panel.window(plan.window.start, plan.window.end)
        found = {
            (measure, code): detector.detect(panel.series(code, measure))
            for measure in plan.measures
            for code in self.study.programme.codes
        }
        windows = {code: self.study.programme.adoption_of(code).window for code in self.study.programme.codes}
        return tuple(result.compare(windows[code]) for (_, code), result in found.items())
