"""Control charts of proportions and rates: events among cases, or per exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from lean_impact.errors import DesignError
from lean_impact.kernels import shewhart as kernel
from lean_impact.kernels.special_causes import Lines
from lean_impact.spc._charting import Limited
from lean_impact.spc._count_chart import CountChart, beyond_chance, lines_of
from lean_impact.spc._count_rules import check_fractions
from lean_impact.spc._decisions import name_of
from lean_impact.spc.points import ChartKind
from lean_impact.tables import Series

__all__ = ["LARGE", "Overdispersion", "PChart", "UChart", "is_prime"]

Overdispersion = Literal["auto", "laney", "none"]
"""Allow for variation beyond chance by Laney's method: where denominators are large, always, or never."""

LARGE: Final = 1000.0
"""From this median denominator on, chance alone is no longer what moves a rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PChart(CountChart):
    """Chart proportions against binomial limits, or against limits that allow for more (p').

    Parameters
    ----------
    rules : RuleSet
        How special causes and the target are judged.
    screen : bool
        Leave out, once, moving ranges of the z-scores that are 3.267 times their mean or more (p' only).
    overdispersion : {"auto", "laney", "none"}
        Laney's method where the median denominator is 1,000 or more, always, or never.

    Notes
    -----
    With p the overall proportion, limits are p ± 3 sqrt(p (1 - p) / n), cut at 0 and 1. Laney multiplies the
    standard error by the mean moving range of the z-scores over 1.128. With large denominators chance alone
    is a vanishing part of what moves a rate from month to month: a plain p chart of monthly A&E figures puts
    four points in five outside its limits.

    References
    ----------
    Laney, D. B. (2002). Improved control charts for attributes. *Quality Engineering* 14(4), 531-537.

    Examples
    --------
    >>> from lean_impact.domain import Measure
    >>> measure = Measure(id="dna", name="Did not attend", kind="proportion", improvement="decrease",
    ...                   dimension="efficiency", frequency="month", unit="share of appointments")
    >>> months = np.arange("2018-01", "2019-09", dtype="datetime64[M]").astype("datetime64[D]")
    >>> missed = np.tile([9.0, 11.0, 10.0, 12.0], 5)
    >>> series = Series(trust="RTP", measure=measure, periods=months, values=missed / 100, numerators=missed,
    ...                 denominators=np.full(20, 100.0), flags=np.full(20, "published"))
    >>> chart = PChart().chart(series)
    >>> chart.kind, chart.variation, round(float(chart.upper[0]), 4)
    ('p', 'common cause', 0.197)
    """

    overdispersion: Overdispersion = "auto"

    def _check(self, series: Series) -> None:
        if series.measure.kind != "proportion":
            raise DesignError(
                f"{name_of(series)} is a {series.measure.kind}; a p chart needs a proportion, use UChart for "
                "rates, CChart for counts or XmR for single figures"
            )
        check_fractions(series, part_of_whole=True)

    def _values(self, series: Series) -> np.ndarray:
        return kernel.ratio(series.numerators, series.denominators)

    def _kind(self, series: Series, basis: np.ndarray) -> ChartKind:
        return "p'" if is_prime(self.overdispersion, series, basis) else "p"

    def _parameters(self) -> dict[str, str]:
        return {"overdispersion": self.overdispersion}

    def _limits(self, kind: ChartKind, series: Series, at: np.ndarray, counted: np.ndarray) -> Limited:
        above, below = series.numerators[at], series.denominators[at]
        plain = kernel.proportions(above, below, counted)
        used = kernel.proportions(above, below, counted, prime=kind == "p'", screen=self.screen)
        lines = lines_of(used, lowest=0.0, highest=1.0)
        return Limited(lines, beyond_chance(plain, counted, screen=self.screen))


@dataclass(frozen=True, slots=True, kw_only=True)
class UChart(CountChart):
    """Chart events per exposure against Poisson limits, or against limits that allow for more (u').

    Parameters
    ----------
    rules : RuleSet
        How special causes and the target are judged.
    screen : bool
        Leave out, once, moving ranges of the z-scores that are 3.267 times their mean or more (u' only).
    overdispersion : {"auto", "laney", "none"}
        Laney's method where the median denominator is 1,000 or more, always, or never.
    per : float
        Exposure that the unit of the measure names, such as 1,000 for events per 1,000 bed days.

    Notes
    -----
    With u the overall rate, limits are u ± 3 sqrt(u / n), cut at 0; Laney as in :class:`PChart`.

    Examples
    --------
    >>> from lean_impact.domain import Measure
    >>> measure = Measure(id="falls", name="Falls", kind="ratio", improvement="decrease", dimension="quality",
    ...                   frequency="month", unit="falls per 1,000 bed days")
    >>> months = np.arange("2018-01", "2019-09", dtype="datetime64[M]").astype("datetime64[D]")
    >>> falls, days = np.tile([4.0, 6.0, 5.0, 7.0], 5), np.full(20, 900.0)
    >>> series = Series(trust="RTP", measure=measure, periods=months, values=falls / 0.9, numerators=falls,
    ...                 denominators=days, flags=np.full(20, "published"))
    >>> chart = UChart(per=1000).chart(series)
    >>> chart.kind, round(float(chart.centre[0]), 3)
    ('u', 6.111)
    """

    overdispersion: Overdispersion = "auto"
    per: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.per) and self.per > 0):
            raise DesignError(f"per is {self.per}; give the exposure that the unit names, such as 1000")

    def _check(self, series: Series) -> None:
        check_fractions(series, part_of_whole=False)

    def _values(self, series: Series) -> np.ndarray:
        return self.per * kernel.ratio(series.numerators, series.denominators)

    def _kind(self, series: Series, basis: np.ndarray) -> ChartKind:
        return "u'" if is_prime(self.overdispersion, series, basis) else "u"

    def _parameters(self) -> dict[str, str]:
        return {"overdispersion": self.overdispersion, "per": str(self.per)}

    def _limits(self, kind: ChartKind, series: Series, at: np.ndarray, counted: np.ndarray) -> Limited:
        above, below = series.numerators[at], series.denominators[at]
        plain = kernel.rates(above, below, counted)
        used = kernel.rates(above, below, counted, prime=kind == "u'", screen=self.screen)
        lines = Lines(*(self.per * line for line in lines_of(used, lowest=0.0)))
        return Limited(lines, beyond_chance(plain, counted, screen=self.screen))


def is_prime(choice: Overdispersion, series: Series, basis: np.ndarray) -> bool:
    """Say whether limits allow for variation beyond chance.

    Parameters
    ----------
    choice : {"auto", "laney", "none"}
        As configured.
    series : Series
        Its denominators decide where the choice is automatic.
    basis : ndarray of bool, shape (n_points,)
        Points that the limits rest on.

    Returns
    -------
    bool
        True for Laney's method.
    """
    if choice != "auto":
        return choice == "laney"
    known = series.denominators[basis]
    return bool(len(known) and np.median(known) >= LARGE)
