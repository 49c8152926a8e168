"""What must hold for every series: equivariance, locality of phases, and agreement with plain loops."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lean_impact.domain import Measure
from lean_impact.kernels import xmr
from lean_impact.spc import Baseline, Rebase, XmR
from lean_impact.tables import Series

# Whole numbers: sums and shifts of them are exact, so a law holds exactly and not nearly.
whole = st.integers(-1000, 1000).map(float)
numbers = st.lists(whole, min_size=1, max_size=40).map(np.array)
gappy = st.lists(st.one_of(whole, whole, whole, st.just(np.nan)), min_size=1, max_size=40).map(np.array)
# Few distinct values make runs, ties and points on a line.
steps = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 8.0, np.nan]), min_size=1, max_size=30).map(np.array)


def _judge(values, **options):
    phase = np.ones(len(values), dtype=int)
    return xmr.chart(values, phase, basis=np.isfinite(values), **options)


@given(gappy, st.integers(-1000, 1000), st.sampled_from([0.25, 0.5, 2.0, 4.0, 1024.0]), st.booleans())
def test_unit_and_origin_do_not_matter(values, origin, unit, screen):
    centre, width, found = _judge(values, screen=screen)
    centre_after, width_after, found_after = _judge(origin + unit * values, screen=screen)
    np.testing.assert_allclose(centre_after, origin + unit * centre, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(width_after, unit * width, rtol=1e-12)
    for before, after in zip(found, found_after, strict=True):
        np.testing.assert_array_equal(before, after)


@given(gappy, st.booleans())
def test_turning_the_scale_over_swaps_high_and_low(values, screen):
    centre, width, found = _judge(values, screen=screen)
    centre_after, width_after, turned = _judge(-values, screen=screen)
    np.testing.assert_array_equal(centre_after - width_after, -(centre + width))
    for before, after in (
        (found.outside, turned.outside),
        (found.rising, turned.falling),
        (found.falling, turned.rising),
        (found.two_in_three, turned.two_in_three),
        (found.shift, turned.shift),
    ):
        np.testing.assert_array_equal(before, -after)
    for prefer in (-1, 0, 1):
        rule, side = xmr.shown(found, prefer=prefer)
        rule_after, side_after = xmr.shown(turned, prefer=-prefer)
        np.testing.assert_array_equal(rule, rule_after)
        np.testing.assert_array_equal(side, -side_after)


@given(st.floats(-1e9, 1e9), st.integers(3, 40))
def test_a_constant_series_has_no_signal(value, n_points):
    centre, width, found = _judge(np.full(n_points, value))
    np.testing.assert_allclose(centre, value, rtol=1e-14)
    assert (width == 0).all()
    assert not any(mark.any() for mark in found)


@given(gappy, gappy, st.booleans())
def test_frozen_limits_do_not_depend_on_later_points(early, late, screen):
    values = np.concatenate([early, late])
    basis = np.arange(len(values)) < len(early)
    phase = np.ones(len(values), dtype=int)
    centre, width, _ = xmr.chart(values, phase, basis=basis, screen=screen)
    alone, alone_width, _ = _judge(early, screen=screen)
    np.testing.assert_array_equal(centre, np.full(len(values), alone[0]))
    np.testing.assert_array_equal(width, np.full(len(values), alone_width[0]))


@given(gappy, gappy)
def test_a_phase_is_judged_as_if_it_stood_alone(first, second):
    values = np.concatenate([first, second])
    phase = np.repeat([1, 2], [len(first), len(second)])
    centre, width, found = xmr.chart(values, phase, basis=np.isfinite(values))
    for number, part in ((1, first), (2, second)):
        at = phase == number
        alone, alone_width, alone_found = _judge(part)
        np.testing.assert_array_equal(centre[at], alone)
        np.testing.assert_array_equal(width[at], alone_width)
        for whole, piece in zip(found, alone_found, strict=True):
            np.testing.assert_array_equal(whole[at], piece)


@given(st.integers(1, 20).flatmap(lambda n: st.lists(st.lists(whole, min_size=n, max_size=n), min_size=1)))
def test_many_series_at_once_are_judged_as_one_by_one(rows):
    matrix = np.array(rows)
    phase = np.ones(matrix.shape[1], dtype=int)
    basis = np.ones(matrix.shape[1], dtype=bool)
    centre, width, found = xmr.chart(matrix, phase, basis=basis)
    for at, row in enumerate(matrix):
        alone, alone_width, alone_found = xmr.chart(row, phase, basis=basis)
        np.testing.assert_allclose(centre[at], alone, rtol=1e-12)
        np.testing.assert_allclose(width[at], alone_width, rtol=1e-12)
        for whole_mark, mark in zip(found, alone_found, strict=True):
            np.testing.assert_array_equal(whole_mark[at], mark)


def _windows(n_points, length):
    return [range(start, start + length) for start in range(n_points - length + 1)]


def _marked(n_points, hits):
    """Mark the points of the windows that hit with the sign of the hit."""
    marks = [0] * n_points
    for window, sign in hits:
        for at in window:
            marks[at] = sign
    return marks


def _by_loops(values, centre, width, near_includes_outside):
    """Judge by the words of the rules, one point and one window at a time."""
    n = len(values)
    side = [0 if not np.isfinite(v) or abs(v - centre) < 1e-9 else (1 if v > centre else -1) for v in values]
    # Limits of no width lie on the centre line: whatever is off the line is beyond them.
    far = [
        0.0 if s == 0 else abs(v - centre) / width if width > 0 else np.inf
        for v, s in zip(values, side, strict=True)
    ]
    outside = [s if f > 1 + 1e-12 else 0 for s, f in zip(side, far, strict=True)]
    near = [f > 2 / 3 + 1e-12 and (near_includes_outside or not o) for f, o in zip(far, outside, strict=True)]

    def one_side(window):
        return side[window[0]] if len({side[at] for at in window}) == 1 else 0

    def direction(window):
        signs = {float(np.sign(values[at + 1] - values[at])) for at in window[:-1]}
        return int(signs.pop()) if signs in ({1.0}, {-1.0}) else 0

    sevens = _windows(n, 7)
    threes = [w for w in _windows(n, 3) if one_side(w) and sum(near[at] for at in w) >= 2]
    return (
        outside,
        _marked(n, [(w, 1) for w in sevens if direction(w) == 1]),
        _marked(n, [(w, -1) for w in sevens if direction(w) == -1]),
        _marked(n, [([at for at in w if near[at]], one_side(w)) for w in threes]),
        _marked(n, [(w, one_side(w)) for w in sevens if one_side(w)]),
    )


@given(steps, st.booleans())
@example(np.array([1.0, 0.0, 0.0, 0.0, 0.0]), False)
def test_signals_agree_with_the_rules_spelled_out_in_loops(values, near_includes_outside):
    limits = xmr.limits(values)
    found = xmr.signals(values, limits, near_includes_outside=near_includes_outside)
    if np.isnan(limits.centre):
        assert not any(mark.any() for mark in found)
        return
    expected = _by_loops(values, float(limits.centre), float(limits.width), near_includes_outside)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.tolist() == theirs


def _series(values, improvement="increase"):
    measure = Measure(
        id="law",
        name="Law",
        kind="mean",
        improvement=improvement,
        dimension="quality",
        frequency="month",
        unit="unit",
        target=1.0,
    )
    months = np.datetime64("2015-01", "M") + np.arange(len(values)).astype("timedelta64[M]")
    none = np.full(len(values), np.nan)
    return Series(
        trust="RTP",
        measure=measure,
        periods=months.astype("datetime64[D]"),
        values=values,
        numerators=none,
        denominators=none,
        flags=np.where(np.isnan(values), "missing", "published"),
    )


@given(numbers)
def test_the_input_is_untouched_and_the_result_cannot_be_changed(values):
    before = values.copy()
    chart = XmR().chart(_series(values))
    np.testing.assert_array_equal(values, before)
    for array in (chart.centre, chart.lower, chart.upper, chart.values, chart.periods, chart.rule):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[0]


@given(gappy.filter(lambda values: np.isfinite(values).any()))
def test_with_the_other_direction_improvement_and_concern_change_places(values):
    up = XmR().chart(_series(values))
    down = XmR().chart(_series(-values, improvement="decrease"))
    assert up.point_types == down.point_types
    assert up.variation == down.variation
    assert {up.variation_side, down.variation_side} in ({None}, {"high", "low"})


@given(gappy.filter(lambda values: np.isfinite(values).any()))
def test_every_labelled_point_lies_in_a_signal_and_every_signal_in_the_series(values):
    chart = XmR().chart(_series(values))
    periods = chart.periods.astype(object)
    for period, label in zip(periods, chart.labels, strict=True):
        covered = [signal for signal in chart.signal_records if signal.start <= period <= signal.end]
        if label not in {"common cause", "no value", "not judged"}:
            assert covered
    for signal in chart.signal_records:
        assert periods[0] <= signal.start <= signal.confirmed <= signal.end <= periods[-1]
    frame = chart.signals()
    assert len(frame) == len(chart.signal_records)


@given(numbers.filter(lambda values: len(values) >= 4), st.integers(1, 39))
def test_a_declared_date_freezes_what_a_shorter_series_had(values, cut):
    cut = min(cut, len(values) - 1)
    series = _series(values)
    declared = series.periods[cut].item()
    frozen = XmR().chart(series, baseline=Baseline(freeze_before=declared))
    short = XmR().chart(_series(values[:cut]))
    np.testing.assert_array_equal(frozen.centre[:cut], short.centre)
    np.testing.assert_array_equal(frozen.upper[:cut], short.upper)
    rebased = XmR().chart(series, rebase=[Rebase(date=declared, reason="law", who="law", source="law")])
    assert rebased.labels[:cut] == short.labels
    assert isinstance(declared, date)
