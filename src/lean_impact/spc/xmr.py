"""The XmR chart: single figures, one a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lean_impact.kernels import xmr as kernel
from lean_impact.kernels.special_causes import Lines
from lean_impact.spc._charting import Limited, Method, draw_up
from lean_impact.spc._decisions import Decisions, Target, check_series
from lean_impact.spc.control_chart import ControlChart
from lean_impact.spc.records import Baseline, Exclusion, Rebase
from lean_impact.spc.rules import NHS_2023, RuleSet
from lean_impact.tables import Series

__all__ = ["XmR"]


@dataclass(frozen=True, slots=True, kw_only=True)
class XmR:
    """Chart single figures against limits from their moving ranges.

    Parameters
    ----------
    rules : RuleSet
        How special causes and the target are judged.
    screen : bool
        Leave out, once, moving ranges that are 3.267 times their mean or more.

    Notes
    -----
    With mean x and mean moving range R of the points that count, the limits are x ± 2.66 R. The chart
    tells whether a process is stable and whether a change was sustained. It is no test of an effect: its
    rules give signals on pure noise more often than not in long series, see
    :func:`lean_impact.spc.expected_false_signals`.

    Examples
    --------
    >>> import numpy as np
    >>> from datetime import date
    >>> from lean_impact.domain import Measure
    >>> from lean_impact.tables import Series
    >>> measure = Measure(id="wait", name="Mean wait", kind="mean", improvement="decrease",
    ...                   dimension="quality", frequency="month", unit="minutes")
    >>> months = np.arange("2018-01", "2020-01", dtype="datetime64[M]").astype("datetime64[D]")
    >>> waits = np.where(months < np.datetime64("2019-01-01"), 60.0, 50.0) + np.tile([-1.0, 1.0], 12)
    >>> none = np.full(24, np.nan)
    >>> series = Series(trust="RTP", measure=measure, periods=months, values=waits, numerators=none,
    ...                 denominators=none, flags=np.full(24, "published"))
    >>> chart = XmR().chart(series, baseline=Baseline(freeze_before=date(2019, 1, 1)))
    >>> chart.variation, chart.trial
    ('improvement', True)
    >>> print(chart.earliest_signal(after=date(2019, 1, 1)))
    12 points below the lower limit (improvement)
    """

    rules: RuleSet = NHS_2023
    screen: bool = True

    def chart(
        self,
        series: Series,
        *,
        baseline: Baseline | None = None,
        rebase: Sequence[Rebase] = (),
        exclude: Sequence[Exclusion] = (),
        target: Target = None,
    ) -> ControlChart:
        """Compute limits and judge every point.

        Parameters
        ----------
        series : Series
            One trust's figures on one measure.
        baseline : Baseline, optional
            Freeze limits to early points; without it all points of a phase make its limits.
        rebase : sequence of Rebase
            Dates from which new limits hold, each with its reason.
        exclude : sequence of Exclusion
            Points that count neither for the limits nor for the rules.
        target : float or sequence of TargetStep, optional
            Standard to meet, in the unit of the measure: one for all periods, or from dates on. The measure's
            own target if not given.

        Returns
        -------
        ControlChart
            Limits, signals and both icons.

        Raises
        ------
        TableError
            If a series made by hand is out of order, has a period twice, or holds an infinite value.
        DesignError
            If there is no figure at all, or a date does not fit the series; every problem is listed.

        Notes
        -----
        A frozen baseline belongs to the phase in which its date lies; phases that start by a rebase have
        limits of their own. A phase with fewer points than ``rules.min_points`` has no limits, and one
        with fewer than ``rules.trial_below`` has trial limits.
        """
        check_series(series, series.values)
        decisions = Decisions.of(
            series, series.values, baseline=baseline, rebase=rebase, exclude=exclude, target=target
        )
        return draw_up(self._method(series.values), series, decisions)

    def _method(self, values: np.ndarray) -> Method:
        def limits(at: np.ndarray, counted: np.ndarray) -> Limited:
            found = kernel.limits(
                values[at], basis=counted, screen=self.screen, min_points=self.rules.min_points
            )
            return Limited(Lines.around(*(part[..., np.newaxis] for part in found)))

        return Method(
            kind="XmR",
            rules=self.rules,
            screen=self.screen,
            values=values,
            limits=limits,
            parameters={},
        )
