"""Shared fixtures: hypothesis profiles, published originals, and one run of the bundled study."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=20)
settings.register_profile(
    "laws", deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


ROOMS = ("changepoints", "contingency", "effects", "kernels", "pooled")
"""Rooms of arithmetic: what they give depends on numpy and scipy, not on Python."""

SLOW = ("browser", "conformance", "laws", "reference", *ROOMS)
"""Folders of tests that run on the oldest Python only."""

LIBRARIES = ("report", "spc", "study", "testing")
"""Folders of tests that run on the oldest and the newest Python: they compute and draw whole studies."""

BUNDLED = ("tests/study/test_bundled.py", "tests/browser/test_study_report.py", "tests/test_readme.py")
"""Files of tests that look at the one run of the bundled study."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give the bundled study to one worker, and every other test to whoever is free."""
    from xdist.scheduler import LoadScopeScheduling

    class OneRun(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "bundled" if nodeid.startswith(BUNDLED) else nodeid

    return OneRun(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long; start with the run that takes longest."""
    slow = tuple(f"tests/{folder}/" for folder in SLOW)
    libraries = (
        *(f"tests/{folder}/" for folder in LIBRARIES),
        *(f"src/lean_impact/{room}/" for room in (*ROOMS, *LIBRARIES)),
    )
    for item in items:
        if "seldom seen" in item.nodeid or item.nodeid.startswith(slow):
            item.add_marker(pytest.mark.slow)
        if item.nodeid.startswith(libraries) or _is_bundled(item):
            item.add_marker(pytest.mark.libraries)
    stray = [item.nodeid for item in items if _is_bundled(item) and not item.nodeid.startswith(BUNDLED)]
    if stray:
        raise pytest.UsageError(f"name in BUNDLED the files of tests that use the bundled study: {stray}")
    items.sort(key=_is_bundled, reverse=True)


def _is_bundled(item: pytest.Item) -> bool:
    return "bundled_run" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Find published originals and reference results by LEAN_IMPACT_SHARED; skip if it is not set."""
    root = os.environ.get("LEAN_IMPACT_SHARED")

    def find(relative: str) -> Path:
        if not root:
            pytest.skip(
                "LEAN_IMPACT_SHARED is not set; it points at the published originals and reference results"
            )
        path = Path(root) / relative
        if not path.exists():
            pytest.fail(f"LEAN_IMPACT_SHARED is set but {relative} is not in it")
        return path

    return find


@pytest.fixture(scope="session")
def bundled_run(tmp_path_factory) -> SimpleNamespace:
    """The bundled study, run once."""
    from lean_impact.study import run_study

    out = tmp_path_factory.mktemp("bundled") / "out"
    steps: list[str] = []
    outcome = run_study("nhs-vmi", out=out, on_progress=lambda *step: steps.append(step[2]))
    return SimpleNamespace(outcome=outcome, out=out, steps=steps)
