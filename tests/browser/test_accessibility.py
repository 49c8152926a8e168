from __future__ import annotations

import pytest

from lean_impact.report import Report, render_html

pytestmark = pytest.mark.browser


def test_a_report_with_every_feature_breaks_no_rule(axe_violations, demonstration):
    assert axe_violations(render_html(demonstration)) == []


def test_the_smallest_report_breaks_no_rule(axe_violations):
    assert axe_violations(render_html(Report(title="Nothing yet"))) == []


def test_the_check_finds_what_is_wrong(axe_violations, demonstration):
    page = render_html(demonstration)
    spoilt = page.replace('role="img"', "", 1).replace(
        '<p class="question">', '<h6 style="color: #ccc">No</h6><img src="data:,"><p>', 1
    )
    found = {one["rule"] for one in axe_violations(spoilt)}
    assert {"color-contrast", "heading-order", "image-alt"} <= found
