"""The typed core: frozen models of trusts, measures, programmes, context and their origin.

Nothing here knows pandas or numpy; a model that exists is valid.
"""

from lean_impact.domain.context import CaseTable, Cell, Condition, Construct, ContextFramework, State
from lean_impact.domain.estimate import Estimate, PValue, TrustEffect
from lean_impact.domain.measure import DefinitionChange, Measure
from lean_impact.domain.period import Frequency, Window, next_period, period_label
from lean_impact.domain.programme import Adoption, Event, Programme
from lean_impact.domain.provenance import InputFile, Provenance
from lean_impact.domain.text import Summary
from lean_impact.domain.trust import Succession, Trust

__all__ = [
    "Adoption",
    "CaseTable",
    "Cell",
    "Condition",
    "Construct",
    "ContextFramework",
    "DefinitionChange",
    "Estimate",
    "Event",
    "Frequency",
    "InputFile",
    "Measure",
    "PValue",
    "Programme",
    "Provenance",
    "State",
    "Succession",
    "Summary",
    "Trust",
    "TrustEffect",
    "Window",
    "next_period",
    "period_label",
]
