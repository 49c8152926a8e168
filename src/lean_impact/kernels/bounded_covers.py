"""Search for the smallest covers of a large chart, guided by what each row must cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

__all__ = ["BoundedSearch"]

_SLACK: Final = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoundedSearch:
    """A chart with prices for its rows.

    Parameters
    ----------
    chart : ndarray of float64, shape (n_terms, n_rows)
        1 where a term covers a row.
    prices : ndarray of float64, shape (n_rows,)
        What each row must cost: at or above 0, and no term covers rows of more than 1 in all.

    Notes
    -----
    As no term covers more than 1, a cover of ``m`` terms wastes ``m`` minus the sum of all prices, where a
    term wastes 1 minus the price of what it newly covers. Prices from the linear relaxation make their sum
    as large as possible, which leaves less than one term to waste in most charts: nearly every term is out
    at once, and a branch ends when its waste is used up.

    References
    ----------
    Balas and Ho (1980), Mathematical Programming Study 12, 37-60.
    """

    chart: np.ndarray
    prices: np.ndarray

    @classmethod
    def of(cls, chart: np.ndarray) -> Self:
        """Price the rows of a chart in which every row is covered by some term.

        Parameters
        ----------
        chart : ndarray of bool, shape (n_terms, n_rows)
            Which term covers which row.

        Returns
        -------
        BoundedSearch
            The chart with the prices that add up to the most.
        """
        # Loaded here: small charts do without, and it takes longer to load than they take to solve.
        from scipy.optimize import linprog  # noqa: PLC0415

        table = chart.astype(float)
        n_terms, n_rows = table.shape
        solved = linprog(-np.ones(n_rows), A_ub=table, b_ub=np.ones(n_terms), bounds=(0, None))
        prices = np.maximum(np.asarray(solved.x, dtype=float), 0.0)
        # Rounding must not let a term cost more than 1.
        return cls(chart=table, prices=prices / max(1.0, float((table @ prices).max())))

    @property
    def fewest(self) -> int:
        """Terms that every cover needs at least."""
        return int(np.ceil(self.prices.sum() - _SLACK))

    def walk(self, size: int) -> Iterator[tuple[int, ...]]:
        """Yield every cover of at most so many terms in which none is redundant by number.

        Parameters
        ----------
        size : int
            The smallest size for which there is a cover, or less.

        Yields
        ------
        tuple of int
            Terms of one cover, each cover once.
        """
        n_terms, n_rows = self.chart.shape
        yield from self._walk(np.ones(n_rows), np.ones(n_terms, dtype=bool), (), size)

    def _walk(
        self, open_rows: np.ndarray, allowed: np.ndarray, chosen: tuple[int, ...], left: int
    ) -> Iterator[tuple[int, ...]]:
        worth = self.prices * open_rows
        spare = left - worth.sum() + _SLACK
        if spare < 0:
            return
        gains = self.chart @ worth
        allowed = allowed & (1 - gains <= spare)
        counts = np.where(open_rows > 0, allowed @ self.chart, np.inf)
        row = int(counts.argmin())
        candidates = np.flatnonzero(allowed & (self.chart[:, row] > 0))
        if left == 1:
            whole = self.chart @ open_rows == open_rows.sum()
            yield from ((*chosen, int(term)) for term in candidates if whole[term])
            return
        for term in candidates:
            # Each cover is met once: under the first of the candidates that it contains.
            allowed[term] = False
            rest = open_rows * (1 - self.chart[term])
            if rest.any():
                yield from self._walk(rest, allowed.copy(), (*chosen, int(term)), left - 1)
            else:
                yield (*chosen, int(term))
