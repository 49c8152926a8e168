"""Factor models and matrix completion against R gsynth and fect.

Where fect stops its iteration early (its tolerance is a thousandth of the fit), the optimum decides, and the test
shows that fect's number is one of the steps on the way to it.
"""

from __future__ import annotations

import json
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Measure, Window
from lean_impact.effects import AdoptionDesign
from lean_impact.effects.generalised_control import GeneralisedSyntheticControl
from lean_impact.effects.matrix_completion import MatrixCompletion
from lean_impact.kernels.completion import complete, impute_path, largest_penalty
from lean_impact.kernels.interactive import factor_path
from lean_impact.kernels.interactive_bootstrap import bootstrap_errors
from lean_impact.kernels.low_rank import apply_filter, cap_singular_values, keep_factors, two_way
from lean_impact.kernels.low_rank_fit import fit_low_rank
from lean_impact.tables import Panel

pytestmark = pytest.mark.shared


class Data(NamedTuple):
    y: np.ndarray
    missing: np.ndarray
    x: np.ndarray | None

    @property
    def treated(self) -> np.ndarray:
        return self.missing.any(axis=0)

    def path(self, largest: int, *, covariates: bool = True):
        t = self.treated
        x = None if self.x is None or not covariates else (self.x[:, :, ~t], self.x[:, :, t])
        return factor_path(
            self.y[:, ~t], self.y[:, t], ~self.missing[:, t], numbers=range(largest + 1), covariates=x
        )

    def effect(self, fitted: np.ndarray) -> float:
        return float((self.y - fitted)[self.missing].mean())

    def effects(self, path) -> list[float]:
        return [float(gap[self.missing[:, self.treated]].mean()) for gap in path.gaps]


@pytest.fixture(scope="session")
def references(shared_data):
    records = json.loads(shared_data("reference/effects/reference.json").read_text())["references"]
    return {record["id"]: record for record in records}


def read(path, unit, time, value, treated, covariates=()) -> Data:
    raw = pd.read_csv(path)

    def wide(column):
        return raw.pivot(index=time, columns=unit, values=column).to_numpy(dtype=float)

    x = np.array([wide(name) for name in covariates]) if covariates else None
    return Data(wide(value), wide(treated) > 0, x)


@pytest.fixture(scope="session")
def california(shared_data):
    path = shared_data("reference/effects/data/prop99_synthdid.csv")
    return read(path, "State", "Year", "PacksPerCapita", "treated")


@pytest.fixture(scope="session")
def gsynth(shared_data):
    return read(
        shared_data("reference/effects/data/gsynth_simdata.csv"), "id", "time", "Y", "D", ("X1", "X2")
    )


@pytest.fixture(scope="session")
def simulated(shared_data):
    return read(shared_data("reference/effects/data/sim150x120.csv"), "unit", "time", "y", "treated")


def test_california_along_the_factors(references, california):
    expected = references["prop99.gsynth.r"]["extra"]["att_by_r"]
    found = california.effects(california.path(5))
    assert found[0] == pytest.approx(expected[0], abs=1e-6)
    assert found[1] == pytest.approx(expected[1], abs=1e-3)
    assert found[2:] == pytest.approx(expected[2:], abs=0.05)


def test_california_with_factors_of_all_states(references, california):
    expected = references["prop99.ife.r"]["extra"]["att_by_r"]
    path = impute_path(california.y, 2, missing=california.missing)
    found = [california.effect(fitted) for fitted in path.fitted]
    assert found[0] == pytest.approx(expected[0], abs=1e-6)
    assert found[1] == pytest.approx(expected[1], abs=0.01)
    # From two factors on only the collapse of the estimate is common ground.
    assert abs(found[2]) < 0.5


def test_gsynths_panel(references, gsynth):
    reference = references["gsynth.sim.ife"]
    path = gsynth.path(5)
    found = gsynth.effects(path)
    assert path.chosen == 2
    assert found[2] == pytest.approx(reference["estimate"], abs=5e-4)
    assert found[0] == pytest.approx(reference["extra"]["att_by_r"]["0"], abs=1e-6)
    assert found[1] == pytest.approx(reference["extra"]["att_by_r"]["1"], abs=5e-4)
    assert found[3] == pytest.approx(reference["extra"]["att_by_r"]["3"], abs=1e-3)
    assert path.coefficients[2] == pytest.approx(reference["extra"]["beta"], abs=1e-3)
    assert path.prediction_error == pytest.approx(reference["extra"]["mspe_by_r"], abs=1e-3)
    plain = gsynth.effects(gsynth.path(2, covariates=False))
    assert plain[2] == pytest.approx(reference["extra"]["no_covariates_r2"], abs=1e-6)


def test_the_bootstrap_has_the_standard_error_of_gsynth(references, gsynth):
    t = gsynth.treated
    errors = bootstrap_errors(
        gsynth.y[:, ~t],
        gsynth.y[:, t],
        ~gsynth.missing[:, t],
        2,
        np.random.default_rng(1),
        draws=200,
        covariates=(gsynth.x[:, :, ~t], gsynth.x[:, :, t]),
    )
    spread = errors[:, gsynth.missing[:, t].any(axis=1)].mean(axis=(1, 2)).std(ddof=1)
    assert spread == pytest.approx(references["gsynth.sim.ife"]["se"], rel=0.1)


def test_fects_estimators_on_gsynths_panel(references, gsynth):
    extra = references["gsynth.sim.fect"]["extra"]
    path = impute_path(gsynth.y, 2, missing=gsynth.missing, covariates=gsynth.x)
    assert gsynth.effect(path.fitted[0]) == pytest.approx(extra["fe"], abs=1e-3)
    assert gsynth.effect(path.fitted[2]) == pytest.approx(extra["ife_r2"], abs=0.01)
    # A penalty of 0.05 is beyond the largest one: only unit and period effects are left.
    assert largest_penalty(gsynth.y, missing=gsynth.missing, covariates=gsynth.x) < 0.05
    stiff = complete(gsynth.y, 0.05, missing=gsynth.missing, covariates=gsynth.x)
    assert gsynth.effect(stiff.fitted) == pytest.approx(extra["mc_lambda_0_05"], abs=1e-3)


def fects_steps(data: Data, threshold: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Fill, regress, threshold in turns, as fect does, until the fit changes by less than a thousandth."""
    first = fit_low_rank(data.y, keep_factors(0), missing=data.missing, covariates=data.x)
    gram = np.einsum("aij,bij->ab", data.x, data.x)
    beta, fitted = first.coefficients, first.fitted
    common = fitted - np.tensordot(beta, data.x, axes=1)
    fits, low_ranks = [], []
    change = 1.0
    while change > 1e-3:
        filled = np.where(data.missing, fitted, data.y)
        beta = np.linalg.solve(gram, np.einsum("aij,ij->a", data.x, filled - common))
        explained = np.tensordot(beta, data.x, axes=1)
        parts = two_way(np.where(data.missing, common, filled - explained))
        low_rank, _ = apply_filter(parts.residual, cap_singular_values(threshold))
        common = low_rank + parts.unit + parts.period[:, None]
        change = np.linalg.norm(explained + common - fitted) / np.linalg.norm(fitted)
        fitted = explained + common
        fits.append(fitted)
        low_ranks.append(low_rank)
    return fits, low_ranks


def test_fects_matrix_completion_is_a_step_on_the_way_to_the_optimum(references, gsynth):
    extra = references["gsynth.sim.fect"]["extra"]
    penalty = extra["mc_lambda_cv"]
    threshold = penalty * gsynth.y.size

    def loss(fitted, low_rank):
        off = (gsynth.y - fitted)[~gsynth.missing]
        return (off**2).sum() / 2 + threshold * np.linalg.norm(low_rank, "nuc")

    fits, low_ranks = fects_steps(gsynth, threshold)
    assert gsynth.effect(fits[-1]) == pytest.approx(extra["mc_cv"], abs=1e-6)
    best = complete(gsynth.y, penalty, missing=gsynth.missing, covariates=gsynth.x)
    assert loss(best.fitted, best.low_rank) < loss(fits[-1], low_ranks[-1])
    # The same steps taken until nothing moves end at 5.195833.
    assert gsynth.effect(best.fitted) == pytest.approx(5.195833, abs=1e-5)


def test_the_simulated_panel(references, simulated):
    reference = references["sim.gsynth"]
    path = simulated.path(5)
    assert path.chosen == 3
    assert simulated.effects(path)[3] == pytest.approx(reference["estimate"], abs=5e-3)
    fits = impute_path(simulated.y, 2, missing=simulated.missing)
    assert simulated.effect(fits.fitted[2]) == pytest.approx(reference["extra"]["fect_ife_r2"], abs=1e-3)


def as_panel(data: Data) -> tuple[Panel, AdoptionDesign]:
    """Every period becomes a year; treated units come first by name."""
    n_periods, n_units = data.y.shape
    names = [f"{'T' if treated else 'C'}{at:03d}" for at, treated in enumerate(data.treated)]
    years = [f"{1900 + at}-01-01" for at in range(n_periods)]
    measures = {"outcome": data.y}
    if data.x is not None:
        measures |= {f"x{at}": each for at, each in enumerate(data.x)}
    frame = pd.concat(
        pd.DataFrame(
            {
                "trust": np.tile(names, n_periods),
                "measure": name,
                "period": np.repeat(years, n_units),
                "value": cells.ravel(),
                "flag": "published",
                "source": "reference",
            }
        )
        for name, cells in measures.items()
    )
    records = [
        Measure(
            id=name,
            name=name,
            kind="mean",
            improvement="neutral",
            dimension="context",
            frequency="year",
            unit="units",
        )
        for name in measures
    ]
    first = 1900 + int(np.flatnonzero(data.missing.any(axis=1))[0])
    adoption = AdoptionDesign.block(
        measure="outcome",
        treated=[name for name in names if name[0] == "T"],
        comparison=[name for name in names if name[0] == "C"],
        pre=Window(start=date(1900, 1, 1), end=date(first, 1, 1)),
        post=Window(start=date(first, 1, 1), end=date(1900 + n_periods, 1, 1)),
    )
    return Panel.from_frame(frame, measures=records), adoption


def test_the_estimators_give_what_the_kernels_give(references, gsynth, california):
    panel, adoption = as_panel(gsynth)
    settings = {"draws": 99, "calibration_groups": 40, "calibration_dates": 0}
    chosen = GeneralisedSyntheticControl(covariates=("x0", "x1"), **settings).estimate(panel, adoption)
    reference = references["gsynth.sim.ife"]
    assert chosen.pooled.value == pytest.approx(reference["estimate"], abs=5e-4)
    assert chosen.tables["factor-path"]["mspe"].to_numpy() == pytest.approx(
        reference["extra"]["mspe_by_r"], abs=1e-3
    )
    everybody = GeneralisedSyntheticControl(
        covariates=("x0", "x1"), n_factors=2, factors_from="all", **settings
    ).estimate(panel, adoption)
    assert everybody.pooled.value == pytest.approx(references["gsynth.sim.fect"]["extra"]["ife_r2"], abs=0.01)
    filled = MatrixCompletion(
        covariates=("x0", "x1"), penalty=references["gsynth.sim.fect"]["extra"]["mc_lambda_cv"], **settings
    ).estimate(panel, adoption)
    assert filled.pooled.value == pytest.approx(5.195833, abs=1e-5)
    panel, adoption = as_panel(california)
    path = GeneralisedSyntheticControl(**settings).estimate(panel, adoption).tables["factor-path"]
    expected = references["prop99.gsynth.r"]["extra"]["att_by_r"]
    assert path["estimate"].to_numpy() == pytest.approx(expected, abs=0.05)
