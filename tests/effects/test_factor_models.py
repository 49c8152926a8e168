"""Generalised synthetic control and matrix completion on panels with known truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Measure, Window
from lean_impact.effects import AdoptionDesign
from lean_impact.effects.generalised_control import GeneralisedSyntheticControl
from lean_impact.effects.matrix_completion import MatrixCompletion
from lean_impact.errors import DesignError
from lean_impact.tables import Panel
from lean_impact.testing import SyntheticDesign, estimator_checks, parametrize_checks, synthetic_panel

QUICK = {"draws": 99, "calibration_groups": 40, "calibration_dates": 0}
CONTROLS = GeneralisedSyntheticControl(**QUICK)
EVERYBODY = GeneralisedSyntheticControl(factors_from="all", max_factors=1, **QUICK)
COMPLETION = MatrixCompletion(n_penalties=2, **QUICK)
FIXED = MatrixCompletion(penalty=0.00003, **QUICK)
FACTORS = SyntheticDesign(
    n_treated=3,
    n_comparison=24,
    n_before=40,
    n_after=16,
    effect=0.03,
    factor=0.02,
    noise=0.004,
    change_spread=0.002,
    kind="ratio",
)
SLOW = {"no effect is seldom seen"}


@parametrize_checks(list(estimator_checks(CONTROLS)))
def test_generalised_synthetic_control_keeps_the_laws(check):
    check.run()


@parametrize_checks([check for check in estimator_checks(EVERYBODY) if check.name not in SLOW])
def test_interactive_fixed_effects_keep_the_laws(check):
    check.run()


@parametrize_checks([check for check in estimator_checks(COMPLETION) if check.name not in SLOW])
def test_matrix_completion_keeps_the_laws(check):
    check.run()


@pytest.fixture(scope="module")
def known():
    return synthetic_panel(FACTORS, seed=4)


@pytest.mark.parametrize("estimator", [CONTROLS, EVERYBODY, FIXED], ids=["comparison", "all", "completion"])
def test_a_known_effect_is_found_where_trends_are_not_parallel(known, estimator):
    result = known.estimate(estimator)
    assert result.pooled.covers(0.03)
    assert not result.pooled.covers(0.0)


def test_the_path_over_the_number_of_factors_is_whole(known):
    path = known.estimate(CONTROLS).tables["factor-path"]
    assert list(path.columns) == ["n_factors", "mspe", "estimate", "chosen"]
    assert path["n_factors"].tolist() == list(range(6))
    assert path["chosen"].sum() == 1
    assert not path.loc[0, "chosen"]
    fixed = known.estimate(replace(CONTROLS, n_factors=3))
    assert fixed.tables["factor-path"]["estimate"].to_numpy() == pytest.approx(path["estimate"][:4])
    assert fixed.pooled.value == pytest.approx(path["estimate"][3])


def test_the_path_over_penalties_is_told(known):
    tables = known.estimate(COMPLETION).tables
    assert list(tables["penalty-path"].columns) == ["penalty", "mspe", "estimate", "chosen"]
    assert tables["penalty-path"]["chosen"].sum() == 1


@pytest.mark.parametrize("estimator", [CONTROLS, EVERYBODY, FIXED], ids=["comparison", "all", "completion"])
def test_donor_weights_and_fit_are_told(known, estimator):
    tables = known.estimate(estimator).tables
    weights = tables["weights"]
    assert list(weights.columns) == ["trust", "donor", "weight"]
    assert len(weights) == 3 * 24
    fit = tables["fit"].set_index("trust")
    behind = 1 / (weights["weight"] ** 2).groupby(weights["trust"]).sum()
    assert fit["n_effective_donors"].to_dict() == pytest.approx(behind.to_dict())
    assert (fit["pre_rmspe"] < 0.01).all()


def test_weights_on_comparison_trusts_add_up_to_one(known):
    weights = known.estimate(CONTROLS).tables["weights"]
    assert weights.groupby("trust")["weight"].sum().to_numpy() == pytest.approx(np.ones(3))


def test_an_estimate_that_hangs_on_the_number_of_factors_is_cautioned(known):
    few = known.estimate(replace(CONTROLS, n_factors=1, max_factors=1))
    assert any("depends on the number of factors" in caution for caution in few.cautions)


@pytest.mark.parametrize("estimator", [CONTROLS, EVERYBODY, FIXED], ids=["comparison", "all", "completion"])
def test_trusts_may_start_at_different_times(known, estimator):
    starts = {"T01": date(2015, 5, 1), "T02": date(2015, 11, 1), "T03": date(2015, 12, 1)}
    frame = known.panel.frame
    own = frame["trust"].map(starts)
    late = (
        own.notna() & (frame["period"] < pd.to_datetime(own)) & (frame["period"] >= pd.Timestamp(known.start))
    )
    moved = frame.assign(
        numerator=frame["numerator"] - 0.03 * late * frame["denominator"], value=frame["value"] - 0.03 * late
    )
    adoption = AdoptionDesign.staggered(
        measure=known.adoption.measure,
        starts={**starts, "T03": (date(2015, 9, 1), date(2015, 12, 1))},
        comparison=known.comparison,
        window=known.adoption.window,
    )
    result = estimator.estimate(Panel.from_frame(moved, measures=[known.design.measure]), adoption)
    assert len(result.effects) == 3
    assert result.pooled.value == pytest.approx(0.03, abs=0.01)


def test_a_single_treated_trust_is_ranked():
    known = synthetic_panel(replace(FACTORS, n_treated=1), seed=2)
    result = known.estimate(CONTROLS)
    assert result.p_values[0].smallest in {0.0, 1 / 25}
    assert result.pooled.covers(0.03)


def test_the_bootstrap_is_a_further_test(known):
    plain = known.estimate(CONTROLS)
    result = known.estimate(replace(CONTROLS, bootstrap=99))
    assert len(result.p_values) == len(plain.p_values) + 1
    assert result.p_values[-1].draws == 99
    assert result.p_values[-1].value == pytest.approx(0.01)
    assert result.pooled.value == plain.pooled.value


@pytest.mark.parametrize(
    ("estimator", "settings"),
    [
        (GeneralisedSyntheticControl, {"factors_from": "nobody"}),
        (GeneralisedSyntheticControl, {"n_factors": -1}),
        (GeneralisedSyntheticControl, {"max_factors": -1}),
        (GeneralisedSyntheticControl, {"bootstrap": 9, "factors_from": "all"}),
        (MatrixCompletion, {"penalty": 0.0}),
        (MatrixCompletion, {"n_penalties": 1}),
        (MatrixCompletion, {"level": 1.0, "draws": 0, "seed": -1}),
    ],
)
def test_settings_that_are_impossible_are_refused_together(estimator, settings):
    with pytest.raises(DesignError) as error:
        estimator(**settings)
    assert all(name in str(error.value) for name in settings if name != "factors_from" or len(settings) == 1)


def small_panel(*, gap_in_covariate: bool = False) -> tuple[Panel, AdoptionDesign]:
    rng = np.random.default_rng(5)
    trusts = ["T1A", *(f"C{at}A" for at in range(8))]
    years = [f"{year}-01-01" for year in range(2000, 2016)]
    x = rng.normal(size=(16, 9))
    y = 2 * x + rng.normal(size=9) + 0.1 * rng.normal(size=(16, 9))
    frames = []
    for name, cells in (("stay", y), ("size", x)):
        frame = pd.DataFrame(
            {
                "trust": np.tile(trusts, 16),
                "measure": name,
                "period": np.repeat(years, 9),
                "value": cells.ravel(),
                "flag": "published",
                "source": "synthetic",
            }
        )
        frames.append(frame.drop(index=[9 * 3 + 2]) if gap_in_covariate and name == "size" else frame)
    measures = [
        Measure(
            id=name,
            name=name,
            kind="mean",
            improvement="neutral",
            dimension="context",
            frequency="year",
            unit="units",
        )
        for name in ("stay", "size")
    ]
    adoption = AdoptionDesign.block(
        measure="stay",
        treated=["T1A"],
        comparison=trusts[1:],
        pre=Window(start=date(2000, 1, 1), end=date(2010, 1, 1)),
        post=Window(start=date(2010, 1, 1), end=date(2016, 1, 1)),
    )
    return Panel.from_frame(pd.concat(frames), measures=measures), adoption


@pytest.mark.parametrize(
    "estimator", [CONTROLS, EVERYBODY, COMPLETION], ids=["comparison", "all", "completion"]
)
def test_covariates_are_held_constant(estimator):
    panel, adoption = small_panel()
    plain = estimator.estimate(panel, adoption).pooled
    with_size = replace(estimator, covariates=("size",)).estimate(panel, adoption).pooled
    assert abs(with_size.value) < 0.2
    assert with_size.standard_error < 0.5 * plain.standard_error


@pytest.mark.parametrize("estimator", [CONTROLS, COMPLETION], ids=["comparison", "completion"])
def test_a_gap_in_a_covariate_names_trust_and_period(estimator):
    panel, adoption = small_panel(gap_in_covariate=True)
    with pytest.raises(DesignError, match=r"C1A has no figure of the covariate 'size' for .*2003"):
        replace(estimator, covariates=("size",)).estimate(panel, adoption)


def test_more_factors_than_the_figures_carry_are_refused():
    panel, adoption = small_panel()
    with pytest.raises(DesignError, match=r"8 comparison trusts are named; at least 9"):
        replace(CONTROLS, n_factors=7).estimate(panel, adoption)
    short = replace(adoption, window=Window(start=date(2006, 1, 1), end=date(2016, 1, 1)))
    with pytest.raises(
        DesignError, match=r"T1A is treated but has 4 of 4 figures before its start; at least 6"
    ):
        replace(CONTROLS, n_factors=4).estimate(panel, short)
