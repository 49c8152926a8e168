"""Context: conditions, and which trust showed which condition."""

from __future__ import annotations

import math
from collections import Counter
from statistics import NormalDist
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from lean_impact.domain._model import DomainModel
from lean_impact.domain.measure import Slug
from lean_impact.domain.programme import Confidence
from lean_impact.domain.trust import TrustCode

__all__ = ["CaseTable", "Cell", "Condition", "Membership", "Reading", "State", "StatedCondition"]

State = Literal["present", "absent", "unknown"]
"""Whether a trust showed a condition; unknown is a value of its own and never absence."""

_HALF: Final = 0.5
_NEAR_HALF: Final = 1e-9
_EDGE: Final = 1e-6
_LEVEL: Final = 0.95


class Membership(DomainModel):
    """How far a trust belongs to a condition that is a matter of degree, with how sure that is.

    Parameters
    ----------
    value : float
        From 0, fully out, to 1, fully in; not exactly 0.5, which is neither.
    lower, upper : float, optional
        Ends of its 95 % interval. Not given, how sure the membership is, is not known, and what is computed
        from it takes it as it stands.

    Raises
    ------
    ValidationError
        If the membership is exactly 0.5, or the interval does not hold it.

    Examples
    --------
    >>> print(Membership(value=0.8, lower=0.6, upper=0.9))
    0.80 (0.60 to 0.90)
    """

    value: float = Field(ge=0, le=1)
    lower: float | None = Field(default=None, ge=0, le=1)
    upper: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _placed(self) -> Self:
        if self.at_half(self.value):
            raise ValueError("a membership of exactly 0.5 is neither in nor out; move the crossover")
        if (self.lower is None) != (self.upper is None):
            raise ValueError("give both ends of the interval, or none")
        if self.lower is not None and self.upper is not None and not self.lower <= self.value <= self.upper:
            raise ValueError(f"the interval {self.lower} to {self.upper} does not hold {self.value}")
        return self

    @property
    def state(self) -> State:
        """Whether the trust is more in than out, ``present``, or more out than in, ``absent``."""
        return "present" if self.value > _HALF else "absent"

    @staticmethod
    def at_half(value: float) -> bool:
        """Whether a membership would be neither in nor out: exactly 0.5, but for rounding."""
        return abs(value - _HALF) < _NEAR_HALF

    @property
    def log_odds(self) -> float:
        """Log-odds of the value, those of 0 and 1 taken a millionth inside."""
        return _logit(self.value)

    @property
    def log_odds_errors(self) -> tuple[float, float]:
        """Standard error of the log-odds below and above the value, 0 where it is not known.

        Notes
        -----
        ``(logit(value) - logit(lower)) / 1.96``, and likewise above: a normal value of the log-odds with these
        two spreads has the ends of the interval where they stand, and never leaves 0 to 1.
        """
        if self.lower is None or self.upper is None:
            return 0.0, 0.0
        z = NormalDist().inv_cdf((1 + _LEVEL) / 2)
        low, middle, high = (_logit(x) for x in (self.lower, self.value, self.upper))
        return (middle - low) / z, (high - middle) / z

    def __str__(self) -> str:
        if self.lower is None or self.upper is None:
            return f"{self.value:.2f}"
        return f"{self.value:.2f} ({self.lower:.2f} to {self.upper:.2f})"


Reading = State | Membership
"""What is known of a trust on a condition: a state, or a membership where it is a matter of degree."""


def _logit(share: float) -> float:
    inside = min(max(share, _EDGE), 1 - _EDGE)
    return math.log(inside / (1 - inside))


class StatedCondition(DomainModel):
    """A condition that may help or hinder a programme, as it is stated before anything is known of a trust.

    Parameters
    ----------
    id : str
        Identifier.
    name : str
        The condition as a statement that is true or false, or more or less true, of a trust.
    favourable : bool, default True
        Whether theory expects its presence to help.
    basis : str
        Where the coding comes from.
    constructs : tuple of str
        Constructs of context frameworks that it stands for, as ``framework:construct``.
    """

    id: Slug
    name: str = Field(min_length=1)
    favourable: bool = True
    basis: str = Field(min_length=1)
    constructs: tuple[str, ...] = ()


class Condition(StatedCondition):
    """A condition of a case table.

    Parameters
    ----------
    id, name, favourable, basis, constructs
        See :class:`StatedCondition`.
    top_tenth : float, optional
        Membership that a tenth of all trusts exceed in the favourable direction, where the condition is calibrated
        against all of them.
    """

    top_tenth: float | None = Field(default=None, ge=0, le=1)


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
    membership : Membership, optional
        How far, where the condition is a matter of degree; ``state`` is then the side of 0.5 that it is on.
    """

    trust: TrustCode
    condition: Slug
    state: State
    confidence: Confidence
    note: str = ""
    membership: Membership | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if self.membership is not None and self.state != self.membership.state:
            raise ValueError(
                f"{self.trust} x {self.condition} has the membership {self.membership.value:g} and the state "
                f"'{self.state}'; write '{self.membership.state}'"
            )
        return self

    @property
    def reading(self) -> Reading:
        """The membership where there is one, else the state."""
        return self.membership or self.state


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

    def with_condition(self, condition: Condition, cells: tuple[Cell, ...]) -> Self:
        """Return the table with one more condition, or with other cells for one that it has.

        Parameters
        ----------
        condition : Condition
            The condition; it keeps its place if the table has it already.
        cells : tuple of Cell
            One for each trust.

        Returns
        -------
        CaseTable
            A new table; ValidationError if it is not complete.
        """
        known = [item.id for item in self.conditions]
        conditions = tuple(condition if item.id == condition.id else item for item in self.conditions)
        return type(self)(
            conditions=conditions if condition.id in known else (*conditions, condition),
            trusts=self.trusts,
            cells=(*(cell for cell in self.cells if cell.condition != condition.id), *cells),
        )

    def cell(self, trust: str, condition: str) -> Cell:
        """Return one cell; KeyError if the table has no such trust or condition."""
        return {(cell.trust, cell.condition): cell for cell in self.cells}[trust, condition]

    def state(self, trust: str, condition: str) -> State:
        """Return present, absent or unknown; KeyError if the table has no such cell."""
        return self.cell(trust, condition).state

    def column(self, condition: str) -> tuple[State, ...]:
        """Return the states of all trusts on one condition, in the order of ``trusts``."""
        return tuple(self.state(trust, condition) for trust in self.trusts)
