"""Solutions in which conditions that fall on the same trusts are told as the one explanation that they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lean_impact.contingency.evidence import Evidence
from lean_impact.contingency.qca import Solved
from lean_impact.contingency.qca.scenarios import solution_text
from lean_impact.kernels.implicants import FREE

__all__ = ["told_apart"]


def told_apart(propagation: Solved, ties: Sequence[Sequence[str]], evidence: Evidence) -> pd.DataFrame:
    """Write every solution with tied conditions as one.

    Parameters
    ----------
    propagation : Solved
        Solutions over what could be the case.
    ties : sequence of sequence of str
        Conditions with the same column, or opposite ones.
    evidence : Evidence
        With the columns.

    Returns
    -------
    DataFrame
        ``solution``, ``n_models`` and ``probability``, the most probable first.
    """
    conditions = propagation.conditions
    groups = [[c for c in tie if c in conditions] for tie in ties]
    names, source, turned = (
        list(conditions),
        np.arange(len(conditions)),
        np.zeros(len(conditions), dtype=bool),
    )
    for group in (group for group in groups if len(group) > 1):
        places = [conditions.index(c) for c in group]
        columns = evidence.states[:, [evidence.conditions.index(c) for c in group]]
        opposite = (columns != columns[:, :1]).any(axis=0)
        source[places], turned[places] = places[0], opposite
        parts = [c if not other else f"~{c}" for c, other in zip(group, opposite, strict=True)]
        names[places[0]] = f"({' = '.join(parts)})"
    chances: dict[str, tuple[int, float]] = {}
    for scenario in propagation.scenarios:
        terms, members = _merged(scenario.terms, scenario.members, source, turned)
        text = solution_text(terms, members, tuple(names))
        before = chances.get(text, (0, 0.0))[1]
        chances[text] = (len(members), before + scenario.weight)
    listed = sorted(chances.items(), key=lambda item: (-item[1][1], item[0]))
    return pd.DataFrame(
        [(text, n, p) for text, (n, p) in listed], columns=["solution", "n_models", "probability"]
    )


def _merged(
    terms: np.ndarray, members: np.ndarray, source: np.ndarray, turned: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Move each literal of a tied condition to the first of its group, and drop models that become the same."""
    moved = np.full_like(terms, FREE)
    for term, position in zip(*np.nonzero(terms != FREE), strict=True):
        value = terms[term, position]
        moved[term, source[position]] = 1 - value if turned[position] else value
    if not len(moved) or not len(members):
        return moved, members
    unique, owner = np.unique(moved, axis=0, return_inverse=True)
    joined = np.zeros((len(members), len(unique)), dtype=bool)
    for term, place in enumerate(owner.reshape(-1)):
        joined[:, place] |= members[:, term]
    return unique, np.unique(joined, axis=0)
