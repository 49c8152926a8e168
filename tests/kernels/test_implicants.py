"""Prime implicants against their definition, term by term."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.kernels.implicants import FREE, configurations, coverage_chart, prime_implicants


def by_definition(positive, negative, levels):
    """Try every term: an implicant covers a positive row and no negative one, a prime loses no literal."""
    choices = [[FREE, *range(level)] for level in levels]
    rows = {tuple(row) for row in positive}
    bad = {tuple(row) for row in negative}

    def covers(term, row):
        return all(value in (FREE, own) for value, own in zip(term, row, strict=True))

    implicants = {
        term
        for term in product(*choices)
        if any(covers(term, row) for row in rows) and not any(covers(term, row) for row in bad)
    }

    def wider(term):
        return [(*term[:i], FREE, *term[i + 1 :]) for i, value in enumerate(term) if value != FREE]

    return {term for term in implicants if not any(other in implicants for other in wider(term))}


@st.composite
def truth_tables(draw):
    levels = draw(st.lists(st.integers(2, 3), min_size=1, max_size=4))
    rows = configurations(np.array(levels))
    codes = np.array(draw(st.lists(st.sampled_from("10?"), min_size=len(rows), max_size=len(rows))))
    return levels, rows[codes == "1"], rows[codes == "0"]


@given(truth_tables())
def test_they_are_the_minimal_terms_of_any_truth_table(table):
    levels, positive, negative = table
    found = prime_implicants(positive, negative)
    assert {tuple(term) for term in found.tolist()} == by_definition(
        positive.tolist(), negative.tolist(), levels
    )
    assert len(np.unique(found, axis=0)) == len(found)


@given(truth_tables(), st.randoms())
def test_the_order_of_rows_does_not_matter(table, random):
    _, positive, negative = table
    order = random.sample(range(len(positive)), len(positive))
    assert (
        prime_implicants(positive[order], negative).tolist() == prime_implicants(positive, negative).tolist()
    )


@given(truth_tables())
def test_every_positive_row_is_covered_and_no_negative_one(table):
    _, positive, negative = table
    terms = prime_implicants(positive, negative)
    assert coverage_chart(terms, positive).any(axis=0).all()
    assert not coverage_chart(terms, negative).any()


def test_without_a_negative_row_everything_is_covered():
    assert prime_implicants(np.array([[0, 1], [1, 1]]), np.empty((0, 2), dtype=int)).tolist() == [
        [FREE, FREE]
    ]


def test_a_row_that_is_both_is_no_truth_table():
    with pytest.raises(ValueError, match="positive and negative"):
        prime_implicants(np.array([[0, 1]]), np.array([[0, 1]]))


def test_too_many_conditions_are_refused():
    with pytest.raises(ValueError, match="17 conditions"):
        prime_implicants(np.zeros((1, 17), dtype=int), np.ones((1, 17), dtype=int))
