"""Staggered difference-in-differences against R: fixest, did with DRDID, didimputation.

Where two programs differ, the definition decides. The one place: the standard error of the overall *group* average
of ``did`` 2.1.2 takes the influence of the first cohort's share for that of every cohort (its authors mended that
in 2025). The number of that version is rebuilt below from its mistake, and the right one stands beside it.
"""

from __future__ import annotations

import json
import time
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Measure, Window
from lean_impact.effects import AdoptionDesign
from lean_impact.effects.group_time import CallawaySantAnna
from lean_impact.effects.imputation import ImputationDifferenceInDifferences as Imputation
from lean_impact.effects.sun_abraham import SunAbraham
from lean_impact.effects.two_way import TwoWayFixedEffects
from lean_impact.kernels.cluster_variance import bias_reduced, cluster_covariance
from lean_impact.kernels.event_study import event_study
from lean_impact.kernels.group_time import group_time, pre_test
from lean_impact.kernels.group_time_average import aggregate
from lean_impact.kernels.imputation import average, horizon_targets, impute, pre_trend
from lean_impact.kernels.saturated import sun_abraham
from lean_impact.kernels.staggered_randomisation import permute_starts, permuted_effects
from lean_impact.kernels.two_way import static_effect
from lean_impact.tables import Panel

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def references(shared_data):
    records = json.loads(shared_data("reference/effects/reference.json").read_text())["references"]
    return {record["id"]: record for record in records}


@pytest.fixture(scope="module")
def counties(shared_data):
    raw = pd.read_csv(shared_data("reference/effects/data/mpdta.csv"))
    first = raw.groupby("countyreal")["first.treat"].first().to_numpy().astype(int)
    return SimpleNamespace(
        y=raw.pivot_table(index="year", columns="countyreal", values="lemp").to_numpy(),
        start=np.where(first == 0, 5, first - 2003),
        population=raw.groupby("countyreal")["lpop"].first().to_numpy()[None],
    )


@pytest.fixture(scope="module")
def simulated(shared_data):
    raw = pd.read_csv(shared_data("reference/effects/data/sim150x120.csv"))
    y = raw.pivot_table(index="time", columns="unit", values="y").to_numpy()
    return SimpleNamespace(y=y, start=np.where(np.arange(150) >= 145, 90, 120))


def close(found, expected, *, att=1e-7, se=1e-6):
    assert found[0] == pytest.approx(expected[0], abs=att)
    assert found[1] == pytest.approx(expected[1], abs=se)


def test_two_way(references, counties):
    expected = references["mpdta.twfe"]
    fit = static_effect(counties.y, counties.start)
    assert fit.coefficients[0] == pytest.approx(expected["estimate"], abs=1e-8)
    assert cluster_covariance(fit)[0, 0] ** 0.5 == pytest.approx(expected["se"], abs=1e-8)
    # The other program counts no period effects; it is within the tolerance of the first one.
    assert cluster_covariance(fit, n_parameters=2)[0, 0] ** 0.5 == pytest.approx(0.01325453, abs=1e-8)
    # With 191 treated counties the careful variance is close to the plain one.
    assert bias_reduced(fit).standard_error[0] == pytest.approx(expected["se"], rel=1e-3)


def test_two_way_and_imputation_of_the_simulated_block(references, simulated):
    expected = references["sim.did"]
    fit = static_effect(simulated.y, simulated.start)
    assert fit.coefficients[0] == pytest.approx(expected["estimate"], abs=1e-8)
    assert cluster_covariance(fit, n_parameters=2)[0, 0] ** 0.5 == pytest.approx(expected["se"], abs=1e-7)
    imputed = average(impute(simulated.y, simulated.start))
    assert imputed.estimate[0] == pytest.approx(expected["estimate"], abs=1e-8)
    assert imputed.standard_error[0] == pytest.approx(expected["extra"]["bjs_se"], abs=1e-7)


@pytest.mark.parametrize(
    ("record", "settings"),
    [
        ("mpdta.cs.never.nocov", {}),
        ("mpdta.cs.notyet.nocov", {"control": "not-yet"}),
        ("mpdta.cs.never.lpop.dr", {"covariates": True}),
        ("mpdta.cs.never.lpop.reg", {"covariates": True, "method": "regression"}),
    ],
)
def test_group_time(references, counties, record, settings):
    extra = references[record]["extra"]
    settings = settings | ({"covariates": counties.population} if "covariates" in settings else {})
    result = group_time(counties.y, counties.start, **settings)
    if "att_gt" in extra:
        rows = np.c_[result.cohort + 2003, result.period + 2003, result.estimate, result.standard_error]
        assert rows == pytest.approx(np.array(extra["att_gt"]), abs=1e-7)
    for at, name in ((0, "att_2004_2004"), (-1, "att_2007_2007")):
        if name in extra:
            close((result.estimate[at], result.standard_error[at]), extra[name])
    for kind in ("simple", "dynamic", "calendar"):
        if kind in extra:
            close(aggregate(result, kind)[:2], extra[kind])
    close((aggregate(result, "group").estimate, as_in_version_2_1_2(result)), extra["group"])
    for kind, first in (("group", 2003), ("dynamic", 0)):
        found = aggregate(result, kind)
        for label, expected in extra.get(f"{kind}_by", {}).items():
            at = found.labels.tolist().index(int(label) - first)
            close((found.by_estimate[at], found.by_standard_error[at]), expected)
    if "pretest_wald" in extra:
        test = pre_test(result)
        assert (test.statistic, test.p) == pytest.approx(extra["pretest_wald"], abs=1e-5)
        assert test.df == 5


def as_in_version_2_1_2(result) -> float:
    """Rebuild the group average's standard error with the first cohort's influence for all shares."""
    found = aggregate(result, "group")
    share = np.array([(result.start == cohort).mean() for cohort in found.labels])
    first = ((result.start == found.labels[0]) - share[:, None]) / len(result.start)
    wrong = first / share.sum() - share[:, None] * first.sum(axis=0) / share.sum() ** 2
    influence = share @ found.by_influence / share.sum() + found.by_estimate @ wrong
    return float(np.sqrt((influence**2).sum()))


def test_the_group_average_has_an_influence_that_sums_to_zero(references, counties):
    found = aggregate(group_time(counties.y, counties.start), "group")
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)
    assert found.standard_error == pytest.approx(0.0124460593, abs=1e-9)


def test_group_time_of_the_simulated_block(references, simulated):
    found = aggregate(group_time(simulated.y, simulated.start), "simple")
    assert found.estimate == pytest.approx(references["sim.cs"]["estimate"], abs=1e-8)


def test_sun_abraham(references, counties):
    expected = references["mpdta.sunab"]
    found = sun_abraham(counties.y, counties.start)
    close(found.effect(), (expected["estimate"], expected["se"]), se=1e-7)
    events, estimates, errors = found.event_study()
    assert [str(event) for event in events] == list(expected["extra"]["es"])
    rows = np.c_[estimates, errors]
    assert rows == pytest.approx(np.array(list(expected["extra"]["es"].values())), abs=1e-7)


def test_imputation(references, counties):
    expected = references["mpdta.bjs"]
    result = impute(counties.y, counties.start)
    found = average(result)
    close((found.estimate[0], found.standard_error[0]), (expected["estimate"], expected["se"]), se=1e-7)
    horizons, targets = horizon_targets(result)
    found = average(result, targets)
    assert horizons.tolist() == [0, 1, 2, 3]
    rows = np.c_[found.estimate, found.standard_error]
    assert rows == pytest.approx(np.array(list(expected["extra"]["horizons"].values())), abs=1e-7)


def test_pre_trends(references, counties):
    expected = references["mpdta.bjs"]["extra"]["pretrends"]
    events, fit = pre_trend(counties.y, counties.start)
    assert [str(event) for event in events] == list(expected)
    rows = np.c_[fit.coefficients, np.sqrt(np.diag(cluster_covariance(fit)))]
    assert rows == pytest.approx(np.array(list(expected.values())), abs=1e-7)


def test_event_study_of_medicaid(references, shared_data):
    raw = pd.read_csv(shared_data("reference/effects/data/medicaid_df_nonstaggered.csv"))
    published = pd.read_csv(shared_data("reference/effects/data/medicaid_eventstudy.csv"))
    y = raw.pivot_table(index="year", columns="stfips", values="dins").to_numpy()
    start = np.where(raw.groupby("stfips")["D"].first().to_numpy() == 1, 6, 8)
    found = event_study(y, start)
    assert (found.events + 2014).tolist() == published["year"].tolist()
    assert found.fit.coefficients == pytest.approx(published["betahat"].to_numpy(), abs=1e-10)
    covariance = cluster_covariance(found.fit)
    assert covariance == pytest.approx(published.filter(regex=r"^s\d").to_numpy(), rel=1e-9)
    expected = references["medicaid.original"]
    close((found.fit.coefficients[5], covariance[5, 5] ** 0.5), (expected["estimate"], expected["se"]))
    margin = 1.959963984540054 * covariance[5, 5] ** 0.5
    ends = found.fit.coefficients[5] + np.array([-margin, margin])
    assert ends == pytest.approx(expected["ci"], abs=1e-6)


def test_a_thousand_randomisations_are_quick(simulated):
    seconds = []
    for _ in range(3):
        began = time.process_time()
        starts = permute_starts(simulated.start, draws=1000, rng=np.random.default_rng(0))
        permuted_effects(simulated.y, starts)
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.1


# ---------------------------------------------------------------- the same through the estimators


@pytest.fixture(scope="module")
def county_panel(shared_data):
    raw = pd.read_csv(shared_data("reference/effects/data/mpdta.csv"))
    measure = Measure(
        id="employment",
        name="Log employment",
        kind="mean",
        improvement="neutral",
        dimension="context",
        frequency="year",
        unit="log",
    )
    codes = "K" + raw["countyreal"].astype(str)
    frame = pd.DataFrame(
        {
            "trust": codes,
            "measure": "employment",
            "period": raw["year"].map(lambda year: f"{year}-01-01"),
            "value": raw["lemp"],
            "flag": "published",
            "source": "reference",
        }
    )
    first = raw["first.treat"].astype(int).groupby(codes).first()
    adoption = AdoptionDesign.staggered(
        measure="employment",
        starts={code: date(year, 1, 1) for code, year in first.items() if year},
        comparison=[code for code, year in first.items() if not year],
        window=Window(start=date(2003, 1, 1), end=date(2008, 1, 1)),
    )
    return Panel.from_frame(frame, measures=[measure]), adoption


QUICK = {"calibration_groups": 50, "calibration_dates": 0, "draws": 99}


def test_two_way_estimator(references, county_panel):
    expected = references["mpdta.twfe"]
    result = TwoWayFixedEffects(inference="influence", **QUICK).estimate(*county_panel)
    close((result.pooled.value, result.pooled.standard_error), (expected["estimate"], expected["se"]))


def test_imputation_estimator(references, county_panel):
    expected = references["mpdta.bjs"]
    result = Imputation(**QUICK).estimate(*county_panel)
    row = result.tables["averages"].iloc[0]
    close((row["estimate"], row["standard_error"]), (expected["estimate"], expected["se"]))
    horizons = result.tables["horizons"].set_index("horizon")
    for horizon, known in expected["extra"]["horizons"].items():
        close(horizons.loc[int(horizon), ["estimate", "standard_error"]].tolist(), known)
    pre = result.tables["pre-trend"].set_index("horizon")
    for horizon, known in expected["extra"]["pretrends"].items():
        close(pre.loc[int(horizon), ["estimate", "standard_error"]].tolist(), known)


def test_sun_abraham_estimator(references, county_panel):
    expected = references["mpdta.sunab"]
    result = SunAbraham(**QUICK).estimate(*county_panel)
    row = result.tables["averages"].iloc[0]
    close((row["estimate"], row["standard_error"]), (expected["estimate"], expected["se"]))


def test_callaway_santanna_estimator(references, county_panel):
    extra = references["mpdta.cs.never.nocov"]["extra"]
    result = CallawaySantAnna(base_length=1, inference="influence", **QUICK).estimate(*county_panel)
    close((result.pooled.value, 0.0124460593), (extra["group"][0], result.pooled.standard_error))
    averages = result.tables["averages"]
    overall = averages[averages["element"].isna()].set_index("average")
    for kind in ("simple", "dynamic", "calendar"):
        close(overall.loc[kind, ["estimate", "standard_error"]].tolist(), extra[kind])
