"""The same question in every declared way, and what effect could have been seen at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Any

from lean_impact.domain import (
    AnalysisPlan,
    ComparisonChoice,
    CurvePlan,
    EffectQuestion,
    MethodPlan,
    PowerPlan,
    Weighting,
    WindowChoice,
)
from lean_impact.effects import (
    AdoptionDesign,
    Comparison,
    PowerAnalysis,
    PowerStudy,
    PretrendResult,
    Specification,
    SpecificationCurve,
    TrendSensitivity,
    pretrend_test,
    relative_magnitudes,
    specification_curve,
)
from lean_impact.errors import DesignError, Issue
from lean_impact.report import EffectAnswer
from lean_impact.study.estimators import make_estimator
from lean_impact.tables import Panel

__all__ = ["Triangulated", "Triangulation"]

Compare = Callable[[EffectQuestion], Comparison]
"""Chooses the comparison trusts of a question."""

Designed = Callable[[EffectQuestion, Comparison], AdoptionDesign]
"""Says who is compared with whom, for a question and its comparison trusts."""

DECIDES = MethodPlan(id="did", label="Difference-in-differences", estimator="did")
"""The method of every question's own estimate."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Triangulated:
    """What was found; the fields are those of :class:`~lean_impact.report.StudyResults`."""

    curve: SpecificationCurve | None = None
    power: tuple[PowerAnalysis, ...] = ()
    pretrend: PretrendResult | None = None
    trends: TrendSensitivity | None = None
    unanswered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Triangulation:
    """Ask one question of a plan in every declared way.

    Parameters
    ----------
    plan : AnalysisPlan
        The plan.
    panel : Panel
        The figures.
    compare : callable
        Chooses the comparison trusts of a question.
    design : callable
        Says who is compared with whom, for a question and its comparison trusts.
    seed : int
        Root of everything random.
    """

    plan: AnalysisPlan
    panel: Panel
    compare: Compare
    design: Designed
    seed: int

    def answer(self, answers: Sequence[EffectAnswer]) -> Triangulated:
        """Answer what the plan asks; what these figures do not allow is told with its reason.

        Parameters
        ----------
        answers : sequence of EffectAnswer
            The plan's questions on effects, answered.
        """
        found = Triangulated()
        for name, ask in (
            ("curve", self._curve),
            ("power", self._powers),
            ("trends", partial(self._trends, answers)),
        ):
            try:
                found = replace(found, **ask())
            except DesignError as error:
                found = replace(found, unanswered={**found.unanswered, name: error.one_line})
        return found

    def _curve(self) -> dict[str, Any]:
        """Estimate under every combination of declared choices."""
        if self.plan.curve is None:
            return {}
        question = self._question(self.plan.curve.question)
        return {
            "curve": specification_curve(self.panel, tuple(self._specifications(question, self.plan.curve)))
        }

    def _powers(self) -> dict[str, Any]:
        """Simulate programmes on the comparison trusts."""
        plan = self.plan.power
        if plan is None:
            return {}
        question = self._question(plan.question)
        own = self.design(question, self.compare(question))
        return {"power": tuple(self._power(own, plan, n, after) for n, after in self._sizes(own, plan))}

    def _trends(self, answers: Sequence[EffectAnswer]) -> dict[str, Any]:
        """Test trends before the start, and bound what they may do after it."""
        plan = self.plan.trends
        if plan is None:
            return {}
        answer = next(answer for answer in answers if answer.question.id == plan.question)
        chosen = next(item for item in answer.methods if item.method.id == plan.method)
        if chosen.result is None:
            raise DesignError(f"'{chosen.method.label}' gave no estimate: {chosen.problem}")
        return {
            "pretrend": pretrend_test(chosen.result, every=plan.every),
            "trends": relative_magnitudes(chosen.result, bounds=plan.bounds, every=plan.every),
        }

    def _question(self, key: str) -> EffectQuestion:
        return next(question for question in self.plan.effects if question.id == key)

    # ------------------------------------------------------------------ the curve

    def _specifications(self, question: EffectQuestion, curve: CurvePlan) -> Iterator[Specification]:
        methods = [m for m in self.plan.methods if not curve.methods or m.id in curve.methods]
        windows: tuple[WindowChoice | None, ...] = (None, *curve.windows)
        comparisons: tuple[ComparisonChoice | None, ...] = (None, *curve.comparisons)
        for measure, window in product((question.measure, *curve.measures), windows):
            changes: dict[str, object] = {"measure": measure}
            if window is not None:
                changes |= {"pre": window.pre, "post": window.post}
            asked = question.model_copy(update=changes)
            chosen = self.compare(asked)
            for choice in comparisons:
                design = self._narrowed(self.design(asked, chosen), choice)
                for method, weighting in product((DECIDES, *methods), curve.weightings):
                    yield self._specification(asked, design, method, weighting, window, choice)

    def _specification(
        self,
        question: EffectQuestion,
        design: AdoptionDesign,
        method: MethodPlan,
        weighting: Weighting,
        window: WindowChoice | None,
        choice: ComparisonChoice | None,
    ) -> Specification:
        estimator = make_estimator(
            method,
            self.plan,
            seed=self.seed,
            weighting=weighting,
            # What the curve does not show: placebo dates and further tests.
            calibration_dates=0,
            draws=99,
            placebo_groups=0,
            conformal=False,
            **({"aggregation": question.aggregation} if method is DECIDES else {}),
        )
        return Specification(
            choices={
                "method": method.label,
                "outcome": self.panel.measure(question.measure).name,
                "window": "as planned" if window is None else window.label,
                "comparison": "all that nothing speaks against" if choice is None else choice.label,
                "weights": "each trust alike" if weighting == "equal" else "by size",
            },
            estimator=estimator,
            adoption=design,
        )

    def _narrowed(self, design: AdoptionDesign, choice: ComparisonChoice | None) -> AdoptionDesign:
        if choice is None:
            return design
        kept = self._similar(design) if choice.similar_size else choice.keep
        comparison = tuple(
            code
            for code in design.comparison
            if (kept is None or code in kept) and code not in choice.leave_out
        )
        return AdoptionDesign(
            measure=design.measure,
            starts=design.starts,
            comparison=comparison,
            window=design.window,
            ignore=design.ignore,
        )

    def _similar(self, design: AdoptionDesign) -> tuple[str, ...]:
        """Trusts whose mean denominator before lies within the range of the treated trusts'."""
        wide = self.panel.window(design.pre.start, design.pre.end).wide(design.measure, "denominator")
        size = wide.mean()
        own = size[list(design.treated)]
        if own.isna().any():
            issue = Issue(
                rule="no-counts", message=f"{design.measure} has no denominators to compare size by"
            )
            raise DesignError("trusts of similar size cannot be told", [issue])
        return tuple(code for code in design.comparison if own.min() <= size[code] <= own.max())

    # ------------------------------------------------------------------ power

    def _sizes(self, own: AdoptionDesign, plan: PowerPlan) -> Iterator[tuple[int, int]]:
        after = int(self._periods(own, after=True))
        yield len(own.treated), after
        yield from ((n, after) for n in plan.trusts if n != len(own.treated))
        yield from ((len(own.treated), n) for n in plan.after if n != after)

    def _periods(self, own: AdoptionDesign, *, after: bool) -> int:
        window = own.post if after else own.pre
        days = self.panel.wide(own.measure).index
        gone = [any(item.window.start <= day.date() < item.window.end for item in own.ignore) for day in days]
        inside = [window.start <= day.date() < window.end for day in days]
        return sum(here and not left for here, left in zip(inside, gone, strict=True))

    def _power(self, own: AdoptionDesign, plan: PowerPlan, n_trusts: int, after: int) -> PowerAnalysis:
        estimator = make_estimator(DECIDES, self.plan, seed=self.seed)
        study = PowerStudy(
            estimator=estimator,
            offsets=(0,) * n_trusts,
            n_pre=self._periods(own, after=False),
            n_post=after,
            power=plan.power,
            studies=plan.draws,
            seed=self.seed,
        )
        figures = self.panel.window(own.window.start, own.window.end)
        return study.simulate(figures, measure=own.measure, trusts=own.comparison, ignore=own.ignore)
