"""Bundled plugins: they use what a stranger's plugin may use, and nothing else."""

from __future__ import annotations

from typing import Final

__all__ = ["BUNDLED"]

BUNDLED: Final = {
    "nhs": "lean_impact.plugins.nhs.hooks",
    "contingency": "lean_impact.plugins.contingency.hooks",
    "frameworks": "lean_impact.plugins.frameworks",
    "programmes": "lean_impact.plugins.programmes",
    "sections": "lean_impact.plugins.sections",
}
"""Name and module of each bundled plugin."""
