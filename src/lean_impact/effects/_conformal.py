"""Conformal tests of the pooled effect of trusts that start together, beside the tests over trusts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lean_impact.domain import PValue
from lean_impact.effects._donors import Block, blocks_of
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import PanelArrays, arrays_of
from lean_impact.effects.gaps import GapEstimator
from lean_impact.kernels.conformal import conformal_p, debiased_t_test
from lean_impact.tables import Panel

__all__ = ["conformal_tests"]

_FOLDS = 3
_TINY = 1e-300

Refit = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From a path, its donors, shape (n_rows, n_donors), and the rows to fit on, to the gaps in all rows."""


Prepare = Callable[[np.ndarray, np.ndarray], Refit]
"""From the path and its donors before the programme, where settings are chosen, to what refits with them."""


def conformal_tests(
    panel: Panel, adoption: AdoptionDesign, *, estimator: GapEstimator, prepare: Prepare
) -> tuple[PValue, ...]:
    """Test that the programme changed nothing, on the pooled path over time.

    Parameters
    ----------
    panel : Panel
        Figures of all trusts.
    adoption : AdoptionDesign
        A design in which all treated trusts start together.
    estimator : GapEstimator
        The estimator.
    prepare : callable
        Gives its gaps for a path.

    Returns
    -------
    tuple of PValue
        The conformal p-value, and that of the debiased t-test where there are enough periods.
    """
    arrays = arrays_of(panel, adoption, needs=estimator.needs, covariates=estimator.covariates)
    block = next(blocks_of(arrays))
    path = block.y[:, block.members] @ _pooling(arrays, block, estimator)
    pool = block.y[:, block.donors]
    refit = prepare(path[: block.start], pool[: block.start])
    tests = [_over_time(path, pool, block.start, refit)]
    if block.start >= 2 * _FOLDS:
        tests.append(_debiased(path, pool, block.start, refit))
    return tuple(tests)


def _pooling(arrays: PanelArrays, block: Block, estimator: GapEstimator) -> np.ndarray:
    weights = arrays.weights(estimator.weighting)[block.members]
    return np.asarray(weights / weights.sum())


def _over_time(path: np.ndarray, pool: np.ndarray, start: int, refit: Refit) -> PValue:
    found = conformal_p(refit(path, pool, np.arange(len(path))), start=start)
    return PValue(
        value=found.p,
        smallest=found.smallest,
        method="conformal, moving blocks of the pooled path",
        assumption="without the programme the gaps between the pooled path and its counterfactual would have been "
        "stationary in time; tests that no period was changed",
    )


def _debiased(path: np.ndarray, pool: np.ndarray, start: int, refit: Refit) -> PValue:
    def gaps(rows: np.ndarray) -> np.ndarray:
        return refit(path, pool, rows)

    found = debiased_t_test(gaps, n_periods=len(path), start=start, folds=_FOLDS)
    return PValue(
        value=max(found.p, _TINY),
        smallest=0.0,
        method=f"debiased t test of the pooled path over {_FOLDS} stretches of time",
        assumption="the gaps are stationary in time and stretches of it nearly independent",
    )
