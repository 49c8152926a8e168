"""Pooling over trusts: the mean effect, how much effects differ, what a further trust might expect."""

from lean_impact.pooled.random_effects import RandomEffects
from lean_impact.pooled.result import Heterogeneity, LeftOut, PooledResult

__all__ = ["Heterogeneity", "LeftOut", "PooledResult", "RandomEffects"]
