"""The six lessons of the partnership's evaluation, as four conditions that five trusts might just carry."""

from __future__ import annotations

from typing import Final

from lean_impact.domain import Construct, ContextFramework, Link, Relation
from lean_impact.plugins.frameworks.scales import PRESENCE

__all__ = ["SIX_LESSONS"]

# With five trusts and noise alone, four conditions already give a perfect explanation two times in three.
_CONDITIONS: Final = (
    ("ready", "Culture was worked on before the programme began", "Lesson 1: cultural readiness"),
    (
        "lead",
        "Leaders stay, show the behaviour they ask for, and are held to it",
        "Lesson 3: leaders show the way; lesson 5: account for behaviours, the compact",
    ),
    (
        "connect",
        "People and levels are connected, by relationships and by routines",
        "Lesson 2: an improvement infrastructure; lesson 4: social networks",
    ),
    ("align", "What is measured and what is wanted agree", "Lesson 6: the paradox of measurement"),
)

_LINKS: Final[tuple[tuple[str, str, str, Relation], ...]] = (
    ("ready", "cfir-2022", "culture", "broader"),
    ("ready", "cfir-2022", "learning-centredness", "related"),
    ("lead", "cfir-2022", "high-level-leaders", "related"),
    ("lead", "cfir-2022", "mid-level-leaders", "related"),
    ("lead", "cfir-2022", "partnerships", "related"),
    ("connect", "cfir-2022", "relational-connections", "narrower"),
    ("connect", "cfir-2022", "communications", "narrower"),
    ("connect", "cfir-2022", "work-infrastructure", "narrower"),
    ("align", "cfir-2022", "mission-alignment", "same"),
    ("align", "cfir-2022", "measurement-pressure", "related"),
    ("ready", "nhs-impact", "people-culture", "same"),
    ("lead", "nhs-impact", "leadership-behaviours", "same"),
    ("connect", "nhs-impact", "management-systems", "related"),
    ("align", "nhs-impact", "shared-purpose", "related"),
    ("ready", "receptive-contexts", "supportive-culture", "same"),
    ("lead", "receptive-contexts", "key-people", "same"),
    ("connect", "receptive-contexts", "managerial-clinical", "related"),
    ("align", "receptive-contexts", "clear-goals", "related"),
)

SIX_LESSONS: Final = ContextFramework(
    id="six-lessons",
    name="Six lessons of the NHS-VMI evaluation",
    constructs=tuple(
        Construct(id=key, name=name, domain="Conditions", note=note) for key, name, note in _CONDITIONS
    ),
    scales=(PRESENCE,),
    source="Burgess N and others (2022), Warwick Business School; six lessons published 2022 to 2023",
    links=tuple(
        Link(origin=key, framework=framework, target=target, relation=relation, basis="read from both lists")
        for key, framework, target, relation in _LINKS
    ),
)
"""Six lessons, four conditions."""
