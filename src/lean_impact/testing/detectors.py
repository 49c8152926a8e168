"""Laws that every change-point detector must obey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from lean_impact.changepoints import ChangePoints, Detector
from lean_impact.domain import Measure
from lean_impact.tables import Series
from lean_impact.testing._laws import hold, named, refuses, same
from lean_impact.testing.check import Check

__all__ = ["detector_checks"]

_N: Final = 60
_AT: Final = 30
_NEAR: Final = 2
_STEP: Final = 6.0
_N_STABLE: Final = 40
_SEED: Final = 20_150_901
# With at most 5 % promised, more than nine false alarms in forty stable series come once in 50,000 times.
_MOST_ALARMS: Final = 9
_MEASURE: Final = Measure(
    id="index",
    name="An index",
    kind="mean",
    improvement="increase",
    dimension="quality",
    frequency="month",
    unit="points",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    detector: Detector

    def detect(self, values: np.ndarray) -> ChangePoints:
        return self.detector.detect(_series(values))

    def places(self, values: np.ndarray) -> list[int]:
        """Return the positions of the changes."""
        result = self.detect(values)
        days = [np.datetime64(change.period, "D") for change in result.changes]
        return [int(np.flatnonzero(result.periods == day)[0]) for day in days]


def detector_checks(detector: Detector) -> Iterator[Check]:
    """Name the laws that a change-point detector must obey.

    Parameters
    ----------
    detector : Detector
        The detector to check, with the settings to check it with; its false-alarm rate at most 5 %.

    Yields
    ------
    Check
        One law after the other; run each by ``check.run()``.

    Notes
    -----
    Series are monthly values of an unbounded measure. A detector that is made for counts or proportions only
    breaks the laws of shift and scale by design: declare that as an expected failure.
    """
    yield from named(_LAWS, _Case(detector=detector))


def _series(values: np.ndarray) -> Series:
    values = np.array(values, dtype="float64")
    nothing = np.full(len(values), np.nan)
    parts = {
        "periods": (np.datetime64("2012-01", "M") + np.arange(len(values)).astype("timedelta64[M]")).astype(
            "datetime64[D]"
        ),
        "values": values,
        "numerators": nothing,
        "denominators": nothing.copy(),
        "flags": np.where(np.isnan(values), "missing", "published"),
    }
    for part in parts.values():
        part.setflags(write=False)
    return Series(trust="AA1", measure=_MEASURE, **parts)


def _noise(draw: int = 0) -> np.ndarray:
    return np.random.default_rng([_SEED, draw]).normal(size=_N)


def _stepped(draw: int = 0) -> np.ndarray:
    values: np.ndarray = _noise(draw) + _STEP * (np.arange(_N) >= _AT)
    return values


def _it_has_the_one_verb(case: _Case) -> None:
    hold(isinstance(case.detector, Detector), "it lacks detect(series)")
    result = case.detect(_stepped())
    hold(isinstance(result, ChangePoints), f"detect returns a {type(result).__name__}")
    hold(bool(result.provenance.parameters), "the result does not say with which settings it was found")


def _an_obvious_step_is_found_where_it_is(case: _Case) -> None:
    for draw in range(3):
        for direction in (1, -1):
            found = case.places(direction * _stepped(draw))
            near = any(abs(place - _AT) <= _NEAR for place in found)
            hold(near, f"a step of six standard deviations at {_AT} gives changes at {found}")


def _stable_series_seldom_alarm(case: _Case) -> None:
    alarms = sum(bool(case.detect(_noise(draw)).changes) for draw in range(_N_STABLE))
    hold(alarms <= _MOST_ALARMS, f"{alarms} of {_N_STABLE} stable series show a change")


def _a_constant_series_has_no_change(case: _Case) -> None:
    for level in (0.0, 1.0, -1e6):
        hold(not case.detect(np.full(_N, level)).changes, f"a series that is always {level} shows a change")


def _few_figures_are_said_to_be_too_few(case: _Case) -> None:
    for n in (1, 3):
        result = case.detect(_noise()[:n])
        hold(result.status != "judged" and not result.changes, f"a series of {n} periods was judged")
    result = case.detect(np.full(_N, np.nan))
    hold(result.status != "judged" and not result.changes, "a series without any figure was judged")


def _adding_a_constant_moves_no_date(case: _Case) -> None:
    for shift in (-1_000.0, 0.5):
        moved = case.places(_stepped() + shift)
        hold(moved == case.places(_stepped()), f"adding {shift} moves the changes to {moved}")


def _another_unit_moves_no_date(case: _Case) -> None:
    for factor in (0.01, 1_000.0):
        moved = case.places(_stepped() * factor)
        hold(moved == case.places(_stepped()), f"multiplying by {factor} moves the changes to {moved}")


def _turning_the_sign_moves_no_date(case: _Case) -> None:
    hold(case.places(-_stepped()) == case.places(_stepped()), "turning the sign moves the changes")


def _the_same_series_gives_the_same_answer(case: _Case) -> None:
    one, two = case.detect(_stepped()), case.detect(_stepped())
    hold(one.to_frame().equals(two.to_frame()), "a second time gives another table")
    hold(np.array_equal(one.fitted, two.fitted, equal_nan=True), "a second time fits otherwise")


def _the_input_is_left_untouched(case: _Case) -> None:
    series = _series(_stepped())
    before = series.values.copy()
    case.detector.detect(series)
    hold(np.array_equal(series.values, before), "detecting changed the series")


def _holes_are_left_out_and_never_filled(case: _Case) -> None:
    values = _stepped()
    values[[3, 17, 18, 41]] = np.nan
    result = case.detect(values)
    hold(
        np.array_equal(result.values, values, equal_nan=True), "the values of the result are not those given"
    )
    hold(sum(part.n_observed for part in result.segments) == _N - 4, "the segments do not count the figures")
    for place in case.places(values):
        hold(not np.isnan(values[place]), f"a change at {place}, where there is no figure")


def _a_value_that_is_no_number_is_refused(case: _Case) -> None:
    values = _stepped()
    values[5] = np.inf
    hold(refuses(lambda: case.detect(values)) is not None, "an infinite value was accepted")


def _changes_and_segments_tell_the_same_story(case: _Case) -> None:
    result = case.detect(_stepped())
    starts = [part.start for part in result.segments]
    hold(starts[1:] == [change.period for change in result.changes], "segments do not start at the changes")
    hold(all(a.end == b.start for a, b in pairwise(result.segments)), "segments leave time out or share it")
    for change, (before, after) in zip(result.changes, pairwise(result.segments), strict=True):
        same([change.before, change.after], [before.level, after.level], "a change has other levels")
    hold(len(result.to_frame()) == len(result.changes), "the table does not hold every change once")


def _every_change_comes_with_its_uncertainty(case: _Case) -> None:
    for change in case.detect(_stepped()).changes:
        inside = change.lower <= change.size <= change.upper
        hold(inside, f"the interval {change.lower} to {change.upper} does not hold {change.size}")
        hold(change.p_value.smallest <= change.p_value.value, "a p-value below the smallest reachable one")


_LAWS: Final[tuple[Callable[[_Case], None], ...]] = (
    _it_has_the_one_verb,
    _an_obvious_step_is_found_where_it_is,
    _stable_series_seldom_alarm,
    _a_constant_series_has_no_change,
    _few_figures_are_said_to_be_too_few,
    _adding_a_constant_moves_no_date,
    _another_unit_moves_no_date,
    _turning_the_sign_moves_no_date,
    _the_same_series_gives_the_same_answer,
    _the_input_is_left_untouched,
    _holes_are_left_out_and_never_filled,
    _a_value_that_is_no_number_is_refused,
    _changes_and_segments_tell_the_same_story,
    _every_change_comes_with_its_uncertainty,
)
