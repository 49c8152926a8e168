"""Several charts side by side: sites or measures, each with its own new limits and target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import pandas as pd

from lean_impact.domain import Summary
from lean_impact.errors import DesignError, InputError, Issue
from lean_impact.spc._decisions import Target
from lean_impact.spc.control_chart import ControlChart
from lean_impact.spc.records import Baseline, Exclusion, Rebase
from lean_impact.tables import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Charting", "Facets", "chart_each", "draw_each"]

Drawn = TypeVar("Drawn")
Drawn_co = TypeVar("Drawn_co", covariant=True)

Key = tuple[str, str]
"""Code of the trust and identifier of the measure."""


class Charting(Protocol[Drawn_co]):
    """A kind of chart: what :func:`chart_each` and :func:`draw_each` need of it."""

    def chart(
        self,
        series: Series,
        *,
        baseline: Baseline | None = None,
        rebase: Sequence[Rebase] = (),
        exclude: Sequence[Exclusion] = (),
        target: Target = None,
    ) -> Drawn_co:
        """Compute lines and judge the points."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facets:
    """Charts that are shown together; made by :func:`chart_each` or from charts of any kind.

    Parameters
    ----------
    charts : tuple of ControlChart
        In reading order.

    Raises
    ------
    DesignError
        If there is no chart.
    """

    charts: tuple[ControlChart, ...]

    def __post_init__(self) -> None:
        if not self.charts:
            raise DesignError("there is no chart to show; give at least one")

    @property
    def title(self) -> str:
        """What the charts show, one name where they share it."""
        measures = dict.fromkeys(chart.measure.name for chart in self.charts)
        trusts = dict.fromkeys(chart.trust for chart in self.charts)
        return f"{', '.join(measures)}: {', '.join(trusts)}"

    @property
    def description(self) -> str:
        """A text alternative: each chart in words."""
        same = "on one scale" if self.same_unit else "each on its own scale"
        return " ".join(
            [f"{len(self.charts)} control charts, {same}.", *(c.description for c in self.charts)]
        )

    @property
    def same_unit(self) -> bool:
        """Whether the charts share their measure, so that one scale fits all."""
        return len({chart.measure.id for chart in self.charts}) == 1

    def summary(self) -> Summary:
        """Return each chart in words."""
        return Summary("\n\n".join(chart.summary() for chart in self.charts))

    def to_frame(self) -> pd.DataFrame:
        """Return every chart point by point, one under the other."""
        return pd.concat([chart.to_frame() for chart in self.charts], ignore_index=True)

    def plot(self, figure: Figure | None = None, *, n_columns: int = 2) -> Figure:
        """Draw the charts side by side.

        Parameters
        ----------
        figure : Figure, optional
            Where to draw; a new one if not given.
        n_columns : int
            Charts side by side, at least 1.

        Returns
        -------
        Figure
            The figure that was drawn on. Charts of one measure share their scale.
        """
        from lean_impact.spc.facets_figure import draw  # noqa: PLC0415 - matplotlib only when something is drawn

        return draw(self, figure=figure, n_columns=n_columns)


def chart_each(
    chart: Charting[ControlChart],
    series: Iterable[Series],
    *,
    baseline: Baseline | None = None,
    rebase: Mapping[Key, Sequence[Rebase]] | None = None,
    exclude: Mapping[Key, Sequence[Exclusion]] | None = None,
    target: Mapping[Key, Target] | None = None,
) -> Facets:
    """Chart many series, each with its own new limits, exclusions and target.

    Parameters
    ----------
    chart : XmR, PChart, UChart, CChart, GChart or TChart
        The kind of chart.
    series : iterable of Series
        Sites or measures.
    baseline : Baseline, optional
        Freeze limits of all; without it all points of a phase make its limits.
    rebase, exclude, target : mapping, optional
        By code of the trust and identifier of the measure.

    Returns
    -------
    Facets
        In the order of the series.

    Raises
    ------
    InputError
        If any of the series cannot be charted, or a decision belongs to none of them; every problem of every
        series is listed.

    Examples
    --------
    >>> chart_each(None, [])
    Traceback (most recent call last):
    ...
    lean_impact.errors.DesignError: there is no chart to show; give at least one
    """
    return Facets(
        charts=draw_each(chart, series, baseline=baseline, rebase=rebase, exclude=exclude, target=target)
    )


def draw_each(
    chart: Charting[Drawn],
    series: Iterable[Series],
    *,
    baseline: Baseline | None = None,
    rebase: Mapping[Key, Sequence[Rebase]] | None = None,
    exclude: Mapping[Key, Sequence[Exclusion]] | None = None,
    target: Mapping[Key, Target] | None = None,
) -> tuple[Drawn, ...]:
    """Chart many series like :func:`chart_each`, by any kind of chart, run charts included.

    Parameters
    ----------
    chart : Charting
        Anything with the verb ``chart``.
    series, baseline, rebase, exclude, target
        As for :func:`chart_each`.

    Returns
    -------
    tuple
        What the kind of chart returns, in the order of the series.

    Raises
    ------
    InputError
        As by :func:`chart_each`.
    """
    every = tuple(series)
    rebase, exclude, target = rebase or {}, exclude or {}, target or {}
    issues = _strangers(every, {"rebase": rebase, "exclude": exclude, "target": target})
    charts = []
    for one in every:
        key = (one.trust, one.measure.id)
        try:
            charts.append(
                chart.chart(
                    one,
                    baseline=baseline,
                    rebase=rebase.get(key, ()),
                    exclude=exclude.get(key, ()),
                    target=target.get(key),
                )
            )
        except InputError as error:
            issues += _as_issues(error)
    if issues:
        raise InputError(f"the charts cannot be drawn: {len(issues)} problem(s)", issues)
    return tuple(charts)


def _strangers(series: Sequence[Series], given: Mapping[str, Mapping[Key, object]]) -> list[Issue]:
    known = {(one.trust, one.measure.id) for one in series}
    return [
        Issue(
            rule="no-such-series",
            message=f"{what} is given for measure '{measure}' of {trust}, which is not among the series",
        )
        for what, decisions in given.items()
        for trust, measure in decisions
        if (trust, measure) not in known
    ]


def _as_issues(error: InputError) -> list[Issue]:
    """Return the problems of one series, each with the sentence that names it."""
    if not error.issues:
        return [Issue(rule="cannot-be-charted", message=error.message)]
    return [Issue(rule=issue.rule, message=f"{error.message}: {issue.message}") for issue in error.issues]
