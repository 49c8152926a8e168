"""Solutions with their probabilities: what the uncertainty of effects does to what a truth table says."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from lean_impact.contingency.qca.expression import Expression, expression
from lean_impact.contingency.qca.outcomes import Outcomes
from lean_impact.contingency.qca.scenarios import (
    Scenario,
    explain,
    row_successes,
    scenarios,
    solution_text,
    text_of,
)
from lean_impact.domain import Summary
from lean_impact.errors import InputError
from lean_impact.kernels.set_fit import SLACK

__all__ = ["Propagation", "Solved", "drivers", "listed", "propagate", "theory_support"]

_FEW: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """Every solution that what is uncertain could have given, with its probability.

    Attributes
    ----------
    cases, conditions : tuple of str
        Names.
    rows : ndarray of int64, shape (n_fillings, n_cases, n_conditions)
        Configurations of the cases, once for each thing that they could be.
    outcomes : Outcomes
        Patterns of success with their probabilities.
    scenarios : tuple of Scenario
        What could be the case; their weights sum to 1.
    solutions : DataFrame
        One row for each distinct set of tied models, the most probable first: ``solution`` (models joined by
        ``|``), ``n_models`` and ``probability``.
    point : str
        The solution for the estimates themselves, under the first filling.
    """

    cases: tuple[str, ...]
    conditions: tuple[str, ...]
    rows: np.ndarray
    outcomes: Outcomes
    scenarios: tuple[Scenario, ...]
    solutions: pd.DataFrame
    point: str

    @property
    @abstractmethod
    def drivers(self) -> pd.DataFrame:
        """Whose uncertainty decides what the solution is.

        One row for each case: ``case``, ``p_success``, ``share`` (of the variance of "the most probable
        solution holds" that goes away once the case's outcome is known), ``flips`` (whether the other outcome
        of this case alone changes the solution for the estimates) and ``distance``, how far its effect is
        from doing so.
        """

    @property
    def weights(self) -> np.ndarray:
        """Probability of each scenario, shape (n_scenarios,)."""
        return np.array([scenario.weight for scenario in self.scenarios])

    @property
    def contradiction(self) -> float:
        """Probability that cases with one configuration differ in the outcome."""
        return float(sum(scenario.weight for scenario in self.scenarios if scenario.contradictory))

    def votes(self, rows: np.ndarray) -> np.ndarray:
        """Return the share of tied models that predict a success.

        Parameters
        ----------
        rows : ndarray of int64, shape (n_rows, n_conditions)
            Configurations.

        Returns
        -------
        ndarray of float64, shape (n_scenarios, n_rows)
            0 if no model does, 1 if all do.
        """
        known: dict[tuple[int, int], np.ndarray] = {}
        for scenario in self.scenarios:
            key = (id(scenario.terms), id(scenario.members))
            if key not in known:
                known[key] = scenario.votes(rows)
        return np.array([known[id(one.terms), id(one.members)] for one in self.scenarios])

    def predict(self, rows: np.ndarray) -> pd.DataFrame:
        """Predict cases from their configurations.

        Parameters
        ----------
        rows : ndarray of int64, shape (n_rows, n_conditions)
            Configurations.

        Returns
        -------
        DataFrame
            ``success``, ``no_success`` and ``disagree``: probability that every tied model predicts a
            success, that none does, and that they disagree; ``outside``, the probability that no case has the
            configuration.
        """
        votes, weights = self.votes(rows), self.weights
        seen = (self.rows[:, :, None, :] == rows[None, None]).all(axis=3).any(axis=1)
        known = np.bincount([s.filling for s in self.scenarios], weights=weights, minlength=len(seen)) @ seen
        success, none = weights @ (votes == 1), weights @ (votes == 0)
        torn = weights @ ((votes > 0) & (votes < 1))
        return pd.DataFrame({"success": success, "no_success": none, "disagree": torn, "outside": 1 - known})

    @property
    def difference_makers(self) -> pd.DataFrame:
        """Probability that each condition makes a difference.

        One row for each: ``condition``, ``in_all`` (it plays a part in every tied model) and ``in_some``.
        """
        every, some = np.zeros(len(self.conditions)), np.zeros(len(self.conditions))
        for scenario in self.scenarios:
            plays = (scenario.terms >= 0).astype(int)
            used = scenario.members.astype(int) @ plays > 0
            if len(used):
                every += scenario.weight * used.all(axis=0)
                some += scenario.weight * used.any(axis=0)
        return pd.DataFrame({"condition": self.conditions, "in_all": every, "in_some": some})

    @property
    def literals(self) -> pd.DataFrame:
        """Probability that each value of a condition makes a difference.

        One row for each: ``literal``, ``in_all`` and ``in_some`` of the tied models.
        """
        rows = []
        for position, name in enumerate(self.conditions):
            for value, text in ((1, name), (0, f"~{name}")):
                every = some = 0.0
                for scenario in self.scenarios:
                    has = (scenario.terms[:, position] == value).astype(int)
                    used = scenario.members.astype(int) @ has > 0
                    every += scenario.weight * bool(len(used) and used.all())
                    some += scenario.weight * bool(used.any())
                rows.append((text, every, some))
        return pd.DataFrame(rows, columns=["literal", "in_all", "in_some"])

    def to_frame(self) -> pd.DataFrame:
        """Return ``solutions``."""
        return self.solutions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Propagation(Solved):
    """Every solution that uncertain outcomes could have given, over fillings that are all as probable.

    Attributes are those of :class:`Solved`.
    """

    def support(self, theory: Expression | str) -> dict[str, float]:
        """Compute the probability of a stated theory.

        Parameters
        ----------
        theory : Expression or str
            Over the conditions.

        Returns
        -------
        dict of str to float
            Probability that it is ``sufficient`` (every case in it a success, and there is one),
            ``necessary`` (no success outside it, and there is one) and ``both``.

        Raises
        ------
        InputError
            If it cannot be read or names what is no condition.
        """
        read = expression(str(theory), names=self.conditions)
        columns = {name: self.rows[:, :, i].astype(float) for i, name in enumerate(self.conditions)}
        return theory_support(read.of(columns) > 1 / 2, self.outcomes)

    @property
    def drivers(self) -> pd.DataFrame:
        """Whose uncertainty decides what the solution is, see :attr:`Solved.drivers`."""
        flips = []
        for case in range(len(self.cases)):
            turned = self.outcomes.point.copy()
            turned[case] = not turned[case]
            flips.append(text_of(self.rows[0], turned, self.conditions) != self.point)
        patterns, weights = self.outcomes.patterns, self.outcomes.weights
        holds = self._holds(str(self.solutions["solution"].iloc[0]))
        return drivers(
            self.cases, self.outcomes, patterns=patterns, weights=weights, holds=holds, flips=flips
        )

    def _holds(self, solution: str) -> np.ndarray:
        """Return for each pattern the share of fillings under which this is the solution."""
        found = np.zeros(len(self.outcomes.patterns))
        explained: dict[tuple[int, bytes], float] = {}
        for filling, rows in enumerate(self.rows):
            unique, owner = np.unique(rows, axis=0, return_inverse=True)
            for i, pattern in enumerate(self.outcomes.patterns):
                good = row_successes(owner.reshape(-1), pattern, len(unique))
                key = (filling, good.tobytes())
                if key not in explained:
                    text = solution_text(*explain(unique, good), self.conditions)
                    explained[key] = float(text == solution)
                found[i] += explained[key]
        return found / len(self.rows)

    def summary(self) -> Summary:
        """Say which solutions there are and how probable they are."""
        how = "exactly" if self.outcomes.exact else "by random draws"
        lines = [f"{len(self.solutions)} solutions over what the effects could have been ({how})."]
        lines += [
            f"- {row.solution}: probability {row.probability:.2f}"
            for row in self.solutions[:_FEW].itertuples()
        ]
        if len(self.solutions) > _FEW:
            rest = float(self.solutions["probability"].iloc[_FEW:].sum())
            lines.append(f"- {len(self.solutions) - _FEW} others: probability {rest:.2f}")
        return Summary("\n".join(lines))


def theory_support(inside: np.ndarray, outcomes: Outcomes) -> dict[str, float]:
    """Compute the probability that a set is enough, and that it is needed, for a success.

    Parameters
    ----------
    inside : ndarray of bool, shape (n_fillings, n_cases)
        Which cases are in the set, once for each filling; all as probable.
    outcomes : Outcomes
        What the cases could have achieved.

    Returns
    -------
    dict of str to float
        ``sufficient``, ``necessary`` and ``both``, as :meth:`Propagation.support`.

    Examples
    --------
    >>> outcomes = Outcomes.of_chances(np.array([0.9, 0.2]))
    >>> round(theory_support(np.array([[True, False]]), outcomes)["both"], 2)
    0.72
    """
    good = outcomes.patterns[None]
    within = inside[:, None, :]
    hit = (within & good).any(axis=2)
    enough = hit & ~(within & ~good).any(axis=2)
    needed = hit & ~(~within & good).any(axis=2)
    kinds = {"sufficient": enough, "necessary": needed, "both": enough & needed}
    return {name: float((holds @ outcomes.weights).mean()) for name, holds in kinds.items()}


def listed(scenarios: Sequence[Scenario], conditions: tuple[str, ...]) -> pd.DataFrame:
    """Add up the probability of each distinct solution.

    Parameters
    ----------
    scenarios : sequence of Scenario
        What could be the case.
    conditions : tuple of str
        Names of the conditions.

    Returns
    -------
    DataFrame
        ``solution``, ``n_models`` and ``probability``, the most probable first.
    """
    chances: dict[str, tuple[float, int]] = {}
    texts: dict[tuple[int, int], str] = {}
    for scenario in scenarios:
        key = (id(scenario.terms), id(scenario.members))
        if key not in texts:
            texts[key] = solution_text(scenario.terms, scenario.members, conditions)
        text = texts[key]
        chances[text] = (chances.get(text, (0.0, 0))[0] + scenario.weight, len(scenario.members))
    ordered = sorted(chances.items(), key=lambda item: (-item[1][0], item[0]))
    return pd.DataFrame(
        [(text, n, p) for text, (p, n) in ordered], columns=["solution", "n_models", "probability"]
    )


def drivers(
    cases: Sequence[str],
    outcomes: Outcomes,
    *,
    patterns: np.ndarray,
    weights: np.ndarray,
    holds: np.ndarray,
    flips: Sequence[bool],
) -> pd.DataFrame:
    """Tell whose uncertainty decides whether a solution holds.

    Parameters
    ----------
    cases : sequence of str
        Names.
    outcomes : Outcomes
        With the chances and distances of the cases.
    patterns : ndarray of bool, shape (n, n_cases)
        Patterns of success.
    weights, holds : ndarray of float64, shape (n,)
        Probability of each, and probability that the solution holds under it.
    flips : sequence of bool
        Whether the other outcome of each case alone changes the solution for the estimates.

    Returns
    -------
    DataFrame
        As :attr:`Solved.drivers`.
    """
    mean = float(weights @ holds)
    rows = []
    for case, name in enumerate(cases):
        p = float(weights @ patterns[:, case])
        means = [
            float(weights[side] @ holds[side]) / max(float(weights[side].sum()), SLACK)
            for side in (patterns[:, case], ~patterns[:, case])
        ]
        explained = p * (means[0] - mean) ** 2 + (1 - p) * (means[1] - mean) ** 2
        share = explained / (mean * (1 - mean)) if SLACK < mean < 1 - SLACK else 0.0
        rows.append((name, float(outcomes.chances[case]), share, flips[case], float(outcomes.distance[case])))
    return pd.DataFrame(rows, columns=["case", "p_success", "share", "flips", "distance"])


def propagate(
    rows: np.ndarray,
    outcomes: Outcomes,
    *,
    conditions: Sequence[str],
    cases: Sequence[str] | None = None,
) -> Propagation:
    """Solve every truth table that uncertain outcomes could have given.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_cases, n_conditions) or (n_fillings, n_cases, n_conditions)
        Configurations of the cases, 1 and 0; once for each filling of unknown cells, all as probable.
    outcomes : Outcomes
        What the cases could have achieved.
    conditions : sequence of str
        Names of the conditions.
    cases : sequence of str, optional
        Names of the cases; numbers if not given.

    Returns
    -------
    Propagation
        Solutions with their probabilities.

    Raises
    ------
    InputError
        If the shapes do not fit.

    Notes
    -----
    A configuration is positive if every case in it is a success. Patterns that make the same rows positive
    have the same parsimonious solution, so each is solved once.

    Examples
    --------
    >>> rows = np.array([[1, 1], [1, 0], [0, 1]])
    >>> outcomes = Outcomes.of_effects(np.array([2.0, 1.0, -1.0]), np.ones(3))
    >>> found = propagate(rows, outcomes, conditions=("READY", "STABLE"))
    >>> found.point, round(float(found.solutions["probability"].iloc[0]), 3)
    ('READY', 0.692)
    """
    stacked = rows[None] if rows.ndim == 2 else rows  # noqa: PLR2004 - one filling
    n_cases = stacked.shape[1]
    if len(conditions) != stacked.shape[2] or outcomes.patterns.shape[1] != n_cases:
        raise InputError(
            f"{n_cases} cases and {stacked.shape[2]} conditions do not fit {outcomes.patterns.shape[1]} outcomes "
            f"and {len(conditions)} names"
        )
    found = tuple(one for filling in range(len(stacked)) for one in scenarios(stacked, filling, outcomes))
    names = tuple(conditions)
    return Propagation(
        cases=tuple(cases) if cases is not None else tuple(str(i + 1) for i in range(n_cases)),
        conditions=names,
        rows=stacked,
        outcomes=outcomes,
        scenarios=found,
        solutions=listed(found, names),
        point=text_of(stacked[0], outcomes.point, names),
    )
