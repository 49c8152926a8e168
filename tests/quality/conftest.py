"""Panels of known content for the tests of this room."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import DefinitionChange, Measure
from lean_impact.tables import Panel

ALL = Measure(
    id="all-types",
    name="Seen within 4 hours, all types",
    kind="proportion",
    improvement="increase",
    dimension="quality",
    frequency="month",
    unit="share of attendances",
)
TYPE1 = ALL.model_copy(
    update={
        "id": "type-1",
        "name": "Seen within 4 hours, type 1",
        "changes": (DefinitionChange(date=date(2015, 6, 1), what="Monthly instead of weekly figures."),),
    }
)
TRUSTS = tuple(f"RX{letter}" for letter in "ABCDEFGH")


def rows(measure, volume, *, value=0.9, flags=None):
    """Return the long table of a periods x trusts matrix of volumes."""
    volume = np.round(np.asarray(volume, dtype="float64"))
    n, k = volume.shape
    value = np.broadcast_to(np.asarray(value, dtype="float64"), (n, k))
    frame = pd.DataFrame(
        {
            "trust": np.tile(TRUSTS[:k], n),
            "measure": measure.id,
            "period": np.repeat(pd.date_range("2012-01-01", periods=n, freq="MS"), k),
            "numerator": np.floor(volume * value).ravel(),
            "denominator": volume.ravel(),
            "flag": "published" if flags is None else np.asarray(flags).ravel(),
            "source": "made",
        }
    )
    empty = frame["flag"].isin(["not_submitted", "missing"])
    frame.loc[empty, ["numerator", "denominator"]] = np.nan
    return frame


def volumes(n=96, k=8, *, seed=1, noise=0.03):
    """Return volumes with growth, a national season and noise, shape (n, k)."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(5_000, 15_000, k) * np.exp(0.002 * np.arange(n))[:, None]
    season = 1 + 0.08 * np.sin(2 * np.pi * np.arange(n) / 12)[:, None]
    return level * season * np.exp(rng.normal(0, noise, (n, k)))


class Make:
    """Builders of panels, given to tests as one fixture."""

    type1, all_types, trusts = TYPE1, ALL, TRUSTS
    rows = staticmethod(rows)
    volumes = staticmethod(volumes)

    @staticmethod
    def panel(*frames):
        """Make a panel of long tables."""
        return Panel.from_frame(pd.concat(frames, ignore_index=True), measures=[TYPE1, ALL])


@pytest.fixture(scope="session")
def make():
    """Build panels, volumes and long tables."""
    return Make
