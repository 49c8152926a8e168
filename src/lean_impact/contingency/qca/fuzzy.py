"""Fuzzy sets that are not certain: draws of effects and of memberships, each solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr

from lean_impact.contingency.qca.expression import expression
from lean_impact.contingency.qca.outcomes import Outcomes
from lean_impact.contingency.qca.propagation import Solved, drivers, listed
from lean_impact.contingency.qca.scenarios import Scenario, solution_text, solve_rows
from lean_impact.contingency.qca.sets import SetTable
from lean_impact.contingency.qca.stacked import NEGATIVE, POSITIVE, radix, tabulated
from lean_impact.contingency.qca.truth import Cuts
from lean_impact.domain import Summary
from lean_impact.errors import InputError
from lean_impact.kernels.set_fit import sufficiency

__all__ = ["FuzzyDraws", "FuzzyPropagation"]

_FULLY_IN: Final = 0.95
_FEW: Final = 5
_HALF: Final = 0.5
_CRISP: Final = 2
_STACKED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FuzzyPropagation(Solved):
    """Solutions over draws of effects and memberships.

    Attributes
    ----------
    patterns : ndarray of bool, shape (n_scenarios, n_cases)
        Which cases are more in than out of the set of successes.
    flips : tuple of bool
        Whether the other outcome of each case alone changes the solution for the estimates.
    theory : DataFrame
        One row for each stated expression: ``theory``, the median and 95 % interval of its ``consistency``
        and ``coverage``, and the probability that it reaches the cut (``sufficient``).
    draws : int
        Number of draws.
    seed : int
        Seed of the draws.
    """

    patterns: np.ndarray
    flips: tuple[bool, ...]
    theory: pd.DataFrame
    draws: int
    seed: int

    @property
    def drivers(self) -> pd.DataFrame:
        """Whose uncertainty decides what the solution is, see :attr:`Solved.drivers`."""
        top = str(self.solutions["solution"].iloc[0])
        texts = [solution_text(s.terms, s.members, self.conditions) for s in self.scenarios]
        holds = np.array([float(text == top) for text in texts])
        return drivers(
            self.cases,
            self.outcomes,
            patterns=self.patterns,
            weights=self.weights,
            holds=holds,
            flips=self.flips,
        )

    def summary(self) -> Summary:
        """Say which solutions came up and how often."""
        lines = [f"{len(self.solutions)} solutions in {self.draws} draws of effects and memberships."]
        lines += [
            f"- {row.solution}: probability {row.probability:.2f}"
            for row in self.solutions[:_FEW].itertuples()
        ]
        lines += [
            f"- The theory {row.theory} is sufficient with probability {row.sufficient:.2f}."
            for row in self.theory.itertuples()
        ]
        return Summary("\n".join(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzyDraws:
    """Draw effects and memberships, calibrate, tabulate and minimise each draw.

    Parameters
    ----------
    cuts : Cuts
        When a configuration counts as going with the outcome.
    anchors : tuple of float, optional
        Effects that are fully out, exactly between and fully in the set of successes; ascending or
        descending. Not given, a case is a success or none.
    threshold : float, default 0
        Without anchors, an effect above this is a success.
    draws : int, default 2000
        Number of draws, rounded up to a multiple of the memberships given.
    seed : int
        Seed.

    Notes
    -----
    Membership in success is ``1 / (1 + exp(-ln(19) (e - c) / d))`` with ``d`` the distance from the
    crossover ``c`` to the anchor on the side of ``e``, which gives 0.95 and 0.05 at the anchors. All draws
    are tabulated at once, and each distinct truth table is minimised once.

    References
    ----------
    Ragin (2008), Redesigning Social Inquiry, chapter 5.

    Examples
    --------
    >>> sets = pd.DataFrame({"READY": [0.9, 0.8, 0.2, 0.1], "Y": 0.0}, index=list("ABCD"))
    >>> draws = FuzzyDraws(anchors=(-1.0, 0.0, 1.0), cuts=Cuts(consistency=0.8), draws=50, seed=1)
    >>> found = draws.propagate(
    ...     SetTable.of(sets, outcome="Y"), effects=np.array([2.0, 2.0, -2.0, -2.0]),
    ...     standard_errors=np.full(4, 0.1))
    >>> found.solutions["solution"].tolist(), found.solutions["probability"].tolist()
    (['READY'], [1.0])
    """

    cuts: Cuts
    anchors: tuple[float, float, float] | None = None
    threshold: float = 0.0
    draws: int = 2000
    seed: int = 0

    def propagate(
        self,
        table: SetTable,
        *,
        effects: np.ndarray,
        standard_errors: np.ndarray,
        memberships: np.ndarray | None = None,
        covariance: np.ndarray | None = None,
        theories: tuple[str, ...] = (),
    ) -> FuzzyPropagation:
        """Solve every draw.

        Parameters
        ----------
        table : SetTable
            Memberships of the cases in the conditions as they stand; its outcome is not used.
        effects, standard_errors : ndarray of float64, shape (n_cases,)
            Estimates with standard errors, in one unit.
        memberships : ndarray of float64, shape (n_fillings, n_cases, n_conditions), optional
            What the memberships could be, all as probable: each in the same number of draws. Such as
            :func:`lean_impact.contingency.fillings`, which draws what raters or surveys leave open.
        covariance : ndarray of float64, shape (n_cases, n_cases), optional
            Covariance of the estimates; takes the place of the standard errors.
        theories : tuple of str
            Stated expressions whose fit is to be told.

        Returns
        -------
        FuzzyPropagation
            Solutions by frequency.

        Raises
        ------
        InputError
            If anchors are not in order, shapes do not fit, a membership lies outside 0 to 1 or is exactly 0.5.
        """
        given = table.values[None] if memberships is None else memberships
        self._check(table, effects, standard_errors, given)
        wide = np.diag(standard_errors**2) if covariance is None else covariance
        repeats = -(-self.draws // len(given))
        total = repeats * len(given)
        rng = np.random.default_rng(self.seed)
        drawn = rng.multivariate_normal(effects, wide, total, method="eigh")
        outcome, values = self.success(drawn), np.tile(given, (repeats, 1, 1))
        corners, codes = tabulated(values, outcome, table.levels, self.cuts)
        keys = np.concatenate([corners, codes, outcome > _HALF], axis=1)
        distinct, counts = np.unique(keys, axis=0, return_counts=True)
        corners, codes, patterns = np.split(distinct, 3, axis=1)
        tables, filling = np.unique(corners, axis=0, return_inverse=True)
        solver = _Solver(levels=table.levels)
        found = []
        for row, (weight, owner) in enumerate(zip(counts / total, filling.reshape(-1), strict=True)):
            terms, members = solver.solve(corners[row], codes[row])
            found.append(
                Scenario(
                    weight=float(weight),
                    filling=int(owner),
                    terms=terms,
                    members=members,
                    contradictory=_contradicts(corners[row], patterns[row]),
                )
            )
        outcomes = self._outcomes(effects, np.sqrt(np.diag(wide)), patterns > 0, counts / total)
        point, flips = self._point(solver, table, effects)
        return FuzzyPropagation(
            cases=table.cases,
            conditions=table.conditions,
            rows=solver.configurations(tables),
            outcomes=outcomes,
            scenarios=tuple(found),
            solutions=listed(found, table.conditions),
            point=point,
            patterns=patterns > 0,
            flips=flips,
            theory=_theory_frame(theories, _theory_fits(theories, table, values, outcome), self.cuts),
            draws=total,
            seed=self.seed,
        )

    def _check(
        self, table: SetTable, effects: np.ndarray, standard_errors: np.ndarray, given: np.ndarray
    ) -> None:
        n = len(table.cases)
        if np.shape(effects) != (n,) or np.shape(standard_errors) != (n,):
            raise InputError(f"{n} cases need as many effects and standard errors")
        if given.ndim != _STACKED or given.shape[1:] != table.values.shape or not len(given):
            raise InputError(
                f"memberships must be a stack of tables of shape {table.values.shape}, not {given.shape}"
            )
        if not ((given >= 0) & (given <= table.levels - 1)).all():
            raise InputError("memberships must lie between 0 and 1")
        self.cuts.halves(table)
        if self.anchors is not None:
            out, between, inside = self.anchors
            if not (out < between < inside or out > between > inside):
                raise InputError(
                    f"anchors {self.anchors} must rise or fall: fully out, exactly between, fully in"
                )

    def success(self, effects: np.ndarray) -> np.ndarray:
        """Return memberships in success.

        Parameters
        ----------
        effects : ndarray of float64, any shape
            Effects, in the unit of the anchors or of the threshold.

        Returns
        -------
        ndarray of float64, same shape
            By the anchors, or 1 above the threshold and else 0.
        """
        if self.anchors is None:
            return (effects > self.threshold).astype(float)
        out, between, inside = self.anchors
        gap = effects - between
        towards = np.where(gap * (inside - between) > 0, inside - between, between - out)
        return np.asarray(expit(logit(_FULLY_IN) * gap / towards))

    def _outcomes(
        self, effects: np.ndarray, errors: np.ndarray, patterns: np.ndarray, weights: np.ndarray
    ) -> Outcomes:
        """Add up the patterns of success, with the exact chance of each case."""
        out, between, inside = self.anchors or (-1.0, self.threshold, 1.0)
        gap = (effects - between) * np.sign(inside - out)
        certain = np.where(gap > 0, np.inf, -np.inf)
        distinct, owner = np.unique(patterns, axis=0, return_inverse=True)
        return Outcomes(
            chances=ndtr(np.divide(gap, errors, out=certain, where=errors > 0)),
            patterns=distinct,
            weights=np.bincount(owner.reshape(-1), weights=weights),
            exact=False,
            point=gap > 0,
            distance=np.abs(gap),
        )

    def _point(self, solver: _Solver, table: SetTable, effects: np.ndarray) -> tuple[str, tuple[bool, ...]]:
        """Return the solution for the estimates, and for which cases the other outcome would change it."""
        n = len(table.cases)
        outcomes = np.repeat(self.success(effects)[None], n + 1, axis=0)
        outcomes[np.arange(n) + 1, np.arange(n)] = 1 - outcomes[0]
        values = np.repeat(table.values[None], n + 1, axis=0)
        corners, codes = tabulated(values, outcomes, table.levels, self.cuts)
        texts = [
            solution_text(*solver.solve(*row), table.conditions) for row in zip(corners, codes, strict=True)
        ]
        return texts[0], tuple(text != texts[0] for text in texts[1:])


def _contradicts(corners: np.ndarray, pattern: np.ndarray) -> bool:
    """Say whether cases of one configuration differ in the outcome."""
    good, bad = set(corners[pattern > 0].tolist()), set(corners[pattern == 0].tolist())
    return bool((good & bad) - {-1})


class _Solver:
    """Solve truth tables, each distinct one once."""

    def __init__(self, *, levels: np.ndarray) -> None:
        self.levels = levels
        self._known: dict[tuple[frozenset[int], frozenset[int]], tuple[np.ndarray, np.ndarray]] = {}

    def solve(self, corners: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return terms and members of the parsimonious solution."""
        positive, negative = (frozenset(corners[codes == code].tolist()) for code in (POSITIVE, NEGATIVE))
        if (positive, negative) not in self._known:
            rows = [
                self.configurations(np.array(sorted(part), dtype=np.int64)) for part in (positive, negative)
            ]
            self._known[positive, negative] = solve_rows(rows[0], rows[1])
        return self._known[positive, negative]

    def configurations(self, numbers: np.ndarray) -> np.ndarray:
        """Turn numbers of configurations into values of the conditions, a last axis added; -1 is all -1."""
        rows = numbers[..., None] // radix(self.levels) % self.levels
        return np.asarray(np.where(numbers[..., None] < 0, -1, rows))


def _theory_fits(
    theories: tuple[str, ...], table: SetTable, values: np.ndarray, outcome: np.ndarray
) -> np.ndarray:
    """Return consistency and coverage of every theory in every draw, (n_draws, n_theories, 2)."""
    fits = np.full((len(values), len(theories), 2), np.nan)
    for position, theory in enumerate(theories):
        table.membership(theory)

        def literal(name: str, value: int | None) -> np.ndarray:
            condition = table.conditions.index(name)
            column = values[:, :, condition]
            if table.levels[condition] > _CRISP:
                return np.asarray(column == value, dtype=float)
            return np.asarray(1.0 - column if value == 0 else column)

        fit = sufficiency(expression(theory, names=table.conditions).evaluate(literal), outcome)
        fits[:, position, 0], fits[:, position, 1] = fit.consistency, fit.coverage
    return fits


def _theory_frame(theories: tuple[str, ...], fits: np.ndarray, cuts: Cuts) -> pd.DataFrame:
    columns = ["theory", "consistency", "consistency_lower", "consistency_upper",
               "coverage", "coverage_lower", "coverage_upper", "sufficient"]  # fmt: skip
    rows = []
    for position, theory in enumerate(theories):
        found = fits[:, position]
        middle, lower, upper = np.nanquantile(found, [_HALF, 0.025, 0.975], axis=0)
        reached = float((found[:, 0] >= cuts.consistency).mean())
        rows.append((theory, middle[0], lower[0], upper[0], middle[1], lower[1], upper[1], reached))
    return pd.DataFrame(rows, columns=columns)
