"""Event studies: two-way fixed effects by period since the start, and the Sun-Abraham estimator that mends them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lean_impact.kernels.adoption import check_start, event_dummies, relative_period
from lean_impact.kernels.two_way import TwoWayFit, fit_two_way

__all__ = ["EventStudy", "event_study"]


class EventStudy(NamedTuple):
    """Coefficients by period since the start.

    Attributes
    ----------
    events : ndarray of int, shape (n_events,)
        Periods since the start, without the reference.
    fit : TwoWayFit
        Its first ``n_events`` coefficients belong to the events, in their order.
    """

    events: np.ndarray
    fit: TwoWayFit


def event_study(
    y: np.ndarray,
    start: np.ndarray,
    *,
    reference: int = -1,
    window: tuple[int, int] | None = None,
    covariates: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> EventStudy:
    """Regress the outcome on dummies for periods since the start, with unit and period effects.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcome; not a number marks a hole.
    start : ndarray of int, shape (n_units,)
        First period with the programme; `n_periods` if never.
    reference : int
        Period since the start that the others are compared with.
    window : tuple of int, optional
        First and last event with a dummy of its own; what lies beyond is put into the outermost one.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_units), optional
        Covariates that change in time.
    weights : ndarray of float64, shape (n_units,) or (n_periods, n_units), optional
        Weights of the cells; equal if not given.

    Returns
    -------
    EventStudy

    Raises
    ------
    ValueError
        If the reference does not occur, or the dummies are collinear, as where every unit is treated in the end.

    Notes
    -----
    With one start the coefficients are the differences between the groups in each period, minus that of the
    reference. With several starts and effects that differ between cohorts each coefficient also picks up effects
    of other periods; use :func:`~lean_impact.kernels.saturated.sun_abraham` then.

    References
    ----------
    Sun L, Abraham S (2021), Journal of Econometrics 225:175-199.

    Examples
    --------
    >>> y = np.array([[0.0, 1.0, 5.0], [1.0, 2.0, 9.0], [2.0, 3.0, 9.0]])
    >>> result = event_study(y, np.array([3, 3, 1]))
    >>> result.events, result.fit.coefficients.round(9).tolist()
    (array([0, 1]), [3.0, 2.0])
    """
    n_periods, n_units = y.shape
    start = check_start(start, n_periods=n_periods, n_units=n_units)
    since = relative_period(start, n_periods)[np.isfinite(y)]
    present = np.unique(since[np.isfinite(since)]).astype(int)
    if reference not in present:
        raise ValueError(f"no unit is seen {reference} periods from its start, the reference")
    if window is None:
        events = present[present != reference]
        dummies = event_dummies(start, n_periods, events)
    else:
        low, high = window
        if not low <= reference <= high:
            raise ValueError("the reference must lie in the window")
        events = np.array([event for event in range(low, high + 1) if event != reference])
        clipped = np.clip(relative_period(start, n_periods), low, high)
        dummies = (clipped[None] == events[:, None, None]).astype(float)
    regressors = dummies if covariates is None else np.concatenate([dummies, covariates])
    return EventStudy(events, fit_two_way(y, regressors, weights=weights))
