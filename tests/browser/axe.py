"""Check a page with axe-core in headless Chromium, without a driver and without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from html import unescape
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# Folded tables are opened first, as axe passes over what cannot be seen.
_RUN = """
document.querySelectorAll("details").forEach(function (one) { one.open = true; });
axe.run(document, {runOnly: TAGS}).then(function (found) {
  var rules = found.violations.map(function (one) {
    return {rule: one.id, help: one.help, nodes: one.nodes.map(function (node) { return node.html; })};
  });
  return {violations: rules, n_passes: found.passes.length};
}, function (error) { return {error: String(error)}; }).then(function (answer) {
  var place = document.createElement("pre");
  place.id = "axe-answer";
  place.textContent = JSON.stringify(answer);
  document.body.appendChild(place);
});
"""


def missing() -> str:
    """Say what is missing for a check, empty if nothing is."""
    if _browser() is None:
        return f"none of {', '.join(BROWSERS)} is on the path"
    if not os.environ.get("LEAN_IMPACT_AXE"):
        return "LEAN_IMPACT_AXE is not set; it points at axe.min.js of the npm package axe-core"
    return ""


def violations(html: str) -> list[dict[str, Any]]:
    """Return the rules of WCAG 2 A and AA and of best practice that a page breaks.

    Parameters
    ----------
    html : str
        A whole page.

    Returns
    -------
    list of dict
        ``rule``, ``help`` and the ``nodes`` that break it.

    Raises
    ------
    RuntimeError
        If the check did not run to its end.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = Path(folder) / "page.html"
        page.write_text(_with_axe(html), encoding="utf-8")
        dom = _dom(page, profile=Path(folder) / "profile")
    found = re.search(r'<pre id="axe-answer">(.*?)</pre>', dom, re.DOTALL)
    if found is None:
        raise RuntimeError(f"axe gave no answer; the page ends in {dom[-300:]!r}")
    answer = json.loads(unescape(found.group(1)))
    if "error" in answer or not answer["n_passes"]:
        raise RuntimeError(f"axe did not run: {answer}")
    return answer["violations"]


def _browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def _with_axe(html: str) -> str:
    """Return a copy of a page that runs axe; its own policy would forbid every script."""
    axe = Path(os.environ["LEAN_IMPACT_AXE"]).read_text(encoding="utf-8")
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    run = _RUN.replace("TAGS", json.dumps(TAGS))
    head, body, rest = bare.rpartition("</body>")
    return f"{head}<script>{axe}</script><script>{run}</script>{body}{rest}"


def _dom(page: Path, *, profile: Path) -> str:
    browser = _browser()
    if browser is None:
        raise RuntimeError(missing())
    command = [
        browser,
        *QUIET,
        f"--user-data-dir={profile}",
        "--window-size=1280,1600",
        "--virtual-time-budget=20000",
        "--dump-dom",
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return done.stdout.decode()
