"""Laws of the quality checks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from lean_impact.domain import Measure
from lean_impact.quality import assess
from lean_impact.tables import FLAGS, Panel

MEASURE = Measure(
    id="type-1",
    name="Seen within 4 hours",
    kind="proportion",
    improvement="increase",
    dimension="quality",
    frequency="month",
    unit="share of attendances",
)
N, K = 72, 8
TRUSTS = [f"RX{letter}" for letter in "ABCDEFGH"]


def panel_of(volume, flags=None, order=None):
    frame = pd.DataFrame(
        {
            "trust": np.tile(TRUSTS, N),
            "measure": "type-1",
            "period": np.repeat(pd.date_range("2012-01-01", periods=N, freq="MS"), K),
            "numerator": np.floor(0.9 * volume).ravel(),
            "denominator": np.round(volume).ravel(),
            "flag": "published" if flags is None else flags.ravel(),
            "source": "made",
        }
    )
    frame.loc[frame["flag"].isin(["not_submitted", "missing"]), ["numerator", "denominator"]] = np.nan
    if order is not None:
        frame = frame.iloc[order]
    return Panel.from_frame(frame, measures=[MEASURE])


def volumes(seed, noise=0.04):
    rng = np.random.default_rng(seed)
    return rng.uniform(4_000, 15_000, K) * np.exp(rng.normal(0, noise, (N, K)))


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    trust=st.integers(0, K - 1),
    at=st.integers(8, N - 8),
    ratio=st.sampled_from([1.6, 1 / 1.6, 2.5]),
    season=st.floats(0, 0.15),
)
def test_an_injected_jump_is_found_within_one_period_and_nothing_else(seed, trust, at, ratio, season):
    volume = volumes(seed) * (1 + season * np.sin(2 * np.pi * np.arange(N) / 12))[:, None]
    volume[at:, trust] *= ratio
    panel = panel_of(volume)
    report = assess(panel, measures=["type-1"])
    (jump,) = report.of(kind="volume jump")
    periods = pd.date_range("2012-01-01", periods=N, freq="MS")
    assert jump.trust == TRUSTS[trust]
    assert abs(list(periods).index(pd.Timestamp(jump.start)) - at) <= 1


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    growth=st.lists(st.floats(-0.10, 0.10), min_size=K, max_size=K),
    season=st.floats(0, 0.15),
)
def test_smooth_growth_and_a_common_season_give_no_finding(seed, growth, season):
    years = np.arange(N)[:, None] / 12
    shape = 1 + season * np.sin(2 * np.pi * np.arange(N) / 12)[:, None]
    volume = volumes(seed, noise=0.02) * np.exp(np.array(growth)[None, :] * years) * shape
    assert assess(panel_of(volume), measures=["type-1"]).findings == ()


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), shuffle=st.integers(0, 10_000))
def test_the_order_of_the_rows_changes_nothing(seed, shuffle):
    rng = np.random.default_rng(seed)
    flags = rng.choice(FLAGS, size=(N, K), p=[0.9, 0.04, 0.03, 0.03])
    volume = volumes(seed)
    volume[40:, 2] *= 1.7
    order = np.random.default_rng(shuffle).permutation(N * K)
    first = assess(panel_of(volume, flags), measures=["type-1"])
    second = assess(panel_of(volume, flags, order), measures=["type-1"])
    assert first.findings == second.findings
    assert first.to_frame().equals(second.to_frame())


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), rate=st.floats(0, 0.5))
def test_every_flagged_cell_is_covered_by_exactly_one_finding(seed, rate):
    rng = np.random.default_rng(seed)
    flags = rng.choice(FLAGS, size=(N, K), p=[1 - rate, rate / 3, rate / 3, rate / 3])
    panel = panel_of(volumes(seed), flags)
    report = assess(panel, measures=["type-1"])
    kinds = {"imputed": "imputed", "not_submitted": "not submitted", "missing": "gap"}
    cells = panel.frame
    told = [finding for finding in report.findings if finding.kind in kinds.values()]
    assert sum(finding.n_periods for finding in told) == (cells["flag"] != "published").sum()
    for cell in cells.itertuples():
        covering = [
            finding
            for finding in told
            if finding.trust == cell.trust and finding.start <= cell.period.date() < finding.end
        ]
        assert [finding.kind for finding in covering] == ([kinds[cell.flag]] if cell.flag in kinds else [])


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), scale=st.floats(1.0, 20.0))
def test_jumps_do_not_depend_on_how_large_the_trusts_are(seed, scale):
    volume = volumes(seed)
    volume[30:, 1] *= 1.8
    small, large = (assess(panel_of(v), measures=["type-1"]) for v in (volume, scale * volume))
    assert [(f.trust, f.kind, f.start) for f in small.findings] == [
        (f.trust, f.kind, f.start) for f in large.findings
    ]
