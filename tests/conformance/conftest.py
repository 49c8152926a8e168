"""What the bundled plugins are checked with."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from lean_impact.study import run_study

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def small_results(tmp_path_factory):
    """Results of a small study with conditions, for the sections."""
    small = SimpleNamespace(**run_path(str(HERE.parent / "study" / "small.py")))
    path, _ = small.write_small(tmp_path_factory.mktemp("small"), context=True)
    return run_study(path).results
