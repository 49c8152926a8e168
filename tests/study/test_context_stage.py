"""Families, calibrations and ratings of a study, from its file to its report."""

from __future__ import annotations

import pytest

from lean_impact.errors import InputError, StudyError
from lean_impact.report import render_html
from lean_impact.study import load_study, run_study

FAMILY = """
[[plan.families]]
id = "both"
label = "Both questions"
questions = ["main", "pretended"]
rule = "benjamini-hochberg"
why = "They are asked of the same trusts"
"""
CALIBRATION = """
[[plan.calibrations]]
id = "ahead"
name = "Ahead before the start"
measure = "synthetic"
window = { start = 2012-01-01, end = 2015-01-01 }
method = "anchors"
out = 0.1
crossover = 0.5
full = 0.9
why = "made up"
"""
RATINGS = """
[plan.ratings]
mixed = "value"

[[context.ratings]]
file = "ratings.csv"
framework = "six-lessons"

[context.outcome]
id = "rose"
name = "Rose"
caution = "made up"
[context.outcome.states]
T01 = { state = "present", confidence = "high" }
T02 = { state = "present", confidence = "high" }
T03 = { state = "absent", confidence = "high" }
T04 = { state = "unknown", confidence = "low" }
"""
ROWS = [
    (trust, construct, rater, value)
    for trust, values in (("T01", (3, 2)), ("T02", (3, 3)), ("T03", (0, 1)), ("T04", (1, 2)))
    for construct, value in zip(("ready", "lead"), values, strict=True)
    for rater in "AB"
]


def ratings_csv(rows=ROWS):
    body = "".join(
        f"{trust},{construct},2014-06-01,{rater},rated,{value}\n" for trust, construct, rater, value in rows
    )
    return f"trust,construct,date,rater,state,value\n{body}"


@pytest.fixture
def written(small, tmp_path):
    path, _ = small.write_small(tmp_path / "study", context=True, series=False)
    (path.parent / "ratings.csv").write_text(ratings_csv())
    text = path.read_text(encoding="utf-8")
    at = text.index("[[context.conditions]]")
    path.write_text(f"{text[:at]}{FAMILY}{CALIBRATION}{text[at:]}{RATINGS}", encoding="utf-8")
    return path


def test_everything_stands_in_results_and_report(written, tmp_path):
    outcome = run_study(written, out=tmp_path / "out")
    results = outcome.results
    (family,), (calibrated,), (rated,) = results.families, results.calibrated, results.ratings
    assert set(family.adjusted) == {"main", "pretended"}
    assert {member.trust for member in calibrated.members} == set(results.programme.codes)
    assert rated.agreement.alpha == 1.0
    assert rated.distinguishing.label("ready") == "strong"
    assert rated.distinguishing.groups == {"T01": "high", "T02": "high", "T03": "low"}
    html = render_html(outcome.report)
    for words in (
        "Which finds hold when questions are asked together?",
        "Ahead before the start",
        "what sets trusts apart",
    ):
        assert words in html
    assert results.failures == ()
    assert "ratings.csv" in (tmp_path / "out" / "manifest.json").read_text()


def test_a_plan_with_families_has_another_fingerprint(written, small):
    other = written.parent / "other.toml"
    other.write_text(written.read_text(encoding="utf-8").replace(FAMILY, ""), encoding="utf-8")
    assert load_study(other).plan.digest() != load_study(written).plan.digest()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"main", "pretended"]', '"main", "mian"]', "names 'mian', which is no effect question"),
        ('"main", "pretended"]', '"main", "main"]', "names main twice"),
        ('rule = "benjamini-hochberg"', 'rule = "bonferroni"', "benjamini-hochberg"),
        ("full = 0.9\n", "", "takes out, crossover and full"),
        ('[plan.ratings]\nmixed = "value"\n', "", "context.ratings needs plan.ratings"),
        ('measure = "synthetic"\nwindow', 'measure = "no-such"\nwindow', "'no-such' has no figures"),
        ("crossover = 0.5", "crossover = 0.95", "must rise or fall"),
        (
            'method = "anchors"\nout = 0.1\ncrossover = 0.5\nfull = 0.9\n',
            'method = "rank"\n',
            "calibrated among themselves",
        ),
        ('framework = "six-lessons"', 'framework = "six-lesson"', "did you mean 'six-lessons'"),
        ('file = "ratings.csv"', 'file = "none.csv"', "none.csv cannot be read"),
    ],
)
def test_what_cannot_be_is_said(written, small, old, new, words):
    small.edit(written, (old, new))
    with pytest.raises(InputError, match=words):
        run_study(written)


def test_ratings_of_a_stranger_are_refused(written):
    (written.parent / "ratings.csv").write_text(ratings_csv([*ROWS, ("T99", "ready", "A", 1)]))
    with pytest.raises(StudyError, match="rates T99, which takes no part"):
        run_study(written)


def test_two_families_cannot_share_a_question(written):
    text = written.read_text(encoding="utf-8")
    written.write_text(text.replace(FAMILY, FAMILY + FAMILY.replace('"both"', '"again"')), encoding="utf-8")
    with pytest.raises(StudyError, match="question 'main' stands in several families"):
        load_study(written)
