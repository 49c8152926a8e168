"""Many series at once: which changed, how many of those are false, and whether their dates agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lean_impact._version import __version__
from lean_impact.changepoints._batch import (
    CONSTANT,
    JUDGED,
    BatchSettings,
    screen_matrix,
)
from lean_impact.changepoints._parameters import refuse
from lean_impact.changepoints._series import check_series, sampling_variance
from lean_impact.changepoints.agreement import DateAgreement, Group, agreement_of
from lean_impact.changepoints.step_test import StepTest
from lean_impact.domain import Frequency, Provenance, Summary, period_label
from lean_impact.domain.period import PER_YEAR
from lean_impact.errors import InputError, Issue, TableError
from lean_impact.kernels.false_discovery import (
    benjamini_hochberg,
    expected_false_discoveries,
    share_of_nulls,
)
from lean_impact.tables import Series
from lean_impact.tables.calendar import periods_from, phase_of, places_of

__all__ = ["Screen", "Screening", "settings_of"]

Floats = NDArray[np.float64]

_STATUS: Final = ("too short", "constant", "judged")
_COLUMNS: Final = {
    "trust": "str",
    "measure": "str",
    "status": "str",
    "period": "datetime64[s]",
    "size": "float64",
    "p_value": "float64",
    "q_value": "float64",
    "kept": "bool",
    "set_start": "datetime64[s]",
    "set_last": "datetime64[s]",
    "set_periods": "int64",
    "phi": "float64",
    "dispersion": "float64",
    "minimal_detectable": "float64",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Test many series for one change each, and say how many findings are expected to be false.

    Parameters
    ----------
    test : StepTest
        The test of each series.
    false_discovery : float, default 0.05
        Largest share of false findings among those kept, on average.

    Raises
    ------
    DesignError
        If ``false_discovery`` is no share.

    Notes
    -----
    Series of one calendar are scanned together and share one table of stable series: ten thousand series of
    120 months take a few seconds. Findings are kept by the rule of Benjamini and Hochberg over all trusts
    and measures; the number of false ones is estimated with the share of series that look stable.

    Examples
    --------
    >>> from lean_impact.testing import SyntheticDesign, synthetic_panel
    >>> known = synthetic_panel(SyntheticDesign(effect=0.1, change_spread=0.0), seed=3)
    >>> series = [known.panel.series(code, known.design.measure.id) for code in known.panel.trusts]
    >>> found = Screen(test=StepTest(draws=2000)).detect(series)
    >>> found.n_kept, round(found.expected_false, 1)
    (2, 0.0)
    """

    test: StepTest = field(default_factory=StepTest)
    false_discovery: float = 0.05

    def __post_init__(self) -> None:
        words = f"false_discovery is {self.false_discovery}; give a share between 0 and 1"
        refuse("the screen cannot be set up like this", ((0 < self.false_discovery < 1, words),))

    def detect(self, series: Sequence[Series]) -> Screening:
        """Look for one change in each series.

        Parameters
        ----------
        series : sequence of Series
            Any trusts and measures, whatever their calendars.

        Returns
        -------
        Screening
            One entry for each series, in the order given.

        Raises
        ------
        TableError
            If there is no series, or any cannot be searched; all problems of all series are listed.
        """
        _check_all(series)
        groups: dict[Frequency, list[int]] = defaultdict(list)
        for at, one in enumerate(series):
            groups[one.measure.frequency].append(at)
        return Screening(
            series=tuple(series),
            groups=tuple(self._group(tuple(rows), [series[at] for at in rows]) for rows in groups.values()),
            false_discovery=self.false_discovery,
            level=self.test.level,
            provenance=Provenance(
                version=__version__,
                seed=self.test.seed,
                parameters={"test": str(self.test), "false_discovery": str(self.false_discovery)},
                steps=(f"screened {len(series)} series without knowing any date",),
            ),
        )

    def _group(self, rows: tuple[int, ...], series: Sequence[Series]) -> Group:
        """Put series of one frequency on one calendar and screen them."""
        frequency = series[0].measure.frequency
        periods = _common_calendar(series)
        values, sampling = (np.full((len(series), len(periods)), np.nan) for _ in range(2))
        for row, one in enumerate(series):
            kept = np.flatnonzero(np.isfinite(one.values))
            at = np.searchsorted(periods, one.periods[kept])
            values[row, at] = one.values[kept]
            if len(kept):
                sampling[row, at] = sampling_variance(one, kept)
        found = screen_matrix(
            values,
            settings_of(self.test),
            per_year=PER_YEAR[frequency],
            phase=phase_of(periods[0], frequency) if len(periods) else 0,
            sampling=sampling,
        )
        return Group(rows=rows, periods=periods, found=found)


def settings_of(test: StepTest) -> BatchSettings:
    """Return the settings of a test as those of a screen of arrays."""
    return BatchSettings(
        form=test.form,
        season=test.season,
        trend=test.has_line,
        robust=test.robust,
        false_alarm=test.false_alarm,
        level=test.level,
        min_size=test.min_size,
        draws=test.draws,
        seed=test.seed,
    )


def _common_calendar(series: Sequence[Series]) -> np.ndarray:
    """Return all periods from the first to the last of series of one frequency.

    Raises
    ------
    TableError
        If periods of some series lie between those of others; names the series and the dates.
    """
    frequency = series[0].measure.frequency
    known = [one for one in series if len(one)]
    if not known:
        return np.empty(0, dtype="datetime64[D]")
    first = min(one.periods[0] for one in known)
    last = max(one.periods[-1] for one in known)
    n = int(places_of(np.array([first, last]), frequency)[1]) + 1
    calendar = periods_from(first, n, frequency)
    issues = [
        Issue(
            rule="off-calendar",
            column="period",
            message=f"{one.trust} {one.measure.id} begins on {one.periods[0]}, between two {frequency}s of the "
            f"calendar that begins on {first}; give all series the same calendar, or screen them apart",
        )
        for one in known
        if not np.isin(one.periods, calendar).all()
    ]
    if issues:
        raise TableError(f"the {frequency}ly series share no calendar; correct the rows below", issues)
    return calendar


def _check_all(series: Sequence[Series]) -> None:
    if not series:
        raise TableError("there is no series to screen; give at least one")
    issues: list[Issue] = []
    for one in series:
        try:
            check_series(one)
        except InputError as error:
            issues += [
                Issue(
                    rule=issue.rule,
                    row=issue.row,
                    column=issue.column,
                    message=f"{one.trust} {one.measure.id}: {issue.message}",
                )
                for issue in error.issues
            ]
    if issues:
        raise TableError("some series cannot be searched for changes; correct the rows below", issues)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Screening:
    """One change in each of many series, findings kept with regard to how many were asked.

    Attributes
    ----------
    series : tuple of Series
        What was screened.
    groups : tuple of Group
        What was found in the series of each frequency.
    false_discovery : float
        Largest share of false findings among those kept, on average.
    level : float
        Probability that each set of dates was made to hold.
    provenance : Provenance
        Settings.
    cautions : tuple of str
        What a reader must know.
    """

    series: tuple[Series, ...]
    groups: tuple[Group, ...]
    false_discovery: float
    level: float
    provenance: Provenance
    cautions: tuple[str, ...] = (
        (
            "A kept finding says that the series changed, not why; sizes of changes that were only just found "
            "are too large on average."
        ),
    )

    def _column(self, name: str) -> np.ndarray:
        values = [np.asarray(getattr(group.found, name)) for group in self.groups]
        column = np.empty(len(self.series), dtype=values[0].dtype)
        for group, part in zip(self.groups, values, strict=True):
            column[list(group.rows)] = part
        return column

    @property
    def p_values(self) -> Floats:
        """p-value of each series, NaN where not judged, shape (n_series,)."""
        return self._column("p_value")

    @property
    def q_values(self) -> Floats:
        """Benjamini-Hochberg adjusted p-values, NaN where not judged, shape (n_series,)."""
        p_values = self.p_values
        judged = np.isfinite(p_values)
        q_values = np.full(len(p_values), np.nan)
        q_values[judged] = benjamini_hochberg(p_values[judged])
        return q_values

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Series whose change is kept, shape (n_series,)."""
        kept: NDArray[np.bool_] = np.nan_to_num(self.q_values, nan=1.0) <= self.false_discovery
        return kept

    @property
    def n_judged(self) -> int:
        """Series that could be judged."""
        return int((self._column("status") == JUDGED).sum())

    @property
    def n_kept(self) -> int:
        """Findings kept."""
        return int(self.kept.sum())

    @property
    def expected_false(self) -> float:
        """Expected number of false ones among the findings kept."""
        p_values, kept = self.p_values, self.kept
        judged = np.isfinite(p_values)
        return expected_false_discoveries(p_values[judged], kept[judged])

    @property
    def share_stable(self) -> float:
        """Estimated share of judged series without any change."""
        p_values = self.p_values
        return share_of_nulls(p_values[np.isfinite(p_values)])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per series.

        Returns
        -------
        DataFrame, shape (n_series, 14)
            ``trust``, ``measure``, ``status``, ``period`` (likeliest first period of the new level), ``size``
            (unit of the measure), ``p_value``, ``q_value``, ``kept``, ``set_start`` and ``set_last`` (earliest
            and latest date that fits), ``set_periods``, ``phi``, ``dispersion``, ``minimal_detectable``.
        """
        records: list[dict[str, object]] = [{} for _ in self.series]
        for group in self.groups:
            for at, row in enumerate(group.rows):
                records[row] = _record(self.series[row], group, at)
        frame = pd.DataFrame(records)
        frame["q_value"], frame["kept"] = self.q_values, self.kept
        return frame[list(_COLUMNS)].astype(_COLUMNS)

    def agreement(self, *, draws: int = 499, seed: int = 0) -> DateAgreement:
        """Ask whether the dates of the changes pile up at shared shocks.

        Parameters
        ----------
        draws : int, default 499
            Random shifts that unrelated dates are made with.
        seed : int, default 0
            Root of the randomness.

        Returns
        -------
        DateAgreement
            Expected number of changing series at each period, and the periods that stand out.

        Raises
        ------
        DesignError
            If the series are of different frequencies.
        """
        return agreement_of(
            [one.measure.frequency for one in self.series], self.groups, draws=draws, seed=seed
        )

    def summary(self) -> Summary:
        """Return how many changed, how many of those are expected to be false, and the findings kept."""
        status = self._column("status")
        n_short, n_constant = (int((status == code).sum()) for code in (0, CONSTANT))
        lines = [
            (
                f"{self.n_judged} series judged ({n_short} too short, {n_constant} constant): {self.n_kept} "
                f"changed, of which about {self.expected_false:.1f} by chance (false discovery rate "
                f"{self.false_discovery:.0%})."
            ),
            f"About {self.share_stable:.0%} of the series look stable.",
        ]
        frame = self.to_frame()
        for at in np.flatnonzero(self.kept)[:20]:
            row, measure = frame.iloc[at], self.series[at].measure
            period, start, last = (
                period_label(row[name].date(), measure.frequency)
                for name in ("period", "set_start", "set_last")
            )
            lines.append(
                f"  {row['trust']} {measure.name}: {measure.format_change(float(row['size']))} at "
                f"{period} ({start} to {last}), q = {row['q_value']:.4f}"
            )
        if self.n_kept > 20:  # noqa: PLR2004 - as many as are shown
            lines.append(f"  and {self.n_kept - 20} more in the table")
        return Summary("\n".join([*lines, *(f"Caution: {text}" for text in self.cautions)]))


def _record(series: Series, group: Group, at: int) -> dict[str, object]:
    found, periods = group.found, group.periods
    members = np.flatnonzero(found.members[at])
    judged = found.status[at] == JUDGED
    return {
        "trust": series.trust,
        "measure": series.measure.id,
        "status": _STATUS[int(found.status[at])],
        "period": periods[found.best[at]] if judged else pd.NaT,
        "size": found.size[at],
        "p_value": found.p_value[at],
        "set_start": periods[members[0]] if judged else pd.NaT,
        "set_last": periods[members[-1]] if judged else pd.NaT,
        "set_periods": len(members),
        "phi": found.phi[at],
        "dispersion": found.dispersion[at],
        "minimal_detectable": found.minimal_detectable[at],
    }
