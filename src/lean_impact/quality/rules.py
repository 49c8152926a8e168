"""Thresholds of the quality checks."""

from __future__ import annotations

from pydantic import Field

from lean_impact.domain._model import DomainModel

__all__ = ["QualityRules"]


class QualityRules(DomainModel):
    """Set what counts as implausible.

    Parameters
    ----------
    volume_ratio : float, default 1.3
        A trust's denominator jumps when its median over the year after is this many times the median over
        the year before, or one over it, net of the national movement.
    share_change : float, default 0.10
        A share jumps when its median over the half-year after differs by this much from that over the
        half-year before, net of the national movement.
    spread : float, default 3.0
        A jump must also be this many times as large as is usual for such comparisons in the panel (1.4826
        times the median absolute deviation over all trusts and periods).
    national_ratio, national_share_change : float, default 1.15 and 0.05
        The same for the national movement itself.
    outlier_ratio, outlier_share_change : float, default 1.5 and 0.25
        A single period is an outlier when it is off each of the two periods before and the two after by
        this much, net of the national movement.
    perfect_periods : int, default 3
        Best possible values in a row that are too perfect.
    perfect_denominator : float, default 500
        Smallest denominator that makes a best possible value implausible.
    few_trusts : int, default 5
        With fewer trusts at a period no national movement is taken out there.

    Notes
    -----
    In the national 4-hour panel of November 2010 to December 2021, 157 organisations, the defaults find a
    jump in a volume in 56 of them and in the type-1 share in 98: reclassification is common.

    Examples
    --------
    >>> QualityRules(volume_ratio=1.5).volume_ratio
    1.5
    """

    volume_ratio: float = Field(default=1.3, gt=1)
    share_change: float = Field(default=0.10, gt=0, lt=1)
    spread: float = Field(default=3.0, gt=0)
    national_ratio: float = Field(default=1.15, gt=1)
    national_share_change: float = Field(default=0.05, gt=0, lt=1)
    outlier_ratio: float = Field(default=1.5, gt=1)
    outlier_share_change: float = Field(default=0.25, gt=0)
    perfect_periods: int = Field(default=3, ge=1)
    perfect_denominator: float = Field(default=500, gt=0)
    few_trusts: int = Field(default=5, ge=1)
