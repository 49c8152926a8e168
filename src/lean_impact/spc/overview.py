"""Many charts on one page: a table of both icons, and measures by variation and assurance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import pandas as pd

from lean_impact.domain import Summary, period_label
from lean_impact.errors import DesignError
from lean_impact.spc.chart_words import false_alarms_of
from lean_impact.spc.control_chart import ControlChart
from lean_impact.spc.icons import assurance_icon, variation_icon

__all__ = ["Overview", "overview"]

ROWS: Final = (
    ("improvement", "Special cause: improvement"),
    ("common cause", "Common cause"),
    ("concern", "Special cause: concern"),
    ("neutral", "Special cause, no better direction"),
    ("too short to judge", "Too short to judge"),
)
COLUMNS: Final[tuple[tuple[str | None, str], ...]] = (
    ("pass", "Pass: target always met"),
    ("hit or miss", "Hit or miss: by chance"),
    ("fail", "Fail: target never met"),
    (None, "No target, or not judged"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overview:
    """A table of charts with both icons; made by :func:`overview`.

    Attributes
    ----------
    charts : tuple of ControlChart
        In the order of the table.
    names : tuple of str
        What each is called in the table and the grid.
    any_signal : float
        Number of these charts that would show a signal if nothing had changed.
    special_icon : float
        Number that would show a special-cause icon if nothing had changed.
    """

    charts: tuple[ControlChart, ...]
    names: tuple[str, ...]
    any_signal: float
    special_icon: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each chart.

        Returns
        -------
        DataFrame
            Columns ``name, trust, measure, chart, latest_period, latest, numerator, denominator, centre, lower,
            upper, target, variation, variation_side, variation_words, assurance, assurance_words, trial,
            n_signals, rule_set``.
        """
        return pd.DataFrame(
            [_record(chart, name) for chart, name in zip(self.charts, self.names, strict=True)]
        )

    def grid(self) -> pd.DataFrame:
        """Return the names by variation (rows) and assurance (columns).

        Returns
        -------
        DataFrame
            Column ``variation`` and one for each assurance, with names joined by ``"; "``; rows and columns
            that hold nothing are there too, save those that cannot be judged.
        """
        cells = self._cells()
        rows, columns = self._used(cells)
        return pd.DataFrame(
            [
                {
                    "variation": row_name,
                    **{name: "; ".join(cells[row, column]) for column, name in columns},
                }
                for row, row_name in rows
            ]
        )

    @property
    def note(self) -> str:
        """How many signals pure noise would give: the line under the table."""
        rules = dict.fromkeys(str(chart.rule_set) for chart in self.charts)
        return (
            f"If nothing had changed, about {self.any_signal:.1f} of these {len(self.charts)} charts would still "
            f"show a signal and about {self.special_icon:.1f} a special-cause icon (simulated for each chart's "
            f"length, baseline and autocorrelation). Rule set: {', '.join(rules)}."
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before acting on the table."""
        meaning = (
            "Variation speaks of the last point only, assurance of the target against the limits; neither is an "
            "effect of a programme."
        )
        return (self.note, meaning)

    def summary(self) -> Summary:
        """Return each chart in a line, and the expected number of false signals."""
        lines = [
            f"{name}: {chart.variation}{f', {chart.variation_side}' if chart.variation_side else ''}; "
            f"target: {chart.assurance or 'not judged'}"
            for chart, name in zip(self.charts, self.names, strict=True)
        ]
        return Summary("\n".join([*lines, self.note]))

    def to_html(self) -> str:
        """Return the table as HTML with inline icons and words, and the note under it.

        Returns
        -------
        str
            A ``<table>`` with caption and header cells, then a paragraph. Everything inserted is escaped.
        """
        heads = "".join(
            f'<th scope="col">{head}</th>'
            for head in ("Measure", "Latest", "Target", "Variation", "Assurance")
        )
        rows = "".join(_html_row(chart, name) for chart, name in zip(self.charts, self.names, strict=True))
        return (
            "<table><caption>Variation and assurance of each chart</caption>"
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table><p>{escape(self.note)}</p>"
        )

    def grid_html(self) -> str:
        """Return the grid of variation by assurance as HTML, names in the cells and icons at the edges.

        Returns
        -------
        str
            A ``<table>`` with caption and header cells, then a paragraph. Everything inserted is escaped.
        """
        cells = self._cells()
        rows, columns = self._used(cells)
        heads = "".join(
            f'<th scope="col">{self._edge(assurance=key)}{escape(name)}</th>' for key, name in columns
        )
        body = "".join(
            f'<tr><th scope="row">{self._edge(variation=row)}{escape(row_name)}</th>'
            + "".join(f"<td>{'<br>'.join(map(escape, cells[row, key]))}</td>" for key, _ in columns)
            + "</tr>"
            for row, row_name in rows
        )
        return (
            "<table><caption>Measures by variation and assurance</caption>"
            f'<thead><tr><th scope="col">Variation</th>{heads}</tr></thead><tbody>{body}</tbody></table>'
            f"<p>{escape(self.note)}</p>"
        )

    def _cells(self) -> dict[tuple[str, str | None], list[str]]:
        cells: dict[tuple[str, str | None], list[str]] = {
            (row, column): [] for row, _ in ROWS for column, _ in COLUMNS
        }
        for chart, name in zip(self.charts, self.names, strict=True):
            cells[chart.variation, chart.assurance].append(name)
        return cells

    def _used(
        self, cells: dict[tuple[str, str | None], list[str]]
    ) -> tuple[list[tuple[str, str]], list[tuple[str | None, str]]]:
        """Keep what always belongs to the grid, and of the rest what holds a name."""
        always_rows, always_columns = (
            {"improvement", "common cause", "concern"},
            {"pass", "hit or miss", "fail"},
        )
        rows = [r for r in ROWS if r[0] in always_rows or any(cells[r[0], c] for c, _ in COLUMNS)]
        columns = [c for c in COLUMNS if c[0] in always_columns or any(cells[r, c[0]] for r, _ in ROWS)]
        return rows, columns

    def _edge(self, *, variation: str | None = None, assurance: str | None = None) -> str:
        """Return an icon for the edge of the grid, if a chart shows it; the words stand beside it anyway."""
        for chart in self.charts:
            if variation is not None and chart.variation == variation:
                return f'<span aria-hidden="true">{variation_icon(chart)}</span>'
            if variation is None and assurance is not None and chart.assurance == assurance:
                return f'<span aria-hidden="true">{assurance_icon(chart)}</span>'
        return ""


def overview(charts: Sequence[ControlChart], *, names: Sequence[str] | None = None) -> Overview:
    """Gather charts into a table with both icons and a grid.

    Parameters
    ----------
    charts : sequence of ControlChart
        Of any kind, measure and site.
    names : sequence of str, optional
        What each is called; measure and trust if not given.

    Returns
    -------
    Overview
        With the number of signals and icons that pure noise would give.

    Raises
    ------
    DesignError
        If there is no chart, or not one name for each.

    Notes
    -----
    Expected numbers add up over charts whether or not they are independent; their spread does not.
    """
    if not charts or (names is not None and len(names) != len(charts)):
        given = "none" if names is None else str(len(names))
        raise DesignError(
            f"there are {len(charts)} charts and {given} names; give at least one chart, and a name for each"
        )
    rates = [false_alarms_of(chart) for chart in charts if chart.variation != "too short to judge"]
    return Overview(
        charts=tuple(charts),
        names=tuple(names) if names is not None else tuple(chart.title for chart in charts),
        any_signal=float(sum(rate.any_signal for rate in rates)),
        special_icon=float(sum(rate.special_icon for rate in rates)),
    )


def _record(chart: ControlChart, name: str) -> dict[str, object]:
    at = chart.last
    return {
        "name": name,
        "trust": chart.trust,
        "measure": chart.measure.id,
        "chart": chart.kind,
        "latest_period": pd.Timestamp(chart.periods[at].item()),
        "latest": float(chart.values[at]),
        "numerator": float(chart.series.numerators[at]),
        "denominator": float(chart.series.denominators[at]),
        "centre": float(chart.centre[at]),
        "lower": float(chart.lower[at]),
        "upper": float(chart.upper[at]),
        "target": float(chart.target_line[at]),
        "variation": chart.variation,
        "variation_side": chart.variation_side,
        "variation_words": chart.variation_words,
        "assurance": chart.assurance,
        "assurance_words": chart.assurance_words,
        "trial": chart.trial,
        "n_signals": len(chart.signal_records),
        "rule_set": str(chart.rule_set),
    }


def _html_row(chart: ControlChart, name: str) -> str:
    written, at = chart.measure.format, chart.last
    when = period_label(chart.periods[at].item(), chart.measure.frequency)
    target = "none" if chart.target is None else written(chart.target)
    return (
        f'<tr><th scope="row">{escape(name)}</th>'
        f"<td>{escape(written(float(chart.values[at])))} ({escape(when)})</td><td>{escape(target)}</td>"
        f"<td>{variation_icon(chart)} {escape(chart.variation_words)}</td>"
        f"<td>{assurance_icon(chart)} {escape(chart.assurance_words)}</td></tr>"
    )
