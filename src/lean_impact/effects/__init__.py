"""Effects of a programme: comparison trusts, estimators, one result for all of them.

An estimator is a module of its own and returns an :class:`EffectResult`.
"""

from lean_impact.effects.adoption import AdoptionDesign, Start
from lean_impact.effects.comparison import Candidate, Comparison, Reason, select_comparison
from lean_impact.effects.did import DifferenceInDifferences
from lean_impact.effects.parts import Calibration, Changes, EventStudy, Level, Path
from lean_impact.effects.result import EffectEstimator, EffectResult
from lean_impact.effects.sensitivity import (
    leave_one_comparison_out,
    leave_one_treated_out,
    placebo_starts,
)
from lean_impact.effects.triangulation import Agreement, agreement
from lean_impact.effects.wording import Verdict, conclusion, verdict

__all__ = [
    "AdoptionDesign",
    "Agreement",
    "Calibration",
    "Candidate",
    "Changes",
    "Comparison",
    "DifferenceInDifferences",
    "EffectEstimator",
    "EffectResult",
    "EventStudy",
    "Level",
    "Path",
    "Reason",
    "Start",
    "Verdict",
    "agreement",
    "conclusion",
    "leave_one_comparison_out",
    "leave_one_treated_out",
    "placebo_starts",
    "select_comparison",
    "verdict",
]
