"""Bundled studies, each a folder with a study file and its figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lean_impact.hooks import ProgrammeEntry, hookimpl

__all__ = ["lean_impact_programmes"]

_HERE = Path(__file__).parent


@hookimpl
def lean_impact_programmes() -> Iterator[ProgrammeEntry]:
    """Yield the bundled studies."""
    yield ProgrammeEntry(
        name="nhs-vmi",
        summary="The NHS partnership with the Virginia Mason Institute, five trusts, 2015 to 2020",
        study=_HERE / "nhs_vmi" / "study.toml",
    )
