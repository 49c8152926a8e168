"""What sets trusts apart: the labels of two published tables, and how often luck would."""

from __future__ import annotations

import pandas as pd
import pytest

from lean_impact.context import distinguish
from lean_impact.errors import DesignError


def test_every_label_of_the_first_table(units):
    ratings, groups, labels = units
    found = distinguish(ratings, groups=groups, mixed="value")
    assert {item.construct: item.label for item in found.verdicts} == labels


def test_the_second_table_and_where_its_authors_weighed_more_than_numbers(schools):
    ratings, groups, labels = schools
    found = distinguish(ratings, groups=groups, mixed="value")
    given = {item.construct: item.label for item in found.verdicts}
    differ = {key: (given[key], labels[key]) for key in labels if given[key] != labels[key]}
    assert differ == {
        "trialability": ("weak", "none"),
        "cosmopolitanism": ("weak", "strong"),
        "structure": ("strong", "weak"),
        "culture": ("strong", "weak"),
        "beliefs": ("weak", "none"),
        "stage": ("strong", "weak"),
    }
    apart = {"strong", "weak"}
    assert sum((given[key] in apart) == (labels[key] in apart) for key in labels) == 20


def test_luck_is_counted_over_all_ways_to_call_trusts_high(units):
    ratings, groups, _ = units
    found = distinguish(ratings, groups=groups, mixed="value")
    assert {item.chance for item in found.verdicts if item.label == "strong"} == {0.2}
    assert found.chance == pytest.approx(0.2)
    assert 0 < found.expected < 10
    assert any("5 ways" in caution for caution in found.cautions)
    assert "Trialability" in found.summary()


def test_dropping_mixed_ratings_changes_what_rests_on_them(units):
    ratings, groups, _ = units
    kept, dropped = (distinguish(ratings, groups=groups, mixed=how) for how in ("value", "drop"))
    assert kept.label("goals") == "none"
    assert dropped.label("goals") == "not rated"
    assert dropped.label("beliefs") == "strong"


def test_the_chart_has_every_construct_and_the_frame_its_columns(units):
    ratings, groups, labels = units
    found = distinguish(ratings, groups=groups, mixed="value")
    ax = found.plot(labels={"U01": "First"})
    assert len(ax.get_yticklabels()) == len(labels)
    assert ax.get_xticklabels()[0].get_text() == "First\nhigh"
    assert list(found.to_frame().columns) == [
        "construct",
        "name",
        "label",
        "gap",
        "difference",
        "chance",
        "n_high",
        "n_low",
    ]
    assert isinstance(found.to_frame(), pd.DataFrame)
    assert found.of("strong") == ("trialability", "tension", "compatibility", "priority", "resources")


def test_groups_that_cannot_be_compared(units):
    ratings, _, _ = units
    with pytest.raises(DesignError) as caught:
        distinguish(ratings, groups={"U01": "high", "U99": "middling"}, mixed="maybe")
    assert {issue.rule for issue in caught.value.issues} == {
        "no-ratings",
        "bad-group",
        "empty-group",
        "bad-setting",
    }
