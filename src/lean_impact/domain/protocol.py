"""The analysis plan: every question and choice, written down before the data are read."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from lean_impact.domain._model import DomainModel
from lean_impact.domain.context_plan import CalibrationPlan, RatingsPlan
from lean_impact.domain.measure import Slug
from lean_impact.domain.period import Window
from lean_impact.domain.quality import Decision
from lean_impact.domain.spc import SpcPlan
from lean_impact.domain.triangulation import CurvePlan, MethodPlan, PowerPlan, TrendPlan, twice
from lean_impact.domain.trust import TrustCode

__all__ = [
    "AnalysisPlan",
    "ChangePointPlan",
    "ContingencyPlan",
    "EffectQuestion",
    "Exclusion",
    "FamilyPlan",
    "FamilyRule",
    "NotComparable",
    "QualityPlan",
    "Role",
    "SpcPlan",
]


def _as_tuple(value: object) -> object:
    """Turn the list that TOML knows into the tuple that cannot be changed."""
    return tuple(value) if isinstance(value, list) else value


Words = Annotated[str, StringConstraints(pattern=r"\S")]
"""Text that says something."""

Role = Literal["primary", "secondary", "sensitivity", "placebo"]
"""What a question is for; a placebo asks about a time when nothing can have happened."""


ScorerSetting = (
    bool
    | int
    | float
    | str
    | Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
    | dict[str, int | float | str]
)
"""A setting of a contingency model as a study file can write it."""


class Exclusion(DomainModel):
    """A stretch of time that is left out for every trust.

    Parameters
    ----------
    window : Window
        Every period that touches it is left out.
    reason : str
        Why.
    measures : tuple of str, optional
        Measures that it applies to; all if not given.

    Examples
    --------
    >>> from datetime import date
    >>> seam = Window(start=date(2015, 3, 1), end=date(2015, 6, 1))
    >>> Exclusion(window=seam, reason="monthly collection begins", measures=("ae-4h-type1",)).applies_to("shmi")
    False
    """

    window: Window
    reason: Words
    measures: tuple[Slug, ...] | None = None

    def applies_to(self, measure: str) -> bool:
        """Tell whether a measure is affected."""
        return self.measures is None or measure in self.measures


class NotComparable(DomainModel):
    """Trusts that cannot serve as comparison.

    Parameters
    ----------
    codes : tuple of str
        Trust codes.
    reason : str
        Why.
    """

    codes: tuple[TrustCode, ...] = Field(min_length=1)
    reason: Words


class QualityPlan(DomainModel):
    """What is looked at before any estimate, and what is done about it.

    Parameters
    ----------
    measures : tuple of str
        Measures whose figures are looked at.
    share : tuple of str, optional
        A part and its whole, whose ratio of denominators shows reclassification.
    decisions : tuple of Decision
        What is done about findings.
    """

    measures: tuple[Slug, ...] = Field(min_length=1)
    share: tuple[Slug, Slug] | None = None
    decisions: tuple[Decision, ...] = ()


class EffectQuestion(DomainModel):
    """Ask how much a measure changed in the programme's trusts beyond the comparison trusts.

    Parameters
    ----------
    id : str
        Identifier.
    label : str
        The question's name for readers.
    measure : str
        Identifier of the measure.
    role : {"primary", "secondary", "sensitivity", "placebo"}
        What the question is for.
    pre, post : Window
        Periods before and after the start, half-open.
    trusts : tuple of str, optional
        Trusts of the programme that it is asked of; all if not given.
    aggregation : {"pooled", "mean"}, default "pooled"
        Level of a trust before and after: sum of numerators over sum of denominators, or mean of periods.
    why : str
        Why it is asked in this form.
    """

    id: Slug
    label: str = Field(min_length=1)
    measure: Slug
    role: Role
    pre: Window
    post: Window
    trusts: tuple[TrustCode, ...] | None = None
    aggregation: Literal["pooled", "mean"] = "pooled"
    why: str = ""

    @property
    def asks_methods(self) -> bool:
        """Whether further methods are asked too: what checks an answer needs no check of its own."""
        return self.role in {"primary", "secondary"}

    @model_validator(mode="after")
    def _pre_before_post(self) -> Self:
        if self.pre.end > self.post.start:
            raise ValueError(
                f"pre ends {self.pre.end}, after post starts {self.post.start}; the two must not overlap"
            )
        return self


FamilyRule = Literal["holm", "hochberg", "hommel", "benjamini-hochberg", "benjamini-yekutieli"]
"""How p-values allow for the number of questions; the last two bound the share of false finds, the others any."""


class FamilyPlan(DomainModel):
    """Questions that are asked together, so that their p-values allow for how many there are.

    Parameters
    ----------
    id : str
        Identifier.
    label : str
        The family's name for readers.
    questions : tuple of str
        Identifiers of effect questions, at least two.
    rule : {"holm", "hochberg", "hommel", "benjamini-hochberg", "benjamini-yekutieli"}
        How the p-values are adjusted.
    why : str
        Why these questions belong together.
    """

    id: Slug
    label: Words
    questions: tuple[Slug, ...] = Field(min_length=2)
    rule: FamilyRule
    why: Words

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        repeated = [*twice(list(self.questions))]
        if repeated:
            raise ValueError(f"family '{self.id}' names {', '.join(repeated)} twice; name each question once")
        return self


class ChangePointPlan(DomainModel):
    """How change-points are looked for.

    Parameters
    ----------
    measures : tuple of str
        One search for each trust of the programme and each of these.
    window : Window
        Stretch of time that is searched.
    method : {"segmentation", "step", "ruptures"}
        Several changes, each confirmed given the others; one change; or penalised least squares.
    false_alarm : float
        Share of stable series in which any change may be reported.
    second_opinion : bool
        Whether penalised least squares is shown beside another method.
    false_discovery : float
        Largest share of false findings when all trusts are screened.
    lag : int
        Periods after an adoption window in which a change still counts as following it.
    """

    measures: tuple[Slug, ...] = Field(min_length=1)
    window: Window
    method: Literal["segmentation", "step", "ruptures"] = "segmentation"
    false_alarm: float = Field(default=0.05, gt=0, lt=0.5)
    second_opinion: bool = True
    false_discovery: float = Field(default=0.05, gt=0, lt=0.5)
    lag: int = Field(default=3, ge=0, le=24)


class ContingencyPlan(DomainModel):
    """Which contingency models are judged, and on what.

    Parameters
    ----------
    effects : str
        Identifier of the effect question whose effects by trust are to be explained.
    null : str
        Name of the benchmark model.
    scorers : tuple of str
        Names of the models that are judged against it.
    settings : dict of str to dict
        Settings of a model that differ from its defaults, by its name.

    Examples
    --------
    >>> ContingencyPlan(effects="main", scorers=("rules",), settings={"rules": {"rules": ["calm*ready"]}}).settings
    {'rules': {'rules': ('calm*ready',)}}
    """

    effects: Slug
    null: Slug = "null"
    scorers: tuple[Slug, ...] = Field(min_length=1)
    settings: dict[Slug, dict[str, ScorerSetting]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = (self.null, *self.scorers)
        strange = [name for name in self.settings if name not in known]
        if strange:
            raise ValueError(
                f"settings of '{', '.join(strange)}', which is not judged; models are {', '.join(known)}"
            )
        return self


class AnalysisPlan(DomainModel):
    """Everything that is decided before the data are read.

    Parameters
    ----------
    seed : int
        Root seed of everything random.
    level : float
        Nominal coverage of every interval.
    draws : int
        Random assignments where they cannot all be enumerated.
    placebo_groups : int
        Groups of comparison trusts that show how often a method finds an effect where none is.
    effects : tuple of EffectQuestion
        Questions on effects, in the order of the report.
    exclusions : tuple of Exclusion
        Times left out for everyone.
    not_comparable : tuple of NotComparable
        Trusts that cannot serve as comparison.
    families : tuple of FamilyPlan
        Questions whose p-values allow for each other.
    methods : tuple of MethodPlan
        Further ways to estimate; each is applied to the primary and the secondary questions.
    curve : CurvePlan, optional
        Every combination of defensible choices for one question.
    power : PowerPlan, optional
        What effect could have been seen at all.
    trends : TrendPlan, optional
        How far trends may part before the answer changes.
    calibrations : tuple of CalibrationPlan
        Measures and rated constructs that become conditions.
    ratings : RatingsPlan, optional
        How the ratings that ``[context]`` names are read; they need it.
    quality, spc, changepoints, contingency
        Plans of the other stages; a stage without a plan is not run, and quality is then looked at for the
        measure that decides.
    """

    seed: int = Field(ge=0)
    level: float = Field(default=0.95, gt=0.5, lt=1)
    draws: int = Field(default=9999, ge=99, le=1_000_000)
    placebo_groups: int = Field(default=2000, ge=100, le=100_000)
    effects: tuple[EffectQuestion, ...] = Field(min_length=1)
    exclusions: tuple[Exclusion, ...] = ()
    not_comparable: tuple[NotComparable, ...] = ()
    families: tuple[FamilyPlan, ...] = ()
    methods: tuple[MethodPlan, ...] = ()
    curve: CurvePlan | None = None
    power: PowerPlan | None = None
    trends: TrendPlan | None = None
    calibrations: tuple[CalibrationPlan, ...] = ()
    ratings: RatingsPlan | None = None
    quality: QualityPlan | None = None
    spc: SpcPlan | None = None
    changepoints: ChangePointPlan | None = None
    contingency: ContingencyPlan | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        counts = Counter(question.id for question in self.effects)
        problems = [
            f"effect question '{key}' is asked twice; rename one" for key, n in counts.items() if n > 1
        ]
        if not any(question.role == "primary" for question in self.effects):
            problems.append("no effect question has the role 'primary'; say which one decides")
        if self.contingency and self.contingency.effects not in counts:
            problems.append(
                f"contingency.effects is '{self.contingency.effects}', which is no effect question; "
                f"there are {', '.join(counts)}"
            )
        problems += [
            f"method '{key}' is declared twice; rename one" for key in twice([m.id for m in self.methods])
        ]
        problems += [
            f"{name}.question is '{part.question}', which is no effect question; there are {', '.join(counts)}"
            for name, part in (("curve", self.curve), ("power", self.power), ("trends", self.trends))
            if part and part.question not in counts
        ]
        problems += [
            f"calibration '{key}' is declared twice; rename one"
            for key in twice([c.id for c in self.calibrations])
        ]
        problems += _family_problems(self.families, set(counts))
        if self.trends and any(
            question.id == self.trends.question and not question.asks_methods for question in self.effects
        ):
            problems.append(
                f"trends.question is '{self.trends.question}'; methods are asked of primary and secondary "
                "questions only, so name one of these"
            )
        declared = {method.id for method in self.methods}
        if self.trends and self.trends.method not in declared:
            problems.append(
                f"trends.method is '{self.trends.method}', which is not declared among plan.methods"
            )
        problems += [
            f"curve.methods names '{key}', which is not declared; there are {', '.join(sorted(declared)) or 'none'}"
            for key in (self.curve.methods if self.curve else ())
            if key not in declared
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def primary(self) -> EffectQuestion:
        """The first question with the role ``primary``."""
        return next(question for question in self.effects if question.role == "primary")

    @property
    def measures(self) -> tuple[str, ...]:
        """Identifiers of all measures that the plan needs, sorted."""
        stages = (self.quality, self.spc, self.changepoints)
        others = {measure for stage in stages if stage for measure in stage.measures}
        others |= set(self.curve.measures) if self.curve else set()
        others |= {*self.spc.runs, *(funnel.measure for funnel in self.spc.funnels)} if self.spc else set()
        others |= {calibration.measure for calibration in self.calibrations if calibration.measure}
        return tuple(sorted({question.measure for question in self.effects} | others))

    def digest(self) -> str:
        """Return the SHA-256 of the plan's canonical JSON, 64 hexadecimal digits."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def _family_problems(families: tuple[FamilyPlan, ...], questions: set[str]) -> list[str]:
    """Say which families cannot be: unknown questions, or a question that two families would adjust differently."""
    problems = [f"family '{key}' is declared twice; rename one" for key in twice([f.id for f in families])]
    problems += [
        f"family '{family.id}' names '{key}', which is no effect question; there are {', '.join(sorted(questions))}"
        for family in families
        for key in family.questions
        if key not in questions
    ]
    everyone = [key for family in families for key in family.questions]
    problems += [
        f"question '{key}' stands in several families; an adjusted p-value belongs to one"
        for key in twice(everyone)
    ]
    return problems
