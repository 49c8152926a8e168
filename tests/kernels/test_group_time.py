"""Group-time effects, their averages and bands, and the saturated regression."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from lean_impact.kernels.group_time import group_time, pre_test
from lean_impact.kernels.group_time_average import aggregate, multiplier_bootstrap
from lean_impact.kernels.saturated import sun_abraham

START = np.array([2, 2, 2, 4, 4, 4, *[6] * 8])


@pytest.fixture
def y():
    return np.random.default_rng(3).normal(size=(6, 14))


def cell(result, cohort, period):
    return result.estimate[(result.cohort == cohort) & (result.period == period)].item()


def gap(y, treated, control, now, base):
    change = y[now] - y[base].mean(axis=0)
    return change[treated].mean() - change[control].mean()


@pytest.mark.parametrize(
    ("settings", "now", "control", "base"),
    [
        ({}, 3, START == 6, [1]),
        ({"control": "not-yet"}, 3, START > 3, [1]),
        ({"control": "not-yet"}, 4, START == 6, [1]),
        ({"base": "universal"}, 0, START == 6, [1]),
        ({"base": "mean"}, 5, START == 6, [0, 1]),
        ({"base": "mean", "base_length": 1}, 5, START == 6, [1]),
    ],
)
def test_a_cell_is_a_difference_of_mean_changes(y, settings, now, control, base):
    found = cell(group_time(y, START, **settings), 2, now)
    assert found == pytest.approx(gap(y, START == 2, control & (START != 2), now, base))


def test_the_base_before_the_start_varies_or_not(y):
    assert cell(group_time(y, START), 4, 2) == pytest.approx(gap(y, START == 4, START == 6, 2, [1]))
    steady = group_time(y, START, base="universal")
    assert cell(steady, 4, 2) == pytest.approx(gap(y, START == 4, START == 6, 2, [3]))
    assert steady.reference.sum() == 2
    assert np.isnan(steady.standard_error[steady.reference]).all()


def test_not_yet_treated_need_nobody_who_never_is(y):
    start = np.where(START == 6, 5, START)
    with pytest.raises(ValueError, match="no unit is never treated"):
        group_time(y, start)
    found = group_time(y, start, control="not-yet")
    # From period 5 on, nobody is left to compare with.
    assert found.period.max() == 4
    assert 5 not in aggregate(found, "group").labels


def test_standard_errors_are_those_of_two_means(y):
    found = group_time(y, START, base="mean")
    change = y[5] - y[:4].mean(axis=0)
    variance = sum(change[part].var() / part.sum() for part in (START == 4, START == 6))
    assert found.standard_error[-1] == pytest.approx(variance**0.5)


def test_doubly_robust_is_the_weighted_residual_of_a_logit():
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    treated = rng.random(60) < 1 / (1 + np.exp(-x))
    y = np.vstack([np.zeros(60), x + rng.normal(size=60) + treated])
    found = group_time(y, np.where(treated, 1, 2), covariates=x[None])
    design = np.column_stack([np.ones(60), x])
    beta = np.linalg.lstsq(design[~treated], y[1, ~treated], rcond=None)[0]
    left = y[1] - design @ beta

    def loss(b):
        return np.logaddexp(0, design @ b).sum() - (design @ b)[treated].sum()

    odds = np.exp(design @ minimize(loss, np.zeros(2), tol=1e-12).x)
    expected = left[treated].mean() - np.average(left[~treated], weights=odds[~treated])
    assert found.estimate[0] == pytest.approx(expected, abs=1e-6)
    # Influences are deviations: they sum to zero.
    assert found.influence.sum() == pytest.approx(0, abs=1e-9)


def test_weights_count_like_copies(y):
    twice = group_time(np.concatenate([y, y[:, :1], y[:, 9:10]], axis=1), np.append(START, [2, 6]))
    weights = np.ones(14)
    weights[[0, 9]] = 2
    weighted = group_time(y, START, weights=weights)
    assert weighted.estimate == pytest.approx(twice.estimate)
    assert aggregate(weighted, "simple").estimate == pytest.approx(aggregate(twice, "simple").estimate)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": np.where(START == 2, 0, START)}, r"units \[0, 1, 2\].*no period before"),
        ({"control": "all"}, "control is never or not-yet"),
        ({"base_length": 2}, "goes with base='mean'"),
        ({"weights": np.zeros(14)}, "above 0"),
        ({"covariates": np.ones((1, 14))}, "collinear"),
        ({"covariates": np.where(START < 6, 1.0, 0.1 * (np.arange(14) % 3))[None]}, "nobody is comparable"),
        ({"covariates": np.full((1, 14), np.nan)}, "without holes"),
    ],
)
def test_what_cannot_be_answered_is_refused(y, change, message):
    settings = {"start": START} | change
    with pytest.raises(ValueError, match=message):
        group_time(y, **settings)


def test_averages_by_hand(y):
    result = group_time(y, START, base="universal")
    e = {(g, t): cell(result, g, t) for g in (2, 4) for t in range(6)}
    early, late = np.mean([e[2, t] for t in range(2, 6)]), np.mean([e[4, t] for t in (4, 5)])
    group = aggregate(result, "group")
    assert group.by_estimate == pytest.approx([early, late])
    assert group.estimate == pytest.approx((early + late) / 2)
    assert aggregate(result, "simple").estimate == pytest.approx((4 * early + 2 * late) / 6)
    dynamic = aggregate(result, "dynamic")
    by_event = dict(zip(dynamic.labels.tolist(), dynamic.by_estimate, strict=True))
    assert by_event[1] == pytest.approx((e[2, 3] + e[4, 5]) / 2)
    assert by_event[3] == pytest.approx(e[2, 5])
    assert by_event[-1] == 0
    assert np.isnan(dynamic.by_standard_error[dynamic.labels == -1]).all()
    assert dynamic.estimate == pytest.approx(np.mean([by_event[event] for event in range(4)]))
    calendar = aggregate(result, "calendar")
    assert calendar.labels.tolist() == [2, 3, 4, 5]
    assert calendar.by_estimate[2] == pytest.approx((e[2, 4] + e[4, 4]) / 2)


def test_a_balanced_path_keeps_its_mix(y):
    result = group_time(y, START, base="universal")
    found = aggregate(result, "dynamic", balance=2)
    # Only the early cohort is seen two periods after its start.
    assert found.labels.tolist() == [-2, -1, 0, 1, 2]
    assert found.by_estimate[-1] == pytest.approx(cell(result, 2, 4))
    with pytest.raises(ValueError, match="balance"):
        aggregate(result, "group", balance=1)
    with pytest.raises(ValueError, match="left to average"):
        aggregate(result, "dynamic", balance=9)
    with pytest.raises(ValueError, match="simple, group"):
        aggregate(result, "other")


def test_shares_of_cohorts_add_to_the_error(y):
    result = group_time(y, START)
    apart = result.estimate[result.after]
    assert apart.std() > 0
    free, fixed = (aggregate(result, "simple", fixed_shares=known).influence for known in (False, True))
    assert free.sum() == pytest.approx(0, abs=1e-12)
    assert np.abs(free - fixed).max() > 1e-4


def test_pre_test_refuses_what_it_cannot_do(y):
    with pytest.raises(ValueError, match="0 placebo effects"):
        pre_test(group_time(y[1:3], np.where(START == 2, 1, 2)))
    with pytest.raises(ValueError, match="fewer directions"):
        pre_test(group_time(y, START, base="mean"))


@pytest.mark.parametrize("kind", ["rademacher", "mammen"])
def test_bands_are_wider_than_single_intervals_and_narrower_than_bonferroni(kind):
    influence = np.random.default_rng(0).normal(size=(6, 500)) / 500
    influence[0] = 0
    found = multiplier_bootstrap(influence, rng=np.random.default_rng(0), draws=4000, kind=kind)
    assert found.standard_error[1:] == pytest.approx(np.linalg.norm(influence[1:], axis=1), rel=0.1)
    assert found.standard_error[0] == 0
    # Five independent elements: the 99 % point of the normal is 2.57.
    assert found.critical == pytest.approx(2.569, abs=0.12)


def test_bands_of_nothing_are_refused():
    with pytest.raises(ValueError, match="no estimate varies"):
        multiplier_bootstrap(np.zeros((2, 9)), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="kind"):
        multiplier_bootstrap(np.ones((2, 9)), rng=np.random.default_rng(0), kind="normal")


def test_sun_abraham_compares_with_the_last_cohort_if_nobody_never_starts(y):
    start = np.where(START == 6, 5, START)
    found = sun_abraham(y, start)
    known = group_time(y[:5], np.minimum(start, 5), base="universal")
    assert found.coefficient == pytest.approx(known.estimate[~known.reference])
    with pytest.raises(ValueError, match="start together"):
        sun_abraham(y, np.full(14, 3))
    with pytest.raises(ValueError, match="no period before"):
        sun_abraham(y, np.where(START == 2, 0, START))


def test_sun_abraham_with_holes_and_covariates_is_the_regression_with_dummies(y):
    y[3, 1] = np.nan
    covariate = np.random.default_rng(9).normal(size=y.shape)
    found = sun_abraham(y, START, covariates=covariate[None])
    there = np.isfinite(y).ravel()
    period, unit = (index.ravel()[there] for index in np.indices(y.shape))
    columns = [(unit == j).astype(float) for j in range(14)]
    columns += [(period == t).astype(float) for t in range(1, 6)]
    columns += [
        ((START[unit] == g) & (period == t)).astype(float)
        for g, t in zip(found.cohort, found.period, strict=True)
    ]
    design = np.column_stack([*columns, covariate.ravel()[there]])
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y.ravel()[there]
    assert found.coefficient == pytest.approx(beta[19:-1])
    assert found.slopes == pytest.approx(beta[-1:])
    residual = y.ravel()[there] - design @ beta
    scores = np.array([(design * residual[:, None])[unit == j].sum(axis=0) for j in range(14)])
    factor = (14 / 13) * (83 - 1) / (83 - 11 - 6)
    expected = factor * inverse @ scores.T @ scores @ inverse
    assert found.covariance == pytest.approx(expected[19:-1, 19:-1], abs=1e-9)


def test_sun_abraham_names_what_is_not_identified(y):
    y[1, :3] = np.nan
    with pytest.raises(ValueError, match="last period before its start"):
        sun_abraham(y, START)
