"""One trust's figures on one measure, on a complete calendar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lean_impact.domain.measure import Measure

__all__ = ["Series"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """One trust's figures on one measure, on a complete calendar.

    Attributes
    ----------
    trust : str
        Trust code.
    measure : Measure
        What is measured.
    periods : ndarray of datetime64[D], shape (n_periods,)
        First day of each period, without holes.
    values : ndarray of float64, shape (n_periods,)
        Value in the unit of the measure, NaN where there is none.
    numerators, denominators : ndarray of float64, shape (n_periods,)
        Counts behind the values, NaN where there are none.
    flags : ndarray of str, shape (n_periods,)
        What stands behind each value, see :data:`~lean_impact.tables.flags.Flag`.
    """

    trust: str
    measure: Measure
    periods: np.ndarray
    values: np.ndarray
    numerators: np.ndarray
    denominators: np.ndarray
    flags: np.ndarray

    def __len__(self) -> int:
        return len(self.periods)

    def __repr__(self) -> str:
        first, last = self.periods[[0, -1]] if len(self) else ("nothing", "nothing")
        return f"<Series: {self.trust} {self.measure.id}, {len(self)} periods from {first} to {last}>"
