"""Put cases and effects together once: checked, oriented so that good is positive, in a label-free order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Self

import numpy as np
from scipy.special import expit, ndtri

from lean_impact.domain import CaseTable, Membership, Reading, State, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import DesignError, InputError, Issue

__all__ = ["FEWEST_TRUSTS", "Evidence", "completions", "fillings", "helps", "without_trust"]

FEWEST_TRUSTS: Final = 3
"""Fewer effects than this leave no more than one degree of freedom, so no prediction has a mean."""

DRAWS: Final = 32
"""Draws of memberships that are not certain, unless told otherwise."""
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
    top_tenth : ndarray of float64, shape (n_conditions,)
        Membership that a tenth of all trusts exceed in the favourable direction; NaN where it is not known.
    states : ndarray of int8, shape (n_trusts, n_conditions)
        1 present, 0 absent, -1 unknown; of a membership, the side of 0.5 that it is on.
    readings : tuple of tuple of (str or Membership), n_trusts by n_conditions
        The same with memberships where a condition is a matter of degree.
    effects, standard_errors : ndarray of float64, shape (n_trusts,)
        In the unit of the measure.
    shared_errors : ndarray of float64, shape (n_trusts,)
        Part of the standard errors that all effects have in common.
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
    top_tenth: np.ndarray
    states: np.ndarray
    readings: tuple[tuple[Reading, ...], ...]
    effects: np.ndarray
    standard_errors: np.ndarray
    shared_errors: np.ndarray
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
        cells = {(cell.trust, cell.condition): cell for cell in cases.cells}
        sign = -1.0 if improvement == "decrease" else 1.0

        def content(effect: TrustEffect) -> tuple[float, float, tuple[float, ...], str]:
            """Order by what is known of a trust; its name only parts trusts that are alike in all of it."""
            own = [cells[effect.trust, condition] for condition in conditions]
            known = tuple(c.membership.value if c.membership else _CODES[c.state] for c in own)
            return sign * effect.estimate.value, effect.estimate.standard_error, known, effect.trust

        rows = sorted(effects, key=content)
        # Adding 0.0 turns -0.0 into 0.0.
        ends = sign * np.array([(row.estimate.lower, row.estimate.upper) for row in rows]) + 0.0
        return cls(
            trusts=tuple(row.trust for row in rows),
            conditions=conditions,
            names=tuple(condition.name for condition in ordered),
            favourable=_frozen(np.array([condition.favourable for condition in ordered])),
            top_tenth=_frozen(
                np.array([np.nan if c.top_tenth is None else c.top_tenth for c in ordered], dtype=float)
            ),
            states=_frozen(
                np.array(
                    [[_CODES[cells[row.trust, c].state] for c in conditions] for row in rows], dtype=np.int8
                )
            ),
            readings=tuple(tuple(cells[row.trust, c].reading for c in conditions) for row in rows),
            effects=_frozen(sign * np.array([row.estimate.value for row in rows]) + 0.0),
            standard_errors=_frozen(np.array([row.estimate.standard_error for row in rows])),
            shared_errors=_frozen(np.array([row.shared_error for row in rows])),
            lower=_frozen(ends.min(axis=1)),
            upper=_frozen(ends.max(axis=1)),
        )

    @property
    def favours(self) -> np.ndarray:
        """States by whether they are expected to help: 1 helps, 0 does not, -1 unknown; same shape."""
        return helps(self.states, self.favourable)

    @property
    def fuzzy(self) -> np.ndarray:
        """Whether a condition is a matter of degree for some trust, shape (n_conditions,)."""
        columns = zip(*self.readings, strict=True)
        return np.array([any(isinstance(cell, Membership) for cell in column) for column in columns])

    @property
    def known_constant(self) -> np.ndarray:
        """Whether a condition is known for every trust and the same for all, shape (n_conditions,)."""
        known = (self.states >= 0).all(axis=0) & ~self.fuzzy
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

    def context(self, trust: str) -> dict[str, Reading]:
        """Return what is known of a trust by condition.

        Parameters
        ----------
        trust : str
            Trust code.

        Returns
        -------
        dict of str to ({"present", "absent", "unknown"} or Membership)
            One for each condition.
        """
        return dict(zip(self.conditions, self.readings[self.row(trust)], strict=True))

    def fillings(
        self, entering: np.ndarray, *, limit: int, seed: int, draws: int = DRAWS
    ) -> tuple[np.ndarray, bool]:
        """Fill unknown cells both ways, and draw memberships that are not certain.

        Parameters
        ----------
        entering : ndarray of int64, shape (n_entering,)
            Positions of the conditions to fill.
        limit, seed, draws
            See :func:`fillings`.

        Returns
        -------
        filled : ndarray of float64, shape (n_fillings, n_trusts, n_entering)
            1 present, 0 absent, or a membership; all to be weighted alike.
        exact : bool
            Whether every way to fill the unknown cells is among them.
        """
        chosen = [[row[i] for i in entering] for row in self.readings]
        return fillings(chosen, limit=limit, seed=seed, draws=draws)

    def encode(self, states: Mapping[str, Reading]) -> np.ndarray:
        """Check a new context against the conditions, and encode it.

        Parameters
        ----------
        states : mapping of str to ({"present", "absent", "unknown"} or Membership)
            One for each condition; what is not known is given as unknown, not left out.

        Returns
        -------
        ndarray of int8, shape (n_conditions,)
            1 present, 0 absent, -1 unknown; of a membership, the side of 0.5 that it is on.

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
            if not isinstance(s, Membership) and s not in _CODES
        ]
        if issues:
            raise InputError("the context cannot be read", issues)
        return np.array([_code(states[c]) for c in self.conditions], dtype=np.int8)


def _code(reading: Reading) -> int:
    return _CODES[reading.state if isinstance(reading, Membership) else reading]


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


def fillings(
    readings: Sequence[Sequence[Reading]], *, limit: int, seed: int, draws: int = DRAWS
) -> tuple[np.ndarray, bool]:
    """Fill unknown cells both ways, and draw memberships that are not certain.

    Parameters
    ----------
    readings : sequence of sequence of ({"present", "absent", "unknown"} or Membership), n by n_conditions
        What is known of each trust or context.
    limit : int
        Most ways to fill the unknown cells; beyond, as many random ones.
    seed : int
        Seed of random fillings and memberships.
    draws : int, default 32
        Draws of the memberships that are not certain, shared out among the fillings, at least one each; 0 takes
        all as they stand.

    Returns
    -------
    filled : ndarray of float64, shape (n_fillings, n, n_conditions)
        1 present, 0 absent, or a membership; all to be weighted alike.
    exact : bool
        Whether every way to fill the unknown cells is among them.

    Notes
    -----
    The log-odds of a membership are normal with the two spreads of ``Membership.log_odds_errors``, drawn by a
    Latin hypercube: every cell takes its quantiles evenly, the cells in orders of their own.

    Examples
    --------
    >>> filled, exact = fillings([["present", Membership(value=0.8)], ["unknown", "absent"]], limit=8, seed=0)
    >>> filled.tolist(), exact
    ([[[1.0, 0.8], [0.0, 0.0]], [[1.0, 0.8], [1.0, 0.0]]], True)
    """
    shape = (len(readings), len(readings[0]) if readings else 0)
    states = np.array([[_code(cell) for cell in row] for row in readings], dtype=np.int8).reshape(shape)
    filled, exact = completions(states, limit=limit, seed=seed)
    degrees = {
        (i, j): cell
        for i, row in enumerate(readings)
        for j, cell in enumerate(row)
        if isinstance(cell, Membership)
    }
    if draws and any(any(cell.log_odds_errors) for cell in degrees.values()):
        filled = np.repeat(filled, max(1, draws // len(filled)), axis=0)
    rng, n = np.random.default_rng(seed), len(filled)
    for (i, j), cell in degrees.items():
        below, above = cell.log_odds_errors
        z = ndtri((rng.permutation(n) + 1 / 2) / n)
        drawn = expit(cell.log_odds + z * np.where(z > 0, above, below))
        filled[:, i, j] = drawn if draws and (below or above) else cell.value
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
