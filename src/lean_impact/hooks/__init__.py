"""The plugin system: what a plugin can offer, and how it is loaded without trusting it to work.

A plugin is a module or object with functions marked :data:`~lean_impact.hooks.specs.hookimpl`, named in
the entry-point group ``lean_impact`` of its package.
"""

from lean_impact.hooks.failures import PluginFailure, PluginInfo, PluginWarning
from lean_impact.hooks.manager import Owned, Plugins
from lean_impact.hooks.records import (
    ProgrammeEntry,
    ScorerEntry,
    SectionBuilder,
    SectionEntry,
    SourceEntry,
)
from lean_impact.hooks.specs import HookSpecs, hookimpl

__all__ = [
    "HookSpecs",
    "Owned",
    "PluginFailure",
    "PluginInfo",
    "PluginWarning",
    "Plugins",
    "ProgrammeEntry",
    "ScorerEntry",
    "SectionBuilder",
    "SectionEntry",
    "SourceEntry",
    "hookimpl",
]
