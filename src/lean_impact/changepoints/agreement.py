"""Months at which many series change together: winters, shocks, changes of coding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.changepoints._batch import StepArrays
from lean_impact.domain import Frequency, Provenance, Summary, Window, next_period, period_label
from lean_impact.errors import DesignError
from lean_impact.kernels.date_agreement import Agreement, shifted_agreement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DateAgreement", "Group", "SharedDate", "agreement_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Series of one frequency on one calendar.

    Attributes
    ----------
    rows : tuple of int
        Their positions among all series.
    periods : ndarray of datetime64[D], shape (n_periods,)
        Calendar from the earliest to the latest of them.
    found : StepArrays
        What was found.
    """

    rows: tuple[int, ...]
    periods: np.ndarray
    found: StepArrays


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDate:
    """A stretch of periods at which more series change than unrelated dates explain.

    Attributes
    ----------
    window : Window
        The stretch, half-open.
    expected : float
        Expected number of series that change in it.
    typical : float
        The same when dates are unrelated.
    p_value : float
        How often unrelated dates pile up as high anywhere.
    """

    window: Window
    expected: float
    typical: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DateAgreement:
    """Whether the changes of many series come at the same time.

    Attributes
    ----------
    periods : ndarray of datetime64[D], shape (n_periods,)
        Calendar of all series together.
    expected, typical, p_values : ndarray of float64, shape (n_periods,)
        Expected number of series that change at each period, the same when dates are unrelated, and how often
        unrelated dates pile up as high anywhere.
    n_series : int
        Series judged.
    frequency : {"week", "month", "quarter", "year"}
        Length of a period.
    level : float
        Largest p-value of a shared date.
    provenance : Provenance
        Shifts and seed.
    cautions : tuple of str
        What a reader must know.
    """

    periods: np.ndarray
    expected: np.ndarray
    typical: np.ndarray
    p_values: np.ndarray
    n_series: int
    frequency: Frequency
    level: float
    provenance: Provenance
    cautions: tuple[str, ...] = (
        (
            "A shared date is a shock to many series, such as a winter or a change of coding: leave it out or compare "
            "with other trusts before reading it as the work of one programme."
        ),
    )

    @property
    def shared(self) -> tuple[SharedDate, ...]:
        """Stretches of periods that stand out, by date."""
        return tuple(self._shared())

    def _shared(self) -> Iterator[SharedDate]:
        inside = np.flatnonzero(self.p_values <= self.level)
        if not inside.size:
            return
        for run in np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1):
            first, last = (self.periods[run[at]].astype(date) for at in (0, -1))
            yield SharedDate(
                window=Window(start=first, end=next_period(last, self.frequency)),
                expected=float(self.expected[run].sum()),
                typical=float(self.typical[run].sum()),
                p_value=float(self.p_values[run].min()),
            )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per period, shape (n_periods, 4): ``period``, ``expected``, ``typical``, ``p_value``."""
        return pd.DataFrame(
            {
                "period": self.periods.astype("datetime64[s]"),
                "expected": self.expected,
                "typical": self.typical,
                "p_value": self.p_values,
            }
        )

    @property
    def title(self) -> str:
        """Title of the chart."""
        return f"When {self.n_series} series change"

    @property
    def description(self) -> str:
        """The chart in words."""
        words = "; ".join(self._words()) or "no period stands out"
        return (
            f"Bars of the expected number of series that change in each period, of {self.n_series}: {words}."
        )

    def _words(self) -> Iterator[str]:
        for item in self.shared:
            first, after = (period_label(day, self.frequency) for day in (item.window.start, item.window.end))
            yield (
                f"from {first} to before {after} about {item.expected:.1f} series change "
                f"where unrelated dates give {item.typical:.1f} (p = {item.p_value:.3f})"
            )

    def summary(self) -> Summary:
        """Return the shared dates as text."""
        lines = [f"Agreement of the dates of {self.n_series} series, against circular shifts:"]
        lines += [f"  {words}" for words in self._words()] or ["  no period stands out"]
        return Summary("\n".join([*lines, *(f"Caution: {text}" for text in self.cautions)]))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the expected number of changing series by period.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        matplotlib Axes
            What was drawn on.
        """
        from lean_impact.changepoints.agreement_figure import draw  # noqa: PLC0415 - no matplotlib before

        return draw(self, ax)


def agreement_of(
    frequencies: Sequence[Frequency],
    groups: Sequence[Group],
    *,
    draws: int,
    seed: int,
    level: float = 0.05,
) -> DateAgreement:
    """Compare where the changes of all series pile up with circular shifts of each."""
    distinct = sorted(set(frequencies))
    if len(distinct) > 1:
        raise DesignError(
            f"series by {' and by '.join(distinct)} have no common calendar; ask about each frequency apart"
        )
    (group,) = groups
    usable = group.found.status > 1
    if not usable.any():
        raise DesignError("no series could be judged, so no dates can agree; give longer series")
    weights = (group.found.probability * group.found.changed[:, None])[usable]
    seen: Agreement = shifted_agreement(
        weights, admissible=group.found.admissible[usable], draws=draws, seed=seed
    )
    return DateAgreement(
        periods=group.periods,
        expected=seen.expected,
        typical=seen.typical,
        p_values=seen.p_values,
        n_series=int(usable.sum()),
        frequency=distinct[0],
        level=level,
        provenance=Provenance(
            version=__version__, seed=seed, parameters={"draws": str(draws), "level": str(level)}
        ),
    )
