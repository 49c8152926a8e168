"""Effects of a programme: comparison trusts, estimators, one result for all of them.

An estimator is a module of its own and returns an :class:`EffectResult`.
"""

from lean_impact.effects.adoption import AdoptionDesign, Start
from lean_impact.effects.arrays import Needs, PanelArrays, arrays_of
from lean_impact.effects.augmented_control import AugmentedSyntheticControl
from lean_impact.effects.comparison import Candidate, Comparison, Reason, select_comparison
from lean_impact.effects.controlled_its import ControlledInterruptedTimeSeries
from lean_impact.effects.did import DifferenceInDifferences
from lean_impact.effects.gaps import GapEstimator, Gaps, estimate_from_gaps
from lean_impact.effects.generalised_control import GeneralisedSyntheticControl
from lean_impact.effects.group_time import CallawaySantAnna
from lean_impact.effects.honest import relative_magnitudes, smoothness
from lean_impact.effects.honest_result import BoundedInterval, TrendSensitivity
from lean_impact.effects.imputation import ImputationDifferenceInDifferences
from lean_impact.effects.its import InterruptedTimeSeries
from lean_impact.effects.matrix_completion import MatrixCompletion
from lean_impact.effects.parallel import run_tasks, task_seed
from lean_impact.effects.parts import Calibration, Changes, EventStudy, Level, Path
from lean_impact.effects.power import PowerStudy
from lean_impact.effects.power_result import PowerAnalysis
from lean_impact.effects.pretrends import HiddenTrend, PretrendResult, pretrend_test
from lean_impact.effects.result import EffectEstimator, EffectResult
from lean_impact.effects.sensitivity import (
    jackknife,
    leave_one_comparison_out,
    leave_one_out,
    leave_one_treated_out,
    placebo_starts,
)
from lean_impact.effects.specification import (
    Specification,
    curve_of,
    every_combination,
    specification_curve,
)
from lean_impact.effects.specification_result import Failure, SpecificationCurve, Specified
from lean_impact.effects.sun_abraham import SunAbraham
from lean_impact.effects.synthetic_control import SyntheticControl
from lean_impact.effects.synthetic_did import SyntheticDifferenceInDifferences
from lean_impact.effects.triangulation import Agreement, agreement
from lean_impact.effects.two_way import TwoWayFixedEffects
from lean_impact.effects.wording import Verdict, conclusion, doubt, impossible, verdict

__all__ = [
    "AdoptionDesign",
    "Agreement",
    "AugmentedSyntheticControl",
    "BoundedInterval",
    "Calibration",
    "CallawaySantAnna",
    "Candidate",
    "Changes",
    "Comparison",
    "ControlledInterruptedTimeSeries",
    "DifferenceInDifferences",
    "EffectEstimator",
    "EffectResult",
    "EventStudy",
    "Failure",
    "GapEstimator",
    "Gaps",
    "GeneralisedSyntheticControl",
    "HiddenTrend",
    "ImputationDifferenceInDifferences",
    "InterruptedTimeSeries",
    "Level",
    "MatrixCompletion",
    "Needs",
    "PanelArrays",
    "Path",
    "PowerAnalysis",
    "PowerStudy",
    "PretrendResult",
    "Reason",
    "Specification",
    "SpecificationCurve",
    "Specified",
    "Start",
    "SunAbraham",
    "SyntheticControl",
    "SyntheticDifferenceInDifferences",
    "TrendSensitivity",
    "TwoWayFixedEffects",
    "Verdict",
    "agreement",
    "arrays_of",
    "conclusion",
    "curve_of",
    "doubt",
    "estimate_from_gaps",
    "every_combination",
    "impossible",
    "jackknife",
    "leave_one_comparison_out",
    "leave_one_out",
    "leave_one_treated_out",
    "placebo_starts",
    "pretrend_test",
    "relative_magnitudes",
    "run_tasks",
    "select_comparison",
    "smoothness",
    "specification_curve",
    "task_seed",
    "verdict",
]
