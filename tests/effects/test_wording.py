"""The words follow the evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lean_impact.domain import Summary
from lean_impact.effects import Calibration, conclusion, doubt, impossible, verdict


@pytest.mark.parametrize(
    ("effect", "improvement", "found", "begins"),
    [
        (0.05, "increase", "improvement", "Visible improvement in Seen within 4 hours"),
        (-0.05, "increase", "worsening", "Visible worsening in Seen within 4 hours"),
        (0.05, "decrease", "worsening", "Visible worsening"),
        (-0.05, "decrease", "improvement", "Visible improvement"),
        (0.05, "neutral", "rise", "Visible rise"),
        (-0.05, "neutral", "fall", "Visible fall"),
        (0.0, "increase", "none", "No visible effect on Seen within 4 hours"),
    ],
)
def test_verdict_follows_direction(world, make_measure, effect, improvement, found, begins):
    result = world.estimate(measure=make_measure(improvement=improvement), effect=effect)
    assert verdict(result) == found
    assert conclusion(result).startswith(begins)


def test_conclusion_gives_numbers_interval_and_p(world):
    result = world.estimate(effect=0.05)
    text = conclusion(result)
    measure = result.measure
    assert measure.format_change(result.pooled.value) in text
    assert measure.format_range(result.pooled.lower, result.pooled.upper) in text
    assert "95% interval" in text
    assert "p < 0.001" in text
    assert "5 treated trusts" in text
    assert "25 comparison trusts" in text


def test_none_is_not_called_no_effect(world):
    assert "are compatible with the figures" in conclusion(world.estimate())


def test_a_test_that_cries_wolf_shows_nothing(world):
    sure = world.estimate(effect=0.05)
    alarm = Calibration(n_groups=2000, exact=False, nominal=0.05, false_alarm_rate=0.2)
    doubtful = replace(sure, calibration=alarm)
    assert verdict(doubtful) == "none"
    assert "cries wolf on these data in 20.0% of cases" in conclusion(doubtful)


def raised(result, share, to):
    """Put the counterfactual of a share of the periods with the programme at a value."""
    after = np.flatnonzero(result.path.used & (result.path.periods >= np.datetime64(result.post.start)))
    comparison = result.path.comparison.copy()
    comparison[after[: round(share * len(after))]] = to
    return replace(result, path=replace(result.path, comparison=comparison))


@pytest.mark.parametrize("to", [1.134, -0.02])
def test_a_counterfactual_that_cannot_be_shows_nothing(world, to):
    result = raised(world.estimate(effect=-0.05), 0.5, to)
    assert verdict(result) == "none"
    assert f"(as far as {result.measure.format(to)})" in impossible(result)
    assert impossible(result) == doubt(result)
    assert doubt(result) in conclusion(result)
    assert impossible(result) in result.summary()


def test_what_is_possible_is_no_doubt(world):
    result = world.estimate(effect=-0.05)
    assert impossible(result) == doubt(result) == impossible(raised(result, 0.5, 1.0)) == ""
    one = raised(result, 0.04, 1.2)
    assert verdict(one) == "worsening", "a single month is no reason"


def test_only_proportions_and_counts_have_bounds(world, make_measure):
    result = world.estimate(effect=-0.05)
    rate = replace(result, measure=make_measure(kind="ratio"))
    assert impossible(raised(rate, 0.5, 1.2)) == ""
    count = replace(result, measure=make_measure(kind="count"))
    assert impossible(raised(count, 0.5, 1.2)) == ""
    assert "possible" in impossible(raised(count, 0.5, -3.0))


@pytest.mark.parametrize(
    ("rate", "too_many", "too_few"),
    [(0.02, False, True), (0.05, False, False), (0.08, False, False), (0.09, True, False)],
)
def test_the_tolerated_band(rate, too_many, too_few):
    found = Calibration(n_groups=100, exact=True, nominal=0.05, false_alarm_rate=rate)
    assert (found.too_many, found.too_few) == (too_many, too_few)


def test_the_band_moves_with_the_level():
    assert not Calibration(n_groups=9, exact=True, nominal=0.1, false_alarm_rate=0.1).too_many
    assert Calibration(n_groups=9, exact=True, nominal=0.01, false_alarm_rate=0.05).too_many


def test_summary_holds_everything(world):
    result = world.estimate(effect=0.05)
    text = result.summary()
    assert isinstance(text, Summary)
    for trust in world.treated:
        assert f"{trust}: " in text
    for p in result.p_values:
        assert p.method in text
        assert p.assumption in text
    assert "Calibration: this method cries wolf" in text
    assert "Monte-Carlo error" in text
    assert all(caution in text for caution in result.cautions)
