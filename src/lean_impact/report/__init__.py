"""Sections as data, one self-contained HTML page, and every table as a file.

Build a :class:`Report` from sections, charts and tables; :func:`render_html` turns it into one page without
script, :func:`write_tables` writes each table once as CSV, and :class:`OutputFolder` puts the whole folder in
place or leaves nothing.
"""

from lean_impact.report import formats
from lean_impact.report.cells import Column, SafeSvg
from lean_impact.report.files import WrittenFile, write_tables
from lean_impact.report.html import render_html
from lean_impact.report.model import Chart, Plottable, Report, Section
from lean_impact.report.multiples import small_multiples
from lean_impact.report.output import OutputFolder
from lean_impact.report.results import (
    ChangeSearch,
    EffectAnswer,
    MethodAnswer,
    RatingsAnswer,
    StudyResults,
)
from lean_impact.report.table import Table

__all__ = [
    "ChangeSearch",
    "Chart",
    "Column",
    "EffectAnswer",
    "MethodAnswer",
    "OutputFolder",
    "Plottable",
    "RatingsAnswer",
    "Report",
    "SafeSvg",
    "Section",
    "StudyResults",
    "Table",
    "WrittenFile",
    "formats",
    "render_html",
    "small_multiples",
    "write_tables",
]
