"""What an effect result is made of: naive levels, collapsed changes, the path, the calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["Calibration", "Changes", "EventStudy", "Level", "Path"]

TOLERATED_FALSE_ALARMS = (0.03, 0.08)
"""Realised false-alarm rates of a 5 % test that need no warning; other tests scale in proportion."""

_NOMINAL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A naive level before and after, compared with nothing.

    Attributes
    ----------
    group : {"trust", "treated", "comparison"}
        One treated trust, all treated, or all comparison trusts.
    trust : str
        Code of the trust, empty for a group.
    aggregation : {"sum", "mean"}
        For a trust: sum of numerators over sum of denominators, or mean of its periods. For a group: the
        same sums over all its trusts, or the plain mean of its trusts' own levels.
    n_trusts : int
        Trusts behind it.
    before, after : float
        Levels, in the unit of the measure.
    """

    group: Literal["trust", "treated", "comparison"]
    trust: str
    aggregation: Literal["sum", "mean"]
    n_trusts: int
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How often the default test finds an effect among comparison trusts, where there is none.

    Attributes
    ----------
    n_groups : int
        Placebo groups of comparison trusts that played the treated against the other comparison trusts.
    exact : bool
        Whether these are all such groups.
    nominal : float
        Share of false alarms that the test promises, 1 - level.
    false_alarm_rate : float
        Share of the groups that it called significant.
    covered : float or None
        Share of the groups whose interval holds no effect; None if interval and test always agree.
    by_construction : bool
        Whether the rate is right by construction, as that of a rank among these very trusts; it tells nothing then.
    n_dates : int
        Pretended earlier starts at which the same groups were asked again.
    date_false_alarm_rate : float or None
        Mean share of false alarms there.
    """

    n_groups: int
    exact: bool
    nominal: float
    false_alarm_rate: float
    covered: float | None = None
    by_construction: bool = False
    n_dates: int = 0
    date_false_alarm_rate: float | None = None

    @property
    def coverage(self) -> float:
        """Share of the groups whose interval holds the true effect, none."""
        return 1 - self.false_alarm_rate if self.covered is None else self.covered

    @property
    def as_promised(self) -> bool:
        """Whether the rate lies in the tolerated band."""
        return not self.too_many and not self.too_few

    @property
    def too_many(self) -> bool:
        """Whether it cries wolf clearly more often than it promises."""
        return (
            not self.by_construction
            and self.false_alarm_rate > TOLERATED_FALSE_ALARMS[1] * self.nominal / _NOMINAL
        )

    @property
    def too_few(self) -> bool:
        """Whether it cries wolf clearly less often than promised: effects may be overlooked."""
        return (
            not self.by_construction
            and self.false_alarm_rate < TOLERATED_FALSE_ALARMS[0] * self.nominal / _NOMINAL
        )

    def __str__(self) -> str:
        words = (
            f"this method cries wolf on these data in {100 * self.false_alarm_rate:.1f}% of cases "
            f"({self.n_groups} {'possible' if self.exact else 'random'} placebo groups; "
            f"{100 * self.nominal:.0f}% promised{self._dates()})"
        )
        if self.by_construction:
            return f"{words}; a rank among these very trusts is right by construction, so this tells little"
        if self.too_many:
            return f"{words}: too often, its p-value and interval promise too much"
        return f"{words}: less than promised, an effect may be overlooked" if self.too_few else words

    def _dates(self) -> str:
        if self.date_false_alarm_rate is None:
            return ""
        starts = "start" if self.n_dates == 1 else "starts"
        return f"; {100 * self.date_false_alarm_rate:.1f}% at {self.n_dates} pretended earlier {starts}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """One before and one after level for each trust: the collapsed data behind a comparison of changes.

    Attributes
    ----------
    trusts : tuple of str, length n_trusts
        Treated trusts first, in the order they were given.
    n_treated : int
        How many of them are treated.
    before, after : ndarray of float64, shape (n_trusts,)
        Levels, in the unit of the measure.
    weights : ndarray of float64, shape (n_trusts,)
        Weight of each trust when it stands among the treated.
    """

    trusts: tuple[str, ...]
    n_treated: int
    before: np.ndarray
    after: np.ndarray
    weights: np.ndarray

    @property
    def change(self) -> np.ndarray:
        """After minus before, shape (n_trusts,)."""
        change: np.ndarray = self.after - self.before
        return change


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """The figures over time, treated against what they are compared with.

    Attributes
    ----------
    periods : ndarray of datetime64[D], shape (n_periods,)
        First day of each period.
    treated : ndarray of float64, shape (n_periods,)
        Mean over treated trusts, NaN where any of them has no figure.
    comparison : ndarray of float64, shape (n_periods,)
        Mean over comparison trusts, or the counterfactual, NaN likewise.
    used : ndarray of bool, shape (n_periods,)
        Periods that entered the estimate.
    versus : str
        What `comparison` is, in words.
    lower, upper : ndarray of float64, shape (n_periods,), or None
        Interval of the counterfactual in each period, where the estimator gives one.
    """

    periods: np.ndarray
    treated: np.ndarray
    comparison: np.ndarray
    used: np.ndarray
    versus: str = "the mean of the comparison trusts"
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventStudy:
    """Effects by time since the start, with their covariance.

    Attributes
    ----------
    horizons : ndarray of int, shape (n_horizons,)
        Periods since the start: 0 is the first with the programme, negative ones lie before it; the reference
        period is left out.
    estimates : ndarray of float64, shape (n_horizons,)
        In the unit of the measure.
    covariance : ndarray of float64, shape (n_horizons, n_horizons)
        Squared unit.
    df : float
        Degrees of freedom for intervals; infinite for the normal distribution.
    reference : str
        What the effects are measured against, in words.
    lower, upper : ndarray of float64, shape (n_horizons,), or None
        Uniform band over all horizons, where the estimator gives one.
    """

    horizons: np.ndarray
    estimates: np.ndarray
    covariance: np.ndarray
    df: float = float("inf")
    reference: str = "the period before the start"
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None

    @property
    def standard_errors(self) -> np.ndarray:
        """Standard errors, shape (n_horizons,), in the unit of the measure."""
        errors: np.ndarray = np.sqrt(np.diag(self.covariance))
        return errors
