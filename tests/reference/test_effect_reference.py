"""Difference-in-differences against other programs, and the published A&E figures of the five trusts.

Covered: the block two-by-two numbers ``sim.did`` (estimate; its three standard errors rebuilt from the
collapsed changes; its placebo spread), ``prop99.did`` (estimate, exact placebo spread) and the r = 0 entry of
``prop99.gsynth.r``. Not covered, because no estimator here makes them: synthetic control, synthetic DiD,
factor models, staggered adoption, interrupted time series.
"""

from __future__ import annotations

import json
import re
from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Exclusion, Measure, Succession, Window
from lean_impact.effects import (
    AdoptionDesign,
    DifferenceInDifferences,
    EffectResult,
    conclusion,
    leave_one_treated_out,
    select_comparison,
    verdict,
)
from lean_impact.kernels.collapsed import placebo_differences, welch_contrast
from lean_impact.kernels.randomisation import draw_groups
from lean_impact.tables import Panel

pytestmark = pytest.mark.shared


@pytest.fixture(scope="session")
def references(shared_data):
    records = json.loads(shared_data("reference/effects/reference.json").read_text())["references"]
    return {record["id"]: record for record in records}


def block_did(frame: pd.DataFrame, *, treated: set[str], first_year: int) -> EffectResult:
    """Estimate on a table with columns trust, year and value; every year becomes a period."""
    measure = Measure(
        id="outcome",
        name="Outcome",
        kind="mean",
        improvement="neutral",
        dimension="context",
        frequency="year",
        unit="units",
    )
    table = pd.DataFrame(
        {
            "trust": frame["trust"],
            "measure": "outcome",
            "period": frame["year"].map(lambda year: f"{year}-01-01"),
            "value": frame["value"],
            "flag": "published",
            "source": "reference",
        }
    )
    codes = sorted(set(frame["trust"]))
    return DifferenceInDifferences(aggregation="mean", draws=99).estimate(
        Panel.from_frame(table, measures=[measure]),
        AdoptionDesign.block(
            measure="outcome",
            treated=[code for code in codes if code in treated],
            comparison=[code for code in codes if code not in treated],
            pre=Window(start=date(int(frame["year"].min()), 1, 1), end=date(first_year, 1, 1)),
            post=Window(start=date(first_year, 1, 1), end=date(int(frame["year"].max()) + 1, 1, 1)),
        ),
    )


@pytest.fixture(scope="session")
def simulated(shared_data):
    raw = pd.read_csv(shared_data("reference/effects/data/sim150x120.csv"))
    frame = pd.DataFrame(
        {"trust": "U" + raw["unit"].astype(str).str.zfill(3), "year": 1900 + raw["time"], "value": raw["y"]}
    )
    return block_did(frame, treated={f"U{unit}" for unit in range(145, 150)}, first_year=1991)


@pytest.fixture(scope="session")
def california(shared_data):
    raw = pd.read_csv(shared_data("reference/effects/data/prop99_synthdid.csv"))
    frame = pd.DataFrame({"trust": raw["State"], "year": raw["Year"], "value": raw["PacksPerCapita"]})
    return block_did(frame, treated={"California"}, first_year=1989)


def test_simulated_block(references, simulated):
    expected = references["sim.did"]
    assert simulated.pooled.value == pytest.approx(expected["estimate"], abs=1e-8)
    # Three programs' standard errors are one sum of squares with three small-sample factors.
    change, size = simulated.changes.change, simulated.n_treated
    groups = (change[:size], change[size:])
    plain = sum(((g - g.mean()) ** 2).sum() / len(g) ** 2 for g in groups) ** 0.5
    n = len(change)
    assert plain == pytest.approx(expected["extra"]["bjs_se"], abs=1e-6)
    assert plain * (n / (n - 2)) ** 0.5 == pytest.approx(expected["extra"]["lwdid_hc1_se"], abs=1e-4)
    clustered = plain * (n / (n - 1) * (120 * n - 1) / (120 * n - 2)) ** 0.5
    assert clustered == pytest.approx(expected["se"], abs=1e-6)
    # Welch is wider than all of them, as few treated trusts demand.
    assert simulated.pooled.standard_error > clustered


def test_simulated_placebo_spread(references, simulated):
    others = simulated.changes.change[simulated.n_treated :]
    members = draw_groups(len(others), 5, draws=5000, rng=np.random.default_rng(0)).members
    spread = welch_contrast(others, members).difference.std()
    # Both sides are sampled: theirs from some hundred placebo groups.
    assert spread == pytest.approx(references["sim.did"]["extra"]["placebo_sd"], rel=0.1)


def test_california_block(references, california):
    expected = references["prop99.did"]
    assert california.pooled.value == pytest.approx(expected["estimate"], abs=1e-8)
    assert california.pooled.value == pytest.approx(
        references["prop99.gsynth.r"]["extra"]["att_by_r"][0], abs=1e-6
    )
    placebos = placebo_differences(california.changes.change[1:])
    assert placebos.std() == pytest.approx(expected["extra"]["exact_placebo_sd"], abs=1e-6)


# ---------------------------------------------------------------------- the five trusts

FIVE = ("RF4", "RR8", "RXW", "RTP", "RKB")
FIELD_TEST = "RGT RQM RDU RYJ RNQ RC9 RXF RVW RX1 RK9 RD3 RHU RFR RGR R0D".split()  # noqa: SIM905 - a list of 15 codes
SEAM = Exclusion(
    window=Window(start=date(2015, 3, 1), end=date(2015, 6, 1)),
    reason="weekly collection ends and monthly begins; denominators are imputed",
)
TYPE_1 = Measure(
    id="type-1",
    name="A&E type 1 seen within 4 hours",
    kind="proportion",
    improvement="increase",
    dimension="quality",
    frequency="month",
    unit="share of attendances",
)


@pytest.fixture(scope="session")
def emergency(shared_data):
    raw = pd.read_csv(shared_data("nhs/figures/ae_4h_panel_2010_2021.csv.gz"))
    none = raw["type1_within"].isna() | raw["type1_att"].isna()
    frame = pd.DataFrame(
        {
            "trust": raw["org_code"],
            "measure": "type-1",
            "period": raw["period_start"],
            "numerator": raw["type1_within"].mask(none),
            "denominator": raw["type1_att"].mask(none),
            "flag": np.where(none, "not_submitted", "published"),
            "source": raw["source"],
        }
    )
    return Panel.from_frame(frame, measures=[TYPE_1])


@pytest.fixture(scope="session")
def successions(shared_data):
    raw = pd.read_csv(shared_data("nhs/figures/trust_successions_2012_2021.csv"))
    return [
        Succession(
            old_code=row.old_code,
            old_name=row.old_name,
            new_codes=tuple(re.findall(r"\b[A-Z0-9]{3}\b", row.new_code.split(" (")[0])),
            effective=date.fromisoformat(row.effective_date),
            evidence=row.evidence,
            verified="unverified" not in row.evidence,
        )
        for row in raw.itertuples()
    ]


def evaluate(panel, successions, *, first=date(2010, 11, 1), ignore=()) -> EffectResult:
    last = date(2020, 3, 1)
    chosen = select_comparison(
        panel,
        measure="type-1",
        window=Window(start=first, end=last),
        treated=FIVE,
        excluded=dict.fromkeys(FIELD_TEST, "field test"),
        successions=successions,
        ignore=ignore,
    )
    return DifferenceInDifferences(seed=1, draws=999).estimate(
        panel,
        AdoptionDesign.block(
            measure="type-1",
            treated=FIVE,
            comparison=chosen.trusts,
            pre=Window(start=first, end=date(2015, 8, 1)),
            post=Window(start=date(2015, 8, 1), end=last),
            ignore=ignore,
        ),
    )


def naive_changes(result: EffectResult) -> dict[str, float]:
    return {level.trust: level.after - level.before for level in result.levels if level.group == "trust"}


def test_naive_levels_of_the_five(emergency, successions):
    result = evaluate(emergency, successions)
    together = result.level("treated", "sum")
    assert (together.before, together.after) == pytest.approx((0.903, 0.790), abs=5e-4)
    changes = naive_changes(result)
    assert changes["RTP"] == pytest.approx(0.019, abs=5e-4)
    assert changes["RXW"] == pytest.approx(-0.196, abs=5e-4)
    assert any(
        caution.startswith("RXW has no figure for Mar 2015 to May 2015") for caution in result.cautions
    )


def test_the_gain_of_one_trust_rests_on_its_first_years(emergency, successions):
    late = evaluate(emergency, successions, first=date(2012, 7, 1))
    assert naive_changes(late)["RTP"] == pytest.approx(-0.041, abs=5e-4)


def test_no_effect_is_visible_on_the_five(emergency, successions):
    result = evaluate(emergency, successions, ignore=[SEAM])
    assert result.n_comparison > 80
    assert verdict(result) == "none"
    assert conclusion(result).startswith("No visible effect on A&E type 1")
    assert 0.03 < result.calibration.false_alarm_rate < 0.08
    assert (leave_one_treated_out(result)["p_value"] > 0.2).all()
    # Trusts fell alike, within a point of each other.
    assert abs(result.pooled.value) < 0.01
