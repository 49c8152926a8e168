"""Context: how far raters agree, what sets trusts apart, and how far a trust belongs to a condition."""

from lean_impact.context.agreement import AgreementResult, rater_agreement
from lean_impact.context.calibration import (
    Curve,
    RawValue,
    by_anchors,
    by_grades,
    by_national_percentiles,
    by_national_rank,
    calibrate,
)
from lean_impact.context.calibration_result import CalibratedCondition, Member
from lean_impact.context.conditions import rated_values
from lean_impact.context.crosswalk import Crosswalk, crosswalk
from lean_impact.context.distinguishing import DistinguishingResult, Verdict, distinguish

__all__ = [
    "AgreementResult",
    "CalibratedCondition",
    "Crosswalk",
    "Curve",
    "DistinguishingResult",
    "Member",
    "RawValue",
    "Verdict",
    "by_anchors",
    "by_grades",
    "by_national_percentiles",
    "by_national_rank",
    "calibrate",
    "crosswalk",
    "distinguish",
    "rated_values",
    "rater_agreement",
]
