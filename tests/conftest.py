"""Shared fixtures: hypothesis profiles, published originals, and a small panel with known truth."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=30)
settings.register_profile(
    "laws", deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


SLOW = (
    "browser",
    "changepoints",
    "conformance",
    "contingency",
    "effects",
    "kernels",
    "laws",
    "pooled",
    "reference",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long and does not depend on the version of Python: laws and arithmetic."""
    for item in items:
        named = "seldom seen" in item.nodeid or "gives_the_same_output" in item.nodeid
        if named or any(f"tests/{folder}/" in item.nodeid for folder in SLOW):
            item.add_marker(pytest.mark.slow)


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
