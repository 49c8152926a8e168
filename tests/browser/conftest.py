"""Checks in a real browser, for whoever has one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def axe_violations() -> Callable[[str], list[dict[str, Any]]]:
    """Check a page with axe-core; skip where the browser or axe-core is missing."""
    axe = run_path(str(HERE / "axe.py"))
    if reason := axe["missing"]():
        pytest.skip(reason)
    return axe["violations"]


@pytest.fixture(scope="session")
def demonstration():
    """Return a report with every feature."""
    return run_path(str(HERE.parent / "report" / "demo.py"))["demonstration"]()
