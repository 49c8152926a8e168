"""Context frameworks: constructs, how each is rated, and which constructs of other frameworks they meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from lean_impact.domain._model import DomainModel
from lean_impact.domain.measure import Slug

__all__ = ["Construct", "ContextFramework", "Link", "RatingScale", "RatingState", "Relation", "ScaleLevel"]

RatingState = Literal["rated", "mixed", "missing", "not-discussed"]
"""What stands behind a rating: a plain one (0 is neutral), one of mixed evidence with its net value, none because
nobody looked or it was lost, or none because it did not come up when asked about."""

Relation = Literal["same", "broader", "narrower", "related"]
"""How the target of a link is related: the same idea, a broader or a narrower one, or one that overlaps."""


class ScaleLevel(DomainModel):
    """One step of a rating scale.

    Parameters
    ----------
    value : float
        The number.
    words : str
        What it stands for.
    """

    value: float
    words: str = Field(min_length=1)


class RatingScale(DomainModel):
    """How a construct is rated.

    Parameters
    ----------
    id : str
        Identifier, such as "influence".
    name : str
        What is rated.
    levels : tuple of ScaleLevel
        Every number that may be given, rising.
    mixed : bool, default False
        Whether evidence in both directions is marked as mixed, beside its net value.
    basis : str
        Where the scale comes from, and what of it was not confirmed.

    Examples
    --------
    >>> scale = RatingScale(id="yes", name="Seen", basis="made up",
    ...                     levels=(ScaleLevel(value=0, words="no"), ScaleLevel(value=1, words="yes")))
    >>> scale.lowest, scale.highest
    (0.0, 1.0)
    """

    id: Slug
    name: str = Field(min_length=1)
    levels: tuple[ScaleLevel, ...] = Field(min_length=2)
    mixed: bool = False
    basis: str = Field(min_length=1)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        values = self.values
        if any(later <= earlier for earlier, later in pairwise(values)):
            raise ValueError(
                f"scale '{self.id}' must list its levels from the lowest to the highest, each once"
            )
        return self

    @property
    def values(self) -> tuple[float, ...]:
        """Every number that may be given, rising."""
        return tuple(level.value for level in self.levels)

    @property
    def lowest(self) -> float:
        """The lowest number."""
        return self.levels[0].value

    @property
    def highest(self) -> float:
        """The highest number."""
        return self.levels[-1].value


class Construct(DomainModel):
    """One construct of a framework, such as culture or available resources.

    Parameters
    ----------
    id : str
        Identifier.
    name : str
        Name as the framework gives it.
    domain : str
        Part of the framework that it belongs to.
    parent : str, optional
        Construct that it is a part of.
    note : str
        What a rater must know.
    """

    id: Slug
    name: str = Field(min_length=1)
    domain: str = Field(min_length=1)
    parent: Slug | None = None
    note: str = ""


class Link(DomainModel):
    """Say that a construct meets one of another framework.

    Parameters
    ----------
    origin : str
        Construct of this framework.
    framework, target : str
        The other framework and its construct.
    relation : {"same", "broader", "narrower", "related"}
        What the target is to the origin.
    basis : str
        Who says so.
    """

    origin: Slug
    framework: Slug
    target: Slug
    relation: Relation
    basis: str = Field(min_length=1)


class ContextFramework(DomainModel):
    """A published set of constructs with its rating scales.

    Parameters
    ----------
    id, name : str
        Identifier, and name for readers.
    constructs : tuple of Construct
        All constructs.
    scales : tuple of RatingScale
        How a construct is rated; several where each construct is rated in several respects.
    source : str
        Where the framework is published.
    links : tuple of Link
        Constructs of other frameworks that it meets.

    Examples
    --------
    >>> seen = RatingScale(id="yes", name="Seen", basis="made up",
    ...                    levels=(ScaleLevel(value=0, words="no"), ScaleLevel(value=1, words="yes")))
    >>> one = ContextFramework(id="one", name="One", constructs=(Construct(id="calm", name="Calm", domain="all"),),
    ...                        scales=(seen,), source="made up")
    >>> one.domains
    ('all',)
    """

    id: Slug
    name: str = Field(min_length=1)
    constructs: tuple[Construct, ...] = Field(min_length=1)
    scales: tuple[RatingScale, ...] = Field(min_length=1)
    source: str = Field(min_length=1)
    links: tuple[Link, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known = {item.id for item in self.constructs}
        problems = [
            f"construct '{key}' is given twice" for key in _repeated(item.id for item in self.constructs)
        ]
        problems += [f"scale '{key}' is given twice" for key in _repeated(scale.id for scale in self.scales)]
        problems += [
            f"construct '{item.id}' is part of '{item.parent}', which is no construct here"
            for item in self.constructs
            if item.parent is not None and (item.parent not in known or item.parent == item.id)
        ]
        problems += [
            f"a link starts from '{link.origin}', which is no construct here"
            for link in self.links
            if link.origin not in known
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def domains(self) -> tuple[str, ...]:
        """Parts of the framework, in its order."""
        return tuple(dict.fromkeys(item.domain for item in self.constructs))

    def find(self, construct: str) -> Construct:
        """Return a construct; KeyError if there is none of that identifier."""
        return {item.id: item for item in self.constructs}[construct]

    def scale(self, scale: str) -> RatingScale:
        """Return a rating scale; KeyError if there is none of that identifier."""
        return {item.id: item for item in self.scales}[scale]


def _repeated(keys: Iterable[str]) -> list[str]:
    return [key for key, n in Counter(keys).items() if n > 1]
