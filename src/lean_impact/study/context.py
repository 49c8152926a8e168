"""The stages of a study that are about context and about questions asked together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lean_impact.context import (
    AgreementResult,
    CalibratedCondition,
    Curve,
    DistinguishingResult,
    RawValue,
    by_anchors,
    by_grades,
    by_national_percentiles,
    by_national_rank,
    calibrate,
    distinguish,
    rated_values,
    rater_agreement,
)
from lean_impact.context.distinguishing import Group
from lean_impact.domain import CalibrationPlan, CaseTable, hint
from lean_impact.errors import DesignError, Issue, StudyError
from lean_impact.pooled import FamilyResult, adjust_family
from lean_impact.report import EffectAnswer, RatingsAnswer
from lean_impact.study.file import Study
from lean_impact.study.inputs import StudyInputs
from lean_impact.tables import Ratings

__all__ = ["StudyContext"]

_GROUPS: dict[str, Group] = {"present": "high", "absent": "low"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyContext:
    """What a study says on context, and on questions asked together.

    Parameters
    ----------
    study : Study
        Programme and plan.
    inputs : StudyInputs
        Figures and ratings.
    seed : int
        Seed of everything random here.
    """

    study: Study
    inputs: StudyInputs
    seed: int

    def families(self, answers: tuple[EffectAnswer, ...]) -> tuple[FamilyResult, ...]:
        """Adjust the p-values of every declared family."""
        alone = {answer.question.id: answer.result.p_value for answer in answers}
        level = self.study.plan.level
        return tuple(adjust_family(plan, alone, level=level) for plan in self.study.plan.families)

    def calibrated(self) -> tuple[CalibratedCondition, ...]:
        """Calibrate every declared condition; StudyError that names each that cannot be."""
        found, issues = [], []
        for plan in self.study.plan.calibrations:
            try:
                found.append(self._calibrated(plan))
            except DesignError as error:
                key = f"plan.calibrations '{plan.id}'"
                issues.append(Issue(rule="no-calibration", key=key, message=error.message))
                issues += [Issue(rule=item.rule, key=key, message=item.message) for item in error.issues]
        if issues:
            raise StudyError(f"{self.study.path.name} calibrates what these figures cannot carry", issues)
        return tuple(found)

    def cases(self, calibrated: tuple[CalibratedCondition, ...]) -> CaseTable | None:
        """Put calibrated conditions into the case table; StudyError that names every trust at exactly 0.5."""
        table = self.study.cases
        by_plan = dict(zip((plan.id for plan in self.study.plan.calibrations), calibrated, strict=True))
        issues = []
        for condition in table.conditions if table else ():
            found = by_plan.get(self.study.calibrated.get(condition.id, ""))
            if table is None or found is None:
                continue
            try:
                top = found.top_tenth(favourable=condition.favourable)
                table = table.with_condition(
                    condition.model_copy(update={"top_tenth": top}),
                    found.cells(condition.id, trusts=table.trusts),
                )
            except DesignError as error:
                key = f"context.conditions '{condition.id}'"
                issues.append(Issue(rule="at-half", key=key, message=error.message))
        if issues:
            raise StudyError(
                f"{self.study.path.name} calibrates conditions that no truth table can use", issues
            )
        return table

    def _calibrated(self, plan: CalibrationPlan) -> CalibratedCondition:
        everyone = self._values(plan)
        codes = self.study.programme.codes
        own = {code: everyone[code] for code in codes if code in everyone}
        return calibrate(
            own,
            condition=plan.name,
            curve=_curve(plan, {code: raw.value for code, raw in everyone.items()}, codes),
            level=self.study.plan.level,
            provenance=self.inputs.panel.provenance,
        )

    def _values(self, plan: CalibrationPlan) -> dict[str, RawValue]:
        """Return the mean of each trust over the window, and how sure it is by the periods or the raters."""
        if plan.measure is None:
            return self._rated_values(plan)
        wide = self.inputs.panel.window(plan.window.start, plan.window.end).wide(plan.measure)
        found = {}
        for code in wide.columns:
            values = wide[code].dropna().to_numpy()
            if len(values):
                spread = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
                found[str(code)] = RawValue(
                    value=float(values.mean()),
                    standard_error=float(spread / np.sqrt(len(values))),
                    note=f"mean of {len(values)} periods",
                )
        return found

    def _rated_values(self, plan: CalibrationPlan) -> dict[str, RawValue]:
        """Return the mean rating of each trust, with how raters differ as its uncertainty."""
        rules, construct = self.study.plan.ratings, plan.rated or ""
        rated = [ratings for ratings in self.inputs.ratings if construct in ratings.constructs]
        if rules is None or not rated:
            known = sorted({c for ratings in self.inputs.ratings for c in ratings.constructs})
            raise DesignError(
                f"construct '{construct}' is rated in no file of [context]; {hint(construct, known, most=3)}"
            )
        inside = rated[0].window(plan.window.start, plan.window.end)
        return rated_values(inside, construct=construct, mixed=rules.mixed, scale=plan.scale)

    def ratings(self) -> tuple[RatingsAnswer, ...]:
        """Say what the ratings of context say, one answer for each file and scale."""
        return tuple(answer for ratings in self.inputs.ratings for answer in self._rated(ratings))

    def _rated(self, ratings: Ratings) -> Iterator[RatingsAnswer]:
        for scale in dict.fromkeys(ratings.frame["scale"]):
            problems: list[str] = []
            yield RatingsAnswer(
                ratings=ratings,
                scale=scale,
                agreement=self._agreement(ratings, scale, problems),
                distinguishing=self._distinguishing(ratings, scale, problems),
                problems=tuple(problems),
            )

    def _agreement(self, ratings: Ratings, scale: str, problems: list[str]) -> AgreementResult | None:
        plan = self.study.plan.ratings
        if plan is None:
            return None
        try:
            return rater_agreement(
                ratings, mixed=plan.mixed, seed=self.seed, scale=scale, level=self.study.plan.level
            )
        except DesignError as error:
            problems.append(error.message)
            return None

    def _distinguishing(
        self, ratings: Ratings, scale: str, problems: list[str]
    ) -> DistinguishingResult | None:
        plan, outcome = self.study.plan.ratings, self.study.outcome
        if plan is None or outcome is None:
            return None
        groups = {
            code: _GROUPS[item.state]
            for code, item in outcome.states.items()
            if item.state in _GROUPS and code in ratings.trusts
        }
        try:
            return distinguish(ratings, groups=groups, mixed=plan.mixed, scale=scale)
        except DesignError as error:
            problems.append("; ".join([error.message, *(issue.message for issue in error.issues)]))
            return None


def _curve(plan: CalibrationPlan, values: dict[str, float], cases: tuple[str, ...]) -> Curve:
    if plan.grades is not None:
        graded = {code: values[code] for code in plan.grades if code in values}
        return by_grades(graded, plan.grades, why=plan.why)
    if plan.method == "rank" or plan.out is None or plan.crossover is None or plan.full is None:
        return by_national_rank(values, cases=cases)
    if plan.method == "anchors":
        return by_anchors(out=plan.out, crossover=plan.crossover, full=plan.full, why=plan.why)
    return by_national_percentiles(
        values, cases=cases, out=plan.out, crossover=plan.crossover, full=plan.full
    )
