"""A phase boundary that figures suggest and a person has to decide on."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from lean_impact.domain._model import DomainModel

__all__ = ["ProposedBoundary"]


class ProposedBoundary(DomainModel):
    """A change that a search found, offered as the start of a new phase of a control chart.

    Limits are never redrawn from it: a change in the figures shows that the process moved, not that the move
    is known, wanted and lasting. Somebody who knows why writes a record with a reason; without one the chart
    stays as it is.

    Parameters
    ----------
    period : date
        First day of the first period of the new phase.
    reason_needed : str
        What has to be known before limits may be redrawn.
    evidence : str
        What the search saw: size, interval, p-value and the other dates that fit.

    Examples
    --------
    >>> offered = ProposedBoundary(period=date(2016, 4, 1), reason_needed="what changed in April 2016",
    ...                            evidence="up 4.0 points (2.1 to 5.9), p = 0.002, Mar to May 2016")
    >>> print(offered)
    2016-04-01 (not accepted: needs what changed in April 2016): up 4.0 points (2.1 to 5.9), p = 0.002, Mar to May 2016
    """

    period: date
    reason_needed: str = Field(min_length=1)
    evidence: str = Field(min_length=1)

    def __str__(self) -> str:
        return f"{self.period} (not accepted: needs {self.reason_needed}): {self.evidence}"
