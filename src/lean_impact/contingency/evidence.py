"""Put cases and effects together once: checked, oriented so that good is positive, in a label-free order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Self

import numpy as np

from lean_impact.domain import CaseTable, State, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import DesignError, InputError, Issue

__all__ = ["FEWEST_TRUSTS", "Evidence", "completions", "helps", "without_trust"]

FEWEST_TRUSTS: Final = 3
"""Fewer effects than this leave no more than one degree of freedom, so no prediction has a mean."""

_CODES: Final[dict[State, int]] = {"present": 1, "absent": 0, "unknown": -1}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Cases and effects as arrays, the effects oriented so that a positive one is an improvement.

    Attributes
    ----------
    trusts : tuple of str
        Codes, ordered by effect, standard error and states, never by code: the order of the input and the
        names of the trusts cannot change a result.
    conditions : tuple of str
        Identifiers of all conditions, in alphabetical order.
    names : tuple of str
        Their names for readers, in the same order.
    favourable : ndarray of bool, shape (n_conditions,)
        Whether theory expects the presence of the condition to help.
    states : ndarray of int8, shape (n_trusts, n_conditions)
        1 present, 0 absent, -1 unknown.
    effects, standard_errors : ndarray of float64, shape (n_trusts,)
        In the unit of the measure.
    lower, upper : ndarray of float64, shape (n_trusts,)
        Ends of the intervals that came with the effects, oriented like them.

    Examples
    --------
    >>> from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
    >>> cases = synthetic_cases({"stable": "111"}, trusts=("RTP", "RR8", "RXW"))
    >>> effects = synthetic_effects({"RTP": 3.0, "RR8": 1.0, "RXW": 2.0}, standard_errors=1.0)
    >>> Evidence.gather(cases, effects, improvement="decrease").effects.tolist()
    [-3.0, -2.0, -1.0]
    """

    trusts: tuple[str, ...]
    conditions: tuple[str, ...]
    names: tuple[str, ...]
    favourable: np.ndarray
    states: np.ndarray
    effects: np.ndarray
    standard_errors: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def gather(cls, cases: CaseTable, effects: Sequence[TrustEffect], *, improvement: Direction) -> Self:
        """Check that cases and effects belong together, and orient the effects.

        Parameters
        ----------
        cases : CaseTable
            Which trust showed which condition.
        effects : sequence of TrustEffect
            One for each trust of the table, in the unit of the measure, each with its standard error.
        improvement : {"increase", "decrease", "neutral"}
            Which movement of the measure is better.

        Returns
        -------
        Evidence
            The same facts as arrays.

        Raises
        ------
        InputError
            If a trust is only in the table or only among the effects, is given twice, or has no standard
            error.
        DesignError
            If there are fewer than three trusts, or the measure has no better direction.
        """
        _check(cases, effects, improvement)
        ordered = sorted(cases.conditions, key=lambda condition: condition.id)
        conditions = tuple(condition.id for condition in ordered)
        cells = {(cell.trust, cell.condition): _CODES[cell.state] for cell in cases.cells}
        sign = -1.0 if improvement == "decrease" else 1.0

        def content(effect: TrustEffect) -> tuple[float, float, tuple[int, ...], str]:
            """Order by what is known of a trust; its name only parts trusts that are alike in all of it."""
            known = tuple(cells[effect.trust, condition] for condition in conditions)
            return sign * effect.estimate.value, effect.estimate.standard_error, known, effect.trust

        rows = sorted(effects, key=content)
        # Adding 0.0 turns -0.0 into 0.0.
        ends = sign * np.array([(row.estimate.lower, row.estimate.upper) for row in rows]) + 0.0
        return cls(
            trusts=tuple(row.trust for row in rows),
            conditions=conditions,
            names=tuple(condition.name for condition in ordered),
            favourable=_frozen(np.array([condition.favourable for condition in ordered])),
            states=_frozen(np.array([content(row)[2] for row in rows], dtype=np.int8)),
            effects=_frozen(sign * np.array([row.estimate.value for row in rows]) + 0.0),
            standard_errors=_frozen(np.array([row.estimate.standard_error for row in rows])),
            lower=_frozen(ends.min(axis=1)),
            upper=_frozen(ends.max(axis=1)),
        )

    @property
    def favours(self) -> np.ndarray:
        """States by whether they are expected to help: 1 helps, 0 does not, -1 unknown; same shape."""
        return helps(self.states, self.favourable)

    @property
    def known_constant(self) -> np.ndarray:
        """Whether a condition is known for every trust and the same for all, shape (n_conditions,)."""
        known = (self.states >= 0).all(axis=0)
        return np.asarray(known & (self.states == self.states[0]).all(axis=0))

    @property
    def wholly_unknown(self) -> np.ndarray:
        """Whether a condition is known for no trust, shape (n_conditions,)."""
        return np.asarray((self.states < 0).all(axis=0))

    @property
    def testable(self) -> np.ndarray:
        """Whether a condition differs between the trusts, or may, shape (n_conditions,)."""
        return np.asarray(~(self.known_constant | self.wholly_unknown))

    def row(self, trust: str) -> int:
        """Return the position of a trust.

        Parameters
        ----------
        trust : str
            Trust code.

        Returns
        -------
        int
            Position in every array.

        Raises
        ------
        InputError
            If the trust is not among them.
        """
        if trust not in self.trusts:
            raise InputError(
                f"no effect of trust {trust} was fitted; known are {', '.join(sorted(self.trusts))}"
            )
        return self.trusts.index(trust)

    def context(self, trust: str) -> dict[str, State]:
        """Return the states of a trust by condition.

        Parameters
        ----------
        trust : str
            Trust code.

        Returns
        -------
        dict of str to {"present", "absent", "unknown"}
            One state for each condition.
        """
        words = {code: state for state, code in _CODES.items()}
        return {c: words[int(s)] for c, s in zip(self.conditions, self.states[self.row(trust)], strict=True)}

    def encode(self, states: Mapping[str, State]) -> np.ndarray:
        """Check a new context against the conditions, and encode it.

        Parameters
        ----------
        states : mapping of str to {"present", "absent", "unknown"}
            One state for each condition; what is not known is given as unknown, not left out.

        Returns
        -------
        ndarray of int8, shape (n_conditions,)
            1 present, 0 absent, -1 unknown.

        Raises
        ------
        InputError
            If a condition is missing, is not in the table, or has no such state; all are listed.
        """
        issues = [
            Issue(rule="condition-missing", message=f"condition '{c}' is not given; write 'unknown' if it is")
            for c in self.conditions
            if c not in states
        ]
        issues += [
            Issue(rule="condition-unheard-of", message=f"condition '{c}' is not in the case table")
            for c in states
            if c not in self.conditions
        ]
        issues += [
            Issue(rule="state", message=f"condition '{c}' is '{s}'; write present, absent or unknown")
            for c, s in states.items()
            if s not in _CODES
        ]
        if issues:
            raise InputError("the context cannot be read", issues)
        return np.array([_CODES[states[c]] for c in self.conditions], dtype=np.int8)


def helps(states: np.ndarray, favourable: np.ndarray) -> np.ndarray:
    """Read states by whether they are expected to help.

    Parameters
    ----------
    states : ndarray of int8, shape (..., n_conditions)
        1 present, 0 absent, -1 unknown.
    favourable : ndarray of bool, shape (n_conditions,)
        Whether theory expects the presence of the condition to help.

    Returns
    -------
    ndarray of int8, same shape
        1 helps, 0 does not, -1 unknown.

    Examples
    --------
    >>> helps(np.array([1, 1, -1]), np.array([True, False, False])).tolist()
    [1, 0, -1]
    """
    return np.where(favourable | (states < 0), states, 1 - states).astype(np.int8)


def _frozen(values: np.ndarray) -> np.ndarray:
    """Make an array read-only."""
    values.setflags(write=False)
    return values


def _check(cases: CaseTable, effects: Sequence[TrustEffect], improvement: Direction) -> None:
    """Raise for everything that keeps cases and effects apart."""
    given = Counter(effect.trust for effect in effects)
    issues = [
        Issue(
            rule="effect-missing",
            message=f"trust {t} is in the case table but has no effect; drop it or add one",
        )
        for t in cases.trusts
        if t not in given
    ]
    issues += [
        Issue(rule="case-missing", message=f"trust {t} has an effect but no row in the case table")
        for t in given
        if t not in cases.trusts
    ]
    issues += [
        Issue(rule="effect-twice", message=f"trust {t} has {n} effects; give one")
        for t, n in given.items()
        if n > 1
    ]
    issues += [
        Issue(
            rule="standard-error",
            message=f"the effect of trust {effect.trust} has no standard error; give one above 0",
        )
        for effect in effects
        if effect.estimate.standard_error <= 0
    ]
    if issues:
        raise InputError("cases and effects do not belong together", issues)
    if len(effects) < FEWEST_TRUSTS:
        raise DesignError(
            f"{len(effects)} trusts cannot say under which conditions a programme works; "
            f"{FEWEST_TRUSTS} are the fewest"
        )
    if improvement == "neutral":
        raise DesignError("the measure has no better direction, so no effect on it can be called good or bad")


def completions(states: np.ndarray, *, limit: int, seed: int) -> tuple[np.ndarray, bool]:
    """Fill unknown cells both ways.

    Parameters
    ----------
    states : ndarray of int8, any shape
        1, 0, or -1 for unknown.
    limit : int
        Most completions to return.
    seed : int
        Seed of the draw that is made if there are more.

    Returns
    -------
    filled : ndarray of float64, shape (n_completions, ...)
        Completions of ones and zeros in the shape of ``states``, all to be weighted alike.
    exact : bool
        Whether these are all completions, and not a random draw of them.

    Examples
    --------
    >>> filled, exact = completions(np.array([1, -1, 0], dtype=np.int8), limit=8, seed=0)
    >>> filled.tolist(), exact
    ([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]], True)
    """
    unknown = states < 0
    n_unknown = int(unknown.sum())
    exact = n_unknown < limit.bit_length() and 2**n_unknown <= limit
    if exact:
        values = np.array(list(product((0.0, 1.0), repeat=n_unknown))).reshape(2**n_unknown, n_unknown)
    else:
        values = np.random.default_rng(seed).integers(0, 2, (limit, n_unknown)).astype(float)
    filled = np.repeat(states[None].astype(float), len(values), axis=0)
    filled[:, unknown] = values
    return filled, exact


def without_trust(cases: CaseTable, trust: str) -> CaseTable:
    """Return the case table without one trust.

    Parameters
    ----------
    cases : CaseTable
        Two trusts or more.
    trust : str
        Code of the trust to leave out.

    Returns
    -------
    CaseTable
        The others, in their order.

    Examples
    --------
    >>> from lean_impact.contingency.synthetic import synthetic_cases
    >>> cases = synthetic_cases({"stable": "10"}, trusts=("RTP", "RXW"))
    >>> without_trust(cases, "RTP").trusts
    ('RXW',)
    """
    return CaseTable(
        conditions=cases.conditions,
        trusts=tuple(code for code in cases.trusts if code != trust),
        cells=tuple(cell for cell in cases.cells if cell.trust != trust),
    )
