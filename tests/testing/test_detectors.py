"""The laws catch detectors that break them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from lean_impact.changepoints import RupturesDetector
from lean_impact.domain import Provenance
from lean_impact.testing import detector_checks

SOUND = RupturesDetector(seed=1, draws=199)


@dataclass
class Spoilt:
    """A sound detector, and something done to the series before or to the result after."""

    before: object = None
    after: object = None

    def detect(self, series):
        result = SOUND.detect(self.before(series) if self.before else series)
        return self.after(result, series) if self.after else result


def hasty(result, series):
    """Report whatever looks like a change without asking how often chance does the same."""
    return RupturesDetector(seed=1, draws=199, false_alarm=0.45).detect(series)


def blind(result, series):
    return replace(result, changes=(), segments=())


def rounded(series):
    return replace(series, values=np.round(series.values / 100) * 100)


def filled(series):
    return replace(series, values=np.nan_to_num(series.values, posinf=9.0))


def rising(series):
    """Look at rises only."""
    values = series.values
    return replace(series, values=np.maximum.accumulate(np.where(np.isnan(values), -9e9, values)))


def nervous(result, series):
    return replace(result, fitted=np.random.default_rng().normal(size=len(series)))


def unsure(result, series):
    return replace(
        result,
        changes=tuple(replace(change, lower=change.upper, upper=change.upper) for change in result.changes),
    )


def shifted(result, series):
    return replace(result, segments=result.segments[1:])


def silent(result, series):
    return replace(result, provenance=Provenance())


FAULTS = {
    "hasty": (Spoilt(after=hasty), "stable series seldom alarm"),
    "blind": (Spoilt(after=blind), "an obvious step is found where it is"),
    "rounded": (Spoilt(before=rounded), "another unit moves no date"),
    "filled": (Spoilt(before=filled), "holes are left out and never filled"),
    "filled-infinite": (Spoilt(before=filled), "a value that is no number is refused"),
    "rising": (Spoilt(before=rising), "turning the sign moves no date"),
    "nervous": (Spoilt(after=nervous), "the same series gives the same answer"),
    "unsure": (Spoilt(after=unsure), "every change comes with its uncertainty"),
    "shifted": (Spoilt(after=shifted), "changes and segments tell the same story"),
    "silent": (Spoilt(after=silent), "it has the one verb"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_caught_by_its_law(fault, broken):
    detector, law = FAULTS[fault]
    checks = [check for check in detector_checks(detector) if check.name == law]
    assert law in broken(checks)


def test_writing_into_the_series_is_caught():
    def scribble(series):
        series.values[0] = 0.0
        return series

    checks = {check.name: check for check in detector_checks(Spoilt(before=scribble))}
    with pytest.raises(ValueError, match="read-only"):
        checks["the input is left untouched"].run()


def test_a_sound_detector_breaks_none(broken):
    assert broken(detector_checks(SOUND)) == {}
