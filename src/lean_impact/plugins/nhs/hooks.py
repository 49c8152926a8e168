"""What the NHS plugin offers to the library."""

from __future__ import annotations

from collections.abc import Iterator

from lean_impact.domain import Measure
from lean_impact.hooks import SourceEntry, hookimpl
from lean_impact.plugins.nhs.ae_monthly import CADENCE, LICENCE, PUBLISHER, MonthlyAE
from lean_impact.plugins.nhs.measures import AE_MEASURES, MEASURES

__all__ = ["lean_impact_measures", "lean_impact_sources"]


@hookimpl
def lean_impact_sources() -> Iterator[SourceEntry]:
    """Yield the published figures that can be read."""
    yield SourceEntry(
        name="nhs-ae-monthly",
        summary="Monthly A&E attendances and emergency admissions by provider, every layout since June 2015",
        publisher=PUBLISHER,
        licence=LICENCE,
        cadence=CADENCE,
        measures=AE_MEASURES,
        open=MonthlyAE,
    )


@hookimpl
def lean_impact_measures() -> Iterator[Measure]:
    """Yield the measures of official NHS statistics."""
    yield from MEASURES
