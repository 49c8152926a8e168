"""Hints at what a name was probably meant to be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lean_impact.domain import hint

NAMES = st.lists(st.text("abcdefgh", min_size=1, max_size=6), max_size=30, unique=True)


@given(name=st.text("abcdefgh", min_size=1, max_size=6), known=NAMES, most=st.integers(1, 3))
def test_a_hint_names_only_what_there_is(name, known, most):
    said = hint(name, known, most=most, prefix="x:")
    if said.startswith("did you mean "):
        named = said.removeprefix("did you mean ").removesuffix("?").split(" or ")
        assert 1 <= len(named) <= most
        assert {each.strip("'").removeprefix("x:") for each in named} <= set(known)
    elif known:
        listed = said.removeprefix("there are ").partition(" and ")[0].split(", ")
        assert listed == [f"x:{each}" for each in known[:20]]
        assert (f"and {len(known) - 20} more" in said) == (len(known) > 20)
    else:
        assert said == "there are none"


@given(name=st.text("abcdefgh", min_size=1, max_size=6), known=NAMES)
def test_a_name_that_is_there_is_the_nearest(name, known):
    assert hint(name, [*known, name]) == f"did you mean '{name}'?"
