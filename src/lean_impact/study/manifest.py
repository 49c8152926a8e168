"""Say what went into a run: inputs, plan, seeds, versions, plugins."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import pandas as pd

from lean_impact._version import __version__
from lean_impact.report import StudyResults
from lean_impact.study.file import Study
from lean_impact.study.stages import Stages

__all__ = ["manifest_of"]

_PACKAGES = (
    "numpy",
    "pandas",
    "scipy",
    "pydantic",
    "pluggy",
    "ruptures",
    "matplotlib",
    "jinja2",
    "python-calamine",
)


def manifest_of(study: Study, results: StudyResults, *, rows: Mapping[str, int]) -> dict[str, Any]:
    """Describe a run so that it can be repeated and checked.

    Parameters
    ----------
    study : Study
        The study.
    results : StudyResults
        What it found.
    rows : mapping of str to int
        Rows of each table that was written, by path.

    Returns
    -------
    dict
        Ready for JSON; no clock, so that the same run gives the same bytes.
    """
    return {
        "study": {"id": study.info.id, "file": study.path.name, "sha256": study.sha256},
        "plan": study.plan.model_dump(mode="json"),
        "plan_sha256": study.plan.digest(),
        "inputs": [file.model_dump() for file in results.panel.provenance.files] + _beside(study),
        "steps": list(results.panel.provenance.steps),
        "seeds": {"root": study.plan.seed, **Stages.seeds_of(study.plan)},
        "estimators": {answer.question.id: answer.result.provenance.parameters for answer in results.answers},
        "versions": {
            "lean_impact": __version__,
            "python": platform.python_version(),
            **{package: version(package) for package in _PACKAGES},
        },
        "plugins": results.plugins.to_dict("records"),
        "plugin_failures": list(results.failures),
        "table_rows": dict(rows),
    }


def _beside(study: Study) -> list[dict[str, Any]]:
    """Describe the tables beside the figures."""
    names = {name for block in study.data for name in (block.blocks, block.trusts, block.successions) if name}
    names |= {block.file for block in study.ratings}
    found = []
    for name in sorted(names):
        content = (study.folder / name).read_bytes()
        found.append(
            {
                "path": name,
                "sha256": sha256(content).hexdigest(),
                "rows": len(pd.read_csv(study.folder / name, dtype=str)),
            }
        )
    return found
