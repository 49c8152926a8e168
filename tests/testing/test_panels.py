"""Synthetic panels are what their design says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.effects import DifferenceInDifferences
from lean_impact.errors import DesignError
from lean_impact.tables.calendar import breaks_of
from lean_impact.testing import SyntheticDesign, synthetic_panel
from lean_impact.testing.strategies import case_tables, series, synthetic_panels, trust_effects

QUIET = SyntheticDesign(noise=0.0, change_spread=0.0, trust_spread=0.0, kind="ratio")
DID = DifferenceInDifferences(seed=1, draws=99, calibration_groups=50)


def matrix(known):
    """Return values, periods down and trusts across, comparison trusts first."""
    return known.panel.wide("synthetic").to_numpy()


def test_the_same_seed_gives_the_same_panel_and_another_another():
    one, two, other = (synthetic_panel(seed=seed).panel.frame for seed in (1, 1, 2))
    assert one.equals(two)
    assert not one.equals(other)


def test_without_anything_random_only_level_change_and_effect_are_left():
    known = synthetic_panel(replace(QUIET, level=0.6, change=0.1, effect=-0.2), seed=1)
    values = known.panel.wide("synthetic")
    before, after = values.index < "2015-01-01", values.index >= "2015-01-01"
    assert np.allclose(values.loc[before], 0.6)
    assert np.allclose(values.loc[after, list(known.comparison)], 0.7)
    assert np.allclose(values.loc[after, list(known.treated)], 0.5)
    assert (known.pre.end.isoformat(), known.start.isoformat()) == ("2015-01-01", "2015-01-01")


def test_each_source_of_variation_is_as_large_as_asked():
    many = replace(QUIET, n_comparison=200, n_before=120, n_after=120)
    noise = matrix(synthetic_panel(replace(many, noise=0.05, autocorrelation=0.6), seed=1)) - 0.8
    assert noise.std() == pytest.approx(0.05, rel=0.05)
    lag = np.corrcoef(noise[1:].ravel(), noise[:-1].ravel())[0, 1]
    assert lag == pytest.approx(0.6, abs=0.03)
    levels = matrix(synthetic_panel(replace(many, trust_spread=0.05), seed=1))
    assert levels[0].std() == pytest.approx(0.05, rel=0.2)
    assert np.ptp(levels, axis=0).max() == pytest.approx(0.0, abs=1e-9)
    season = matrix(synthetic_panel(replace(many, season=0.1), seed=1))
    assert np.allclose(season[:12], season[12:24])
    assert np.ptp(season[:, 0]) == pytest.approx(0.2)
    walk = matrix(synthetic_panel(replace(many, factor=0.01), seed=1))
    assert np.ptp(walk, axis=1)[-1] > np.ptp(walk, axis=1)[0], "loadings differ, so trends part"
    changes = matrix(synthetic_panel(replace(many, change_spread=0.05), seed=1))
    assert (changes[-1] - changes[0]).std() == pytest.approx(0.05, rel=0.2)


def test_effects_vary_as_asked_and_the_truth_tells_each():
    known = synthetic_panel(replace(QUIET, n_treated=200, effect=0.1, effect_spread=0.05), seed=1)
    drawn = np.array(list(known.effects.values()))
    assert drawn.std() == pytest.approx(0.05, rel=0.2)
    assert known.effect == pytest.approx(drawn.mean())
    values = known.panel.wide("synthetic")
    moved = values.iloc[-1][list(known.treated)] - values.iloc[0][list(known.treated)]
    assert np.allclose(moved.to_numpy(), drawn)


def test_gaps_are_left_out_and_become_explicit():
    known = synthetic_panel(SyntheticDesign(gaps=25), seed=1)
    frame = known.panel.frame
    assert (frame["flag"] == "missing").sum() == 25
    assert len(frame) == 14 * 60


@pytest.mark.parametrize(
    ("frequency", "last"),
    [("week", "2013-02-17"), ("month", "2016-12-01"), ("quarter", "2026-10-01"), ("year", "2071-01-01")],
)
def test_every_frequency_has_its_calendar(frequency, last):
    known = synthetic_panel(SyntheticDesign(frequency=frequency), seed=1)
    assert f"{known.panel.frame['period'].max():%Y-%m-%d}" == last


def test_kinds_have_the_counts_that_they_should():
    frames = {
        kind: synthetic_panel(SyntheticDesign(kind=kind), seed=1).panel.frame
        for kind in ("proportion", "ratio", "mean")
    }
    whole = frames["proportion"]["numerator"]
    assert (whole == whole.round()).all()
    assert not (frames["ratio"]["numerator"] == frames["ratio"]["numerator"].round()).all()
    assert frames["mean"]["numerator"].isna().all()
    assert np.allclose(frames["ratio"]["value"], frames["mean"]["value"])


def test_impossible_settings_are_told_at_once():
    with pytest.raises(DesignError) as caught:
        SyntheticDesign(n_treated=0, n_comparison=1, noise=-1.0, autocorrelation=1.0)
    assert len(caught.value.issues) == 4
    with pytest.raises(DesignError, match="gaps"):
        SyntheticDesign(gaps=10_000)


def test_proportions_are_never_cut_off_in_silence():
    with pytest.raises(DesignError, match="no proportions"):
        synthetic_panel(SyntheticDesign(level=0.95, effect=0.2), seed=1)


@given(known=synthetic_panels(effect=0.3))
def test_drawn_panels_hold_their_truth(known):
    result = known.estimate(DID)
    assert result.pooled.value == pytest.approx(known.effect, abs=0.15)
    assert set(known.panel.trusts) == {*known.treated, *known.comparison}


@given(one=series(least=3))
def test_drawn_series_have_a_complete_calendar_and_figures_at_both_ends(one):
    assert len(one) == len(one.values) == len(one.flags)
    assert not np.isnan(one.values[[0, -1]]).any()
    assert breaks_of(one.periods, one.measure.frequency).size == 0
    if one.measure.kind == "proportion":
        assert np.nanmin(one.values) >= 0
        assert np.nanmax(one.values) <= 1


@given(table=case_tables(n_trusts=3), data=st.data())
def test_drawn_tables_are_complete_and_effects_fit_them(table, data):
    assert len(table.cells) == len(table.trusts) * len(table.conditions)
    effect = data.draw(trust_effects(table.trusts[0]))
    assert effect.estimate.covers(effect.estimate.value)
