"""What is necessary for an outcome: single values of conditions, and joins of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.contingency.qca.qca_figure import draw_xy
from lean_impact.contingency.qca.sets import SetTable
from lean_impact.contingency.qca.terms import literal_text
from lean_impact.domain import Provenance, Summary
from lean_impact.kernels.set_fit import SLACK, necessity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NecessityResult", "necessary"]

_MOST_JOINED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NecessityResult:
    """How far values of conditions, and joins of them, are necessary for an outcome.

    Attributes
    ----------
    table : SetTable
        The cases.
    literals : tuple of str
        Every value of every condition.
    consistency, relevance, coverage : ndarray of float64, shape (n_literals,)
        Fit of each; relevance (RoN) is low for what is present nearly everywhere.
    joins : DataFrame
        Values and joins that reach the cuts: ``expression``, ``consistency``,
        ``relevance`` and ``coverage``.
    cuts : tuple of float
        Consistency, coverage and relevance that a join must reach.
    """

    table: SetTable
    literals: tuple[str, ...]
    consistency: np.ndarray
    relevance: np.ndarray
    coverage: np.ndarray
    joins: pd.DataFrame
    cuts: tuple[float, float, float]

    @property
    def cautions(self) -> tuple[str, ...]:
        """What is necessary by being everywhere."""
        always = self.table.constants
        return (f"the same in every case, so trivially necessary: {', '.join(always)}",) if always else ()

    @property
    def provenance(self) -> Provenance:
        """The cuts."""
        names = ("consistency", "coverage", "relevance")
        parameters = {name: str(cut) for name, cut in zip(names, self.cuts, strict=True)}
        parameters["outcome"] = self.table.outcome_name
        return Provenance(plugin="lean_impact", version=__version__, parameters=parameters, seed=None)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each value: ``expression``, ``consistency``, ``relevance``, ``coverage``."""
        return pd.DataFrame(
            {
                "expression": self.literals,
                "consistency": self.consistency,
                "relevance": self.relevance,
                "coverage": self.coverage,
            }
        )

    @property
    def strongest(self) -> str:
        """The value with the highest consistency, of these the one with the highest relevance."""
        order = np.lexsort((np.nan_to_num(self.relevance), np.nan_to_num(self.consistency)))
        return self.literals[int(order[-1])]

    @property
    def title(self) -> str:
        """Title of the chart."""
        return f"Cases in {self.strongest} and in {self.table.outcome_name}"

    @property
    def description(self) -> str:
        """The chart in words."""
        memberships = self.table.membership(self.strongest)
        cases = "; ".join(
            f"{case} {x:.2f}, {y:.2f}"
            for case, x, y in zip(self.table.cases, memberships, self.table.outcome, strict=True)
        )
        return (
            f"Scatter of the membership of each case in {self.strongest} (across) and in {self.table.outcome_name} "
            f"(up), with the diagonal below which it is necessary. {cases}. {self._fit(memberships)}."
        )

    def _fit(self, memberships: np.ndarray) -> str:
        fit = necessity(memberships, self.table.outcome)
        return f"Consistency {float(fit.consistency):.2f}, relevance {float(fit.relevance):.2f}"

    def plot(self, ax: Axes | None = None, *, expression: str | None = None) -> Axes:
        """Draw membership in an expression against membership in the outcome.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.
        expression : str, optional
            Over the conditions of the table; ``strongest`` if not given.

        Returns
        -------
        Axes
            The axes drawn on.

        Raises
        ------
        InputError
            If the expression cannot be read, or names what is no condition.
        """
        asked = self.strongest if expression is None else expression
        memberships = self.table.membership(asked)
        return draw_xy(
            self.table, memberships, expression=asked, fit=self._fit(memberships), kind="necessity", ax=ax
        )

    def summary(self) -> Summary:
        """Say what reaches the cuts."""
        name = self.table.outcome_name
        found = self.joins
        lines = [f"Necessary for {name} at consistency {self.cuts[0]:g}: {len(found)} expressions."]
        lines += [
            f"- {row.expression} (consistency {row.consistency:.2f}, relevance {row.relevance:.2f})"
            for row in found.itertuples()
        ]
        return Summary("\n".join([*lines, *(f"Caution: {caution}" for caution in self.cautions)]))


def necessary(
    table: SetTable,
    *,
    consistency: float = 0.9,
    coverage: float = 0.0,
    relevance: float = 0.0,
    most_joined: int = _MOST_JOINED,
) -> NecessityResult:
    """Ask what is necessary for the outcome.

    Parameters
    ----------
    table : SetTable
        Cases by conditions.
    consistency, coverage, relevance : float
        What a join of values must reach to be listed.
    most_joined : int, default 3
        Values in one join at most.

    Returns
    -------
    NecessityResult
        Fit of every value, and the joins that reach the cuts.

    Notes
    -----
    A join by *and* is listed if it reaches the cuts; a join by *or* if it does and no shorter one of its parts
    does already.

    Examples
    --------
    >>> sets = pd.DataFrame({"READY": [1, 1, 0], "GOOD": [1, 0, 0]}, index=["A", "B", "C"])
    >>> found = necessary(SetTable.of(sets, outcome="GOOD"))
    >>> found.to_frame().round(3).iloc[0].to_list()[0], float(found.relevance[0])
    ('READY', 0.5)
    """
    literals = table.literals
    values = [(c, v) for c, levels in enumerate(table.levels) for v in range(int(levels) - 1, -1, -1)]
    sets = np.array([literals[c, v] for c, v in values])
    fit = necessity(sets, table.outcome)
    search = _Joins(
        table=table,
        literals=literals,
        cuts=(consistency, coverage, relevance),
        most_joined=min(most_joined, len(table.conditions)),
    )
    return NecessityResult(
        table=table,
        literals=tuple(literal_text(table, c, v) for c, v in values),
        consistency=fit.consistency,
        relevance=fit.relevance,
        coverage=fit.coverage,
        joins=search.frame(),
        cuts=(consistency, coverage, relevance),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Joins:
    table: SetTable
    literals: np.ndarray
    cuts: tuple[float, float, float]
    most_joined: int

    def frame(self) -> pd.DataFrame:
        """Tabulate what reaches the cuts."""
        both = [(f"{'*'.join(texts)}", fit) for texts, fit in self._all()]
        either = [(" + ".join(texts), fit) for texts, fit in self._shortest()]
        rows = [(text, *fit) for text, fit in (*both, *either)]
        return pd.DataFrame(rows, columns=["expression", "consistency", "relevance", "coverage"])

    def _combined(self, size: int, *, both: bool) -> list[tuple[tuple[tuple[int, int], ...], np.ndarray]]:
        join = np.minimum if both else np.maximum
        found = []
        for conditions in combinations(range(len(self.table.conditions)), size):
            for values in product(*(range(int(self.table.levels[c])) for c in conditions)):
                parts = tuple(zip(conditions, values, strict=True))
                sets = join.reduce([self.literals[c, v] for c, v in parts])
                fit = necessity(sets, self.table.outcome)
                measures = np.array([fit.consistency, fit.relevance, fit.coverage])
                consistency, coverage, relevance = self.cuts
                if (np.nan_to_num(measures) >= np.array([consistency, relevance, coverage]) - SLACK).all():
                    found.append((parts, measures))
        return found

    def _all(self) -> list[tuple[tuple[str, ...], np.ndarray]]:
        sizes = range(1, self.most_joined + 1)
        return [(self._texts(parts), fit) for size in sizes for parts, fit in self._combined(size, both=True)]

    def _shortest(self) -> list[tuple[tuple[str, ...], np.ndarray]]:
        reached = [parts for parts, _ in self._combined(1, both=True)]
        found = []
        for size in range(2, self.most_joined + 1):
            for parts, fit in self._combined(size, both=False):
                if not any(set(other) <= set(parts) for other in reached):
                    found.append((self._texts(parts), fit))
                    reached.append(parts)
        return found

    def _texts(self, parts: tuple[tuple[int, int], ...]) -> tuple[str, ...]:
        return tuple(literal_text(self.table, c, v) for c, v in parts)
