"""Context: conditions, and which trust showed which condition."""

from __future__ import annotations

from collections import Counter
from typing import Literal, Self

from pydantic import Field, model_validator

from lean_impact.domain._model import DomainModel
from lean_impact.domain.measure import Slug
from lean_impact.domain.programme import Confidence
from lean_impact.domain.trust import TrustCode

__all__ = ["CaseTable", "Cell", "Condition", "State"]

State = Literal["present", "absent", "unknown"]
"""Whether a trust showed a condition; unknown is a value of its own and never absence."""


class Condition(DomainModel):
    """A condition that may help or hinder a programme.

    Parameters
    ----------
    id : str
        Identifier.
    name : str
        The condition as a statement that is true or false of a trust.
    favourable : bool, default True
        Whether theory expects its presence to help.
    basis : str
        Where the coding comes from.
    """

    id: Slug
    name: str = Field(min_length=1)
    favourable: bool = True
    basis: str = Field(min_length=1)


class Cell(DomainModel):
    """One trust's state on one condition.

    Parameters
    ----------
    trust, condition : str
        ODS code, and identifier of the condition.
    state : {"present", "absent", "unknown"}
        What is known.
    confidence : {"high", "medium", "low", "inferred"}
        How sure.
    note : str
        What makes it less than plain.
    """

    trust: TrustCode
    condition: Slug
    state: State
    confidence: Confidence
    note: str = ""


class CaseTable(DomainModel):
    """Which trust showed which condition, complete: every cell is given, if only as unknown.

    Parameters
    ----------
    conditions : tuple of Condition
        The conditions, in the order of the table.
    trusts : tuple of str
        ODS codes, in the order of the table.
    cells : tuple of Cell
        One for each trust and condition.

    Examples
    --------
    >>> table = CaseTable(
    ...     conditions=(Condition(id="stable", name="Same chief executive throughout", basis="press"),),
    ...     trusts=("RTP", "RXW"),
    ...     cells=(Cell(trust="RTP", condition="stable", state="present", confidence="high"),
    ...            Cell(trust="RXW", condition="stable", state="absent", confidence="high")))
    >>> table.state("RXW", "stable")
    'absent'
    """

    conditions: tuple[Condition, ...] = Field(min_length=1)
    trusts: tuple[TrustCode, ...] = Field(min_length=1)
    cells: tuple[Cell, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        given = Counter((cell.trust, cell.condition) for cell in self.cells)
        wanted = {(trust, condition.id) for trust in self.trusts for condition in self.conditions}
        problems = [
            f"{trust} x {condition} is given {n} times" for (trust, condition), n in given.items() if n > 1
        ]
        problems += [
            f"{trust} x {condition} is in no such table"
            for trust, condition in given
            if (trust, condition) not in wanted
        ]
        problems += [
            f"{trust} x {condition} is not given; write state 'unknown' if it is not known"
            for trust, condition in sorted(wanted - set(given))
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def cell(self, trust: str, condition: str) -> Cell:
        """Return one cell; KeyError if the table has no such trust or condition."""
        return {(cell.trust, cell.condition): cell for cell in self.cells}[trust, condition]

    def state(self, trust: str, condition: str) -> State:
        """Return present, absent or unknown; KeyError if the table has no such cell."""
        return self.cell(trust, condition).state

    def column(self, condition: str) -> tuple[State, ...]:
        """Return the states of all trusts on one condition, in the order of ``trusts``."""
        return tuple(self.state(trust, condition) for trust in self.trusts)
