"""Every smallest and every irredundant way to cover the rows of a chart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Final

import numpy as np

from lean_impact.kernels.bounded_covers import BoundedSearch

__all__ = ["MOST_COVERS", "Covers", "irredundant_covers", "smallest_covers"]

MOST_COVERS: Final = 10_000
"""Covers listed unless told otherwise."""
_LARGE: Final = 400
"""Terms times rows from which pricing the rows pays."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Covers:
    """Ways to cover all rows.

    Attributes
    ----------
    members : ndarray of bool, shape (n_covers, n_terms)
        Which terms each cover uses.
    complete : bool
        Whether these are all; False if there are more than were asked for.
    """

    members: np.ndarray
    complete: bool


def smallest_covers(chart: np.ndarray, *, most: int = MOST_COVERS) -> Covers:
    """List every cover with the fewest terms.

    Parameters
    ----------
    chart : ndarray of bool, shape (n_terms, n_rows)
        Which term covers which row.
    most : int, default 10000
        Covers to list at most.

    Returns
    -------
    Covers
        All covers of the smallest size, or the first ``most``; none if a row is covered by no term.

    Notes
    -----
    Branch and bound on the row with the fewest terms left; in a large chart each row is priced by the linear
    relaxation, which ends nearly every branch at once. Terms with the same coverage are one until the
    end, where each cover stands for as many as they can be exchanged; rows that are covered whenever another
    one is are dropped.

    Examples
    --------
    >>> chart = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], dtype=bool)
    >>> smallest_covers(chart).members.astype(int).tolist()
    [[1, 1, 0], [1, 0, 1], [0, 1, 1]]
    """
    search = _Search.of(chart, most=most)
    if search is None:
        return _none(chart)
    if search.is_large:
        bounded = BoundedSearch.of(search.table())
        size = bounded.fewest
        while not any(bounded.walk(size)):
            size += 1
        return search.collect(bounded.walk(size))
    size = search.lower_bound(search.all_rows, search.undominated())
    while not any(search.walk_smallest(search.all_rows, search.undominated(), (), size)):
        size += 1
    return search.collect(search.walk_smallest(search.all_rows, search.all_classes, (), size))


def irredundant_covers(chart: np.ndarray, *, most: int = MOST_COVERS) -> Covers:
    """List every cover from which no term can be left out.

    Parameters
    ----------
    chart : ndarray of bool, shape (n_terms, n_rows)
        Which term covers which row.
    most : int, default 10000
        Covers to list at most.

    Returns
    -------
    Covers
        All irredundant covers of any size, or the first ``most``; none if a row is covered by no term.

    References
    ----------
    Murakami and Uno (2014), Discrete Applied Mathematics 170, 83-94.

    Examples
    --------
    >>> chart = np.array([[1, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 1]], dtype=bool)
    >>> irredundant_covers(chart).members.astype(int).tolist()
    [[1, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 1]]
    """
    search = _Search.of(chart, most=most)
    if search is None:
        return _none(chart)
    return search.collect(search.walk_irredundant(search.all_rows, search.all_classes, (), 0, 0))


def _none(chart: np.ndarray) -> Covers:
    """Return no cover for rows that cannot be covered, and the empty one if there are no rows."""
    return Covers(members=np.zeros((int(chart.shape[1] == 0), len(chart)), dtype=bool), complete=True)


def _bits(mask: int) -> Iterator[int]:
    """Yield the positions of the bits that are set, the lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _mask(flags: np.ndarray) -> int:
    """Write flags as the bits of a whole number."""
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    """A chart as bits: classes of terms with the same coverage, and the rows that need attention."""

    n_terms: int
    classes: tuple[tuple[int, ...], ...]
    covers: tuple[int, ...]
    holders: tuple[int, ...]
    most: int
    _best: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, chart: np.ndarray, *, most: int) -> _Search | None:
        """Reduce a chart; None if there is nothing to cover or a row cannot be covered."""
        if not chart.shape[1] or not chart.any(axis=0).all():
            return None
        needed = _needed_rows(chart)
        classes: dict[int, list[int]] = {}
        for term, flags in enumerate(chart[:, needed]):
            if flags.any():
                classes.setdefault(_mask(flags), []).append(term)
        covers = tuple(classes)
        holders = tuple(
            sum(1 << c for c, cover in enumerate(covers) if cover >> row & 1) for row in range(len(needed))
        )
        return cls(
            n_terms=len(chart),
            classes=tuple(map(tuple, classes.values())),
            covers=covers,
            holders=holders,
            most=most,
        )

    @property
    def all_rows(self) -> int:
        return (1 << len(self.holders)) - 1

    @property
    def all_classes(self) -> int:
        return (1 << len(self.covers)) - 1

    @property
    def is_large(self) -> bool:
        return len(self.covers) * len(self.holders) >= _LARGE

    def table(self) -> np.ndarray:
        """Return the reduced chart, one row for each class."""
        rows = range(len(self.holders))
        return np.array([[cover >> row & 1 for row in rows] for cover in self.covers], dtype=bool)

    def undominated(self) -> int:
        """Return the classes whose coverage lies in no other one: enough to find the smallest size."""
        if not self._best:
            keep = 0
            for c, cover in enumerate(self.covers):
                if not any(cover & other == cover for o, other in enumerate(self.covers) if o != c):
                    keep |= 1 << c
            self._best.append(keep)
        return self._best[0]

    def lower_bound(self, rows: int, allowed: int) -> int:
        """Count rows of which no two share a term: each needs a term of its own."""
        taken, count = 0, 0
        wanted = sorted((self.holders[row] & allowed for row in _bits(rows)), key=int.bit_count)
        for holders in wanted:
            if not holders & taken:
                taken |= holders
                count += 1
        return count

    def walk_smallest(
        self, rows: int, allowed: int, chosen: tuple[int, ...], left: int
    ) -> Iterator[tuple[int, ...]]:
        """Yield every choice of at most ``left`` further classes that covers the rows."""
        if not rows:
            yield chosen
            return
        candidates = self._branch(rows, allowed, last=left == 1)
        if not candidates or left == 0:
            return
        if left == 1:
            for c in _bits(candidates):
                yield (*chosen, c)
            return
        if self.lower_bound(rows, allowed) > left:
            return
        for c in _bits(candidates):
            # Each cover is met once: under the first of the candidates that it contains.
            allowed &= ~(1 << c)
            yield from self.walk_smallest(rows & ~self.covers[c], allowed, (*chosen, c), left - 1)

    def _branch(self, rows: int, allowed: int, *, last: bool) -> int:
        """Return the classes for the row with the fewest; those that cover every row if it is the last."""
        best = common = allowed
        fewest = best.bit_count() + 1
        for row in _bits(rows):
            candidates = self.holders[row] & allowed
            common &= candidates
            count = candidates.bit_count()
            if count < fewest:
                best, fewest = candidates, count
            if not count:
                return 0
        return common if last else best

    def walk_irredundant(
        self, rows: int, allowed: int, chosen: tuple[int, ...], once: int, more: int
    ) -> Iterator[tuple[int, ...]]:
        """Yield every choice that covers the rows and in which each class has a row of its own."""
        if not rows:
            yield chosen
            return
        for c in _bits(self._branch(rows, allowed, last=False)):
            allowed &= ~(1 << c)
            cover = self.covers[c]
            again = more | (once & cover)
            alone = (once | cover) & ~again
            if all(self.covers[d] & alone for d in chosen):
                yield from self.walk_irredundant(rows & ~cover, allowed, (*chosen, c), alone, again)

    def collect(self, found: Iterator[tuple[int, ...]]) -> Covers:
        """Write out every exchange of terms with the same coverage, up to the most that are wanted."""
        picked: list[tuple[int, ...]] = []
        complete = True
        for choice in found:
            pools = [self.classes[c] for c in choice]
            room = self.most - len(picked)
            if prod(map(len, pools)) > room:
                complete = False
            for _, terms in zip(range(room), product(*pools), strict=False):
                picked.append(terms)
            if not complete:
                break
        members = np.zeros((len(picked), self.n_terms), dtype=bool)
        for row, terms in enumerate(picked):
            members[row, list(terms)] = True
        # In the order of the terms, whatever way the search took.
        order = np.lexsort((~members).T[::-1]) if len(members) else np.empty(0, dtype=np.int64)
        return Covers(members=members[order], complete=complete)


def _needed_rows(chart: np.ndarray) -> list[int]:
    """Return rows whose terms are no superset of another row's: covering these covers all."""
    masks: dict[int, int] = {}
    for row, flags in enumerate(chart.T):
        masks.setdefault(_mask(flags), row)
    return [
        row
        for mask, row in masks.items()
        if not any(other & mask == other for other in masks if other != mask)
    ]
