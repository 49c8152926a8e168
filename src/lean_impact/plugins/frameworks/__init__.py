"""Bundled context frameworks."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from lean_impact.domain import ContextFramework
from lean_impact.hooks import hookimpl

__all__ = ["lean_impact_frameworks"]

_FRAMEWORKS = (
    ("cfir_2009", "CFIR_2009"),
    ("cfir_2022", "CFIR_2022"),
    ("musiq", "MUSIQ"),
    ("receptive", "RECEPTIVE_CONTEXTS"),
    ("nhs_impact", "NHS_IMPACT"),
    ("lessons", "SIX_LESSONS"),
)


@hookimpl
def lean_impact_frameworks() -> Iterator[ContextFramework]:
    """Yield the bundled frameworks."""
    for module, name in _FRAMEWORKS:
        framework: ContextFramework = getattr(import_module(f"{__name__}.{module}"), name)
        yield framework
