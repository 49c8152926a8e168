"""What the charts of counts, rates and proportions share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lean_impact.kernels import shewhart as kernel
from lean_impact.kernels.shewhart import Spread
from lean_impact.kernels.special_causes import Lines
from lean_impact.spc._charting import Limited, Method, draw_up
from lean_impact.spc._decisions import Decisions, Target, check_series
from lean_impact.spc.control_chart import ControlChart
from lean_impact.spc.points import ChartKind
from lean_impact.spc.records import Baseline, Exclusion, Rebase
from lean_impact.spc.rules import NHS_2023, RuleSet
from lean_impact.tables import Series

__all__ = ["CountChart", "beyond_chance", "lines_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountChart(ABC):
    """What the charts of counts share: one verb, and decisions about baseline, new limits and targets."""

    rules: RuleSet = NHS_2023
    screen: bool = True

    def chart(
        self,
        series: Series,
        *,
        baseline: Baseline | None = None,
        rebase: Sequence[Rebase] = (),
        exclude: Sequence[Exclusion] = (),
        target: Target = None,
    ) -> ControlChart:
        """Compute limits and judge every point.

        Parameters
        ----------
        series : Series
            One trust's figures on one measure.
        baseline : Baseline, optional
            Freeze limits to early points; without it all points of a phase make its limits.
        rebase : sequence of Rebase
            Dates from which new limits hold, each with its reason.
        exclude : sequence of Exclusion
            Points that count neither for the limits nor for the rules.
        target : float or sequence of TargetStep, optional
            Standard to meet, in the unit of the measure: one for all periods, or from dates on. The measure's
            own target if not given.

        Returns
        -------
        ControlChart
            Limits, signals and both icons.

        Raises
        ------
        TableError
            If a row cannot be; every one is listed.
        DesignError
            If there is no figure, or a decision does not fit the series; every problem is listed.
        """
        self._check(series)
        values = self._values(series)
        check_series(series, values)
        decisions = Decisions.of(
            series, values, baseline=baseline, rebase=rebase, exclude=exclude, target=target
        )
        judged = np.where(decisions.excluded(series), np.nan, values)
        kind = self._kind(series, decisions.basis(series, judged, decisions.phase(series)))
        method = Method(
            kind=kind,
            rules=self.rules,
            screen=self.screen,
            values=values,
            limits=lambda at, counted: self._limits(kind, series, at, counted),
            parameters=self._parameters(),
        )
        return draw_up(method, series, decisions)

    def _values(self, series: Series) -> np.ndarray:
        return series.values

    def _parameters(self) -> dict[str, str]:
        return {}

    @abstractmethod
    def _check(self, series: Series) -> None: ...

    @abstractmethod
    def _kind(self, series: Series, basis: np.ndarray) -> ChartKind: ...

    @abstractmethod
    def _limits(self, kind: ChartKind, series: Series, at: np.ndarray, counted: np.ndarray) -> Limited: ...


def lines_of(spread: Spread, *, lowest: float = -np.inf, highest: float = np.inf) -> Lines:
    """Return centre, limits at three sigma and near limits at two, cut at what can be reached.

    Parameters
    ----------
    spread : Spread
        Centre and standard error of one phase.
    lowest, highest : float
        What the figures can reach.

    Returns
    -------
    Lines
        One value for each point.
    """
    sigma = spread.sigma
    centre = np.broadcast_to(spread.centre, sigma.shape)
    lower, near_lower, near_upper, upper = (
        np.clip(centre + times * sigma, lowest, highest) for times in (-3, -2, 2, 3)
    )
    return Lines(centre, lower, upper, near_lower, near_upper, np.abs(np.nan_to_num(centre)))


def beyond_chance(spread: Spread, counted: np.ndarray, *, screen: bool) -> float:
    """Return Laney's sigma z of one phase, see :func:`lean_impact.kernels.shewhart.sigma_z`."""
    return float(kernel.sigma_z(spread, counted, screen=screen)[..., 0])
