"""Interrupted time series, plain and controlled: what they find, what they refuse, what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Exclusion, Window
from lean_impact.effects import AdoptionDesign
from lean_impact.effects.controlled_its import ControlledInterruptedTimeSeries
from lean_impact.effects.its import InterruptedTimeSeries
from lean_impact.errors import DesignError
from lean_impact.kernels.autoregression import simulate_ar1
from lean_impact.tables import Panel
from lean_impact.testing import estimator_checks, parametrize_checks

QUICK = {"draws": 39, "calibration_groups": 40, "calibration_dates": 1}
# The laws need no calibration; without it forty panels take a second or two.
LAWFUL = {"draws": 9, "calibration_groups": 1, "calibration_dates": 0}
# Figures are rounded to whole patients out of 5,000.
ROUNDING = 3e-4
EXACT = "a series that the regression fits without any residual holds no measure of chance and is refused"
PLAIN = InterruptedTimeSeries(**QUICK)
CONTROLLED = ControlledInterruptedTimeSeries(**QUICK)


@parametrize_checks(
    estimator_checks(InterruptedTimeSeries(**LAWFUL)),
    expected_failures={
        "without noise the truth is found": EXACT,
        "questions that cannot be answered are refused": "it needs no comparison trust",
    },
)
def test_plain_obeys_the_laws(check):
    check.run()


@parametrize_checks(
    estimator_checks(ControlledInterruptedTimeSeries(**LAWFUL)),
    expected_failures={"without noise the truth is found": EXACT},
)
def test_controlled_obeys_the_laws(check):
    check.run()


MONTHS = pd.date_range("2010-01-01", periods=96, freq="MS")
TREATED = ("T01", "T02", "T03")
OTHERS = tuple(f"C{at:02d}" for at in range(1, 13))
START = 48


def figures(*, level=0.0, slope=0.0, shared=0.0, phi=0.5, seed=1, start=None) -> pd.DataFrame:
    """Make up shares of about 0.8 of about 5,000; `shared` happens to every trust at the start."""
    start = start or dict.fromkeys(TREATED, START)
    rng, t = np.random.default_rng(seed), np.arange(96)
    trusts = [*TREATED, *OTHERS]
    noise = 0.01 * simulate_ar1(np.full(len(trusts), phi), n_periods=96, rng=rng)
    rows = []
    for trust, own in zip(trusts, noise, strict=True):
        share = 0.8 - 0.0003 * t + 0.01 * np.sin(2 * np.pi * t / 12) + own + shared * (t >= START)
        if trust in start:
            since = t - start[trust]
            share = share + (since >= 0) * (level + slope * since)
        size = np.full(96, 5000.0)
        rows.append(
            pd.DataFrame(
                {
                    "trust": trust,
                    "measure": "seen-4h",
                    "period": MONTHS,
                    "numerator": np.round(share * size),
                    "denominator": size,
                    "flag": "published",
                    "source": "synthetic",
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


@pytest.fixture
def ask(make_measure):
    def estimate(estimator, frame, *, comparison=OTHERS, treated=TREATED, starts=None, ignore=(), gap=0):
        if starts is None:
            settled = MONTHS[START + gap].date()
            adoption = AdoptionDesign.block(
                measure="seen-4h",
                treated=treated,
                comparison=comparison,
                pre=Window(start=date(2010, 1, 1), end=MONTHS[START].date()),
                post=Window(start=settled, end=date(2018, 1, 1)),
                ignore=ignore,
            )
        else:
            adoption = AdoptionDesign.staggered(
                measure="seen-4h",
                starts={trust: MONTHS[at].date() for trust, at in starts.items()},
                comparison=comparison,
                window=Window(start=date(2010, 1, 1), end=date(2018, 1, 1)),
                ignore=ignore,
            )
        return estimator.estimate(Panel.from_frame(frame, measures=[make_measure()]), adoption)

    return estimate


def coefficient(result, term, series=""):
    table = result.tables["coefficients"].set_index(["series", "term"])
    return table.loc[(series, term)]


@pytest.mark.parametrize("estimator", [PLAIN, CONTROLLED])
def test_level_and_slope_are_found(ask, estimator):
    # Against the same chance without the effect, so that the comparison does not hang on the seed.
    result, chance = (ask(estimator, figures(level=a, slope=b)) for a, b in ((0.05, 0.001), (0.0, 0.0)))
    mean = 0.05 + 0.001 * 47 / 2
    assert result.pooled.value - chance.pooled.value == pytest.approx(mean, abs=ROUNDING)
    assert not result.pooled.covers(0.0)
    for term, truth in (("level change", 0.05), ("slope change", 0.001)):
        row = coefficient(result, term)
        assert row["estimate"] - coefficient(chance, term)["estimate"] == pytest.approx(truth, abs=ROUNDING)
        assert not row["lower"] <= 0 <= row["upper"]
    assert [effect.trust for effect in result.effects] == list(TREATED)
    for one, none in zip(result.effects, chance.effects, strict=True):
        assert one.estimate.value - none.estimate.value == pytest.approx(mean, abs=2 * ROUNDING)
    assert result.relative.value == pytest.approx(result.pooled.value / 0.78, rel=0.05)
    assert (result.n_pre, result.n_post) == (48, 48)


def test_effects_at_any_horizon_agree_with_the_mean_effect(ask):
    result = ask(PLAIN, figures(level=0.03, slope=0.001))
    horizons = result.tables["horizons"]
    assert horizons["horizon"].tolist() == list(range(48))
    assert horizons["estimate"].mean() == pytest.approx(result.pooled.value)
    assert horizons["cumulated"].iloc[-1] == pytest.approx(48 * result.pooled.value)
    width = horizons["cumulated_upper"].iloc[-1] - horizons["cumulated_lower"].iloc[-1]
    assert width == pytest.approx(48 * (result.pooled.upper - result.pooled.lower))
    assert (horizons["lower"] < horizons["estimate"]).all()
    gap = result.path.treated - result.path.comparison
    assert gap[48:].mean() == pytest.approx(result.pooled.value, abs=0.005)
    assert ((result.path.lower < result.path.comparison) & (result.path.comparison < result.path.upper)).all()


def test_what_happens_to_all_fools_the_plain_one_only_and_its_calibration_says_so(ask):
    frame = figures(shared=-0.06)
    plain, controlled = ask(PLAIN, frame), ask(CONTROLLED, frame)
    assert not plain.pooled.covers(0.0)
    assert plain.calibration.too_many
    assert plain.p_values[1].value > 0.05
    assert any("cries wolf" in caution for caution in plain.cautions)
    assert controlled.pooled.covers(0.0)
    assert not any("whatever else happened" in caution for caution in controlled.cautions)


def test_no_comparison_trust_is_needed(ask):
    result = ask(PLAIN, figures(level=0.05), comparison=())
    assert result.calibration is None
    assert len(result.p_values) == 1
    assert any("whatever else happened" in caution for caution in result.cautions)
    assert "where their own level" in str(result.summary())


def test_the_impact_model_is_told_in_words(ask):
    changed = replace(PLAIN, slope_change=False, delay=2, phase_in=6, season="harmonics")
    method = ask(changed, figures(), comparison=()).method
    for words in (
        "a change of level at the start",
        "beginning 2 months late",
        "phased in over 6 months",
        "2 pairs of waves",
        "restricted likelihood",
    ):
        assert words in method


def test_a_delayed_and_phased_in_impact_has_no_effect_at_first(ask):
    changed = replace(PLAIN, slope_change=False, delay=2, phase_in=4)
    effect = ask(changed, figures(level=0.05), comparison=()).tables["horizons"]["estimate"]
    assert effect[:2].tolist() == [0.0, 0.0]
    assert effect[2] == pytest.approx(effect[47] / 4)
    assert effect[5] == pytest.approx(effect[47])


def test_a_transition_keeps_its_place_in_time(ask):
    result, chance = (ask(PLAIN, figures(level=a), gap=6) for a in (0.05, 0.0))
    assert result.tables["horizons"]["horizon"].tolist() == list(range(42))
    assert any("transition" in caution for caution in result.cautions)
    assert result.pooled.value - chance.pooled.value == pytest.approx(0.05, abs=ROUNDING)


def test_further_interruptions_stay_in_the_counterfactual(ask):
    frame = figures(level=0.05)
    later = frame["period"] >= MONTHS[72]
    frame.loc[later, "numerator"] -= 0.1 * frame.loc[later, "denominator"]
    told = ask(replace(PLAIN, further=(MONTHS[72].date(),)), frame, comparison=())
    untold = ask(PLAIN, frame, comparison=())
    assert told.pooled.covers(0.05)
    assert abs(told.pooled.value - 0.05) < abs(untold.pooled.value - 0.05)
    assert coefficient(told, "level change 2")["estimate"] == pytest.approx(-0.1, abs=0.03)


@pytest.mark.parametrize("estimator", [PLAIN, CONTROLLED])
def test_different_starts_are_pooled_over_the_trusts_own_effects(ask, estimator):
    starts = {"T01": 40, "T02": 48, "T03": 60}
    result = ask(estimator, figures(level=0.05, start=starts), starts=starts)
    own = [effect.estimate for effect in result.effects]
    assert result.pooled.value == pytest.approx(np.mean([one.value for one in own]))
    assert result.pooled.covers(0.05)
    assert result.tables["horizons"]["horizon"].max() == 35
    independent = np.sqrt(sum(one.standard_error**2 for one in own)) / 3
    assert (
        independent * (1 - 1e-9)
        <= result.pooled.standard_error
        <= np.mean([one.standard_error for one in own])
    )
    assert any("different times" in caution for caution in result.cautions)
    assert result.calibration is not None


@pytest.mark.parametrize("fit", ["poisson", "binomial"])
def test_counts_are_modelled_out_of_their_denominators(ask, fit):
    changed = replace(PLAIN, fit=fit, season="none")
    result = ask(changed, figures(level=0.05, phi=0.3), comparison=OTHERS[:6])
    assert result.pooled.covers(0.05)
    assert not result.pooled.covers(0.0)
    values = ask(replace(PLAIN, season="none"), figures(level=0.05, phi=0.3), comparison=OTHERS[:6])
    assert result.pooled.value == pytest.approx(values.pooled.value, abs=0.005)
    assert result.pooled.standard_error == pytest.approx(values.pooled.standard_error, rel=0.5)


def test_a_hole_is_kept_and_told(ask):
    def holed(level):
        frame = figures(level=level)
        hole = (frame["trust"] == "T02") & frame["period"].isin(MONTHS[10:13])
        frame.loc[hole, ["numerator", "denominator"]] = np.nan
        frame.loc[hole, "flag"] = "not_submitted"
        return frame

    result, chance = (ask(PLAIN, holed(level)) for level in (0.05, 0.0))
    assert any(
        caution.startswith("T02 has no figure for Nov 2010 to Jan 2011") for caution in result.cautions
    )
    errors = result.tables["errors"].set_index("series")
    assert errors.loc["T02", "n_periods"] == 93
    assert errors.loc["T01", "n_periods"] == 96
    assert result.pooled.value - chance.pooled.value == pytest.approx(0.05, abs=ROUNDING)


def test_equal_weights_and_denominators_give_other_means(ask):
    frame = figures(level=0.05)
    frame.loc[frame["trust"] == "T01", ["numerator", "denominator"]] *= 10
    equal, sized = (ask(replace(PLAIN, weighting=w), frame) for w in ("equal", "denominator"))
    own = [effect.estimate.value for effect in sized.effects]
    assert abs(sized.pooled.value - own[0]) < abs(equal.pooled.value - own[0])
    assert "denominators" in sized.weighting


def test_a_random_walk_and_other_fits_are_cautioned(ask):
    walk = figures()
    wander = np.cumsum(np.random.default_rng(1).normal(0, 60, 96))
    walk.loc[walk["trust"] == "T01", "numerator"] += np.round(wander)
    result = ask(replace(PLAIN, fit="ols"), walk)
    assert any("too narrow" in caution for caution in result.cautions)
    assert any("autocorrelation is left" in caution for caution in result.cautions)


@pytest.mark.parametrize("estimator", [PLAIN, CONTROLLED])
def test_trusts_whose_series_cannot_be_fitted_are_named(ask, estimator):
    frame = figures()
    short = (frame["trust"] == "T03") & (frame["period"] >= MONTHS[START + 1])
    frame.loc[short, ["numerator", "denominator"]] = np.nan
    frame.loc[short, "flag"] = "not_submitted"
    frame.loc[frame["trust"] == "T01", "numerator"] = 4000.0
    calm = replace(estimator, season="none")
    with pytest.raises(DesignError) as caught:
        ask(calm, frame)
    told = str(caught.value)
    assert "T03 cannot be fitted: cannot be told apart from the columns before: slope change" in told
    if estimator is PLAIN:
        assert "T01 cannot be fitted: fitted without any residual" in told
    assert "T02" not in told


def test_too_short_a_series_for_its_season_is_refused_with_its_columns(ask):
    frame = figures()
    frame = frame[(frame["period"] >= MONTHS[40]) & (frame["period"] < MONTHS[56])]
    with pytest.raises(DesignError, match=r"T01 cannot be fitted: .*season"):
        ask(PLAIN, frame, comparison=())


def test_ignored_periods_are_left_out(ask):
    seam = Exclusion(
        window=Window(start=MONTHS[20].date(), end=MONTHS[26].date()), reason="another way of counting"
    )
    right, wrong = figures(), figures()
    wrong.loc[wrong["period"].isin(MONTHS[20:26]), "numerator"] *= 0.5
    result, clean = (ask(PLAIN, frame, ignore=[seam]) for frame in (wrong, right))
    assert result.pooled.value == pytest.approx(clean.pooled.value)
    assert ask(PLAIN, wrong).pooled.value != pytest.approx(clean.pooled.value, abs=0.005)
    assert any("another way of counting" in caution for caution in result.cautions)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fit": "arima"}, "fit must be one of reml"),
        ({"fit": "newey-west"}, "needs lag"),
        ({"lag": 3}, "lag belongs to"),
        ({"fit": "newey-west", "lag": -1}, "must not be negative"),
        ({"level_change": False, "slope_change": False}, "level, slope or both"),
        ({"delay": -1}, "delay must not"),
        ({"phase_in": 0}, "phase_in must"),
        ({"season": "sines"}, "season must"),
        ({"pairs": 0}, "pairs must"),
        ({"weighting": "size"}, "weighting must"),
        ({"level": 95}, "level must lie"),
        ({"seed": -1}, "seed must not"),
    ],
)
@pytest.mark.parametrize("kind", [InterruptedTimeSeries, ControlledInterruptedTimeSeries])
def test_impossible_settings_are_refused(kind, settings, message):
    with pytest.raises(DesignError, match=message):
        kind(**settings)


def test_a_difference_is_no_count():
    with pytest.raises(DesignError, match="a difference between trusts is no count"):
        ControlledInterruptedTimeSeries(fit="poisson")
