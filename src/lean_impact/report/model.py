"""A report as data: charts, sections and the report itself, which know nothing of HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

import pandas as pd

from lean_impact.errors import Issue
from lean_impact.report._checks import id_issues, raise_if_any, repeated, text_issues, tuple_of
from lean_impact.report.cells import Column
from lean_impact.report.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Chart", "Plottable", "Report", "Section"]


class Plottable(Protocol):
    """A result that can be shown: what :meth:`Chart.of` needs of it."""

    @property
    def title(self) -> str:
        """Title of the chart."""
        ...

    @property
    def description(self) -> str:
        """Text alternative of the chart, starting with its kind."""
        ...

    def plot(self, ax: Axes | None = None) -> Any:  # noqa: ANN401 - results return what they like
        """Draw on the given axes."""
        ...

    def to_frame(self) -> pd.DataFrame:
        """Return the figures behind the chart."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chart:
    """A chart: how to draw it, the words that say the same, and the figures behind it.

    Parameters
    ----------
    id : str
        Unique in the report; lower-case letters, digits and single hyphens.
    title : str
        What the chart shows.
    description : str
        The chart in words, starting with its kind; shown under the title and read out for the drawing.
    draw : callable, optional
        Draws on the axes it is given; what it returns is ignored, so ``result.plot`` fits.
    draw_figure : callable, optional
        Draws on the whole figure it is given, for more than one axes, see
        :func:`~lean_impact.report.small_multiples`. Give exactly one of the two.
    table : Table, optional
        The figures behind the chart. Several charts may share one table.
    size : tuple of float, default (7.5, 3.75)
        Width and height in inches; sets the proportions, as the page scales the drawing to its width.
    source : str, default ""
        Where the figures come from.

    Raises
    ------
    InputError
        If something is missing; it lists every problem.

    Examples
    --------
    >>> chart = Chart(id="trend", title="Trend", description="Line chart of two months: 1, then 2.",
    ...               draw=lambda ax: ax.plot([1, 2]))
    >>> chart.size
    (7.5, 3.75)
    """

    id: str
    title: str
    description: str
    draw: Callable[[Axes], object] | None = None
    draw_figure: Callable[[Figure], object] | None = None
    table: Table | None = None
    size: tuple[float, float] = (7.5, 3.75)
    source: str = ""

    def __post_init__(self) -> None:
        issues = [
            *id_issues("chart", self.id),
            *text_issues(f"chart '{self.id}'", title=self.title, description=self.description),
        ]
        if (self.draw is None) == (self.draw_figure is None):
            issues.append(Issue(rule="report-draw", message="give exactly one of draw and draw_figure"))
        issues += tuple_of(Table, "the table of a chart", () if self.table is None else (self.table,))[1]
        width, height = self.size
        if not (width > 0 and height > 0):
            issues.append(Issue(rule="report-size", message="size must be two positive numbers of inches"))
        raise_if_any(f"chart '{self.id}'", issues)

    @classmethod
    def of(
        cls,
        result: Plottable,
        *,
        id: str,  # noqa: A002 - the field's name
        columns: Mapping[str, Column | str] | None = None,
        source: str = "",
        size: tuple[float, float] = (7.5, 3.75),
    ) -> Self:
        """Make the chart of a result, with the result's own frame as its table.

        Parameters
        ----------
        result : Plottable
            Has ``title``, ``description``, ``plot(ax)`` and ``to_frame()``, as every result with a plot does.
        id : str
            Id of the chart; its table gets the same with ``-data`` appended.
        columns : mapping of str to Column or str, optional
            How the columns of the table are shown.
        source : str, default ""
            Where the figures come from.
        size : tuple of float, default (7.5, 3.75)
            Width and height in inches.

        Returns
        -------
        Chart
            Ready to stand in a section.
        """
        table = Table(id=f"{id}-data", caption=result.title, frame=result.to_frame(), columns=columns or {})
        return cls(
            id=id,
            title=result.title,
            description=result.description,
            draw=result.plot,
            table=table,
            size=size,
            source=source,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Section:
    """One question, its answer in plain words, and what the answer rests on.

    Parameters
    ----------
    id : str
        Unique in the report; lower-case letters, digits and single hyphens.
    title : str
        Heading.
    question, answer : str, default ""
        The question as a board member would ask it, and its answer with its uncertainty; the answer stands
        out as "In short".
    cautions : tuple of str
        What limits the answer; stands right after it, visibly apart.
    paragraphs : tuple of str
        Plain text.
    charts : tuple of Chart
        In order.
    tables : tuple of Table
        In order, after the charts.
    sections : tuple of Section
        Subsections, after everything else.

    Raises
    ------
    InputError
        If something is missing or of the wrong kind; it lists every problem.

    Examples
    --------
    >>> Section(id="effect", title="Effect", question="Did it help?", answer="These data cannot tell.").answer
    'These data cannot tell.'
    """

    id: str
    title: str
    question: str = ""
    answer: str = ""
    cautions: tuple[str, ...] = ()
    paragraphs: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    sections: tuple[Section, ...] = ()

    def __post_init__(self) -> None:
        issues = [*id_issues("section", self.id), *text_issues(f"section '{self.id}'", title=self.title)]
        kinds = {"cautions": str, "paragraphs": str, "charts": Chart, "tables": Table, "sections": Section}
        issues += _make_tuples(self, kinds)
        raise_if_any(f"section '{self.id}'", issues)

    def walk(self) -> Iterator[Section]:
        """Yield this section and all below it, in reading order."""
        yield self
        for section in self.sections:
            yield from section.walk()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """A whole report: the answer first, then the sections it rests on.

    Parameters
    ----------
    title : str
        Title of the page.
    subtitle : str, default ""
        Line under the title.
    question, answer : str, default ""
        The overall question and its answer with its uncertainty, in the box on top.
    points : tuple of str
        A few sentences under the answer, the most important findings first.
    cautions : tuple of str
        What limits the answer, in the same box.
    sections : tuple of Section
        In order.
    metadata : mapping of str to str
        Facts about the report such as date range, data licence and version, shown at the end.
    footnotes : tuple of str
        Shown last, numbered.
    language : str, default "en-GB"
        Language of the text, for screen readers.

    Raises
    ------
    InputError
        If an id is there twice or something is of the wrong kind; it lists every problem.

    Examples
    --------
    >>> report = Report(title="Evaluation", sections=(Section(id="effect", title="Effect"),))
    >>> [section.id for section in report.walk()]
    ['effect']
    """

    title: str
    subtitle: str = ""
    question: str = ""
    answer: str = ""
    points: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    footnotes: tuple[str, ...] = ()
    language: str = "en-GB"

    def __post_init__(self) -> None:
        issues = text_issues("the report", title=self.title, language=self.language)
        kinds = {"points": str, "cautions": str, "sections": Section, "footnotes": str}
        issues += _make_tuples(self, kinds)
        issues += [
            Issue(
                rule="report-id-twice",
                message=f"the id '{id_}' is used more than once; change one",
                value=id_,
            )
            for id_ in repeated(self._ids())
        ]
        raise_if_any("the report", issues)
        object.__setattr__(self, "metadata", dict(self.metadata))

    def walk(self) -> Iterator[Section]:
        """Yield every section and subsection, in reading order."""
        for section in self.sections:
            yield from section.walk()

    def tables(self) -> tuple[Table, ...]:
        """Return every table once, those of charts included, in reading order."""
        found: dict[int, Table] = {}
        for section in self.walk():
            behind = (chart.table for chart in section.charts if chart.table is not None)
            for table in (*behind, *section.tables):
                found.setdefault(id(table), table)
        return tuple(found.values())

    def _ids(self) -> list[str]:
        ids = [section.id for section in self.walk()]
        ids += [chart.id for section in self.walk() for chart in section.charts]
        return ids + [table.id for table in self.tables()]


def _make_tuples(owner: Section | Report, kinds: Mapping[str, type]) -> list[Issue]:
    """Turn lists into tuples in place, as a frozen record must not hold what can change."""
    issues: list[Issue] = []
    for name, kind in kinds.items():
        values, found = tuple_of(kind, name, getattr(owner, name))
        object.__setattr__(owner, name, values)
        issues += found
    return issues
