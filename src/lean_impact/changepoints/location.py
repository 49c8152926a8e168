"""Where a change may lie: every date that fits, and how well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from lean_impact.domain import Frequency, Window, next_period, period_label

__all__ = ["LocationSet"]

_RUNS_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocationSet:
    """The dates at which a change may have come, given that there is one.

    Attributes
    ----------
    calendar : ndarray of datetime64[D], shape (n_periods,)
        All periods of the series.
    probability : ndarray of float64, shape (n_periods,)
        Probability that each is the first of the new segment; sums to 1. A gap shares the probability of the
        figure that ends it.
    members : ndarray of bool, shape (n_periods,)
        The periods in the set.
    level : float
        Probability that the set was made to hold.
    frequency : {"week", "month", "quarter", "year"}
        Length of a period.

    Notes
    -----
    Every admissible date was equally likely beforehand; autocorrelation and variance are profiled at each. A
    set need not be an interval: two dates can fit while none between them does.
    """

    calendar: np.ndarray
    probability: np.ndarray
    members: np.ndarray
    level: float
    frequency: Frequency

    @property
    def periods(self) -> tuple[date, ...]:
        """First days of the periods in the set."""
        return tuple(day.astype(date) for day in self.calendar[self.members])

    @property
    def start(self) -> date:
        """First day of the earliest period in the set."""
        return self.periods[0]

    @property
    def end(self) -> date:
        """First day after the latest period in the set."""
        return next_period(self.periods[-1], self.frequency)

    @property
    def mass(self) -> float:
        """Probability that the set holds, at least ``level``."""
        return float(self.probability[self.members].sum())

    def contains(self, day: date) -> bool:
        """Tell whether the period that a day lies in is in the set."""
        at = int(np.searchsorted(self.calendar, np.datetime64(day), side="right")) - 1
        return at >= 0 and day < self._after(at) and bool(self.members[at])

    def mass_in(self, window: Window) -> float:
        """Return the probability that the change lies in a window; a period that overlaps it counts."""
        starts = [day.astype(date) for day in self.calendar]
        touches = [
            start < window.end and next_period(start, self.frequency) > window.start for start in starts
        ]
        return float(self.probability[np.array(touches, dtype=bool)].sum())

    def _after(self, at: int) -> date:
        after: date = next_period(self.calendar[at].astype(date), self.frequency)
        return after

    def _runs(self) -> Iterator[tuple[int, int]]:
        inside = np.flatnonzero(self.members)
        for run in np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1):
            yield int(run[0]), int(run[-1])

    def __str__(self) -> str:
        labels = [
            tuple(period_label(self.calendar[at].astype(date), self.frequency) for at in run)
            for run in self._runs()
        ]
        if len(labels) > _RUNS_SHOWN:
            inside, whole = int(self.members.sum()), int((self.probability > 0).sum())
            return f"{labels[0][0]} to {labels[-1][-1]} ({inside} of {whole} dates)"
        return ", ".join(first if first == last else f"{first} to {last}" for first, last in labels)
