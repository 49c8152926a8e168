"""Checks for authors of plugins and estimators, and panels of which the truth is known.

Each function named ``..._checks`` yields named laws that run without any test runner::

    for check in scorer_checks(MyModel()):
        check.run()

With pytest, :func:`parametrize_checks` makes each law a test of its own. Strategies for property tests are in
:mod:`lean_impact.testing.strategies`, which needs hypothesis.
"""

from lean_impact.testing.check import Check
from lean_impact.testing.detectors import detector_checks
from lean_impact.testing.estimators import estimator_checks
from lean_impact.testing.panels import SyntheticDesign, SyntheticPanel, synthetic_panel
from lean_impact.testing.parametrize import parametrize_checks
from lean_impact.testing.scorers import scorer_checks
from lean_impact.testing.sections import section_checks
from lean_impact.testing.sources import source_checks

__all__ = [
    "Check",
    "SyntheticDesign",
    "SyntheticPanel",
    "detector_checks",
    "estimator_checks",
    "parametrize_checks",
    "scorer_checks",
    "section_checks",
    "source_checks",
    "synthetic_panel",
]
