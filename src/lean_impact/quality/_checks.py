"""The checks, one function each: a table in, findings out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from lean_impact.domain import Frequency, Measure, Succession, next_period, period_label
from lean_impact.domain.period import has_ended_by
from lean_impact.domain.quality import FindingKind, QualityFinding, Severity
from lean_impact.domain.text import capital
from lean_impact.quality.rules import QualityRules
from lean_impact.tables import Panel
from lean_impact.tables.calendar import periods_from

__all__ = ["coverage", "definition_changes", "flagged", "mergers", "too_perfect"]

_ROUNDS_TO_100: Final = 0.9995

_FLAGGED: Final[dict[str, tuple[FindingKind, Severity, str]]] = {
    "missing": ("gap", "medium", "no row published"),
    "not_submitted": ("not submitted", "medium", "not submitted"),
    "imputed": ("imputed", "low", "partly filled in by whoever made the figures"),
}


def _stretch(start: date, n: int, frequency: Frequency) -> str:
    """Name a run of periods, such as ``Mar 2015 to May 2015 (3 months)``."""
    first = capital(period_label(start, frequency))
    if n == 1:
        return first
    last: date = periods_from(start, n, frequency)[-1].item()
    return f"{first} to {period_label(last, frequency)} ({n} {frequency}s)"


def _runs(periods: Sequence[pd.Timestamp], frequency: Frequency) -> Iterator[tuple[date, date, int]]:
    """Yield ``start, end, n`` of each run of consecutive periods."""
    start: date | None = None
    end, n = date.min, 0
    for period in sorted(stamp.date() for stamp in periods):
        if start is not None and period == end:
            end, n = next_period(period, frequency), n + 1
            continue
        if start is not None:
            yield start, end, n
        start, end, n = period, next_period(period, frequency), 1
    if start is not None:
        yield start, end, n


def flagged(panel: Panel, measure: Measure, trusts: Sequence[str]) -> Iterator[QualityFinding]:
    """Yield one finding for each run of periods with the same flag."""
    frame = panel.frame
    rows = frame[
        (frame["measure"] == measure.id) & frame["trust"].isin(list(trusts)) & (frame["flag"] != "published")
    ]
    for (trust, flag), part in rows.groupby(["trust", "flag"], sort=True):
        kind, severity, words = _FLAGGED[str(flag)]
        for start, end, n in _runs(list(part["period"]), measure.frequency):
            yield QualityFinding(
                trust=str(trust),
                measure=measure.id,
                kind=kind,
                start=start,
                end=end,
                n_periods=n,
                severity=severity,
                what=f"{_stretch(start, n, measure.frequency)}: {words}.",
            )


def coverage(panel: Panel, measure: Measure, trusts: Sequence[str]) -> Iterator[QualityFinding]:
    """Yield a finding for each stretch of the calendar before a trust's first or after its last row."""
    frame = panel.frame
    rows = frame[frame["measure"] == measure.id]
    calendar = list(pd.DatetimeIndex(np.sort(rows["period"].unique())))
    for trust in trusts:
        own = rows.loc[rows["trust"] == trust, "period"]
        first, last = own.min(), own.max()
        absent = [day for day in calendar if own.empty or not first <= day <= last]
        for start, end, n in _runs(absent, measure.frequency):
            yield QualityFinding(
                trust=trust,
                measure=measure.id,
                kind="incomplete",
                start=start,
                end=end,
                n_periods=n,
                severity="high" if own.empty else "medium",
                what=f"{_stretch(start, n, measure.frequency)}: no row for this trust"
                f"{' in the whole period' if own.empty else ''}.",
            )


def definition_changes(measures: Iterable[Measure], first: date, last: date) -> Iterator[QualityFinding]:
    """Yield a finding for each declared change of definition in ``(first, last]``."""
    for measure in measures:
        for change in measure.changes:
            if first < change.date <= last:
                yield QualityFinding(
                    trust=None,
                    measure=measure.id,
                    kind="definition change",
                    start=change.date,
                    end=has_ended_by(change.date, measure.frequency),
                    n_periods=1,
                    severity="medium",
                    what=change.what,
                )


def mergers(
    successions: Iterable[Succession], trusts: Sequence[str], first: date, last: date
) -> Iterator[QualityFinding]:
    """Yield one finding for each trust and day on which it merged, took over or was split."""
    found: dict[tuple[str, date], list[Succession]] = defaultdict(list)
    for record in successions:
        if first <= record.effective <= last:
            for code in {record.old_code, *record.new_codes} & set(trusts):
                found[code, record.effective].append(record)
    for (trust, day), records in sorted(found.items()):
        verified = all(record.verified for record in records)
        steps = "; ".join(
            f"{record.old_code} ({record.old_name}) became {', '.join(record.new_codes)}"
            for record in records
        )
        evidence = "; ".join(dict.fromkeys(record.evidence for record in records))
        yield QualityFinding(
            trust=trust,
            measure=None,
            kind="merger",
            start=day,
            end=has_ended_by(day, "month"),
            n_periods=1,
            severity="high" if verified else "medium",
            what=f"{steps}. {'Evidence' if verified else 'Unverified'}: {evidence}.",
        )


def too_perfect(
    panel: Panel, measure: Measure, trusts: Sequence[str], rules: QualityRules
) -> Iterator[QualityFinding]:
    """Yield a finding for each run of best possible values on many cases."""
    if measure.kind != "proportion":
        return
    frame = panel.frame
    rows = frame[
        (frame["measure"] == measure.id)
        & frame["trust"].isin(list(trusts))
        & (frame["denominator"] >= rules.perfect_denominator)
    ]
    best = [("100.0%", rows["value"] >= _ROUNDS_TO_100), ("0.0%", rows["value"] <= 1 - _ROUNDS_TO_100)]
    wanted = {"increase": best[:1], "decrease": best[1:], "neutral": best}[measure.improvement]
    for words, perfect in wanted:
        for trust, part in rows[perfect].groupby("trust", sort=True):
            for start, end, n in _runs(list(part["period"]), measure.frequency):
                if n < rules.perfect_periods:
                    continue
                yield QualityFinding(
                    trust=str(trust),
                    measure=measure.id,
                    kind="too perfect",
                    start=start,
                    end=end,
                    n_periods=n,
                    severity="high",
                    what=f"{_stretch(start, n, measure.frequency)}: {words} each time, on "
                    f"{part['denominator'].min():,.0f} cases or more; perhaps not submitted.",
                )
