"""A report as data: tables, charts and sections that know nothing of HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import pandas as pd

from lean_impact.errors import Issue
from lean_impact.report._checks import id_issues, raise_if_any, text_issues, tuple_of
from lean_impact.report.cells import Column

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Chart", "Plottable", "Report", "Section", "Table"]

_MAX_ROWS: Final = 60


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
class Table:
    """A table: shown in the page, and written whole as ``tables/<id>.csv``.

    Parameters
    ----------
    id : str
        Unique in the report; lower-case letters, digits and single hyphens.
    caption : str
        What the table shows, as one phrase.
    frame : DataFrame
        The values, one row each, in columns with text names; a copy is kept. An index that holds data must
        have been turned into a column.
    columns : mapping of str to Column or str, optional
        How columns are shown, by name; a text is the label of a plain column. A column that is not mentioned
        is shown under its own name.
    note : str, default ""
        What to know when reading it, shown under the table.
    max_rows : int, default 60
        Rows shown in the page; if there are more, a line under the table says so and where the rest is.
    open : bool, default True
        Whether the table stands open in the page; otherwise the reader unfolds it. The table of a chart is
        always folded.

    Raises
    ------
    InputError
        If the id, the caption, the frame or the columns cannot be used; it lists every problem.

    Examples
    --------
    >>> import pandas as pd
    >>> from lean_impact.report.formats import percent
    >>> table = Table(id="levels", caption="Share seen within 4 hours",
    ...               frame=pd.DataFrame({"trust": ["RF4", "RTP"], "share": [0.79, 0.92]}),
    ...               columns={"share": Column(label="Seen within 4 hours", format=percent())})
    >>> [column.label for _, column in table.shown]
    ['trust', 'Seen within 4 hours']
    """

    id: str
    caption: str
    frame: pd.DataFrame
    columns: Mapping[str, Column | str] = field(default_factory=dict)
    note: str = ""
    max_rows: int = _MAX_ROWS
    open: bool = True

    def __post_init__(self) -> None:
        issues = [*id_issues("table", self.id), *text_issues(f"table '{self.id}'", caption=self.caption)]
        issues += _frame_issues(self.frame, self.columns)
        if self.max_rows < 1:
            issues.append(Issue(rule="report-rows", message="max_rows must be at least 1"))
        raise_if_any(f"table '{self.id}'", issues)
        object.__setattr__(self, "frame", self.frame.copy())
        object.__setattr__(self, "columns", dict(self.columns))

    @property
    def shown(self) -> tuple[tuple[str, Column], ...]:
        """Name and presentation of each column that the page shows, in order."""
        named = ((str(name), _column(self.columns, str(name))) for name in self.frame.columns)
        return tuple((name, column) for name, column in named if column.shown)


def _column(columns: Mapping[str, Column | str], name: str) -> Column:
    column = columns.get(name, name if name.strip() else "(no name)")
    return Column(label=column) if isinstance(column, str) else column


def _frame_issues(frame: object, columns: Mapping[str, Column | str]) -> list[Issue]:
    if not isinstance(frame, pd.DataFrame):
        message = f"frame must be a DataFrame, not {type(frame).__name__}"
        return [Issue(rule="report-frame", message=message)]
    names: list[object] = list(frame.columns)
    texts = [name for name in names if isinstance(name, str)]
    known = ", ".join(map(str, names))
    messages = [f"column {name!r} has no text for a name; rename it" for name in names if name not in texts]
    messages += [f"column {name!r} is there twice; rename one" for name in _repeated(texts)]
    messages += [
        f"columns mentions {name!r}, which the frame does not have; it has {known}"
        for name in columns
        if name not in texts
    ]
    if frame.index.nlevels > 1 or frame.index.name is not None:
        messages.append("the index of the frame holds data; call reset_index() to keep it as a column")
    if not any(_column(columns, name).shown for name in texts):
        messages.append("no column would be shown; give at least one")
    return [Issue(rule="report-frame", message=message) for message in messages]


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


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
            for id_ in _repeated(self._ids())
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
