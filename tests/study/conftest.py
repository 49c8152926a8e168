"""A small study of known truth."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from lean_impact.study import run_study

SMALL = SimpleNamespace(**run_path(str(Path(__file__).parent / "small.py")))


@pytest.fixture(scope="session")
def small() -> SimpleNamespace:
    """The writer of small studies: ``write_small``, ``edit``, ``DESIGN``."""
    return SMALL


@pytest.fixture
def study_file(tmp_path) -> Path:
    """A small study with conditions, fresh in each test."""
    return SMALL.write_small(tmp_path / "study", context=True)[0]


@pytest.fixture
def quick_file(tmp_path) -> Path:
    """The same without control charts and change-points."""
    return SMALL.write_small(tmp_path / "study", context=True, series=False)[0]


@pytest.fixture(scope="session")
def small_run(tmp_path_factory) -> SimpleNamespace:
    """A small study that was run once: its file, outcome and folder."""
    place = tmp_path_factory.mktemp("small")
    path, known = SMALL.write_small(place / "study", context=True)
    outcome = run_study(path, out=place / "out")
    return SimpleNamespace(path=path, known=known, outcome=outcome, out=place / "out")
