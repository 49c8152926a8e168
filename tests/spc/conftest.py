"""A series from plain values, as a panel would hand it out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lean_impact.domain import Measure
from lean_impact.tables import Series
from lean_impact.tables.calendar import periods_from


@pytest.fixture
def make_series() -> Callable[..., Series]:
    """Build a monthly (or other) series starting in January 2018."""

    def make(values, *, start="2018-01", flags=None, periods=None, trust="RTP", **changes):
        fields = {
            "id": "seen-4h",
            "name": "Seen within 4 hours",
            "kind": "mean",
            "improvement": "increase",
            "dimension": "quality",
            "frequency": "month",
            "unit": "unit",
        }
        measure = Measure(**{**fields, **changes})
        values = np.array(values, dtype=float)
        calendar = periods_from(np.datetime64(start, "D"), len(values), measure.frequency)
        none = np.full(len(values), np.nan)
        return Series(
            trust=trust,
            measure=measure,
            periods=calendar if periods is None else periods,
            values=values,
            numerators=none,
            denominators=none,
            flags=np.where(np.isnan(values), "missing", "published") if flags is None else flags,
        )

    return make
