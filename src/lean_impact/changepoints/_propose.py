"""Propose several changes at once: the exact optimum for each autocorrelation and number of changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from lean_impact.changepoints._calendar import StepCalendar
from lean_impact.changepoints._levels import fit_segments
from lean_impact.kernels.ar1_noise import whitener
from lean_impact.kernels.segment_costs import binomial_costs, level_costs, line_costs, poisson_costs
from lean_impact.kernels.segment_search import cheapest, penalised_segmentation, trace

__all__ = ["ANNOTATION_PENALTY", "PENALTY", "Cost", "Counts", "annotate", "propose", "propose_counts"]

Floats = NDArray[np.float64]

Cost = Literal["level", "line", "binomial", "poisson"]
"""What a segment is: a level, a straight line, a steady share, or a steady rate of events."""

PENALTY: Final = 3.0
"""Cost of a change of level, in units of the log number of figures; half as much again for a line."""

ANNOTATION_PENALTY: Final = 5.0
"""Cost of a change as annotators see it, in the same unit times the variance about one straight line."""

_PHI: Final = np.tanh(np.linspace(np.arctanh(-0.3), np.arctanh(0.9), 9))
_PHI.flags.writeable = False
_ROUNDS: Final = 6
_ROUNDING: Final = 1e-10
_FEWEST: Final = 3  # figures that tell a line from noise


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counts:
    """Events and what they are out of, shape (n_observed,) each."""

    numerators: Floats
    denominators: Floats


def propose(
    values: Floats,
    calendar: StepCalendar,
    *,
    start: tuple[int, ...],
    lines: bool,
    max_changes: int,
    min_size: int,
    penalty: float,
) -> tuple[tuple[int, ...], bool]:
    r"""Find the best segmentation under AR(1) noise, with the season fitted in turn.

    Parameters
    ----------
    values : ndarray, shape (n_observed,)
        Figures.
    calendar : StepCalendar
        Calendar and season.
    start : tuple of int
        Changes that the season is first fitted with.
    lines : bool
        Straight lines instead of levels.
    max_changes, min_size : int
        Most changes, and fewest figures in a segment.
    penalty : float
        Cost of a change in units of the log number of figures.

    Returns
    -------
    breaks : tuple of int
        First observed period of each segment but the first.
    settled : bool
        Whether changes and season agree.

    Notes
    -----
    Minimises :math:`n \log R_K(\phi) + \log|V(\phi)| + c\,K \log n` over the autocorrelation, the number of
    changes and all their places, with :math:`R_K` the generalised sum of squares when the noise starts afresh
    with each segment. Each change found is then judged in the joint model, where the noise runs on.
    """
    breaks, phi = start, 0.0
    for _ in range(_ROUNDS):
        season = fit_segments(values, calendar, breaks, phi=phi, lines=lines).season
        found, phi = _best(
            values - season,
            calendar.where,
            lines=lines,
            max_changes=max_changes,
            min_size=min_size,
            penalty=penalty,
        )
        if found == breaks or calendar.season == "none":
            return found, True
        breaks = found
    return breaks, False


def _best(
    adjusted: Floats,
    places: NDArray[np.int64],
    *,
    lines: bool,
    max_changes: int,
    min_size: int,
    penalty: float,
) -> tuple[tuple[int, ...], float]:
    costs_of = line_costs if lines else level_costs
    n = len(adjusted)
    floor = _ROUNDING * float(((adjusted - adjusted.mean()) ** 2).sum()) + np.finfo("float64").tiny
    costs = costs_of(adjusted, positions=places, phi=_PHI, min_size=min_size)
    totals = cheapest(costs, max_changes=max_changes)
    each = np.broadcast_to(places, (len(_PHI), n))
    new = 2.0 * np.log(whitener(_PHI[:, None], each).deviation)
    best = np.inf
    answer: tuple[tuple[int, ...], float] = ((), 0.0)
    for at, log_det in enumerate(new.sum(axis=1).tolist()):
        own = [total[at] for total in totals]
        for k, total in enumerate(own):
            criterion = n * np.log(max(float(total[n]), floor)) + log_det + k * penalty * np.log(n)
            if criterion >= best:  # and the changes only add to it, as new is never positive
                continue
            breaks = trace(costs[at], own, k)
            criterion -= float(new[at, list(breaks)].sum())  # a segment's first figure has no memory
            if criterion < best:
                best, answer = criterion, (breaks, float(_PHI[at]))
    return answer


def propose_counts(
    counts: Counts, *, cost: Literal["binomial", "poisson"], dispersion: float, min_size: int, penalty: float
) -> tuple[int, ...]:
    """Find the best segmentation of counts, their deviance divided by a long-run dispersion.

    Parameters
    ----------
    counts : Counts
        Season taken out.
    cost : {"binomial", "poisson"}
        Share of the denominator, or events per exposure.
    dispersion : float
        Variance over that of pure sampling, times what autocorrelation adds.
    min_size : int
        Fewest figures in a segment.
    penalty : float
        Cost of a change in units of the log number of figures.
    """
    costs_of = binomial_costs if cost == "binomial" else poisson_costs
    costs = costs_of(counts.numerators, counts.denominators, min_size=min_size)
    return penalised_segmentation(costs / dispersion, penalty=penalty * np.log(len(counts.numerators)))


def annotate(values: Floats, places: NDArray[np.int64], *, min_size: int, penalty: float) -> tuple[int, ...]:
    r"""Find the changes that a person would mark on a chart: breaks between straight lines, few of them.

    Notes
    -----
    The penalty is :math:`c \log n` times the variance about *one* straight line: it grows with the changes
    themselves, as people overlook small ones beside large ones. It knows nothing of autocorrelation.
    """
    line = np.vstack([np.ones(len(values)), places - places.mean()]).T
    rest = values - line @ np.linalg.lstsq(line, values, rcond=None)[0]
    unit = float(np.sqrt((rest**2).mean()))
    if unit <= np.sqrt(_ROUNDING) * float(np.std(values)):
        return ()
    costs = line_costs(values / unit, positions=places, phi=0.0, min_size=max(min_size, _FEWEST))
    return penalised_segmentation(costs, penalty=penalty * np.log(len(values)))
