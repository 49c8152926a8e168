"""Render a report as one HTML page: escaped, without script, and without a request to anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lean_impact.report._text import clean
from lean_impact.report.cells import Column, is_missing, is_number
from lean_impact.report.files import table_path
from lean_impact.report.model import Chart, Report, Section
from lean_impact.report.svg_figure import render_svg
from lean_impact.report.table import Table

__all__ = ["render_html"]

_SECURITY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)


def render_html(report: Report) -> str:
    """Render a report as one self-contained HTML page.

    Parameters
    ----------
    report : Report
        What to show.

    Returns
    -------
    str
        A whole document. The same report gives the same text.

    Notes
    -----
    Every text is escaped by the template engine; only drawings made here and checked icons stand in the page
    as they are. A content security policy in the page forbids scripts and requests. Links to
    ``tables/<id>.csv`` are relative: keep the page beside the folder that :func:`write_tables` fills.

    Examples
    --------
    >>> page = render_html(Report(title="A <b> title", answer="No visible effect."))
    >>> "<h1>A &lt;b&gt; title</h1>" in page, "<script" in page
    (True, False)
    """
    return (
        _environment()
        .get_template("report.html")
        .render(report=report, views=_Views(report), security=_SECURITY, style=_style())
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lean_impact.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: clean(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["sentence"] = _sentence
    return environment


def _sentence(text: str) -> str:
    """Begin with a capital and end with a full stop, as results word their cautions as phrases."""
    text = clean(text).strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


@cache
def _style() -> Markup:
    return Markup(files("lean_impact.report").joinpath("templates", "report.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file


@dataclass(frozen=True, slots=True, kw_only=True)
class _TableView:
    """A table as the template needs it: text and alignment instead of values."""

    table: Table
    number: int
    headings: tuple[tuple[str, str], ...]
    rows: tuple[tuple[tuple[Markup, str], ...], ...]
    is_repeated: bool

    @property
    def n_rows(self) -> int:
        return len(self.table.frame)

    @property
    def file(self) -> str:
        return table_path(self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChartView:
    """A chart as the template needs it: drawn and numbered."""

    chart: Chart
    number: int
    svg: Markup
    table: _TableView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _SectionView:
    """A section as the template needs it."""

    section: Section
    level: int
    charts: tuple[_ChartView, ...]
    tables: tuple[_TableView, ...]
    sections: tuple[_SectionView, ...]


class _Views:
    """Draw, number and lay out the parts of a report in reading order."""

    def __init__(self, report: Report) -> None:
        self._table_numbers = {id(table): at for at, table in enumerate(report.tables(), start=1)}
        self._chart_numbers = count(1)
        self._shown: set[int] = set()
        self.sections = tuple(self._section(section, level=2) for section in report.sections)

    def _section(self, section: Section, *, level: int) -> _SectionView:
        return _SectionView(
            section=section,
            level=level,
            charts=tuple(self._chart(chart) for chart in section.charts),
            tables=tuple(self._table(table) for table in section.tables),
            # HTML knows six levels; the headings of charts stand one below that of their section.
            sections=tuple(self._section(below, level=min(level + 1, 5)) for below in section.sections),
        )

    def _chart(self, chart: Chart) -> _ChartView:
        return _ChartView(
            chart=chart,
            number=next(self._chart_numbers),
            svg=Markup(render_svg(chart)),  # noqa: S704 - serialised from a tree of our own
            table=None if chart.table is None else self._table(chart.table),
        )

    def _table(self, table: Table) -> _TableView:
        is_repeated = id(table) in self._shown
        self._shown.add(id(table))
        columns = [_cells(table.frame[name].head(table.max_rows), column) for name, column in table.shown]
        return _TableView(
            table=table,
            number=self._table_numbers[id(table)],
            headings=tuple(
                (column.heading, align) for (_, column), (_, align) in zip(table.shown, columns, strict=True)
            ),
            rows=tuple(zip(*([(cell, align) for cell in cells] for cells, align in columns), strict=True)),
            is_repeated=is_repeated,
        )


def _cells(values: pd.Series[Any], column: Column) -> tuple[list[Markup], str]:
    """Return the cells of one column as HTML, and how they are aligned."""
    cells = values.tolist()
    numeric = all(is_number(cell) for cell in cells if not is_missing(cell))
    return [column.html(cell) for cell in cells], column.align or ("right" if numeric else "left")
