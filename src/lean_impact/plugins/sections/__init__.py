"""The bundled sections of the report."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module

from lean_impact.hooks import SectionBuilder, SectionEntry, hookimpl

__all__ = ["lean_impact_sections"]

# name, place in the report, summary, module and function that builds it
_SECTIONS = (
    ("effects", 100, "How much did it change, against trusts without the programme?", "effects"),
    ("families", 150, "Which finds hold when questions asked together allow for each other?", "families"),
    ("spc", 200, "Control charts of each trust, limits frozen at the declared start", "series"),
    ("changes", 300, "Change-points found without knowing the dates", "changes"),
    ("context", 350, "What context did each trust start from?", "context"),
    ("contingency", 400, "Under which conditions does it work?", "contingency"),
    ("events", 500, "Adoption windows and what else happened", "background"),
    ("quality", 600, "What can be trusted in the figures", "quality"),
    ("method", 700, "The plan and the methods", "background"),
    ("sources", 800, "Where the figures come from", "background"),
    ("record", 900, "Plugins loaded and failed", "background"),
)


@hookimpl
def lean_impact_sections() -> Iterator[SectionEntry]:
    """Yield the bundled sections."""
    for name, order, summary, module in _SECTIONS:
        yield SectionEntry(
            name=name, order=order, summary=summary, open=partial(_open, module, f"{name}_section")
        )


def _open(module: str, function: str) -> SectionBuilder:
    """Import the module of a section when it is built, and not when plugins are listed."""
    builder: SectionBuilder = getattr(import_module(f"{__name__}.{module}"), function)
    return builder
