"""The laws catch estimators that break them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest

from lean_impact.domain import Provenance
from lean_impact.effects import DifferenceInDifferences, Start
from lean_impact.testing import estimator_checks

START = date(2014, 1, 1)
SOUND = DifferenceInDifferences(seed=1, draws=99, calibration_groups=50)


@dataclass
class Spoilt:
    """A sound estimator, and something done to the panel before or to the result after."""

    before: object = None
    after: object = None

    def estimate(self, panel, design):
        if self.before:
            panel, design = self.before(panel, design)
        result = SOUND.estimate(panel, design)
        return self.after(result, panel, design) if self.after else result


def moved(estimate, by):
    return estimate.model_copy(
        update={name: getattr(estimate, name) + by for name in ("value", "lower", "upper")}
    )


def all_moved(result, by):
    effects = tuple(
        effect.model_copy(update={"estimate": moved(effect.estimate, by)}) for effect in result.effects
    )
    return replace(result, pooled=moved(result.pooled, by), effects=effects)


def optimistic(result, panel, design):
    return all_moved(result, 0.02)


def shrunken(result, panel, design):
    return all_moved(result, -0.5 * result.pooled.value)


def narrow(result, panel, design):
    pooled = result.pooled
    ends = {"lower": pooled.value - 1e-6, "upper": pooled.value + 1e-6}
    return replace(result, pooled=pooled.model_copy(update=ends))


def vague(result, panel, design):
    return replace(result, pooled=result.pooled.model_copy(update={"lower": -9.0, "upper": 9.0}))


def flat(result, panel, design):
    pooled = result.pooled
    return replace(result, pooled=pooled.model_copy(update={"lower": pooled.value, "upper": pooled.value}))


def plain_level(result, panel, design):
    """Forget to compare with before."""
    rows = panel.frame[panel.frame["trust"].isin(design.treated)]
    return all_moved(result, float(rows["value"].mean()))


def seasonal(result, panel, design):
    return all_moved(result, float(panel.frame["value"].iloc[0]) / 100)


def by_name(result, panel, design):
    return all_moved(result, 0.01 * float(panel.series("C01", "synthetic").values[-1]))


def by_order(result, panel, design):
    return all_moved(result, 0.01 * (design.comparison[0] == "C01"))


def restless(result, panel, design):
    return all_moved(result, float(np.random.default_rng().normal()))


def silent(result, panel, design):
    return replace(result, provenance=Provenance())


def one_way(result, panel, design):
    return all_moved(result, abs(result.pooled.value))


def lenient(panel, design):
    """Make do with whatever is asked."""
    treated = tuple(code for code in design.treated if code in panel.trusts) or panel.trusts[-1:]
    comparison = tuple(code for code in design.comparison if code not in treated) or panel.trusts[:3]
    starts = tuple(Start(trust=code, first=START, settled=START) for code in treated)
    return panel, replace(design, starts=starts, comparison=comparison)


FAULTS = {
    "optimistic": (Spoilt(after=optimistic), "without noise the truth is found"),
    "shrunken": (Spoilt(after=shrunken), "adding to the treated after adds to the estimate"),
    "narrow": (Spoilt(after=narrow), "no effect is seldom seen"),
    "vague": (Spoilt(after=vague), "a large effect is seen"),
    "flat": (Spoilt(after=flat), "every estimate comes with its uncertainty"),
    "plain-level": (Spoilt(after=plain_level), "a trusts own level changes nothing"),
    "seasonal": (Spoilt(after=seasonal), "what every trust shares changes nothing"),
    "by-name": (Spoilt(after=by_name), "renaming comparison trusts changes nothing"),
    "by-order": (Spoilt(after=by_order), "the order of rows and trusts does not matter"),
    "optimistic-unit": (Spoilt(after=optimistic), "another unit scales estimates and keeps p values"),
    "one-way": (Spoilt(after=one_way), "turning the sign mirrors estimates and keeps p values"),
    "restless": (Spoilt(after=restless), "the same figures give the same answer"),
    "silent": (Spoilt(after=silent), "the result says who and what"),
    "lenient": (Spoilt(before=lenient), "questions that cannot be answered are refused"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_caught_by_its_law(fault, broken):
    estimator, law = FAULTS[fault]
    checks = [check for check in estimator_checks(estimator) if check.name == law]
    assert law in broken(checks)


def test_changing_the_panel_is_caught(broken):
    def scribble(panel, design):
        panel._frame.loc[0, "value"] = 0.5
        return panel, design

    assert "the input is left untouched" in broken(estimator_checks(Spoilt(before=scribble)))


def test_a_sound_estimator_breaks_none(broken):
    assert broken(estimator_checks(SOUND)) == {}
