"""Pooling over trusts: the mean effect, how much effects differ, what goes with it, what a further trust may expect."""

from lean_impact.kernels.between_variance import TauMethod
from lean_impact.pooled._common import IntervalMethod
from lean_impact.pooled.bayes import HalfNormalEffects
from lean_impact.pooled.bayes_result import HalfNormalResult, PriorRow
from lean_impact.pooled.families import FamilyResult, adjust_family
from lean_impact.pooled.meta_regression import MetaRegression
from lean_impact.pooled.meta_regression_result import Coefficient, MetaRegressionResult
from lean_impact.pooled.random_effects import RandomEffects
from lean_impact.pooled.result import Heterogeneity, LeftOut, PooledResult
from lean_impact.pooled.sign_flip import sign_flip_test
from lean_impact.pooled.three_level import ThreeLevelEffects, ThreeLevelResult

__all__ = [
    "Coefficient",
    "FamilyResult",
    "HalfNormalEffects",
    "HalfNormalResult",
    "Heterogeneity",
    "IntervalMethod",
    "LeftOut",
    "MetaRegression",
    "MetaRegressionResult",
    "PooledResult",
    "PriorRow",
    "RandomEffects",
    "TauMethod",
    "ThreeLevelEffects",
    "ThreeLevelResult",
    "adjust_family",
    "sign_flip_test",
]
