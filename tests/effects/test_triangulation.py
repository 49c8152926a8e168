"""Agreement of methods: the sentence follows what they see, and leaves out those that cry wolf."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lean_impact.effects import agreement
from lean_impact.errors import DesignError


@pytest.fixture
def results(world):
    return {
        name: world.estimate(effect=effect) for name, effect in (("up", 0.05), ("down", -0.05), ("none", 0.0))
    }


def test_all_agree(results):
    found = agreement({"a": results["up"], "b": results["up"]})
    assert found.unanimous
    assert str(found.summary()).startswith("All 2 methods see an improvement")


def test_some_see_nothing(results):
    found = agreement({"a": results["up"], "b": results["none"]})
    assert not found.unanimous
    assert not found.contradictory
    assert "do not all agree" in found.sentence


def test_opposites_contradict(results):
    found = agreement({"a": results["up"], "b": results["down"]})
    assert found.contradictory
    assert "contradict each other" in found.sentence


def test_methods_that_cry_wolf_are_set_aside(results):
    loud = replace(results["down"], calibration=replace(results["down"].calibration, false_alarm_rate=0.5))
    found = agreement({"a": results["up"], "b": results["up"], "loud": loud})
    assert found.sentence.startswith("All 2 methods see an improvement")
    assert found.sentence.endswith("Set aside: loud cries wolf too often on these figures.")
    only = agreement({"loud": loud})
    assert only.sentence.startswith("No method can be trusted")


def test_methods_whose_counterfactual_cannot_be_are_set_aside(results):
    path = replace(results["down"].path, comparison=results["down"].path.comparison + 0.5)
    odd = replace(results["down"], path=path)
    found = agreement({"a": results["up"], "b": results["up"], "odd": odd})
    assert found.sentence.startswith("All 2 methods see an improvement")
    assert "Set aside: odd, as its counterfactual lies outside what is possible in " in found.sentence
    loud = replace(results["down"], calibration=replace(results["down"].calibration, false_alarm_rate=0.5))
    both = agreement({"a": results["up"], "loud": loud, "odd": odd})
    assert "loud cries wolf too often on these figures; odd, as its" in both.sentence


def test_the_table_has_a_row_for_each(results):
    frame = agreement(results).to_frame()
    assert frame["method"].tolist() == ["up", "down", "none"]
    assert frame["verdict"].tolist() == ["improvement", "worsening", "none"]
    assert (frame["p_value"] >= frame["p_smallest"]).all()
    assert frame["false_alarm_rate"].between(0, 1).all()


def test_different_measures_cannot_be_compared(world, results):
    other = results["up"].measure.model_copy(update={"id": "other"})
    with pytest.raises(DesignError, match="one measure only"):
        agreement({"a": results["up"], "b": replace(results["down"], measure=other)})
    with pytest.raises(DesignError, match="none"):
        agreement({})
