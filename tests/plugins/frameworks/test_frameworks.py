"""The bundled frameworks hold what their authors count, and meet each other."""

from __future__ import annotations

import pytest

from lean_impact.context import crosswalk
from lean_impact.domain import Construct, ContextFramework, RatingScale, ScaleLevel
from lean_impact.errors import DesignError, UnknownNameError
from lean_impact.hooks import Plugins
from lean_impact.plugins import frameworks
from lean_impact.study import default_plugins

PLUGINS = Plugins.load(bundled={"frameworks": frameworks}, installed=[])
ALL = {name: owned.entry for name, owned in PLUGINS.frameworks().items()}


@pytest.mark.parametrize(
    ("name", "constructs", "tops", "domains"),
    [
        ("cfir-2009", 39, 26, 5),
        ("cfir-2022", 67, 48, 6),
        ("musiq", 25, 25, 6),
        ("receptive-contexts", 8, 8, 2),
        ("nhs-impact", 5, 5, 1),
        ("six-lessons", 4, 4, 1),
    ],
)
def test_counts_are_those_of_the_authors(name, constructs, tops, domains):
    found = ALL[name]
    assert len(found.constructs) == constructs
    assert sum(item.parent is None for item in found.constructs) == tops
    assert len(found.domains) == domains


def test_scales_are_those_of_the_frameworks():
    assert ALL["cfir-2009"].scales[0].values == (-2, -1, 0, 1, 2)
    assert ALL["cfir-2009"].scales[0].mixed
    assert (ALL["musiq"].scales[0].lowest, ALL["musiq"].scales[0].highest) == (1, 7)
    assert [scale.id for scale in ALL["receptive-contexts"].scales] == ["strength", "direction", "continuity"]
    assert len(ALL["six-lessons"].constructs) <= 4


def test_every_link_leads_somewhere():
    for framework in ALL.values():
        for link in framework.links:
            assert ALL[link.framework].find(link.target)


@pytest.mark.parametrize("source", ALL)
@pytest.mark.parametrize("target", ALL)
def test_there_and_back_is_the_same_crosswalk(source, target):
    if source == target:
        with pytest.raises(DesignError, match="two different frameworks"):
            crosswalk(ALL.values(), source=source, target=target)
        return
    there, back = (
        crosswalk(ALL.values(), source=a, target=b) for a, b in ((source, target), (target, source))
    )
    turn = {"same": "same", "related": "related", "broader": "narrower", "narrower": "broader"}
    assert {(a, b, turn[r]) for a, b, r, _ in there.rows} == {(b, a, r) for a, b, r, _ in back.rows}
    assert there.rows
    assert len(there.to_frame()) == len(there.rows)
    assert set(there.unmet).isdisjoint(there.to_frame()["source"])


def test_a_way_through_a_third_is_said_to_be_one():
    found = crosswalk(ALL.values(), source="nhs-impact", target="musiq")
    assert set(found.to_frame()["through"]) == {"cfir-2022"}
    assert "through cfir-2022" in found.summary()


def test_the_library_brings_them_all():
    assert set(default_plugins().frameworks()) >= set(ALL)
    with pytest.raises(UnknownNameError, match="did you mean 'cfir-2022'"):
        default_plugins().framework("cfir-2021")


def test_a_framework_that_does_not_hold_together():
    scale = RatingScale(
        id="s", name="S", basis="b", levels=(ScaleLevel(value=0, words="n"), ScaleLevel(value=1, words="y"))
    )
    with pytest.raises(ValueError, match=r"'a' is given twice.*part of 'z'"):
        ContextFramework(
            id="f",
            name="F",
            source="s",
            scales=(scale,),
            constructs=(
                Construct(id="a", name="A", domain="d"),
                Construct(id="a", name="A", domain="d", parent="z"),
            ),
        )
    with pytest.raises(ValueError, match="lowest to the highest"):
        RatingScale(id="s", name="S", basis="b", levels=tuple(reversed(scale.levels)))
