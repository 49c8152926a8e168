"""Read a theory written as a set expression, and tell where it cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from lean_impact.errors import InputError, Issue

__all__ = ["Expression", "expression"]

_TOKEN: Final = re.compile(r"\s*(?:(?P<name>[^\W\d][\w.-]*)(?:\[(?P<value>\d+)\])?|(?P<sign>[*+~()]))")


class Literals(Protocol):
    """Membership of every case in a value of a condition."""

    def __call__(self, name: str, value: int | None, /) -> np.ndarray:
        """Return the memberships; ``value`` is None for a name without brackets."""


class _Node(Protocol):
    def evaluate(self, literals: Literals) -> np.ndarray: ...

    def leaves(self) -> Iterator[tuple[str, int | None]]: ...


@dataclass(frozen=True, slots=True)
class _Leaf:
    name: str
    value: int | None

    def evaluate(self, literals: Literals) -> np.ndarray:
        return literals(self.name, self.value)

    def leaves(self) -> Iterator[tuple[str, int | None]]:
        yield self.name, self.value


@dataclass(frozen=True, slots=True)
class _Not:
    part: _Node

    def evaluate(self, literals: Literals) -> np.ndarray:
        return 1.0 - self.part.evaluate(literals)

    def leaves(self) -> Iterator[tuple[str, int | None]]:
        yield from self.part.leaves()


@dataclass(frozen=True, slots=True)
class _Join:
    parts: tuple[_Node, ...]
    both: bool

    def evaluate(self, literals: Literals) -> np.ndarray:
        found = [part.evaluate(literals) for part in self.parts]
        return np.asarray(np.minimum.reduce(found) if self.both else np.maximum.reduce(found))

    def leaves(self) -> Iterator[tuple[str, int | None]]:
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A set expression over named conditions.

    Attributes
    ----------
    text : str
        As it was written.
    root : object
        What it says, ready to be evaluated.
    """

    text: str
    root: _Node

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order in which they first appear."""
        return tuple(dict.fromkeys(name for name, _ in self.root.leaves()))

    @property
    def leaves(self) -> tuple[tuple[str, int | None], ...]:
        """Every name with the value in brackets, None without one."""
        return tuple(dict.fromkeys(self.root.leaves()))

    def evaluate(self, literals: Literals) -> np.ndarray:
        """Compute the membership in the expression.

        Parameters
        ----------
        literals : callable
            From a name and a value (None without brackets) to memberships from 0 to 1 of any shape.

        Returns
        -------
        ndarray of float64
            ``*`` is the smaller membership, ``+`` the larger, ``~`` one minus it.
        """
        return self.root.evaluate(literals)

    def of(self, memberships: Mapping[str, np.ndarray]) -> np.ndarray:
        """Compute the membership from memberships by name, for conditions of two values.

        Parameters
        ----------
        memberships : mapping of str to ndarray of float64
            By name, all of one shape.

        Returns
        -------
        ndarray of float64, same shape
            Membership in the expression.
        """

        def literal(name: str, value: int | None) -> np.ndarray:
            column = np.asarray(memberships[name], dtype=float)
            return 1.0 - column if value == 0 else column

        return self.evaluate(literal)

    def __str__(self) -> str:
        return self.text


def expression(text: str, *, names: Collection[str] | None = None) -> Expression:
    """Read a set expression.

    Parameters
    ----------
    text : str
        Names joined by ``*`` (and), ``+`` (or) and ``~`` (not), with brackets where needed:
        ``READY*(STABLE + ~HURRIED)``. ``SIZE[2]`` is a value of a condition of several values. ``*`` binds
        more closely than ``+``.
    names : collection of str, optional
        Names that there are; any if not given.

    Returns
    -------
    Expression
        What it says.

    Raises
    ------
    InputError
        If it cannot be read, with the position, or uses names that are not there; all are listed.

    Examples
    --------
    >>> theory = expression("READY*STABLE + ~HURRIED")
    >>> theory.names
    ('READY', 'STABLE', 'HURRIED')
    >>> ready, stable, hurried = np.array([1.0, 0.2]), np.array([0.6, 1.0]), np.array([0.9, 0.5])
    >>> theory.of({"READY": ready, "STABLE": stable, "HURRIED": hurried}).tolist()
    [0.6, 0.5]
    """
    reader = _Reader(text)
    root = reader.read()
    unknown = {} if names is None else {n: at for n, at in reader.where.items() if n not in names}
    if unknown:
        known = ", ".join(names or ())
        raise InputError(
            f"the expression '{text}' names conditions that are not there; there are {known}",
            [
                Issue(rule="expression-name", message=f"'{name}' at position {at + 1} is no condition")
                for name, at in unknown.items()
            ],
        )
    return Expression(text=text, root=root)


class _Reader:
    """Read an expression by recursive descent."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.where: dict[str, int] = {}

    def read(self) -> _Node:
        root = self._any()
        if self._peek() is not None:
            raise self._wrong("end the expression or join what follows by * or +")
        return root

    def _any(self) -> _Node:
        return self._joined(self._all, "+", both=False)

    def _all(self) -> _Node:
        return self._joined(self._one, "*", both=True)

    def _joined(self, read: Callable[[], _Node], sign: str, *, both: bool) -> _Node:
        parts = [read()]
        while self._peek() == sign:
            self._take()
            parts.append(read())
        return parts[0] if len(parts) == 1 else _Join(tuple(parts), both)

    def _one(self) -> _Node:
        found = self._match()
        if found is None:
            raise self._wrong(
                "a condition is missing here" if self._rest() else "the expression ends too soon"
            )
        sign = found["sign"]
        if sign == "~":
            self._take()
            return _Not(self._one())
        if sign == "(":
            self._take()
            inner = self._any()
            if self._peek() != ")":
                raise self._wrong("close the bracket with )")
            self._take()
            return inner
        if sign is not None:
            raise self._wrong("a condition is missing here")
        self.where.setdefault(found["name"], found.start("name"))
        self.at = found.end()
        return _Leaf(found["name"], None if found["value"] is None else int(found["value"]))

    def _rest(self) -> str:
        return self.text[self.at :].strip()

    def _match(self) -> re.Match[str] | None:
        return _TOKEN.match(self.text, self.at)

    def _peek(self) -> str | None:
        """Return the sign or name that comes next, None at the end; anything else is an error."""
        if not self._rest():
            return None
        found = self._match()
        if found is None:
            raise self._wrong("this sign has no meaning here; use names, *, +, ~, ( and )")
        return found["sign"] or found["name"]

    def _take(self) -> None:
        found = self._match()
        self.at = found.end() if found else self.at

    def _wrong(self, what: str) -> InputError:
        rest = self.text[self.at :]
        position = self.at + len(rest) - len(rest.lstrip()) + 1
        return InputError(
            f"the expression '{self.text}' cannot be read",
            [Issue(rule="expression-syntax", message=f"position {position}: {what}")],
        )
