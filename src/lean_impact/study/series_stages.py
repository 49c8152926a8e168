"""The stages on dates of change: searches of each trust, all trusts at once, and the go-live question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lean_impact.changepoints import (
    ChangePoints,
    Detector,
    GoLive,
    GoLiveResult,
    RupturesDetector,
    Screen,
    Segmentation,
    StepTest,
    WindowComparison,
)
from lean_impact.domain import ChangePointPlan, Programme
from lean_impact.effects import Comparison
from lean_impact.errors import DesignError
from lean_impact.report import ChangeSearch
from lean_impact.tables import Panel, Series

__all__ = ["SeriesStages"]

_DRAWS: Final = 2500
"""Stable series in a table: fewer than by default, as a study needs a table for each of several calendars."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesStages:
    """Run what the plan says about dates of change.

    Parameters
    ----------
    plan : ChangePointPlan
        What is asked.
    programme : Programme
        Whose trusts are searched, and when they took it up.
    panel : Panel
        All figures.
    seed : int
        Root of everything random in these stages.
    """

    plan: ChangePointPlan
    programme: Programme
    panel: Panel
    seed: int

    @property
    def _test(self) -> StepTest:
        return StepTest(seed=self.seed, false_alarm=self.plan.false_alarm, draws=_DRAWS)

    @property
    def _detector(self) -> Detector:
        if self.plan.method == "ruptures":
            return self._second
        if self.plan.method == "step":
            return self._test
        return Segmentation(seed=self.seed, false_alarm=self.plan.false_alarm, draws=_DRAWS)

    @property
    def _second(self) -> RupturesDetector:
        return RupturesDetector(seed=self.seed, false_alarm=self.plan.false_alarm)

    @property
    def _window(self) -> Panel:
        return self.panel.window(self.plan.window.start, self.plan.window.end)

    def _own(self, measure: str) -> list[Series]:
        panel = self._window
        return [panel.series(code, measure) for code in self.programme.codes]

    def changes(self) -> tuple[WindowComparison, ...]:
        """Look for change-points blindly, then compare them with the adoption windows."""
        detector = self._detector
        return tuple(
            detector.detect(series).compare(self.programme.adoption_of(series.trust).window)
            for measure in self.plan.measures
            for series in self._own(measure)
        )

    def second_opinions(self) -> tuple[ChangePoints, ...]:
        """Search again by penalised least squares; nothing if that is the search of the plan, or not wanted."""
        if not self.plan.second_opinion or self.plan.method == "ruptures":
            return ()
        return tuple(
            self._second.detect(series) for measure in self.plan.measures for series in self._own(measure)
        )

    def searches(self, controls: Mapping[str, Comparison]) -> tuple[ChangeSearch, ...]:
        """Screen all trusts on each measure, and ask whether changes follow the programme.

        Parameters
        ----------
        controls : mapping of str to Comparison
            Comparison trusts by measure.
        """
        return tuple(self._search(measure, controls.get(measure)) for measure in self.plan.measures)

    def _search(self, measure: str, comparison: Comparison | None) -> ChangeSearch:
        panel = self._window
        everyone = sorted(panel.restrict(measures=(measure,)).trusts)
        screening = Screen(test=self._test, false_discovery=self.plan.false_discovery).detect(
            [panel.series(code, measure) for code in everyone]
        )
        others = [panel.series(code, measure) for code in (comparison.trusts if comparison else ())]
        try:
            agreement = screening.agreement(seed=self.seed)
        except DesignError:  # no series is long enough to be judged, which the screening says
            agreement = None
        return ChangeSearch(
            measure=panel.series(everyone[0], measure).measure,
            screening=screening,
            agreement=agreement,
            go_live=self._go_live(self._own(measure), others),
        )

    def _go_live(self, own: Sequence[Series], others: Sequence[Series]) -> GoLiveResult | None:
        windows = {code: self.programme.adoption_of(code).window for code in self.programme.codes}
        question = GoLive(
            test=self._test, lag=self.plan.lag, false_alarm=self.plan.false_alarm, seed=self.seed
        )
        try:
            return question.evaluate(own, windows=windows, controls=others)
        except DesignError:  # no site is long enough to be judged, which the searches say one by one
            return None
