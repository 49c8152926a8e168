"""Conditions tied to constructs of context frameworks, and what the report makes of them."""

from __future__ import annotations

import pytest

from lean_impact.errors import StudyError
from lean_impact.report import render_html
from lean_impact.study import check_study, run_study


@pytest.fixture
def tied(small, tmp_path):
    path, _ = small.write_small(tmp_path / "study", context=True, series=False)
    constructs = 'constructs = ["six-lessons:ready", "cfir-2022:culture"]\n[context.conditions.states]'
    return small.edit(path, ("[context.conditions.states]", constructs))


def test_the_report_says_what_a_condition_stands_for(tied):
    outcome = run_study(tied)
    assert outcome.results.constructs["cfir-2022:culture"].endswith("Culture")
    html = render_html(outcome.report)
    assert "Six lessons of the NHS-VMI evaluation: Culture was worked on before the programme began" in html
    assert "no construct" in html


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("six-lessons:red", "did you mean 'six-lessons:ready'?"),
        ("six-lessons:zzz", "there are six-lessons:ready, six-lessons:lead, six-lessons:connect"),
        ("culture", "write framework:construct; there are cfir-2009"),
        ("zz", "write framework:construct; there are cfir-2009, cfir-2022, musiq"),
        ("cfir:culture", "write framework:construct; did you mean 'cfir-2022' or 'cfir-2009'?"),
    ],
)
def test_a_construct_unheard_of_is_told_with_those_near(tied, small, name, words):
    small.edit(tied, ('"six-lessons:ready"', f'"{name}"'))
    for ask in (check_study, run_study):
        with pytest.raises(StudyError) as caught:
            ask(tied)
        [issue] = caught.value.issues
        assert f"'{name}' is no construct" in issue.message
        assert words in issue.message
        assert issue.key == "context.conditions 'calm'"
