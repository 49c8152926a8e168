"""Covers against brute force, in small charts and by the search for large ones."""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.kernels import covers
from lean_impact.kernels.covers import irredundant_covers, smallest_covers
from lean_impact.kernels.implicants import coverage_chart, prime_implicants


@st.composite
def charts(draw):
    n_terms, n_rows = draw(st.integers(1, 8)), draw(st.integers(1, 7))
    cells = draw(st.lists(st.booleans(), min_size=n_terms * n_rows, max_size=n_terms * n_rows))
    return np.array(cells).reshape(n_terms, n_rows)


def every_cover(chart):
    return [
        set(terms)
        for size in range(len(chart) + 1)
        for terms in combinations(range(len(chart)), size)
        if chart[list(terms)].any(axis=0).all()
    ]


def listed(found):
    sets = [frozenset(np.flatnonzero(row).tolist()) for row in found.members]
    assert len(set(sets)) == len(sets)
    return set(sets)


@pytest.mark.parametrize("large", [10**9, 0])
@given(chart=charts())
def test_smallest_covers_are_all_there(large, chart):
    before, covers._LARGE = covers._LARGE, large
    try:
        found = smallest_covers(chart)
    finally:
        covers._LARGE = before
    every = every_cover(chart)
    fewest = min(map(len, every), default=0)
    assert found.complete
    assert listed(found) == {frozenset(terms) for terms in every if len(terms) == fewest}


@given(charts())
def test_irredundant_covers_are_those_that_lose_nothing(chart):
    every = every_cover(chart)
    wanted = {frozenset(c) for c in every if not any(other < c for other in every)}
    assert listed(irredundant_covers(chart)) == wanted


@given(charts(), st.integers(1, 3))
def test_a_cap_is_told(chart, most):
    for search in (smallest_covers, irredundant_covers):
        whole, some = search(chart), search(chart, most=most)
        assert len(some.members) == min(most, len(whole.members))
        assert some.complete == (len(whole.members) <= most)
        assert listed(some) <= listed(whole)


def test_nothing_to_cover_is_covered_by_nothing():
    assert smallest_covers(np.zeros((2, 0), dtype=bool)).members.tolist() == [[False, False]]


def test_nine_conditions_by_eighty_cases_with_thousands_of_models_take_less_than_a_second():
    rng = np.random.default_rng(2)
    cases, good = rng.integers(0, 2, (80, 9)), rng.random(80) < 0.5
    rows, owner = np.unique(cases, axis=0, return_inverse=True)
    positive = np.bincount(owner.reshape(-1), weights=~good) == 0
    smallest_covers(np.eye(25, dtype=bool))  # the solver is loaded once
    start = time.process_time()
    terms = prime_implicants(rows[positive], rows[~positive])
    found = smallest_covers(coverage_chart(terms, rows[positive]))
    assert time.process_time() - start < 1.0
    assert (len(found.members), found.complete) == (2556, True)
