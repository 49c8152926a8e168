"""Solutions with their probabilities: what the uncertainty of effects does to what a truth table says."""

from __future__ import annotations

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

__all__ = ["Propagation", "propagate"]

_FEW: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Propagation:
    """Every solution that uncertain outcomes could have given, with its probability.

    Attributes
    ----------
    cases, conditions : tuple of str
        Names.
    rows : ndarray of int64, shape (n_fillings, n_cases, n_conditions)
        Configurations of the cases, once for each filling of the unknown cells.
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
        return np.array([scenario.votes(rows) for scenario in self.scenarios])

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
            success, that none does, and that they disagree; ``outside``, the share of fillings under which
            no case has the configuration.
        """
        votes, weights = self.votes(rows), self.weights
        seen = (self.rows[:, :, None, :] == rows[None, None]).all(axis=3).any(axis=1)
        success, none = weights @ (votes == 1), weights @ (votes == 0)
        torn = weights @ ((votes > 0) & (votes < 1))
        return pd.DataFrame(
            {"success": success, "no_success": none, "disagree": torn, "outside": 1 - seen.mean(axis=0)}
        )

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
        inside = (read.of(columns) > 1 / 2)[:, None, :]
        good = self.outcomes.patterns[None]
        hit = (inside & good).any(axis=2)
        enough = hit & ~(inside & ~good).any(axis=2)
        needed = hit & ~(~inside & good).any(axis=2)
        weights = self.outcomes.weights
        kinds = {"sufficient": enough, "necessary": needed, "both": enough & needed}
        return {name: float((holds @ weights).mean()) for name, holds in kinds.items()}

    @property
    def drivers(self) -> pd.DataFrame:
        """Whose uncertainty decides what the solution is.

        One row for each case: ``case``, ``p_success``, ``share`` (of the variance of "the most probable
        solution holds" that goes away once the case's outcome is known), ``flips`` (whether the other outcome
        of this case alone changes the solution for the estimates) and ``distance``, how far its effect is
        from doing so.
        """
        top = self.solutions["solution"].iloc[0]
        holds = self._holds(top)
        patterns, weights = self.outcomes.patterns, self.outcomes.weights
        mean = float(weights @ holds)
        rows = []
        for case, name in enumerate(self.cases):
            p = self.outcomes.chances[case]
            means = [
                float(weights[side] @ holds[side]) / max(float(weights[side].sum()), SLACK)
                for side in (patterns[:, case], ~patterns[:, case])
            ]
            explained = p * (means[0] - mean) ** 2 + (1 - p) * (means[1] - mean) ** 2
            share = explained / (mean * (1 - mean)) if SLACK < mean < 1 - SLACK else 0.0
            turned = self.outcomes.point.copy()
            turned[case] = not turned[case]
            flips = self._text(turned) != self.point
            rows.append((name, float(p), float(share), flips, float(self.outcomes.distance[case])))
        return pd.DataFrame(rows, columns=["case", "p_success", "share", "flips", "distance"])

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

    def _text(self, pattern: np.ndarray) -> str:
        return text_of(self.rows[0], pattern, self.conditions)

    def to_frame(self) -> pd.DataFrame:
        """Return ``solutions``."""
        return self.solutions

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
    found = [one for filling in range(len(stacked)) for one in scenarios(stacked, filling, outcomes)]
    chances: dict[str, tuple[float, int]] = {}
    for scenario in found:
        text = solution_text(scenario.terms, scenario.members, tuple(conditions))
        before = chances.get(text, (0.0, 0))[0]
        chances[text] = (before + scenario.weight, len(scenario.members))
    listed = sorted(chances.items(), key=lambda item: (-item[1][0], item[0]))
    return Propagation(
        cases=tuple(cases) if cases is not None else tuple(str(i + 1) for i in range(n_cases)),
        conditions=tuple(conditions),
        rows=stacked,
        outcomes=outcomes,
        scenarios=tuple(found),
        solutions=pd.DataFrame(
            [(text, n, p) for text, (p, n) in listed], columns=["solution", "n_models", "probability"]
        ),
        point=text_of(stacked[0], outcomes.point, tuple(conditions)),
    )
