"""Programmes: which trusts took it up, in which window, and what else happened to them."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from lean_impact.domain._model import DomainModel
from lean_impact.domain.measure import Slug
from lean_impact.domain.period import Window
from lean_impact.domain.trust import Trust, TrustCode

__all__ = ["Adoption", "Confidence", "Event", "EventKind", "Programme"]

Confidence = Literal["high", "medium", "low", "inferred"]
"""Read in a primary page, read in a secondary page, recollected, or inferred by the writer."""

EventKind = Literal[
    "programme", "chief-executive", "regulator-rating", "special-measures", "investigation", "shock", "data"
]
"""What sort of thing happened; ``data`` is a change in how figures are made."""


class Adoption(DomainModel):
    """When a trust took the programme up, told as a window because sources differ.

    Parameters
    ----------
    trust : str
        ODS code.
    window : Window
        From the earliest to the latest start that a source gives, half-open.
    evidence : str
        Where the two ends come from.
    confidence : {"high", "medium", "low", "inferred"}
        How sure the window is.
    """

    trust: TrustCode
    window: Window
    evidence: str = Field(min_length=1)
    confidence: Confidence


class Event(DomainModel):
    """Something dated that may have moved a trust's figures.

    Parameters
    ----------
    date : date
        When it happened; the first day of the month or year if that is all that is known.
    precision : {"day", "month", "year"}
        How exactly the date is known.
    trust : str or None
        ODS code, or None for the whole country.
    kind : str
        One of the kinds of :data:`~lean_impact.domain.programme.EventKind`.
    what : str
        What happened, in one sentence.
    confidence : {"high", "medium", "low", "inferred"}
        How sure that is.
    source : str
        Where it was read.
    """

    date: date
    precision: Literal["day", "month", "year"] = "day"
    trust: TrustCode | None = None
    kind: EventKind
    what: str = Field(min_length=1)
    confidence: Confidence
    source: str = Field(min_length=1)


class Programme(DomainModel):
    """An improvement programme that some trusts took up.

    Parameters
    ----------
    id : str
        Identifier.
    name : str
        Full name.
    description : str
        What was done, in a few sentences.
    trusts : tuple of Trust
        Trusts that took part.
    adoption : tuple of Adoption
        One window for each of them.
    events : tuple of Event
        What else happened, to them or to everyone.

    Examples
    --------
    >>> window = Window(start=date(2015, 9, 1), end=date(2017, 1, 1))
    >>> programme = Programme(id="demo", name="Demo", description="A test.",
    ...     trusts=(Trust(code="RTP", name="Surrey and Sussex"),),
    ...     adoption=(Adoption(trust="RTP", window=window, evidence="board paper", confidence="medium"),))
    >>> programme.adoption_of("RTP").window.start
    datetime.date(2015, 9, 1)
    """

    id: Slug
    name: str = Field(min_length=1)
    description: str
    trusts: tuple[Trust, ...] = Field(min_length=1)
    adoption: tuple[Adoption, ...] = Field(min_length=1)
    events: tuple[Event, ...] = ()

    @model_validator(mode="after")
    def _one_window_each(self) -> Self:
        codes = [trust.code for trust in self.trusts]
        adopted = [adoption.trust for adoption in self.adoption]
        problems = [
            f"trust {code} is listed twice" for code in sorted({c for c in codes if codes.count(c) > 1})
        ]
        problems += [
            f"trust {c} has more than one adoption window"
            for c in sorted({c for c in adopted if adopted.count(c) > 1})
        ]
        problems += [f"trust {code} has no adoption window" for code in codes if code not in adopted]
        problems += [
            f"adoption names {code}, which is not among the trusts" for code in adopted if code not in codes
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        """ODS codes of the trusts, in the programme's order."""
        return tuple(trust.code for trust in self.trusts)

    def trust(self, code: str) -> Trust:
        """Return the trust with this code; KeyError if it takes no part."""
        return {trust.code: trust for trust in self.trusts}[code]

    def adoption_of(self, code: str) -> Adoption:
        """Return the adoption window of a trust; KeyError if it takes no part."""
        return {adoption.trust: adoption for adoption in self.adoption}[code]

    def events_of(self, code: str) -> tuple[Event, ...]:
        """Return a trust's own events and the national ones, by date."""
        mine = (event for event in self.events if event.trust in {code, None})
        return tuple(sorted(mine, key=lambda event: event.date))
