"""Funnel limits for many units in one period, with over-dispersion between units, on plain arrays.

References
----------
Spiegelhalter, D. J. (2005). Funnel plots for comparing institutional performance. *Statistics in Medicine*
24, 1185-1202. Handling over-dispersion of performance indicators. *Quality and Safety in Health Care* 14,
347-351.

NHS Digital. *Summary Hospital-level Mortality Indicator: indicator specification*, the over-dispersed
control limits.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
from scipy.special import chdtri, ndtri

__all__ = [
    "DEVIATES",
    "Dispersion",
    "Scale",
    "Transformed",
    "back",
    "dispersion",
    "poisson_limits",
    "transform",
    "winsor_inflation",
]

Scale = Literal["log ratio", "root ratio", "arcsine", "log ratio of counts"]
"""Where limits lie at equal distances on both sides: of O/E by SHMI, of O/E by CQC, p, and a/b."""

DEVIATES: Final = {0.95: 1.959964, 0.998: 3.090232}
"""Normal deviates of the two pairs of limits, rounded as the published methods print them."""


class Transformed(NamedTuple):
    """Each unit on the scale on which its limits are symmetric.

    Attributes
    ----------
    y : ndarray of float64, shape (n_units,)
        Transformed ratio; minus infinity for the log of zero events.
    error : ndarray of float64, shape (n_units,)
        Sampling standard error on that scale.
    target : float
        Transformed target.
    z : ndarray of float64, shape (n_units,)
        Distance from the target in standard errors.
    """

    y: np.ndarray
    error: np.ndarray
    target: float
    z: np.ndarray


class Dispersion(NamedTuple):
    """Variation between units beyond sampling.

    Attributes
    ----------
    phi : float
        Mean squared z of the units that count; 1 if there is sampling alone. NaN without units.
    tau2 : float
        Variance between units on the transformed scale; NaN if it cannot be estimated.
    z : ndarray of float64, shape (n_units,)
        Z-scores that went in: NaN where trimmed, pulled in where winsorised.
    """

    phi: float
    tau2: float
    z: np.ndarray


def transform(
    numerators: np.ndarray, denominators: np.ndarray, scale: Scale, *, target: float
) -> Transformed:
    """Bring each unit to the scale of a method.

    Parameters
    ----------
    numerators : ndarray of float64, shape (n_units,)
        Events, observed or counted.
    denominators : ndarray of float64, shape (n_units,)
        Expected events, cases, or the other count.
    scale : {"log ratio", "root ratio", "arcsine", "log ratio of counts"}
        The scale.
    target : float
        Ratio that all units would have if there were no differences.

    Returns
    -------
    Transformed
        On the scale.

    Notes
    -----
    Log ratio: ln(O/E) with error 1/sqrt(E). Root ratio: sqrt(O/E) with 1/(2 sqrt(E)). Arcsine: asin(sqrt(p))
    with 1/(2 sqrt(n)). Log ratio of counts: ln((a + 1/2)/(b + 1/2)) with
    sqrt(a/(a + 1/2)^2 + b/(b + 1/2)^2).

    Examples
    --------
    >>> found = transform(np.array([25.0]), np.array([100.0]), "arcsine", target=0.25)
    >>> round(float(found.y[0]), 4), float(found.error[0]), float(found.z[0])
    (0.5236, 0.05, 0.0)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = numerators / denominators
        if scale == "log ratio":
            y, error, at = np.log(ratio), 1 / np.sqrt(denominators), float(np.log(target))
        elif scale == "root ratio":
            y, error, at = np.sqrt(ratio), 1 / (2 * np.sqrt(denominators)), float(np.sqrt(target))
        elif scale == "arcsine":
            y, error = np.arcsin(np.sqrt(ratio)), 1 / (2 * np.sqrt(denominators))
            at = float(np.arcsin(np.sqrt(target)))
        else:
            above, below = numerators + 0.5, denominators + 0.5
            y, at = np.log(above / below), float(np.log(target))
            error = np.sqrt(numerators / above**2 + denominators / below**2)
        return Transformed(y, error, at, (y - at) / error)


def dispersion(
    z: np.ndarray,
    error: np.ndarray,
    *,
    handling: Literal["trim", "winsorise", "none"],
    share: float,
    inflate: bool = False,
) -> Dispersion:
    """Estimate the variance between units by the method of moments.

    Parameters
    ----------
    z : ndarray of float64, shape (n_units,)
        Z-scores without over-dispersion.
    error : ndarray of float64, shape (n_units,)
        Their standard errors.
    handling : {"trim", "winsorise", "none"}
        Leave out the extreme z-scores, pull them in to the quantiles, or keep all.
    share : float
        Share at each end that is treated so, at least 0 and below 0.5.
    inflate : bool
        Divide phi by what winsorising leaves of it under normality, see :func:`winsor_inflation`.

    Returns
    -------
    Dispersion
        tau2 is max(0, (n phi - (n - 1)) / (sum w - sum w^2 / sum w)) with w = 1/error^2 over the units that
        count.

    Notes
    -----
    Trimming drops ranks r (ties averaged) with floor(r / (share (n + 1))) equal to 0 or to the last step.
    Without ``inflate`` extreme units are cut and not made up for, so tau is underestimated.
    """
    kept = _treated(z, handling, share)
    counted = np.isfinite(kept)
    n = int(counted.sum())
    if n == 0:
        return Dispersion(float("nan"), float("nan"), kept)
    phi = float(np.mean(kept[counted] ** 2))
    if inflate:
        phi *= winsor_inflation(share)
    weight = 1 / error[counted] ** 2
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    if n == 1 or scale <= 0:
        return Dispersion(phi, float("nan"), kept)
    return Dispersion(phi, max(0.0, (n * phi - (n - 1)) / scale), kept)


def winsor_inflation(share: float) -> float:
    """Return the factor that makes up for winsorising standard normal z-scores.

    Parameters
    ----------
    share : float
        Share pulled in at each end, at least 0 and below 0.5.

    Returns
    -------
    float
        1 over the expected squared z after winsorising; 1.47 for a share of 0.1.

    Examples
    --------
    >>> round(winsor_inflation(0.1), 2), winsor_inflation(0.0)
    (1.47, 1.0)
    """
    if share == 0:
        return 1.0
    cut = float(-ndtri(share))
    density = float(np.exp(-(cut**2) / 2) / np.sqrt(2 * np.pi))
    return 1 / (1 - 2 * share - 2 * cut * density + 2 * share * cut**2)


def back(y: np.ndarray, scale: Scale) -> np.ndarray:
    """Bring limits back from the scale of a method to a ratio.

    Parameters
    ----------
    y : ndarray of float64
        Limits on the scale.
    scale : {"log ratio", "root ratio", "arcsine", "log ratio of counts"}
        The scale.

    Returns
    -------
    ndarray of float64
        Ratio; what lies beyond the end of the scale is at the end.

    Examples
    --------
    >>> back(np.array([-0.2, 2.0]), "arcsine").tolist()
    [0.0, 1.0]
    """
    if scale == "root ratio":
        return np.asarray(np.maximum(y, 0.0) ** 2)
    if scale == "arcsine":
        return np.asarray(np.sin(np.clip(y, 0.0, np.pi / 2)) ** 2)
    return np.asarray(np.exp(y))


def poisson_limits(expected: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return exact Poisson limits of O/E by chi-square.

    Parameters
    ----------
    expected : ndarray of float64, shape (n_units,)
        Expected events, above 0.
    level : float
        Share of units between the limits without over-dispersion; 0.95 and 0.998 use the deviates as printed.

    Returns
    -------
    lower, upper : ndarray of float64, shape (n_units,)
        chi2(a/2; 2E) / 2E and chi2(1 - a/2; 2(E + 1)) / 2E.

    Examples
    --------
    >>> lower, upper = poisson_limits(np.array([18.0]), 0.95)
    >>> round(float(lower[0]), 4), round(float(upper[0]), 4)
    (0.5927, 1.5804)
    """
    tail = (1 - level) / 2
    lower = chdtri(2 * expected, 1 - tail) / (2 * expected)
    upper = chdtri(2 * (expected + 1), tail) / (2 * expected)
    return np.asarray(lower), np.asarray(upper)


def _treated(z: np.ndarray, handling: str, share: float) -> np.ndarray:
    known = ~np.isnan(z)
    if handling == "none" or share == 0 or not known.any():
        return np.where(np.isfinite(z), z, np.nan)
    if handling == "winsorise":
        low, high = np.quantile(z[known], [share, 1 - share])
        return np.asarray(np.clip(z, low, high))
    steps = 1 / share
    step = np.floor(_average_ranks(z) * steps / (known.sum() + 1))
    inside = (step > 0) & (step < np.floor(steps + 1e-9) - 1) & np.isfinite(z)
    return np.where(inside, z, np.nan)


def _average_ranks(z: np.ndarray) -> np.ndarray:
    """Rank from 1, tied values sharing the mean of their ranks; NaN where unknown."""
    ranks = np.full(z.shape, np.nan)
    known = np.flatnonzero(~np.isnan(z))
    _, which, n_tied = np.unique(z[known], return_inverse=True, return_counts=True)
    last = np.cumsum(n_tied)
    ranks[known] = (last - (n_tied - 1) / 2)[which]
    return ranks
