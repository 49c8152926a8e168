"""The panel: construction is validation, and an error lists all bad rows."""

from __future__ import annotations

import gzip
from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Measure
from lean_impact.errors import DesignError, TableError
from lean_impact.tables import COLUMNS, Panel

SEEN = Measure(
    id="seen",
    name="Seen within 4 hours",
    kind="proportion",
    improvement="increase",
    dimension="quality",
    frequency="month",
    unit="share",
)
STAFF = SEEN.model_copy(update={"id": "staff", "kind": "mean", "frequency": "year"})


def rows(**changes) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "trust": ["RTP"] * 3 + ["RXW"] * 3,
            "measure": "seen",
            "period": ["2015-06-01", "2015-07-01", "2015-08-01"] * 2,
            "numerator": [90.0, 91, 92, 80, 81, 82],
            "denominator": 100.0,
            "flag": "published",
            "source": "demo",
        }
    )
    return frame.assign(**changes)


def rules(frame: pd.DataFrame, measures=(SEEN,)) -> list[str]:
    with pytest.raises(TableError) as caught:
        Panel.from_frame(frame, measures=measures)
    return [issue.rule for issue in caught.value.issues]


def test_the_value_is_numerator_over_denominator():
    panel = Panel.from_frame(rows(), measures=[SEEN])
    assert tuple(panel.frame.columns) == COLUMNS
    assert panel.frame["value"].tolist() == [0.9, 0.91, 0.92, 0.8, 0.81, 0.82]


def test_a_gap_becomes_an_explicit_row():
    panel = Panel.from_frame(rows().drop(index=1), measures=[SEEN])
    series = panel.series("RTP", "seen")
    assert series.flags.tolist() == ["published", "missing", "published"]
    assert np.isnan(series.values[1])
    assert len(panel) == 6


def test_nothing_that_is_handed_out_changes_the_panel():
    panel = Panel.from_frame(rows(), measures=[SEEN])
    taken = panel.frame
    taken.loc[0, "value"] = 0.0
    assert panel.series("RTP", "seen").values[0] == 0.9
    with pytest.raises(ValueError, match="read-only"):
        panel.series("RTP", "seen").values[0] = 0.0


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"numerator": [90, 191, 92, 80, 81, 82]}, "numerator-above-denominator"),
        ({"numerator": [90, -1, 92, 80, 81, 82]}, "negative"),
        ({"numerator": ["90", "n/a", "92", "80", "81", "82"]}, "not-a-number"),
        ({"numerator": [90, np.inf, 92, 80, 81, 82]}, "not-a-number"),
        ({"numerator": [90, np.nan, 92, 80, 81, 82]}, "no-value"),
        (
            {"denominator": [100, 0, 100, 100, 100, 100], "numerator": [90, 0, 92, 80, 81, 82]},
            "zero-denominator",
        ),
        ({"period": ["2015-06-01", "2015-02-30", "2015-08-01"] * 2}, "bad-period"),
        ({"period": ["2015-06-01", "2015-07-02", "2015-08-01"] * 2}, "not-first-day"),
        ({"period": ["2015-06-01", "2015-06-01", "2015-08-01"] * 2}, "duplicate"),
        ({"flag": "guessed"}, "unknown-flag"),
        ({"flag": "missing"}, "value-despite-flag"),
        ({"measure": "waits"}, "unknown-measure"),
        ({"trust": ["RTP", " ", "RTP", "RXW", "RXW", "RXW"]}, "empty-key"),
        ({"value": 0.5}, "value-disagrees"),
    ],
)
def test_each_broken_rule_is_named(changes, rule):
    assert rule in rules(rows(**changes))


def test_all_bad_rows_are_listed_with_file_and_row(tmp_path):
    path = tmp_path / "figures.csv"
    frame = rows(numerator=["90", "abc", "192", "80", "81", "1e999"])
    frame.to_csv(path, index=False)
    with pytest.raises(TableError) as caught:
        Panel.read_csv(path, measures=[SEEN])
    places = {(issue.rule, issue.file, issue.row) for issue in caught.value.issues}
    assert ("not-a-number", "figures.csv", 3) in places
    assert ("numerator-above-denominator", "figures.csv", 4) in places
    assert ("not-a-number", "figures.csv", 7) in places
    assert "figures.csv, row 3, column 'numerator': 'abc' is not a finite number" in str(caught.value)


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path):
    path = tmp_path / "figures.csv"
    rows().drop(columns="period").to_csv(path, index=False)
    with pytest.raises(TableError, match="column 'period' is missing; the columns are trust, measure"):
        Panel.read_csv(path, measures=[SEEN])


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\x00\xff", b"\xd0\xcf\x11\xe0" * 9])
def test_a_file_that_is_no_csv_is_refused(tmp_path, content):
    path = tmp_path / "figures.csv"
    path.write_bytes(content)
    with pytest.raises(TableError, match=r"figures\.csv"):
        Panel.read_csv(path, measures=[SEEN])


def test_a_file_named_gz_that_is_none_is_refused(tmp_path):
    path = tmp_path / "figures.csv.gz"
    path.write_text("trust,measure\n")
    with pytest.raises(TableError, match=r"figures\.csv\.gz"):
        Panel.read_csv(path, measures=[SEEN])
    path.write_bytes(gzip.compress(rows().to_csv(index=False).encode()))
    assert len(Panel.read_csv(path, measures=[SEEN])) == 6


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(TableError, match=r"nowhere\.csv cannot be read"):
        Panel.read_csv(tmp_path / "nowhere.csv", measures=[SEEN])


def test_views_return_new_panels_and_say_what_was_done():
    panel = Panel.from_frame(rows(), measures=[SEEN])
    late = panel.window(date(2015, 7, 1), date(2015, 8, 1))
    assert len(late) == 2
    assert len(panel) == 6
    assert late.provenance.steps == ("kept periods from 2015-07-01 to before 2015-08-01",)
    assert panel.restrict(trusts=["RXW"]).trusts == ("RXW",)
    with pytest.raises(DesignError, match="XXX"):
        panel.restrict(trusts=["XXX"])
    with pytest.raises(DesignError, match="measure 'waits'"):
        panel.wide("waits")
    with pytest.raises(DesignError, match="RR8"):
        panel.series("RR8", "seen")


def test_wide_has_a_calendar_without_holes():
    panel = Panel.from_frame(rows().drop(index=[1, 4]), measures=[SEEN])
    wide = panel.wide("seen")
    assert wide.shape == (3, 2)
    assert wide.iloc[1].isna().all()


def test_merging_refuses_to_hold_a_figure_twice():
    panel = Panel.from_frame(rows(), measures=[SEEN])
    annual = pd.DataFrame(
        {
            "trust": ["RTP"],
            "measure": "staff",
            "period": "2015-01-01",
            "value": [3.9],
            "flag": "published",
            "source": "s",
        }
    )
    both = panel.with_merged(Panel.from_frame(annual, measures=[STAFF]))
    assert set(both.measures) == {"seen", "staff"}
    assert len(both) == 7
    with pytest.raises(TableError, match="more than once"):
        panel.with_merged(panel)


def test_months_between_the_months_of_a_quarter_are_refused():
    quarterly = SEEN.model_copy(update={"frequency": "quarter"})
    frame = rows(period=["2015-04-01", "2015-05-01", "2015-07-01"] * 2)
    with pytest.raises(TableError, match="not on the quarterly calendar"):
        Panel.from_frame(frame, measures=[quarterly])


def test_a_series_shows_itself_in_one_line():
    series = Panel.from_frame(rows(), measures=[SEEN]).series("RTP", "seen")
    assert repr(series) == "<Series: RTP seen, 3 periods from 2015-06-01 to 2015-08-01>"


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "figures.csv"
    frame = rows()
    frame.insert(0, "flag", frame["flag"], allow_duplicates=True)
    frame.to_csv(path, index=False)
    with pytest.raises(TableError, match="column 'flag' is there more than once"):
        Panel.read_csv(path, measures=[SEEN])


@pytest.mark.parametrize("year", ["0215", "1799", "9912"])
def test_a_mistyped_year_is_refused(year):
    frame = rows(period=["2015-06-01", f"{year}-07-01", "2015-08-01"] * 2)
    with pytest.raises(TableError, match="outside 1800 to 2200"):
        Panel.from_frame(frame, measures=[SEEN])


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "figures.csv.gz"
    whole = bytearray(gzip.compress(rows().to_csv(index=False).encode(), mtime=0))
    whole[20:24] = b"\x00\xff\x00\xff"
    path.write_bytes(bytes(whole))
    with pytest.raises(TableError, match=r"figures\.csv\.gz cannot be read"):
        Panel.read_csv(path, measures=[SEEN])
