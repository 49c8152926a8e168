"""The version of the library, for provenance."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["library_version"]


def library_version() -> str:
    """Return the installed version, or say that the library runs without being installed."""
    try:
        return version("lean_impact")
    except PackageNotFoundError:
        return "not installed"
