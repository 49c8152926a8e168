"""Many units in one period: the counts that a funnel compares."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lean_impact.domain import Measure, Provenance, Window
from lean_impact.errors import DesignError, Issue, TableError
from lean_impact.tables import Panel

__all__ = ["UnitCounts"]

_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitCounts:
    """Numerators and denominators of many units over one stretch of time.

    Parameters
    ----------
    units : tuple of str
        Name or code of each unit, each once.
    numerators : ndarray of float64, shape (n_units,)
        Events.
    denominators : ndarray of float64, shape (n_units,)
        Cases, expected events, or the other count of a ratio of two counts.
    measure : Measure
        What is counted.
    when : str
        The stretch of time, in words.
    provenance : Provenance
        Where the counts come from.
    cautions : tuple of str
        What to know about them.

    Raises
    ------
    TableError
        If a row cannot be: a unit twice, a count missing, infinite or negative. Every one is listed.
    DesignError
        If there is no unit at all, or not one count for each.

    Examples
    --------
    >>> measure = Measure(id="shmi", name="SHMI", kind="ratio", improvement="decrease", dimension="quality",
    ...                   frequency="year", unit="observed over expected deaths")
    >>> counts = UnitCounts(units=("RF4", "RTP"), numerators=np.array([110.0, 90.0]),
    ...                     denominators=np.array([100.0, 100.0]), measure=measure, when="2018")
    >>> len(counts)
    2
    """

    units: tuple[str, ...]
    numerators: np.ndarray
    denominators: np.ndarray
    measure: Measure
    when: str
    provenance: Provenance = field(default_factory=Provenance)
    cautions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(self.units), len(self.numerators), len(self.denominators)}
        if lengths == {0} or len(lengths) > 1:
            raise DesignError(
                f"units of '{self.measure.id}' cannot be compared: {len(self.units)} units, "
                f"{len(self.numerators)} numerators, {len(self.denominators)} denominators; give one of each"
            )
        issues = self._row_issues()
        if issues:
            raise TableError(
                f"units of '{self.measure.id}' cannot be compared: {len(issues)} problem(s)", issues
            )

    def __len__(self) -> int:
        return len(self.units)

    def _row_issues(self) -> list[Issue]:
        counts = np.stack([self.numerators, self.denominators]).astype(np.float64)
        seen = list(self.units)
        rows = [
            (
                "duplicate",
                [seen.index(unit) != at for at, unit in enumerate(seen)],
                "is given twice; keep one row",
            ),
            ("missing", np.isnan(counts).any(axis=0), "has no count; leave the unit out and say so"),
            ("infinite", np.isinf(counts).any(axis=0), "has an infinite count; correct it"),
            ("negative", (counts < 0).any(axis=0), "has a negative count; correct it"),
        ]
        return [
            Issue(rule=rule, row=at + 1, message=f"'{seen[at]}' {words}")
            for rule, bad, words in rows
            for at in np.flatnonzero(bad).tolist()
        ]

    @classmethod
    def from_panel(cls, panel: Panel, *, measure: str, window: Window) -> UnitCounts:
        """Add up the counts of each trust over a window.

        Parameters
        ----------
        panel : Panel
            The figures.
        measure : str
            Identifier of the measure.
        window : Window
            Periods that begin in it count, half-open.

        Returns
        -------
        UnitCounts
            Trusts that have every period; those that have not are named in the cautions, as a sum over fewer
            months is no sum over the window.

        Raises
        ------
        DesignError
            If no trust has every period with numerator and denominator.
        """
        part = panel.restrict(measures=[measure]).window(window.start, window.end)
        definition = panel.measure(measure)
        found, left_out = {}, []
        for trust in part.trusts:
            series = part.series(trust, measure)
            counts = np.stack([series.numerators, series.denominators])
            if len(series) and np.isfinite(counts).all():
                found[trust] = counts.sum(axis=1)
            else:
                left_out.append(trust)
        longest = _periods(part, measure)
        if not found:
            raise DesignError(
                f"no trust has '{measure}' with numerator and denominator in every period from "
                f"{window.start} to {window.end}; choose a shorter window"
            )
        caution = (
            f"{len(left_out)} trust(s) without every one of the {longest} periods are left out: "
            f"{', '.join(left_out[:_SHOWN])}{' and others' if len(left_out) > _SHOWN else ''}."
        )
        sums = np.array(list(found.values()))
        return cls(
            units=tuple(found),
            numerators=sums[:, 0],
            denominators=sums[:, 1],
            measure=definition,
            when=f"{window.start:%B %Y} up to, not including, {window.end:%B %Y}",
            provenance=part.provenance,
            cautions=(caution,) if left_out else (),
        )


def _periods(panel: Panel, measure: str) -> int:
    frame = panel.frame
    return int(frame.loc[frame["measure"] == measure, "period"].nunique())
