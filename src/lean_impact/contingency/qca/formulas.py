"""Complex formulas: what explains what, when each factor may be an outcome of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from typing import Final

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.contingency.qca.minimise import parsimonious
from lean_impact.contingency.qca.sets import SetTable
from lean_impact.contingency.qca.solution import Model
from lean_impact.contingency.qca.truth import Cuts
from lean_impact.domain import Provenance, Summary
from lean_impact.errors import InputError, Issue
from lean_impact.kernels.covers import irredundant_covers
from lean_impact.kernels.implicants import configurations, coverage_chart

__all__ = ["AtomicFormula", "ComplexFormula", "ComplexFormulas", "complex_formulas"]

_MOST: Final = 1000
_FEW: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomicFormula:
    """One outcome and what it is the same as in every case.

    Attributes
    ----------
    outcome : str
        The factor explained.
    terms : tuple of str
        Terms of which at least one holds exactly when the outcome does; none can be left out, nor a value in
        one of them.
    factors : tuple of str
        Factors that the terms name.
    n_literals : int
        How many values of factors the terms name.
    """

    outcome: str
    terms: tuple[str, ...]
    factors: tuple[str, ...]
    n_literals: int

    def __str__(self) -> str:
        return f"{' + '.join(self.terms)} <-> {self.outcome}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexFormula:
    """Atomic formulas of different outcomes that hold together, none of which follows from the rest.

    Attributes
    ----------
    parts : tuple of AtomicFormula
        At most one for each outcome, in the order of the factors.
    """

    parts: tuple[AtomicFormula, ...]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Factors that it explains."""
        return tuple(part.outcome for part in self.parts)

    @property
    def n_literals(self) -> int:
        """How many values of factors it names to explain its outcomes: the fewer, the simpler."""
        return sum(part.n_literals for part in self.parts)

    @property
    def cyclic(self) -> bool:
        """Whether some outcomes explain each other in a circle, so that no order in time fits it."""
        left = list(self.parts)
        while left:
            open_outcomes = {part.outcome for part in left}
            rest = [part for part in left if open_outcomes.intersection(part.factors)]
            if len(rest) == len(left):
                return True
            left = rest
        return False

    def __str__(self) -> str:
        return " * ".join(f"({part})" for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexFormulas:
    """Every complex formula that fits all cases: the cases cannot tell between them.

    Attributes
    ----------
    factors : tuple of str
        Factors in the order given.
    n_cases : int
        Cases that each formula fits.
    constants : tuple of str
        Factors with one value in every case, which explain nothing and are not explained.
    atomic : tuple of AtomicFormula
        Every atomic formula, by outcome in the order of the factors.
    formulas : tuple of ComplexFormula
        Those that name the fewest values first.
    complete : bool
        Whether these are all; if not, there are more than were asked for.
    """

    factors: tuple[str, ...]
    n_cases: int
    constants: tuple[str, ...]
    atomic: tuple[AtomicFormula, ...]
    formulas: tuple[ComplexFormula, ...]
    complete: bool

    @property
    def count(self) -> str:
        """How many formulas there are, in words."""
        return f"{len(self.formulas)}" if self.complete else f"more than {len(self.formulas)}"

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before quoting a formula."""
        said = []
        if self.constants:
            said.append(f"the same in every case, so untestable: {', '.join(self.constants)}")
        if len(self.formulas) > 1:
            said.append(
                f"{self.count} formulas fit these cases equally well; quoting one of them hides the others"
            )
        circles = sum(formula.cyclic for formula in self.formulas)
        if circles:
            said.append(
                f"in {circles} of {len(self.formulas)} formulas outcomes explain each other in a circle; what "
                "came first must be known from elsewhere"
            )
        return tuple(said)

    @property
    def provenance(self) -> Provenance:
        """The factors."""
        parameters = {"factors": ", ".join(self.factors), "complete": str(self.complete)}
        return Provenance(plugin="lean_impact", version=__version__, parameters=parameters, seed=None)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each part of each formula.

        Returns
        -------
        DataFrame
            ``formula`` (from 1), ``outcome``, ``explained_by`` (terms joined by ``+``), ``literals`` of the
            part, and ``formula_literals`` and ``cyclic`` of the formula.
        """
        columns = ["formula", "outcome", "explained_by", "literals", "formula_literals", "cyclic"]
        rows = [
            (n, part.outcome, " + ".join(part.terms), part.n_literals, formula.n_literals, formula.cyclic)
            for n, formula in enumerate(self.formulas, start=1)
            for part in formula.parts
        ]
        return pd.DataFrame(rows, columns=columns)

    def summary(self) -> Summary:
        """Say which formulas there are."""
        if not self.formulas:
            lines = [f"No factor is explained exactly by the others in these {self.n_cases} cases."]
        else:
            noun = "formula fits" if self.count == "1" else "formulas fit"
            lines = [f"{self.count} complex {noun} all {self.n_cases} cases."]
        lines += [f"- {formula}" for formula in self.formulas[:_FEW]]
        if len(self.formulas) > _FEW:
            lines.append(f"- and {len(self.formulas) - _FEW} more")
        return Summary("\n".join([*lines, *(f"Caution: {caution}" for caution in self.cautions)]))


def complex_formulas(
    frame: pd.DataFrame, *, outcomes: Collection[str] | None = None, most: int = _MOST
) -> ComplexFormulas:
    """Find every way in which factors explain each other without a part that says nothing.

    Parameters
    ----------
    frame : DataFrame
        One row for each case, one column for each factor, 1 where it is present and 0 where it is absent.
    outcomes : collection of str, optional
        Factors that may be explained; every one if not given.
    most : int, default 1000
        Combinations of atomic formulas to look at, and atomic formulas of one outcome to list, at most; if
        there are more, the result says so.

    Returns
    -------
    ComplexFormulas
        Every formula.

    Raises
    ------
    InputError
        If a cell is neither 0 nor 1, a factor is given twice, there is no case, or an outcome is no column;
        all are listed.

    Notes
    -----
    An atomic formula ``T1 + T2 <-> Y`` holds in every case, and of its left side no term and no value can be
    left out. A complex formula joins atomic formulas of different outcomes. A part is redundant if the
    formula without it allows the same configurations of all factors, seen or not. So one atomic formula is
    chosen for each outcome that has some, and every part of the choice that allows the same configurations
    and cannot be made smaller is kept: these are the irredundant covers of the forbidden configurations by
    those that each atomic formula forbids. A formula all of whose parts stand in another one says less and
    is left out. Atomic formulas cannot become redundant in part: what the whole implied would hold in every
    case, where it was the smallest already.

    References
    ----------
    Baumgartner and Ambühl (2020), Political Science Research and Methods 8, 526-542.
    Baumgartner and Falk (2023), Philosophy of Science 90, 333-353.

    Examples
    --------
    >>> cases = ["11111", "11101", "10111", "10101", "01111", "01101", "00011", "00000"]
    >>> frame = pd.DataFrame([list(map(int, case)) for case in cases], columns=list("UDLGE"))
    >>> for formula in complex_formulas(frame).formulas:
    ...     print(formula)
    (U + D <-> L) * (L + G <-> E)
    (U + D <-> L) * (U + D + G <-> E)
    """
    factors = tuple(str(column) for column in frame.columns)
    frame = frame.set_axis(list(factors), axis=1)
    wanted = factors if outcomes is None else tuple(outcomes)
    _check(frame, wanted)
    constants = tuple(factor for factor in factors if frame[factor].nunique() < 2)  # noqa: PLR2004
    atomic, truths, complete = [], [], True
    everything = configurations(np.full(len(factors) - len(constants), 2))
    varied = [factor for factor in factors if factor not in constants]
    for at, outcome in enumerate(varied):
        # Like cases with unlike outcomes: nothing explains it in every case.
        unlike = frame[varied].drop_duplicates().drop(columns=outcome).duplicated().any()
        if outcome not in wanted or unlike or len(varied) == 1:
            continue
        truth = Cuts().tabulate(SetTable.of(frame[varied], outcome=outcome))
        solution = parsimonious(truth, irredundant=True, most=most)
        complete &= solution.complete
        others = np.delete(everything, at, axis=1)
        holds = [coverage_chart(model.terms, others).any(axis=0) for model in solution]
        atomic.append([_atomic(outcome, model) for model in solution])
        truths.append(np.array(holds) == (everything[:, at] == 1))
    found = _joined(atomic, truths, most=most) if atomic else ()
    return ComplexFormulas(
        factors=factors,
        n_cases=len(frame),
        constants=constants,
        atomic=tuple(formula for of_outcome in atomic for formula in of_outcome),
        formulas=tuple(sorted(found, key=lambda formula: (formula.n_literals, str(formula)))),
        complete=complete and prod(map(len, atomic)) <= most,
    )


def _check(frame: pd.DataFrame, outcomes: Sequence[str]) -> None:
    """Refuse what is neither present nor absent, factors given twice, and outcomes that are not there."""
    issues = [
        Issue(rule="factor-twice", message=f"factor '{factor}' is given {n} times")
        for factor, n in Counter(frame.columns).items()
        if n > 1
    ]
    if not len(frame):
        issues.append(Issue(rule="no-case", message="there is no case; give at least one"))
    issues += [
        Issue(rule="column-missing", message=f"there is no column '{outcome}'")
        for outcome in outcomes
        if outcome not in frame.columns
    ]
    issues += [
        Issue(rule="membership", message=f"{case} on '{factor}' is {value}; write 1 or 0")
        for factor, column in frame.items()
        for case, value in column.items()
        if value not in (0, 1)
    ]
    if issues:
        raise InputError("complex formulas need factors that are present or absent", issues)


def _atomic(outcome: str, model: Model) -> AtomicFormula:
    return AtomicFormula(
        outcome=outcome, terms=model.expressions, factors=model.conditions, n_literals=model.n_literals
    )


def _joined(
    atomic: Sequence[Sequence[AtomicFormula]], truths: Sequence[np.ndarray], *, most: int
) -> Collection[ComplexFormula]:
    """Join one atomic formula of each outcome and keep the parts that are not redundant."""
    weights = 1 << np.arange(len(atomic))
    found: dict[frozenset[AtomicFormula], ComplexFormula] = {}
    for choice in islice(product(*(range(len(formulas)) for formulas in atomic)), most):
        forbids = np.array([~truth[i] for truth, i in zip(truths, choice, strict=True)])
        kinds = np.unique(weights @ forbids)
        chart = (kinds[kinds > 0] >> np.arange(len(atomic))[:, None]) & 1 == 1
        for members in irredundant_covers(chart).members:
            chosen = zip(atomic, choice, members, strict=True)
            parts = tuple(formulas[i] for formulas, i, kept in chosen if kept)
            found[frozenset(parts)] = ComplexFormula(parts=parts)
    return [formula for parts, formula in found.items() if not any(parts < other for other in found)]
