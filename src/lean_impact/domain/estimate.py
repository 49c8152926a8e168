"""An estimate that never travels without its uncertainty."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from lean_impact.domain._model import DomainModel

__all__ = ["Estimate", "PValue", "TrustEffect"]


class PValue(DomainModel):
    """A p-value with what it rests on and how small it could have been.

    Parameters
    ----------
    value : float
        The p-value, above 0.
    smallest : float
        The smallest value that this test could give on these data.
    method : str
        The test.
    assumption : str
        What must hold for it to be valid.
    draws : int, optional
        Number of random draws; None if all assignments were enumerated or a formula was used.

    Examples
    --------
    >>> print(PValue(value=0.031, smallest=0.0109, method="placebo rank", assumption="exchangeable trusts"))
    p = 0.031 (smallest reachable 0.011)
    """

    value: float = Field(gt=0, le=1)
    smallest: float = Field(ge=0, le=1)
    method: str = Field(min_length=1)
    assumption: str = Field(min_length=1)
    draws: int | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.value < self.smallest * (1 - 1e-9):
            raise ValueError(f"p-value {self.value} is below the smallest reachable value {self.smallest}")
        return self

    def __str__(self) -> str:
        return f"p = {self.value:.3f} (smallest reachable {self.smallest:.3f})"


class Estimate(DomainModel):
    """A number with its interval.

    Parameters
    ----------
    value : float
        Point estimate, in the unit of the measure.
    standard_error : float
        Its standard error, same unit.
    lower, upper : float
        Ends of the interval.
    level : float, default 0.95
        Nominal coverage of the interval.

    Examples
    --------
    >>> Estimate(value=-0.02, standard_error=0.01, lower=-0.04, upper=0.0).covers(0.0)
    True
    """

    value: float
    standard_error: float = Field(ge=0)
    lower: float
    upper: float
    level: float = Field(default=0.95, gt=0, lt=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lower <= self.value <= self.upper:
            raise ValueError(
                f"the interval {self.lower} to {self.upper} does not hold the estimate {self.value}"
            )
        return self

    def covers(self, value: float) -> bool:
        """Tell whether a value lies in the interval, ends included."""
        return self.lower <= value <= self.upper


class TrustEffect(DomainModel):
    """The estimated effect on one trust.

    Parameters
    ----------
    trust : str
        Trust code.
    estimate : Estimate
        Effect in the unit of the measure, positive where the measure went up.
    p_value : PValue, optional
        How unusual it is among trusts without the programme.
    shared_error : float, default 0
        Part of the standard error that the effects of one result have in common, because all are taken against
        the same comparison trusts: two effects have the product of theirs as covariance.

    Examples
    --------
    >>> estimate = Estimate(value=0.1, standard_error=0.05, lower=0.0, upper=0.2)
    >>> TrustEffect(trust="RTP", estimate=estimate, shared_error=0.01).shared_error
    0.01
    """

    trust: str
    estimate: Estimate
    p_value: PValue | None = None
    shared_error: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _part_of_the_whole(self) -> Self:
        if self.shared_error > self.estimate.standard_error * (1 + 1e-9):
            raise ValueError(
                f"the shared error {self.shared_error:g} of {self.trust} is larger than its standard error "
                f"{self.estimate.standard_error:g}"
            )
        return self
