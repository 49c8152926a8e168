"""Synthetic controls against published originals and the numbers of other programs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from lean_impact.kernels.augmented_control import augmented_control, augmented_residuals, ridge_path
from lean_impact.kernels.conformal import conformal_p
from lean_impact.kernels.nested_control import nested_control
from lean_impact.kernels.randomisation import draw_groups
from lean_impact.kernels.simplex import simplex_weights
from lean_impact.kernels.synthetic_control import placebo_rank, rmspe_ratio, synthetic_control
from lean_impact.kernels.synthetic_did import placebo_synthetic_did, synthetic_did

pytestmark = pytest.mark.shared

EFFECTS = "reference/effects"


@pytest.fixture(scope="session")
def references(shared_data):
    listed = json.loads(shared_data(f"{EFFECTS}/reference.json").read_text())["references"]
    return {entry["id"]: entry for entry in listed}


class Block:
    """Outcomes with the treated unit, or units, apart."""

    def __init__(self, frame, period, unit, value, treated, start):
        wide = frame.pivot(index=period, columns=unit, values=value).astype(float)
        self.y, self.names = wide.to_numpy(), list(wide.columns)
        self.treated = np.array([self.names.index(name) for name in treated])
        self.donors = np.setdiff1d(np.arange(len(self.names)), self.treated)
        self.start = list(wide.index).index(start)

    def named(self, weights):
        return {self.names[d]: float(w) for d, w in zip(self.donors, weights, strict=True)}

    def after(self, gaps):
        return float(gaps[self.start :].mean())


@pytest.fixture(scope="session")
def california(shared_data):
    frame = pd.read_csv(shared_data(f"{EFFECTS}/data/prop99_synthdid.csv"))
    return Block(frame, "Year", "State", "PacksPerCapita", ["California"], 1989)


@pytest.fixture(scope="session")
def kansas(shared_data):
    frame = pd.read_csv(shared_data(f"{EFFECTS}/data/kansas.csv"))
    return Block(frame, "year_qtr", "state", "lngdpcapita", ["Kansas"], 2012.25)


@pytest.fixture(scope="session")
def simulated(shared_data):
    frame = pd.read_csv(shared_data(f"{EFFECTS}/data/sim150x120.csv"))
    return Block(frame, "time", "unit", "y", range(145, 150), 91)


# ------------------------------------------------------------------- synthetic control


def test_california_exact_optimum(references, california):
    expected = references["prop99.sc.exact"]
    block = california
    fit = synthetic_control(block.y, block.treated, block.donors, start=block.start)
    assert block.after(fit.gaps) == pytest.approx(expected["estimate"], abs=1e-5)
    assert (fit.gaps[: block.start] ** 2).sum() == pytest.approx(expected["extra"]["pre_sse"], abs=1e-6)
    assert fit.pre_rmspe[0] == pytest.approx(expected["extra"]["pre_rmspe"], abs=1e-6)
    weights = block.named(fit.weights[:, 0])
    assert {name for name, weight in weights.items() if weight > 0} == set(expected["extra"]["weights"])
    for name, weight in expected["extra"]["weights"].items():
        assert weights[name] == pytest.approx(weight, abs=1e-6)
    # A program that stops early is near it.
    assert block.after(fit.gaps) == pytest.approx(references["prop99.sc.fw"]["estimate"], abs=0.15)


def test_california_placebos(references, california):
    expected = references["prop99.sc.exact"]["extra"]
    block = california
    fit = synthetic_control(block.y, block.treated, block.donors, start=block.start)
    placebos = synthetic_control(block.y, block.donors, block.donors, start=block.start)
    ratio = rmspe_ratio(fit.gaps, start=block.start)[0]
    assert ratio == pytest.approx(expected["placebo_rmspe_ratio_CA"], abs=1e-6)
    found = placebo_rank(ratio, rmspe_ratio(placebos.gaps, start=block.start))
    assert found.rank == expected["rank"]
    assert found.p == pytest.approx(expected["placebo_p"], abs=1e-8)
    means = placebos.gaps[block.start :].mean(axis=0)
    by_gap = placebo_rank(abs(block.after(fit.gaps)), np.abs(means))
    assert by_gap.p == pytest.approx(
        references["prop99.sc.fw"]["extra"]["two_sided_placebo_rank_p"], abs=1e-8
    )
    # Theirs stops before the optimum.
    assert means.std() == pytest.approx(references["prop99.sc.fw"]["extra"]["exact_placebo_sd"], abs=0.05)


def covariate_means(frame, unit, blocks):
    columns = []
    for column, first, last in blocks:
        inside = frame[(frame["year"] >= first) & (frame["year"] <= last)]
        columns.append(inside.groupby(unit)[column].mean())
    return pd.concat(columns, axis=1).T


def test_california_with_covariates(references, shared_data):
    expected = references["prop99.sc.adh_covariates"]
    frame = pd.read_csv(shared_data(f"{EFFECTS}/data/prop99_smoking_covariates.csv"))
    block = Block(frame, "year", "state", "cigsale", ["California"], 1989)
    means = [(name, 1980, 1988) for name in ("lnincome", "retprice", "age15to24")] + [("beer", 1984, 1988)]
    lags = [("cigsale", year, year) for year in (1975, 1980, 1988)]
    predictors = covariate_means(frame, "state", means + lags)[block.names].to_numpy()
    fit = nested_control(
        block.y,
        int(block.treated[0]),
        block.donors,
        start=block.start,
        predictors=predictors,
        rng=np.random.default_rng(1),
    )
    assert fit.loss_v < expected["extra"]["loss_v"]
    assert block.after(fit.gaps) == pytest.approx(expected["estimate"], abs=0.6)
    weights = block.named(fit.weights)
    for name, weight in expected["extra"]["published_weights_from_memory"].items():
        assert weights[name] == pytest.approx(weight, abs=0.01)


def test_basque_country(references, shared_data):
    expected = references["basque.sc"]
    frame = pd.read_csv(shared_data(f"{EFFECTS}/data/basque.csv"))
    frame = frame[frame["regionno"] != 1]
    schooling = [f"school.{level}" for level in ("illit", "prim", "med", "high", "post.high")]
    shares = covariate_means(frame, "regionname", [(name, 1964, 1969) for name in schooling])
    shares = shares / shares.sum() * 100
    shares.loc["school.high"] += shares.loc["school.post.high"]
    sectors = [(name, 1961, 1969) for name in frame.columns if name.startswith("sec.")]
    others = [("invest", 1964, 1969), ("gdpcap", 1960, 1969), *sectors, ("popdens", 1969, 1969)]
    means = covariate_means(frame, "regionname", others)
    predictors = pd.concat([shares.drop("school.post.high"), means])
    assert len(predictors) == 13
    block = Block(frame, "year", "regionname", "gdpcap", ["Basque Country (Pais Vasco)"], 1970)
    fit = nested_control(
        block.y,
        int(block.treated[0]),
        block.donors,
        start=block.start,
        predictors=predictors[block.names].to_numpy(),
        periods=np.arange(5, 15),
        rng=np.random.default_rng(1),
        candidates=50,
    )
    assert fit.loss_v <= 0.00887
    assert fit.gaps[20:].mean() == pytest.approx(expected["estimate"], abs=1e-4)
    assert block.after(fit.gaps) == pytest.approx(expected["extra"]["gap_1970_97"], abs=1e-4)
    weights = block.named(fit.weights)
    assert weights["Cataluna"] == pytest.approx(expected["extra"]["weights"]["Cataluna"], abs=1e-4)
    assert weights["Madrid (Comunidad De)"] == pytest.approx(0.1492, abs=1e-4)


# --------------------------------------------------------------- augmented synthetic control


@pytest.mark.parametrize("given", [True, False], ids=["given", "cross-validated"])
def test_california_ridge(references, california, given):
    expected = references["prop99.ascm.ridge"]
    ridge = expected["extra"]["lambda_"]
    fit = augmented_control(
        california.y,
        int(california.treated[0]),
        california.donors,
        start=california.start,
        ridge=ridge if given else None,
    )
    assert california.after(fit.gaps) == pytest.approx(expected["estimate"], abs=1e-3)
    assert fit.imbalance == pytest.approx(expected["extra"]["l2_imbalance"], abs=1e-3)
    assert fit.ridge == pytest.approx(ridge, rel=1e-6)


def test_kansas(references, kansas):
    target = int(kansas.treated[0])
    plain = synthetic_control(kansas.y, kansas.treated, kansas.donors, start=kansas.start)
    assert kansas.after(plain.gaps) == pytest.approx(references["kansas.sc"]["estimate"], abs=1e-5)
    imbalance = np.linalg.norm(plain.gaps[: kansas.start])
    assert imbalance == pytest.approx(references["kansas.sc"]["extra"]["l2_imbalance"], abs=1e-6)
    expected = references["kansas.ascm.ridge"]
    fit = augmented_control(kansas.y, target, kansas.donors, start=kansas.start)
    assert fit.ridge == pytest.approx(expected["extra"]["lambda_"], rel=1e-6)
    assert kansas.after(fit.gaps) == pytest.approx(expected["estimate"], abs=1e-5)
    assert fit.imbalance == pytest.approx(expected["extra"]["l2_imbalance"], abs=1e-5)
    assert fit.scaled_imbalance == pytest.approx(expected["extra"]["scaled_l2"], abs=1e-5)
    # The program chooses the ridge with means that hold the period left out.
    before = kansas.y[: kansas.start] - kansas.y[: kansas.start].mean(axis=0)
    ridge = ridge_path(before[:, target], before[:, kansas.donors]).chosen
    fixed = augmented_control(
        kansas.y, target, kansas.donors, start=kansas.start, ridge=ridge, fixed_effects=True
    )
    assert kansas.after(fixed.gaps) == pytest.approx(references["kansas.ascm.ridge.fe"]["estimate"], abs=1e-4)
    assert fixed.imbalance == pytest.approx(
        references["kansas.ascm.ridge.fe"]["extra"]["l2_imbalance"], abs=1e-5
    )


@pytest.mark.parametrize("fixed", [False, True])
def test_cross_validation_is_refitting(kansas, fixed):
    """The closed form over periods and candidates, against refitting one by one."""
    target, start = int(kansas.treated[0]), 20
    before, pool = kansas.y[:start, target], kansas.y[:start, kansas.donors]
    path = ridge_path(before, pool, fixed_effects=fixed)
    original = before, pool
    gaps = np.empty((start - 1, len(path.ridges)))
    for t in range(start - 1):
        kept = np.delete(np.arange(start), t)
        before, pool = original
        if fixed:
            before, pool = before - before[kept].mean(), pool - pool[kept].mean(axis=0)
        centred = (pool - pool.mean(axis=1, keepdims=True)).T
        weights = simplex_weights(pool[kept], before[kept])
        left = before[kept] - pool[kept] @ weights
        moment = centred[:, kept].T @ centred[:, kept]
        for i, ridge in enumerate(path.ridges):
            extra = centred[:, kept] @ np.linalg.solve(moment + ridge * np.eye(start - 1), left)
            gaps[t, i] = before[t] - pool[t] @ weights - centred[:, t] @ extra
    assert path.errors == pytest.approx((gaps**2).mean(axis=0), rel=1e-5)


def test_kansas_conformal(references, kansas):
    path, pool = kansas.y[:, kansas.treated[0]], kansas.y[:, kansas.donors]

    def p(residuals):
        rng = np.random.default_rng(1)
        return conformal_p(residuals, start=kansas.start, scheme="iid", draws=20_000, rng=rng).p

    plain = p(path - pool @ simplex_weights(pool, path))
    assert plain == pytest.approx(references["kansas.sc"]["extra"]["conformal_p_average"], abs=0.02)
    expected = references["kansas.ascm.ridge"]["extra"]
    ridged = p(augmented_residuals(path, pool, ridge=expected["lambda_"]))
    assert ridged == pytest.approx(expected["conformal_p_average"], abs=0.02)


# ---------------------------------------------------------- synthetic difference-in-differences


def test_california_synthetic_did(references, california):
    expected = references["prop99.sdid"]["extra"]
    block = california
    fit = synthetic_did(block.y, block.treated, block.donors, start=block.start)
    assert fit.zeta == pytest.approx(expected["zeta_omega"], abs=1e-8)
    assert fit.estimate == pytest.approx(expected["exact_optimum"], abs=1e-6)
    assert fit.time_weights[-3:] == pytest.approx(expected["lambda_1986_87_88"], abs=1e-5)
    assert fit.time_weights[:-3].max() == 0
    weights = block.named(fit.unit_weights)
    for name, weight in expected["top_weights"].items():
        # The program that gave these stops before the optimum, as its estimate does.
        assert weights[name] == pytest.approx(weight, abs=1e-3)
    curve = fit.gaps[block.start :]
    assert curve == pytest.approx(np.array(expected["effect_curve_1989_2000"]), abs=0.04)
    assert curve.mean() == pytest.approx(fit.estimate, abs=1e-12)
    every = np.arange(len(block.donors))[:, None]
    gaps = placebo_synthetic_did(block.y, every, block.donors, start=block.start, zeta=fit.zeta)
    placebos = gaps[:, block.start :].mean(axis=1)
    assert placebos.std() == pytest.approx(9.371180, abs=1e-6)
    rank = placebo_rank(abs(fit.estimate), np.abs(placebos))
    assert rank.p == pytest.approx(expected["two_sided_placebo_rank_p"], abs=1e-8)


def test_simulated_panel(references, simulated):
    expected = references["sim.sdid"]
    block = simulated
    fit = synthetic_did(block.y, block.treated, block.donors, start=block.start)
    assert fit.estimate == pytest.approx(expected["extra"]["exact_optimum"], abs=1e-6)
    groups = draw_groups(len(block.donors), 5, draws=500, rng=np.random.default_rng(1))
    gaps = placebo_synthetic_did(block.y, groups.members, block.donors, start=block.start, zeta=fit.zeta)
    spread = gaps[:, block.start :].mean(axis=1).std()
    assert spread == pytest.approx(expected["se"], abs=0.02)
