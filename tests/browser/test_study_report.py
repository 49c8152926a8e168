"""The reports of the main job in a real browser."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from lean_impact.report import render_html
from lean_impact.study import run_study

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def bundled_page(bundled_run) -> str:
    return (bundled_run.out / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def small_page(tmp_path_factory) -> str:
    """A report with hostile names, an effect that is visible, and no conditions."""
    small = SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "study" / "small.py")))
    path, _ = small.write_small(tmp_path_factory.mktemp("small"))
    small.edit(path, ('name = "Trust T01"', 'name = "</script><img src=x onerror=alert(1)>"'))
    return render_html(run_study(path).report)


def test_the_bundled_report_breaks_no_rule(axe_violations, bundled_page):
    assert axe_violations(bundled_page) == []


def test_the_report_of_a_small_study_breaks_no_rule(axe_violations, small_page):
    assert axe_violations(small_page) == []


def test_the_page_forbids_what_it_does_not_need(bundled_page):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', bundled_page)
    assert "default-src 'none'" in policy.replace("&#39;", "'")
    assert "script-src" not in policy


# Looked at without the page's own policy, which would hide what it forbids.
LOOK = """
<script>window.addEventListener("load", function () {
  var seen = {
    asked: performance.getEntriesByType("resource").map(function (one) { return one.name; }),
    pictures: document.images.length,
    scripts: document.scripts.length - 1,
    handlers: document.querySelectorAll("[onerror], [onload], [onclick]").length,
    frames: window.frames.length
  };
  var place = document.createElement("pre");
  place.id = "seen";
  place.textContent = JSON.stringify(seen);
  document.body.appendChild(place);
});</script></head>
"""


def look(page: str, folder: Path) -> dict[str, object]:
    """Open a page in the browser and return what it asked for and holds."""
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    file = folder / "page.html"
    file.write_text(bare.replace("</head>", LOOK, 1), encoding="utf-8")
    shown = run_path(str(Path(__file__).parent / "axe.py"))["_dom"](file, profile=folder / "profile")
    found = re.search(r'<pre id="seen">(.*?)</pre>', shown, re.DOTALL)
    assert found is not None, "the page did not load to its end"
    return json.loads(unescape(found.group(1)))


@pytest.mark.usefixtures("axe_violations")
def test_nothing_is_asked_for_over_the_net_and_nothing_runs(bundled_page, small_page, tmp_path):
    for name, page in (("bundled", bundled_page), ("small", small_page)):
        (tmp_path / name).mkdir()
        nothing = {"asked": [], "pictures": 0, "scripts": 0, "handlers": 0, "frames": 0}
        assert look(page, tmp_path / name) == nothing


@pytest.mark.usefixtures("axe_violations")
def test_a_page_that_asks_for_something_is_found_out(small_page, tmp_path):
    spoilt = small_page.replace(
        "<main", '<img src="http://127.0.0.1:9/nowhere.png" onerror="void 0"><main', 1
    )
    seen = look(spoilt, tmp_path)
    assert seen["pictures"] == seen["handlers"] == 1
    assert any("nowhere.png" in str(address) for address in seen["asked"])
