"""Charts show what the result says."""

from __future__ import annotations

from matplotlib.figure import Figure


def markers(ax) -> list[str]:
    return [line.get_marker() for line in ax.lines if line.get_marker() in {"o", "^", "v", "s"}]


def test_one_row_a_trust_and_one_for_all(world):
    result = world.estimate(effect=0.05)
    ax = result.plot(labels={"T01": "First"})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["First", *world.treated[1:], "Together"]
    assert ax.get_title(loc="left") == result.title
    assert markers(ax)[-1] == "^"
    assert "percentage points" in ax.get_xlabel()


def test_shape_follows_the_verdict(world, make_measure):
    assert markers(world.estimate(effect=-0.05).plot())[-1] == "s"
    assert markers(world.estimate().plot())[-1] == "o"
    neutral = world.estimate(measure=make_measure(improvement="neutral"), effect=-0.05)
    assert markers(neutral.plot())[-1] == "v"


def test_path_has_both_lines_and_the_start(world):
    result = world.estimate(effect=0.05)
    ax = result.plot_path()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["Comparison (mean of 25)", "Treated (mean of 5)"]
    assert len(ax.lines) == 3
    assert {line.get_linestyle() for line in ax.lines} == {"--", "-", ":"}


def test_draws_where_it_is_told(world):
    result = world.estimate()
    ax = Figure().subplots()
    assert result.plot(ax) is ax
    other = Figure().subplots()
    assert result.plot_path(other) is other


def test_descriptions_begin_with_the_kind_of_chart(world):
    result = world.estimate(effect=0.05)
    assert result.description.startswith("Dot-and-interval chart")
    assert all(trust in result.description for trust in world.treated)
    assert result.path_description.startswith("Line chart")
