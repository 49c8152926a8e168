"""Conditions against a yes-or-no outcome: which match perfectly, and how often luck would do as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import comb
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import pandas as pd

from lean_impact.contingency.evidence import Evidence, completions
from lean_impact.domain import State
from lean_impact.errors import InputError, Issue

__all__ = [
    "FRAMEWORK_SIZES",
    "MUSIQ",
    "CrispMatch",
    "Match",
    "OutcomeMove",
    "crisp_match",
    "luck",
    "trusts_needed",
]

Match = Literal["matches", "could match", "does not match"]

MUSIQ: Final = "MUSIQ (2012)"
FRAMEWORK_SIZES: Final[Mapping[str, int]] = MappingProxyType({MUSIQ: 25, "CFIR (2009)": 39})
"""Number of factors in two published frameworks, as a measure of how many conditions a team may look at:
Kaplan and others (2012), BMJ Quality and Safety 21, 13-20; Damschroder and others (2009), Implementation
Science 4, 50."""

_COMPLETIONS = 1024
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeMove:
    """When an outcome moved, and since when a condition or programme could have moved it.

    Parameters
    ----------
    trust : str
        Trust code.
    outcome : str
        What moved, in words.
    moved : date
        When it moved, or was inspected.
    could_act_from : date
        From when the programme or condition could have shown.
    note : str
        Where that was read.

    Examples
    --------
    >>> OutcomeMove(trust="RR8", outcome="rating", moved=date(2016, 5, 1),
    ...             could_act_from=date(2017, 1, 1)).too_early
    True
    """

    trust: str
    outcome: str
    moved: date
    could_act_from: date
    note: str = ""

    @property
    def too_early(self) -> bool:
        """Whether the outcome moved before anything could have moved it."""
        return self.moved < self.could_act_from

    def __str__(self) -> str:
        when = f"{self.trust}: {self.outcome} moved {self.moved:%d %b %Y}, could not act before "
        return f"{when}{self.could_act_from:%d %b %Y}{f' ({self.note})' if self.note else ''}"


def luck(n_trusts: int, *, n_with_outcome: int, n_conditions: int) -> float:
    """Compute how often at least one condition matches an outcome perfectly by luck.

    Parameters
    ----------
    n_trusts : int
        Trusts.
    n_with_outcome : int
        Trusts that show the outcome.
    n_conditions : int
        Independent conditions, each present in as many trusts as the outcome.

    Returns
    -------
    float
        ``1 - (1 - 1 / C(n_trusts, n_with_outcome)) ** n_conditions``.

    Examples
    --------
    >>> [round(luck(5, n_with_outcome=3, n_conditions=k), 2) for k in (1, 8, 25, 39)]
    [0.1, 0.57, 0.93, 0.98]
    """
    return 1 - (1 - 1 / comb(n_trusts, n_with_outcome)) ** n_conditions


def trusts_needed(*, n_conditions: int, level: float = 0.05) -> int:
    """Compute how many trusts make a perfect match by luck unlikely.

    Parameters
    ----------
    n_conditions : int
        Independent conditions looked at.
    level : float, default 0.05
        Largest acceptable chance that at least one matches an evenly split outcome perfectly.

    Returns
    -------
    int
        The fewest trusts.

    Examples
    --------
    >>> trusts_needed(n_conditions=1), trusts_needed(n_conditions=25)
    (6, 12)
    """
    n = 2
    while luck(n, n_with_outcome=n // 2, n_conditions=n_conditions) > level * (1 + _ROUNDING):
        n += 1
    return n


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrispMatch:
    """How conditions match a yes-or-no outcome.

    Attributes
    ----------
    outcome : str
        The outcome in words.
    trusts : tuple of str
        Codes of the trusts compared.
    with_outcome : ndarray of bool, shape (n_trusts,)
        Whether each of them shows it.
    matches : mapping of str to {"matches", "could match", "does not match"}
        By condition: present as theory wants it in exactly the trusts that show the outcome; only if unknown
        cells turn out so; or not.
    per_condition : float
        Chance that one condition, present in as many trusts as the outcome, matches perfectly.
    at_least_one : mapping of str to (int, float)
        By name of a list of conditions: how many there are, and the chance that at least one of that many
        independent ones matches perfectly.
    this_table : tuple of float
        Chance that at least one condition of this very table matches, its ties and splits as they are, if the
        outcome fell on as many trusts at random: lowest and highest over the unknown cells.
    unknown : tuple of str
        Trusts left out because their outcome is not known.
    """

    outcome: str
    trusts: tuple[str, ...]
    with_outcome: np.ndarray
    matches: Mapping[str, Match]
    per_condition: float
    at_least_one: Mapping[str, tuple[int, float]]
    this_table: tuple[float, float]
    unknown: tuple[str, ...]

    @property
    def n_with_outcome(self) -> int:
        """How many trusts show the outcome."""
        return int(self.with_outcome.sum())

    @property
    def perfect(self) -> tuple[str, ...]:
        """Identifiers of the conditions that match perfectly."""
        return tuple(condition for condition, match in self.matches.items() if match == "matches")

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each list: ``outcome``, ``conditions``, ``n_conditions``, ``probability``."""
        rows = [(self.outcome, name, k, chance) for name, (k, chance) in self.at_least_one.items()]
        return pd.DataFrame(rows, columns=["outcome", "conditions", "n_conditions", "probability"])


def crisp_match(
    evidence: Evidence, *, outcome: Mapping[str, bool | State], name: str, drop: Sequence[str] = (), seed: int
) -> CrispMatch | None:
    """Compare conditions with a yes-or-no outcome.

    Parameters
    ----------
    evidence : Evidence
        Trusts with their conditions.
    outcome : mapping of str to bool or {"present", "absent", "unknown"}
        Whether each trust shows the outcome.
    name : str
        The outcome in words.
    drop : sequence of str
        Trusts to leave out, such as those whose outcome moved too early.
    seed : int
        Seed of random fillings if there are more than ten unknown cells.

    Returns
    -------
    CrispMatch or None
        None if fewer than two trusts remain or all of them have the same outcome: nothing can be matched.

    Raises
    ------
    InputError
        If the outcome is not given for exactly the trusts of the evidence.
    """
    known = _outcome_of(evidence, outcome)
    kept = [t for t in sorted(evidence.trusts) if known[t] is not None and t not in drop]
    wanted = np.array([bool(known[t]) for t in kept])
    if len(set(wanted.tolist())) < 2:  # noqa: PLR2004 - yes and no
        return None
    favours = evidence.favours[[evidence.row(t) for t in kept]]
    matches = {c: _match(favours[:, i], wanted) for i, c in enumerate(evidence.conditions)}
    n, m, k = len(kept), int(wanted.sum()), int(evidence.testable.sum())
    filled, _ = completions(favours[:, evidence.testable], limit=_COMPLETIONS, seed=seed)
    # Each distinct column with as many present as the outcome is one assignment that would match.
    hits = [len(np.unique(table[:, table.sum(axis=0) == m], axis=1).T) for table in filled]
    lists = {"this table, if independent": k, **FRAMEWORK_SIZES}
    return CrispMatch(
        outcome=name,
        trusts=tuple(kept),
        with_outcome=wanted,
        matches=MappingProxyType(matches),
        per_condition=1 / comb(n, m),
        at_least_one=MappingProxyType(
            {label: (size, luck(n, n_with_outcome=m, n_conditions=size)) for label, size in lists.items()}
        ),
        this_table=(min(hits) / comb(n, m), max(hits) / comb(n, m)),
        unknown=tuple(t for t in sorted(evidence.trusts) if known[t] is None),
    )


def _match(favours: np.ndarray, wanted: np.ndarray) -> Match:
    """Compare one condition with the outcome, unknown cells left open."""
    known = favours >= 0
    if (favours[known] != wanted[known]).any():
        return "does not match"
    return "matches" if known.all() else "could match"


def _outcome_of(evidence: Evidence, outcome: Mapping[str, bool | State]) -> dict[str, bool | None]:
    """Read the outcome of each trust, None if it is not known."""
    words: dict[bool | State, bool | None] = {
        True: True, False: False, "present": True, "absent": False, "unknown": None
    }  # fmt: skip
    issues = [
        Issue(rule="outcome-missing", message=f"trust {t} has no outcome; write 'unknown' if it is")
        for t in evidence.trusts
        if t not in outcome
    ]
    issues += [
        Issue(rule="outcome-unheard-of", message=f"outcome of {t}, which is not among the trusts")
        for t in outcome
        if t not in evidence.trusts
    ]
    issues += [
        Issue(rule="outcome-value", message=f"the outcome of {t} is {v!r}; write true, false or unknown")
        for t, v in outcome.items()
        if v not in words
    ]
    if issues:
        raise InputError("the outcome cannot be read", issues)
    return {trust: words[outcome[trust]] for trust in evidence.trusts}
