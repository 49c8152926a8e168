"""Adjusted p-values against the definition: the closure of local tests, and the order of the rules."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.kernels.multiplicity import RULES

P = st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=1, max_size=7).map(np.array)


def closed(p, local):
    """Take for each question the largest local p-value over all sets that hold it."""
    n = len(p)
    sets = [s for size in range(1, n + 1) for s in combinations(range(n), size)]
    return np.array([max(local(p[list(s)]) for s in sets if at in s) for at in range(n)])


def simes(p):
    ordered = np.sort(p)
    return min(1.0, float((len(p) * ordered / np.arange(1, len(p) + 1)).min()))


@given(p=P)
def test_holm_closes_bonferroni_and_hommel_closes_simes(p):
    assert RULES["holm"](p) == pytest.approx(closed(p, lambda q: min(1.0, len(q) * q.min())))
    assert RULES["hommel"](p) == pytest.approx(closed(p, simes))


@given(p=P)
def test_rules_stand_in_their_order_and_keep_ranks(p):
    found = {name: rule(p) for name, rule in RULES.items()}
    slack = 1e-12
    for stronger, weaker in (
        ("holm", "hochberg"),
        ("hochberg", "hommel"),
        ("hommel", "benjamini-hochberg"),
        ("benjamini-yekutieli", "benjamini-hochberg"),
    ):
        assert (found[stronger] >= found[weaker] - slack).all()
    for adjusted in found.values():
        assert ((adjusted >= p - slack) & (adjusted <= 1)).all()
        order = np.argsort(p, kind="stable")
        assert (np.diff(adjusted[order]) >= -slack).all()


@given(p=P, seed=st.integers(0, 99))
def test_order_of_questions_changes_nothing(p, seed):
    order = np.random.default_rng(seed).permutation(len(p))
    for rule in RULES.values():
        assert rule(p[order]) == pytest.approx(rule(p)[order])
