"""The typed core: frozen models of trusts, measures, programmes, context and their origin.

Nothing here knows pandas or numpy; a model that exists is valid.
"""

from lean_impact.domain.boundary import ProposedBoundary
from lean_impact.domain.context import (
    CaseTable,
    Cell,
    Condition,
    Membership,
    Reading,
    State,
    StatedCondition,
)
from lean_impact.domain.context_plan import CalibrationPlan, RatingsPlan
from lean_impact.domain.estimate import Estimate, PValue, TrustEffect
from lean_impact.domain.framework import (
    Construct,
    ContextFramework,
    Link,
    RatingScale,
    RatingState,
    Relation,
    ScaleLevel,
)
from lean_impact.domain.measure import DefinitionChange, Measure
from lean_impact.domain.outcome import CrispOutcome, OutcomeState
from lean_impact.domain.period import Frequency, Window, next_period, period_label
from lean_impact.domain.programme import Adoption, Event, Programme
from lean_impact.domain.protocol import (
    AnalysisPlan,
    ChangePointPlan,
    ContingencyPlan,
    EffectQuestion,
    Exclusion,
    FamilyPlan,
    FamilyRule,
    NotComparable,
    QualityPlan,
)
from lean_impact.domain.provenance import InputFile, Provenance
from lean_impact.domain.quality import Decision, QualityFinding
from lean_impact.domain.spc import FunnelQuestion, PointLeftOut, RebaseRecord, SpcPlan, TargetChange
from lean_impact.domain.study import StudyInfo
from lean_impact.domain.text import Summary, hint
from lean_impact.domain.triangulation import (
    ComparisonChoice,
    CurvePlan,
    EstimatorName,
    MethodPlan,
    PowerPlan,
    TrendPlan,
    Weighting,
    WindowChoice,
)
from lean_impact.domain.trust import Succession, Trust

__all__ = [
    "Adoption",
    "AnalysisPlan",
    "CalibrationPlan",
    "CaseTable",
    "Cell",
    "ChangePointPlan",
    "ComparisonChoice",
    "Condition",
    "Construct",
    "ContextFramework",
    "ContingencyPlan",
    "CrispOutcome",
    "CurvePlan",
    "Decision",
    "DefinitionChange",
    "EffectQuestion",
    "Estimate",
    "EstimatorName",
    "Event",
    "Exclusion",
    "FamilyPlan",
    "FamilyRule",
    "Frequency",
    "FunnelQuestion",
    "InputFile",
    "Link",
    "Measure",
    "Membership",
    "MethodPlan",
    "NotComparable",
    "OutcomeState",
    "PValue",
    "PointLeftOut",
    "PowerPlan",
    "Programme",
    "ProposedBoundary",
    "Provenance",
    "QualityFinding",
    "QualityPlan",
    "RatingScale",
    "RatingState",
    "RatingsPlan",
    "Reading",
    "RebaseRecord",
    "Relation",
    "ScaleLevel",
    "SpcPlan",
    "State",
    "StatedCondition",
    "StudyInfo",
    "Succession",
    "Summary",
    "TargetChange",
    "TrendPlan",
    "Trust",
    "TrustEffect",
    "Weighting",
    "Window",
    "WindowChoice",
    "hint",
    "next_period",
    "period_label",
]
