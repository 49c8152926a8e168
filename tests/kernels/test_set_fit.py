"""Measures of fit: identities that hold for any sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.kernels.set_fit import (
    literal_memberships,
    necessity,
    sufficiency,
    term_memberships,
    unique_coverage,
)

memberships = st.lists(st.integers(0, 20).map(lambda x: x / 20), min_size=6, max_size=6).map(np.array)


@given(memberships, memberships)
def test_sufficiency_is_necessity_the_other_way_round(x, y):
    of_x, of_y = sufficiency(x, y), necessity(x, y)
    np.testing.assert_allclose(of_x.consistency, of_y.coverage)
    np.testing.assert_allclose(of_x.coverage, of_y.consistency)


@given(memberships, memberships)
def test_measures_lie_between_0_and_1(x, y):
    for value in (*sufficiency(x, y), *necessity(x, y)):
        assert np.isnan(value) or -1e-9 <= value <= 1 + 1e-9


@given(memberships)
def test_a_subset_is_consistent_and_its_superset_necessary(x):
    wider = np.minimum(1.0, x + 0.2)
    if x.sum():
        assert sufficiency(x, wider).consistency == pytest.approx(1)
        assert necessity(wider, x).consistency == pytest.approx(1)


@given(st.lists(memberships, min_size=1, max_size=4).map(np.array), memberships)
def test_unique_coverages_never_exceed_the_coverage(terms, y):
    if y.sum():
        whole = float(sufficiency(terms.max(axis=0), y).coverage)
        assert unique_coverage(terms, y).sum() <= whole + 1e-9


def test_an_empty_set_has_no_consistency():
    assert np.isnan(sufficiency(np.zeros(3), np.ones(3)).consistency)


def test_values_of_several_levels_are_memberships_of_one_or_nothing():
    literals = literal_memberships(np.array([[0.0], [2.0]]), np.array([3]))
    assert literals[0, :3].tolist() == [[1, 0], [0, 0], [0, 1]]
    assert term_memberships(literals, np.array([[-1], [2]])).tolist() == [[1, 1], [0, 1]]
