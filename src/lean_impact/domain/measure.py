"""Measures: what is counted, of what, in which unit, and which direction is better."""

from __future__ import annotations

from datetime import date
from math import inf
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from lean_impact.domain._model import DomainModel
from lean_impact.domain.period import Frequency

__all__ = ["DefinitionChange", "Direction", "Measure", "MeasureKind", "Slug"]

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
"""An identifier: lower case letters, digits, hyphen and underscore."""

MeasureKind = Literal["proportion", "count", "mean", "ratio"]
"""Proportion (0 to 1, numerator within denominator), count, mean of a scale, or standardised ratio."""

Direction = Literal["increase", "decrease", "neutral"]
"""Which movement is an improvement."""


class DefinitionChange(DomainModel):
    """A date from which the figures of a measure mean something else.

    Parameters
    ----------
    date : date
        First day of the new definition or collection.
    what : str
        What changed, and what it does to the figures.
    """

    date: date
    what: str = Field(min_length=1)


class Measure(DomainModel):
    """Something that is published for every trust and period.

    Parameters
    ----------
    id : str
        Identifier used in tables and study files.
    name : str
        Name for readers.
    kind : {"proportion", "count", "mean", "ratio"}
        Nature of the value; a proportion lies between 0 and 1.
    improvement : {"increase", "decrease", "neutral"}
        Which movement is better.
    dimension : {"quality", "efficiency", "staff", "context"}
        Part of the evaluation's question that it speaks to.
    frequency : {"week", "month", "quarter", "year"}
        Length of a period.
    unit : str
        Unit of the value as words, such as ``"share of attendances"``.
    numerator, denominator : str, optional
        What is counted, and out of what.
    target : float, optional
        Standard to meet, in the unit of the value.
    changes : tuple of DefinitionChange
        Known breaks in the series.
    note : str
        Whatever a reader must know before reading a number.

    Examples
    --------
    >>> measure = Measure(id="seen-4h", name="Seen within 4 hours", kind="proportion", improvement="increase",
    ...                   dimension="quality", frequency="month", unit="share of attendances", target=0.95)
    >>> measure.format(0.9034)
    '90.3%'
    >>> measure.format_change(-0.041)
    '-4.1 points'
    """

    id: Slug
    name: str = Field(min_length=1)
    kind: MeasureKind
    improvement: Direction
    dimension: Literal["quality", "efficiency", "staff", "context"]
    frequency: Frequency
    unit: str = Field(min_length=1)
    numerator: str | None = None
    denominator: str | None = None
    target: float | None = None
    changes: tuple[DefinitionChange, ...] = ()
    note: str = ""

    @property
    def possible(self) -> tuple[float, float]:
        """Smallest and largest value that the kind of measure allows; only proportions and counts have bounds."""
        return {"proportion": (0.0, 1.0), "count": (0.0, inf)}.get(self.kind, (-inf, inf))

    def format(self, value: float) -> str:
        """Write a value for a reader, proportions as per cent.

        Parameters
        ----------
        value : float
            Value in the measure's own unit.

        Returns
        -------
        str
            For example ``"90.3%"``.
        """
        if value != value:  # noqa: PLR0124 - the test for NaN that needs no numpy
            return "not known"
        if self.kind == "proportion":
            return f"{100 * value:.1f}%"
        return f"{value:,.0f}" if self.kind == "count" else f"{value:.3f}"

    def format_change(self, change: float) -> str:
        """Write a difference of two values for a reader, proportions in percentage points.

        Parameters
        ----------
        change : float
            Difference in the measure's own unit.

        Returns
        -------
        str
            For example ``"-4.1 points"``.
        """
        if change != change:  # noqa: PLR0124 - the test for NaN that needs no numpy
            return "not known"
        if self.kind == "proportion":
            return f"{100 * change:+.1f} points"
        return f"{change:+,.0f}" if self.kind == "count" else f"{change:+.3f}"

    def format_range(self, lower: float, upper: float) -> str:
        """Write the two ends of a range of differences for a reader, the unit once.

        Parameters
        ----------
        lower, upper : float
            Ends, in the measure's own unit.

        Returns
        -------
        str
            For example ``"-9.6 to +10.2 points"``.
        """
        return f"{self.format_change(lower).removesuffix(' points')} to {self.format_change(upper)}"
