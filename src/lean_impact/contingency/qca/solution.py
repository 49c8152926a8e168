"""Solutions: every model that explains the positive rows equally well, with its fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.contingency.qca.qca_figure import draw_xy
from lean_impact.contingency.qca.terms import term_text
from lean_impact.contingency.qca.truth import TruthTable
from lean_impact.domain import Provenance, Summary
from lean_impact.kernels.set_fit import sufficiency, term_memberships, unique_coverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Kind", "Model", "Solution", "TermFit"]

Kind = Literal["conservative", "parsimonious", "intermediate"]
"""What a solution assumes of configurations that were never seen: nothing, whatever is simplest, or what is
simplest among the assumptions that agree with expectations."""

_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TermFit:
    """One term of a model.

    Attributes
    ----------
    expression : str
        The term.
    consistency, pri, coverage, unique : float
        Fit as sufficient for the outcome; ``unique`` is what no other term of the model covers.
    """

    expression: str
    consistency: float
    pri: float
    coverage: float
    unique: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """One of the models of a solution.

    Attributes
    ----------
    truth : TruthTable
        What it explains.
    terms : ndarray of int64, shape (n_terms, n_conditions)
        Its terms, -1 where a condition plays no part.
    """

    truth: TruthTable
    terms: np.ndarray

    @property
    def expressions(self) -> tuple[str, ...]:
        """Its terms as text."""
        return tuple(term_text(self.truth.table, term) for term in self.terms)

    @property
    def expression(self) -> str:
        """The model as text, terms joined by ``+``."""
        return " + ".join(self.expressions)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Conditions that play a part in some term, in the order of the table."""
        used = np.asarray((self.terms >= 0).any(axis=0))
        return tuple(c for c, plays in zip(self.truth.table.conditions, used, strict=True) if plays)

    @property
    def n_literals(self) -> int:
        """How many values of conditions it names: the fewer, the simpler."""
        return int((self.terms >= 0).sum())

    @property
    def memberships(self) -> np.ndarray:
        """Membership of every case in every term, shape (n_terms, n_cases)."""
        return term_memberships(self.truth.table.literals, self.terms)

    @property
    def membership(self) -> np.ndarray:
        """Membership of every case in the model: the largest of those in its terms, shape (n_cases,)."""
        return np.asarray(self.memberships.max(axis=0, initial=0.0))

    def _fit(self) -> tuple[float, float, float]:
        found = sufficiency(self.membership, self.truth.table.outcome)
        return float(found.consistency), float(found.pri), float(found.coverage)

    @property
    def consistency(self) -> float:
        """How far the model is a subset of the outcome, from 0 to 1."""
        return self._fit()[0]

    @property
    def pri(self) -> float:
        """Proportional reduction in inconsistency, from 0 to 1."""
        return self._fit()[1]

    @property
    def coverage(self) -> float:
        """How much of the outcome it explains, from 0 to 1."""
        return self._fit()[2]

    @property
    def term_fits(self) -> tuple[TermFit, ...]:
        """Fit of each term."""
        outcome, sets = self.truth.table.outcome, self.memberships
        fit, unique = sufficiency(sets, outcome), unique_coverage(sets, outcome)
        parts = zip(self.expressions, fit.consistency, fit.pri, fit.coverage, unique, strict=True)
        return tuple(
            TermFit(expression=e, consistency=float(c), pri=float(p), coverage=float(v), unique=float(u))
            for e, c, p, v, u in parts
        )

    def __str__(self) -> str:
        return self.expression

    @property
    def title(self) -> str:
        """Title of the chart."""
        return f"Cases in {self.expression} and in {self.truth.table.outcome_name}"

    @property
    def description(self) -> str:
        """The chart in words."""
        table = self.truth.table
        cases = "; ".join(
            f"{case} {x:.2f}, {y:.2f}"
            for case, x, y in zip(table.cases, self.membership, table.outcome, strict=True)
        )
        return (
            f"Scatter of the membership of each case in {self.expression} (across) and in "
            f"{table.outcome_name} (up), with the diagonal above which the model is sufficient. {cases}. "
            f"Consistency {self.consistency:.2f}, coverage {self.coverage:.2f}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw membership in the model against membership in the outcome.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
            The axes drawn on.
        """
        return draw_xy(
            self.truth.table,
            self.membership,
            expression=self.expression,
            fit=f"Consistency {self.consistency:.2f}, coverage {self.coverage:.2f}",
            kind="sufficiency",
            ax=ax,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Every model of one kind: the data cannot tell between them.

    Attributes
    ----------
    truth : TruthTable
        What they explain.
    kind : {"conservative", "parsimonious", "intermediate"}
        What they assume of configurations that were never seen.
    terms : ndarray of int64, shape (n_terms, n_conditions)
        Every prime implicant.
    members : ndarray of bool, shape (n_models, n_terms)
        Which terms each model uses; models with fewer terms, then fewer literals, first.
    complete : bool
        Whether these are all models; if not, there are more than were asked for.
    irredundant : bool
        Whether models may have any number of terms as long as none can be left out, or the fewest only.
    easy : ndarray of int64
        Numbers of the configurations, never seen, that an intermediate solution was allowed to assume.
    origin : tuple of str
        For an intermediate solution, the conservative and the parsimonious model that it lies between.
    """

    truth: TruthTable
    kind: Kind
    terms: np.ndarray
    members: np.ndarray
    complete: bool
    irredundant: bool = False
    easy: np.ndarray
    origin: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Model]:
        for row in self.members:
            yield Model(truth=self.truth, terms=self.terms[row])

    @property
    def models(self) -> tuple[Model, ...]:
        """Every model listed."""
        return tuple(self)

    @property
    def used(self) -> tuple[np.ndarray, ...]:
        """For each model, the numbers of configurations never seen that it takes to be positive."""
        return tuple(self.assumed(row) for row in self.members)

    def assumed(self, model: np.ndarray) -> np.ndarray:
        """Return the simplifying assumptions of a model.

        Parameters
        ----------
        model : ndarray of bool, shape (n_terms,)
            A row of ``members``.

        Returns
        -------
        ndarray of int64
            Numbers of configurations that were never seen and that the model covers.
        """
        remainders = self.truth.remainders
        covered = _covered(self.terms[model], remainders)
        return self.truth.number(remainders[covered])

    @property
    def difference_makers(self) -> pd.DataFrame:
        """Conditions by the share of models in which they play a part.

        One row for each condition: ``condition``, ``models`` (share from 0 to 1), ``in_all`` and ``in_some``.
        """
        plays = (self.terms >= 0).astype(int)
        share = (
            ((self.members.astype(int) @ plays) > 0).mean(axis=0) if len(self) else np.zeros(plays.shape[1])
        )
        return pd.DataFrame(
            {
                "condition": self.truth.table.conditions,
                "models": share,
                "in_all": share == 1,
                "in_some": share > 0,
            }
        )

    @property
    def count(self) -> str:
        """How many models there are, in words."""
        return f"{len(self)}" if self.complete else f"more than {len(self)}"

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before quoting a model."""
        said = list(self.truth.cautions)
        if len(self) > 1:
            said.append(
                f"{self.count} models explain these cases equally well; quoting one of them hides the others"
            )
        if not len(self.truth.positive):
            said.append("no configuration goes with the outcome, so there is nothing to explain")
        elif not len(self):
            said.append("no model covers every positive configuration")
        return tuple(said)

    @property
    def provenance(self) -> Provenance:
        """The cuts and the kind of solution."""
        of_table = self.truth.provenance
        parameters = {**of_table.parameters, "kind": self.kind, "irredundant": str(self.irredundant)}
        return Provenance(plugin="lean_impact", version=__version__, parameters=parameters, seed=None)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each term of each model.

        Returns
        -------
        DataFrame
            ``model`` (from 1), ``term``, and ``consistency``, ``pri``, ``coverage``, ``unique`` of the term;
            ``model_consistency``, ``model_pri`` and ``model_coverage`` of the model.
        """
        columns = ["model", "term", "consistency", "pri", "coverage", "unique",
                   "model_consistency", "model_pri", "model_coverage"]  # fmt: skip
        rows = []
        for number, model in enumerate(self, start=1):
            whole = model.consistency, model.pri, model.coverage
            rows += [
                (number, t.expression, t.consistency, t.pri, t.coverage, t.unique, *whole)
                for t in model.term_fits
            ]
        return pd.DataFrame(rows, columns=columns)

    def summary(self) -> Summary:
        """Say which models there are."""
        name = self.truth.table.outcome_name
        shown = list(self._first())
        lines = [
            f"The {self.kind} solution for {name}: {self.count} {'model' if len(self) == 1 else 'models'}."
        ]
        lines += [f"- {m} (consistency {m.consistency:.2f}, coverage {m.coverage:.2f})" for m in shown]
        if len(self) > len(shown):
            lines.append(f"- and {len(self) - len(shown)} more")
        return Summary("\n".join([*lines, *(f"Caution: {caution}" for caution in self.cautions)]))

    def _first(self) -> Iterator[Model]:
        for _, model in zip(range(_FEW), self, strict=False):
            yield model


def _covered(terms: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Say which rows some term covers, one term at a time."""
    found = np.zeros(len(rows), dtype=bool)
    for term in terms:
        found |= ((term < 0) | (rows == term)).all(axis=1)
    return found
