"""Naive levels before and after, compared with nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from lean_impact.effects.arrays import PanelArrays
from lean_impact.effects.parts import Level

__all__ = ["levels_of"]


def levels_of(arrays: PanelArrays) -> tuple[Level, ...]:
    """Return the levels of each treated trust and of both groups.

    Parameters
    ----------
    arrays : PanelArrays
        Figures; the comparison trusts' before and after are those of the first start.

    Returns
    -------
    tuple of Level
        Means of periods for each trust; for the groups sums over all trusts, where there are counts, and plain means
        of the trusts' own levels.
    """
    return tuple(_levels(arrays))


def _levels(arrays: PanelArrays) -> Iterator[Level]:
    before, after = _masks(arrays)
    own = [_means(arrays.values, mask) for mask in (before, after)]
    for at in range(arrays.n_treated):
        yield Level(
            group="trust",
            trust=arrays.trusts[at],
            aggregation="mean",
            n_trusts=1,
            before=float(own[0][at]),
            after=float(own[1][at]),
        )
    groups: tuple[tuple[Literal["treated", "comparison"], slice], ...] = (
        ("treated", slice(0, arrays.n_treated)),
        ("comparison", slice(arrays.n_treated, None)),
    )
    for group, members in groups:
        size = len(arrays.trusts[members])
        if not size:
            continue
        sums = [_sums(arrays, mask, members) for mask in (before, after)]
        if arrays.measure.kind != "count" and not np.isnan(sums).any():
            yield Level(
                group=group, trust="", aggregation="sum", n_trusts=size, before=sums[0], after=sums[1]
            )
        yield Level(
            group=group,
            trust="",
            aggregation="mean",
            n_trusts=size,
            before=float(own[0][members].mean()),
            after=float(own[1][members].mean()),
        )


def _masks(arrays: PanelArrays) -> tuple[np.ndarray, np.ndarray]:
    first = int(arrays.start.min())
    before, after = arrays.before.copy(), arrays.after.copy()
    before[first:, arrays.n_treated :] = False
    after[first:, arrays.n_treated :] = True
    return before, after


def _means(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    means: np.ndarray = np.nanmean(np.where(mask, values, np.nan), axis=0)
    return means


def _sums(arrays: PanelArrays, mask: np.ndarray, members: slice) -> float:
    used = mask[:, members] & ~np.isnan(arrays.values[:, members])
    numerators, denominators = arrays.numerators[:, members][used], arrays.denominators[:, members][used]
    if not (denominators > 0).all():
        return float("nan")
    return float(numerators.sum() / denominators.sum())
