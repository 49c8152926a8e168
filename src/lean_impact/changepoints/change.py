"""One change, and the stretches between changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd

from lean_impact.changepoints.location import LocationSet
from lean_impact.domain import Estimate, PValue

__all__ = ["CHANGE_COLUMNS", "Change", "Kind", "Segment", "change_cells", "p_value_words"]

Kind = Literal["level", "slope", "both"]
"""What changed: the level, the slope without a jump, or both."""

CHANGE_COLUMNS: Final = {
    "trust": "str",
    "measure": "str",
    "period": "datetime64[s]",
    "level_before": "float64",
    "level_after": "float64",
    "size": "float64",
    "size_lower": "float64",
    "size_upper": "float64",
    "p_value": "float64",
    "p_smallest": "float64",
    "kind": "str",
    "slope_change": "float64",
    "slope_lower": "float64",
    "slope_upper": "float64",
    "set_start": "datetime64[s]",
    "set_end": "datetime64[s]",
    "set_periods": "Int64",
    "set_level": "float64",
}
"""Columns of a table of changes, with their types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of steady level, or of one straight line.

    Attributes
    ----------
    start, end : date
        First day, and first day after it.
    level : float
        Seasonally adjusted mean, in the unit of the measure.
    n_observed : int
        Periods with a figure in it.
    slope : float
        Change from one period to the next within it, in the unit of the measure; 0 where only levels were
        looked for.
    """

    start: date
    end: date
    level: float
    n_observed: int
    slope: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of level, of slope, or of both.

    Attributes
    ----------
    period : date
        First day of the first period of the new segment. A point estimate: the change may lie some periods
        away, the more so the smaller it is.
    before, after : float
        Level on either side, in the unit of the measure; where lines were looked for, the ends of the two
        lines at the change.
    lower, upper : float
        Interval of ``after - before`` that allows for the place having been searched for; its nominal
        coverage is the ``level`` of the result.
    p_value : PValue
        How often stable series show anything as strong anywhere.
    kind : {"level", "slope", "both"}
        What changed.
    location : LocationSet or None
        Every date that fits; None if the detector cannot tell.
    slope : Estimate or None
        Change of slope per period; None where only levels were looked for.
    """

    period: date
    before: float
    after: float
    lower: float
    upper: float
    p_value: PValue
    kind: Kind = "level"
    location: LocationSet | None = None
    slope: Estimate | None = None

    @property
    def size(self) -> float:
        """``after - before``, in the unit of the measure."""
        return self.after - self.before


def change_cells(change: Change) -> tuple[object, ...]:
    """Return a change as the cells of its row, in the order of the columns."""
    slope, where = change.slope, change.location
    return (
        pd.Timestamp(change.period),
        change.before,
        change.after,
        change.size,
        change.lower,
        change.upper,
        change.p_value.value,
        change.p_value.smallest,
        change.kind,
        *((slope.value, slope.lower, slope.upper) if slope else (np.nan,) * 3),
        pd.NaT if where is None else pd.Timestamp(where.start),
        pd.NaT if where is None else pd.Timestamp(where.end),
        pd.NA if where is None else int(where.members.sum()),
        np.nan if where is None else where.level,
    )


def p_value_words(p_value: PValue) -> str:
    """Write a p-value so that one below what three digits show is not called zero."""
    return (
        str(p_value).replace("p = 0.000", "p below 0.001").replace("reachable 0.000", "reachable below 0.001")
    )
