"""Trends before the programme: test, power, and what may hide behind a passed test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from lean_impact.effects import EventStudy
from lean_impact.effects.pretrends import pretrend_test
from lean_impact.errors import DesignError

HORIZONS = np.array([-5, -4, -3, -2, 0, 1, 2])
SIGMA = 0.004**2 * (np.eye(7) + 1.0)
FLAT = np.array([0.002, -0.004, 0.003, 0.0, 0.05, 0.06, 0.055])


@pytest.fixture
def tested(world):
    result = world.estimate(effect=0.05, settings={"draws": 99, "calibration_groups": 50})

    def run(estimates=FLAT, *, df=np.inf, **settings):
        study = EventStudy(horizons=HORIZONS, estimates=estimates, covariance=SIGMA, df=df)
        return pretrend_test(replace(result, event_study=study), **settings)

    return run


def test_hotelling_and_wald(tested):
    t2 = FLAT[:4] @ np.linalg.inv(SIGMA[:4, :4]) @ FLAT[:4]
    assert tested().p_value.value == pytest.approx(stats.chi2.sf(t2, 4))
    hotelling = tested(df=12.0).p_value
    assert hotelling.value == pytest.approx(stats.f.sf(t2 * 9 / (12 * 4), 4, 9))
    assert hotelling.method.startswith("Hotelling")


def test_hotelling_holds_its_size():
    """Six trusts, four blocks: with an estimated covariance the Wald test would reject far too often."""
    rng = np.random.default_rng(1)
    n, k, draws = 8, 4, 4_000
    data = rng.standard_normal((draws, n, k))
    means, spread = data.mean(axis=1), np.array([np.cov(each.T) for each in data]) / n
    t2 = np.einsum("ij,ijk,ik->i", means, np.linalg.inv(spread), means)
    m = n - 1
    assert (stats.f.sf(t2 * (m - k + 1) / (m * k), k, m - k + 1) < 0.05).mean() == pytest.approx(
        0.05, abs=0.011
    )
    assert (stats.chi2.sf(t2, k) < 0.05).mean() > 0.3


def test_what_a_trend_would_do(tested):
    found = tested()
    table = found.to_frame()
    assert list(table.columns) == [
        "measure",
        "p_value",
        "power",
        "slope",
        "bias",
        "bias_if_passed",
        "effect",
        "periods_a_block",
    ]
    # Mean time of the three blocks after the reference is 2.
    assert table["bias"].to_numpy() == pytest.approx(2 * table["slope"].to_numpy())
    assert table["slope"].is_monotonic_increasing
    # The common part of the covariance carries what is selected before over to after.
    assert (table["bias_if_passed"] > table["bias"]).all()
    assert found.effect.value == pytest.approx(0.055)


def test_words_follow_the_evidence(tested):
    assert "no difference in trends is visible before" in tested().conclusion
    steep = FLAT + np.r_[0.05 * HORIZONS[:4], np.zeros(3)]
    assert "trends differed visibly before" in tested(steep).conclusion
    small = np.r_[FLAT[:4], np.full(3, 0.001)]
    assert "passing the test says little" in tested(small).conclusion
    assert "does not show that trends were parallel" in tested().summary()


def test_chart_shows_each_trend(tested):
    found = tested(powers=(0.5, 0.8, 0.9))
    ax = found.plot()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sum("detected with" in label for label in labels) == 3
    assert ax.get_title(loc="left") == found.title
    assert "80%" in found.description


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"powers": (0.01,)}, "0.01 does not"),
        ({"powers": ()}, "a power to look at"),
        ({"df": 3.0}, "as many as the degrees of freedom"),
        ({"every": 9}, "no complete block"),
    ],
)
def test_bad_settings(tested, settings, message):
    with pytest.raises(DesignError, match=message):
        tested(**settings)
