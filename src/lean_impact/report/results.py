"""Everything that a study found, for the sections of the report to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lean_impact.changepoints import ChangePoints, DateAgreement, GoLiveResult, Screening, WindowComparison
from lean_impact.context import AgreementResult, CalibratedCondition, DistinguishingResult
from lean_impact.contingency import Contingency
from lean_impact.domain import (
    AnalysisPlan,
    CaseTable,
    CrispOutcome,
    EffectQuestion,
    Measure,
    MethodPlan,
    Programme,
    StudyInfo,
    Succession,
)
from lean_impact.effects import (
    Comparison,
    EffectResult,
    PowerAnalysis,
    PretrendResult,
    SpecificationCurve,
    TrendSensitivity,
)
from lean_impact.errors import Issue
from lean_impact.kernels.multiplicity import holm
from lean_impact.pooled import FamilyResult, PooledResult
from lean_impact.quality import QualityReport
from lean_impact.spc import ControlChart, Funnel, RunResult
from lean_impact.tables import Panel, Ratings

__all__ = ["ChangeSearch", "EffectAnswer", "MethodAnswer", "RatingsAnswer", "StudyResults"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MethodAnswer:
    """One question answered by one further method.

    Attributes
    ----------
    method : MethodPlan
        The method, as planned.
    result : EffectResult or None
        The estimate; None if these figures do not allow the method.
    problem : str
        Why they do not; empty if they do.
    """

    method: MethodPlan
    result: EffectResult | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectAnswer:
    """One effect question with everything that answers it.

    Attributes
    ----------
    question : EffectQuestion
        The question, as planned.
    comparison : Comparison
        Which trusts it is compared with, and why not the others.
    result : EffectResult
        The estimate.
    pooled : PooledResult or None
        Random effects over trusts; None for a question about fewer than two trusts.
    methods : tuple of MethodAnswer
        The same question by every further method of the plan; empty unless it is primary or secondary.
    """

    question: EffectQuestion
    comparison: Comparison
    result: EffectResult
    pooled: PooledResult | None
    methods: tuple[MethodAnswer, ...] = ()

    @property
    def by_method(self) -> dict[str, EffectResult]:
        """Every estimate of this question by the name of its method, the one that decides first."""
        others = {item.method.label: item.result for item in self.methods if item.result is not None}
        return {"Difference-in-differences (decides)": self.result, **others}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChangeSearch:
    """What the dates of all trusts together say about one measure.

    Attributes
    ----------
    measure : Measure
        What is measured.
    screening : Screening
        One change in each trust, with the number of findings expected to be false.
    agreement : DateAgreement or None
        Months at which many trusts change together; None if no series is long enough.
    go_live : GoLiveResult or None
        Whether changes follow the programme; None if no site's series is long enough.
    """

    measure: Measure
    screening: Screening
    agreement: DateAgreement | None
    go_live: GoLiveResult | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RatingsAnswer:
    """Ratings of context with what they say, one scale of one file.

    Attributes
    ----------
    ratings : Ratings
        The ratings.
    scale : str
        In which respect.
    agreement : AgreementResult or None
        How far raters agree; None if nothing was rated twice.
    distinguishing : DistinguishingResult or None
        What sets trusts apart by the study's outcome; None without an outcome, or with trusts on one side only.
    problems : tuple of str
        Why one of them cannot be had.
    """

    ratings: Ratings
    scale: str
    agreement: AgreementResult | None
    distinguishing: DistinguishingResult | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyResults:
    """Everything that a study found.

    Attributes
    ----------
    info : StudyInfo
        Title and question.
    programme : Programme
        Trusts, adoption windows, events.
    plan : AnalysisPlan
        Every choice, made beforehand.
    panel : Panel
        The figures.
    names : mapping of str to str
        Name of each trust by code.
    blocks : DataFrame
        Origin and quality of each block of figures; empty if the study gives none.
    successions : tuple of Succession
        Mergers and splits.
    data_issues : tuple of Issue
        What was noticed while the figures were read.
    quality : QualityReport
        Findings on the figures.
    charts : tuple of ControlChart
        Control charts of the programme's trusts.
    changes : tuple of WindowComparison
        Change-points of the programme's trusts, against their adoption windows.
    answers : tuple of EffectAnswer
        In the order of the plan.
    cases : CaseTable or None
        Which trust showed which condition.
    constructs : mapping of str to str
        Constructs of frameworks that conditions stand for, in words, by ``framework:construct``.
    outcome : CrispOutcome or None
        A yes-or-no outcome beside the effects.
    contingency : Contingency or None
        Models of conditions, judged.
    curve : SpecificationCurve or None
        One question under every combination of declared choices.
    power : tuple of PowerAnalysis
        What effect could have been seen, for each number of trusts and periods that was asked for.
    pretrend : PretrendResult or None
        Test of parallel trends before the start, with what it could have missed.
    trends : TrendSensitivity or None
        How far trends may part before the answer changes.
    unanswered : mapping of str to str
        What of curve, power and trends the plan asks and these figures do not allow, with the reason.
    families : tuple of FamilyResult
        Declared families of questions, with p-values that allow for each other.
    calibrated : tuple of CalibratedCondition
        Conditions made of measures.
    ratings : tuple of RatingsAnswer
        Ratings of context and what they say.
    plugins : DataFrame
        Plugins that were loaded: name, package, version, bundled, sha256.
    failures : tuple of str
        Plugins that failed, and how.
    runs : tuple of RunResult
        Run charts of the programme's trusts, where the plan asks for them.
    funnels : tuple of Funnel
        All trusts in one stretch of time, in the order of the plan.
    second_opinions : tuple of ChangePoints
        Change-points by penalised least squares, for comparison.
    searches : tuple of ChangeSearch
        What the dates of all trusts together say, one for each measure searched.
    """

    info: StudyInfo
    programme: Programme
    plan: AnalysisPlan
    panel: Panel
    names: Mapping[str, str]
    blocks: pd.DataFrame
    successions: tuple[Succession, ...]
    data_issues: tuple[Issue, ...]
    quality: QualityReport
    charts: tuple[ControlChart, ...]
    changes: tuple[WindowComparison, ...]
    answers: tuple[EffectAnswer, ...]
    cases: CaseTable | None
    constructs: Mapping[str, str]
    outcome: CrispOutcome | None
    contingency: Contingency | None
    plugins: pd.DataFrame
    curve: SpecificationCurve | None = None
    power: tuple[PowerAnalysis, ...] = ()
    pretrend: PretrendResult | None = None
    trends: TrendSensitivity | None = None
    unanswered: Mapping[str, str] = field(default_factory=dict)
    families: tuple[FamilyResult, ...] = ()
    calibrated: tuple[CalibratedCondition, ...] = ()
    ratings: tuple[RatingsAnswer, ...] = ()
    failures: tuple[str, ...] = ()
    runs: tuple[RunResult, ...] = ()
    funnels: tuple[Funnel, ...] = ()
    second_opinions: tuple[ChangePoints, ...] = ()
    searches: tuple[ChangeSearch, ...] = ()

    @property
    def primary(self) -> EffectAnswer:
        """The answer to the question that decides."""
        return self.answer(self.plan.primary.id)

    def answer(self, question: str) -> EffectAnswer:
        """Return the answer to a question; KeyError if it was not asked."""
        return {answer.question.id: answer for answer in self.answers}[question]

    def label(self, trust: str) -> str:
        """Return the short name of a programme's trust, or the full name, or the code."""
        if trust in self.programme.codes:
            return self.programme.trust(trust).label
        return self.names.get(trust, trust)

    def family_p_values(self) -> dict[str, float]:
        """Return the p-values of the secondary questions, adjusted for their number by Holm's rule.

        Returns
        -------
        dict of str to float
            Adjusted p-value by identifier of the question; empty if there is no secondary question.
        """
        family = [answer for answer in self.answers if answer.question.role == "secondary"]
        adjusted = holm(np.array([answer.result.p_value.value for answer in family], dtype=float))
        return {answer.question.id: float(p) for answer, p in zip(family, adjusted, strict=True)}
