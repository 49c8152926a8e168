"""Evaluate an improvement programme: what changed, when, by how much, for whom, and under which conditions.

===========================  =====================================================================
``run_study``                from a study file to a report (:mod:`lean_impact.study`)
``Panel``                    validated figures: trust x measure x period (:mod:`lean_impact.tables`)
``assess``                   what can be trusted in them (:mod:`lean_impact.quality`)
``XmR``                      control charts with the NHS rules (:mod:`lean_impact.spc`)
``RupturesDetector``         change-points, blind to the dates (:mod:`lean_impact.changepoints`)
``DifferenceInDifferences``  effects against comparison trusts (:mod:`lean_impact.effects`)
``RandomEffects``            pooling over trusts (:mod:`lean_impact.pooled`)
``ContingencyAnalysis``      conditions, judged against a null model (:mod:`lean_impact.contingency`)
``hookimpl``                 the way for plugins to take part (:mod:`lean_impact.hooks`)
===========================  =====================================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from lean_impact._version import __version__

if TYPE_CHECKING:
    from lean_impact.changepoints import RupturesDetector
    from lean_impact.contingency import ContingencyAnalysis
    from lean_impact.domain import AnalysisPlan, CaseTable, Measure, Programme, Trust, TrustEffect, Window
    from lean_impact.effects import AdoptionDesign, DifferenceInDifferences, select_comparison
    from lean_impact.errors import InputError, LeanImpactError
    from lean_impact.hooks import Plugins, hookimpl
    from lean_impact.pooled import RandomEffects
    from lean_impact.quality import assess
    from lean_impact.report import Report, render_html
    from lean_impact.sources import read_source
    from lean_impact.spc import XmR
    from lean_impact.study import Study, load_study, run_study
    from lean_impact.tables import Panel

__all__ = [
    "AdoptionDesign",
    "AnalysisPlan",
    "CaseTable",
    "ContingencyAnalysis",
    "DifferenceInDifferences",
    "InputError",
    "LeanImpactError",
    "Measure",
    "Panel",
    "Plugins",
    "Programme",
    "RandomEffects",
    "Report",
    "RupturesDetector",
    "Study",
    "Trust",
    "TrustEffect",
    "Window",
    "XmR",
    "__version__",
    "assess",
    "hookimpl",
    "load_study",
    "read_source",
    "render_html",
    "run_study",
    "select_comparison",
]

# Loaded when first asked for, so that importing the package costs nothing that is not used.
_HOMES: Final = {
    "changepoints": ("RupturesDetector",),
    "contingency": ("ContingencyAnalysis",),
    "domain": ("AnalysisPlan", "CaseTable", "Measure", "Programme", "Trust", "TrustEffect", "Window"),
    "effects": ("AdoptionDesign", "DifferenceInDifferences", "select_comparison"),
    "errors": ("InputError", "LeanImpactError"),
    "hooks": ("Plugins", "hookimpl"),
    "pooled": ("RandomEffects",),
    "quality": ("assess",),
    "report": ("Report", "render_html"),
    "sources": ("read_source",),
    "spc": ("XmR",),
    "study": ("Study", "load_study", "run_study"),
    "tables": ("Panel",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name in _HOME_OF:
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
