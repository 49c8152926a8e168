from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from lean_impact.errors import DesignError
from lean_impact.kernels import runs
from lean_impact.spc import ANHOEJ, Baseline, Exclusion, Rebase, RunChart

SHIFTED = [*[10.0, 12.0] * 6, *[20.0, 22.0] * 6]


def test_limits_are_those_of_the_published_tables():
    # Useful observations, longest run and fewest crossings as in Anhøj and Olesen 2014, table 1.
    published = {10: (6, 2), 12: (7, 3), 16: (7, 4), 20: (7, 6), 24: (8, 8), 32: (8, 11), 60: (9, 23)}
    assert {n: ANHOEJ.limits(n) for n in published} == published


def test_a_shift_is_a_long_run_with_few_crossings(make_series):
    result = RunChart().chart(make_series(SHIFTED))
    (test,) = result.tests
    assert (test.longest_run, test.n_crossings) == (12, 1)
    assert test.long_run
    assert test.few_crossings
    assert (test.run_start, test.run_end, test.run_side) == (date(2018, 1, 1), date(2018, 12, 1), -1)
    assert result.variation == "non-random"


def test_a_run_that_still_lasts_has_a_direction(make_series):
    values = [*[10.0, 12.0] * 6, *[13.0] * 12]
    frozen = Baseline(freeze_before=date(2019, 1, 1))
    better = RunChart().chart(make_series(values), baseline=frozen)
    worse = RunChart().chart(make_series(values, improvement="decrease"), baseline=frozen)
    neutral = RunChart().chart(make_series(values, improvement="neutral"), baseline=frozen)
    assert (better.variation, worse.variation, neutral.variation) == ("improvement", "concern", "non-random")
    assert set(better.centre) == {11.0}


def test_few_useful_points_are_too_short_to_judge(make_series):
    result = RunChart().chart(make_series([1.0, 3.0] * 4))
    assert result.variation == "too short to judge"
    assert any("Too short to judge" in words for words in result.cautions)
    flat = RunChart().chart(make_series([5.0] * 20))
    assert flat.variation == "too short to judge"
    assert "nothing to judge" in flat.summary()


def test_points_on_the_median_are_dropped_even_if_rounding_moves_it(make_series):
    result = RunChart().chart(make_series([0.1] * 15))
    assert result.tests[0].n_useful == 0


def test_medians_are_taken_afresh_from_a_record_and_without_exclusions(make_series):
    result = RunChart().chart(
        make_series([*SHIFTED, 500.0]),
        rebase=[Rebase(date=date(2019, 1, 1), reason="merged", who="board")],
        exclude=[Exclusion(date=date(2020, 1, 1), reason="error", who="analyst")],
        target=11.0,
    )
    assert [float(result.centre[at]) for at in (0, -1)] == [11.0, 21.0]
    assert len(result.tests) == 2
    assert "merged" in result.description
    frame = result.to_frame()
    assert set(frame["phase"]) == {1, 2}
    assert set(frame["target"]) == {11.0}


def test_phases_are_proposed_and_nothing_is_redrawn(make_series):
    series = make_series(SHIFTED)
    (offered,) = RunChart().propose(series, baseline_points=12, run_length=9)
    assert offered.period == date(2019, 1, 1)
    assert "run of 9 above the median: 20.000 after 11.000" in offered.evidence
    assert RunChart().propose(series, direction="below") == ()
    assert set(RunChart().chart(series).centre) == {16.0}
    with pytest.raises(DesignError, match="no more than there are"):
        RunChart().propose(series, baseline_points=25)


def test_false_alarms_of_the_rules_are_as_simulated_elsewhere():
    noise = np.random.default_rng(5).standard_normal((4000, 24))
    found = runs.run_counts(noise, np.median(noise, axis=1, keepdims=True))
    longest, crossings = ANHOEJ.limits(24)
    rate = np.mean((found.longest_run > longest) | (found.n_crossings < crossings))
    assert rate == pytest.approx(0.02, abs=0.012)


def test_the_drawing_names_median_rules_and_the_long_run(make_series):
    ax = RunChart().chart(make_series(SHIFTED), target=15.0).plot()
    words = [text.get_text() for text in ax.texts]
    assert {"median 16.000", "target 15.000"} <= set(words)
    assert ax.get_xlabel() == "Run chart, rule set Anhøj"
    assert "longest run" in ax.get_legend().get_texts()[0].get_text()
    RunChart().chart(make_series([5.0] * 20)).plot()
