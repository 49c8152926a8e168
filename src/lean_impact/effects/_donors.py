"""What the estimators with donor weights share: cohorts as complete blocks, and what is told about the fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from lean_impact.effects.arrays import PanelArrays
from lean_impact.effects.gaps import Gaps, Weighting

__all__ = ["Block", "BlockFit", "blocks_of", "common_share", "gaps_of_fits"]

_SHOWN = 1e-6
"""Weights smaller than this are not listed."""
_REPRODUCED = 1e-6
_FAR = 4.0
"""A fit worse than this many times that of the typical placebo is told."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """The treated trusts that start together, and all donors, in the periods that count for them.

    Attributes
    ----------
    y : ndarray of float64, shape (n_rows, n_trusts)
        Outcomes of all trusts; only the columns of `members` and `donors` are complete.
    rows : ndarray of bool, shape (n_periods,)
        Periods of the panel that `y` holds.
    start : int
        First row with the programme.
    members, donors : ndarray of int
        Columns of the treated trusts of the cohort, and of the comparison trusts.
    first : numpy.datetime64
        First period with the programme.
    """

    y: np.ndarray
    rows: np.ndarray
    start: int
    members: np.ndarray
    donors: np.ndarray
    first: np.datetime64

    @property
    def targets(self) -> np.ndarray:
        """Columns to fit: the members, then every donor as placebo."""
        return np.concatenate([self.members, self.donors])


class BlockFit(NamedTuple):
    """Fits of a block.

    Attributes
    ----------
    gaps : ndarray of float64, shape (n_rows, n_targets)
    weights : ndarray of float64, shape (n_donors, n_targets)
    columns : dict of str to ndarray, shape (n_targets,)
        Further columns of the table of fits.
    """

    gaps: np.ndarray
    weights: np.ndarray
    columns: dict[str, np.ndarray]


def blocks_of(arrays: PanelArrays) -> Iterator[Block]:
    """Yield each cohort as a complete block; its transition periods are left out."""
    donors = np.arange(arrays.n_treated, len(arrays.trusts))
    for start, members in arrays.cohorts:
        before = arrays.before[:, members].all(axis=1)
        after = arrays.after[:, members].all(axis=1) & ~arrays.transition[:, members].any(axis=1)
        rows = np.asarray(before | after)
        yield Block(
            y=arrays.values[rows],
            rows=rows,
            start=int(before.sum()),
            members=members,
            donors=donors,
            first=arrays.periods[start],
        )


def gaps_of_fits(arrays: PanelArrays, fit: Callable[[Block], BlockFit], *, weighting: Weighting) -> Gaps:
    """Fit every cohort and put the gaps, the weights and the quality of the fits together.

    Parameters
    ----------
    arrays : PanelArrays
        Figures of the study.
    fit : callable
        Fits the targets of a block.
    weighting : {"equal", "denominator"}
        How treated trusts are pooled.

    Returns
    -------
    Gaps
        With the tables ``weights`` (trust, donor, weight) and ``fit`` (trust, pre_rmspe, n_effective_donors, and
        what the estimator adds).
    """
    n_treated, n_periods, n0 = arrays.n_treated, arrays.n_periods, arrays.n_comparison
    treated = np.full((n_periods, n_treated), np.nan)
    placebo = np.full((len(arrays.cohorts), n_periods, n0), np.nan)
    weights = np.empty((n0, n_treated))
    squares: list[float] = []
    extras: dict[str, np.ndarray] = {}
    for at, block in enumerate(blocks_of(arrays)):
        found = fit(block)
        size = len(block.members)
        treated[np.ix_(block.rows, block.members)] = found.gaps[:, :size]
        placebo[at, block.rows] = found.gaps[:, size:]
        weights[:, block.members] = found.weights[:, :size]
        squares.append(float((found.weights[:, size:] ** 2).sum(axis=0).mean()))
        for name, column in found.columns.items():
            extras.setdefault(name, np.empty(n_treated))[block.members] = column[:size]
    return Gaps(
        treated=treated,
        placebo=placebo,
        share=common_share(weights, arrays.weights(weighting)),
        placebo_share=float(np.mean(squares)),
        tables={
            "weights": weight_table(arrays, weights),
            "fit": fit_table(arrays, treated, weights, extras),
        },
        cautions=tuple(_fit_cautions(arrays, treated, placebo)),
    )


def common_share(weights: np.ndarray, pooling: np.ndarray) -> float:
    r"""Return how much of one donor's noise the pooled effect carries in common.

    Parameters
    ----------
    weights : ndarray of float64, shape (n_donors, n_treated)
        Donor weights of each treated trust.
    pooling : ndarray of float64, shape (n_treated,)
        Weights of the treated trusts in the pooled effect, sum 1.

    Returns
    -------
    float
        At least 0, in units of a donor's own variance.

    Notes
    -----
    The spread between trusts' effects holds what their donors do *not* have in common; what is left is the
    mean inner product :math:`w_i'w_j` over pairs of trusts. All alike, it is :math:`\|w\|^2`; with no donor
    in common, 0. For one treated trust it is :math:`\|w\|^2`.

    Examples
    --------
    >>> common_share(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.5, 0.5]))
    0.0
    >>> common_share(np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([0.5, 0.5]))
    0.5
    """
    products = weights.T @ weights
    if len(pooling) == 1:
        return float(products[0, 0])
    apart = products * (1 - np.eye(len(pooling)))
    mean = apart.sum() / (len(pooling) * (len(pooling) - 1))
    return max(float(pooling @ apart @ pooling + (pooling**2).sum() * mean), 0.0)


def weight_table(arrays: PanelArrays, weights: np.ndarray) -> pd.DataFrame:
    """List donor weights, the largest of each trust first: columns ``trust``, ``donor``, ``weight``."""
    donors = arrays.trusts[arrays.n_treated :]
    rows = [
        (trust, donors[at], float(column[at]))
        for trust, column in zip(arrays.trusts, weights.T, strict=False)
        for at in np.argsort(-np.abs(column), kind="stable")
        if abs(column[at]) > _SHOWN
    ]
    return pd.DataFrame(rows, columns=["trust", "donor", "weight"])


def fit_table(
    arrays: PanelArrays, treated: np.ndarray, weights: np.ndarray, extras: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Tell how well each trust was fitted: ``trust``, ``pre_rmspe``, ``n_effective_donors`` and extras."""
    before = np.where(arrays.before[:, : arrays.n_treated], treated, np.nan)
    return pd.DataFrame(
        {
            "trust": list(arrays.trusts[: arrays.n_treated]),
            "pre_rmspe": np.sqrt(np.nanmean(before**2, axis=0)),
            "n_effective_donors": 1.0 / (weights**2).sum(axis=0),
            **extras,
        }
    )


def _fit_cautions(arrays: PanelArrays, treated: np.ndarray, placebo: np.ndarray) -> Iterator[str]:
    """Say which trusts the donors cannot resemble, and which they resemble too well to learn from it."""
    if arrays.n_treated == 1:
        yield (
            "the test of a single treated trust holds if it is about as noisy as the others: weights that were fitted "
            "to a quiet trust bring its donors' noise in afterwards"
        )
    for at, (start, members) in enumerate(arrays.cohorts):
        usual = float(np.median(np.sqrt(np.nanmean(placebo[at, :start] ** 2, axis=0))))
        spread = float(np.nanstd(arrays.comparison[:start]))
        own = np.sqrt(
            np.nanmean(np.where(arrays.before[:, members], treated[:, members], np.nan) ** 2, axis=0)
        )
        for member, size in zip(members, own, strict=True):
            name = arrays.trusts[member]
            if size <= _REPRODUCED * spread:
                yield (
                    f"the donors reproduce {name} without error before the programme ({start} periods, "
                    f"{arrays.n_comparison} donors), so that the fit before says nothing about its quality after"
                )
            elif size > _FAR * usual:
                yield (
                    f"{name} lies out of reach of the donors: before the programme it misses its synthetic control "
                    f"by {size:.3g} (root mean square), the typical comparison trust by {usual:.3g}"
                )
