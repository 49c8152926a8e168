"""What a case table cannot tell apart, and which single cells decide what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from lean_impact.contingency.evidence import Evidence, completions
from lean_impact.domain import CaseTable, State

__all__ = ["PivotalCell", "Tie", "pivotal_cells", "tied_conditions"]

_COMPLETIONS = 1024
_DOUBTFUL = ("low", "inferred")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Conditions that are one explanation: the same column, or exactly opposite ones.

    Attributes
    ----------
    conditions : tuple of str
        Identifiers.
    cells : tuple of (str, str)
        Trust and condition of the unknown cells that could tie them; empty if they are tied already.
    """

    conditions: tuple[str, ...]
    cells: tuple[tuple[str, str], ...] = ()

    @property
    def certain(self) -> bool:
        """Whether they are tied by what is known."""
        return not self.cells


@dataclass(frozen=True, slots=True, kw_only=True)
class PivotalCell:
    """A cell that is unknown or weakly known, and alone can turn what its condition seems to say.

    Attributes
    ----------
    trust, condition : str
        The cell.
    state : {"present", "absent", "unknown"}
        What the table says.
    confidence : str
        How sure that is.
    about : str
        What the verdict is about.
    if_present, if_absent : str
        The two verdicts, the other unknown cells filled in one way that lets this cell decide.
    """

    trust: str
    condition: str
    state: State
    confidence: str
    about: str
    if_present: str
    if_absent: str


def tied_conditions(evidence: Evidence) -> tuple[Tie, ...]:
    """Find conditions that these trusts cannot tell apart.

    Parameters
    ----------
    evidence : Evidence
        Trusts with their conditions.

    Returns
    -------
    tuple of Tie
        Groups that are tied, then pairs of groups that some filling of the unknown cells would tie.
        Conditions that are the same everywhere, known nowhere or a matter of degree are left out.
    """
    open_columns = [
        (evidence.conditions[i], evidence.states[:, i])
        for i in np.flatnonzero(evidence.testable & ~evidence.fuzzy)
    ]
    groups: dict[tuple[object, ...], list[str]] = {}
    for condition, column in open_columns:
        # Opposite columns share a key; a column with unknown cells is a group of its own.
        known = bool((column >= 0).all())
        key: tuple[object, ...] = tuple((column ^ column[0]).tolist()) if known else (condition,)
        groups.setdefault(key, []).append(condition)
    columns = dict(open_columns)
    certain = [Tie(conditions=tuple(ids)) for ids in groups.values() if len(ids) > 1]
    possible = []
    for left, right in combinations(groups.values(), 2):
        one, two = columns[left[0]], columns[right[0]]
        both = (one >= 0) & (two >= 0)
        compatible = both.any() and ((one == two)[both].all() or (one != two)[both].all())
        cells = [
            (evidence.trusts[row], ids[0])
            for ids, column in ((left, one), (right, two))
            for row in np.flatnonzero(column < 0)
        ]
        if compatible and cells:
            possible.append(Tie(conditions=(*left, *right), cells=tuple(sorted(cells))))
    return (*certain, *possible)


def pivotal_cells(
    cases: CaseTable, evidence: Evidence, *, about: str, verdict: Callable[[str, np.ndarray], str | None]
) -> tuple[PivotalCell, ...]:
    """Find cells that are unknown or weakly known and alone decide a verdict.

    Parameters
    ----------
    cases : CaseTable
        The table, for the confidence of its cells.
    evidence : Evidence
        The same facts as arrays.
    about : str
        What the verdict is about, in words.
    verdict : callable
        From a condition's identifier and a column of ones and zeros, in the order of ``evidence.trusts``, to
        a word; None if the column says nothing.

    Returns
    -------
    tuple of PivotalCell
        By condition and trust. A cell is named if there is a filling of the condition's other unknown cells
        under which this cell alone changes the word.
    """
    found = []
    for position in np.flatnonzero(evidence.testable):
        condition, column = evidence.conditions[position], evidence.states[:, position]
        for trust in sorted(evidence.trusts):
            cell, row = cases.cell(trust, condition), evidence.row(trust)
            if cell.state != "unknown" and cell.confidence not in _DOUBTFUL:
                continue
            words = _first_turn(column, row, partial(verdict, condition))
            if words is not None:
                found.append(
                    PivotalCell(
                        trust=trust, condition=condition, state=cell.state, confidence=cell.confidence,
                        about=about, if_present=words[0], if_absent=words[1],
                    )
                )  # fmt: skip
    return tuple(found)


def _first_turn(
    column: np.ndarray, row: int, verdict: Callable[[np.ndarray], str | None]
) -> tuple[str, str] | None:
    """Return the two verdicts of the first filling that lets the cell decide, None if there is none."""
    present = column.copy()
    present[row] = 1
    for filled in completions(present, limit=_COMPLETIONS, seed=0)[0]:
        other = filled.copy()
        other[row] = 0.0
        words = verdict(filled), verdict(other)
        if words[0] is not None and words[1] is not None and words[0] != words[1]:
            return words[0], words[1]
    return None
