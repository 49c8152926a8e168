"""The Model for Understanding Success in Quality: 25 factors on six levels."""

from __future__ import annotations

from typing import Final

from lean_impact.domain import Construct, ContextFramework, Link, Relation
from lean_impact.plugins.frameworks.scales import AGREEMENT_7

__all__ = ["MUSIQ"]

_LEVELS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "External environment": (
        ("external-motivators", "External motivators"),
        ("project-sponsorship", "Project sponsorship"),
    ),
    "Organisation": (
        ("organisation-leadership", "QI leadership of senior management"),
        ("senior-sponsor", "Senior leader project sponsor"),
        ("organisation-culture", "Culture supportive of QI"),
        ("maturity", "Maturity of organisational QI"),
        ("physician-payment", "Physician payment structure"),
    ),
    "QI support and capacity": (
        ("data-infrastructure", "Data infrastructure"),
        ("resource-availability", "Resource availability"),
        ("workforce-focus", "Workforce focus on QI"),
    ),
    "Microsystem": (
        ("microsystem-leadership", "QI leadership in the microsystem"),
        ("microsystem-culture", "Culture supportive of QI in the microsystem"),
        ("capability", "Capability for improvement"),
        ("motivation", "Motivation to change"),
    ),
    "QI team": (
        ("team-diversity", "Team diversity"),
        ("physician-involvement", "Physician involvement"),
        ("subject-expert", "Subject matter expert"),
        ("team-tenure", "Team tenure"),
        ("prior-experience", "Prior QI experience"),
        ("team-leadership", "Team leadership"),
        ("decision-process", "Team decision-making process"),
        ("team-norms", "Team norms"),
        ("team-skill", "Team QI skill"),
    ),
    "Other": (
        ("trigger", "Triggering event"),
        ("strategic-importance", "Task strategic importance to the organisation"),
    ),
}

_LINKS: Final[tuple[tuple[str, str, Relation], ...]] = (
    ("external-motivators", "external-pressure", "related"),
    ("project-sponsorship", "partnerships", "related"),
    ("organisation-leadership", "high-level-leaders", "related"),
    ("senior-sponsor", "high-level-leaders", "related"),
    ("organisation-culture", "culture", "related"),
    ("maturity", "work-infrastructure", "related"),
    ("physician-payment", "financing", "related"),
    ("data-infrastructure", "it-infrastructure", "related"),
    ("resource-availability", "resources", "same"),
    ("workforce-focus", "incentives", "related"),
    ("microsystem-leadership", "mid-level-leaders", "related"),
    ("microsystem-culture", "learning-centredness", "related"),
    ("capability", "capability", "related"),
    ("motivation", "motivation", "related"),
    ("team-leadership", "implementation-leads", "related"),
    ("team-norms", "teaming", "related"),
    ("trigger", "critical-incidents", "related"),
    ("strategic-importance", "mission-alignment", "related"),
)

MUSIQ: Final = ContextFramework(
    id="musiq",
    name="MUSIQ",
    constructs=tuple(
        Construct(id=key, name=name, domain=level) for level, rows in _LEVELS.items() for key, name in rows
    ),
    scales=(AGREEMENT_7,),
    source="Kaplan HC, Provost LP, Froehle CM, Margolis PA (2012), BMJ Quality and Safety 21:13-20",
    links=tuple(
        Link(
            origin=key,
            framework="cfir-2022",
            target=target,
            relation=relation,
            basis="read from both lists",
        )
        for key, target, relation in _LINKS
    ),
)
"""MUSIQ."""
