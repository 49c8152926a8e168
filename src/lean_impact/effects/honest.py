"""How far parallel trends may fail before a conclusion does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self, TypedDict

import numpy as np

from lean_impact.domain import Estimate
from lean_impact.effects._event_time import EventTime, event_time
from lean_impact.effects.honest_result import BoundedInterval, Restriction, TrendSensitivity
from lean_impact.effects.result import EffectResult
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels.honest_relative import relative_breakdown, relative_interval
from lean_impact.kernels.honest_smooth import smooth_breakdown, smooth_interval

__all__ = ["relative_magnitudes", "smoothness"]

_FEW_BLOCKS = 3
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def relative_magnitudes(
    result: EffectResult,
    *,
    bounds: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0),
    blocks: Sequence[int] | None = None,
    every: int = 1,
) -> TrendSensitivity:
    r"""Allow trends to part after the start by a multiple of what they did before it.

    Parameters
    ----------
    result : EffectResult
        A result with an event study.
    bounds : sequence of float
        Multiples :math:`\bar M` of the largest step between neighbouring blocks before the start; not negative.
    blocks : sequence of int, optional
        Blocks after the start, counted from 0, whose effects are averaged; all if not given.
    every : int, default 1
        Periods to average in a block. Months are noisy, and the largest of many noisy steps is large; quarters or
        years say more about trends.

    Returns
    -------
    TrendSensitivity
        With the breakdown value.

    Raises
    ------
    DesignError
        If there is no usable event study, a block does not exist, a bound is negative, or there are fewer independent
        trusts than blocks.

    Notes
    -----
    The conditional least-favourable hybrid test of Andrews, Roth and Pakes, inverted over a grid; see
    ``lean_impact.kernels.honest_relative``. The test takes the covariance as known. Where it has
    few degrees of freedom it is widened so that without violation the interval is that of Student's t.

    References
    ----------
    Rambachan A, Roth J (2023), Review of Economic Studies 90:2555-2591. Andrews I, Roth J, Pakes A (2023),
    Review of Economic Studies 90:2763-2791.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from datetime import date
    >>> import pandas as pd
    >>> from lean_impact.domain import Measure, Window
    >>> from lean_impact.effects import AdoptionDesign, DifferenceInDifferences, EventStudy
    >>> from lean_impact.tables import Panel
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="year", unit="days")
    >>> rows = [(trust, f"{year}-01-01", 5 + level - (year >= 2016) * change)
    ...         for trust, level, change in (("TR1", 0, 1), ("TR2", 1, 1.2), ("CA1", 2, 0.1), ("CA2", 3, 0))
    ...         for year in range(2012, 2020)]
    >>> panel = Panel.from_frame(pd.DataFrame(rows, columns=["trust", "period", "value"]).assign(
    ...     measure="stay", flag="published", source="demo"), measures=[stay])
    >>> result = DifferenceInDifferences(aggregation="mean").estimate(panel, AdoptionDesign.block(
    ...     measure="stay", treated=["TR1", "TR2"], comparison=["CA1", "CA2"],
    ...     pre=Window(start=date(2012, 1, 1), end=date(2016, 1, 1)),
    ...     post=Window(start=date(2016, 1, 1), end=date(2020, 1, 1))))
    >>> study = EventStudy(horizons=np.array([-4, -3, -2, 0, 1]), covariance=0.01 * np.eye(5),
    ...                    estimates=np.array([0.1, -0.1, 0.0, -1.0, -1.1]))
    >>> found = relative_magnitudes(replace(result, event_study=study), bounds=(0.0, 1.0))
    >>> found.to_frame()["excludes_zero"].tolist(), round(found.breakdown, 2)
    ([True, True, True], 1.59)
    """
    case = _Case.of(result, bounds=bounds, blocks=blocks, every=every)
    with case.telling():
        found = [relative_interval(**case.inputs, m_bar=bound) for bound in case.bounds]
        breakdown = relative_breakdown(**case.inputs)
    rows = [
        BoundedInterval(bound=bound, lower=each.lower, upper=each.upper, connected=each.connected)
        for bound, each in zip(case.bounds, found, strict=True)
    ]
    return case.sensitivity("relative magnitude", rows, breakdown)


def smoothness(
    result: EffectResult,
    *,
    bounds: Sequence[float] | None = None,
    blocks: Sequence[int] | None = None,
    every: int = 1,
) -> TrendSensitivity:
    """Allow trends to part along a line that bends a little from block to block.

    Parameters
    ----------
    result : EffectResult
        A result with an event study.
    bounds : sequence of float, optional
        Largest changes of slope from one block to the next, in the unit of the measure; not negative. If not given, 0
        to 1 standard error of the effect.
    blocks : sequence of int, optional
        Blocks after the start, counted from 0, whose effects are averaged; all if not given.
    every : int, default 1
        Periods to average in a block.

    Returns
    -------
    TrendSensitivity
        With the breakdown value.

    Raises
    ------
    DesignError
        As :func:`relative_magnitudes`.

    Notes
    -----
    The shortest interval of fixed length around a linear estimator; see
    ``lean_impact.kernels.honest_smooth``. A bound of 0 extrapolates a straight difference in
    trends. The covariance is treated as in :func:`relative_magnitudes`.

    References
    ----------
    Rambachan A, Roth J (2023), Review of Economic Studies 90:2555-2591.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from datetime import date
    >>> import pandas as pd
    >>> from lean_impact.domain import Measure, Window
    >>> from lean_impact.effects import AdoptionDesign, DifferenceInDifferences, EventStudy
    >>> from lean_impact.tables import Panel
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="year", unit="days")
    >>> rows = [(trust, f"{year}-01-01", 5 + level - (year >= 2016) * change)
    ...         for trust, level, change in (("TR1", 0, 1), ("TR2", 1, 1.2), ("CA1", 2, 0.1), ("CA2", 3, 0))
    ...         for year in range(2012, 2020)]
    >>> panel = Panel.from_frame(pd.DataFrame(rows, columns=["trust", "period", "value"]).assign(
    ...     measure="stay", flag="published", source="demo"), measures=[stay])
    >>> result = DifferenceInDifferences(aggregation="mean").estimate(panel, AdoptionDesign.block(
    ...     measure="stay", treated=["TR1", "TR2"], comparison=["CA1", "CA2"],
    ...     pre=Window(start=date(2012, 1, 1), end=date(2016, 1, 1)),
    ...     post=Window(start=date(2016, 1, 1), end=date(2020, 1, 1))))
    >>> study = EventStudy(horizons=np.array([-4, -3, -2, 0, 1]), covariance=0.01 * np.eye(5),
    ...                    estimates=np.array([0.1, -0.1, 0.0, -1.0, -1.1]))
    >>> found = smoothness(replace(result, event_study=study), bounds=(0.0, 0.1))
    >>> found.to_frame()["excludes_zero"].tolist(), round(found.breakdown, 2)
    ([True, True, True], 0.39)
    """
    case = _Case.of(result, bounds=bounds, blocks=blocks, every=every)
    with case.telling():
        found = [smooth_interval(**case.inputs, m=bound) for bound in case.bounds]
        breakdown = smooth_breakdown(**case.inputs)
    rows = [
        BoundedInterval(bound=bound, lower=each.lower, upper=each.upper)
        for bound, each in zip(case.bounds, found, strict=True)
    ]
    return case.sensitivity("change of slope", rows, breakdown)


class _Inputs(TypedDict):
    coefficients: np.ndarray
    covariance: np.ndarray
    n_pre: int
    weights: np.ndarray
    alpha: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Case:
    """One result with the bounds to try."""

    result: EffectResult
    time: EventTime
    weights: np.ndarray
    blocks: tuple[int, ...]
    bounds: tuple[float, ...]
    level: float

    @classmethod
    def of(
        cls,
        result: EffectResult,
        *,
        bounds: Sequence[float] | None,
        blocks: Sequence[int] | None,
        every: int,
    ) -> Self:
        time = event_time(result, every=every)
        chosen = tuple(range(int(time.effective.sum()))) if blocks is None else tuple(blocks)
        weights = time.weights(chosen)
        case = cls(
            result=result,
            time=time,
            weights=weights,
            blocks=chosen,
            bounds=(),
            level=result.pooled.level,
        )
        tried = [share * case.original.standard_error for share in _SHARES] if bounds is None else bounds
        bad = [bound for bound in tried if not (np.isfinite(bound) and bound >= 0)]
        if bad or not len(tried):
            raise DesignError(
                "violations of parallel trends are bounded by at least one number from 0 up",
                [Issue(rule="bad-bound", message=f"{bound} is not such a number") for bound in bad],
            )
        return replace(case, bounds=tuple(sorted({float(bound) for bound in tried})))

    @property
    def widening(self) -> float:
        """Factor of the standard errors that turns a normal interval into Student's."""
        return self.time.widening(self.level)

    @property
    def inputs(self) -> _Inputs:
        return {
            "coefficients": self.time.estimates,
            "covariance": self.widening**2 * self.time.covariance,
            "n_pre": self.time.n_pre,
            "weights": self.weights,
            "alpha": 1 - self.level,
        }

    @property
    def original(self) -> Estimate:
        """The effect with parallel trends."""
        return self.time.effect(self.weights, level=self.level)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Turn what a kernel refuses into an error about the design."""
        try:
            yield
        except ValueError as error:
            raise DesignError(
                f"the event study of '{self.result.method}' on {self.result.measure.name} allows no sensitivity: "
                f"{error}. It has {len(self.time.times)} blocks of {self.time.every} period(s) from "
                f"{self.result.n_treated} treated and {self.result.n_comparison} comparison trusts; average more "
                "periods in a block"
            ) from error

    def sensitivity(
        self, restriction: Restriction, rows: Sequence[BoundedInterval], breakdown: float
    ) -> TrendSensitivity:
        step = f"sensitivity to violations of parallel trends: {restriction}, blocks of {self.time.every}"
        provenance = self.result.provenance
        return TrendSensitivity(
            measure=self.result.measure,
            method=self.result.method,
            restriction=restriction,
            original=self.original,
            intervals=tuple(rows),
            breakdown=breakdown,
            blocks=self.blocks,
            every=self.time.every,
            cautions=tuple(self._cautions(rows)),
            provenance=provenance.model_copy(update={"steps": (*provenance.steps, step)}),
        )

    def _cautions(self, rows: Sequence[BoundedInterval]) -> Iterator[str]:
        if self.time.n_pre < _FEW_BLOCKS:
            yield (
                f"the event study has {self.time.n_pre} block(s) before its reference; what trends did before says "
                "little about what they may do after"
            )
        if np.isfinite(self.time.df):
            yield (
                f"the covariance has {self.time.df:.1f} degrees of freedom; it is widened by "
                f"{self.widening:.2f} so that without violation the interval is Student's"
            )
        gaps = [f"{row.bound:g}" for row in rows if not row.connected]
        if gaps:
            yield f"the confidence set has gaps at {', '.join(gaps)}; the interval is its hull"
