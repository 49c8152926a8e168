"""Synthetic difference-in-differences of a block design, solved to the optimum, with its placebos.

All placebos share one matrix of inner products between units and one between periods: a placebo only takes
its own rows away.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError

from lean_impact.kernels.simplex import ridge_simplex, simplex_from_gram, simplex_weights, unique_simplex
from lean_impact.kernels.synthetic_control import check_block

__all__ = [
    "SyntheticDiD",
    "noise_level",
    "placebo_synthetic_did",
    "synthetic_did",
    "synthetic_did_of_each",
    "unit_ridge",
]


class SyntheticDiD(NamedTuple):
    """A synthetic difference-in-differences estimate.

    Attributes
    ----------
    estimate : float
        Mean effect on the treated after the start, in the unit of the outcome.
    unit_weights : ndarray of float64, shape (n_donors,)
        At least 0, sum 1.
    time_weights : ndarray of float64, shape (start,)
        Weights of the periods before the start, at least 0, sum 1.
    gaps : ndarray of float64, shape (n_periods,)
        Treated mean minus weighted donors, minus the same averaged over the weighted periods before. From
        `start` on this is the effect curve, whose mean is the estimate.
    zeta : float
        Strength of the ridge on the unit weights, in the unit of the outcome.
    """

    estimate: float
    unit_weights: np.ndarray
    time_weights: np.ndarray
    gaps: np.ndarray
    zeta: float


def noise_level(y: np.ndarray, donors: np.ndarray, *, start: int) -> float:
    """Return the standard deviation of the donors' changes from period to period before the start.

    All changes count around one mean, as the authors define it; so a period that moves every donor adds to
    the noise.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
    donors : ndarray of int, shape (n_donors,)
    start : int
        At least 2.

    Returns
    -------
    float
        In the unit of the outcome.

    Raises
    ------
    ValueError
        If there are fewer than two changes.

    Examples
    --------
    >>> noise_level(np.array([[0.0, 0.0], [1.0, -1.0], [5.0, 5.0]]), np.array([0, 1]), start=2).__round__(4)
    1.4142
    """
    changes = np.diff(y[:start, donors], axis=0)
    if changes.size < 2:  # noqa: PLR2004 - a standard deviation needs two
        raise ValueError(f"the noise level needs two changes before the start; there are {changes.size}")
    return float(changes.std(ddof=1))


def unit_ridge(y: np.ndarray, donors: np.ndarray, *, start: int, n_treated: int) -> float:
    r"""Return the recommended ridge :math:`\zeta = (N_1 T_1)^{1/4} \hat\sigma` of the unit weights.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
    donors : ndarray of int, shape (n_donors,)
    start : int
    n_treated : int

    Returns
    -------
    float
        In the unit of the outcome.

    Examples
    --------
    >>> y = np.array([[0.0, 0.0], [1.0, -1.0], [5.0, 5.0]])
    >>> round(unit_ridge(y, np.array([0, 1]), start=2, n_treated=16), 4)
    2.8284
    """
    cells = n_treated * (len(y) - start)
    return float(cells**0.25 * noise_level(y, donors, start=start))


def synthetic_did(
    y: np.ndarray, treated: np.ndarray, donors: np.ndarray, *, start: int, zeta: float | None = None
) -> SyntheticDiD:
    r"""Estimate the mean effect on a group that starts together.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes without holes.
    treated : ndarray of int, shape (n_treated,)
        Positions of the units with the programme.
    donors : ndarray of int, shape (n_donors,)
        Positions of units without it.
    start : int
        First period with the programme; at least 2.
    zeta : float, optional
        Ridge on the unit weights, in the unit of the outcome; :func:`unit_ridge` if not given.

    Returns
    -------
    SyntheticDiD

    Raises
    ------
    ValueError
        If there are too few periods or units, or a missing value.

    Notes
    -----
    Unit weights minimise :math:`\sum_{t<T_0} (\omega_0 + \sum_i \omega_i y_{it} - \bar y_t)^2 +
    \zeta^2 T_0 \|\omega\|^2` and time weights :math:`\sum_i (\lambda_0 + \sum_{t<T_0} \lambda_t y_{it} -
    \bar y_{i,post})^2`, on simplexes. The authors add a tiny ridge to the latter, only to make it unique;
    the weights of smallest norm, chosen here where there are several optima, are its limit. The estimate is
    the double difference with these weights; constants of units and of periods drop out.

    References
    ----------
    Arkhangelsky D, Athey S, Hirshberg DA, Imbens GW, Wager S (2021), American Economic Review 111:4088-4118.

    Examples
    --------
    >>> y = np.add.outer(np.array([0.0, 1.0, 4.0, 2.0]), np.array([5.0, 0.0, 7.0, 3.0]))
    >>> y[1, 2] += 0.5
    >>> y[3, 0] += 1.5
    >>> round(synthetic_did(y, np.array([0]), np.array([1, 2, 3]), start=3).estimate, 6)
    1.5
    """
    check_block(y, treated, donors, start=start)
    if np.isin(treated, donors).any():
        raise ValueError("a treated unit stands among the donors")
    zeta = unit_ridge(y, donors, start=start, n_treated=len(treated)) if zeta is None else zeta
    shared = _Shared.of(y, donors, start=start, zeta=zeta)
    everyone = np.ones(len(donors), dtype=bool)
    target = y[:, treated].mean(axis=1)
    omega = shared.unit_weights(everyone, target[:start])
    time = shared.all_time_weights()
    gaps = target - y[:, donors] @ omega
    gaps = gaps - time @ gaps[:start]
    return SyntheticDiD(float(gaps[start:].mean()), omega, time, gaps, zeta)


def placebo_synthetic_did(
    y: np.ndarray, groups: np.ndarray, donors: np.ndarray, *, start: int, zeta: float
) -> np.ndarray:
    """Estimate the effect on groups of donors, each against all other donors.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes without holes.
    groups : ndarray of int, shape (n_groups, size)
        Positions *within the donors* of each placebo group, as :func:`~.randomisation.draw_groups` gives.
    donors : ndarray of int, shape (n_donors,)
        Positions of the units without the programme.
    start : int
    zeta : float
        Ridge on the unit weights, that of the estimate itself, so that placebos differ in nothing else.

    Returns
    -------
    ndarray of float64, shape (n_groups, n_periods)
        Gaps as in :class:`SyntheticDiD`; the mean over the periods from `start` is the placebo estimate.

    Raises
    ------
    ValueError
        If a group leaves fewer than two donors, or a value is missing.

    Examples
    --------
    >>> y = np.random.default_rng(0).normal(size=(6, 8))
    >>> placebo_synthetic_did(y, np.arange(8)[:, None], np.arange(8), start=4, zeta=1.0).shape
    (8, 6)
    """
    check_block(y, donors[:1], donors, start=start)
    if len(donors) - groups.shape[1] < 2:  # noqa: PLR2004
        raise ValueError(
            f"a placebo group of {groups.shape[1]} leaves fewer than two of {len(donors)} donors"
        )
    shared = _Shared.of(y, donors, start=start, zeta=zeta)
    # Nearly the same periods matter to every placebo: begin from those that matter to all donors together.
    likely = shared.all_time_weights() > 0
    return np.array([_placebo(shared, group, likely)[0] for group in groups])


def synthetic_did_of_each(
    y: np.ndarray, targets: np.ndarray, donors: np.ndarray, *, start: int, zeta: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate the effect on each of several units alone; donors among them against the other donors.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes without holes.
    targets : ndarray of int, shape (n_targets,)
        Positions of units; give the donors themselves for placebos.
    donors : ndarray of int, shape (n_donors,)
        Positions of the units without the programme, at least three.
    start : int
    zeta : float, optional
        Ridge on the unit weights; :func:`unit_ridge` for one treated unit if not given.

    Returns
    -------
    gaps : ndarray of float64, shape (n_periods, n_targets)
        As in :class:`SyntheticDiD`.
    weights : ndarray of float64, shape (n_donors, n_targets)
        Unit weights; a donor that is itself the target has 0.

    Raises
    ------
    ValueError
        As :func:`synthetic_did`.

    Examples
    --------
    >>> y = np.random.default_rng(0).normal(size=(6, 5))
    >>> gaps, weights = synthetic_did_of_each(y, np.arange(5), np.arange(1, 5), start=4)
    >>> bool(np.isclose(gaps[4:, 0].mean(), synthetic_did(y, np.array([0]), np.arange(1, 5), start=4).estimate))
    True
    """
    check_block(y, targets, donors, start=start)
    zeta = unit_ridge(y, donors, start=start, n_treated=1) if zeta is None else zeta
    shared = _Shared.of(y, donors, start=start, zeta=zeta)
    time = shared.all_time_weights()
    place = {int(donor): at for at, donor in enumerate(donors)}
    gaps, weights = np.empty((len(y), len(targets))), np.empty((len(donors), len(targets)))
    for column, target in enumerate(targets):
        if int(target) in place:
            found = _placebo(shared, np.array([place[int(target)]]), time > 0)
        else:
            omega = shared.unit_weights(np.ones(len(donors), dtype=bool), y[:start, target])
            path = y[:, target] - y[:, donors] @ omega
            found = path - time @ path[:start], omega
        gaps[:, column], weights[:, column] = found
    return gaps, weights


def _placebo(shared: _Shared, group: np.ndarray, likely: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gaps of a group of donors against the others, and the unit weights."""
    others = np.ones(shared.outcomes.shape[1], dtype=bool)
    others[group] = False
    time = shared.time_weights(others, group, likely)
    start = len(time)
    target = shared.outcomes[:, group].mean(axis=1)
    omega = shared.unit_weights(others, target[:start], group=group)
    signed = np.zeros(len(others))
    signed[others] = omega
    gaps = target - shared.outcomes @ signed
    return gaps - time @ gaps[:start], signed


class _Shared(NamedTuple):
    """What the estimate and all its placebos have in common."""

    outcomes: np.ndarray  # of the donors
    centred: np.ndarray  # before the start, minus each donor's mean
    gram: np.ndarray  # between donors
    rows: np.ndarray  # periods before the start and the mean after it, minus the donors' mean
    moments: np.ndarray  # between those rows
    ridge: float

    @classmethod
    def of(cls, y: np.ndarray, donors: np.ndarray, *, start: int, zeta: float) -> _Shared:
        outcomes = np.ascontiguousarray(y[:, donors])
        centred = outcomes[:start] - outcomes[:start].mean(axis=0)
        rows = np.vstack([outcomes[:start], outcomes[start:].mean(axis=0)])
        rows -= rows.mean(axis=1, keepdims=True)
        return cls(
            outcomes,
            centred,
            centred.T @ centred,
            rows,
            rows @ rows.T,
            zeta**2 * start,
        )

    def unit_weights(
        self, others: np.ndarray, target: np.ndarray, *, group: np.ndarray | None = None
    ) -> np.ndarray:
        """Weights of the donors in `others` for a target path, or for the mean of a group of donors."""
        if group is None:
            products = self.centred.T @ (target - target.mean())
            gram = self.gram
        else:
            kept = others.nonzero()[0]
            products = self.gram[group][:, kept].mean(axis=0)
            gram = self.gram[np.ix_(kept, kept)]
        try:
            return simplex_from_gram(gram, products, ridge=self.ridge)
        except LinAlgError:
            return ridge_simplex(self.centred[:, others], target - target.mean(), ridge=self.ridge)

    def all_time_weights(self) -> np.ndarray:
        """Weights of the periods before the start, from all donors."""
        everyone = np.ones(self.outcomes.shape[1], dtype=bool)
        return self.time_weights(everyone, np.empty(0, dtype=np.intp), None)

    def time_weights(self, others: np.ndarray, group: np.ndarray, likely: np.ndarray | None) -> np.ndarray:
        """Weights of the periods before the start, from the donors that are not in the group."""
        gone = self.rows[:, group]
        total = -gone.sum(axis=1)
        moments = self.moments - gone @ gone.T - np.outer(total, total / others.sum())
        if likely is not None:
            try:
                return unique_simplex(moments[:-1, :-1], moments[:-1, -1], support=likely)
            except LinAlgError:
                pass  # several optima, or nearly: choose among them
        kept = self.rows[:, others]
        kept = kept - kept.mean(axis=1, keepdims=True)
        return simplex_weights(kept[:-1].T, kept[-1])
