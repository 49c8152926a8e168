"""Laws of effects: what must hold whatever the figures."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lean_impact.domain import Measure, Window
from lean_impact.effects import AdoptionDesign, DifferenceInDifferences, EffectResult
from lean_impact.kernels.collapsed import placebo_p, t_p_value, t_statistic, welch_contrast
from lean_impact.kernels.randomisation import draw_groups, rank_p
from lean_impact.tables import Panel

MEASURE = Measure(
    id="stay",
    name="Length of stay",
    kind="mean",
    improvement="decrease",
    dimension="efficiency",
    frequency="year",
    unit="days",
)
TREATED, COMPARISON = ("T1A", "T2A", "T3A"), ("C1A", "C2A", "C3A", "C4A", "C5A", "C6A")
N_PERIODS, START = 8, 4
PRE = Window(start=date(2010, 1, 1), end=date(2014, 1, 1))
POST = Window(start=date(2014, 1, 1), end=date(2018, 1, 1))

# Whole hundredths keep rounding out of the laws; a fixed ramp makes sure that comparison trusts differ.
CELLS = hnp.arrays(
    np.float64, (N_PERIODS, 9), elements=st.integers(-2_000, 2_000).map(lambda cell: cell / 100)
)
SHIFT = st.integers(-1_000, 1_000).map(lambda shift: shift / 100)
RAMP = np.concatenate([np.zeros((START, 9)), np.tile(np.arange(9) * 7.77, (N_PERIODS - START, 1))])


def estimate(cells: np.ndarray, *, comparison=COMPARISON, order=None, seed=1) -> EffectResult:
    frame = pd.DataFrame(
        {
            "trust": np.tile([*TREATED, *COMPARISON], N_PERIODS),
            "measure": "stay",
            "period": np.repeat(pd.date_range("2010-01-01", periods=N_PERIODS, freq="YS").to_numpy(), 9),
            "value": (cells + RAMP).ravel(),
            "flag": "published",
            "source": "synthetic",
        }
    )
    frame = frame if order is None else frame.iloc[order]
    estimator = DifferenceInDifferences(aggregation="mean", seed=seed, draws=99, calibration_groups=50)
    return estimator.estimate(
        Panel.from_frame(frame, measures=[MEASURE]),
        AdoptionDesign.block(measure="stay", treated=TREATED, comparison=comparison, pre=PRE, post=POST),
    )


def numbers(result: EffectResult) -> np.ndarray:
    pooled = result.pooled
    return np.array(
        [pooled.value, pooled.lower, pooled.upper, *(effect.estimate.value for effect in result.effects)]
    )


@given(cells=CELLS, shift=SHIFT)
def test_adding_to_the_treated_after_moves_the_estimate_by_exactly_that(cells, shift):
    moved = cells.copy()
    moved[START:, :3] += shift
    assert numbers(estimate(moved)) == pytest.approx(numbers(estimate(cells)) + shift, abs=1e-9)


@given(cells=CELLS, factor=st.sampled_from([0.5, 2.0, 10.0]))
def test_another_unit_rescales_everything_and_keeps_p(cells, factor):
    once, again = estimate(cells), estimate(factor * cells + (factor - 1) * RAMP)
    assert numbers(again) == pytest.approx(factor * numbers(once), abs=1e-9)
    assert [p.value for p in again.p_values] == pytest.approx([p.value for p in once.p_values], rel=1e-6)


@given(
    cells=CELLS,
    trusts=hnp.arrays(np.float64, 9, elements=SHIFT),
    periods=hnp.arrays(np.float64, 8, elements=SHIFT),
)
def test_what_is_constant_for_a_trust_or_a_period_changes_nothing(cells, trusts, periods):
    once, again = estimate(cells), estimate(cells + trusts + periods[:, None])
    assert numbers(again) == pytest.approx(numbers(once), abs=1e-9)


@given(cells=CELLS, seed=st.integers(0, 10_000))
def test_order_of_rows_and_of_comparison_trusts_changes_nothing(cells, seed):
    rng = np.random.default_rng(seed)
    shuffled = tuple(str(code) for code in rng.permutation(COMPARISON))
    once = estimate(cells)
    again = estimate(cells, comparison=shuffled, order=rng.permutation(N_PERIODS * 9))
    assert numbers(again) == pytest.approx(numbers(once), abs=1e-9)
    assert [p.value for p in again.p_values] == pytest.approx([p.value for p in once.p_values], rel=1e-6)


@given(cells=CELLS)
def test_intervals_hold_estimates_and_p_values_stay_in_bounds(cells):
    result = estimate(cells)
    for effect in result.effects:
        assert effect.estimate.covers(effect.estimate.value)
        assert effect.p_value.smallest <= effect.p_value.value <= 1
    for p in result.p_values:
        assert p.smallest * (1 - 1e-9) <= p.value <= 1
    # The default p-value and its interval are the same test.
    if abs(result.p_value.value - 0.05) > 1e-9:
        assert (result.p_value.value < 0.05) == (not result.pooled.covers(0.0))


# ---------------------------------------------------------------------- what holds in the long run

N_PANELS = 800


def within(share: float, promised: float) -> bool:
    """Five binomial standard deviations: a true law fails once in two million."""
    return abs(share - promised) <= 5 * (promised * (1 - promised) / N_PANELS) ** 0.5


@pytest.fixture(scope="module")
def null_p_values():
    """p-values on trusts that differ by nothing but chance, 5 treated of 30, heavy-tailed changes."""
    rng = np.random.default_rng(20150716)
    values, own = rng.standard_t(4, (N_PANELS, 30)), np.arange(5)[None, :]
    found = []
    for row in values:
        members = draw_groups(30, 5, draws=199, rng=rng).members
        observed, drawn = welch_contrast(row, own), welch_contrast(row, members)
        plain = rank_p(float(observed.difference[0]), drawn.difference, exact=False).p
        t = t_statistic(observed.difference, observed.standard_error)
        studentised = rank_p(float(t[0]), t_statistic(drawn.difference, drawn.standard_error), exact=False).p
        others = row[5:]
        rank = placebo_p(row[0] - others.mean(), (others - others.mean()) * 25 / 24)
        found.append((plain, studentised, rank))
    return np.array(found)


@pytest.mark.parametrize("test", [0, 1])
@pytest.mark.parametrize("level", [0.05, 0.1, 0.25, 0.5, 0.8])
def test_randomisation_p_values_are_uniform_without_an_effect(null_p_values, test, level):
    assert within(float((null_p_values[:, test] <= level + 1e-12).mean()), level)


@pytest.mark.parametrize("level", [2 / 26, 5 / 26, 13 / 26])
def test_placebo_ranks_are_nearly_uniform_without_an_effect(null_p_values, level):
    # Nearly: placebos are compared with one trust fewer than the treated one is.
    share = float((null_p_values[:, 2] <= level + 1e-12).mean())
    assert within(share, level)


def test_welch_keeps_its_promise_where_plain_randomisation_does_not():
    # Five treated trusts that vary twice as much as the other 95: plain randomisation cries wolf.
    rng = np.random.default_rng(7)
    values = rng.normal(size=(N_PANELS, 100))
    values[:, :5] *= 2
    own, members = np.arange(5)[None, :], draw_groups(100, 5, draws=199, rng=rng).members
    welch, plain = [], []
    for row in values:
        observed, drawn = welch_contrast(row, own), welch_contrast(row, members)
        t = t_statistic(observed.difference, observed.standard_error)
        welch.append(float(t_p_value(t, observed.df)[0]))
        plain.append(rank_p(float(observed.difference[0]), drawn.difference, exact=False).p)
    assert within(float((np.array(welch) < 0.05).mean()), 0.05)
    assert (np.array(plain) <= 0.05).mean() > 0.2
