"""The scan against the textbook formula, written out with full covariance matrices."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.kernels.segment_costs import binomial_costs, level_costs, line_costs, poisson_costs
from lean_impact.kernels.segment_search import cheapest, penalised_segmentation, trace
from lean_impact.kernels.step_null import simulate_dated_nulls, simulate_step_null
from lean_impact.kernels.step_scan import PHI_GRID, scan_dates, scan_steps, step_grid

RNG = np.random.default_rng(8)
N = 30
PLACES = np.sort(RNG.choice(36, N, replace=False))
DESIGN = np.column_stack([np.ones(N), np.sin(2 * np.pi * PLACES / 12)])
SCALE = RNG.uniform(0.5, 2.0, N)
VALUES = RNG.normal(size=N) * SCALE
BOUNDS = (6, 25)


def columns(form, at):
    step, ramp = (np.arange(N) >= at) * 1.0, np.maximum(PLACES - PLACES[at], 0) * 1.0
    return {"level": [step], "slope": [ramp], "both": [step, ramp]}[form]


def written_out(form):
    """Return the statistic by inverting the covariance matrix at every autocorrelation and date."""
    degrees = N - 3
    without = best = np.inf
    for phi in PHI_GRID:
        covariance = phi ** np.abs(PLACES[:, None] - PLACES) * np.outer(SCALE, SCALE)
        inverse = np.linalg.inv(covariance)
        log_det = np.linalg.slogdet(covariance)[1] - 2 * np.log(SCALE).sum()
        log_det += np.linalg.slogdet(DESIGN.T @ inverse @ DESIGN)[1]

        def rest(design, inverse=inverse):
            fit = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ VALUES)
            left = VALUES - design @ fit
            return left @ inverse @ left

        factor = np.exp(log_det / degrees)
        without = min(without, rest(DESIGN) * factor)
        for at in range(*BOUNDS):
            best = min(best, rest(np.column_stack([DESIGN, *columns(form, at)])) * factor)
    return degrees * np.log(without / best)


@pytest.mark.parametrize("form", ["level", "slope", "both"])
def test_the_statistic_is_the_likelihood_ratio_with_gaps_and_weights(form):
    seen = scan_steps(
        VALUES[None], positions=PLACES, design=DESIGN, bounds=BOUNDS, scale=SCALE[None], form=form
    )
    assert seen.statistic[0] == pytest.approx(written_out(form), rel=1e-8)
    assert seen.profile.max() == 0.0


@pytest.mark.parametrize("form", ["level", "slope"])
def test_the_size_is_that_of_generalised_least_squares(form):
    seen = scan_steps(VALUES[None], positions=PLACES, design=DESIGN, bounds=BOUNDS, form=form)
    phi = PHI_GRID[seen.phi_index[0]]
    inverse = np.linalg.inv(phi ** np.abs(PLACES[:, None] - PLACES))
    design = np.column_stack([DESIGN, *columns(form, int(seen.best[0]))])
    information = design.T @ inverse @ design
    fit = np.linalg.solve(information, design.T @ inverse @ VALUES)
    left = VALUES - design @ fit
    variance = left @ inverse @ left / (N - 3)
    assert seen.size[0] == pytest.approx(fit[-1])
    assert seen.variance[0] == pytest.approx(variance)
    assert seen.standard_error[0] == pytest.approx(np.sqrt(variance * np.linalg.inv(information)[-1, -1]))


def test_series_with_calendars_of_their_own_are_scanned_as_one_by_one():
    places = np.array([np.sort(RNG.choice(36, N, replace=False)) for _ in range(3)])
    designs = np.stack([np.column_stack([np.ones(N), p % 2]) for p in places])
    values = RNG.normal(size=(3, N))
    together = scan_steps(values, positions=places, design=designs, bounds=BOUNDS)
    for at in range(3):
        alone = scan_steps(values[[at]], positions=places[at], design=designs[at], bounds=BOUNDS)
        assert together.statistic[at] == pytest.approx(alone.statistic[0])
        assert together.profile[at] == pytest.approx(alone.profile[0])


def test_the_grid_peaks_where_the_scan_does():
    grid = step_grid(VALUES[None], positions=PLACES, design=DESIGN, bounds=BOUNDS)
    seen = scan_steps(VALUES[None], positions=PLACES, design=DESIGN, bounds=BOUNDS)
    assert grid.log_likelihood[:, 0].max(axis=0) == pytest.approx(seen.profile[0])


def test_dates_looked_at_together_are_judged_as_each_alone():
    dates = np.array([7, 12, 20])
    values = np.stack([VALUES, VALUES + 2.0 * (np.arange(N) >= 12)])
    statistic, phi_index = scan_dates(values, positions=PLACES, design=DESIGN, candidates=dates)
    whole = step_grid(values, positions=PLACES, design=DESIGN, bounds=BOUNDS)
    for place, date in enumerate(dates):
        bounds = (date, date + 1)
        alone = scan_steps(values, positions=PLACES, design=DESIGN, bounds=bounds)
        assert statistic[:, place] == pytest.approx(alone.average)
        assert phi_index[:, place].tolist() == alone.phi_index.tolist()
        grid = step_grid(values, positions=PLACES, design=DESIGN, bounds=bounds)
        for series in range(2):
            cut = whole.at(series, date)
            assert cut.size[:, 0] == pytest.approx(grid.size[:, series])
            assert cut.standard_error[:, 0] == pytest.approx(grid.standard_error[:, series])
            likelihood = grid.log_likelihood[:, series] - grid.log_likelihood[:, series].max()
            assert cut.log_likelihood[:, 0] == pytest.approx(likelihood)


def test_tables_of_several_dates_are_those_of_each_date():
    dates = np.array([7, 12])
    shared = {"positions": PLACES, "design": DESIGN, "phi_range": (0.1, 0.8), "draws": 300, "near": 90}
    tables = simulate_dated_nulls(candidates=dates, seed=5, **shared)
    for date, table in zip(dates, tables, strict=True):
        alone = simulate_step_null(bounds=(date, date + 1), seed=5, **shared)
        assert table.statistics == pytest.approx(alone.statistics)
        assert (table.true_phi == alone.true_phi).all()


def test_a_slope_is_given_a_period():
    values = 0.3 * np.maximum(np.arange(40) - 20, 0) + 0.01 * np.random.default_rng(1).normal(size=40)
    design = np.column_stack([np.ones(40), np.arange(40)])
    seen = scan_steps(values[None], positions=np.arange(40), design=design, bounds=(6, 35), form="slope")
    assert seen.best[0] in {20, 21}
    assert seen.size[0] == pytest.approx(0.3, abs=0.02)


def test_costs_are_those_of_each_stretch_alone():
    phi = 0.4
    level = level_costs(VALUES, positions=PLACES, phi=phi, min_size=3)
    line = line_costs(VALUES, positions=PLACES, phi=phi, min_size=3)
    for start, end in ((0, N), (4, 11), (20, 23)):
        places, y = PLACES[start:end], VALUES[start:end]
        inverse = np.linalg.inv(phi ** np.abs(places[:, None] - places))
        for costs, design in (
            (level, np.ones((end - start, 1))),
            (line, np.column_stack([np.ones(end - start), places])),
        ):
            fit = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ y)
            left = y - design @ fit
            assert costs[start, end] == pytest.approx(left @ inverse @ left, abs=1e-9)
    assert np.isinf(level[5, 7])


def test_many_autocorrelations_at_once_are_each_alone():
    phi = np.array([-0.2, 0.0, 0.7])
    for costs_of in (level_costs, line_costs):
        together = costs_of(VALUES, positions=PLACES, phi=phi, min_size=3)
        for at, one in enumerate(phi.tolist()):
            alone = costs_of(VALUES, positions=PLACES, phi=one, min_size=3)
            assert together[at] == pytest.approx(alone)


def test_many_series_at_once_are_each_alone():
    values = RNG.normal(size=(70, N)).cumsum(axis=1)
    together = scan_steps(values, positions=PLACES, design=DESIGN, bounds=BOUNDS)
    alone = scan_steps(values[:3], positions=PLACES, design=DESIGN, bounds=BOUNDS)
    for name in (
        "statistic",
        "average",
        "best",
        "phi_index",
        "profile",
        "size",
        "standard_error",
        "variance",
    ):
        assert getattr(together, name)[:3] == pytest.approx(getattr(alone, name), rel=1e-9, abs=1e-9)


def test_count_costs_are_deviances():
    events, cases = np.array([3.0, 5.0, 0.0, 9.0]), np.array([10.0, 12.0, 8.0, 9.0])
    share, rate = events.sum() / cases.sum(), events.sum() / cases.sum()
    from scipy.special import xlogy

    deviance = (
        2
        * (
            xlogy(events, events / (cases * share))
            + xlogy(cases - events, (cases - events) / (cases * (1 - share)))
        ).sum()
    )
    assert binomial_costs(events, cases, min_size=1)[0, 4] == pytest.approx(deviance)
    poisson = 2 * xlogy(events, events / (cases * rate)).sum()
    assert poisson_costs(events, cases, min_size=1)[0, 4] == pytest.approx(poisson)


def test_the_searches_find_the_optimum_of_all_segmentations():
    from itertools import combinations

    values = RNG.normal(size=12)
    costs = level_costs(values, positions=np.arange(12), phi=0.2, min_size=2)
    every = {
        breaks: sum(costs[a, b] for a, b in zip((0, *breaks), (*breaks, 12), strict=True))
        for k in range(4)
        for breaks in combinations(range(2, 11), k)
    }
    totals = cheapest(costs, max_changes=3)
    for k, total in enumerate(totals):
        best = min((cost, found) for found, cost in every.items() if len(found) == k)
        assert (total[-1], trace(costs, totals, k)) == (pytest.approx(best[0]), best[1])
    penalty = 0.8
    best = min((cost + penalty * len(found), found) for found, cost in every.items())
    found = penalised_segmentation(costs, penalty=penalty)
    total = sum(costs[a, b] for a, b in zip((0, *found), (*found, 12), strict=True)) + penalty * len(found)
    assert total <= best[0] + 1e-9
