"""How often stable series show a change, and how often a real one is found.

The whole search runs on fresh series with the season taken out. The bounds are loose, for 200 series a cell;
the rates themselves, measured on more, stand in the notes of the detector.
"""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.changepoints import RupturesDetector
from lean_impact.changepoints._calibration import Layout, null_table, scan, simulate
from lean_impact.changepoints._segmentation import segment
from lean_impact.changepoints._stepmodel import fit_steps
from lean_impact.kernels.autoregression import simulate_ar1

N_SERIES = 200
DETECTOR = RupturesDetector(seed=7)


def layout(n, *, holes=0):
    positions = np.arange(n)
    if holes:
        gone = np.random.default_rng(3).choice(np.arange(5, n - 5), holes, replace=False)
        positions = np.setdiff1d(positions, gone)
    return Layout(positions=tuple(positions.tolist()), seasons=tuple((positions % 12).tolist()), min_size=6)


def last_passes(where, phi, step=0.0):
    n = where.positions[-1] + 1
    series = simulate_ar1(np.full(N_SERIES, phi), n_periods=n, rng=np.random.default_rng(101))
    series += np.sin(np.arange(n) * 2 * np.pi / 12) + step * (np.arange(n) >= n // 3)
    table = null_table(where, draws=DETECTOR.draws, seed=DETECTOR.seed)
    rows = series[:, list(where.positions)]
    return [(row, DETECTOR._search(row, where, table)[0][-1]) for row in rows]


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6, 0.8])
@pytest.mark.parametrize(("n", "holes"), [(120, 0), (60, 0), (120, 12)])
def test_stable_series_show_a_change_about_as_often_as_asked_for(n, holes, phi):
    rate = np.mean([bool(last.breaks) for _, last in last_passes(layout(n, holes=holes), phi)])
    assert rate <= 0.10


@pytest.mark.parametrize("phi", [0.0, 0.6, 0.9])
def test_ruptures_decides_as_the_closed_form_does(phi):
    """The calibration rests on gains of one and two steps; ruptures is free to use more."""
    where = layout(120)
    table = null_table(where, draws=DETECTOR.draws, seed=DETECTOR.seed)
    fresh = simulate(np.full(N_SERIES, phi), where, np.random.default_rng(5))
    seen = scan(fresh, where)
    scaled = fresh / np.sqrt(seen.long_run_variance)[:, None]
    factors = [table.near(float(estimate), 399).critical(0.2) for estimate in seen.phi]
    by_ruptures = [bool(segment(row, factor, 6)) for row, factor in zip(scaled, factors, strict=True)]
    assert by_ruptures == (seen.statistic > factors).tolist()
    assert 0 < sum(by_ruptures) < N_SERIES


@pytest.mark.parametrize(("phi", "power"), [(0.0, 0.95), (0.3, 0.90), (0.6, 0.75)])
def test_a_step_of_two_standard_deviations_is_found(phi, power):
    found = last_passes(layout(120), phi, step=2.0)
    assert np.mean([bool(last.breaks) for _, last in found]) >= power


@pytest.mark.parametrize("phi", [0.0, 0.6])
def test_beside_a_real_step_no_more_are_made_up_than_asked_for(phi):
    found = last_passes(layout(120), phi, step=4.0)
    assert np.mean([len(last.breaks) > 1 for _, last in found]) <= 0.10


@pytest.mark.parametrize(("phi", "step"), [(0.0, 1.0), (0.6, 1.0), (0.6, 2.0)])
def test_intervals_hold_the_truth_even_though_the_place_was_searched_for(phi, step):
    covered = []
    where = layout(120)
    for row, last in last_passes(where, phi, step=step):
        if len(last.breaks) != 1:
            continue
        n_left = last.breaks[0]
        half = np.sqrt(last.factor * last.long_run_variance * (1 / n_left + 1 / (120 - n_left)))
        before, after = fit_steps(row, where, last.breaks).levels
        covered.append(abs(after - before - step) <= half)
    assert len(covered) > 40
    assert np.mean(covered) >= 0.95
