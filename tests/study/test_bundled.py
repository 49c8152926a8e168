"""The main job: the partnership with the Virginia Mason Institute on official figures.

Every number here was computed from the published figures by other means, or is told by the study file.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from lean_impact.effects import verdict
from lean_impact.pooled import PooledResult
from lean_impact.study import copy_study, default_plugins, open_study, read_inputs
from lean_impact.tables import Panel

FIVE = ("RTP", "RR8", "RKB", "RF4", "RXW")


@pytest.fixture(scope="module")
def results(bundled_run):
    return bundled_run.outcome.results


@pytest.fixture(scope="module")
def page(bundled_run):
    return (bundled_run.out / "report.html").read_text(encoding="utf-8")


def tables(bundled_run) -> dict[str, pd.DataFrame]:
    return {
        path.stem: pd.read_csv(path, keep_default_na=False, na_values=[""])
        for path in sorted((bundled_run.out / "tables").glob("*.csv"))
    }


def shares(panel: Panel, trusts, start, end) -> float:
    """Divide all patients seen in time by all patients, as anyone would with a spreadsheet."""
    rows = panel.restrict(trusts=trusts, measures=["ae-4h-type1"]).frame
    rows = rows[(rows["period"] >= start) & (rows["period"] < end) & rows["numerator"].notna()]
    return float(rows["numerator"].sum() / rows["denominator"].sum())


# ---------------------------------------------------------------------------------- the naive numbers


def test_the_five_fell_from_90_3_to_79_0_per_cent(results):
    before = shares(results.panel, FIVE, "2010-11-01", "2015-08-01")
    after = shares(results.panel, FIVE, "2015-08-01", "2020-03-01")
    assert (round(100 * before, 1), round(100 * after, 1)) == (90.3, 79.0)


@pytest.mark.parametrize(
    ("trust", "start", "points"),
    [("RTP", "2010-11-01", 1.9), ("RXW", "2010-11-01", -19.6), ("RTP", "2012-07-01", -4.1)],
)
def test_naive_changes_of_single_trusts(results, trust, start, points):
    change = shares(results.panel, [trust], "2015-08-01", "2020-03-01") - shares(
        results.panel, [trust], start, "2015-08-01"
    )
    assert round(100 * change, 1) == points


def test_the_naive_numbers_stand_in_the_report(bundled_run):
    found = tables(bundled_run)
    naive = found["naive-type1"]
    texts = naive.select_dtypes("number").mul(100).round(1)
    numbers = {tuple(row) for row in texts[["before", "after", "change"]].itertuples(index=False)}
    assert any(before == 90.3 and after == 79.0 for before, after, _ in numbers)
    assert {1.9, -19.6} <= {change for *_, change in numbers}


def test_rtp_from_july_2012_is_a_stated_sensitivity(results):
    answer = next(
        answer
        for answer in results.answers
        if answer.question.trusts == ("RTP",) and answer.question.pre.start.isoformat() == "2012-07-01"
    )
    assert answer.question.role == "sensitivity"
    level = next(level for level in answer.result.levels if level.trust == "RTP")
    assert round(100 * (level.after - level.before), 1) == -4.1


# ---------------------------------------------------------------------------------- the answer


def test_no_effect_is_visible_and_the_report_says_so(results, bundled_run):
    assert verdict(results.primary.result) == "none"
    assert bundled_run.outcome.answer.startswith("No visible effect")
    assert "no " in bundled_run.outcome.report.answer.lower()
    assert results.primary.result.pooled.covers(0.0)


def test_no_model_of_conditions_is_better_than_null(results):
    found = results.contingency
    names = [validation.model for validation in found.validations]
    assert names == ["readiness", "profile", "moderation", "qca", "rules", "bayes"]
    assert {validation.verdict for validation in found.validations} == {"no better than null"}
    design = found.design
    lowest, highest = design.chance
    assert 0 < lowest <= highest <= 1, "how often chance gives a condition that fits as well"
    assert design.p_value.smallest >= 1 / 120, "five trusts can be put in 120 orders"


def test_the_conditions_page_says_what_cannot_be_known(results):
    found = results.contingency
    words = found.summary()
    assert "these trusts cannot tell them apart" in words, "three conditions fall on the same trusts"
    assert (
        "Establishing 'Documented organisation-wide work on culture before the partnership' in RF4 and"
        in words
    )
    assert "RR8: Overall CQC rating rose by 2020 moved 01 May 2016, could not act before" in words
    qca = found.fits["qca"]
    assert len(qca.memberships) == 8, "three unknown cells, each filled both ways"
    engaged = {trust: found.cases.cell(trust, "engaged").membership for trust in found.cases.trusts}
    assert all(cell.lower < cell.value < cell.upper for cell in engaged.values()), (
        "a degree, and how sure it is"
    )
    rules = found.fits["rules"]
    assert all("no independent test" in rules.sources[rule] or "our reading" in rules.sources[rule]
               for rule in ("culture-work", "same-ceo")), "nobody stated these beforehand"  # fmt: skip
    one = "(no-investigation = no-special-measures = same-ceo)"
    assert one in qca.solutions()["solution"].tolist(), "three collinear conditions are one explanation"
    assert qca.solutions()["probability"].max() < 0.5, "no answer is more likely than not"
    assert set(found.design_frame()["model"]) == set(found.fits)
    findings = found.findings_frame()
    assert findings["probability"].dropna().between(0, 1).all()


def test_both_outcomes_and_both_windows_are_asked(results):
    asked = {(answer.question.measure, answer.question.post.end.isoformat()) for answer in results.answers}
    for measure in ("ae-4h-type1", "ae-4h-all"):
        assert (measure, "2020-03-01") in asked
        assert (measure, "2022-01-01") in asked
    assert {answer.question.role for answer in results.answers} == {
        "primary",
        "secondary",
        "sensitivity",
        "placebo",
    }


# ---------------------------------------------------------------------------------- no number without its doubt


def test_every_effect_has_its_interval_and_every_p_its_smallest(results):
    for answer in results.answers:
        frame = answer.result.to_frame()
        assert (frame["lower"] < frame["estimate"]).all()
        assert (frame["estimate"] < frame["upper"]).all()
        assert frame["p_smallest"].notna().all()
        assert (frame["p_smallest"] <= frame["p_value"] * (1 + 1e-9)).all()


def test_every_table_with_a_p_value_says_how_small_it_could_have_been(bundled_run):
    lacking = []
    for name, frame in tables(bundled_run).items():
        if "p_value" in frame.columns and not {"p_smallest", "smallest"} & set(frame.columns):
            lacking.append(name)
    # Tables that repeat effects beside something else point back to the table of effects.
    assert not [name for name in lacking if name.startswith(("effect", "p-values", "change"))]


def test_pooled_effects_have_prediction_intervals(results):
    pooled = [answer.pooled for answer in results.answers if answer.pooled is not None]
    assert len(pooled) >= 10
    for result in pooled:
        assert isinstance(result, PooledResult)
        frame = result.to_frame()
        widths = (frame["upper"] - frame["lower"]).groupby(frame["scope"]).max()
        assert widths["prediction"] >= widths["pooled"]


def test_every_trust_that_is_no_comparison_has_a_reason(results, bundled_run):
    for answer in results.answers:
        frame = answer.comparison.to_frame()
        out = frame[~frame["kept"]]
        assert (out["reason"].str.len() > 0).all()
        assert set(FIVE) <= set(out["trust"])
        assert frame["trust"].is_unique
        assert set(answer.result.comparison) == set(frame.loc[frame["kept"], "trust"])
    written = next(
        frame
        for frame in tables(bundled_run).values()
        if {"question", "kept", "reason"} <= set(frame.columns)
    )
    assert set(written["question"]) == {answer.question.id for answer in results.answers}
    assert written.loc[~written["kept"], "reason"].notna().all()


# ---------------------------------------------------------------------------------- quality, series, changes


def test_quality_finds_the_jumps_that_are_known(results):
    found = results.quality.to_frame()
    shifted = found[(found["trust"] == "RF4") & (found["kind"] == "share jump")]
    assert any("2018-05-01" <= f"{day:%Y-%m-%d}" <= "2018-08-01" for day in shifted["start"])
    grown = found[
        (found["trust"] == "RTP") & (found["kind"] == "volume jump") & (found["measure"] == "ae-4h-type1")
    ]
    assert "2011-07-01" in {f"{day:%Y-%m-%d}" for day in grown["start"]}
    assert (found["action"].str.len() > 0).all(), "what was done about it"


def test_there_is_a_chart_for_each_trust_and_measure(results, page):
    drawn = {(chart.trust, chart.measure.id) for chart in results.charts}
    assert drawn == {(trust, measure) for trust in FIVE for measure in ("ae-4h-type1", "ae-4h-all")}
    for chart in results.charts:
        assert chart.rule_set.name in chart.description
        assert chart.rule_set.name in page


def test_adjusted_charts_stand_beside_plain_ones_and_funnels_name_the_five(results, page):
    assert 'id="spc-ae-4h-type1-rf4-chart' in page
    assert 'id="spc-ae-4h-type1-rf4-adjusted-chart' in page
    assert "would still show a signal" in page
    assert len(results.funnels) == 2
    for funnel in results.funnels:
        assert set(FIVE) <= set(funnel.counts.units)
        assert funnel.caption in page


def test_change_points_are_told_against_the_adoption_window(results):
    seen = {(found.result.trust, found.result.measure.id) for found in results.changes}
    assert len(seen) == len(results.changes) == 10
    for found in results.changes:
        assert set(found.verdict.split(" and ")) <= {"before", "inside", "after", "none"}
        assert found.window == results.programme.adoption_of(found.result.trust).window
    places = {place for found in results.changes for place in found.where}
    assert {"before", "inside"} <= places
    rtp = next(
        found
        for found in results.changes
        if (found.result.trust, found.result.measure.id) == ("RTP", "ae-4h-type1")
    )
    assert "before" in rtp.where


# ---------------------------------------------------------------------------------- what is written


class Page(HTMLParser):
    """Gather tags, addresses and ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"src", "srcset", "data", "action", "poster"} or (tag == "link" and name == "href"):
                self.loads.append(f"{tag} {name}={value}")
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.loads.append(f"{tag} {name}={value}")
            if name == "id":
                self.ids.append(value)


def test_the_page_stands_alone(page):
    seen = Page(page)
    assert not seen.tags & {"script", "iframe", "object", "embed", "base", "form", "img"}
    assert seen.loads == ["link href=data:,"], "the one address says that there is no icon to fetch"
    assert len(seen.ids) == len(set(seen.ids))
    assert not re.findall(r"url\((?!#|['\"]?#|['\"]?data:)", page)
    assert "@import" not in page


def test_every_row_of_a_table_says_what_it_is_about(page):
    assert not re.findall(r'<th scope="row"[^>]*>\s*</th>', page)


def test_every_drawing_has_a_title_and_every_chart_words(bundled_run, page):
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    shown = [drawing for drawing in drawings if 'aria-hidden="true"' not in drawing.partition(">")[0]]
    assert all("<title" in drawing for drawing in shown)
    charts = [chart for section in bundled_run.outcome.report.walk() for chart in section.charts]
    assert len(charts) >= 10
    assert sum("<desc" in drawing for drawing in shown) == len(charts)


def test_every_table_of_the_page_is_a_file_and_the_manifest_lists_it(bundled_run, page):
    written = {path.stem for path in (bundled_run.out / "tables").glob("*.csv")}
    assert {table.id for table in bundled_run.outcome.report.tables()} == written
    manifest = json.loads((bundled_run.out / "manifest.json").read_text(encoding="utf-8"))
    assert {f"tables/{name}.csv" for name in written} == set(manifest["table_rows"])
    assert manifest["plugin_failures"] == []
    assert {file["path"] for file in manifest["inputs"]} == {
        "figures.csv.gz",
        "blocks.csv",
        "trusts.csv",
        "successions.csv",
    }


def test_sources_and_licence_are_told(page, results):
    assert "Open Government Licence v3.0" in page
    for origin in results.blocks["quality"]:
        assert str(origin).split(".")[0].replace("'", "&#39;")[:40] in page


def test_progress_told_each_step(bundled_run):
    assert bundled_run.steps[0] == "Reading the study"
    assert bundled_run.steps[-1] == "Writing the report"
    assert len(bundled_run.steps) == 10


def test_a_copy_that_was_not_changed_asks_the_same_of_the_same_figures(tmp_path):
    plugins = default_plugins()
    original, copied = (open_study(name) for name in ("nhs-vmi", copy_study("nhs-vmi", tmp_path / "mine")))
    assert copied.path != original.path
    for name in ("sha256", "info", "measures", "programme", "plan", "cases", "outcome", "ratings"):
        assert getattr(copied, name) == getattr(original, name)
    first, second = (read_inputs(study, plugins=plugins) for study in (original, copied))
    assert first.panel.frame.equals(second.panel.frame)
    assert first.successions == second.successions
