"""The XmR chart: single figures, one a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from lean_impact._version import __version__
from lean_impact.domain import Provenance
from lean_impact.domain.period import MONTHS
from lean_impact.errors import DesignError, Issue, TableError
from lean_impact.kernels import xmr as kernel
from lean_impact.spc.records import Baseline, Exclusion, Rebase
from lean_impact.spc.rules import NHS_2023, RuleSet
from lean_impact.spc.signals import find_signals
from lean_impact.spc.xmr_chart import XmRChart
from lean_impact.spc.xmr_words import cautions_of
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
        target: float | None = None,
    ) -> XmRChart:
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
        target : float, optional
            Standard to meet, in the unit of the measure; the measure's own target if not given.

        Returns
        -------
        XmRChart
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
        _check_series(series)
        _check_decisions(series, baseline, rebase, exclude, target)
        rebase = tuple(sorted(rebase, key=lambda record: record.date))
        exclude = tuple(sorted(exclude, key=lambda record: record.date))
        chart = self._judge(series, baseline, rebase, exclude, target)
        plain = self._judge(series, baseline, rebase, (), target) if exclude else None
        return chart.with_cautions(cautions_of(chart, without_exclusions=plain))

    def _judge(
        self,
        series: Series,
        baseline: Baseline | None,
        rebase: tuple[Rebase, ...],
        exclude: tuple[Exclusion, ...],
        target: float | None,
    ) -> XmRChart:
        excluded = np.isin(series.periods, _days(exclude))
        judged = np.where(excluded, np.nan, series.values)
        starts = np.searchsorted(_days(rebase), series.periods, side="right")
        # Number the phases that exist: a rebase on the first date begins phase 1, not 2.
        phase = np.unique(starts, return_inverse=True)[1] + 1
        basis = _basis(series, judged, phase, baseline)
        rules = self.rules
        centre, width, broken = kernel.chart(
            judged,
            phase,
            basis=basis,
            screen=self.screen,
            min_points=rules.min_points,
            shift_length=rules.shift_length,
            trend_length=rules.trend_length,
            near_includes_outside=rules.near_includes_outside,
        )
        rule, side = kernel.shown(broken, prefer=rules.preferred_side(series.measure))
        found = find_signals(
            broken,
            values=judged,
            phase=phase,
            periods=series.periods,
            measure=series.measure,
            rules=rules,
        )
        for array in (judged, phase, basis, excluded, centre, width, rule, side):
            array.flags.writeable = False
        return XmRChart(
            series=series,
            rule_set=rules,
            screen=self.screen,
            baseline=baseline,
            rebases=rebase,
            exclusions=exclude,
            target=series.measure.target if target is None else target,
            judged=judged,
            phase=phase,
            basis=basis,
            centre=centre,
            width=width,
            rule=rule,
            side=side,
            signal_records=found,
            provenance=self._provenance(series, baseline, rebase, exclude, target),
            cautions=(),
        )

    def _provenance(
        self,
        series: Series,
        baseline: Baseline | None,
        rebase: tuple[Rebase, ...],
        exclude: tuple[Exclusion, ...],
        target: float | None,
    ) -> Provenance:
        own = series.measure.target
        return Provenance(
            plugin="lean_impact",
            version=__version__,
            parameters={
                "chart": "XmR",
                "rule_set": str(self.rules),
                "screen": str(self.screen),
                "baseline": "all points" if baseline is None else str(baseline),
                "rebase": "; ".join(map(str, rebase)) or "none",
                "exclude": "; ".join(map(str, exclude)) or "none",
                "target": f"{own} (the measure's)" if target is None else f"{target} (given)",
            },
            steps=(f"XmR chart of {series.measure.id} of {series.trust}, {len(series)} periods",),
        )


def _days(records: Sequence[Rebase] | Sequence[Exclusion]) -> np.ndarray:
    return np.array([record.date for record in records], dtype="datetime64[D]")


def _basis(series: Series, judged: np.ndarray, phase: np.ndarray, baseline: Baseline | None) -> np.ndarray:
    known = np.isfinite(judged)
    if baseline is None:
        return np.asarray(known)
    if baseline.freeze_after_points is not None:
        return kernel.first_points(judged, phase, n_points=baseline.freeze_after_points)
    before = _ended_by(series, baseline.freeze_before)
    # The frozen limits belong to the phase of the last baseline period; other phases keep their own.
    frozen = phase == phase[before][-1]
    return np.asarray(known & (before | ~frozen))


def _ended_by(series: Series, day: date | None) -> np.ndarray:
    """Mark the periods that end on or before a day, whatever day of a month the periods begin on."""
    months = series.periods.astype("datetime64[M]")
    into = series.periods - months.astype("datetime64[D]")
    following = months + np.timedelta64(MONTHS[series.measure.frequency], "M")
    return np.asarray(following.astype("datetime64[D]") + into <= np.datetime64(day, "D"))


def _check_series(series: Series) -> None:
    issues = []
    if len(series.values) != len(series.periods):
        issues.append(
            Issue(
                rule="unequal-lengths",
                message=f"{len(series.values)} values for {len(series.periods)} periods; give one for each",
            )
        )
    steps = np.diff(series.periods).astype(int)
    issues += [
        Issue(
            rule="duplicate" if steps[at] == 0 else "unsorted",
            row=int(at) + 2,
            message=(
                f"{series.periods[at + 1]} is given twice; keep one figure for each period"
                if steps[at] == 0
                else f"{series.periods[at + 1]} comes after {series.periods[at]}; sort the series by date"
            ),
        )
        for at in np.flatnonzero(steps <= 0)
    ]
    issues += [
        Issue(
            rule="infinite",
            row=int(at) + 1,
            message=f"value {at + 1} is infinite; leave it missing if it was not published",
        )
        for at in np.flatnonzero(np.isinf(series.values))
    ]
    if issues:
        raise TableError(f"{_name(series)} cannot be charted: {len(issues)} problem(s)", issues)
    if not np.isfinite(series.values).any():
        raise DesignError(f"{_name(series)} has no figure at all; nothing can be charted")


def _check_decisions(
    series: Series,
    baseline: Baseline | None,
    rebase: Sequence[Rebase],
    exclude: Sequence[Exclusion],
    target: float | None,
) -> None:
    first, last = series.periods[0], series.periods[-1]
    issues = []
    for what, records in (("rebase", rebase), ("exclusion", exclude)):
        days = [record.date for record in records]
        issues += [
            Issue(
                rule=f"{what}-not-in-data",
                message=(
                    f"{what} at {day} ({record.reason}): no period of the series begins on that day; it runs "
                    f"from {first} to {last}, give the first day of a period"
                ),
            )
            for day, record in zip(days, records, strict=True)
            if np.datetime64(day, "D") not in series.periods
        ]
        issues += [
            Issue(rule=f"{what}-repeated", message=f"{what} at {day} is given more than once; keep one")
            for day in sorted({day for day in days if days.count(day) > 1})
        ]
    if baseline is not None and baseline.freeze_before is not None:
        before = _ended_by(series, baseline.freeze_before)
        if before.all() or not before.any():
            issues.append(
                Issue(
                    rule="baseline-outside-data",
                    message=(
                        f"baseline before {baseline.freeze_before}: it leaves {int(before.sum())} periods "
                        f"before and {int((~before).sum())} after; the series runs from {first} to {last}, "
                        "choose a date within it"
                    ),
                )
            )
    if target is not None and not np.isfinite(target):
        issues.append(Issue(rule="target-not-finite", message=f"target {target} is not a finite number"))
    if not issues and np.isin(series.periods, _days(exclude))[np.isfinite(series.values)].all():
        issues.append(
            Issue(rule="all-excluded", message="every figure is excluded; nothing is left to chart")
        )
    if issues:
        raise DesignError(f"{_name(series)} cannot be charted as asked: {len(issues)} problem(s)", issues)


def _name(series: Series) -> str:
    return f"measure '{series.measure.id}' of {series.trust}"
