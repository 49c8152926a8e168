from __future__ import annotations

from dataclasses import FrozenInstanceError

import pandas as pd
import pytest

from lean_impact.errors import InputError
from lean_impact.report import Chart, Report, Section, Table

FRAME = pd.DataFrame({"trust": ["A", "B"], "n": [1, 2]})


def nothing(ax):
    """Draw nothing."""


def a_table(id_="table", **changes):
    return Table(**{"id": id_, "caption": "Caption", "frame": FRAME, **changes})


def a_chart(id_="chart", **changes):
    return Chart(**{"id": id_, "title": "T", "description": "D", "draw": nothing, **changes})


@pytest.mark.parametrize("id_", ["", "Upper", "1st", "a_b", "a--b", "../etc", "a b", "ä", "a-", "a.b", None])
def test_an_id_that_cannot_name_a_file_is_refused(id_):
    for make in (a_table, a_chart):
        with pytest.raises(InputError, match="lower-case letters"):
            make(id_)
    with pytest.raises(InputError, match="lower-case letters"):
        Section(id=id_, title="T")


def test_an_id_twice_is_refused_with_every_one_named():
    sections = (
        Section(id="a", title="A", charts=(a_chart("a"),)),
        Section(id="b", title="B", tables=(a_table("t"), a_table("t"))),
    )
    with pytest.raises(InputError) as caught:
        Report(title="R", sections=sections)
    assert [issue.value for issue in caught.value.issues] == ["a", "t"]


def test_ids_of_subsections_count():
    below = Section(id="a", title="Below")
    with pytest.raises(InputError, match="'a' is used more than once"):
        Report(title="R", sections=(Section(id="a", title="A", sections=(below,)),))


def test_one_table_may_be_shared_and_is_listed_once_in_reading_order():
    shared, other = a_table("shared"), a_table("other")
    section = Section(
        id="s",
        title="S",
        charts=(a_chart("a", table=shared), a_chart("b", table=shared)),
        tables=(other, shared),
    )
    assert Report(title="R", sections=(section,)).tables() == (shared, other)


def test_every_problem_of_a_table_is_listed():
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", 3], index=pd.Index([0], name="trust"))
    with pytest.raises(InputError) as caught:
        Table(id="T", caption=" ", frame=frame, columns={"b": "B"}, max_rows=0)
    text = str(caught.value)
    for part in (
        "lower-case",
        "caption",
        "3 has no text",
        "'a' is there twice",
        "mentions 'b'",
        "reset_index",
    ):
        assert part in text
    assert "max_rows" in text


def test_a_table_needs_a_frame_with_something_to_show():
    with pytest.raises(InputError, match="must be a DataFrame, not list"):
        a_table(frame=[1])
    with pytest.raises(InputError, match="no column would be shown"):
        a_table(frame=pd.DataFrame(index=range(2)))


def test_a_table_keeps_its_own_copy():
    frame = FRAME.copy()
    columns = {"n": "Number"}
    table = a_table(frame=frame, columns=columns)
    frame.loc[0, "n"] = 99
    columns["trust"] = "Trust"
    assert table.frame["n"].tolist() == [1, 2]
    assert [column.label for _, column in table.shown] == ["trust", "Number"]


def test_records_are_frozen():
    with pytest.raises(FrozenInstanceError):
        a_chart().title = "other"


def test_a_bare_text_where_several_are_meant_is_refused():
    with pytest.raises(InputError, match="cautions must be a tuple of str"):
        Section(id="s", title="S", cautions="one caution")
    with pytest.raises(InputError, match=r"sections\[0\] must be Section, not str"):
        Report(title="R", sections=["s"])


def test_lists_become_tuples():
    paragraphs = ["one"]
    section = Section(id="s", title="S", paragraphs=paragraphs)
    paragraphs.append("two")
    assert section.paragraphs == ("one",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"draw": None}, "exactly one of draw"),
        ({"draw_figure": nothing}, "exactly one of draw"),
        ({"title": ""}, "has no title"),
        ({"description": " "}, "has no description"),
        ({"size": (0, 3)}, "positive numbers"),
        ({"table": FRAME}, "must be Table, not DataFrame"),
    ],
)
def test_an_incomplete_chart_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        a_chart(**changes)


def test_a_chart_of_a_result_takes_all_from_it():
    class Result:
        title = "Trend"
        description = "Line chart of two months."

        def plot(self, ax=None):
            return ax

        def to_frame(self):
            return FRAME

    chart = Chart.of(Result(), id="trend", source="Here", columns={"n": "Number"})
    assert (chart.title, chart.description, chart.source) == ("Trend", "Line chart of two months.", "Here")
    assert chart.table.id == "trend-data"
    assert chart.table.frame.equals(FRAME)
    assert [column.label for _, column in chart.table.shown] == ["trust", "Number"]
