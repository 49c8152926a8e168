"""NHS IMPACT: five components of an organisation that improves."""

from __future__ import annotations

from typing import Final

from lean_impact.domain import Construct, ContextFramework, Link, Relation
from lean_impact.plugins.frameworks.scales import MATURITY

__all__ = ["NHS_IMPACT"]

_COMPONENTS: Final = (
    ("shared-purpose", "Building a shared purpose and vision"),
    ("people-culture", "Investing in people and culture"),
    ("leadership-behaviours", "Developing leadership behaviours"),
    ("capability-capacity", "Building improvement capability and capacity"),
    ("management-systems", "Embedding improvement into management systems and processes"),
)

_LINKS: Final[tuple[tuple[str, str, Relation], ...]] = (
    ("shared-purpose", "mission-alignment", "related"),
    ("people-culture", "culture", "same"),
    ("leadership-behaviours", "high-level-leaders", "related"),
    ("capability-capacity", "capability", "related"),
    ("management-systems", "work-infrastructure", "related"),
)

NHS_IMPACT: Final = ContextFramework(
    id="nhs-impact",
    name="NHS IMPACT",
    constructs=tuple(Construct(id=key, name=name, domain="Components") for key, name in _COMPONENTS),
    scales=(MATURITY,),
    source="NHS England (2023), NHS IMPACT self-assessment, for an organisation's own use",
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
"""NHS IMPACT."""
