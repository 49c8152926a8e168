"""Fuzzy sets that are not certain: draws of effects and of ratings, each solved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from lean_impact.contingency.qca.scenarios import NEVER, solution_text, solve_rows
from lean_impact.contingency.qca.sets import SetTable
from lean_impact.contingency.qca.truth import Cuts
from lean_impact.domain import Summary
from lean_impact.errors import InputError
from lean_impact.kernels.set_fit import sufficiency

__all__ = ["FuzzyDraws", "FuzzyPropagation"]

_FULLY_IN: Final = 0.95
_FEW: Final = 5
_EDGE: Final = 1e-3
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FuzzyPropagation:
    """Solutions over draws of effects and ratings.

    Attributes
    ----------
    conditions : tuple of str
        Names of the conditions.
    solutions : DataFrame
        One row for each distinct set of tied models, the most frequent first: ``solution``, ``n_models`` and
        ``probability``.
    difference_makers : DataFrame
        ``condition`` and the probability that it plays a part in every tied model (``in_all``) or in some
        (``in_some``).
    theory : DataFrame
        One row for each stated expression: ``theory``, the median and 95 % interval of its ``consistency``
        and ``coverage``, and the probability that it reaches the cut (``sufficient``).
    draws : int
        Number of draws.
    seed : int
        Seed of the draws.
    """

    conditions: tuple[str, ...]
    solutions: pd.DataFrame
    difference_makers: pd.DataFrame
    theory: pd.DataFrame
    draws: int
    seed: int

    def to_frame(self) -> pd.DataFrame:
        """Return ``solutions``."""
        return self.solutions

    def summary(self) -> Summary:
        """Say which solutions came up and how often."""
        lines = [f"{len(self.solutions)} solutions in {self.draws} draws of effects and ratings."]
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
    """Draw effects and ratings, calibrate, tabulate and minimise each draw.

    Parameters
    ----------
    anchors : tuple of float
        Effects that are fully out, exactly between and fully in the set of successes; ascending or
        descending.
    cuts : Cuts
        When a configuration counts as going with the outcome.
    draws : int, default 2000
        Number of draws.
    seed : int
        Seed.

    Notes
    -----
    Membership in success is ``1 / (1 + exp(-ln(19) (e - c) / d))`` with ``d`` the distance from the
    crossover ``c`` to the anchor on the side of ``e``, which gives 0.95 and 0.05 at the anchors.

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

    anchors: tuple[float, float, float]
    cuts: Cuts
    draws: int = 2000
    seed: int = 0

    def propagate(
        self,
        table: SetTable,
        *,
        effects: np.ndarray,
        standard_errors: np.ndarray,
        spreads: np.ndarray | None = None,
        covariance: np.ndarray | None = None,
        theories: tuple[str, ...] = (),
    ) -> FuzzyPropagation:
        """Solve every draw.

        Parameters
        ----------
        table : SetTable
            Memberships of the cases in the conditions; its outcome is not used.
        effects, standard_errors : ndarray of float64, shape (n_cases,)
            Estimates with standard errors, in one unit.
        spreads : ndarray of float64, shape (n_cases, n_conditions), optional
            Standard deviation of each rating on the scale of membership, such as the disagreement of raters.
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
            If anchors are not in order, or shapes do not fit.
        """
        rng, n = np.random.default_rng(self.seed), len(table.cases)
        if np.shape(effects) != (n,) or np.shape(standard_errors) != (n,):
            raise InputError(f"{n} cases need as many effects and standard errors")
        if spreads is not None and np.shape(spreads) != np.shape(table.values):
            raise InputError(
                f"spreads of ratings must have the shape {np.shape(table.values)} of the memberships"
            )
        wide = np.diag(standard_errors**2) if covariance is None else covariance
        drawn = rng.multivariate_normal(effects, wide, self.draws, method="eigh")
        outcomes = _memberships(drawn, self.anchors)
        solver = _Solver(cuts=self.cuts, conditions=table.conditions)
        fits = np.full((self.draws, len(theories), 2), np.nan)
        for draw, outcome in enumerate(outcomes):
            values = table.values if spreads is None else _perturbed(table.values, spreads, rng)
            current = replace(table, values=values, outcome=outcome)
            solver.add(current)
            for position, theory in enumerate(theories):
                fit = sufficiency(current.membership(theory), current.outcome)
                fits[draw, position] = float(fit.consistency), float(fit.coverage)
        return FuzzyPropagation(
            conditions=table.conditions,
            solutions=solver.solutions(self.draws),
            difference_makers=solver.difference_makers(self.draws),
            theory=_theory_frame(theories, fits, self.cuts),
            draws=self.draws,
            seed=self.seed,
        )


def _memberships(effects: np.ndarray, anchors: tuple[float, float, float]) -> np.ndarray:
    """Calibrate effects to memberships in success."""
    out, between, inside = anchors
    if not (out < between < inside or out > between > inside):
        raise InputError(f"anchors {anchors} must rise or fall: fully out, exactly between, fully in")
    gap = effects - between
    towards = np.where(gap * (inside - between) > 0, inside - between, between - out)
    return np.asarray(expit(logit(_FULLY_IN) * gap / towards))


def _perturbed(values: np.ndarray, spreads: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw ratings around those given, within 0 and 1."""
    moved = values + spreads * rng.standard_normal(values.shape)
    return np.where(spreads > 0, np.clip(moved, _EDGE, 1 - _EDGE), values)


class _Solver:
    """Solve truth tables, each distinct one once, and count the solutions."""

    def __init__(self, *, cuts: Cuts, conditions: tuple[str, ...]) -> None:
        self.cuts, self.conditions = cuts, conditions
        self._known: dict[bytes, str] = {}
        self._parts: dict[str, tuple[int, np.ndarray, np.ndarray]] = {}
        self._counts: dict[str, int] = {}

    def add(self, table: SetTable) -> None:
        truth = self.cuts.tabulate(table)
        key = truth.rows.tobytes() + truth.out.tobytes()
        if key not in self._known:
            terms, members = solve_rows(truth.positive, truth.negative)
            text = solution_text(terms, members, self.conditions)
            used = members.astype(int) @ (terms >= 0).astype(int) > 0
            nothing = np.zeros(len(self.conditions), dtype=bool)
            every = used.all(axis=0) if len(used) else nothing
            some = used.any(axis=0) if len(used) else nothing
            self._known[key] = text
            self._parts[text] = (len(members), every, some)
        text = self._known[key]
        self._counts[text] = self._counts.get(text, 0) + 1

    def solutions(self, draws: int) -> pd.DataFrame:
        listed = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        rows = [(text, self._parts[text][0], count / draws) for text, count in listed]
        return pd.DataFrame(rows, columns=["solution", "n_models", "probability"])

    def difference_makers(self, draws: int) -> pd.DataFrame:
        shares = {text: count / draws for text, count in self._counts.items() if text != NEVER}
        every = sum((p * self._parts[t][1] for t, p in shares.items()), np.zeros(len(self.conditions)))
        some = sum((p * self._parts[t][2] for t, p in shares.items()), np.zeros(len(self.conditions)))
        return pd.DataFrame({"condition": self.conditions, "in_all": every, "in_some": some})


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
