"""What a check says of a subject that is bad on purpose."""

from __future__ import annotations

import pytest


def broken_laws(checks) -> dict[str, str]:
    """Return the names of the laws that are broken, with what is said of each."""
    found = {}
    for check in checks:
        try:
            check.run()
        except AssertionError as error:
            found[check.name] = str(error)
    return found


@pytest.fixture(scope="session")
def broken():
    return broken_laws
