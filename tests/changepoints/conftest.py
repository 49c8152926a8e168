"""Series of known content for the tests of this room."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.domain import Measure
from lean_impact.tables import Series
from lean_impact.tables.calendar import periods_from


def build(values, *, frequency="month", start="2012-01", flags=None, kind="proportion"):
    values = np.asarray(values, dtype="float64")
    measure = Measure(
        id="seen-4h",
        name="Seen within 4 hours",
        kind=kind,
        improvement="increase",
        dimension="quality",
        frequency=frequency,
        unit="share of attendances",
    )
    nothing = np.full(len(values), np.nan)
    flags = np.where(np.isnan(values), "missing", "published") if flags is None else np.asarray(flags)
    return Series(
        trust="RTP",
        measure=measure,
        periods=periods_from(np.datetime64(start, "D"), len(values), frequency),
        values=values,
        numerators=nothing,
        denominators=nothing,
        flags=flags,
    )


@pytest.fixture
def make_series():
    """Make a Series from values, monthly from January 2012 unless told otherwise."""
    return build


@pytest.fixture
def step_series():
    """60 months, 80 % to June 2014 and 92 % from July 2014, little noise."""
    noise = np.random.default_rng(1).normal(0, 0.02, 60)
    return build(np.repeat([0.80, 0.92], 30) + noise)
