"""Control charts of counts, and of cases or time between rare events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lean_impact.kernels import shewhart as kernel
from lean_impact.kernels.special_causes import Lines
from lean_impact.spc._charting import Limited
from lean_impact.spc._count_chart import CountChart, beyond_chance, lines_of
from lean_impact.spc._count_rules import check_counts, check_gaps
from lean_impact.spc.points import ChartKind
from lean_impact.tables import Series

__all__ = ["CChart", "GChart", "TChart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CChart(CountChart):
    """Chart counts over equal exposure against Poisson limits.

    Parameters
    ----------
    rules : RuleSet
        How special causes and the target are judged.
    screen : bool
        Has no effect on this chart, whose limits do not come from moving ranges.

    Notes
    -----
    With c the mean count, limits are c ± 3 sqrt(c), cut at 0.

    Examples
    --------
    >>> from lean_impact.domain import Measure
    >>> measure = Measure(id="cdi", name="C. difficile", kind="count", improvement="decrease",
    ...                   dimension="quality", frequency="month", unit="cases")
    >>> months = np.arange("2018-01", "2019-09", dtype="datetime64[M]").astype("datetime64[D]")
    >>> none = np.full(20, np.nan)
    >>> series = Series(trust="RTP", measure=measure, periods=months, values=np.tile([4.0, 5.0], 10),
    ...                 numerators=none, denominators=none, flags=np.full(20, "published"))
    >>> round(float(CChart().chart(series).upper[0]), 3)
    10.864
    """

    def _check(self, series: Series) -> None:
        check_counts(series)

    def _kind(self, series: Series, basis: np.ndarray) -> ChartKind:  # noqa: ARG002 - one signature for all
        return "c"

    def _limits(
        self,
        kind: ChartKind,  # noqa: ARG002 - one signature for all
        series: Series,
        at: np.ndarray,
        counted: np.ndarray,
    ) -> Limited:
        found = kernel.counts(series.values[at], counted)
        return Limited(lines_of(found, lowest=0.0), beyond_chance(found, counted, screen=self.screen))


@dataclass(frozen=True, slots=True, kw_only=True)
class GChart(CountChart):
    """Chart the number of cases between rare events.

    Parameters
    ----------
    rules : RuleSet
        How special causes and the target are judged.
    screen : bool
        Has no effect on this chart, whose limits do not come from moving ranges.

    Notes
    -----
    Each figure is the number of cases since the event before, and its period the date of its event. Limits
    are g ± 3 sqrt(g (g + 1)), g the mean, cut at 0; the centre line is the median. A large gap is a rare
    event: mostly an improvement.

    References
    ----------
    Benneyan, J. C. (2001). Number-between g-type statistical quality control charts for monitoring adverse
    events. *Health Care Management Science* 4, 305-318.
    """

    def _check(self, series: Series) -> None:
        check_gaps(series, zero=True)

    def _kind(self, series: Series, basis: np.ndarray) -> ChartKind:  # noqa: ARG002 - one signature for all
        return "g"

    def _limits(
        self,
        kind: ChartKind,  # noqa: ARG002 - one signature for all
        series: Series,
        at: np.ndarray,
        counted: np.ndarray,
    ) -> Limited:
        values = series.values[at]
        lines = lines_of(kernel.gaps(values, counted), lowest=0.0)
        known = values[counted]
        median = float(np.median(known)) if len(known) else np.nan
        return Limited(lines._replace(centre=np.full(len(at), median)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TChart(CountChart):
    """Chart the time between rare events.

    Parameters
    ----------
    rules : RuleSet
        How special causes and the target are judged.
    screen : bool
        Leave out, once, moving ranges that are 3.267 times their mean or more.

    Notes
    -----
    Each figure is the time since the event before, and its period the date of its event. Limits are those
    of single figures on the scale y^(1/3.6), where exponential times are nearly symmetric, brought back.

    References
    ----------
    Nelson, L. S. (1994). A control chart for parts-per-million nonconforming items. *Journal of Quality
    Technology* 26(3), 239-240.
    """

    def _check(self, series: Series) -> None:
        check_gaps(series, zero=False)

    def _kind(self, series: Series, basis: np.ndarray) -> ChartKind:  # noqa: ARG002 - one signature for all
        return "t"

    def _limits(
        self,
        kind: ChartKind,  # noqa: ARG002 - one signature for all
        series: Series,
        at: np.ndarray,
        counted: np.ndarray,
    ) -> Limited:
        lines = lines_of(kernel.times(series.values[at], counted, screen=self.screen), lowest=0.0)
        return Limited(Lines(*(line ** (1 / kernel.T_POWER) for line in lines)))
