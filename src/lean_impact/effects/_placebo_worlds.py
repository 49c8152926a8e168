"""Placebo studies as arrays, so that an estimator can be asked thousands of times without reading a table again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np

from lean_impact.domain import Estimate, Exclusion, Measure
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import PanelArrays
from lean_impact.effects.did import DifferenceInDifferences
from lean_impact.effects.gaps import GapEstimator, pooled_of_gaps
from lean_impact.effects.inference import pooled_effect
from lean_impact.effects.parts import Changes
from lean_impact.effects.result import EffectEstimator
from lean_impact.kernels.power import Designs
from lean_impact.tables import Panel
from lean_impact.tables.calendar import places_of

__all__ = ["Figures", "quick_estimate", "world_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """Complete figures of trusts without the programme.

    Attributes
    ----------
    panel : Panel
        Where they come from.
    measure : Measure
        What is measured.
    trusts : tuple of str
        Sorted codes.
    periods : ndarray of datetime64[D], shape (n_periods,)
        Those that are kept.
    values, numerators, denominators : ndarray of float64, shape (n_periods, n_trusts)
        Counts are NaN where there are none.
    ignore : tuple of Exclusion
        Periods that were left out for everybody.
    """

    panel: Panel
    measure: Measure
    trusts: tuple[str, ...]
    periods: np.ndarray
    values: np.ndarray
    numerators: np.ndarray
    denominators: np.ndarray
    ignore: tuple[Exclusion, ...]

    @classmethod
    def of(
        cls,
        panel: Panel,
        measure: Measure,
        trusts: Sequence[str],
        *,
        kept: np.ndarray,
        ignore: tuple[Exclusion, ...],
    ) -> Figures:
        """Read a panel once, the periods that are kept."""
        codes = sorted(trusts)
        wide = panel.wide(measure.id)[kept]
        numerators, denominators = (
            panel.wide(measure.id, column).loc[kept, codes].to_numpy()
            for column in ("numerator", "denominator")
        )
        return cls(
            panel=panel,
            measure=measure,
            trusts=tuple(codes),
            periods=wide.index.to_numpy().astype("datetime64[D]"),
            values=wide[codes].to_numpy(),
            numerators=numerators,
            denominators=denominators,
            ignore=ignore,
        )


def world_of(
    figures: Figures,
    adoption: AdoptionDesign,
    designs: Designs,
    at: int,
    *,
    offsets: tuple[int, ...],
    n_pre: int,
    n_post: int,
) -> PanelArrays:
    """Return one placebo study as arrays, its treated trusts first.

    Parameters
    ----------
    figures : Figures
        Of all trusts.
    adoption : AdoptionDesign
        The placebo study in words.
    designs : Designs
        All of them; `at` picks one.
    at : int
        Which.
    offsets : tuple of int
        Periods by which each treated trust adopts after the first.
    n_pre, n_post : int
        Periods before and from the first adoption on.

    Returns
    -------
    PanelArrays
    """
    members, start = designs.members[at], int(designs.starts[at])
    others = np.setdiff1d(np.arange(len(figures.trusts)), members)
    order = np.concatenate([members, others])
    rows = slice(start - n_pre, start + n_post)
    cut = partial(_cut, rows=rows, order=order)
    n_periods = n_pre + n_post
    return PanelArrays(
        measure=figures.measure,
        adoption=adoption,
        trusts=tuple(figures.trusts[i] for i in order),
        n_treated=len(members),
        periods=figures.periods[rows],
        time=places_of(figures.periods[rows], figures.measure.frequency),
        values=cut(figures.values),
        numerators=cut(figures.numerators),
        denominators=cut(figures.denominators),
        start=np.concatenate([n_pre + np.array(offsets, dtype=int), np.full(len(others), n_periods)]),
        transition=np.zeros((n_periods, len(order)), dtype=bool),
        covariates=np.zeros((0, n_periods, len(order))),
        cautions=(),
        provenance=figures.panel.provenance,
    )


def _cut(matrix: np.ndarray, *, rows: slice, order: np.ndarray) -> np.ndarray:
    return matrix[rows][:, order]


def quick_estimate(estimator: EffectEstimator, world: PanelArrays) -> Estimate | None:
    """Return the pooled effect straight from arrays, or None if the estimator only reads panels.

    Parameters
    ----------
    estimator : EffectEstimator
        Any.
    world : PanelArrays
        Figures without holes or transitions.

    Returns
    -------
    Estimate or None
        The same as from a panel.
    """
    if isinstance(estimator, DifferenceInDifferences):
        together = len(world.cohorts) == 1
        return pooled_effect(_changes(estimator, world), level=estimator.level)[0] if together else None
    if hasattr(estimator, "gaps") and not getattr(estimator, "covariates", ()):
        return pooled_of_gaps(cast("GapEstimator", estimator), world)
    return None


def _changes(estimator: DifferenceInDifferences, world: PanelArrays) -> Changes:
    start = int(world.start.min())
    parts = slice(0, start), slice(start, None)
    if estimator.aggregation == "mean":
        before, after = (world.values[part].mean(axis=0) for part in parts)
    else:
        before, after = (
            world.numerators[part].sum(axis=0) / world.denominators[part].sum(axis=0) for part in parts
        )
    equal = estimator.weighting == "equal"
    weights = np.ones(len(before)) if equal else world.denominators[parts[0]].sum(axis=0)
    return Changes(
        trusts=world.trusts, n_treated=world.n_treated, before=before, after=after, weights=weights
    )
