"""Who took the programme up, when, and who did not: the design that every effect estimator is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

from lean_impact.domain import Exclusion, Window
from lean_impact.errors import DesignError, Issue

__all__ = ["AdoptionDesign", "Start"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """When one trust took the programme up.

    Attributes
    ----------
    trust : str
        Code.
    first : date
        First day with the programme; periods before it are before.
    settled : date
        First day on which it counts as in effect; the periods from `first` to before it are a transition
        that no estimate uses. The same as `first` if there is none.
    """

    trust: str
    first: date
    settled: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionDesign:
    """Who is compared with whom, on what and when.

    Attributes
    ----------
    measure : str
        Identifier of the measure.
    starts : tuple of Start
        Each treated trust with its start.
    comparison : tuple of str
        Codes of trusts without the programme; empty for an estimator that needs none.
    window : Window
        Stretch of time that is used; a period counts if it lies wholly inside.
    ignore : tuple of Exclusion
        Periods left out for everybody, each with its reason.

    Raises
    ------
    DesignError
        If a start lies outside the window, or a transition ends before it begins; lists every one.

    See Also
    --------
    AdoptionDesign.block : Everybody starts together.
    AdoptionDesign.staggered : Each trust has its own start.

    Examples
    --------
    >>> design = AdoptionDesign.staggered(
    ...     measure="stay", starts={"TR1": date(2015, 9, 1), "TR2": date(2016, 2, 1)}, comparison=["CA1", "CA2"],
    ...     window=Window(start=date(2012, 1, 1), end=date(2020, 1, 1)))
    >>> design.treated, design.together, design.pre.end
    (('TR1', 'TR2'), False, datetime.date(2015, 9, 1))
    """

    measure: str
    starts: tuple[Start, ...]
    comparison: tuple[str, ...] = ()
    window: Window
    ignore: tuple[Exclusion, ...] = ()

    def __post_init__(self) -> None:
        problems = []
        for start in self.starts:
            if not self.window.start < start.first < self.window.end:
                problems.append(
                    f"{start.trust} starts on {start.first}, which is not inside the window {self.window.start} "
                    f"to before {self.window.end}; there must be time before and after"
                )
            elif start.settled < start.first:
                problems.append(
                    f"{start.trust} is settled on {start.settled}, before it starts on {start.first}"
                )
            elif start.settled >= self.window.end:
                problems.append(
                    f"{start.trust} is settled on {start.settled}, when the window has ended "
                    f"({self.window.end}); nothing is left to estimate on"
                )
        if problems:
            raise DesignError(
                "the adoption of the programme does not fit the window",
                [Issue(rule="start-outside", message=message) for message in problems],
            )

    @classmethod
    def block(
        cls,
        *,
        measure: str,
        treated: Sequence[str],
        comparison: Sequence[str] = (),
        pre: Window,
        post: Window,
        ignore: Sequence[Exclusion] = (),
    ) -> Self:
        """Describe a programme that all treated trusts took up at the same time.

        Parameters
        ----------
        measure : str
            Identifier of the measure.
        treated, comparison : sequence of str
            Codes of the trusts with and without the programme.
        pre, post : Window
            Before and after; what lies between them is a transition that no estimate uses.
        ignore : sequence of Exclusion
            Periods left out for everybody.

        Returns
        -------
        AdoptionDesign

        Raises
        ------
        DesignError
            If the windows overlap or stand in the wrong order.
        """
        if pre.end > post.start:
            raise DesignError(
                f"the window before ({pre.start} to before {pre.end}) does not end by the start of the "
                f"window after ({post.start} to before {post.end}); windows are half-open and must not overlap"
            )
        return cls(
            measure=measure,
            starts=tuple(Start(trust=trust, first=pre.end, settled=post.start) for trust in treated),
            comparison=tuple(comparison),
            window=Window(start=pre.start, end=post.end),
            ignore=tuple(ignore),
        )

    @classmethod
    def staggered(
        cls,
        *,
        measure: str,
        starts: Mapping[str, date | tuple[date, date]],
        comparison: Sequence[str] = (),
        window: Window,
        ignore: Sequence[Exclusion] = (),
    ) -> Self:
        """Describe a programme that each trust took up in its own time.

        Parameters
        ----------
        measure : str
            Identifier of the measure.
        starts : mapping of str to date, or to a pair of dates
            Code to first day with the programme, or to that and the day from which it counts as in effect.
        comparison : sequence of str
            Codes of trusts without the programme.
        window : Window
            Stretch of time that is used.
        ignore : sequence of Exclusion
            Periods left out for everybody.

        Returns
        -------
        AdoptionDesign
        """
        return cls(
            measure=measure,
            starts=tuple(
                Start(trust=trust, first=when, settled=when)
                if isinstance(when, date)
                else Start(trust=trust, first=when[0], settled=when[1])
                for trust, when in starts.items()
            ),
            comparison=tuple(comparison),
            window=window,
            ignore=tuple(ignore),
        )

    @property
    def treated(self) -> tuple[str, ...]:
        """Codes of the treated trusts, in the order given."""
        return tuple(start.trust for start in self.starts)

    @property
    def together(self) -> bool:
        """Whether all treated trusts start, and settle, on the same day."""
        return len({(start.first, start.settled) for start in self.starts}) <= 1

    @property
    def pre(self) -> Window:
        """From the start of the window to the earliest start."""
        return Window(
            start=self.window.start,
            end=min((start.first for start in self.starts), default=self.window.end),
        )

    @property
    def post(self) -> Window:
        """From the day on which the first trust has settled to the end of the window."""
        return Window(
            start=min((start.settled for start in self.starts), default=self.window.start),
            end=self.window.end,
        )
