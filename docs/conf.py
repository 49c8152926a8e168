"""Settings of the documentation: built offline, every reference checked, every example run."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE / "_ext"))

project = "lean_impact"
author = "The lean_impact authors"
project_copyright = "2026, the lean_impact authors"
release = installed_version("lean_impact")
version = release

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "generated_reference",
    "mathml",
    "tutorial_figures",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_ext", "_templates", "_generated"]
nitpicky = True

html_theme = "furo"
html_title = "lean_impact"
html_static_path = ["_static"]
html_css_files = ["wrap.css"]
html_copy_source = False
html_theme_options = {
    # The identity colours of the NHS; the second is what stands out on a dark page.
    "light_css_variables": {"color-brand-primary": "#005EB8", "color-brand-content": "#005EB8"},
    "dark_css_variables": {"color-brand-primary": "#41B6E6", "color-brand-content": "#41B6E6"},
}

# Formulas become MathML when the pages are built, so that they need neither script nor net to be read.
html_math_renderer = "mathml"

autosummary_generate = True
autosummary_ignore_module_all = False
autosummary_imported_members = True
autosummary_context = {
    # Shown again by a room for convenience; described on the page of the room that they belong to.
    "elsewhere": {
        "lean_impact.quality": ["Decision", "QualityFinding"],
    },
    # Sets of words and constants, which autodoc does not find where they are passed on.
    "vocabularies": {
        "lean_impact.domain": [
            "lean_impact.domain.period.Frequency",
            "lean_impact.domain.measure.MeasureKind",
            "lean_impact.domain.measure.Direction",
            "lean_impact.domain.programme.Confidence",
            "lean_impact.domain.programme.EventKind",
            "lean_impact.domain.context.State",
            "lean_impact.domain.protocol.Role",
            "lean_impact.domain.quality.FindingKind",
            "lean_impact.domain.quality.Severity",
        ],
        "lean_impact.tables": ["lean_impact.tables.flags.Flag"],
        "lean_impact.effects": [
            "lean_impact.effects.comparison.ReasonKind",
            "lean_impact.effects.wording.Verdict",
        ],
        "lean_impact.changepoints": [
            "lean_impact.changepoints.change.Kind",
            "lean_impact.changepoints.go_live_result.Verdict",
            "lean_impact.changepoints.result.Status",
            "lean_impact.changepoints.result.Where",
        ],
        "lean_impact.spc": [
            "lean_impact.spc.rules.Assurance",
            "lean_impact.spc.points.PointType",
        ],
        "lean_impact.hooks": ["lean_impact.hooks.failures.Stage"],
    },
    "constants": {
        "lean_impact.hooks": ["lean_impact.hooks.specs.hookimpl"],
        "lean_impact.spc": ["lean_impact.spc.rules.NHS_2023", "lean_impact.spc.rules.NHSRPLOTTHEDOTS_0_2"],
        "lean_impact.plugins.nhs": [
            "lean_impact.plugins.nhs._checks.FIELD_TEST",
            "lean_impact.plugins.nhs.measures.AE_MEASURES",
            "lean_impact.plugins.nhs.measures.OTHER_MEASURES",
            "lean_impact.plugins.nhs.measures.MEASURES",
        ],
    },
}
autodoc_typehints = "none"  # the docstrings say the types in words a reader knows
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3

# Nothing is fetched while building: these inventories are made by tools/build_inventories.py.
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", str(_HERE / "_inventories/python.inv")),
    "pandas": ("https://pandas.pydata.org/docs", str(_HERE / "_inventories/pandas.inv")),
    "numpy": ("https://numpy.org/doc/stable", str(_HERE / "_inventories/numpy.inv")),
}
intersphinx_disabled_reftypes = ["std:doc"]

# The examples in docstrings lean on what their module imports and run in the tests; the pages' own run here.
doctest_test_doctest_blocks = ""
doctest_path = [str(_HERE.parent / "examples")]
doctest_global_setup = """
import matplotlib
matplotlib.use("Agg")
from shared_run import share
share()
"""


def _skip(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:  # noqa: ARG001, FBT001 - Sphinx calls it like this
    """Leave out what pydantic adds to every model."""
    return True if name == "model_config" else None


def setup(app: Sphinx) -> None:
    """Tell autodoc what to leave out."""
    app.connect("autodoc-skip-member", _skip)
