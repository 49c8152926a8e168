"""What an analyst decided about a chart, checked against the series: every problem in one error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from lean_impact.domain import Measure
from lean_impact.errors import DesignError, Issue, TableError
from lean_impact.kernels import xmr as kernel
from lean_impact.spc.records import Baseline, Exclusion, Rebase, TargetStep
from lean_impact.tables import Series
from lean_impact.tables.calendar import ends_of

__all__ = ["Decisions", "Target", "check_series", "days", "name_of"]

Target = float | Sequence[TargetStep] | None
"""One standard for all periods, standards from dates on, or the measure's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Baseline, new limits, points left out and targets of one chart.

    Parameters
    ----------
    baseline : Baseline or None
        Which points the limits are frozen to.
    rebases : tuple of Rebase
        Where new limits start.
    exclusions : tuple of Exclusion
        Points left out.
    target : float, sequence of TargetStep or None
        Standard to meet; the measure's own if None.
    """

    baseline: Baseline | None
    rebases: tuple[Rebase, ...]
    exclusions: tuple[Exclusion, ...]
    target: Target

    @classmethod
    def of(
        cls,
        series: Series,
        values: np.ndarray,
        *,
        baseline: Baseline | None,
        rebase: Sequence[Rebase],
        exclude: Sequence[Exclusion],
        target: Target,
    ) -> Decisions:
        """Check decisions against a series and put them in order.

        Parameters
        ----------
        series : Series
            The figures.
        values : ndarray of float64, shape (n_points,)
            What is plotted.
        baseline, rebase, exclude, target
            See the fields.

        Returns
        -------
        Decisions
            In order of date.

        Raises
        ------
        DesignError
            If a decision does not fit; every problem is listed.
        """
        issues = [
            *_misplaced(series, "rebase", rebase),
            *_misplaced(series, "exclusion", exclude),
            *_baseline_issues(series, baseline),
            *_target_issues(series.measure, target),
        ]
        if not issues and np.isin(series.periods, days(exclude))[np.isfinite(values)].all():
            issues.append(
                Issue(rule="all-excluded", message="every figure is excluded; nothing is left to chart")
            )
        if issues:
            raise DesignError(
                f"{name_of(series)} cannot be charted as asked: {len(issues)} problem(s)", issues
            )
        steps = target if target is None or isinstance(target, int | float) else _ordered(target)
        return cls(
            baseline=baseline,
            rebases=tuple(sorted(rebase, key=lambda record: record.date)),
            exclusions=tuple(sorted(exclude, key=lambda record: record.date)),
            target=steps,
        )

    @property
    def targets(self) -> tuple[TargetStep, ...]:
        """Targets from dates on; empty if one holds for all periods or none was given."""
        return () if self.target is None or isinstance(self.target, int | float) else tuple(self.target)

    def without_exclusions(self) -> Decisions:
        """Return the same decisions with no point left out."""
        return replace(self, exclusions=())

    def target_line(self, series: Series) -> np.ndarray:
        """Return the standard at each point, NaN where there is none."""
        if self.targets:
            starts = days([step.start for step in self.targets])
            values = np.array([np.nan, *(np.nan if s.value is None else s.value for s in self.targets)])
            return np.asarray(values[np.searchsorted(starts, series.periods, side="right")])
        given = series.measure.target if self.target is None else self.target
        constant = given if isinstance(given, int | float) else np.nan
        return np.full(len(series.periods), constant, dtype=np.float64)

    def excluded(self, series: Series) -> np.ndarray:
        """Mark the points that are left out."""
        return np.asarray(np.isin(series.periods, days(self.exclusions)))

    def phase(self, series: Series) -> np.ndarray:
        """Return the number of each point's phase; a rebase on the first date begins phase 1, not 2."""
        starts = np.searchsorted(days(self.rebases), series.periods, side="right")
        return np.asarray(np.unique(starts, return_inverse=True)[1] + 1)

    def basis(self, series: Series, judged: np.ndarray, phase: np.ndarray) -> np.ndarray:
        """Mark the points that limits rest on."""
        known = np.isfinite(judged)
        if self.baseline is None:
            return np.asarray(known)
        if self.baseline.freeze_after_points is not None:
            return kernel.first_points(judged, phase, n_points=self.baseline.freeze_after_points)
        before = _ended_by(series, self.baseline.freeze_before)
        # The frozen limits belong to the phase of the last baseline period; other phases keep their own.
        frozen = phase == phase[before][-1]
        return np.asarray(known & (before | ~frozen))

    def as_parameters(self, measure: Measure) -> dict[str, str]:
        """Return the decisions as text for a provenance."""
        own = f"{measure.target} (the measure's)"
        if self.targets:
            target = "; ".join(map(str, self.targets))
        else:
            target = own if self.target is None else f"{self.target} (given)"
        return {
            "baseline": "all points" if self.baseline is None else str(self.baseline),
            "rebase": "; ".join(map(str, self.rebases)) or "none",
            "exclude": "; ".join(map(str, self.exclusions)) or "none",
            "target": target,
        }


def days(records: Sequence[Rebase] | Sequence[Exclusion] | Sequence[date]) -> np.ndarray:
    """Return the dates of records as an array of days."""
    dates = [record if isinstance(record, date) else record.date for record in records]
    return np.array(dates, dtype="datetime64[D]")


def name_of(series: Series) -> str:
    """Name a series in an error."""
    return f"measure '{series.measure.id}' of {series.trust}"


def check_series(series: Series, values: np.ndarray) -> None:
    """Refuse a series that cannot be charted.

    Parameters
    ----------
    series : Series
        The figures.
    values : ndarray of float64, shape (n_points,)
        What is plotted.

    Raises
    ------
    TableError
        If it is out of order, has a period twice, holds an infinite value or not one value for each period.
    DesignError
        If there is no figure at all.
    """
    issues = []
    if len(values) != len(series.periods):
        issues.append(
            Issue(
                rule="unequal-lengths",
                message=f"{len(values)} values for {len(series.periods)} periods; give one for each",
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
        for at in np.flatnonzero(np.isinf(values))
    ]
    if issues:
        raise TableError(f"{name_of(series)} cannot be charted: {len(issues)} problem(s)", issues)
    if not np.isfinite(values).any():
        raise DesignError(f"{name_of(series)} has no figure at all; nothing can be charted")


def _ordered(target: Sequence[TargetStep]) -> tuple[TargetStep, ...]:
    return tuple(sorted(target, key=lambda step: step.start))


def _misplaced(series: Series, what: str, records: Sequence[Rebase] | Sequence[Exclusion]) -> list[Issue]:
    first, last = series.periods[0], series.periods[-1]
    dates = [record.date for record in records]
    missing = [
        Issue(
            rule=f"{what}-not-in-data",
            message=(
                f"{what} at {record.date} ({record.reason}): no period of the series begins on that day; it "
                f"runs from {first} to {last}, give the first day of a period"
            ),
        )
        for record in records
        if np.datetime64(record.date, "D") not in series.periods
    ]
    return missing + [
        Issue(rule=f"{what}-repeated", message=f"{what} at {day} is given more than once; keep one")
        for day in sorted({day for day in dates if dates.count(day) > 1})
    ]


def _baseline_issues(series: Series, baseline: Baseline | None) -> list[Issue]:
    if baseline is None or baseline.freeze_before is None:
        return []
    before = _ended_by(series, baseline.freeze_before)
    if before.any() and not before.all():
        return []
    return [
        Issue(
            rule="baseline-outside-data",
            message=(
                f"baseline before {baseline.freeze_before}: it leaves {int(before.sum())} periods "
                f"before and {int((~before).sum())} after; the series runs from {series.periods[0]} to "
                f"{series.periods[-1]}, choose a date within it"
            ),
        )
    ]


def _target_issues(measure: Measure, target: Target) -> list[Issue]:
    if target is None or isinstance(target, int | float):
        given = measure.target if target is None else target
        return [] if given is None else _out_of_range(measure, float(given), "target")
    starts = [step.start for step in target]
    issues = [
        Issue(rule="target-repeated", message=f"two targets start on {day}; keep one")
        for day in sorted({day for day in starts if starts.count(day) > 1})
    ]
    for step in target:
        if step.value is not None:
            issues += _out_of_range(measure, step.value, f"target from {step.start}")
    return issues


def _out_of_range(measure: Measure, value: float, what: str) -> list[Issue]:
    if not np.isfinite(value):
        return [Issue(rule="target-not-finite", message=f"{what} {value} is not a finite number")]
    top = 1.0 if measure.kind == "proportion" else np.inf
    bottom = -np.inf if measure.kind == "mean" else 0.0
    if bottom <= value <= top:
        return []
    reach = "0 to 1 (95% is 0.95)" if measure.kind == "proportion" else "0 and above"
    return [
        Issue(
            rule="target-out-of-range",
            message=f"{what} is {value:g}; a {measure.kind} can reach {reach}, give it in the measure's unit",
        )
    ]


def _ended_by(series: Series, day: date | None) -> np.ndarray:
    """Mark the periods that end on or before a day, whatever day of a month the periods begin on."""
    return np.asarray(ends_of(series.periods, series.measure.frequency) <= np.datetime64(day, "D"))
