"""A yes-or-no outcome of the trusts, beside the estimated effects."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from lean_impact.domain._model import DomainModel
from lean_impact.domain.context import State
from lean_impact.domain.measure import Slug
from lean_impact.domain.programme import Confidence
from lean_impact.domain.trust import TrustCode

__all__ = ["CrispOutcome", "OutcomeState"]


class OutcomeState(DomainModel):
    """Whether a trust showed the outcome, and when it came about.

    Parameters
    ----------
    state : {"present", "absent", "unknown"}
        What is known.
    confidence : {"high", "medium", "low", "inferred"}
        How sure.
    moved : date, optional
        When it came about.
    note : str
        What makes it less than plain.
    """

    state: State
    confidence: Confidence
    moved: date | None = None
    note: str = ""


class CrispOutcome(DomainModel):
    """An outcome that each trust either showed or did not.

    Parameters
    ----------
    id : str
        Identifier.
    name : str
        The outcome as a statement that is true or false of a trust.
    states : dict of str to OutcomeState
        State of each trust by code.
    caution : str
        What limits it as an outcome.
    """

    id: Slug
    name: str = Field(min_length=1)
    states: dict[TrustCode, OutcomeState] = Field(min_length=1)
    caution: str = ""
