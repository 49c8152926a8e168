from __future__ import annotations

from pathlib import Path
from runpy import run_path

import pytest


@pytest.fixture(scope="session")
def demonstration():
    """Return a report with every feature."""
    return run_path(str(Path(__file__).parent / "demo.py"))["demonstration"]()
