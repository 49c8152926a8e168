"""Set-theoretic analysis: which combinations of conditions go with an outcome, and every tied answer.

A :class:`SetTable` holds cases by conditions; :class:`Cuts` sorts them into a :class:`TruthTable`;
:func:`conservative`, :func:`parsimonious` and :func:`intermediate` minimise it into a :class:`Solution` with
every tied model, :func:`enhanced` leaves out assumptions that cannot be held, and :func:`necessary` asks the
question the other way round. :func:`robustness`, :func:`theory_evaluation` and :func:`cluster_diagnostics`
doubt what was found.
"""

from lean_impact.contingency.qca.enhanced import EnhancedAnalysis, enhanced
from lean_impact.contingency.qca.expression import Expression, expression
from lean_impact.contingency.qca.minimise import conservative, expectations_of, intermediate, parsimonious
from lean_impact.contingency.qca.necessity import NecessityResult, necessary
from lean_impact.contingency.qca.robustness import (
    Clusters,
    Robustness,
    cluster_diagnostics,
    robustness,
    theory_evaluation,
)
from lean_impact.contingency.qca.sets import SetTable
from lean_impact.contingency.qca.solution import Kind, Model, Solution, TermFit
from lean_impact.contingency.qca.truth import Cuts, TruthTable, literal_text, term_text

__all__ = [
    "Clusters",
    "Cuts",
    "EnhancedAnalysis",
    "Expression",
    "Kind",
    "Model",
    "NecessityResult",
    "Robustness",
    "SetTable",
    "Solution",
    "TermFit",
    "TruthTable",
    "cluster_diagnostics",
    "conservative",
    "enhanced",
    "expectations_of",
    "expression",
    "intermediate",
    "literal_text",
    "necessary",
    "parsimonious",
    "robustness",
    "term_text",
    "theory_evaluation",
]
