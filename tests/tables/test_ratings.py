"""Ratings: neutral, mixed, missing and not discussed stay apart, and bad rows are all named."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from lean_impact.errors import DesignError, TableError
from lean_impact.plugins.frameworks.cfir_2009 import CFIR_2009
from lean_impact.plugins.frameworks.receptive import RECEPTIVE_CONTEXTS
from lean_impact.tables import RATING_COLUMNS, Ratings

COLUMNS = ["trust", "construct", "date", "rater", "state", "value"]
GOOD = [
    ("RTP", "culture", "2018-06-01", "A", "rated", 0),
    ("RTP", "culture", "2018-06-01", "B", "mixed", 0),
    ("RTP", "cost", "2018-06-01", "A", "missing", None),
    ("RTP", "cost", "2018-06-01", "B", "not-discussed", None),
    ("RXW", "tension", "2019-06-01", "A", "rated", -2),
]


def ratings(rows=GOOD, framework=CFIR_2009):
    return Ratings.from_frame(pd.DataFrame(rows, columns=COLUMNS), framework=framework)


def test_four_kinds_stay_four():
    table = ratings()
    assert table.frame["state"].tolist() == ["missing", "not-discussed", "rated", "mixed", "rated"]
    assert list(table.frame.columns) == list(RATING_COLUMNS)
    wide = table.states_by_rater()
    assert wide.loc[("RTP", "culture")].to_numpy().tolist() == [["rated", "mixed"]]
    assert table.by_rater().loc[("RTP", "cost")].isna().all(axis=None)
    assert (table.trusts, table.raters) == (("RTP", "RXW"), ("A", "B"))
    assert table.constructs == ("cost", "culture", "tension")


def test_views_keep_and_refuse():
    table = ratings()
    assert len(table.restrict(trusts=["RXW"])) == 1
    assert len(table.window(date(2019, 1, 1), date(2020, 1, 1))) == 1
    assert table.provenance.steps == ()
    assert table.restrict(raters=["A"]).provenance.steps == ("kept 3 ratings",)
    with pytest.raises(DesignError, match="rater C"):
        table.restrict(raters=["C"])
    frame = table.frame
    frame.loc[0, "value"] = 9
    assert table.frame["value"].isna()[0]


def test_every_bad_row_is_named_at_once():
    bad = [
        ("RTP", "cultur", "2018-06-01", "A", "rated", 1),
        ("RTP", "culture", "2018-06-01", "A", "rated", 3),
        ("RTP", "culture", "2018-06-01", "B", "rated", None),
        ("RTP", "culture", "2018-06-01", "C", "missing", 0),
        ("RTP", "cost", "2018-06-01", "A", "neutral", 0),
        ("RTP", "cost", "2018-06-01", "B", "rated", 1),
        ("RTP", "cost", "2018-06-01", "B", "rated", 2),
    ]
    with pytest.raises(TableError) as caught:
        ratings(bad)
    rules = [issue.rule for issue in caught.value.issues]
    assert sorted(rules) == sorted(
        [
            "unknown-construct",
            "not-on-the-scale",
            "rated-without-value",
            "value-without-rating",
            "unknown-state",
            "duplicate",
            "duplicate",
        ]
    )
    assert "did you mean 'culture'" in str(caught.value)
    assert "neutral is state 'rated' with value 0" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (("", "culture", "2018-06-01", "A", "rated", 1), "empty-key"),
        (("RTP", "culture", "June", "A", "rated", 1), "bad-date"),
        (("RTP", "culture", "2018-06-01", "A", "rated", "much"), "not-a-number"),
    ],
)
def test_cells_that_cannot_be_read(row, rule):
    with pytest.raises(TableError) as caught:
        ratings([row])
    assert rule in [issue.rule for issue in caught.value.issues]


def test_several_scales_must_be_named_and_mixed_must_be_known():
    frame = pd.DataFrame([("RTP", "networks", "2018-06-01", "A", "mixed", 2)], columns=COLUMNS)
    with pytest.raises(TableError, match="give one of strength, direction, continuity"):
        Ratings.from_frame(frame, framework=RECEPTIVE_CONTEXTS)
    with pytest.raises(TableError, match="which this scale does not know"):
        Ratings.from_frame(frame.assign(scale="strength"), framework=RECEPTIVE_CONTEXTS)
    table = Ratings.from_frame(frame.assign(scale="strength", state="rated"), framework=RECEPTIVE_CONTEXTS)
    with pytest.raises(DesignError, match="name one of the scales"):
        table.by_rater()
    assert table.by_rater(scale="strength").to_numpy().tolist() == [[2.0]]


def test_a_file_is_read_with_its_rows(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text(
        "trust,construct,date,rater,state,value\nRTP,culture,2018-06-01,A,rated,\u22121\n", encoding="utf-8"
    )
    assert Ratings.read_csv(path, framework=CFIR_2009).frame["value"].tolist() == [-1.0]
    path.write_text(
        "trust,construct,date,rater,state,value\nRTP,culture,2018-06-01,A,rated,7\n", encoding="utf-8"
    )
    with pytest.raises(TableError, match=r"ratings.csv, row 2, column 'value'"):
        Ratings.read_csv(path, framework=CFIR_2009)
