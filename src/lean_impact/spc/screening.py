"""Limits, labels and icons of thousands of XmR charts at once; open single ones in full afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.domain import Measure, Provenance, Summary
from lean_impact.errors import DesignError, Issue, TableError
from lean_impact.kernels import special_causes as rules_kernel
from lean_impact.kernels import xmr as kernel
from lean_impact.kernels.special_causes import Lines
from lean_impact.spc._decisions import name_of
from lean_impact.spc.points import LABELS
from lean_impact.spc.rules import NHS_2023, RuleSet
from lean_impact.spc.signals import RULES
from lean_impact.tables import Series

__all__ = ["Screening", "screen_series"]

_LABELS: Final = np.array(
    [
        [LABELS[rule, -1] for rule in RULES],
        [""] * len(RULES),
        [LABELS[rule, 1] for rule in RULES],
    ],
    dtype=object,
)
_BETTER: Final = {"increase": 1, "decrease": -1, "neutral": 0}


class _Judged(NamedTuple):
    centre: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    rule: np.ndarray
    side: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Screening:
    """XmR charts of many series, as far as a table of icons needs them; made by :func:`screen_series`.

    Attributes
    ----------
    series : tuple of Series
        What was judged.
    rule_set : RuleSet
        How.
    centre, lower, upper : tuple of float
        Lines of each series; NaN where it is too short.
    labels : tuple of tuple of str
        Label of each point of each series.
    variation, variation_side, assurance : tuple of str or None
        Both icons of each series, as of its last figure.
    provenance : Provenance
        Parameters and version.
    """

    series: tuple[Series, ...]
    rule_set: RuleSet
    centre: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    labels: tuple[tuple[str, ...], ...]
    variation: tuple[str, ...]
    variation_side: tuple[str | None, ...]
    assurance: tuple[str | None, ...]
    provenance: Provenance

    def __len__(self) -> int:
        return len(self.series)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before acting on the icons."""
        words = (
            "Nothing was tested for autocorrelation, season or an unstable baseline, and the expected number of "
            "false signals is not said here; chart in full whatever is acted on."
        )
        return (words,)

    def summary(self) -> Summary:
        """Return how many series show which icon."""
        counts = pd.Series(self.variation, dtype=object).value_counts(sort=False)
        said = ", ".join(f"{n} {name}" for name, n in counts.items())
        return Summary(f"{len(self)} XmR charts, rule set {self.rule_set}: {said}.")

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each series.

        Returns
        -------
        DataFrame
            Columns ``trust, measure, n_points, latest_period, latest, centre, lower, upper, variation,
            variation_side, assurance, target, rule_set``.
        """
        last = [np.flatnonzero(np.isfinite(one.values)) for one in self.series]
        return pd.DataFrame(
            {
                "trust": [one.trust for one in self.series],
                "measure": [one.measure.id for one in self.series],
                "n_points": [len(at) for at in last],
                "latest_period": pd.DatetimeIndex(
                    [
                        one.periods[at[-1]] if len(at) else np.datetime64("NaT", "s")
                        for one, at in zip(self.series, last, strict=True)
                    ]
                ).astype("datetime64[s]"),
                "latest": [
                    one.values[at[-1]] if len(at) else np.nan
                    for one, at in zip(self.series, last, strict=True)
                ],
                "centre": self.centre,
                "lower": self.lower,
                "upper": self.upper,
                "variation": self.variation,
                "variation_side": self.variation_side,
                "assurance": self.assurance,
                "target": [
                    np.nan if one.measure.target is None else one.measure.target for one in self.series
                ],
                "rule_set": str(self.rule_set),
            }
        )


def screen_series(
    series: Sequence[Series],
    *,
    rules: RuleSet = NHS_2023,
    screen: bool = True,
    baseline_points: int | None = None,
) -> Screening:
    """Judge many series at once: the same limits, labels and icons as one XmR chart each.

    Parameters
    ----------
    series : sequence of Series
        Any calendars and measures.
    rules : RuleSet
        How special causes and the target are judged.
    screen : bool
        Leave out, once, moving ranges that are 3.267 times their mean or more.
    baseline_points : int, optional
        Freeze limits to the first so many figures of each series, at least 12; all make the limits if not
        given.

    Returns
    -------
    Screening
        A series without enough figures says "too short to judge".

    Raises
    ------
    TableError
        If any series is out of order, has a period twice, or holds an infinite value; every one is listed.
    DesignError
        If there is no series, or too few baseline points.

    Examples
    --------
    >>> from lean_impact.domain import Measure
    >>> measure = Measure(id="m", name="M", kind="mean", improvement="increase", dimension="quality",
    ...                   frequency="month", unit="points", target=9.0)
    >>> months = np.arange("2018-01", "2019-09", dtype="datetime64[M]").astype("datetime64[D]")
    >>> none = np.full(20, np.nan)
    >>> values = np.array([*[10.0, 12.0] * 9, 11.0, 30.0])
    >>> one = Series(trust="RTP", measure=measure, periods=months, values=values, numerators=none,
    ...              denominators=none, flags=np.full(20, "published"))
    >>> found = screen_series([one])
    >>> found.variation[0], found.variation_side[0], found.assurance[0]
    ('improvement', 'high', 'hit or miss')
    """
    fewest = 12
    if not series or (baseline_points is not None and baseline_points < fewest):
        raise DesignError(
            f"nothing can be screened: {len(series)} series, baseline_points {baseline_points}; give at least one "
            f"series, and {fewest} baseline points or none"
        )
    groups: dict[tuple[bytes, int], list[int]] = {}
    for at, one in enumerate(series):
        prefer = rules.preferred_side(one.measure)
        groups.setdefault((one.periods.tobytes(), prefer), []).append(at)
    _check(series, groups)
    results: list[tuple[object, ...]] = [()] * len(series)
    for (_, prefer), members in groups.items():
        values = np.stack([series[at].values for at in members])
        judged = _judge(values, rules, prefer=prefer, screen=screen, baseline_points=baseline_points)
        measures = [series[at].measure for at in members]
        rows = zip(
            judged.centre.tolist(),
            judged.lower.tolist(),
            judged.upper.tolist(),
            _labels(values, judged),
            *_icons(values, judged, np.array([_BETTER[m.improvement] for m in measures])),
            _assurance(judged, measures, rules),
            strict=True,
        )
        for at, row in zip(members, rows, strict=True):
            results[at] = row
    columns = ("centre", "lower", "upper", "labels", "variation", "variation_side", "assurance")
    return Screening(
        series=tuple(series),
        rule_set=rules,
        provenance=Provenance(
            plugin="lean_impact",
            version=__version__,
            parameters={
                "rule_set": str(rules),
                "screen": str(screen),
                "baseline_points": str(baseline_points),
            },
            steps=(f"XmR limits, labels and icons of {len(series)} series",),
        ),
        **dict(zip(columns, zip(*results, strict=True), strict=True)),
    )


def _check(series: Sequence[Series], groups: dict[tuple[bytes, int], list[int]]) -> None:
    issues = []
    for members in groups.values():
        first = series[members[0]]
        lengths = [at for at in members if len(series[at].values) != len(first.periods)]
        if lengths or (np.diff(first.periods).astype(int) <= 0).any():
            wrong = lengths or members
            issues += [
                Issue(
                    rule="unsorted",
                    message=f"{name_of(series[at])}: periods are out of order, given twice, or not one for each "
                    "value; sort them and keep one each",
                )
                for at in wrong
            ]
            continue
        infinite = np.isinf(np.stack([series[at].values for at in members])).any(axis=1)
        issues += [
            Issue(rule="infinite", message=f"{name_of(series[at])}: a value is infinite; leave it missing")
            for at, bad in zip(members, infinite.tolist(), strict=True)
            if bad
        ]
    if issues:
        raise TableError(f"the series cannot be screened: {len(issues)} problem(s)", issues)


def _judge(
    values: np.ndarray, rules: RuleSet, *, prefer: int, screen: bool, baseline_points: int | None
) -> _Judged:
    known = np.isfinite(values)
    basis = known if baseline_points is None else known & (np.cumsum(known, axis=1) <= baseline_points)
    found = kernel.limits(values, basis=basis, screen=screen, min_points=rules.min_points)
    lines = Lines.around(*(part[:, np.newaxis] for part in found))
    broken = rules_kernel.judge(
        values,
        lines,
        shift_length=rules.shift_length,
        trend_length=rules.trend_length,
        near_includes_outside=rules.near_includes_outside,
    )
    rule, side = rules_kernel.shown(broken, prefer=prefer)
    return _Judged(lines.centre[:, 0], lines.lower[:, 0], lines.upper[:, 0], rule, side)


def _labels(values: np.ndarray, judged: _Judged) -> list[tuple[str, ...]]:
    plain = np.where(np.isnan(judged.centre), "not judged", "common cause").astype(object)[:, np.newaxis]
    special = _LABELS[judged.side + 1, np.maximum(judged.rule, 1) - 1]
    labels = np.where(judged.rule > 0, special, np.where(np.isfinite(values), plain, "no value"))
    return [tuple(row) for row in labels.tolist()]


def _icons(values: np.ndarray, judged: _Judged, better: np.ndarray) -> tuple[list[str], list[str | None]]:
    last = values.shape[1] - 1 - np.argmax(np.isfinite(values)[:, ::-1], axis=1)
    side = judged.side[np.arange(len(values)), last]
    nature = np.where(better == 0, "neutral", np.where(side == better, "improvement", "concern"))
    variation = np.where(side == 0, "common cause", nature)
    variation = np.where(np.isnan(judged.centre), "too short to judge", variation)
    names: dict[int, str | None] = {0: None, 1: "high", -1: "low"}
    return variation.tolist(), [names[s] for s in side.tolist()]


def _assurance(judged: _Judged, measures: Sequence[Measure], rules: RuleSet) -> list[str | None]:
    """Judge targets one by one: thousands take milliseconds, and there is one rule for it."""
    return [
        None if m.target is None else rules.assurance(m, target=m.target, lower=low, upper=high)
        for m, low, high in zip(measures, judged.lower.tolist(), judged.upper.tolist(), strict=True)
    ]
