"""How a model stands up to other choices, to a theory, and to the clusters that cases come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lean_impact.contingency.qca.sets import SetTable
from lean_impact.domain import Summary
from lean_impact.errors import InputError
from lean_impact.kernels.set_fit import necessity, sufficiency

__all__ = ["Clusters", "Robustness", "cluster_diagnostics", "robustness", "theory_evaluation"]

_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """How much of a model survives other cuts, calibrations or conditions.

    Attributes
    ----------
    initial : str
        The model.
    tests : tuple of str
        Models from other choices.
    coverage, consistency : float
        Coverage of the core that all share over that of the model, and consistency of the model over that
        of the core; 1 is fully robust.
    overlap_least, overlap_most : float
        Overlap of the model with the intersection and with the union of the tests, from 0 to 1.
    typical, deviant : float
        Share of typical cases (in the set and in the outcome) and of deviant ones (in the set only) that
        stay so under every choice; NaN if there are none.
    core_consistency, core_coverage, core_pri : float
        Fit of the core.
    """

    initial: str
    tests: tuple[str, ...]
    coverage: float
    consistency: float
    overlap_least: float
    overlap_most: float
    typical: float
    deviant: float
    core_consistency: float
    core_coverage: float
    core_pri: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each measure: ``measure`` and ``value``."""
        names = [name for name in self.__dataclass_fields__ if name not in {"initial", "tests"}]
        return pd.DataFrame([(name, getattr(self, name)) for name in names], columns=["measure", "value"])

    def summary(self) -> Summary:
        """Say how robust the model is."""
        return Summary(
            f"{self.initial} against {len(self.tests)} other choices: robust coverage {self.coverage:.2f}, "
            f"robust consistency {self.consistency:.2f}, {self.typical:.0%} of typical cases stay typical."
        )


def robustness(table: SetTable, *, initial: str, tests: Sequence[str]) -> Robustness:
    """Compare a model with those that other choices give.

    Parameters
    ----------
    table : SetTable
        Cases by conditions.
    initial : str
        The model, as an expression.
    tests : sequence of str
        Models from other cuts, calibrations or conditions.

    Returns
    -------
    Robustness
        Fit-oriented and case-oriented measures over *all* tests.

    Raises
    ------
    InputError
        If there is no test, or an expression cannot be read.

    Notes
    -----
    With ``s`` the membership in the model and the core ``c = min(s, every test)``: coverage of ``c`` over
    coverage of ``s``, consistency of ``s`` over that of ``c``, and
    ``sum min(s, t) / sum max(s, t)`` with ``t`` the smallest and the largest of the tests.

    References
    ----------
    Oana and Schneider (2024), Sociological Methods and Research 53, 57-88.

    Examples
    --------
    >>> sets = pd.DataFrame({"A": [0.9, 0.2, 0.8], "B": [0.7, 0.1, 0.3], "Y": [0.9, 0.1, 0.6]}, index=list("abc"))
    >>> found = robustness(SetTable.of(sets, outcome="Y"), initial="A", tests=["A*B"])
    >>> round(found.coverage, 3), round(found.overlap_least, 3)
    (0.687, 0.579)
    """
    if not tests:
        raise InputError("robustness needs at least one model from another choice")
    ours, outcome = table.membership(initial), table.outcome
    others = np.array([table.membership(test) for test in tests])
    least, most = others.min(axis=0), others.max(axis=0)
    core = np.minimum(ours, least)
    fit, of_core = sufficiency(ours, outcome), sufficiency(core, outcome)
    union = np.maximum(ours, most)
    yes = outcome > _HALF
    return Robustness(
        initial=initial,
        tests=tuple(tests),
        coverage=_over(of_core.coverage, fit.coverage),
        consistency=_over(fit.consistency, of_core.consistency),
        overlap_least=_over(np.minimum(ours, least).sum(), np.maximum(ours, least).sum()),
        overlap_most=_over(np.minimum(ours, most).sum(), np.maximum(ours, most).sum()),
        typical=_over(((core > _HALF) & yes).sum(), ((union > _HALF) & yes).sum()),
        deviant=_over(((core > _HALF) & ~yes).sum(), ((union > _HALF) & ~yes).sum()),
        core_consistency=float(of_core.consistency),
        core_coverage=float(of_core.coverage),
        core_pri=float(of_core.pri),
    )


def theory_evaluation(table: SetTable, *, theory: str, model: str) -> pd.DataFrame:
    """Set a stated theory against a model found in the cases.

    Parameters
    ----------
    table : SetTable
        Cases by conditions.
    theory, model : str
        Expressions.

    Returns
    -------
    DataFrame
        One row for the theory ``T``, the model ``S``, and each of ``T*S``, ``~T*S``, ``T*~S`` and ``~T*~S``:
        ``region``, what it means (``reads``), ``consistency``, ``pri``, ``coverage``, and the cases in it
        with and without the outcome.

    References
    ----------
    Schneider and Wagemann (2012), Set-Theoretic Methods for the Social Sciences, chapter 11.

    Examples
    --------
    >>> sets = pd.DataFrame({"A": [1, 0, 1], "B": [1, 0, 0], "Y": [1, 0, 1]}, index=["one", "two", "three"])
    >>> found = theory_evaluation(SetTable.of(sets, outcome="Y"), theory="A*B", model="A")
    >>> found.set_index("region").loc["~T*S", "with_outcome"]
    'three'
    """
    t, s, y = table.membership(theory), table.membership(model), table.outcome
    regions = {
        "T": (t, "the theory"),
        "S": (s, "the model"),
        "T*S": (np.minimum(t, s), "expected and found"),
        "~T*S": (np.minimum(1 - t, s), "found but not expected: the theory should be wider"),
        "T*~S": (np.minimum(t, 1 - s), "expected but not found: the theory should be narrower"),
        "~T*~S": (np.minimum(1 - t, 1 - s), "neither expected nor found"),
    }
    rows = []
    for region, (sets, reads) in regions.items():
        fit = sufficiency(sets, y)
        inside = sets > _HALF
        with_it, without = (
            ", ".join(c for c, here in zip(table.cases, inside & of, strict=True) if here)
            for of in (y > _HALF, y <= _HALF)
        )
        rows.append(
            (region, reads, float(fit.consistency), float(fit.pri), float(fit.coverage), with_it, without)
        )
    return pd.DataFrame(
        rows,
        columns=["region", "reads", "consistency", "pri", "coverage", "with_outcome", "without_outcome"],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """Whether a set relation holds in every cluster of cases, or in a few that carry it.

    Attributes
    ----------
    pooled : float
        Consistency over all cases.
    between : mapping of str to float
        Consistency within each cluster.
    within : mapping of str to float
        Consistency within each unit that is seen in several clusters.
    between_distance, within_distance : float
        How unevenly these are spread: 0 if they are all the same.
    pooled_coverage : float
        Coverage over all cases.
    coverage_between, coverage_within : mapping of str to float
        Coverage within each cluster and each unit.
    """

    pooled: float
    between: dict[str, float]
    within: dict[str, float]
    between_distance: float
    within_distance: float
    pooled_coverage: float
    coverage_between: dict[str, float]
    coverage_within: dict[str, float]

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each group: ``level``, ``group``, ``consistency`` and ``coverage``."""
        rows = [("pooled", "all", self.pooled, self.pooled_coverage)]
        rows += [
            ("between", group, self.between[group], self.coverage_between[group]) for group in self.between
        ]
        rows += [("within", group, self.within[group], self.coverage_within[group]) for group in self.within]
        return pd.DataFrame(rows, columns=["level", "group", "consistency", "coverage"])

    def summary(self) -> Summary:
        """Say how even the relation is."""
        return Summary(
            f"Pooled consistency {self.pooled:.2f}; distance between clusters {self.between_distance:.3f}, "
            f"within units {self.within_distance:.3f} (0 is the same everywhere)."
        )


def cluster_diagnostics(
    table: SetTable,
    *,
    sets: str,
    clusters: Sequence[str],
    units: Sequence[str],
    necessary: bool = False,
) -> Clusters:
    """Ask whether a relation holds in every cluster.

    Parameters
    ----------
    table : SetTable
        One case for each unit and cluster, such as trust and year, or value stream and trust.
    sets : str
        Expression whose relation to the outcome is judged.
    clusters, units : sequence of str
        Cluster and unit of each case, in the order of the table.
    necessary : bool, default False
        Judge necessity and not sufficiency.

    Returns
    -------
    Clusters
        Consistencies, distances and coverages.

    Raises
    ------
    InputError
        If clusters or units are not given for exactly the cases.

    Notes
    -----
    Distance of ``J`` consistencies ``b_j``: ``sqrt(sum_j (b_j / sum b - 1 / J)^2)``.

    References
    ----------
    Garcia-Castro and Arino (2016), Academy of Management Proceedings; Oana, Schneider and Thomann (2021),
    Qualitative Comparative Analysis Using R, chapter 5.

    Examples
    --------
    >>> sets = pd.DataFrame({"A": [1, 1, 0, 1], "Y": [1, 0, 0, 1]}, index=list("abcd"))
    >>> found = cluster_diagnostics(
    ...     SetTable.of(sets, outcome="Y"), sets="A", clusters=["x", "x", "y", "y"], units=["1", "2", "1", "2"])
    >>> found.between
    {'x': 0.5, 'y': 1.0}
    """
    if not len(clusters) == len(units) == len(table.cases):
        raise InputError(
            f"{len(table.cases)} cases need as many clusters and units, not {len(clusters)} and {len(units)}"
        )
    x, y = table.membership(sets), table.outcome

    def fit(rows: np.ndarray) -> tuple[float, float]:
        found = necessity(x[rows], y[rows]) if necessary else sufficiency(x[rows], y[rows])
        return float(found.consistency), float(found.coverage)

    def by(labels: Sequence[str]) -> tuple[dict[str, float], dict[str, float]]:
        names = np.array(labels, dtype=object)
        fits = {str(label): fit(names == label) for label in sorted(set(labels))}
        return {k: v[0] for k, v in fits.items()}, {k: v[1] for k, v in fits.items()}

    between, coverage_between = by(clusters)
    within, coverage_within = by(units)
    pooled, pooled_coverage = fit(np.ones(len(x), dtype=bool))
    return Clusters(
        pooled=pooled,
        between=between,
        within=within,
        between_distance=_distance(between),
        within_distance=_distance(within),
        pooled_coverage=pooled_coverage,
        coverage_between=coverage_between,
        coverage_within=coverage_within,
    )


def _distance(found: dict[str, float]) -> float:
    values = np.array(list(found.values()))
    return float(np.sqrt(np.sum((values / values.sum() - 1 / len(values)) ** 2)))


def _over(above: float | np.ndarray, below: float | np.ndarray) -> float:
    return float(above) / float(below) if float(below) else float("nan")
