"""Families, calibrations and ratings of a study, from its file to its report."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lean_impact.context import by_grades
from lean_impact.errors import InputError, StudyError
from lean_impact.report import render_html
from lean_impact.study import default_plugins, load_study, read_inputs, run_study
from lean_impact.study.context import StudyContext

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


# ------------------------------------------------------------------ calibrated conditions are conditions

AHEAD = """
[[context.conditions]]
id = "ahead"
name = "Ahead before the start"
basis = "figures"
calibration = "ahead"

[[context.conditions]]
id = "led"
name = "Well led"
basis = "ratings"
calibration = "led"
"""
LED = """
[[plan.calibrations]]
id = "led"
name = "Well led"
rated = "lead"
window = { start = 2014-01-01, end = 2015-01-01 }
method = "anchors"
out = 0.5
crossover = 1.6
full = 2.5
why = "made up"
"""
SECOND = {"T01": 2, "T02": 2, "T03": 2, "T04": 3}
"""What rater B says of "lead", where A says something else of three trusts."""
DIFFERING = [
    (trust, construct, rater, SECOND[trust] if (construct, rater) == ("lead", "B") else value)
    for trust, construct, rater, value in ROWS
]


@pytest.fixture
def with_degrees(written, small):
    (written.parent / "ratings.csv").write_text(ratings_csv(DIFFERING))
    small.edit(
        written,
        ('scorers = ["readiness"]', 'scorers = ["qca", "rules"]'),
        (CALIBRATION, CALIBRATION + LED),
        ("[plan.ratings]", AHEAD + "\n[plan.ratings]"),
    )
    return written


def test_a_calibrated_condition_enters_the_models_with_its_memberships(with_degrees, tmp_path):
    outcome = run_study(with_degrees, out=tmp_path / "out")
    results = outcome.results
    figures, ratings = results.calibrated
    cases = results.contingency.cases
    for condition, found in (("ahead", figures), ("led", ratings)):
        for member in found.members:
            cell = cases.cell(member.trust, condition)
            assert cell.membership.value == pytest.approx(member.membership)
            assert cell.membership.lower < cell.membership.value < cell.membership.upper
    # Three of eight pairs of ratings are one apart: variance (3 x 1/2) / 8 within, over two ratings of each trust.
    errors = [member.standard_error for member in ratings.members]
    assert errors == pytest.approx([(3 / 16 / 2) ** 0.5] * 4)
    qca = results.contingency.fits["qca"]
    assert any("effects and memberships were drawn" in caution for caution in qca.cautions)
    html = render_html(outcome.report)
    assert str(cases.cell("T01", "ahead").membership) in html
    assert "A matter of degree, taken with its memberships" in html


def test_a_trust_at_exactly_one_half_is_named(with_degrees, small):
    small.edit(with_degrees, ("crossover = 1.6", "crossover = 1.5"))
    with pytest.raises(StudyError) as caught:
        run_study(with_degrees)
    assert ["T03 stands at exactly 0.5" in issue.message for issue in caught.value.issues] == [True]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'calibration = "led"',
            'calibration = "lead"',
            "calibrated by 'lead', which is no calibration of the plan",
        ),
        ('calibration = "led"', "", "condition 'led' takes either states or"),
        (
            'rated = "lead"',
            'measure = "synthetic"\nrated = "lead"',
            "takes either a measure or what is rated",
        ),
        ('rated = "lead"', 'rated = "leads"', "construct 'leads' is rated in no file .* did you mean 'lead'"),
        ('rated = "lead"', 'measure = "synthetic"\nscale = "x"', "has a scale but nothing"),
    ],
)
def test_a_calibrated_condition_that_cannot_be_is_said(with_degrees, small, old, new, words):
    small.edit(with_degrees, (old, new))
    with pytest.raises(InputError) as caught:
        run_study(with_degrees)
    said = " ".join([str(caught.value), *(issue.message for issue in caught.value.issues)])
    assert re.search(words, said)


GRADES = """method = "grades"
why = "Site visits of 2014"
[plan.calibrations.grades]
T01 = 1.0
T02 = 0.8
T03 = 0.2
T04 = 0
"""


@pytest.fixture
def graded(written, small):
    small.edit(
        written,
        ('method = "anchors"\nout = 0.1\ncrossover = 0.5\nfull = 0.9\nwhy = "made up"\n', GRADES),
        ('measure = "synthetic"\nwindow', 'rated = "ready"\nwindow'),
        ("[plan.ratings]", AHEAD.partition("\n\n")[0] + "\n[plan.ratings]"),
    )
    return written


def context_of(path):
    study = load_study(path)
    return StudyContext(study=study, inputs=read_inputs(study, plugins=default_plugins()), seed=1)


def test_grades_of_an_analyst_place_the_trusts(graded):
    context = context_of(graded)
    (found,) = context.calibrated()
    values = np.array([member.value for member in found.members])
    grades = {"T01": 1.0, "T02": 0.8, "T03": 0.2, "T04": 0.0}
    curve = by_grades(dict(zip(grades, values, strict=True)), grades, why="Site visits of 2014")
    placed = curve.membership(values)
    assert [member.membership for member in found.members] == pytest.approx(placed)
    assert context.cases((found,)).cell("T01", "ahead").membership.value == pytest.approx(placed[0])
    assert found.method == "indirect, curve through the grades of 4 trusts (Site visits of 2014)"
    assert "is grade of T01 (1)" in found.description


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("T04 = 0\n", "T04 = 1.5\n", "plan.calibrations.1..grades.T04: .*less than or equal to 1"),
        ('method = "grades"', 'method = "rank"', "'rank' takes no anchors; given were grades"),
        (
            'method = "grades"',
            'method = "grades"\nout = 1.0',
            "takes grades and no anchors; given were out, grades",
        ),
        ("T04 = 0\n", "T99 = 0\n", "T99 has no value"),
        ("T01 = 1.0\nT02 = 0.8\n", "", "at least 3 trusts must be graded"),
        (
            "T02 = 0.8\nT03 = 0.2\nT04 = 0\n",
            "T98 = 1\n",
            "T98 has no value; at least 3.*every grade is the same",
        ),
    ],
)
def test_grades_that_cannot_be_are_said(graded, small, old, new, words):
    small.edit(graded, (old, new))
    with pytest.raises(InputError) as caught:
        context_of(graded).calibrated()
    said = " ".join([str(caught.value), *(f"{issue.key}: {issue.message}" for issue in caught.value.issues)])
    assert re.search(words, said), said
