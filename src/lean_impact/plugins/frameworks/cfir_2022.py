"""The updated Consolidated Framework for Implementation Research: 48 constructs and 19 parts of constructs."""

from __future__ import annotations

from typing import Final

from lean_impact.domain import Construct, ContextFramework
from lean_impact.plugins.frameworks.scales import CFIR_INFLUENCE

__all__ = ["CFIR_2022"]

# domain: construct, or construct with its parts, each as identifier and name
_DOMAINS: Final[dict[str, tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]]] = {
    "Innovation": (
        ("source", "Innovation source", ()),
        ("evidence", "Innovation evidence base", ()),
        ("relative-advantage", "Innovation relative advantage", ()),
        ("adaptability", "Innovation adaptability", ()),
        ("trialability", "Innovation trialability", ()),
        ("complexity", "Innovation complexity", ()),
        ("design", "Innovation design", ()),
        ("cost", "Innovation cost", ()),
    ),
    "Outer setting": (
        ("critical-incidents", "Critical incidents", ()),
        ("local-attitudes", "Local attitudes", ()),
        ("local-conditions", "Local conditions", ()),
        ("partnerships", "Partnerships and connections", ()),
        ("policies", "Policies and laws", ()),
        ("financing", "Financing", ()),
        (
            "external-pressure",
            "External pressure",
            (
                ("societal-pressure", "Societal pressure"),
                ("market-pressure", "Market pressure"),
                ("measurement-pressure", "Performance-measurement pressure"),
            ),
        ),
    ),
    "Inner setting": (
        (
            "structure",
            "Structural characteristics",
            (
                ("physical-infrastructure", "Physical infrastructure"),
                ("it-infrastructure", "Information technology infrastructure"),
                ("work-infrastructure", "Work infrastructure"),
            ),
        ),
        ("relational-connections", "Relational connections", ()),
        ("communications", "Communications", ()),
        (
            "culture",
            "Culture",
            (
                ("equality-centredness", "Human equality-centredness"),
                ("recipient-centredness", "Recipient-centredness"),
                ("deliverer-centredness", "Deliverer-centredness"),
                ("learning-centredness", "Learning-centredness"),
            ),
        ),
        ("tension", "Tension for change", ()),
        ("compatibility", "Compatibility", ()),
        ("priority", "Relative priority", ()),
        ("incentives", "Incentive systems", ()),
        ("mission-alignment", "Mission alignment", ()),
        (
            "resources",
            "Available resources",
            (("funding", "Funding"), ("space", "Space"), ("materials", "Materials and equipment")),
        ),
        ("knowledge-access", "Access to knowledge and information", ()),
    ),
    "Individuals: roles": (
        ("high-level-leaders", "High-level leaders", ()),
        ("mid-level-leaders", "Mid-level leaders", ()),
        ("opinion-leaders", "Opinion leaders", ()),
        ("implementation-facilitators", "Implementation facilitators", ()),
        ("implementation-leads", "Implementation leads", ()),
        ("team-members", "Implementation team members", ()),
        ("other-support", "Other implementation support", ()),
        ("deliverers", "Innovation deliverers", ()),
        ("recipients", "Innovation recipients", ()),
    ),
    "Individuals: characteristics": (
        ("need", "Need", ()),
        ("capability", "Capability", ()),
        ("opportunity", "Opportunity", ()),
        ("motivation", "Motivation", ()),
    ),
    "Implementation process": (
        ("teaming", "Teaming", ()),
        (
            "assessing-needs",
            "Assessing needs",
            (("needs-deliverers", "Innovation deliverers"), ("needs-recipients", "Innovation recipients")),
        ),
        ("assessing-context", "Assessing context", ()),
        ("planning", "Planning", ()),
        ("tailoring", "Tailoring strategies", ()),
        (
            "engaging",
            "Engaging",
            (
                ("engaging-deliverers", "Innovation deliverers"),
                ("engaging-recipients", "Innovation recipients"),
            ),
        ),
        ("doing", "Doing", ()),
        (
            "reflecting",
            "Reflecting and evaluating",
            (("reflecting-implementation", "Implementation"), ("reflecting-innovation", "Innovation")),
        ),
        ("adapting", "Adapting", ()),
    ),
}

_NOTES: Final = {
    "source": "Often recorded as internal or external, which is no rating",
    "complexity": "Rated so that a positive number means less complex",
}


def _constructs() -> tuple[Construct, ...]:
    found = []
    for domain, rows in _DOMAINS.items():
        for key, name, parts in rows:
            found.append(Construct(id=key, name=name, domain=domain, note=_NOTES.get(key, "")))
            found += [Construct(id=part, name=words, domain=domain, parent=key) for part, words in parts]
    return tuple(found)


CFIR_2022: Final = ContextFramework(
    id="cfir-2022",
    name="CFIR 2022",
    constructs=_constructs(),
    scales=(CFIR_INFLUENCE,),
    source="Damschroder LJ and others (2022), Implementation Science 17:75",
)
"""CFIR 2022."""
