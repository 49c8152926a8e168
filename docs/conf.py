"""Settings of the documentation: built offline, every reference checked, every example run."""

from __future__ import annotations

from importlib.metadata import version as installed_version
from pathlib import Path

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
    "sphinx.ext.mathjax",
]
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = "lean_impact"
html_static_path = ["_static"]

autosummary_generate = True
autosummary_imported_members = False
autodoc_typehints = "none"  # the docstrings say the types in words a reader knows
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# Formulas need MathJax from the net; without it they are readable TeX. Nothing is fetched at build time.
_HERE = Path(__file__).parent
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", str(_HERE / "_inventories/python.inv")),
    "pandas": ("https://pandas.pydata.org/docs", str(_HERE / "_inventories/pandas.inv")),
    "numpy": ("https://numpy.org/doc/stable", str(_HERE / "_inventories/numpy.inv")),
}
intersphinx_disabled_reftypes = ["std:doc"]

doctest_global_setup = """
import matplotlib
matplotlib.use("Agg")
"""
