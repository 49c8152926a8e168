"""Cases by conditions as sets: who is a member of what, checked once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import pandas as pd

from lean_impact.contingency.qca.expression import Expression, expression
from lean_impact.errors import InputError, Issue
from lean_impact.kernels.implicants import MOST_CONDITIONS
from lean_impact.kernels.set_fit import literal_memberships

__all__ = ["SetTable"]

_CRISP: Final = 2
_HALF: Final = 0.5
_MOST_ROWS: Final = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetTable:
    """Memberships of cases in conditions and in an outcome.

    Parameters
    ----------
    cases : tuple of str
        Names of the cases, each once.
    conditions : tuple of str
        Names of the conditions, each once.
    values : ndarray of float64, shape (n_cases, n_conditions)
        Membership from 0 to 1; for a condition of several values the value itself, counted from 0.
    outcome : ndarray of float64, shape (n_cases,)
        Membership in the outcome, from 0 to 1.
    levels : ndarray of int64, shape (n_conditions,)
        Number of values of each condition: 2 for a crisp or fuzzy one.
    outcome_name : str
        Name of the outcome.

    Raises
    ------
    InputError
        If memberships lie outside 0 to 1, cases or conditions are given twice, shapes differ, or there are
        too many conditions to list their configurations; all problems are named.

    Examples
    --------
    >>> table = SetTable.of(pd.DataFrame({"READY": [1, 0], "GOOD": [1, 0]}, index=["A", "B"]), outcome="GOOD")
    >>> table.conditions, table.outcome.tolist()
    (('READY',), [1.0, 0.0])
    """

    cases: tuple[str, ...]
    conditions: tuple[str, ...]
    values: np.ndarray
    outcome: np.ndarray
    levels: np.ndarray
    outcome_name: str = "OUTCOME"

    def __post_init__(self) -> None:
        shape = (len(self.cases), len(self.conditions))
        if np.shape(self.values) != shape or np.shape(self.outcome) != shape[:1]:
            raise InputError(
                f"{shape[0]} cases and {shape[1]} conditions need values of shape {shape} and {shape[0]} "
                f"outcomes, not {np.shape(self.values)} and {np.shape(self.outcome)}"
            )
        issues = [*self._doubles(), *self._sizes(), *self._outside()]
        if issues:
            raise InputError("the sets cannot be used", issues)
        for part in (self.values, self.outcome, self.levels):
            part.setflags(write=False)

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        *,
        outcome: str,
        conditions: Sequence[str] | None = None,
        several: Collection[str] = (),
    ) -> Self:
        """Take the sets from a table.

        Parameters
        ----------
        frame : DataFrame
            One row for each case, named by the index.
        outcome : str
            Column of the outcome. ``~GOOD`` is its negation; ``SIZE[2]`` is one of several values.
        conditions : sequence of str, optional
            Columns of the conditions, in this order; all others if not given.
        several : collection of str
            Conditions whose numbers are values and not memberships.

        Returns
        -------
        SetTable
            The sets.

        Raises
        ------
        InputError
            If a column is missing or what it holds cannot be used.
        """
        read = expression(outcome, names=[str(column) for column in frame.columns])
        chosen = [str(c) for c in frame.columns if c not in read.names] if conditions is None else conditions
        missing = [c for c in chosen if c not in frame.columns]
        issues = [Issue(rule="column-missing", message=f"there is no column '{c}'") for c in missing]
        text = [c for c in (*chosen, *read.names) if c not in missing and frame[c].dtype.kind not in "biuf"]
        issues += [Issue(rule="not-a-number", message=f"column '{c}' holds what is no number") for c in text]
        if issues:
            raise InputError("the sets cannot be read from the table", issues)
        values = frame[list(chosen)].to_numpy(dtype=float)

        def literal(name: str, value: int | None) -> np.ndarray:
            column = frame[name].to_numpy(dtype=float)
            return column if value is None else (column == value).astype(float)

        tops = values.max(axis=0, initial=0.0)
        levels = [
            max(_CRISP, int(top) + 1) if c in several and np.isfinite(top) else _CRISP
            for c, top in zip(chosen, tops, strict=True)
        ]
        return cls(
            cases=tuple(str(case) for case in frame.index),
            conditions=tuple(chosen),
            values=values,
            outcome=np.array(read.evaluate(literal), dtype=float),
            levels=np.array(levels, dtype=np.int64),
            outcome_name=outcome,
        )

    # ------------------------------------------------------------------ views

    def negated(self) -> Self:
        """Return the same cases with the negation of the outcome."""
        name = self.outcome_name
        other = name.removeprefix("~") if name.startswith("~") else f"~{name}"
        return replace(self, outcome=1.0 - self.outcome, outcome_name=other)

    @property
    def constants(self) -> tuple[str, ...]:
        """Conditions with the same value in every case."""
        same = (self.values == self.values[:1]).all(axis=0) if len(self.cases) else np.zeros(0, dtype=bool)
        return tuple(c for c, fixed in zip(self.conditions, same, strict=True) if fixed)

    @property
    def literals(self) -> np.ndarray:
        """Membership in every value: conditions by values by cases, and 1 for a condition that is free."""
        return literal_memberships(self.values, self.levels)

    @property
    def at_half(self) -> tuple[tuple[str, str], ...]:
        """Case and condition of every membership of exactly 0.5, which belongs to no row."""
        rows, columns = np.nonzero((self.values == _HALF) & (self.levels == _CRISP))
        return tuple((self.cases[r], self.conditions[c]) for r, c in zip(rows, columns, strict=True))

    @property
    def corners(self) -> np.ndarray:
        """Configuration that each case is nearest to, shape (n_cases, n_conditions); 0.5 counts as 0."""
        crisp = self.levels == _CRISP
        return np.where(crisp, self.values > _HALF, self.values).astype(np.int64)

    def membership(self, theory: Expression | str) -> np.ndarray:
        """Compute the membership of every case in an expression.

        Parameters
        ----------
        theory : Expression or str
            Over the conditions of the table.

        Returns
        -------
        ndarray of float64, shape (n_cases,)
            From 0 to 1.

        Raises
        ------
        InputError
            If the expression cannot be read, or names what is no condition or value.
        """
        read = expression(str(theory), names=self.conditions)
        literals, issues = self.literals, []
        for name, value in read.leaves:
            levels = int(self.levels[self.conditions.index(name)])
            if value is None and levels > _CRISP:
                issues.append(f"'{name}' has {levels} values; write one in brackets, such as {name}[0]")
            if value is not None and value >= levels:
                issues.append(f"'{name}' has no value {value}; the largest is {levels - 1}")
        if issues:
            found = [Issue(rule="expression-value", message=message) for message in issues]
            raise InputError(f"the expression '{read}' asks for values that are not there", found)
        return read.evaluate(
            lambda name, value: literals[self.conditions.index(name), 1 if value is None else value]
        )

    # ------------------------------------------------------------------ rules

    def _doubles(self) -> list[Issue]:
        return [
            Issue(rule=f"{what}-twice", message=f"{what} '{name}' is given {n} times")
            for what, names in (("case", self.cases), ("condition", self.conditions))
            for name, n in Counter(names).items()
            if n > 1
        ]

    def _sizes(self) -> list[Issue]:
        k, rows = len(self.conditions), float(np.prod(self.levels.astype(float)))
        issues = [
            Issue(rule=f"no-{what}", message=f"there is no {what}; give at least one")
            for what, names in (("case", self.cases), ("condition", self.conditions))
            if not names
        ]
        if k > MOST_CONDITIONS or rows > _MOST_ROWS:
            issues.append(
                Issue(
                    rule="too-many-conditions",
                    message=f"{k} conditions have {rows:.0f} configurations, more than can be listed; choose "
                    f"at most {MOST_CONDITIONS}, and far fewer than there are cases",
                )
            )
        return issues

    def _outside(self) -> list[Issue]:
        whole = (self.values >= 0) & (self.values < self.levels) & (self.values == np.floor(self.values))
        fuzzy = (self.values >= 0) & (self.values <= 1)
        allowed = np.where(self.levels == _CRISP, fuzzy, whole)
        issues = []
        for row, column in zip(*np.nonzero(~allowed), strict=True):
            is_set = self.levels[column] == _CRISP
            wants = "a membership from 0 to 1" if is_set else "a whole number from 0"
            found = self.values[row, column]
            text = f"{self.cases[row]} on '{self.conditions[column]}' is {found:g}; write {wants}"
            issues.append(Issue(rule="membership", message=text))
        for row in np.flatnonzero(~((self.outcome >= 0) & (self.outcome <= 1))):
            text = (
                f"the outcome of {self.cases[row]} is {self.outcome[row]:g}; write a membership from 0 to 1"
            )
            issues.append(Issue(rule="membership", message=text))
        return issues
