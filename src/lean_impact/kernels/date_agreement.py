"""Do the change dates of many series agree, and do they follow the dates of a programme? Arrays only."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import factorial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from lean_impact.kernels.step_scan import StepGrid

__all__ = [
    "Agreement",
    "PermutedDates",
    "change_probability",
    "date_evidence",
    "directed_probabilities",
    "group_test",
    "permuted_dates",
    "shifted_agreement",
]

Floats = NDArray[np.float64]

_EXACT: Final = 5041  # all orders of seven sites, and one
_TIE: Final = 1e-9
_RESPONDING: Final = 0.75  # share of sites that a programme is expected to move


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


def directed_probabilities(grid: StepGrid) -> Floats:
    """Return the probability of each date and direction, given that there is a change.

    Parameters
    ----------
    grid : StepGrid
        Likelihood and size at every autocorrelation and date.

    Returns
    -------
    ndarray, shape (2, n_series, n_candidates)
        Up, then down; the two together sum to 1 for each series. Autocorrelations are averaged over.

    Examples
    --------
    >>> from lean_impact.kernels.step_scan import step_grid
    >>> values = np.where(np.arange(40) >= 20, 3.0, 0.0) + np.random.default_rng(3).normal(size=40)
    >>> grid = step_grid(values[None], positions=np.arange(40), design=np.ones((40, 1)), bounds=(6, 35))
    >>> bool(directed_probabilities(grid)[0].sum() > 0.99)
    True
    """
    weights = np.exp(grid.log_likelihood)
    t_ratio = np.divide(
        grid.size, grid.standard_error, out=np.zeros_like(grid.size), where=grid.standard_error > 0
    )
    both = np.stack([(weights * ndtr(sign * t_ratio)).sum(axis=0) for sign in (1.0, -1.0)])
    probabilities: Floats = both / both.sum(axis=(0, 2))[None, :, None]
    return probabilities


def date_evidence(probabilities: Floats, windows: NDArray[np.bool_], admissible: NDArray[np.bool_]) -> Floats:
    r"""Return how much the figures of each site speak for a change of one direction inside each window.

    Parameters
    ----------
    probabilities : ndarray, shape (2, n_sites, n_periods)
        Probability of each direction and date, given that there is a change.
    windows : ndarray of bool, shape (n_windows, n_periods)
        Periods in each window.
    admissible : ndarray of bool, shape (n_sites, n_periods)
        Periods at which a change of the site could be seen.

    Returns
    -------
    ndarray, shape (2, n_sites, n_windows)
        :math:`\log(\tfrac14 + \tfrac34 B)`, with :math:`B` the probability inside the window over that of a
        date and direction taken at random: a site that does not respond costs at most log 4.

    Examples
    --------
    >>> flat = np.full((2, 1, 4), 0.125)
    >>> window = np.array([[True, False, False, False]])
    >>> date_evidence(flat, window, np.ones((1, 4), dtype=bool)).tolist()
    [[[0.0]], [[0.0]]]
    """
    mass = probabilities @ windows.T
    by_chance = (admissible[:, None, :] & windows[None]).sum(axis=2) / (2 * admissible.sum(axis=1)[:, None])
    by_chance = np.broadcast_to(by_chance, mass.shape)
    ratio = np.divide(mass, by_chance, out=np.ones_like(mass), where=by_chance > 0)
    evidence: Floats = np.log(1.0 - _RESPONDING + _RESPONDING * ratio)
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
    evidence : ndarray, shape (n_directions, n_sites, n_sites)
        Evidence of each site (row) for a change in each site's window (column); see :func:`date_evidence`.
    draws : int
        Random permutations where there are more than 5,040.
    seed : int
        Root of the randomness.

    Returns
    -------
    PermutedDates
        One-sided: own dates fit better, in whichever direction fits best.

    Notes
    -----
    A shock that hits every site in one month fits each window equally well whoever it belongs to, so it
    cancels. The test is exact if dates were given to sites without regard to when they were going to change.

    References
    ----------
    Lehmann EL, Romano JP (2005). Testing Statistical Hypotheses, 3rd edition, section 15.2. Springer.

    Examples
    --------
    >>> permuted_dates(np.eye(4)[None], draws=99, seed=1).p_value.__round__(4)
    0.0417
    """
    n = evidence.shape[1]
    rows = np.arange(n)
    observed = float(evidence[:, rows, rows].sum(axis=1).max())
    exact = factorial(n) < _EXACT
    if exact:
        orders = np.array(list(permutations(range(n))))
    else:
        rng = np.random.default_rng(np.random.SeedSequence([seed, 7]))
        orders = rng.permuted(np.tile(rows, (draws, 1)), axis=1)
    sums = evidence[:, rows, orders].sum(axis=2).max(axis=0)
    at_least = int((sums >= observed - _TIE).sum())
    if exact:
        smallest = int((sums >= sums.max() - _TIE).sum()) / len(sums)
        return PermutedDates(statistic=observed, p_value=at_least / len(sums), smallest=smallest, draws=None)
    return PermutedDates(
        statistic=observed,
        p_value=(1 + at_least) / (draws + 1),
        smallest=1 / (draws + 1),
        draws=draws,
    )


def group_test(treated: Floats, controls: Floats, *, draws: int, seed: int) -> PermutedDates:
    """Test whether the sites of a programme show more evidence at its date than others do.

    Parameters
    ----------
    treated : ndarray, shape (n_directions, n_treated)
        Evidence of each site for a change in the window.
    controls : ndarray, shape (n_directions, n_controls)
        The same for sites without the programme.
    draws : int
        Random assignments of the label.
    seed : int
        Root of the randomness.

    Returns
    -------
    PermutedDates
        One-sided: the mean of the programme's sites is higher, in whichever direction it is most so.

    Examples
    --------
    >>> group_test(np.full((1, 5), 9.0), np.zeros((1, 40)), draws=999, seed=1).p_value
    0.001
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 8]))
    everyone, n = np.concatenate([treated, controls], axis=1), treated.shape[1]
    share = n / (everyone.shape[1] - n)

    def difference(sums: Floats) -> Floats:
        others = everyone.sum(axis=1) - sums
        best: Floats = (sums - share * others).max(axis=-1) / n
        return best

    observed = float(difference(treated.sum(axis=1)))
    orders = rng.permuted(np.tile(np.arange(everyone.shape[1]), (draws, 1)), axis=1)[:, :n]
    drawn = difference(everyone[:, orders].sum(axis=2).T)
    at_least = 1 + int((drawn >= observed - _TIE).sum())
    return PermutedDates(
        statistic=observed, p_value=at_least / (draws + 1), smallest=1 / (draws + 1), draws=draws
    )
