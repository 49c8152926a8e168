"""What the factor models share: covariates that are complete, and their tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from lean_impact.effects._calendar import spans
from lean_impact.effects._rules import issue, raise_if_any
from lean_impact.effects.arrays import PanelArrays
from lean_impact.errors import Issue

__all__ = ["complete_covariates", "fit_table", "pooled_effect", "weights_table"]


def complete_covariates(arrays: PanelArrays, names: Sequence[str]) -> np.ndarray | None:
    """Return the covariates, None if there are none; refuse gaps in them.

    Raises
    ------
    DesignError
        With one issue for each trust and covariate that has gaps.
    """
    if not names:
        return None
    raise_if_any(arrays.measure, _gaps(arrays, names))
    return arrays.covariates


def _gaps(arrays: PanelArrays, names: Sequence[str]) -> Iterator[Issue]:
    for name, values in zip(names, arrays.covariates, strict=True):
        for at in np.flatnonzero(np.isnan(values).any(axis=0)):
            when = spans(arrays.periods[np.isnan(values[:, at])], frequency=arrays.measure.frequency)
            words = (
                f"has no figure of the covariate '{name}' for {when}; leave out the trust or the covariate"
            )
            yield issue("incomplete-covariate", arrays.trusts[at], words)


def weights_table(arrays: PanelArrays, weights: np.ndarray) -> pd.DataFrame:
    """Return columns ``trust``, ``donor``, ``weight``, from an array (n_comparison, n_treated)."""
    treated, donors = arrays.trusts[: arrays.n_treated], arrays.trusts[arrays.n_treated :]
    return pd.DataFrame(
        {
            "trust": np.repeat(treated, len(donors)),
            "donor": np.tile(donors, len(treated)),
            "weight": weights.T.ravel(),
        }
    )


def fit_table(arrays: PanelArrays, gaps: np.ndarray, weights: np.ndarray) -> pd.DataFrame:
    """Return columns ``trust``, ``pre_rmspe``, ``n_effective_donors``."""
    before = arrays.before[:, : arrays.n_treated]
    squares = np.where(before, gaps, np.nan) ** 2
    return pd.DataFrame(
        {
            "trust": list(arrays.trusts[: arrays.n_treated]),
            "pre_rmspe": np.sqrt(np.nanmean(squares, axis=0)),
            "n_effective_donors": 1.0 / (weights**2).sum(axis=0),
        }
    )


def pooled_effect(arrays: PanelArrays, gaps: np.ndarray, pooled: np.ndarray) -> float:
    """Return the pooled effect that gaps of the treated give, with the weights of the trusts."""
    after = arrays.after[:, : arrays.n_treated]
    return float(pooled @ np.nanmean(np.where(after, gaps, np.nan), axis=0))
