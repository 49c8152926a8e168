"""Further methods, the curve, power and trends: what a plan declares is what the report shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lean_impact.effects import agreement
from lean_impact.errors import StudyError
from lean_impact.study import check_study, run_study

METHODS = """
[[plan.methods]]
id = "imputation"
label = "Imputation"
estimator = "imputation"

[[plan.methods]]
id = "sdid"
label = "Synthetic DiD"
estimator = "synthetic-did"
settings = { placebo_groups = 0 }

[[plan.methods]]
id = "cits"
label = "Controlled series"
estimator = "controlled-interrupted-time-series"
settings = { season = "none", slope_change = false }
"""

FURTHER = """
[plan.curve]
question = "main"
methods = ["sdid"]
weightings = ["equal", "denominator"]

[[plan.curve.windows]]
id = "short"
label = "before from 2013"
pre = { start = 2013-01-01, end = 2015-01-01 }
post = { start = 2015-01-01, end = 2017-01-01 }

[[plan.curve.comparisons]]
id = "without"
label = "without C01"
leave_out = ["C01"]

[plan.power]
question = "main"
trusts = [2]
draws = 100

[plan.trends]
question = "main"
method = "imputation"
every = 12
bounds = [0.0, 1.0]
"""


def declare(small, folder, plan, **design):
    path, known = small.write_small(folder, design=replace(small.DESIGN, **design), series=False)
    path.write_text(path.read_text(encoding="utf-8") + plan, encoding="utf-8")
    return path, known


@pytest.mark.parametrize(
    ("effect", "improvement", "seen"),
    [
        (0.1, "increase", "see an improvement"),
        (-0.1, "increase", "see a worsening"),
        (-0.1, "decrease", "see an improvement"),
        (0.0, "increase", "see no effect"),
    ],
)
def test_methods_say_together_what_is_true(small, tmp_path, effect, improvement, seen):
    path, known = declare(small, tmp_path / "study", METHODS, effect=effect, noise=0.005)
    small.edit(path, ('improvement = "increase"', f'improvement = "{improvement}"'))
    outcome = run_study(path)
    primary = outcome.results.primary
    assert [item.problem for item in primary.methods] == ["", "", ""]
    found = agreement(primary.by_method)
    assert seen in found.sentence
    assert any(found.sentence in point for point in outcome.report.points)
    # Trusts change by chance at the start, which a series alone cannot know: its calibration tells, and sets it aside.
    series = primary.by_method["Controlled series"]
    assert series.calibration.too_many
    assert "Set aside: Controlled series" in found.sentence
    for name, result in primary.by_method.items():
        assert name == "Controlled series" or result.pooled.covers(known.effect)


def test_what_is_declared_is_in_the_report(small, tmp_path):
    path, _ = declare(small, tmp_path / "study", METHODS + FURTHER)
    results = run_study(path, out=tmp_path / "out").results
    # Two methods, two windows, two comparison sets, two weightings.
    assert len(results.curve.rows) + len(results.curve.failures) == 16
    assert results.curve.dimensions == ("method", "outcome", "window", "comparison", "weights")
    assert [len(found.offsets) for found in results.power] == [4, 2]
    assert results.trends.breakdown is not None
    assert 0 < results.pretrend.p_value.value <= 1
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for section in ("methods", "every-choice", "trends", "power"):
        assert f'id="{section}"' in page
    tables = {file.name for file in (tmp_path / "out" / "tables").iterdir()}
    assert {
        "methods-main.csv",
        "specification-curve.csv",
        "detectable-effects.csv",
        "trend-bounds.csv",
    } <= tables


def test_the_same_plan_gives_the_same_numbers(small, tmp_path):
    path, _ = declare(small, tmp_path / "study", METHODS)
    frames = [agreement(run_study(path).results.primary.by_method).to_frame() for _ in range(2)]
    assert frames[0].equals(frames[1])


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ('[[plan.methods]]\nid = "a"\nlabel = "A"\nestimator = "magic"\n', "plan.methods"),
        (METHODS.replace("placebo_groups", "placebo_group"), "did you mean 'placebo_groups'"),
        (METHODS.replace('id = "cits"', 'id = "sdid"'), "method 'sdid' is declared twice"),
        (
            METHODS + FURTHER.replace('methods = ["sdid"]', 'methods = ["nothing"]'),
            "'nothing', which is not declared",
        ),
        (
            METHODS + FURTHER.replace('question = "main"', 'question = "other"', 1),
            "curve.question is 'other'",
        ),
        (METHODS + FURTHER.replace('method = "imputation"', 'method = "other"'), "trends.method is 'other'"),
        (METHODS + FURTHER.replace('leave_out = ["C01"]', ""), "give one of keep"),
        (
            METHODS + FURTHER.replace('"main"\nmethod = ', '"pretended"\nmethod = '),
            "methods are asked of primary and secondary questions only",
        ),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused_before_any_work(small, tmp_path, plan, words):
    path, _ = declare(small, tmp_path / "study", plan)
    with pytest.raises(StudyError) as caught:
        check_study(path)
    assert words in str(caught.value)


def test_a_method_that_the_figures_do_not_allow_says_why(small, tmp_path):
    path, _ = declare(small, tmp_path / "study", METHODS)
    text = path.read_text(encoding="utf-8").replace(
        "start = 2012-01-01, end = 2015-01-01", "start = 2014-11-01, end = 2015-01-01"
    )
    path.write_text(text, encoding="utf-8")
    methods = run_study(path, out=tmp_path / "out").results.primary.methods
    refused = {item.method.id: item.problem for item in methods if item.result is None}
    assert "cits" in refused
    assert "T01" in refused["cits"] or "period" in refused["cits"]
    assert "methods-refused.csv" in {file.name for file in (tmp_path / "out" / "tables").iterdir()}


def test_what_the_figures_do_not_allow_is_told_where_the_answer_would_stand(small, tmp_path):
    path, _ = declare(small, tmp_path / "study", METHODS + FURTHER.replace("every = 12", "every = 600"))
    outcome = run_study(path, out=tmp_path / "out")
    assert set(outcome.results.unanswered) == {"trends"}
    assert outcome.results.trends is None
    assert outcome.results.curve is not None
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert 'id="trends"' in page
    assert "these figures do not allow an answer" in page
