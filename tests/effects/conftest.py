"""Synthetic panels with a known effect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Measure, Window
from lean_impact.effects import AdoptionDesign, DifferenceInDifferences, EffectResult
from lean_impact.tables import Panel


def measure_of(**changes) -> Measure:
    fields = {
        "id": "seen-4h",
        "name": "Seen within 4 hours",
        "kind": "proportion",
        "improvement": "increase",
        "dimension": "quality",
        "frequency": "month",
        "unit": "share of attendances",
    }
    return Measure(**(fields | changes))


@pytest.fixture
def make_measure() -> Callable[..., Measure]:
    return measure_of


class World:
    """Thirty trusts, T01 to T05 treated from January 2015, with 24 periods before and 24 after."""

    treated = tuple(f"T{i:02d}" for i in range(1, 6))
    comparison = tuple(f"C{i:02d}" for i in range(1, 26))
    pre = Window(start=date(2013, 1, 1), end=date(2015, 1, 1))
    post = Window(start=date(2015, 1, 1), end=date(2017, 1, 1))

    def frame(self, *, effect: float = 0.0, seed: int = 0, spread: float = 0.01) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        trusts = [*self.treated, *self.comparison]
        periods = pd.date_range("2013-01-01", "2016-12-01", freq="MS")
        share = 0.85 + rng.normal(0, 0.04, len(trusts)) + 0.02 * np.sin(np.arange(48) / 2)[:, None]
        share += (np.arange(48) >= 24)[:, None] * (-0.03 + rng.normal(0, spread, len(trusts)))
        share[24:, :5] += effect
        size = rng.integers(4_000, 12_000, (48, len(trusts)))
        numerator = np.round(np.clip(share, 0.05, 0.98) * size)
        return pd.DataFrame(
            {
                "trust": np.tile(trusts, 48),
                "measure": "seen-4h",
                "period": np.repeat(periods.to_numpy(), len(trusts)),
                "numerator": numerator.ravel(),
                "denominator": size.ravel().astype(float),
                "flag": "published",
                "source": "synthetic",
            }
        )

    def panel(self, frame: pd.DataFrame | None = None, *, measure: Measure | None = None, **known) -> Panel:
        table = self.frame(**known) if frame is None else frame
        return Panel.from_frame(table, measures=[measure or measure_of()])

    def design(self, **changes) -> dict[str, object]:
        fields = {
            "measure": "seen-4h",
            "treated": self.treated,
            "comparison": self.comparison,
            "pre": self.pre,
            "post": self.post,
        }
        return fields | changes

    def estimate(
        self,
        panel: Panel | None = None,
        *,
        measure: Measure | None = None,
        settings=None,
        design=None,
        **known,
    ) -> EffectResult:
        panel = panel or self.panel(measure=measure, **known)
        estimator = DifferenceInDifferences(**{"seed": 1, "draws": 999} | (settings or {}))
        return estimator.estimate(panel, AdoptionDesign.block(**self.design(**(design or {}))))


@pytest.fixture
def world() -> World:
    return World()
