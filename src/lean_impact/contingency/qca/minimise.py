"""Minimise a truth table: conservative, parsimonious and intermediate solutions, all tied models of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from lean_impact.contingency.qca.solution import Kind, Solution
from lean_impact.contingency.qca.truth import TruthTable
from lean_impact.errors import InputError, Issue
from lean_impact.kernels.covers import MOST_COVERS, irredundant_covers, smallest_covers
from lean_impact.kernels.implicants import FREE, configurations, coverage_chart, prime_implicants

__all__ = ["conservative", "expectations_of", "intermediate", "parsimonious"]

_MOST_PAIRS: Final = 100


def conservative(
    truth: TruthTable,
    *,
    exclude: Collection[int] = (),
    irredundant: bool = False,
    row_dominance: bool = False,
    most: int = MOST_COVERS,
) -> Solution:
    """Minimise without assuming anything of configurations that were never seen.

    Parameters
    ----------
    truth : TruthTable
        What is to be explained.
    exclude, irredundant, row_dominance, most
        See :func:`parsimonious`.

    Returns
    -------
    Solution
        Every model with the fewest terms.

    Examples
    --------
    >>> import pandas as pd
    >>> from lean_impact.contingency.qca import Cuts, SetTable
    >>> sets = pd.DataFrame({"READY": [1, 1, 0], "STABLE": [1, 0, 0], "GOOD": [1, 1, 0]}, index=list("ABC"))
    >>> truth = Cuts().tabulate(SetTable.of(sets, outcome="GOOD"))
    >>> [str(model) for model in conservative(truth)]
    ['READY']
    """
    positive, _ = _judged(truth, exclude)
    everything = configurations(truth.table.levels)
    rest = everything[~np.isin(truth.number(everything), truth.number(positive))]
    search = _Search(
        truth=truth, kind="conservative", irredundant=irredundant, row_dominance=row_dominance, most=most
    )
    return search.solve(positive, rest)


def parsimonious(
    truth: TruthTable,
    *,
    exclude: Collection[int] = (),
    irredundant: bool = False,
    row_dominance: bool = False,
    most: int = MOST_COVERS,
) -> Solution:
    """Minimise with whatever assumptions about configurations never seen make it simplest.

    Parameters
    ----------
    truth : TruthTable
        What is to be explained.
    exclude : collection of int
        Numbers of configurations that count as negative, whatever was seen.
    irredundant : bool, default False
        List every model from which no term can be left out, of any size, and not only those with the fewest
        terms.
    row_dominance : bool, default False
        Leave out a term that covers less than another one. This hides models; use it only to compare.
    most : int, default 10000
        Models to list at most; if there are more, the solution says so.

    Returns
    -------
    Solution
        Every model.

    Examples
    --------
    >>> import pandas as pd
    >>> from lean_impact.contingency.qca import Cuts, SetTable
    >>> sets = pd.DataFrame({"READY": [1, 1, 0], "STABLE": [1, 1, 0], "GOOD": [1, 1, 0]}, index=list("ABC"))
    >>> truth = Cuts().tabulate(SetTable.of(sets, outcome="GOOD"))
    >>> [str(model) for model in parsimonious(truth)]
    ['READY', 'STABLE']
    """
    positive, negative = _judged(truth, exclude)
    search = _Search(
        truth=truth, kind="parsimonious", irredundant=irredundant, row_dominance=row_dominance, most=most
    )
    return search.solve(positive, negative)


def intermediate(
    truth: TruthTable,
    *,
    expectations: Sequence[str],
    exclude: Collection[int] = (),
    row_dominance: bool = False,
    most: int = MOST_COVERS,
) -> tuple[Solution, ...]:
    """Minimise with those assumptions only that agree with what theory expects.

    Parameters
    ----------
    truth : TruthTable
        What is to be explained.
    expectations : sequence of str
        Values of conditions that are expected to help, such as ``READY`` or ``~HURRIED``; nothing is
        expected of a condition that is not named.
    exclude, row_dominance, most
        See :func:`parsimonious`.

    Returns
    -------
    tuple of Solution
        One for each pair of a conservative and a parsimonious model, the pair in ``origin``; at most 100
        pairs, of which the last is then marked as not complete.

    Raises
    ------
    InputError
        If an expectation names no condition or no value of it.

    Notes
    -----
    Where a conservative term lies in a parsimonious one, literals of the conservative term that an
    expectation speaks against are dropped. Configurations that were never seen and that the remaining term
    covers are the easy counterfactuals; only these may be assumed.

    References
    ----------
    Ragin and Sonnett (2005), in Vergleichen in der Politikwissenschaft, 180-197.

    Examples
    --------
    >>> import pandas as pd
    >>> from lean_impact.contingency.qca import Cuts, SetTable
    >>> sets = pd.DataFrame({"READY": [1, 1, 0], "CALM": [1, 0, 0], "FLAT": [1, 1, 1], "GOOD": [1, 1, 0]})
    >>> truth = Cuts().tabulate(SetTable.of(sets, outcome="GOOD"))
    >>> [str(model) for solution in intermediate(truth, expectations=["READY"]) for model in solution]
    ['READY*FLAT']
    """
    wanted = expectations_of(truth, expectations)
    plain = conservative(truth, exclude=exclude, row_dominance=row_dominance, most=most)
    simple = parsimonious(truth, exclude=exclude, row_dominance=row_dominance, most=most)
    positive, _ = _judged(truth, exclude)
    everything = configurations(truth.table.levels)
    numbers = truth.number(everything)
    unseen = np.isin(numbers, truth.number(truth.remainders)) & ~np.isin(numbers, list(exclude))
    known = np.isin(numbers, truth.number(positive))
    search = _Search(truth=truth, kind="intermediate", row_dominance=row_dominance, most=most)
    solutions = []
    pairs = list(product(plain.models, simple.models))
    for one, two in pairs[:_MOST_PAIRS]:
        relaxed = _relaxed(one.terms, two.terms, wanted)
        easy = coverage_chart(relaxed, everything).any(axis=0) & unseen
        solutions.append(
            search.solve(
                positive, everything[~(known | easy)], easy=numbers[easy], origin=(str(one), str(two))
            )
        )
    if len(pairs) > _MOST_PAIRS:
        solutions[-1] = replace(solutions[-1], complete=False)
    return tuple(solutions)


def expectations_of(truth: TruthTable, expectations: Sequence[str]) -> Mapping[int, frozenset[int]]:
    """Read expectations as positions of conditions and the values that are expected to help.

    Parameters
    ----------
    truth : TruthTable
        With the conditions.
    expectations : sequence of str
        Such as ``READY``, ``~HURRIED`` or ``SIZE[2]``.

    Returns
    -------
    mapping of int to frozenset of int
        By position of the condition.

    Raises
    ------
    InputError
        If one names no condition or no value of it; all are listed.
    """
    found: dict[int, set[int]] = {}
    issues = []
    known = {
        text: (position, value)
        for position, (name, levels) in enumerate(
            zip(truth.table.conditions, truth.table.levels, strict=True)
        )
        for value in range(int(levels))
        for text in _spellings(name, value, int(levels))
    }
    for text in expectations:
        if text.replace(" ", "") in known:
            position, value = known[text.replace(" ", "")]
            found.setdefault(position, set()).add(value)
        else:
            words = f"'{text}' is no value of a condition; write a name, ~ and a name, or a name with [value]"
            issues.append(Issue(rule="expectation", message=words))
    if issues:
        raise InputError("the expectations cannot be read", issues)
    return {position: frozenset(values) for position, values in found.items()}


def _spellings(name: str, value: int, levels: int) -> tuple[str, ...]:
    bracketed = f"{name}[{value}]"
    return (bracketed, name if value else f"~{name}") if levels == 2 else (bracketed,)  # noqa: PLR2004


def _relaxed(plain: np.ndarray, simple: np.ndarray, wanted: Mapping[int, frozenset[int]]) -> np.ndarray:
    """Drop from each conservative term within a parsimonious one the literals that theory speaks against."""
    found = []
    for one, two in product(plain, simple):
        if ((two != FREE) & (one != two)).any():
            continue
        term = one.copy()
        for condition in np.flatnonzero((one != FREE) & (two == FREE)):
            expected = wanted.get(int(condition))
            if expected is not None and int(one[condition]) not in expected:
                term[condition] = FREE
        found.append(term)
    return np.array(found, dtype=np.int64).reshape(-1, plain.shape[1])


def _judged(truth: TruthTable, exclude: Collection[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return positive and negative configurations, those excluded taken as negative."""
    numbers = np.array(sorted(exclude), dtype=np.int64)
    top = truth.n_configurations
    if len(numbers) and (numbers[0] < 1 or numbers[-1] > top):
        raise InputError(f"configurations to exclude must have numbers from 1 to {top}")
    positive, negative = truth.positive, truth.negative
    if not len(numbers):
        return positive, negative
    out = configurations(truth.table.levels)[numbers - 1]
    kept = ~np.isin(truth.number(positive), numbers)
    return positive[kept], np.unique(np.vstack([negative, out]), axis=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """Find prime implicants and the models made of them."""

    truth: TruthTable
    kind: Kind
    irredundant: bool = False
    row_dominance: bool = False
    most: int

    def solve(
        self,
        positive: np.ndarray,
        negative: np.ndarray,
        *,
        easy: np.ndarray | None = None,
        origin: tuple[str, ...] = (),
    ) -> Solution:
        """Minimise some configurations against others."""
        terms = prime_implicants(positive, negative)
        chart = coverage_chart(terms, positive)
        if self.row_dominance:
            kept = _undominated(chart)
            terms, chart = terms[kept], chart[kept]
        covers = (irredundant_covers if self.irredundant else smallest_covers)(chart, most=self.most)
        members = covers.members if len(positive) else covers.members[:0]
        literals = (terms != FREE).sum(axis=1)
        order = np.lexsort((members @ literals, members.sum(axis=1))) if len(members) else np.arange(0)
        return Solution(
            truth=self.truth,
            kind=self.kind,
            terms=terms,
            members=members[order],
            complete=covers.complete,
            irredundant=self.irredundant,
            easy=np.empty(0, dtype=np.int64) if easy is None else easy,
            origin=origin,
        )


def _undominated(chart: np.ndarray) -> np.ndarray:
    """Say which terms cover what no other term covers entirely and more."""
    within = (chart[:, None, :] <= chart[None, :, :]).all(axis=2)
    beaten = np.logical_and(within, ~within.T)
    return np.asarray(~beaten.any(axis=1))
