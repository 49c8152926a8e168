"""The same question under every declared combination of choices."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from lean_impact.domain import Window
from lean_impact.effects import AdoptionDesign, Calibration, DifferenceInDifferences
from lean_impact.effects.specification import (
    Specification,
    curve_of,
    every_combination,
    specification_curve,
)
from lean_impact.errors import DesignError

ESTIMATORS = {
    name: DifferenceInDifferences(aggregation=name, draws=99, calibration_groups=100)
    for name in ("pooled", "mean")
}


def designs(world, **changes):
    late = Window(start=date(2014, 1, 1), end=date(2015, 1, 1))
    return {
        (window, comparison): AdoptionDesign.block(
            **world.design(pre=pre, comparison=world.comparison[:n], **changes)
        )
        for window, pre in (("long", world.pre), ("short", late))
        for comparison, n in (("all", 25), ("some", 15))
    }


def curve(world, *, extra=None, **known):
    declared = every_combination(
        ESTIMATORS, designs(world) | (extra or {}), dimensions=["window", "comparison"]
    )
    return specification_curve(world.panel(**known), declared)


def test_each_row_is_the_estimate_of_its_specification(world):
    found = curve(world, effect=0.05)
    assert found.dimensions == ("estimator", "window", "comparison")
    assert len(found.rows) == 8
    row = next(each for each in found.rows if tuple(each.choices.values()) == ("mean", "short", "some"))
    alone = ESTIMATORS["mean"].estimate(world.panel(effect=0.05), designs(world)["short", "some"])
    assert row.estimate == alone.pooled
    table = found.to_frame()
    assert table["estimate"].is_monotonic_increasing
    assert list(table.columns) == [
        "rank",
        "estimator",
        "window",
        "comparison",
        "measure",
        "method",
        "estimate",
        "standard_error",
        "lower",
        "upper",
        "level",
        "p_value",
        "p_smallest",
        "found",
        "false_alarm_rate",
    ]


@pytest.mark.parametrize(
    ("effect", "words"),
    [(0.08, "All 8 specifications show a visible improvement"), (-0.08, "All 8 .* visible worsening")],
)
def test_agreement_follows_the_evidence(world, effect, words):
    found = curve(world, effect=effect)
    assert re.search(words, found.summary())


def test_no_effect_is_said_to_be_none(world):
    assert "None of 8 specifications" in curve(world, seed=2).agreement


def scored(result, values, *, half=0.01):
    """Give results other pooled effects, so that the words can be put to the test."""
    return [
        (
            {"case": str(at)},
            replace(
                result,
                pooled=result.pooled.model_copy(
                    update={"value": value, "lower": value - half, "upper": value + half}
                ),
            ),
        )
        for at, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            [0.05, 0.06, -0.05],
            "contradict each other: 2 of 3 show a visible improvement, 1 a visible worsening",
        ),
        ([0.05, 0.001, 0.002], "Only some specifications"),
        ([0.05, 0.05, 0.05, 0.05, -0.001], "Most specifications"),
    ],
)
def test_words_of_mixed_evidence(world, values, words):
    assert words in curve_of(scored(world.estimate(), values)).agreement


def test_a_test_that_cries_wolf_shows_nothing(world):
    wolf = Calibration(n_groups=500, exact=False, nominal=0.05, false_alarm_rate=0.3)
    result = replace(world.estimate(), calibration=wolf)
    found = curve_of(scored(result, [0.05, 0.06]))
    assert found.agreement == "None of 2 specifications shows a visible effect."
    assert any("2 of 2 specifications use a test that cries wolf" in each for each in found.cautions)


def test_a_counterfactual_that_cannot_be_shows_nothing(world):
    sound = world.estimate()
    path = replace(sound.path, comparison=sound.path.comparison + 1.0)
    found = curve_of(scored(replace(sound, path=path), [0.05, 0.06]))
    assert found.agreement == "None of 2 specifications shows a visible effect."
    assert any("2 of 2 specifications have a counterfactual outside" in each for each in found.cautions)


def test_refused_specifications_are_listed(world):
    missing = AdoptionDesign.block(**world.design(treated=("T01", "ZZZ")))
    found = curve(world, effect=0.05, extra={("long", "unknown trust"): missing})
    assert len(found.rows) == 8
    assert [each.choices["comparison"] for each in found.failures] == ["unknown trust"] * 2
    assert sum("ZZZ is a treated trust" in each for each in found.cautions) == 2
    assert all("\n" not in each for each in found.cautions)


def test_influence_names_the_strongest_choice(world):
    table = curve(world, effect=0.05).influence_frame()
    assert table.groupby("dimension", sort=False)["n"].sum().tolist() == [8, 8, 8]
    assert table.groupby("dimension")["shift"].sum().to_numpy() == pytest.approx(np.zeros(3), abs=1e-12)
    strongest = table.loc[table["share"].idxmax(), "dimension"]
    assert curve(world, effect=0.05).drivers.startswith(f"The estimate depends most on {strongest}")


def test_chart_has_a_row_for_each_option_and_a_dot_for_each_specification(world):
    found = curve(world, effect=0.08)
    top, bottom = found.plot().child_axes
    names = [label.get_text().strip() for label in bottom.get_yticklabels()]
    assert names == ["Estimator", "pooled", "mean", "Window", "long", "short", "Comparison", "all", "some"]
    assert [line.get_marker() for line in top.lines].count("^") == 8
    assert "8 specifications" in found.description


def test_bad_declarations(world):
    design = AdoptionDesign.block(**world.design())
    did = ESTIMATORS["mean"]
    panel = world.panel()
    once = Specification(choices={"window": "long"}, estimator=did, adoption=design)
    other = Specification(choices={"period": "long"}, estimator=did, adoption=design)
    with pytest.raises(DesignError, match="declared twice"):
        specification_curve(panel, [once, once])
    with pytest.raises(DesignError, match="does not choose in window"):
        specification_curve(panel, [once, other])
    with pytest.raises(DesignError, match="at least one dimension"):
        specification_curve(panel, [Specification(estimator=did, adoption=design)])
    with pytest.raises(DesignError, match="at least two estimates, not 1"):
        specification_curve(panel, [once])
    with pytest.raises(DesignError, match="one option for each of window, trusts"):
        every_combination(ESTIMATORS, {("long",): design}, dimensions=["window", "trusts"])
    with pytest.raises(DesignError, match="different names"):
        every_combination(ESTIMATORS, {("long",): design}, dimensions=["estimator"])


def test_other_units_make_no_curve(world, make_measure):
    one, other = world.estimate(), world.estimate(measure=make_measure(improvement="decrease"))
    with pytest.raises(DesignError, match="different units") as caught:
        curve_of([({"case": "a"}, one), ({"case": "b"}, other)])
    assert "better: decrease" in str(caught.value)
