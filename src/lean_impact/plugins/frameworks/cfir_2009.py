"""The Consolidated Framework for Implementation Research as published in 2009: 39 constructs in five domains."""

from __future__ import annotations

from typing import Final

from lean_impact.domain import Construct, ContextFramework, Link, Relation
from lean_impact.plugins.frameworks.scales import CFIR_INFLUENCE

__all__ = ["CFIR_2009"]

_INTERVENTION: Final = "Intervention characteristics"
_OUTER: Final = "Outer setting"
_INNER: Final = "Inner setting"
_PEOPLE: Final = "Characteristics of individuals"
_PROCESS: Final = "Process"

# identifier, name, domain, parent, note
_ROWS: Final = (
    (
        "source",
        "Intervention source",
        _INTERVENTION,
        None,
        "Often recorded as internal or external, which is no rating",
    ),
    ("evidence", "Evidence strength and quality", _INTERVENTION, None, ""),
    ("relative-advantage", "Relative advantage", _INTERVENTION, None, ""),
    ("adaptability", "Adaptability", _INTERVENTION, None, ""),
    ("trialability", "Trialability", _INTERVENTION, None, ""),
    ("complexity", "Complexity", _INTERVENTION, None, "Rated so that a positive number means less complex"),
    ("design", "Design quality and packaging", _INTERVENTION, None, ""),
    ("cost", "Cost", _INTERVENTION, None, ""),
    ("patient-needs", "Patient needs and resources", _OUTER, None, ""),
    ("cosmopolitanism", "Cosmopolitanism", _OUTER, None, ""),
    ("peer-pressure", "Peer pressure", _OUTER, None, ""),
    ("external-policy", "External policy and incentives", _OUTER, None, ""),
    ("structure", "Structural characteristics", _INNER, None, ""),
    ("networks", "Networks and communications", _INNER, None, ""),
    ("culture", "Culture", _INNER, None, ""),
    ("climate", "Implementation climate", _INNER, None, ""),
    ("tension", "Tension for change", _INNER, "climate", ""),
    ("compatibility", "Compatibility", _INNER, "climate", ""),
    ("priority", "Relative priority", _INNER, "climate", ""),
    ("incentives", "Organisational incentives and rewards", _INNER, "climate", ""),
    ("goals", "Goals and feedback", _INNER, "climate", ""),
    ("learning-climate", "Learning climate", _INNER, "climate", ""),
    ("readiness", "Readiness for implementation", _INNER, None, ""),
    ("leadership", "Leadership engagement", _INNER, "readiness", ""),
    ("resources", "Available resources", _INNER, "readiness", ""),
    ("knowledge-access", "Access to knowledge and information", _INNER, "readiness", ""),
    ("beliefs", "Knowledge and beliefs about the intervention", _PEOPLE, None, ""),
    ("self-efficacy", "Self-efficacy", _PEOPLE, None, ""),
    ("stage", "Individual stage of change", _PEOPLE, None, ""),
    ("identification", "Individual identification with organisation", _PEOPLE, None, ""),
    ("attributes", "Other personal attributes", _PEOPLE, None, ""),
    ("planning", "Planning", _PROCESS, None, ""),
    ("engaging", "Engaging", _PROCESS, None, ""),
    ("opinion-leaders", "Opinion leaders", _PROCESS, "engaging", ""),
    ("appointed-leaders", "Formally appointed internal implementation leaders", _PROCESS, "engaging", ""),
    ("champions", "Champions", _PROCESS, "engaging", ""),
    ("external-agents", "External change agents", _PROCESS, "engaging", ""),
    ("executing", "Executing", _PROCESS, None, ""),
    ("reflecting", "Reflecting and evaluating", _PROCESS, None, ""),
)

# construct here, construct of CFIR 2022, what the target is to it
_UPDATED: Final[tuple[tuple[str, str, Relation], ...]] = (
    ("source", "source", "same"),
    ("evidence", "evidence", "same"),
    ("relative-advantage", "relative-advantage", "same"),
    ("adaptability", "adaptability", "same"),
    ("trialability", "trialability", "same"),
    ("complexity", "complexity", "same"),
    ("design", "design", "same"),
    ("cost", "cost", "same"),
    ("patient-needs", "recipient-centredness", "related"),
    ("patient-needs", "needs-recipients", "related"),
    ("cosmopolitanism", "partnerships", "same"),
    ("peer-pressure", "market-pressure", "related"),
    ("external-policy", "policies", "narrower"),
    ("external-policy", "external-pressure", "narrower"),
    ("structure", "structure", "same"),
    ("networks", "relational-connections", "narrower"),
    ("networks", "communications", "narrower"),
    ("culture", "culture", "same"),
    ("tension", "tension", "same"),
    ("compatibility", "compatibility", "same"),
    ("priority", "priority", "same"),
    ("incentives", "incentives", "same"),
    ("goals", "mission-alignment", "related"),
    ("learning-climate", "learning-centredness", "same"),
    ("leadership", "high-level-leaders", "related"),
    ("leadership", "mid-level-leaders", "related"),
    ("resources", "resources", "same"),
    ("knowledge-access", "knowledge-access", "same"),
    ("beliefs", "capability", "related"),
    ("self-efficacy", "capability", "related"),
    ("stage", "motivation", "related"),
    ("planning", "planning", "same"),
    ("engaging", "engaging", "same"),
    ("opinion-leaders", "opinion-leaders", "same"),
    ("appointed-leaders", "implementation-leads", "same"),
    ("champions", "implementation-facilitators", "related"),
    ("external-agents", "implementation-facilitators", "related"),
    ("executing", "doing", "same"),
    ("reflecting", "reflecting", "same"),
)

CFIR_2009: Final = ContextFramework(
    id="cfir-2009",
    name="CFIR 2009",
    constructs=tuple(
        Construct(id=key, name=name, domain=domain, parent=parent, note=note)
        for key, name, domain, parent, note in _ROWS
    ),
    scales=(CFIR_INFLUENCE,),
    source="Damschroder LJ and others (2009), Implementation Science 4:50",
    links=tuple(
        Link(
            origin=key,
            framework="cfir-2022",
            target=target,
            relation=relation,
            basis="read from both lists",
        )
        for key, target, relation in _UPDATED
    ),
)
"""CFIR 2009."""
