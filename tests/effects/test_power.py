"""What a study could see, from placebo studies on trusts without the programme."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lean_impact.domain import Estimate, Measure, Provenance, PValue
from lean_impact.effects import DifferenceInDifferences
from lean_impact.effects.arrays import Needs
from lean_impact.effects.gaps import Gaps, estimate_from_gaps
from lean_impact.effects.power import PowerStudy, without_extras
from lean_impact.errors import DesignError
from lean_impact.tables import Panel

STAY = Measure(
    id="stay",
    name="Length of stay",
    kind="mean",
    improvement="decrease",
    dimension="efficiency",
    frequency="year",
    unit="days",
)
TRUSTS = [f"C{j:02d}" for j in range(24)]


def panel_of(values: np.ndarray) -> Panel:
    rows = [
        (trust, f"{1990 + i}-01-01", values[i, j])
        for i in range(len(values))
        for j, trust in enumerate(TRUSTS)
    ]
    frame = pd.DataFrame(rows, columns=["trust", "period", "value"]).dropna()
    return Panel.from_frame(frame.assign(measure="stay", flag="published", source="demo"), measures=[STAY])


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(3).normal(5.0, 1.0, (16, 24))


SETTINGS = {
    "estimator": DifferenceInDifferences(aggregation="mean"),
    "offsets": (0, 0, 0, 0),
    "n_pre": 6,
    "n_post": 4,
    "studies": 60,
    "seed": 1,
}


def run(values, **changes):
    return PowerStudy(**SETTINGS | changes).simulate(panel_of(values), measure="stay", trusts=TRUSTS)


def test_independent_noise_gives_about_the_textbook_effect(noise):
    found = run(noise, studies=100)
    spread = np.sqrt(1 / 6 + 1 / 4) * np.sqrt(1 / 4 + 1 / 20)
    textbook = (stats.norm.ppf(0.8) + stats.t.ppf(0.975, 4)) * spread
    assert found.upwards.effect == pytest.approx(textbook, rel=0.3)
    assert found.downwards.effect == pytest.approx(-textbook, rel=0.3)
    assert found.false_alarm_rate < 0.12
    assert found.to_frame([found.upwards.effect * 1.0001])["power"][0] >= 0.8


def test_the_same_seed_gives_the_same_answer_whatever_the_order(noise):
    panel = panel_of(noise)
    one, other = (
        PowerStudy(**SETTINGS | {"studies": 20}).simulate(panel, measure="stay", trusts=trusts)
        for trusts in (TRUSTS, TRUSTS[::-1])
    )
    assert one.estimates.tolist() == other.estimates.tolist()
    again = replace(PowerStudy(**SETTINGS | {"studies": 20}), seed=2).simulate(
        panel, measure="stay", trusts=TRUSTS
    )
    assert one.estimates.tolist() != again.estimates.tolist()


def test_unit_scales_the_detectable_effect(noise):
    one, other = run(noise, studies=20), run(10 * noise, studies=20)
    assert other.upwards.effect == pytest.approx(10 * one.upwards.effect)


def test_words_table_and_chart(noise):
    found = run(noise, studies=20)
    assert "With 4 treated trusts, 6 periods before and 4 after" in found.conclusion
    assert "placebo studies overlap" in found.summary()
    table = found.detectable_frame()
    assert table["direction"].tolist() == ["up", "down"]
    assert list(found.to_frame().columns) == ["measure", "effect", "power", "wrong_side", "monte_carlo_error"]
    ax = found.plot()
    assert ax.get_title(loc="left") == found.title
    assert "80%" in found.description


@dataclass(frozen=True)
class Recorder:
    """Answers every question with the same numbers and remembers the designs."""

    seen: list

    def estimate(self, panel, adoption):  # noqa: ARG002 - the figures play no part
        self.seen.append(adoption)

        class Result:
            method = "recorder"
            pooled = Estimate(value=0.0, standard_error=1.0, lower=-5.0, upper=2.0)
            p_value = PValue(value=1.0, smallest=0.0, method="none", assumption="none")
            provenance = Provenance(steps=("figures", "estimate"))

        return Result()


def test_staggered_pattern_and_window(noise):
    seen: list = []
    found = run(noise, estimator=Recorder(seen), offsets=(0, 1, 3), studies=20)
    for adoption in seen:
        years = [start.first.year for start in adoption.starts]
        assert [year - years[0] for year in years] == [0, 1, 3]
        assert adoption.window.start.year == years[0] - 6
        assert adoption.window.end.year == years[0] + 4
        assert sorted([*adoption.treated, *adoption.comparison]) == TRUSTS
    assert len({adoption.treated for adoption in seen}) > 10
    # The longer side of an interval counts.
    assert (found.upwards.effect, found.downwards.effect) == (5.0, -5.0)


def test_extras_are_turned_down_and_the_rest_is_kept():
    quick = without_extras(DifferenceInDifferences(aggregation="mean", level=0.9), seed=7)
    assert quick == DifferenceInDifferences(
        aggregation="mean", level=0.9, draws=1, calibration_groups=1, seed=7
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offsets": (1, 2)}, "smallest offset must be 0"),
        ({"offsets": ()}, "smallest offset must be 0"),
        ({"n_post": 2, "offsets": (0, 2)}, "n_post must reach beyond"),
        ({"power": 1.0}, "power must lie"),
        ({"studies": 5}, "studies must be at least 20"),
        ({"n_pre": 14}, "more than the 16"),
        ({"offsets": (0,) * 23}, "fewer than two"),
    ],
)
def test_impossible_studies(noise, changes, message):
    with pytest.raises(DesignError, match=message):
        run(noise, **changes)


def test_bad_trusts(noise):
    holes = noise.copy()
    holes[3, 2] = np.nan
    study = PowerStudy(**SETTINGS)
    with pytest.raises(DesignError, match="C02 has no figure for 1993"):
        study.simulate(panel_of(holes), measure="stay", trusts=TRUSTS)
    with pytest.raises(DesignError, match=r"2 problems|C00 is named twice") as caught:
        study.simulate(panel_of(noise), measure="stay", trusts=[*TRUSTS, "C00", "ZZZ"])
    assert {each.rule for each in caught.value.issues} == {"repeated-trust", "unknown-trust"}


def test_workers_change_no_number(noise):
    study = PowerStudy(**SETTINGS)
    one = study.simulate(panel_of(noise), measure="stay", trusts=TRUSTS)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        two = study.simulate(panel_of(noise), measure="stay", trusts=TRUSTS)
    assert one.estimates.tolist() == two.estimates.tolist()
    assert one.margins.tolist() == two.margins.tolist()


@dataclass(frozen=True, kw_only=True)
class MeanGap:
    """A difference-in-differences by way of gaps, for staggered adoption."""

    weighting: str = "equal"
    level: float = 0.95
    draws: int = 9
    calibration_groups: int = 1
    calibration_dates: int = 0
    seed: int = 0
    covariates: tuple = ()
    method: str = "mean gap"
    needs: Needs = field(default_factory=Needs)

    def gaps(self, arrays):
        others = arrays.comparison
        n0 = others.shape[1]
        gap = arrays.treated - others.mean(axis=1, keepdims=True)
        before = np.where(arrays.before[:, : arrays.n_treated], gap, np.nan)
        placebo = (others - others.mean(axis=1, keepdims=True)) * n0 / (n0 - 1)
        return Gaps(
            treated=gap - np.nanmean(before, axis=0),
            placebo=np.array([placebo - placebo[:start].mean(axis=0) for start, _ in arrays.cohorts]),
            share=1 / n0,
            placebo_share=1 / (n0 - 1),
        )

    def estimate(self, panel, adoption):
        return estimate_from_gaps(self, panel, adoption)


@dataclass(frozen=True)
class Slow:
    """Hides what an estimator is, so that it has to read the panel every time."""

    inner: object

    def estimate(self, panel, adoption):
        return self.inner.estimate(panel, adoption)


@pytest.mark.parametrize(
    ("estimator", "offsets"),
    [
        (DifferenceInDifferences(aggregation="mean", draws=1, calibration_groups=1), (0, 0, 0)),
        (DifferenceInDifferences(aggregation="mean", draws=1, calibration_groups=1), (0,)),
        (MeanGap(), (0, 0, 0)),
        (MeanGap(), (0, 1, 3)),
        (MeanGap(level=0.9), (0,)),
    ],
)
def test_arrays_and_panels_give_the_same_answer(noise, estimator, offsets):
    quick, slow = (
        run(noise, estimator=each, offsets=offsets, studies=20) for each in (estimator, Slow(estimator))
    )
    assert quick.estimates == pytest.approx(slow.estimates, rel=1e-12)
    assert quick.margins == pytest.approx(slow.margins, rel=1e-12)


@pytest.mark.parametrize("weighting", ["equal", "denominator"])
def test_counts_give_the_same_answer_too(world, weighting):
    did = DifferenceInDifferences(weighting=weighting, draws=1, calibration_groups=1)
    settings = {"offsets": (0, 0, 0), "n_pre": 20, "n_post": 10, "studies": 20}
    quick, slow = (
        PowerStudy(estimator=each, **settings).simulate(
            world.panel(), measure="seen-4h", trusts=world.comparison
        )
        for each in (did, Slow(did))
    )
    assert quick.estimates == pytest.approx(slow.estimates, rel=1e-9)
    assert quick.margins == pytest.approx(slow.margins, rel=1e-9)
