"""Tell what can be trusted before any chart: findings, and what was done about each."""

from lean_impact.domain import Decision, QualityFinding
from lean_impact.quality.assess import assess
from lean_impact.quality.report import QualityReport
from lean_impact.quality.rules import QualityRules

__all__ = ["Decision", "QualityFinding", "QualityReport", "QualityRules", "assess"]
