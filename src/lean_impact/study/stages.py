"""The stages of a study, each a function from figures and plan to results."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from lean_impact.changepoints import ChangePoints, WindowComparison
from lean_impact.contingency import Contingency, ContingencyAnalysis, ContingencyModel, OutcomeMove
from lean_impact.domain import (
    AnalysisPlan,
    CaseTable,
    EffectQuestion,
    Exclusion,
    MethodPlan,
    QualityPlan,
    TrustEffect,
    Window,
)
from lean_impact.effects import (
    AdoptionDesign,
    Comparison,
    DifferenceInDifferences,
    EffectResult,
    select_comparison,
)
from lean_impact.errors import DesignError, Issue, StudyError
from lean_impact.hooks import Plugins
from lean_impact.pooled import RandomEffects
from lean_impact.quality import QualityReport, assess
from lean_impact.report import ChangeSearch, EffectAnswer, MethodAnswer
from lean_impact.spc import ControlChart, Funnel, RunResult
from lean_impact.study.charting import draw_charts, draw_funnels, draw_runs
from lean_impact.study.constructs import constructs_of
from lean_impact.study.estimators import check_methods, make_estimator
from lean_impact.study.file import Study
from lean_impact.study.inputs import StudyInputs
from lean_impact.study.scorers import check_scorers, open_scorer
from lean_impact.study.series_stages import SeriesStages
from lean_impact.study.triangulation import Triangulation

__all__ = ["Stages"]

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

    @property
    def _seeds(self) -> dict[str, int]:
        return self.seeds_of(self.study.plan)

    # ------------------------------------------------------------------ quality

    def quality(self) -> QualityReport:
        """Look at the figures of the programme's trusts before any estimate."""
        plan = self.study.plan.quality or QualityPlan(measures=(self.study.plan.primary.measure,))
        return assess(
            self.inputs.panel,
            measures=plan.measures,
            trusts=self.study.programme.codes,
            successions=self.inputs.successions,
            share=plan.share,
            decisions=plan.decisions,
        )

    # ------------------------------------------------------------------ one series at a time

    def charts(self) -> tuple[ControlChart, ...]:
        """Draw up a control chart for each trust of the programme and each planned measure."""
        return draw_charts(self.study, self.inputs)

    def runs(self) -> tuple[RunResult, ...]:
        """Draw up the planned run charts of each trust of the programme."""
        return draw_runs(self.study, self.inputs)

    def funnels(self) -> tuple[Funnel, ...]:
        """Set all trusts against funnel limits, for each planned stretch of time."""
        return draw_funnels(self.study, self.inputs)

    @property
    def _dates(self) -> SeriesStages | None:
        plan = self.study.plan.changepoints
        if plan is None:
            return None
        return SeriesStages(
            plan=plan,
            programme=self.study.programme,
            panel=self.inputs.panel,
            seed=self._seeds["changepoints"],
        )

    def changes(self) -> tuple[WindowComparison, ...]:
        """Look for change-points blindly, then compare them with the adoption windows."""
        return self._dates.changes() if self._dates else ()

    def second_opinions(self) -> tuple[ChangePoints, ...]:
        """Look for them again by penalised least squares."""
        return self._dates.second_opinions() if self._dates else ()

    def searches(self, comparisons: Mapping[str, Comparison]) -> tuple[ChangeSearch, ...]:
        """Screen all trusts, and ask whether changes follow the programme.

        Parameters
        ----------
        comparisons : mapping of str to Comparison
            Comparison trusts of every effect question; a measure takes those of the first question on it.
        """
        controls: dict[str, Comparison] = {}
        for question in self.study.plan.effects:
            controls.setdefault(question.measure, comparisons[question.id])
        return self._dates.searches(controls) if self._dates else ()

    # ------------------------------------------------------------------ effects

    def comparisons(self) -> dict[str, Comparison]:
        """Choose the comparison trusts of every question; StudyError that names each question without any."""
        found: dict[str, Comparison] = {}
        issues: list[Issue] = []
        for question in self.study.plan.effects:
            try:
                found[question.id] = self._comparison(question)
            except DesignError as error:
                issues.append(
                    Issue(rule="no-comparison", key=f"plan.effects '{question.id}'", message=error.message)
                )
        if issues:
            raise StudyError(f"{self.study.path.name} asks what these figures cannot answer", issues)
        return found

    def answers(self, comparisons: Mapping[str, Comparison]) -> tuple[EffectAnswer, ...]:
        """Answer every question on effects, in the order of the plan."""
        return tuple(self._answer(question, comparisons[question.id]) for question in self.study.plan.effects)

    def _comparison(self, question: EffectQuestion) -> Comparison:
        plan = self.study.plan
        return select_comparison(
            self.inputs.panel,
            measure=question.measure,
            window=Window(start=question.pre.start, end=question.post.end),
            # A trust of the programme is never a comparison, whether or not this question asks about it.
            treated=self.study.programme.codes,
            excluded={code: group.reason for group in plan.not_comparable for code in group.codes},
            successions=self.inputs.successions,
            ignore=self._ignored(question),
        )

    def _ignored(self, question: EffectQuestion) -> tuple[Exclusion, ...]:
        return tuple(item for item in self.study.plan.exclusions if item.applies_to(question.measure))

    def _answer(self, question: EffectQuestion, comparison: Comparison) -> EffectAnswer:
        try:
            return self._estimate(question, comparison)
        except DesignError as error:
            where = f"plan.effects '{question.id}' cannot be answered"
            raise DesignError(f"{where}: {error.message}", error.issues) from error

    def _estimate(self, question: EffectQuestion, comparison: Comparison) -> EffectAnswer:
        plan = self.study.plan
        treated = question.trusts or self.study.programme.codes
        estimator = DifferenceInDifferences(
            aggregation=question.aggregation,
            level=plan.level,
            draws=plan.draws,
            calibration_groups=plan.placebo_groups,
            seed=self._seeds["effects"],
        )
        result = estimator.estimate(self.inputs.panel, self._design(question, comparison))
        pooled = None
        if len(treated) >= _FEWEST_TO_POOL:
            pooled = RandomEffects(level=plan.level).pool(
                result.effects,
                measure=result.measure,
                provenance=result.provenance,
            )
        return EffectAnswer(
            question=question,
            comparison=comparison,
            result=result,
            pooled=pooled,
            methods=tuple(self._by_method(method, result) for method in plan.methods)
            if question.asks_methods
            else (),
        )

    def _design(self, question: EffectQuestion, comparison: Comparison) -> AdoptionDesign:
        return AdoptionDesign.block(
            measure=question.measure,
            treated=question.trusts or self.study.programme.codes,
            comparison=comparison.trusts,
            pre=question.pre,
            post=question.post,
            ignore=self._ignored(question),
        )

    @property
    def triangulation(self) -> Triangulation:
        """The question of the specification curve, and that of the power simulation."""
        return Triangulation(
            plan=self.study.plan,
            panel=self.inputs.panel,
            compare=self._comparison,
            design=self._design,
            seed=self._seed_of("triangulation"),
        )

    def _by_method(self, method: MethodPlan, result: EffectResult) -> MethodAnswer:
        """Ask the same question by another method; one that these figures do not allow says why."""
        seed = self._seed_of(f"method {method.id} {result.measure.id}")
        try:
            estimator = make_estimator(method, self.study.plan, seed=seed)
            found = estimator.estimate(self.inputs.panel, result.adoption)
        except DesignError as error:
            return MethodAnswer(method=method, result=None, problem=error.one_line)
        return MethodAnswer(method=method, result=found)

    def _seed_of(self, key: str) -> int:
        """Return the seed of something random by what it is, whatever else is asked."""
        digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
        return int(np.random.SeedSequence([self._seeds["effects"], *digest]).generate_state(1)[0])

    # ------------------------------------------------------------------ conditions

    def contingency(self, answers: tuple[EffectAnswer, ...], cases: CaseTable | None) -> Contingency | None:
        """Judge the planned contingency models on the effects of one question."""
        plan = self.study.plan.contingency
        if plan is None or cases is None:
            return None
        answer = next(answer for answer in answers if answer.question.id == plan.effects)
        null = self._model(plan.null, cases, answer, null=None)
        if null is None:
            raise StudyError(f"the benchmark '{plan.null}' cannot be used: {self.plugins.failures[-1]}")
        models = [self._model(name, cases, answer, null=null) for name in plan.scorers]
        sound = tuple(model for model in models if model is not None)
        return self._judge(sound, null, cases, answer) if sound else None

    def _judge(
        self,
        models: tuple[ContingencyModel, ...],
        null: ContingencyModel,
        cases: CaseTable,
        answer: EffectAnswer,
    ) -> Contingency:
        outcome = self.study.outcome
        states = {} if outcome is None else {code: item.state for code, item in outcome.states.items()}
        measure = answer.result.measure
        points = measure.kind == "proportion"
        analysis = ContingencyAnalysis(
            models=models,
            null=null,
            seed=self._seeds["contingency"],
            unit="percentage points" if points else measure.unit,
        )
        return analysis.evaluate(
            cases,
            effects=[_scaled(effect, 100.0 if points else 1.0) for effect in answer.result.effects],
            improvement=measure.improvement,
            outcome=states or None,
            outcome_name=outcome.name if outcome else "the outcome",
            timing=self._timing(),
        )

    def _timing(self) -> tuple[OutcomeMove, ...]:
        """Tell for each trust when the outcome moved, and when the programme had surely started."""
        outcome = self.study.outcome
        if outcome is None:
            return ()
        return tuple(
            OutcomeMove(
                trust=code,
                outcome=outcome.name,
                moved=item.moved,
                could_act_from=self.study.programme.adoption_of(code).window.end,
                note=item.note,
            )
            for code, item in outcome.states.items()
            if item.moved is not None
        )

    def _model(
        self, name: str, cases: CaseTable, answer: EffectAnswer, *, null: ContingencyModel | None
    ) -> ContingencyModel | None:
        """Open a model; one that is not bundled is tried out, so that it fails alone."""
        owned = self.plugins.scorer(name)
        what = f"scorer '{name}'"
        plan = self.study.plan.contingency
        settings = plan.settings.get(name, {}) if plan else {}
        model = self.plugins.attempt(
            partial(open_scorer, owned.entry, settings), plugin=owned.plugin, stage="open", what=what
        )
        if model is None or owned.plugin.bundled:
            return model
        tried = self.plugins.attempt(
            # The benchmark has nothing to be judged against.
            partial(self._try, () if null is None else (model,), null or model, cases, answer),
            plugin=owned.plugin,
            stage="use",
            what=what,
        )
        return model if tried else None

    def _try(
        self,
        models: tuple[ContingencyModel, ...],
        null: ContingencyModel,
        cases: CaseTable,
        answer: EffectAnswer,
    ) -> bool:
        """Do with a model what the report will do with it."""
        found = self._judge(models, null, cases, answer)
        found.to_frame()
        found.findings_frame()
        found.design_frame()
        found.summary()
        return all((found.description, *(item.description for item in found.validations)))

    def check_names(self) -> dict[str, str]:
        """Find every model, method and construct that the study names; an InputError if one cannot be.

        Returns
        -------
        dict of str to str
            Each construct that a condition stands for, in words.
        """
        check_scorers(self.study.plan, self.plugins, file=self.study.path.name)
        check_methods(self.study.plan, file=self.study.path.name)
        return constructs_of(self.study.cases, self.plugins, file=self.study.path.name)

    @classmethod
    def seeds_of(cls, plan: AnalysisPlan) -> dict[str, int]:
        """Return the seed of each stage that draws at random, spawned from the plan's root seed."""
        # Each stage has a seed of its own, so that adding a stage changes no other stage's numbers.
        names = ("effects", "changepoints", "contingency")
        children = np.random.SeedSequence(plan.seed).spawn(len(names))
        return {name: int(child.generate_state(1)[0]) for name, child in zip(names, children, strict=True)}


def _scaled(effect: TrustEffect, factor: float) -> TrustEffect:
    """Express an effect in another unit."""
    given = effect.estimate
    estimate = given.model_copy(
        update={name: factor * getattr(given, name) for name in ("value", "standard_error", "lower", "upper")}
    )
    shared = factor * effect.shared_error
    return effect.model_copy(update={"estimate": estimate, "shared_error": shared})
