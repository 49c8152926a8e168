"""The laws catch models that break them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from lean_impact.contingency import Prediction
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.testing import Check, scorer_checks


def _broken(model):
    """Names of the laws that a model breaks."""
    names = []
    for check in scorer_checks(model):
        assert isinstance(check, Check)
        try:
            check.run()
        except AssertionError:
            names.append(check.name)
    return names


@dataclass(frozen=True)
class _Shifted:
    """The null model with its prediction moved by something that it should not depend on."""

    by: Callable[[SimpleNamespace], float]
    name: str = "shifted"

    def fit(self, cases, effects, *, improvement, seed):
        fit = NullModel().fit(cases, effects, improvement=improvement, seed=seed)
        shift = self.by(SimpleNamespace(cases=cases, effects=effects, improvement=improvement))
        new = fit.new_trust
        moved = Prediction.single(location=new.mean + shift, scale=float(new.scales[0]), df=float(new.dfs[0]))
        return replace(fit, new_trust=moved)


@pytest.mark.parametrize(
    ("by", "law"),
    [
        (lambda given: given.effects[0].estimate.value, "the order of trusts does not matter"),
        (lambda given: 0.01 * (given.cases.trusts[0] == "AA1"), "renaming trusts renames scores"),
        (lambda given: len(given.cases.conditions), "a constant condition changes no prediction"),
        (
            lambda given: 0.1 * sum(cell.state == "unknown" for cell in given.cases.cells),
            "a condition known for no trust changes no prediction",
        ),
        (lambda _: 0.5, "scaling effects scales predictions"),
        (lambda given: 0.1 * (given.improvement == "decrease"), "a measure where less is better mirrors"),
        (lambda _: float(np.random.default_rng().normal()), "the same seed gives the same answer"),
        (lambda given: given.effects.reverse() or 0.0, "the input is left untouched"),
    ],
)
def test_each_fault_is_caught_by_its_law(by, law):
    assert law in _broken(_Shifted(by))


def test_a_sound_model_breaks_none():
    assert _broken(_Shifted(lambda _: 0.0)) == []
