"""Laws of the panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.domain import Measure
from lean_impact.tables import Panel

SEEN = Measure(
    id="seen",
    name="Seen within 4 hours",
    kind="proportion",
    improvement="increase",
    dimension="quality",
    frequency="month",
    unit="share",
)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a valid long table with holes."""
    trusts = draw(
        st.lists(st.sampled_from(["RTP", "RXW", "RR8", "RKB"]), min_size=1, max_size=4, unique=True)
    )
    records = []
    for trust in trusts:
        months = draw(st.sets(st.integers(0, 30), min_size=1, max_size=12))
        for month in sorted(months):
            denominator = draw(st.integers(1, 500))
            numerator = draw(st.integers(0, denominator))
            silent = draw(st.booleans())
            records.append(
                {
                    "trust": trust,
                    "measure": "seen",
                    "period": f"{2015 + month // 12}-{month % 12 + 1:02}-01",
                    "numerator": np.nan if silent else numerator,
                    "denominator": np.nan if silent else denominator,
                    "flag": "not_submitted" if silent else "published",
                    "source": "drawn",
                }
            )
    return pd.DataFrame(records)


@given(frames(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(frame, random):
    order = list(range(len(frame)))
    random.shuffle(order)
    one = Panel.from_frame(frame, measures=[SEEN]).frame
    other = Panel.from_frame(frame.iloc[order], measures=[SEEN]).frame
    pd.testing.assert_frame_equal(one, other)


@given(frames())
def test_reading_what_was_written_changes_nothing(frame):
    panel = Panel.from_frame(frame, measures=[SEEN])
    again = Panel.from_frame(panel.frame, measures=[SEEN])
    pd.testing.assert_frame_equal(panel.frame, again.frame)


@given(frames())
def test_no_hole_is_filled_with_a_number(frame):
    table = Panel.from_frame(frame, measures=[SEEN]).frame
    empty = table["flag"].isin(["missing", "not_submitted"])
    assert table.loc[empty, "value"].isna().all()
    assert table.loc[~empty, "value"].between(0, 1).all()
    assert (table["flag"] == "published").sum() == (frame["flag"] == "published").sum()


@given(frames())
def test_each_series_is_a_complete_calendar(frame):
    panel = Panel.from_frame(frame, measures=[SEEN])
    for trust in panel.trusts:
        months = panel.series(trust, "seen").periods.astype("datetime64[M]")
        assert (np.diff(months).astype(int) == 1).all()


@given(frames())
def test_the_input_is_left_alone(frame):
    before = frame.copy(deep=True)
    Panel.from_frame(frame, measures=[SEEN])
    pd.testing.assert_frame_equal(frame, before)
