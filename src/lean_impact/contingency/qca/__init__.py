"""Set-theoretic analysis: which combinations of conditions go with an outcome, and every tied answer.

A :class:`SetTable` holds cases by conditions; :class:`Cuts` sorts them into a :class:`TruthTable`;
:func:`conservative`, :func:`parsimonious` and :func:`intermediate` minimise it into a :class:`Solution` with
every tied model, :func:`enhanced` leaves out assumptions that cannot be held, and :func:`necessary` asks the
question the other way round; :func:`complex_formulas` lets every factor be an outcome of the others.
:class:`Outcomes` holds what effects with standard errors could have been and :func:`propagate` the solutions
that follow (:class:`FuzzyDraws` for fuzzy sets); :func:`random_data_check` says how often luck does as well.
:func:`robustness`, :func:`theory_evaluation` and :func:`cluster_diagnostics` doubt what was found.
"""

from lean_impact.contingency.qca.chance import RandomData, perfect_by_luck, random_data_check
from lean_impact.contingency.qca.enhanced import EnhancedAnalysis, enhanced
from lean_impact.contingency.qca.expression import Expression, expression
from lean_impact.contingency.qca.formulas import (
    AtomicFormula,
    ComplexFormula,
    ComplexFormulas,
    complex_formulas,
)
from lean_impact.contingency.qca.fuzzy import FuzzyDraws, FuzzyPropagation
from lean_impact.contingency.qca.minimise import conservative, expectations_of, intermediate, parsimonious
from lean_impact.contingency.qca.necessity import NecessityResult, necessary
from lean_impact.contingency.qca.outcomes import Outcomes
from lean_impact.contingency.qca.propagation import Propagation, Solved, propagate, theory_support
from lean_impact.contingency.qca.robustness import (
    Clusters,
    Robustness,
    cluster_diagnostics,
    robustness,
    theory_evaluation,
)
from lean_impact.contingency.qca.scenarios import Scenario
from lean_impact.contingency.qca.sets import SetTable
from lean_impact.contingency.qca.solution import Kind, Model, Solution, TermFit
from lean_impact.contingency.qca.terms import literal_text, term_text
from lean_impact.contingency.qca.truth import Cuts, TruthTable

__all__ = [
    "AtomicFormula",
    "Clusters",
    "ComplexFormula",
    "ComplexFormulas",
    "Cuts",
    "EnhancedAnalysis",
    "Expression",
    "FuzzyDraws",
    "FuzzyPropagation",
    "Kind",
    "Model",
    "NecessityResult",
    "Outcomes",
    "Propagation",
    "RandomData",
    "Robustness",
    "Scenario",
    "SetTable",
    "Solution",
    "Solved",
    "TermFit",
    "TruthTable",
    "cluster_diagnostics",
    "complex_formulas",
    "conservative",
    "enhanced",
    "expectations_of",
    "expression",
    "intermediate",
    "literal_text",
    "necessary",
    "parsimonious",
    "perfect_by_luck",
    "propagate",
    "random_data_check",
    "robustness",
    "term_text",
    "theory_evaluation",
    "theory_support",
]
