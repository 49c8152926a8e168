"""Do the change dates of many series agree, and do they follow the dates of a programme? Arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import factorial
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Agreement",
    "PermutedDates",
    "change_probability",
    "date_evidence",
    "group_test",
    "permuted_dates",
    "shifted_agreement",
]

Floats = NDArray[np.float64]

_EXACT: Final = 5041  # all orders of seven sites, and one
_TIE: Final = 1e-9


def change_probability(statistic: Floats, profile: Floats, n: int) -> Floats:
    r"""Return the probability that each series changes at all, as likely as not beforehand.

    Parameters
    ----------
    statistic : ndarray, shape (n_series,)
        Likelihood ratio statistics (two log likelihoods) of the best date.
    profile : ndarray, shape (n_series, n_candidates)
        Log likelihoods of the dates relative to the best one.
    n : int
        Observed periods.

    Returns
    -------
    ndarray, shape (n_series,)
        :math:`B / (1 + B)` with the Bayes factor :math:`B = n^{-1/2} e^{s/2} \overline{L(\tau)/L(\hat\tau)}`, the step
        known beforehand as well as one period's figure tells it.

    Examples
    --------
    >>> change_probability(np.array([0.0, 40.0]), np.zeros((2, 5)), 100).round(2).tolist()
    [0.09, 1.0]
    """
    log_factor = 0.5 * statistic + np.log(np.exp(profile).mean(axis=1)) - 0.5 * np.log(n)
    probability: Floats = 1.0 / (1.0 + np.exp(-np.clip(log_factor, -500.0, 500.0)))
    return probability


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """How many series change at each period, against what unrelated dates would give.

    Attributes
    ----------
    expected : ndarray, shape (n_periods,)
        Expected number of series that change at each period.
    typical : ndarray, shape (n_periods,)
        The same when the dates are unrelated: mean over shifts.
    p_values : ndarray, shape (n_periods,)
        How often unrelated dates pile up as high at any period; allows for all periods at once.
    """

    expected: Floats
    typical: Floats
    p_values: Floats


def shifted_agreement(
    probabilities: Floats, *, admissible: NDArray[np.bool_], draws: int, seed: int
) -> Agreement:
    r"""Compare where the changes of many series pile up with independent circular shifts of each.

    Parameters
    ----------
    probabilities : ndarray, shape (n_series, n_periods)
        Probability that the series changes at each period: that of the date times that of any change.
    admissible : ndarray of bool, shape (n_series, n_periods)
        Periods at which a change of the series could be seen; one stretch each.
    draws : int
        Random shifts.
    seed : int
        Root of the randomness.

    Returns
    -------
    Agreement
        One entry for each period.

    Notes
    -----
    A shift turns each series' probabilities round within its own stretch, so that every series keeps how sure
    it is and loses only when. The p-value of a period is the share of shifts, the observed one among them,
    whose *highest* pile is at least as high.

    Examples
    --------
    >>> together = np.zeros((8, 30)); together[:, 12] = 1.0
    >>> seen = shifted_agreement(together, admissible=np.ones((8, 30), dtype=bool), draws=99, seed=1)
    >>> float(seen.expected[12]), float(seen.p_values[12])
    (8.0, 0.01)
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 6]))
    n_series, n_periods = probabilities.shape
    first = admissible.argmax(axis=1)
    length = admissible.sum(axis=1)
    observed = probabilities.sum(axis=0)
    peaks, total = np.empty(draws), np.zeros(n_periods)
    offset = np.arange(n_periods)[None, :] - first[:, None]
    inside = (offset >= 0) & (offset < length[:, None])
    rows = np.arange(n_series)[:, None]
    for draw in range(draws):
        turn = rng.integers(0, np.maximum(length, 1))[:, None]
        source = first[:, None] + (offset + turn) % np.maximum(length, 1)[:, None]
        piled = np.where(inside, probabilities[rows, np.minimum(source, n_periods - 1)], 0.0).sum(axis=0)
        peaks[draw] = piled.max()
        total += piled
    above = (peaks[:, None] >= observed[None, :] - _TIE).sum(axis=0)
    return Agreement(expected=observed, typical=total / draws, p_values=(1.0 + above) / (1.0 + draws))


def date_evidence(probabilities: Floats, windows: NDArray[np.bool_], admissible: NDArray[np.bool_]) -> Floats:
    r"""Return how much the figures of each site speak for a change inside each window.

    Parameters
    ----------
    probabilities : ndarray, shape (n_sites, n_periods)
        Probability of each date, given that there is a change; rows sum to 1.
    windows : ndarray of bool, shape (n_windows, n_periods)
        Periods in each window.
    admissible : ndarray of bool, shape (n_sites, n_periods)
        Periods at which a change of the site could be seen.

    Returns
    -------
    ndarray, shape (n_sites, n_windows)
        :math:`\log(\tfrac12 + \tfrac12 B)`, with :math:`B` the probability inside the window over that of a date
        taken at random: a site that does not respond costs at most log 2.

    Examples
    --------
    >>> flat = np.full((1, 4), 0.25)
    >>> window = np.array([[True, False, False, False]])
    >>> date_evidence(flat, window, np.ones((1, 4), dtype=bool)).tolist()
    [[0.0]]
    """
    mass = probabilities @ windows.T
    by_chance = (admissible[:, None, :] & windows[None]).sum(axis=2) / admissible.sum(axis=1)[:, None]
    ratio = np.divide(mass, by_chance, out=np.ones_like(mass), where=by_chance > 0)
    evidence: Floats = np.log(0.5 + 0.5 * ratio)
    return evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutedDates:
    """A permutation test of dates or labels.

    Attributes
    ----------
    statistic : float
        Observed sum or difference of evidence.
    p_value, smallest : float
        Share of assignments at least as strong, and the smallest this could have been.
    draws : int or None
        Random assignments; None if all were enumerated.
    """

    statistic: float
    p_value: float
    smallest: float
    draws: int | None


def permuted_dates(evidence: Floats, *, draws: int, seed: int) -> PermutedDates:
    """Test whether sites change at their own dates rather than at each other's.

    Parameters
    ----------
    evidence : ndarray, shape (n_sites, n_sites)
        Evidence of each site (row) for a change in each site's window (column); see :func:`date_evidence`.
    draws : int
        Random permutations where there are more than 5,040.
    seed : int
        Root of the randomness.

    Returns
    -------
    PermutedDates
        One-sided: own dates fit better.

    Notes
    -----
    A shock that hits every site in one month fits each window equally well whoever it belongs to, so it
    cancels. The test is exact if dates were given to sites without regard to when they were going to change.

    References
    ----------
    Lehmann EL, Romano JP (2005). Testing Statistical Hypotheses, 3rd edition, section 15.2. Springer.

    Examples
    --------
    >>> permuted_dates(np.eye(4), draws=99, seed=1).p_value.__round__(4)
    0.0417
    """
    n = len(evidence)
    observed = float(np.trace(evidence))
    rows = np.arange(n)
    if factorial(n) < _EXACT:
        orders = np.array(list(permutations(range(n))))
        sums = evidence[rows, orders].sum(axis=1)
        same = int((sums >= sums.max() - _TIE).sum())
        at_least = int((sums >= observed - _TIE).sum())
        return PermutedDates(
            statistic=observed, p_value=at_least / len(sums), smallest=same / len(sums), draws=None
        )
    rng = np.random.default_rng(np.random.SeedSequence([seed, 7]))
    orders = rng.permuted(np.tile(rows, (draws, 1)), axis=1)
    sums = evidence[rows, orders].sum(axis=1)
    at_least = 1 + int((sums >= observed - _TIE).sum())
    return PermutedDates(
        statistic=observed, p_value=at_least / (draws + 1), smallest=1 / (draws + 1), draws=draws
    )


def group_test(treated: Floats, controls: Floats, *, draws: int, seed: int) -> PermutedDates:
    """Test whether the sites of a programme show more evidence at its date than others do.

    Parameters
    ----------
    treated : ndarray, shape (n_treated,)
        Evidence of each site for a change in the window.
    controls : ndarray, shape (n_controls,)
        The same for sites without the programme.
    draws : int
        Random assignments of the label.
    seed : int
        Root of the randomness.

    Returns
    -------
    PermutedDates
        One-sided: the mean of the programme's sites is higher.

    Examples
    --------
    >>> group_test(np.full(5, 9.0), np.zeros(40), draws=999, seed=1).p_value
    0.001
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 8]))
    everyone, n = np.concatenate([treated, controls]), len(treated)
    observed = float(treated.mean())
    means = np.array([rng.permutation(everyone)[:n].mean() for _ in range(draws)])
    at_least = 1 + int((means >= observed - _TIE).sum())
    return PermutedDates(
        statistic=observed - float(controls.mean()),
        p_value=at_least / (draws + 1),
        smallest=1 / (draws + 1),
        draws=draws,
    )
