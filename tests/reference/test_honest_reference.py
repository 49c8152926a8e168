"""Sensitivity to violations of parallel trends against the published Medicaid example.

``medicaid.original``, ``medicaid.rm`` and ``medicaid.rm.avg`` of the reference file. The published ends are
points of a grid, the last that was accepted, so that ours may lie up to one step of 3.7e-4 outside them.
The smoothness rows are those that the program's own guide prints, with three digits.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import ndtri

from lean_impact.kernels.honest_relative import relative_breakdown, relative_interval
from lean_impact.kernels.honest_smooth import smooth_breakdown, smooth_interval

pytestmark = pytest.mark.shared

FIRST, AVERAGE = np.array([1.0, 0.0]), np.array([0.5, 0.5])
N_PRE = 5


@pytest.fixture(scope="session")
def references(shared_data):
    records = json.loads(shared_data("reference/effects/reference.json").read_text())["references"]
    return {record["id"]: record for record in records}


@pytest.fixture(scope="session")
def medicaid(shared_data):
    path = shared_data("reference/effects/data/medicaid_eventstudy.csv")
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    return table[:, 1], table[:, 2:]


def test_plain_interval(medicaid, references):
    beta, sigma = medicaid
    margin = ndtri(0.975) * np.sqrt(sigma[N_PRE, N_PRE])
    low, high = beta[N_PRE] - margin, beta[N_PRE] + margin
    assert [low, high] == pytest.approx(references["medicaid.original"]["ci"], abs=1e-6)


@pytest.mark.parametrize("row", range(5))
@pytest.mark.parametrize(
    ("name", "weights", "tolerance"), [("medicaid.rm", FIRST, 5e-4), ("medicaid.rm.avg", AVERAGE, 1e-3)]
)
def test_relative_magnitudes(medicaid, references, name, weights, tolerance, row):
    m_bar, low, high = references[name]["extra"]["rows"][row]
    found = relative_interval(*medicaid, n_pre=N_PRE, weights=weights, m_bar=m_bar)
    assert found.connected
    assert [found.lower, found.upper] == pytest.approx([low, high], abs=tolerance)


def test_ends_on_the_published_grid_are_the_published_ones(medicaid, references):
    # Rounding our ends inwards to the published grid gives the published ends, up to one step at most.
    half = 20 * np.sqrt(medicaid[1][N_PRE, N_PRE])
    grid = np.linspace(-half, half, 1000)
    for m_bar, low, high in references["medicaid.rm"]["extra"]["rows"]:
        found = relative_interval(*medicaid, n_pre=N_PRE, weights=FIRST, m_bar=m_bar)
        inside = grid[(grid >= found.lower) & (grid <= found.upper)]
        assert [inside[0], inside[-1]] == pytest.approx([low, high], abs=1e-9)


def test_breakdown_lies_between_the_published_rows(medicaid):
    # The published lower end is 0.0082 at 1.5 and -0.0009 at 2.
    assert 1.5 < relative_breakdown(*medicaid, n_pre=N_PRE, weights=FIRST) < 2.0


PRINTED = [
    (0.00, 0.0259, 0.0607),
    (0.01, 0.0132, 0.0787),
    (0.02, 0.00286, 0.0907),
    (0.03, -0.00714, 0.101),
    (0.04, -0.0171, 0.111),
    (0.05, -0.0271, 0.121),
]


@pytest.mark.parametrize(("m", "low", "high"), PRINTED)
def test_smoothness(medicaid, m, low, high):
    found = smooth_interval(*medicaid, n_pre=N_PRE, weights=FIRST, m=m)
    # The printed digits, and 5e-5 for the program's simulated critical value.
    assert found.lower == pytest.approx(low, abs=1e-4)
    assert found.upper == pytest.approx(high, abs=1e-4 if high < 0.1 else 5.5e-4)


def test_breakdown_of_smoothness(medicaid):
    assert 0.02 < smooth_breakdown(*medicaid, n_pre=N_PRE, weights=FIRST) < 0.03
