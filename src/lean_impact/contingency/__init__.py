"""Under which conditions a programme works, and how little a handful of trusts can say about it.

A :class:`ContingencyModel` learns from cases and effects; :func:`validate` leaves each trust out and
compares the model with a null model that knows no context; :func:`design_check` says how often chance gives
a condition that fits as well. :class:`ContingencyAnalysis` does all of it.
"""

from lean_impact.contingency.contingency import Contingency, ContingencyAnalysis
from lean_impact.contingency.design import DesignCheck, design_check
from lean_impact.contingency.evidence import Evidence, completions, fillings, without_trust
from lean_impact.contingency.matching import CrispMatch, OutcomeMove, crisp_match, luck, trusts_needed
from lean_impact.contingency.protocol import (
    ContingencyFit,
    ContingencyModel,
    DrawnFit,
    Finding,
    FitDesign,
    Prediction,
    Score,
)
from lean_impact.contingency.scoring import score_table
from lean_impact.contingency.search import ConditionFit
from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
from lean_impact.contingency.ties import PivotalCell, Tie, tied_conditions
from lean_impact.contingency.validation import LeftOut, Validation, validate

__all__ = [
    "ConditionFit",
    "Contingency",
    "ContingencyAnalysis",
    "ContingencyFit",
    "ContingencyModel",
    "CrispMatch",
    "DesignCheck",
    "DrawnFit",
    "Evidence",
    "Finding",
    "FitDesign",
    "LeftOut",
    "OutcomeMove",
    "PivotalCell",
    "Prediction",
    "Score",
    "Tie",
    "Validation",
    "completions",
    "crisp_match",
    "design_check",
    "fillings",
    "luck",
    "score_table",
    "synthetic_cases",
    "synthetic_effects",
    "tied_conditions",
    "trusts_needed",
    "validate",
    "without_trust",
]
