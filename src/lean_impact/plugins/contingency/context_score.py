"""What readiness-like fits share: an index of context, scores and what would change them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from lean_impact.contingency.evidence import Evidence, fillings
from lean_impact.contingency.protocol import Prediction, Score
from lean_impact.contingency.scoring import score_table
from lean_impact.domain import Membership, Provenance, Reading, State
from lean_impact.plugins.contingency.lines import FEWEST_FOR_SLOPE, SAME, IndexOf, trust_index
from lean_impact.plugins.contingency.shares import shapley

__all__ = ["ContextScore", "degree_cautions"]

_HALF: Final = 0.5
_MOST_SHARED: Final = 10
_PLACES: Final[dict[State, int]] = {"absent": 0, "present": 1, "unknown": -1}
_DEGREE: Final = 2
_CONTEXT_DRAWS: Final = 16
_BOTH: Final[tuple[State, State]] = ("present", "absent")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContextScore:
    """What a model learned that turns a context into an index, once for each thing that could be the case.

    Attributes
    ----------
    evidence : Evidence
        What was fitted.
    entering : ndarray of int64, shape (n_entering,)
        Positions of the conditions in the index.
    filled : ndarray of float64, shape (n_fillings, n_trusts, n_entering)
        1 present, 0 absent or a membership, unknown cells filled both ways and memberships drawn.
    exact : bool
        Whether these are all fillings.
    filling : ndarray of int64, shape (n_scenarios,)
        Filling that each scenario belongs to.
    weights : ndarray of float64, shape (n_scenarios,)
        Probability of each scenario.
    index_of : callable
        From contexts, shape (n, n_entering), to the index in each scenario, shape (n_scenarios, n), 0 to 1.
    limit : int
        Fillings of unknown cells at most.
    provenance : Provenance
        Name, parameters and seed.
    """

    evidence: Evidence
    entering: np.ndarray
    filled: np.ndarray
    exact: bool
    filling: np.ndarray
    weights: np.ndarray
    index_of: IndexOf
    limit: int
    provenance: Provenance

    @property
    def index(self) -> np.ndarray:
        """Index of each trust in each scenario, shape (n_scenarios, n_trusts)."""
        return trust_index(self.index_of, self.filled, self.filling)

    @property
    def ids(self) -> tuple[str, ...]:
        """Identifiers of the conditions in the index."""
        return tuple(self.evidence.conditions[i] for i in self.entering)

    # ------------------------------------------------------------------ what it says of a context

    @abstractmethod
    def predict(self, states: Mapping[str, Reading]) -> Prediction:
        """Predict the effect in a context."""

    def _candidates(self, states: Mapping[str, Reading]) -> np.ndarray:
        """Return everything that a context could be, shape (n, n_entering)."""
        return self._candidates_of([states[condition] for condition in self.ids])

    def _outside(self, codes: np.ndarray, candidates: np.ndarray, values: np.ndarray) -> float:
        constant = np.flatnonzero(self.evidence.known_constant)
        differs = codes[constant] != self.evidence.states[0, constant]
        if (differs & (codes[constant] >= 0)).any():
            return 1.0
        seen = self._seen(candidates)
        fitted = self.index
        low, high = fitted.min(axis=1)[:, None], fitted.max(axis=1)[:, None]
        within = (values >= low - SAME) & (values <= high + SAME) & seen[:, self.filling].T
        known = float(self.weights @ within.mean(axis=1))
        # Of a condition that is the same in every fitted trust but unknown here, half the odds are outside.
        # Rounding must not take the probability out of 0 to 1.
        return min(max(1 - known * _HALF ** int((codes[constant] < 0).sum()), 0.0), 1.0)

    def _seen(self, candidates: np.ndarray) -> np.ndarray:
        """Say under which fillings each state of a context was shown by some trust, (n, n_fillings)."""
        wanted, inverse = np.unique(candidates > _HALF, axis=0, return_inverse=True)
        seen = (wanted[:, None, None] == (self.filled > _HALF)[None]).any(axis=2).all(axis=2)
        return np.asarray(seen[inverse.reshape(-1)])

    def score(self, trust: str) -> Score:
        """Score a trust by the index of its context.

        Parameters
        ----------
        trust : str
            Code of a trust that was fitted.

        Returns
        -------
        Score
            ``value`` is the expected index, ``lower`` and ``upper`` its range over the trust's unknown cells;
            ``contributions`` are Shapley values: how knowing each condition moves the index from its average
            over all contexts to ``value``, memberships as they stand.

        Raises
        ------
        InputError
            If the trust was not fitted.
        """
        evidence = self.evidence
        context = evidence.context(trust)
        candidates = self._candidates(context)
        readings = [context[condition] for condition in self.ids]
        low, value, high = self._range(candidates)
        return Score(
            trust=trust,
            value=value,
            lower=min(low, value),
            upper=max(high, value),
            contributions=MappingProxyType(self._contributions(readings)),
            expected=self.predict(context).as_estimate(),
            would_change=tuple(self._would_change(readings, value)),
        )

    def _range(self, candidates: np.ndarray) -> tuple[float, float, float]:
        """Return the lowest, expected and highest index over what a context could be."""
        means = np.clip(self.weights @ self.index_of(candidates), 0.0, 1.0)
        return float(means.min()), float(means.mean()), float(means.max())

    def _expected(self, candidates: np.ndarray) -> np.ndarray:
        return np.asarray(self.weights @ self.index_of(candidates))

    def _contributions(self, readings: Sequence[Reading]) -> dict[str, float]:
        degrees = [cell.value if isinstance(cell, Membership) else None for cell in readings]
        size = len(readings) + sum(degree is not None for degree in degrees)
        if size > _MOST_SHARED:
            return self._flips(readings)
        axes = [(0.0, 1.0) if degree is None else (0.0, 1.0, degree) for degree in degrees]
        grid = np.array(list(product(*axes))).reshape(-1, len(axes))
        places = [_PLACES[cell] if isinstance(cell, str) else _DEGREE for cell in readings]
        parts = shapley(self._expected(grid).reshape([len(axis) for axis in axes]), places)
        return {c: float(part) for c, part in zip(self.ids, parts, strict=True)}

    def _flips(self, readings: Sequence[Reading]) -> dict[str, float]:
        """Say what each known condition brings against its opposite, for too many conditions to share out."""
        here = self._candidates_of(readings)
        found = {}
        for position, condition in enumerate(self.ids):
            there = here.copy()
            there[:, position] = 1 - there[:, position]
            known = float(readings[position] != "unknown")
            found[condition] = known * float((self._expected(here) - self._expected(there)).mean()) / 2
        return found

    def _candidates_of(self, readings: Sequence[Reading]) -> np.ndarray:
        filled, _ = fillings(
            [readings], limit=self.limit, seed=self.provenance.seed or 0, draws=_CONTEXT_DRAWS
        )
        return filled[:, 0]

    def _would_change(self, readings: Sequence[Reading], value: float) -> list[str]:
        """Say what each condition, the other way round or known, would do to the score."""
        said = []
        for position, of_condition in enumerate(self.entering):
            name, now = self.evidence.names[of_condition], readings[position]
            with_it, without = (
                float(self._expected(self._candidates_of(_with(readings, position, state))).mean())
                for state in _BOTH
            )
            if abs(with_it - without) <= SAME:
                continue
            if isinstance(now, Membership):
                said.append(
                    f"'{name}' holds to the degree {now}: the score would be {with_it:.2f} if it held fully "
                    f"and {without:.2f} if not at all."
                )
            elif now == "unknown":
                said.append(
                    f"'{name}' is not known: the score would be {with_it:.2f} if it held and {without:.2f} if not."
                )
            else:
                words, other = ("holds", without) if now == "present" else ("does not hold", with_it)
                said.append(
                    f"'{name}' {words}: the other way the score would be {other:.2f} instead of {value:.2f}."
                )
        return said

    @property
    def filling_cautions(self) -> tuple[str, ...]:
        """What unknown and constant conditions do."""
        evidence = self.evidence
        n_unknown = int((evidence.states[:, self.entering] < 0).sum())
        constant = "; ".join(evidence.names[i] for i in np.flatnonzero(evidence.known_constant))
        unheard = "; ".join(evidence.names[i] for i in np.flatnonzero(evidence.wholly_unknown))
        how = "" if self.exact else f", by {len(self.filled)} random fillings instead of all"
        n = len(evidence.trusts)
        said = {
            "no condition differs between the trusts, so every prediction is the average": not len(
                self.entering
            ),
            f"{n_unknown} unknown cells were filled both ways with equal odds{how}": n_unknown > 0,
            f"the same in every trust, so it can play no part: {constant}": bool(constant),
            f"known for no trust, so it can play no part: {unheard}": bool(unheard),
            f"{n} trusts leave {n - 2} degrees of freedom around a line": n >= FEWEST_FOR_SLOPE,
        }
        return (
            *degree_cautions(evidence, self.entering),
            *(words for words, holds in said.items() if holds),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trust, see :func:`lean_impact.contingency.score_table`."""
        return score_table(self, trusts=self.evidence.trusts)


def degree_cautions(evidence: Evidence, entering: np.ndarray) -> tuple[str, ...]:
    """Say which conditions are a matter of degree, and whose memberships are not known to be sure.

    Parameters
    ----------
    evidence : Evidence
        What was fitted.
    entering : ndarray of int64, shape (n_entering,)
        Positions of the conditions that play a part.

    Returns
    -------
    tuple of str
        Sentences; none where nothing is a matter of degree.
    """
    degrees = "; ".join(evidence.names[i] for i in entering if evidence.fuzzy[i])
    unsure = {
        trust
        for trust, cells in zip(evidence.trusts, evidence.readings, strict=True)
        for i in entering
        if isinstance(cell := cells[i], Membership) and cell.lower is None
    }
    said = (
        [f"a matter of degree, taken with its memberships and what they could be: {degrees}"]
        if degrees
        else []
    )
    if unsure:
        named = ", ".join(sorted(unsure))
        said.append(f"how sure the membership of {named} is, is not known, so it was taken as it stands")
    return tuple(said)


def _with(readings: Sequence[Reading], position: int, state: State) -> list[Reading]:
    return [state if at == position else cell for at, cell in enumerate(readings)]
