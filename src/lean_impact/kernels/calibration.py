"""From a raw value to a membership between 0 and 1: crisp, by anchors, by rank, by an analyst's grades."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Final, NamedTuple

import numpy as np
from scipy.special import expit, logit

__all__ = [
    "Curve",
    "bell_membership",
    "crisp_membership",
    "direct_membership",
    "fit_grades",
    "fuzzy_relative",
    "linear_membership",
    "rank_membership",
]

_POWERS: Final = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)
_STEPS: Final = 200
_CLOSE: Final = 1e-12
_RIDGE: Final = 1e-10


def crisp_membership(x: np.ndarray, *, threshold: float) -> np.ndarray:
    """Give 1 at or above a threshold and 0 below.

    Examples
    --------
    >>> crisp_membership(np.array([549.0, 550.0]), threshold=550.0).tolist()
    [0.0, 1.0]
    """
    return (x >= threshold).astype(float)


def direct_membership(
    x: np.ndarray, *, out: float, crossover: float, full: float, degree: float = 0.95
) -> np.ndarray:
    r"""Give membership by a logistic curve through three anchors.

    Parameters
    ----------
    x : ndarray of float64
        Raw values.
    out, crossover, full : float
        Values of membership ``1 - degree``, 0.5 and ``degree``; rising or falling.
    degree : float, default 0.95
        Membership at the anchor of full membership.

    Returns
    -------
    ndarray of float64, shape as ``x``
        Strictly between 0 and 1.

    Notes
    -----
    :math:`1 / (1 + \exp(-\operatorname{logit}(d)\,(x - c) / w))` with w the distance from the crossover to the
    anchor on whose side x lies.

    References
    ----------
    Ragin CC (2008), Redesigning Social Inquiry, chapter 5.

    Examples
    --------
    >>> direct_membership(np.array([0.5, 1.5, 3.0]), out=0.5, crossover=1.5, full=3.0).round(2).tolist()
    [0.05, 0.5, 0.95]
    """
    towards_full = (x - crossover) * np.sign(full - crossover) >= 0
    width = np.where(towards_full, full - crossover, crossover - out)
    found: np.ndarray = expit(logit(degree) * (x - crossover) / width)
    return found


def linear_membership(
    x: np.ndarray, *, out: float, crossover: float, full: float, below: float = 1.0, above: float = 1.0
) -> np.ndarray:
    """Give membership by straight or bent lines between three anchors, 0 and 1 beyond them.

    Parameters
    ----------
    x : ndarray of float64
        Raw values.
    out, crossover, full : float
        Values of membership 0, 0.5 and 1; rising or falling.
    below, above : float, default 1
        Powers of the bend below and above the crossover.

    Returns
    -------
    ndarray of float64, shape as ``x``
        From 0 to 1.

    Examples
    --------
    >>> linear_membership(np.array([400.0, 475.0, 900.0]), out=400.0, crossover=550.0, full=900.0).tolist()
    [0.0, 0.25, 1.0]
    """
    under = np.clip((x - out) / (crossover - out), 0.0, 1.0)
    over = np.clip((full - x) / (full - crossover), 0.0, 1.0)
    towards_full = (x - crossover) * np.sign(full - crossover) >= 0
    return np.where(towards_full, 1 - 0.5 * over**above, 0.5 * under**below)


def bell_membership(
    x: np.ndarray,
    *,
    rising: tuple[float, float, float],
    falling: tuple[float, float, float],
    below: float = 1.0,
    above: float = 1.0,
) -> np.ndarray:
    """Give membership to a middle range.

    Parameters
    ----------
    x : ndarray of float64
        Raw values.
    rising, falling : tuple of three float
        Anchors of membership 0, 0.5 and 1 on the way up, and 1, 0.5 and 0 on the way down.
    below, above : float, default 1
        Powers of the bends.

    Returns
    -------
    ndarray of float64, shape as ``x``
        One less this is membership outside the range.

    Examples
    --------
    >>> bell_membership(np.array([14.0, 30.0]), rising=(12.0, 20.0, 28.0), falling=(35.0, 42.0, 48.0)).tolist()
    [0.125, 1.0]
    """
    up = linear_membership(x, out=rising[0], crossover=rising[1], full=rising[2], below=below, above=above)
    down = linear_membership(
        x, out=falling[2], crossover=falling[1], full=falling[0], below=below, above=above
    )
    found: np.ndarray = np.minimum(up, down)
    return found


def rank_membership(x: np.ndarray, *, reference: np.ndarray) -> np.ndarray:
    """Give the share of a reference group that lies below, ties counted half.

    Parameters
    ----------
    x : ndarray of float64
        Raw values.
    reference : ndarray of float64, shape (n_reference,)
        Values of everyone, sorted or not.

    Returns
    -------
    ndarray of float64, shape as ``x``
        From 0 to 1.

    Examples
    --------
    >>> rank_membership(np.array([2.0]), reference=np.array([1.0, 2.0, 3.0, 4.0])).tolist()
    [0.375]
    """
    ordered = np.sort(reference)
    low = np.searchsorted(ordered, x, side="left")
    high = np.searchsorted(ordered, x, side="right")
    found: np.ndarray = 0.5 * (low + high) / len(ordered)
    return found


def fuzzy_relative(x: np.ndarray, *, reference: np.ndarray) -> np.ndarray:
    """Give the totally fuzzy and relative membership of graded values.

    Parameters
    ----------
    x : ndarray of float64
        Grades.
    reference : ndarray of float64, shape (n_reference,)
        Grades of everyone.

    Returns
    -------
    ndarray of float64, shape as ``x``
        ``(F(x) - F(lowest)) / (1 - F(lowest))``, at least 0.

    References
    ----------
    Cheli B, Lemmi A (1995), Economic Notes 24:115-134.

    Examples
    --------
    >>> fuzzy_relative(np.array([1.0, 2.0, 3.0]), reference=np.array([1.0, 2.0, 2.0, 3.0])).round(3).tolist()
    [0.0, 0.667, 1.0]
    """
    ordered = np.sort(reference)
    share = np.searchsorted(ordered, x, side="right") / len(ordered)
    lowest = np.searchsorted(ordered, ordered[0], side="right") / len(ordered)
    if lowest == 1:
        return np.zeros(np.shape(x))
    found: np.ndarray = np.maximum(0.0, (share - lowest) / (1 - lowest))
    return found


class Curve(NamedTuple):
    """A fractional-polynomial logistic curve from raw values to membership.

    Attributes
    ----------
    powers : tuple of float
        One or two powers; 0 stands for the logarithm, and a repeated power for its product with the logarithm.
    coefficients : ndarray of float64, shape (1 + n_powers,)
        Intercept first.
    shift, scale : float
        Raw values are taken as ``(x + shift) / scale``, which is positive.
    deviance : float
        Misfit to the grades.
    """

    powers: tuple[float, ...]
    coefficients: np.ndarray
    shift: float
    scale: float
    deviance: float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the membership of raw values."""
        positive = np.maximum((x + self.shift) / self.scale, np.finfo(float).tiny ** 0.1)
        found: np.ndarray = expit(_columns(positive, self.powers) @ self.coefficients)
        return found


def fit_grades(x: np.ndarray, grades: np.ndarray) -> Curve:
    """Fit the curve that best reproduces an analyst's grades of membership: the indirect method.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        Raw values.
    grades : ndarray of float64, shape (n,)
        Membership that the analyst gave each case from knowing it, 0 to 1, such as 0, 0.2, 0.4, 0.6, 0.8, 1.

    Returns
    -------
    Curve
        Of the one or two powers out of -2, -1, -0.5, 0, 0.5, 1, 2, 3 that fit best; one power unless two are
        better by more than chance would make them (deviance less by 6, the 5% point with 2 degrees of freedom).

    Notes
    -----
    Quasi-binomial regression with a logit link, a ridge of 1e-10 keeping perfectly separated grades finite.

    References
    ----------
    Ragin CC (2008), Redesigning Social Inquiry, chapter 5.
    Royston P, Altman DG (1994), Journal of the Royal Statistical Society C 43:429-467.

    Examples
    --------
    >>> curve = fit_grades(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.0, 0.2, 0.4, 0.8, 1.0]))
    >>> curve(np.array([1.5, 3.0, 4.5])).round(1).tolist()
    [0.1, 0.5, 0.9]
    """
    shift = 0.0 if x.min() > 0 else float(np.diff(np.unique(x)).min() - x.min())
    scale = float(np.median(x + shift))
    positive = (x + shift) / scale
    singles = [_fit_powers(positive, grades, (power,), shift, scale) for power in _POWERS]
    pairs = [
        _fit_powers(positive, grades, powers, shift, scale)
        for powers in combinations_with_replacement(_POWERS, 2)
    ]
    one, two = (min(found, key=lambda curve: curve.deviance) for found in (singles, pairs))
    return two if len(x) > _FEW_GRADES and one.deviance - two.deviance > _WORTH_TWO else one


_FEW_GRADES: Final = 6
_WORTH_TWO: Final = 5.991464547107979


def _columns(positive: np.ndarray, powers: tuple[float, ...]) -> np.ndarray:
    columns = [np.ones_like(positive)]
    for at, power in enumerate(powers):
        column = np.log(positive) if power == 0 else positive**power
        columns.append(column * np.log(positive) if at and power == powers[at - 1] else column)
    return np.stack(columns, axis=-1)


def _fit_powers(
    positive: np.ndarray, grades: np.ndarray, powers: tuple[float, ...], shift: float, scale: float
) -> Curve:
    design = _columns(positive, powers)
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        mean = expit(design @ beta)
        weight = np.maximum(mean * (1 - mean), _RIDGE)
        information = design.T @ (weight[:, None] * design) + _RIDGE * np.eye(len(beta))
        step = np.linalg.solve(information, design.T @ (grades - mean) - _RIDGE * beta)
        step *= min(1.0, 5.0 / max(float(np.abs(design @ step).max()), 1e-300))
        beta = beta + step
        if np.abs(design @ step).max() < _CLOSE:
            break
    return Curve(powers, beta, shift, scale, _deviance(grades, expit(design @ beta)))


def _deviance(grades: np.ndarray, mean: np.ndarray) -> float:
    mean = np.clip(mean, 1e-15, 1 - 1e-15)
    with np.errstate(divide="ignore", invalid="ignore"):
        ones = np.where(grades > 0, grades * np.log(grades / mean), 0.0)
        zeros = np.where(grades < 1, (1 - grades) * np.log((1 - grades) / (1 - mean)), 0.0)
    return float(2 * (ones + zeros).sum())
