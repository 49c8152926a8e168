"""Who has the programme when: staggered adoption as one start index a unit.

``start`` holds the index of the first period with the programme, 0 if a unit always had it, and the number of
periods if it never gets it.
"""

from __future__ import annotations

import numpy as np

__all__ = ["by_period", "check_start", "cohorts", "event_dummies", "relative_period", "treated_cells"]


def check_start(start: np.ndarray, *, n_periods: int, n_units: int) -> np.ndarray:
    """Check start indices and return them as integers.

    Parameters
    ----------
    start : ndarray of int, shape (n_units,)
        First period with the programme; `n_periods` if never.
    n_periods, n_units : int
        Shape of the panel.

    Returns
    -------
    ndarray of int, shape (n_units,)

    Raises
    ------
    ValueError
        If the shape is wrong, an index is out of range, no unit is treated, or every cell is.

    Examples
    --------
    >>> check_start(np.array([2, 4]), n_periods=4, n_units=2)
    array([2, 4])
    """
    checked = np.asarray(start)
    if checked.shape != (n_units,) or checked.dtype.kind not in "iu":
        raise ValueError(f"start needs one whole number for each of {n_units} units")
    if ((checked < 0) | (checked > n_periods)).any():
        raise ValueError(f"start must lie between 0 and {n_periods}, the number of periods, for never")
    if (checked == n_periods).all():
        raise ValueError("no unit is ever treated")
    if (checked == 0).all():
        raise ValueError("every unit is treated in every period")
    return checked.astype(np.intp)


def treated_cells(start: np.ndarray, n_periods: int) -> np.ndarray:
    """Mark the cells with the programme.

    Parameters
    ----------
    start : ndarray of int, shape (n_units,)
        First period with the programme.
    n_periods : int
        Number of periods.

    Returns
    -------
    ndarray of bool, shape (n_periods, n_units)

    Examples
    --------
    >>> treated_cells(np.array([1, 2]), 2).tolist()
    [[False, False], [True, False]]
    """
    return np.asarray(np.arange(n_periods)[:, None] >= np.asarray(start)[None, :])


def cohorts(start: np.ndarray, n_periods: int) -> np.ndarray:
    """Return the start indices that occur, in order, without never.

    Examples
    --------
    >>> cohorts(np.array([3, 1, 3, 4]), 4)
    array([1, 3])
    """
    return np.unique(start[start < n_periods])


def relative_period(start: np.ndarray, n_periods: int) -> np.ndarray:
    """Count periods since the start; not a number for units that never start.

    Returns
    -------
    ndarray of float64, shape (n_periods, n_units)

    Examples
    --------
    >>> relative_period(np.array([1, 3]), 3).T.tolist()
    [[-1.0, 0.0, 1.0], [nan, nan, nan]]
    """
    since: np.ndarray = np.arange(n_periods, dtype=float)[:, None] - start[None, :]
    since[:, start >= n_periods] = np.nan
    return since


def event_dummies(start: np.ndarray, n_periods: int, events: np.ndarray) -> np.ndarray:
    """Mark the cells that lie a given number of periods from the start.

    Parameters
    ----------
    start : ndarray of int, shape (n_units,)
        First period with the programme.
    n_periods : int
        Number of periods.
    events : ndarray of int, shape (n_events,)
        Periods since the start, negative before.

    Returns
    -------
    ndarray of float64, shape (n_events, n_periods, n_units)

    Examples
    --------
    >>> event_dummies(np.array([1, 2]), 2, np.array([0]))[0].tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """
    since = relative_period(start, n_periods)
    return np.asarray(since[None] == np.asarray(events)[:, None, None], dtype=float)


def by_period(covariates: np.ndarray, n_periods: int) -> np.ndarray:
    """Let the slope of covariates that are constant in time differ from period to period.

    Parameters
    ----------
    covariates : ndarray of float64, shape (n_covariates, n_units)
        Constant in time, so that unit effects would absorb them as they are.
    n_periods : int
        Number of periods.

    Returns
    -------
    ndarray of float64, shape (n_covariates * (n_periods - 1), n_periods, n_units)
        Each covariate times a dummy for each period but the first.

    Examples
    --------
    >>> by_period(np.array([[5.0, 7.0]]), 3)[:, :, 0].tolist()
    [[0.0, 5.0, 0.0], [0.0, 0.0, 5.0]]
    """
    periods = np.eye(n_periods)[1:]
    wide = covariates[:, None, None, :] * periods[None, :, :, None]
    return np.asarray(wide.reshape(-1, n_periods, covariates.shape[1]))
