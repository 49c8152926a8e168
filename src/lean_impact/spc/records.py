"""What an analyst may decide about a chart, each decision with its reason on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lean_impact.domain import ProposedBoundary
from lean_impact.errors import DesignError, Issue

__all__ = ["Baseline", "Exclusion", "Rebase", "TargetStep"]

MIN_FIRST = 12
"""Fewest points after which limits may be fixed, as in NHS tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Freeze limits: compute them from early points and carry them over all later ones.

    Parameters
    ----------
    freeze_before : date, optional
        Declared date, such as the start of a programme. Periods that end by then are the baseline.
    freeze_after_points : int, optional
        Use instead the first so many points of every phase, at least 12.
    label : str
        What the date is, as drawn on the chart.

    Raises
    ------
    DesignError
        If not exactly one of the two is given, or fewer than 12 points.

    Notes
    -----
    A period during which the programme started is not part of the baseline.

    Examples
    --------
    >>> Baseline(freeze_before=date(2015, 9, 1)).label
    'declared start'
    """

    freeze_before: date | None = None
    freeze_after_points: int | None = None
    label: str = "declared start"

    def __post_init__(self) -> None:
        if (self.freeze_before is None) == (self.freeze_after_points is None):
            raise DesignError(
                "a baseline needs either freeze_before or freeze_after_points; give one of them"
            )
        if self.freeze_after_points is not None and self.freeze_after_points < MIN_FIRST:
            raise DesignError(
                f"freeze_after_points is {self.freeze_after_points}; limits can be fixed after "
                f"{MIN_FIRST} points or more, give at least that many"
            )

    def __str__(self) -> str:
        if self.freeze_before is not None:
            return f"limits frozen before {_day(self.freeze_before)} ({self.label})"
        return f"limits frozen after the first {self.freeze_after_points} points of each phase"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """A dated decision with its reason, who took it, and where that is recorded."""

    date: date
    reason: str
    who: str
    source: str | None = None
    evidence: str = ""

    def __post_init__(self) -> None:
        given = {"reason": self.reason, "who": self.who}
        if self.source is not None:
            given["source"] = self.source
        issues = [
            Issue(rule="blank-record", column=field, message=f"'{field}' is blank; say it in a few words")
            for field, words in given.items()
            if not words.strip()
        ]
        if issues:
            raise DesignError(
                f"the {type(self).__name__.lower()} of {self.date} cannot be used: it needs a reason and who "
                "decided, and a source that says something if one is given",
                issues,
            )

    def __str__(self) -> str:
        source = "" if self.source is None else f"; {self.source}"
        evidence = f". Evidence: {self.evidence}" if self.evidence else ""
        return f"{_day(self.date)}: {self.reason} ({self.who}{source}){evidence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebase(_Decision):
    """Start new limits at a date, for a stated reason.

    Parameters
    ----------
    date : date
        First day of the first period under the new limits.
    reason : str
        Why the process is known to have changed.
    who : str
        Who decided it.
    source : str, optional
        Where the decision is recorded.
    evidence : str, optional
        What speaks for it, such as a change-point with its interval. Evidence is no reason: it says that
        something changed, the reason says what.

    Raises
    ------
    DesignError
        If reason or who is blank, or a source that is given.

    Examples
    --------
    >>> rebase = Rebase(date=date(2018, 6, 1), reason="ward moved", who="board", source="minutes 12/18")
    >>> print(rebase)
    1 June 2018: ward moved (board; minutes 12/18)
    """

    @classmethod
    def accepting(
        cls, proposed: ProposedBoundary, *, reason: str, who: str, source: str | None = None
    ) -> Rebase:
        """Make a record of new limits from a boundary that figures suggest.

        Parameters
        ----------
        proposed : ProposedBoundary
            What a search or a run suggests, with its evidence.
        reason : str
            Why the process is known to have changed. Four questions, all yes: has it changed, is the cause
            known, will it last, has it been seen long enough?
        who : str
            Who decided it.
        source : str, optional
            Where the decision is recorded.

        Returns
        -------
        Rebase
            With the evidence in it.

        Raises
        ------
        DesignError
            If reason or who is blank: evidence alone redraws nothing.
        """
        return cls(date=proposed.period, reason=reason, who=who, source=source, evidence=proposed.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion(_Decision):
    """Leave one point out of the limits and the rules, for a stated reason; it stays on the chart.

    Parameters
    ----------
    date : date
        First day of its period.
    reason : str
        Why it says nothing about the process.
    who : str
        Who decided it.
    source : str, optional
        Where the decision is recorded.
    evidence : str, optional
        What speaks for it, such as a change-point with its interval. Evidence is no reason: it says that
        something changed, the reason says what.

    Raises
    ------
    DesignError
        If reason or who is blank, or a source that is given.

    Examples
    --------
    >>> print(Exclusion(date=date(2018, 6, 1), reason="system outage", who="analyst", source="log 7"))
    1 June 2018: system outage (analyst; log 7)
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStep:
    """Set, change or end a target from a date.

    Parameters
    ----------
    start : date
        First day from which it holds; a period has the target of its first day.
    value : float or None
        Standard to meet from then on, in the unit of the measure; None ends the target.
    reason : str, optional
        Why it changed.

    Examples
    --------
    >>> print(TargetStep(start=date(2019, 5, 1), value=None, reason="field test of new standards"))
    1 May 2019: no target (field test of new standards)
    """

    start: date
    value: float | None
    reason: str = ""

    def __str__(self) -> str:
        value = "no target" if self.value is None else f"target {self.value:g}"
        return f"{_day(self.start)}: {value}{f' ({self.reason})' if self.reason else ''}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
