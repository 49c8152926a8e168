from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Measure, Window
from lean_impact.errors import DesignError, TableError
from lean_impact.kernels import funnel as kernel
from lean_impact.spc import FunnelPlot, UnitCounts
from lean_impact.tables import Panel


def _measure(kind="ratio"):
    return Measure(
        id="shmi",
        name="SHMI",
        kind=kind,
        improvement="decrease",
        dimension="quality",
        frequency="month",
        unit="observed over expected",
        denominator="expected deaths",
    )


def _counts(above, below, *, kind="ratio", units=None):
    names = units or tuple(f"T{at:03d}" for at in range(len(above)))
    return UnitCounts(
        units=names,
        numerators=np.array(above, dtype=float),
        denominators=np.array(below, dtype=float),
        measure=_measure(kind),
        when="2018",
    )


def _draw(rng, tau, n=131):
    expected = np.exp(rng.uniform(np.log(250), np.log(4000), n)).round(2)
    return _counts(rng.poisson(expected * np.exp(rng.normal(0, tau, n))), expected)


# Share beyond the 95% limits by true tau, as simulated with an independent implementation.
KNOWN = {0.0: (0.051, 0.050, 0.049), 0.1: (0.200, 0.134, 0.540)}


@pytest.mark.parametrize("tau", KNOWN)
def test_flags_agree_with_an_independent_simulation(tau):
    rng = np.random.default_rng(7)
    plots = (FunnelPlot(method="shmi"), FunnelPlot(method="cqc"), FunnelPlot(overdispersion=False))
    shares = np.zeros(3)
    for _ in range(60):
        counts = _draw(rng, tau)
        shares += [len(plot.compare(counts).outside()) / len(counts) for plot in plots]
    np.testing.assert_allclose(shares / 60, KNOWN[tau], atol=0.025)


def test_making_up_for_winsorising_finds_the_true_differences():
    rng = np.random.default_rng(3)
    plain, inflated = [], []
    for _ in range(40):
        counts = _draw(rng, 0.1)
        plain.append(FunnelPlot(handling="winsorise").compare(counts).tau2 ** 0.5)
        inflated.append(FunnelPlot(handling="winsorise", inflate=True).compare(counts).tau2 ** 0.5)
    assert np.mean(plain) < 0.08
    assert np.mean(inflated) == pytest.approx(0.1, abs=0.012)
    assert kernel.winsor_inflation(0.1) == pytest.approx(1.47, abs=0.005)


def test_what_was_done_to_extreme_units_stands_on_the_chart():
    rng = np.random.default_rng(1)
    counts = _draw(rng, 0.1)
    shmi, cqc = FunnelPlot().compare(counts), FunnelPlot(method="cqc").compare(counts)
    assert "10% of units trimmed" in shmi.caption
    assert "10% of units winsorised" in cqc.caption
    ax = shmi.plot(highlight={"T001": "One"})
    assert "trimmed" in ax.get_xlabel()
    assert "One" in [text.get_text() for text in ax.texts]
    for funnel in (shmi, cqc):
        assert any("one unit in five" in words for words in funnel.cautions)
        assert funnel.caption in funnel.description
        assert funnel.caption in funnel.summary()
    assert list(shmi.to_frame().columns)[:5] == ["unit", "measure", "numerator", "denominator", "ratio"]


def test_bands_are_numbered_as_by_the_shmi():
    rng = np.random.default_rng(1)
    funnel = FunnelPlot().compare(_draw(rng, 0.1))
    codes = {"higher": 1, "as expected": 2, "lower": 3}
    assert funnel.bands.tolist() == [codes[place] for place in funnel.positions]


def test_no_events_are_flagged_and_trimmed():
    rng = np.random.default_rng(2)
    expected = rng.uniform(20, 80, 30)
    above = rng.poisson(expected).astype(float)
    above[4] = 0
    funnel = FunnelPlot().compare(_counts(above, expected))
    assert funnel.z[4] == -np.inf
    assert np.isnan(funnel.z_used[4])
    assert funnel.positions[4] == "lower"
    assert any("no event at all" in words for words in funnel.cautions)


def test_one_unit_has_limits_of_sampling_alone():
    funnel = FunnelPlot().compare(_counts([20], [18]))
    assert np.isnan(funnel.tau2)
    assert not funnel.adjusted
    assert funnel.positions == ("as expected",)
    assert any("Too few units" in words for words in funnel.cautions)


def test_rows_that_cannot_be_are_all_named():
    with pytest.raises(TableError, match=r"4 problem\(s\)") as caught:
        _counts([1, -1, np.nan, np.inf], [10, 10, 10, 10], units=("A", "A", "B", "C"))
    assert [issue.rule for issue in caught.value.issues] == ["duplicate", "missing", "infinite", "negative"]
    with pytest.raises(TableError, match="'T001' has a denominator of zero"):
        FunnelPlot().compare(_counts([1, 2], [3, 0]))
    with pytest.raises(TableError, match="more events than cases"):
        FunnelPlot(method="proportion").compare(_counts([1, 20], [3, 10], kind="proportion"))


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(DesignError, match="no event at all"):
        FunnelPlot().compare(_counts([0, 0], [3, 4]))
    with pytest.raises(DesignError, match="every numerator equals its denominator"):
        FunnelPlot().compare(_counts([3, 4], [3, 4]))
    with pytest.raises(DesignError, match="give one of each"):
        _counts([], [])
    with pytest.raises(DesignError, match=r"share is 0\.5"):
        FunnelPlot(share=0.5)
    with pytest.raises(DesignError, match="makes up for winsorising"):
        FunnelPlot(inflate=True)
    with pytest.raises(DesignError, match="for counts only"):
        FunnelPlot(denominator_error=True)


def test_counts_of_a_panel_are_added_up_and_trusts_with_gaps_left_out():
    rows = [
        ("RTP", "2018-01-01", 5, 10),
        ("RTP", "2018-02-01", 6, 10),
        ("RF4", "2018-01-01", 4, 20),
        ("RF4", "2018-02-01", 4, 20),
        ("RR8", "2018-01-01", 4, 20),
        ("RR8", "2018-03-01", 4, 20),
    ]
    frame = pd.DataFrame(rows, columns=["trust", "period", "numerator", "denominator"])
    frame = frame.assign(measure="shmi", flag="published", source="test")
    panel = Panel.from_frame(frame, measures=[_measure("proportion")])
    window = Window(start=date(2018, 1, 1), end=date(2018, 3, 1))
    counts = UnitCounts.from_panel(panel, measure="shmi", window=window)
    assert dict(zip(counts.units, counts.numerators, strict=True)) == {"RF4": 8.0, "RTP": 11.0}
    assert "RR8" in counts.cautions[0]
    late = Window(start=date(2018, 3, 1), end=date(2018, 6, 1))
    with pytest.raises(DesignError, match="choose a shorter window"):
        UnitCounts.from_panel(panel.restrict(trusts=["RTP", "RF4"]), measure="shmi", window=late)


@pytest.mark.parametrize("method", ["shmi", "cqc", "proportion", "counts"])
def test_every_method_can_be_drawn(method):
    rng = np.random.default_rng(1)
    below = rng.integers(50, 900, 40)
    kind = "proportion" if method == "proportion" else "ratio"
    funnel = FunnelPlot(method=method).compare(_counts(rng.binomial(below, 0.4), below, kind=kind))
    ax = funnel.plot()
    ax.figure.canvas.draw()
    grid, limits = funnel.curves
    assert len(grid) == len(limits.upper_95) == 200
    assert np.isfinite(limits.upper_998).all()
