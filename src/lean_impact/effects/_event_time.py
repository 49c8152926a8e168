"""The event study of a result, checked and brought into the form that sensitivity and pre-trend tests need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from lean_impact.domain import Estimate
from lean_impact.effects.parts import EventStudy
from lean_impact.effects.result import EffectResult
from lean_impact.errors import DesignError, Issue

__all__ = ["EventTime", "event_time"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventTime:
    """Event-study coefficients around one reference period, or one reference block of periods.

    Attributes
    ----------
    times : ndarray of int, shape (n_pre + n_post,)
        Blocks since the reference block, which is 0 and left out; negative before it.
    estimates : ndarray of float64, shape (n_pre + n_post,)
        In the unit of the measure.
    covariance : ndarray of float64, shape (n_pre + n_post, n_pre + n_post)
        Squared unit.
    df : float
        Degrees of freedom of the covariance.
    every : int
        Periods averaged in a block.
    effective : ndarray of bool, shape (n_post,)
        Whether a block after the reference lies wholly at or after the start.
    """

    times: np.ndarray
    estimates: np.ndarray
    covariance: np.ndarray
    df: float
    every: int
    effective: np.ndarray

    @property
    def n_pre(self) -> int:
        """Number of blocks before the reference block."""
        return int((self.times < 0).sum())

    def weights(self, blocks: tuple[int, ...] | None) -> np.ndarray:
        """Return equal weights on blocks after the start, counted from 0; on all if not given.

        Raises
        ------
        DesignError
            If a block does not exist or is named twice.
        """
        there = np.flatnonzero(self.effective)
        chosen = tuple(range(len(there))) if blocks is None else tuple(blocks)
        bad = sorted({at for at in chosen if not 0 <= at < len(there) or chosen.count(at) > 1})
        if bad or not chosen:
            raise DesignError(
                f"the event study has {len(there)} blocks after the start, counted from 0",
                [
                    Issue(rule="unknown-block", message=f"block {at} is not among them, or is named twice")
                    for at in bad
                ],
            )
        weights = np.zeros(len(self.effective))
        weights[there[list(chosen)]] = 1.0 / len(chosen)
        return weights

    def effect(self, weights: np.ndarray, *, level: float) -> Estimate:
        """Return the effect with parallel trends and its t interval."""
        value = float(weights @ self.estimates[self.n_pre :])
        error = float(np.sqrt(weights @ self.covariance[self.n_pre :, self.n_pre :] @ weights))
        margin = error * self.widening(level) * float(ndtri(0.5 + level / 2))
        return Estimate(
            value=value, standard_error=error, lower=value - margin, upper=value + margin, level=level
        )

    def widening(self, level: float) -> float:
        """Return the factor of standard errors that turns a normal interval into Student's."""
        upper = 0.5 + level / 2
        return float(stdtrit(self.df, upper) / ndtri(upper)) if np.isfinite(self.df) else 1.0


def event_time(result: EffectResult, *, every: int = 1) -> EventTime:
    """Check the event study of a result and average its periods in blocks.

    Parameters
    ----------
    result : EffectResult
        A result with an event study.
    every : int
        Periods to average; blocks are counted from the start in both directions, and those that are not complete
        are left out.

    Returns
    -------
    EventTime

    Raises
    ------
    DesignError
        If there is no event study, it has holes, no single reference period, or nothing on either side of it.
    """
    study = result.event_study
    if study is None:
        raise DesignError(
            f"'{result.method}' gives no effects by time since the start; use an estimator with an event study"
        )
    if every < 1:
        raise DesignError(f"blocks have at least one period, not {every}")
    reference = _reference(study, result.method)
    order = np.argsort(study.horizons)
    beta, sigma = study.estimates[order], study.covariance[np.ix_(order, order)]
    horizons = np.insert(study.horizons[order], int((study.horizons < reference).sum()), reference)
    matrix, times, first = _blocks(horizons, reference, every)
    after = times > 0
    if not (times < 0).any() or not after.any():
        raise DesignError(
            f"the event study of '{result.method}' has no complete block of {every} periods on either side of its "
            f"reference; it has horizons {horizons[0]} to {horizons[-1]} around {reference}. Average fewer periods"
        )
    contrasts = np.delete(matrix, int(np.flatnonzero(horizons == reference)[0]), axis=1)
    effective = first[after] >= 0
    if not effective.any():
        raise DesignError(f"the event study of '{result.method}' has no period with the programme")
    return EventTime(
        times=times,
        estimates=contrasts @ beta,
        covariance=contrasts @ sigma @ contrasts.T,
        df=study.df,
        every=every,
        effective=effective,
    )


def _reference(study: EventStudy, method: str) -> int:
    """Return the one horizon that is left out between the first and the last."""
    horizons = np.sort(study.horizons)
    if not (np.isfinite(study.estimates).all() and np.isfinite(study.covariance).all()):
        raise DesignError(f"the event study of '{method}' has effects that are not known")
    missing = sorted(set(range(int(horizons[0]), int(horizons[-1]) + 1)) - set(horizons.tolist()))
    if len(missing) == 1 and missing[0] < 0:
        return missing[0]
    raise DesignError(
        f"the event study of '{method}' does not measure all effects against one period before the start; "
        "sensitivity needs a single reference period",
        [
            Issue(rule="no-reference", message=f"horizon {horizon} is not estimated")
            for horizon in missing or [-1]
        ]
        if missing
        else [Issue(rule="no-reference", message="no horizon is left out as the reference")],
    )


def _blocks(horizons: np.ndarray, reference: int, every: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return contrasts of block means with the reference block's, times of blocks, and their first horizons."""
    block = (horizons - (reference + 1)) // every + 1
    whole = [at for at in np.unique(block) if (block == at).sum() == every]
    if 0 not in whole:
        return np.zeros((0, len(horizons))), np.zeros(0, dtype=int), np.zeros(0, dtype=int)
    means = {int(at): (block == at) / every for at in whole}
    times = np.array([at for at in means if at != 0], dtype=int)
    matrix = np.array([means[at] - means[0] for at in times.tolist()]).reshape(len(times), len(horizons))
    first = np.array([horizons[block == at][0] for at in times], dtype=int)
    return matrix, times, first
