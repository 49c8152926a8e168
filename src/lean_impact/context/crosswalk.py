"""Which constructs of one framework meet which of another, directly or through a third."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd

from lean_impact.domain import ContextFramework, Relation, Summary
from lean_impact.errors import DesignError

__all__ = ["Crosswalk", "crosswalk"]

_BACK: Final[dict[Relation, Relation]] = {
    "same": "same",
    "broader": "narrower",
    "narrower": "broader",
    "related": "related",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crosswalk:
    """Constructs of two frameworks that meet.

    Attributes
    ----------
    source, target : ContextFramework
        From which to which.
    rows : tuple of (str, str, str, str)
        Construct of the source, construct of the target, what the target is to it, and the framework in between
        ("" if the two are linked directly).
    """

    source: ContextFramework
    target: ContextFramework
    rows: tuple[tuple[str, str, Relation, str], ...]

    @property
    def title(self) -> str:
        """One line for a heading."""
        return f"{self.source.name} against {self.target.name}"

    @property
    def unmet(self) -> tuple[str, ...]:
        """Constructs of the source that meet nothing in the target: moving over loses them."""
        met = {row[0] for row in self.rows}
        return tuple(item.id for item in self.source.constructs if item.id not in met)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each pair that meets.

        Returns
        -------
        DataFrame
            Columns ``source``, ``source_name``, ``target``, ``target_name``, ``relation`` (what the target is to the
            source), ``through`` (the framework in between, empty if none).
        """
        return pd.DataFrame(
            [
                (one, self.source.find(one).name, other, self.target.find(other).name, relation, through)
                for one, other, relation, through in self.rows
            ],
            columns=["source", "source_name", "target", "target_name", "relation", "through"],
        )

    def summary(self) -> Summary:
        """Say in words what meets what."""
        lines = [self.title]
        for one, other, relation, through in self.rows:
            by = f", through {through}" if through else ""
            lines.append(f"{self.source.find(one).name}: {self.target.find(other).name} ({relation}{by})")
        if self.unmet:
            lines.append(f"Nothing meets {', '.join(self.source.find(key).name for key in self.unmet)}")
        return Summary("\n".join(lines))


def crosswalk(frameworks: Iterable[ContextFramework], *, source: str, target: str) -> Crosswalk:
    """Find which constructs of two frameworks meet.

    Parameters
    ----------
    frameworks : iterable of ContextFramework
        All that may stand in between, the two among them.
    source, target : str
        Identifiers of the two.

    Returns
    -------
    Crosswalk
        Links of either framework to the other, and links that both have to a third. Through a third a pair is
        "same" only if both links are, narrower or broader only if both point that way, and "related" otherwise.

    Raises
    ------
    DesignError
        If a framework is not there or both are the same.

    Examples
    --------
    >>> from lean_impact.plugins.frameworks.lessons import SIX_LESSONS
    >>> from lean_impact.plugins.frameworks.nhs_impact import NHS_IMPACT
    >>> [row[:3] for row in crosswalk([SIX_LESSONS, NHS_IMPACT], source="nhs-impact", target="six-lessons").rows][:2]
    [('shared-purpose', 'align', 'related'), ('people-culture', 'ready', 'same')]
    """
    known = {item.id: item for item in frameworks}
    absent = [key for key in (source, target) if key not in known]
    if absent or source == target:
        raise DesignError(
            f"a crosswalk needs two different frameworks out of {', '.join(known)}; given: '{source}', '{target}'"
        )
    one, other = known[source], known[target]
    direct: dict[tuple[str, str], tuple[Relation, str]] = {
        (a, b): (relation, "") for a, b, relation in _between(one, other)
    }
    for middle in known.values():
        if middle.id in {source, target}:
            continue
        onward = list(_between(middle, other))
        for a, via, first in _between(one, middle):
            for start, b, second in onward:
                if start == via:
                    direct.setdefault((a, b), (_joined(first, second), middle.id))
    rows = sorted(direct.items(), key=lambda row: (_place(one, row[0][0]), _place(other, row[0][1])))
    return Crosswalk(
        source=one, target=other, rows=tuple((a, b, relation, via) for (a, b), (relation, via) in rows)
    )


def _place(framework: ContextFramework, construct: str) -> int:
    return [item.id for item in framework.constructs].index(construct)


def _between(one: ContextFramework, other: ContextFramework) -> Iterator[tuple[str, str, Relation]]:
    """Yield links of either to the other, as construct of the first, of the second, and what the second is."""
    theirs = {item.id for item in other.constructs}
    ours = {item.id for item in one.constructs}
    for link in one.links:
        if link.framework == other.id and link.target in theirs:
            yield link.origin, link.target, link.relation
    for link in other.links:
        if link.framework == one.id and link.target in ours:
            yield link.target, link.origin, _BACK[link.relation]


def _joined(first: Relation, second: Relation) -> Relation:
    if first == "same":
        return second
    return first if second in {"same", first} else "related"
