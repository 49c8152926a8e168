"""The truth table: which configurations were seen, and which of them go with the outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.contingency.qca.qca_figure import draw_truth_table
from lean_impact.contingency.qca.sets import SetTable
from lean_impact.contingency.qca.terms import term_text
from lean_impact.domain import Provenance, Summary
from lean_impact.errors import InputError, Issue
from lean_impact.kernels.implicants import configurations
from lean_impact.kernels.set_fit import SLACK, sufficiency, term_memberships

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Cuts", "TruthTable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """When a configuration counts as going with the outcome.

    Parameters
    ----------
    consistency : float, default 1
        A row is positive from this consistency on.
    contradiction : float, optional
        From this consistency on, and below ``consistency``, a row is a contradiction; without it, such a row
        is negative.
    frequency : int, default 1
        Cases that a row needs; one with fewer counts as not observed.
    pri : float, default 0
        A row is positive only from this proportional reduction in inconsistency on.
    at_half : {"refuse", "no-row"}, default "refuse"
        What to do with a case whose membership in a condition is exactly 0.5 and which therefore belongs to
        no row: refuse, or keep it for the measures of fit alone.

    Raises
    ------
    InputError
        If a cut lies outside its range.

    Examples
    --------
    >>> sets = pd.DataFrame({"READY": [1, 0, 1], "GOOD": [1, 0, 0]}, index=["A", "B", "C"])
    >>> truth = Cuts(consistency=0.8).tabulate(SetTable.of(sets, outcome="GOOD"))
    >>> truth.to_frame()[["READY", "out", "n", "consistency"]].to_numpy().tolist()
    [[0, '0', 1, 0.0], [1, '0', 2, 0.5]]
    """

    consistency: float = 1.0
    contradiction: float | None = None
    frequency: int = 1
    pri: float = 0.0
    at_half: Literal["refuse", "no-row"] = "refuse"

    def __post_init__(self) -> None:
        low = self.consistency if self.contradiction is None else self.contradiction
        problems = {
            "consistency must lie above 0 and not above 1": not 0 < self.consistency <= 1,
            "contradiction must lie between 0 and consistency": not 0 <= low <= self.consistency,
            "frequency must be a whole number from 1": self.frequency < 1,
            "pri must lie between 0 and 1": not 0 <= self.pri <= 1,
        }
        issues = [Issue(rule="cut", message=words) for words, holds in problems.items() if holds]
        if issues:
            raise InputError("these cuts make no truth table", issues)

    def tabulate(self, table: SetTable) -> TruthTable:
        """Sort the cases into configurations and judge each.

        Parameters
        ----------
        table : SetTable
            Cases by conditions.

        Returns
        -------
        TruthTable
            One row for each configuration that was seen.

        Raises
        ------
        InputError
            If a membership is exactly 0.5 and ``at_half`` is "refuse"; each is named.

        Notes
        -----
        A case belongs to the row in which its membership is above 0.5. Consistency and PRI of a row are
        computed over *all* cases, by the formulas of ``lean_impact.kernels.set_fit``.
        """
        homeless = {case for case, _ in self.halves(table)}
        housed = np.array([case not in homeless for case in table.cases])
        corners = table.corners
        rows, owner = np.unique(corners[housed], axis=0, return_inverse=True)
        names = np.array(table.cases, dtype=object)[housed]
        owner = owner.reshape(-1)
        fit = sufficiency(term_memberships(table.literals, rows), table.outcome)
        n = np.bincount(owner, minlength=len(rows))
        return TruthTable(
            table=table,
            cuts=self,
            rows=rows,
            n=n,
            consistency=fit.consistency,
            pri=fit.pri,
            out=self.codes(n, fit.consistency, np.nan_to_num(fit.pri)),
            members=tuple(tuple(names[owner == row]) for row in range(len(rows))),
            homeless=tuple(case for case in table.cases if case in homeless),
        )

    def halves(self, table: SetTable) -> tuple[tuple[str, str], ...]:
        """Return case and condition of memberships of exactly 0.5; InputError that names them if refused."""
        halves = table.at_half
        if halves and self.at_half == "refuse":
            issues = [
                Issue(rule="at-half", message=f"{case} on '{condition}' is exactly 0.5 and belongs to no row")
                for case, condition in halves
            ]
            raise InputError(
                "cases stand exactly between in and out; recalibrate, or say at_half='no-row'", issues
            )
        return halves

    def codes(self, n: np.ndarray, consistency: np.ndarray, pri: np.ndarray) -> np.ndarray:
        """Judge rows.

        Parameters
        ----------
        n, consistency, pri : ndarray, any one shape
            Cases of each row, and its fit.

        Returns
        -------
        ndarray of str, same shape
            ``1`` positive, ``0`` negative, ``C`` contradiction, ``?`` too few cases.
        """
        low = self.consistency if self.contradiction is None else self.contradiction
        torn = (consistency >= low - SLACK) & (consistency < self.consistency - SLACK)
        good = (consistency >= self.consistency - SLACK) & (pri >= self.pri - SLACK)
        return np.select([n < self.frequency, good, torn], ["?", "1", "C"], "0").astype("U1")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TruthTable:
    """Configurations that were seen, each judged.

    Attributes
    ----------
    table : SetTable
        The cases.
    cuts : Cuts
        When a row counts as going with the outcome.
    rows : ndarray of int64, shape (n_rows, n_conditions)
        Configurations, in the order of their numbers.
    n : ndarray of int64, shape (n_rows,)
        Cases of each.
    consistency, pri : ndarray of float64, shape (n_rows,)
        Fit of each as sufficient for the outcome.
    out : ndarray of str, shape (n_rows,)
        ``1`` positive, ``0`` negative, ``C`` contradiction, ``?`` too few cases.
    members : tuple of tuple of str
        Names of the cases of each.
    homeless : tuple of str
        Cases at exactly 0.5, which belong to no row.
    """

    table: SetTable
    cuts: Cuts
    rows: np.ndarray
    n: np.ndarray
    consistency: np.ndarray
    pri: np.ndarray
    out: np.ndarray
    members: tuple[tuple[str, ...], ...]
    homeless: tuple[str, ...] = field(default=())

    @property
    def n_configurations(self) -> int:
        """How many configurations there are, seen or not."""
        return int(np.prod(self.table.levels))

    @property
    def numbers(self) -> np.ndarray:
        """Number of each row, from 1, the first condition most significant."""
        return self.number(self.rows)

    def number(self, rows: np.ndarray) -> np.ndarray:
        """Return the numbers of configurations.

        Parameters
        ----------
        rows : ndarray of int64, shape (n, n_conditions)
            Configurations.

        Returns
        -------
        ndarray of int64, shape (n,)
            1 plus the mixed-radix number.
        """
        radix = np.append(np.cumprod(self.table.levels[:0:-1])[::-1], 1)
        return np.asarray(1 + rows @ radix)

    @property
    def positive(self) -> np.ndarray:
        """Configurations that go with the outcome, shape (n_positive, n_conditions)."""
        return np.asarray(self.rows[self.out == "1"])

    @property
    def negative(self) -> np.ndarray:
        """Configurations that do not, contradictions among them."""
        return np.asarray(self.rows[(self.out == "0") | (self.out == "C")])

    @property
    def remainders(self) -> np.ndarray:
        """Configurations of which nothing is known: not seen, or in too few cases."""
        everything = configurations(self.table.levels)
        judged = self.number(self.rows[self.out != "?"])
        return np.asarray(everything[~np.isin(self.number(everything), judged)])

    @property
    def contradictions(self) -> tuple[tuple[str, ...], ...]:
        """Cases of one configuration that differ in the outcome, by configuration."""
        outcome = dict(zip(self.table.cases, self.table.outcome > 1 / 2, strict=True))
        return tuple(cases for cases in self.members if len({bool(outcome[case]) for case in cases}) > 1)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What the table cannot tell."""
        said = []
        if self.table.constants:
            said.append(f"the same in every case, so untestable: {', '.join(self.table.constants)}")
        said += [
            f"cases with one configuration but different outcomes: {', '.join(c)}"
            for c in self.contradictions
        ]
        if self.homeless:
            said.append(f"exactly 0.5 on a condition, so in no row: {', '.join(self.homeless)}")
        unseen = 1 - len(self.rows) / self.n_configurations
        if unseen > 1 / 2:
            said.append(
                f"{unseen:.0%} of the {self.n_configurations} configurations were never seen, so what is said "
                "of them is assumption"
            )
        return tuple(said)

    @property
    def provenance(self) -> Provenance:
        """The cuts."""
        cuts = self.cuts
        return Provenance(
            plugin="lean_impact",
            version=__version__,
            parameters={
                "outcome": self.table.outcome_name,
                "consistency": str(cuts.consistency),
                "contradiction": str(cuts.contradiction),
                "frequency": str(cuts.frequency),
                "pri": str(cuts.pri),
                "at_half": cuts.at_half,
            },
            seed=None,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each configuration seen.

        Returns
        -------
        DataFrame
            ``row``, one column for each condition, ``out``, ``n``, ``consistency``, ``pri`` and ``cases``.
        """
        frame = pd.DataFrame(self.rows, columns=list(self.table.conditions))
        frame.insert(0, "row", self.numbers)
        return frame.assign(
            out=self.out,
            n=self.n,
            consistency=self.consistency,
            pri=self.pri,
            cases=[", ".join(cases) for cases in self.members],
        )

    def summary(self) -> Summary:
        """Say how many configurations were seen and how many go with the outcome."""
        counts = {code: int((self.out == code).sum()) for code in "10C?"}
        table, name = self.table, self.table.outcome_name
        seen = (
            f"{len(table.cases)} cases show {len(self.rows)} of {self.n_configurations} configurations of "
            f"{len(table.conditions)} conditions."
        )
        judged = (
            f"{counts['1']} go with {name}, {counts['0']} do not, {counts['C']} contradict themselves, "
            f"{counts['?']} have too few cases."
        )
        return Summary("\n".join([seen, judged, *(f"Caution: {caution}" for caution in self.cautions)]))

    @property
    def title(self) -> str:
        """Title of the chart."""
        return f"Configurations seen, and whether they go with {self.table.outcome_name}"

    @property
    def description(self) -> str:
        """The chart in words."""
        rows = "; ".join(
            f"{term_text(self.table, row)}: {out}, consistency {c:.2f}, {', '.join(cases)}"
            for row, out, c, cases in zip(self.rows, self.out, self.consistency, self.members, strict=True)
        )
        return f"Grid of configurations by condition, with outcome, consistency and cases. {rows}."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the table as a heat map.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
            The axes drawn on.
        """
        return draw_truth_table(self, ax)
