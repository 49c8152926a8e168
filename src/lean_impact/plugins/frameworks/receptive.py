"""Receptive contexts for change: eight features, each judged on strength, direction and continuity."""

from __future__ import annotations

from typing import Final

from lean_impact.domain import Construct, ContextFramework, Link, Relation
from lean_impact.plugins.frameworks.scales import CONTINUITY, DIRECTION, STRENGTH

__all__ = ["RECEPTIVE_CONTEXTS"]

_FEATURES: Final = (
    ("environmental-pressure", "Environmental pressure", "Outer context"),
    ("supportive-culture", "Supportive organisational culture", "Inner context"),
    ("fit-with-locale", "Fit of the change agenda with the locale", "Inner context"),
    ("clear-goals", "Simplicity and clarity of goals", "Inner context"),
    ("networks", "Co-operative inter-organisational networks", "Outer context"),
    ("managerial-clinical", "Managerial-clinical relations", "Inner context"),
    ("key-people", "Key people leading change", "Inner context"),
    ("policy-quality", "Quality and coherence of policy", "Inner context"),
)

_LINKS: Final[tuple[tuple[str, str, Relation], ...]] = (
    ("environmental-pressure", "external-pressure", "same"),
    ("supportive-culture", "culture", "same"),
    ("fit-with-locale", "compatibility", "related"),
    ("clear-goals", "mission-alignment", "related"),
    ("networks", "partnerships", "same"),
    ("managerial-clinical", "relational-connections", "broader"),
    ("key-people", "high-level-leaders", "related"),
    ("policy-quality", "planning", "related"),
)

RECEPTIVE_CONTEXTS: Final = ContextFramework(
    id="receptive-contexts",
    name="Receptive contexts for change",
    constructs=tuple(Construct(id=key, name=name, domain=domain) for key, name, domain in _FEATURES),
    scales=(STRENGTH, DIRECTION, CONTINUITY),
    source="Pettigrew A, Ferlie E, McKee L (1992), Shaping Strategic Change, Sage",
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
"""Receptive contexts for change."""
