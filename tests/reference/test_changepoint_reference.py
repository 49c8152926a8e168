"""Annotated series of the Turing Change Point Dataset: the default meant for annotation reaches its score."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from lean_impact.changepoints._propose import ANNOTATION_PENALTY, annotate

pytestmark = pytest.mark.shared

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "changepoint_quality.py"


@pytest.fixture(scope="module")
def scores():
    spec = importlib.util.spec_from_file_location("changepoint_quality", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["changepoint_quality"] = module
    spec.loader.exec_module(module)
    return module


def test_covering_and_f1_of_the_default_for_annotation(shared_data, scores):
    found = []
    for path in sorted(shared_data("reference/changepoint").glob("*.json")):
        record = json.loads(path.read_text())
        values = np.array(record["series"][0], dtype="float64")
        places = np.flatnonzero(np.isfinite(values))
        least = max(2, int(np.ceil(0.05 * len(places))))
        breaks = annotate(values[places], places, min_size=least, penalty=ANNOTATION_PENALTY)
        marks = [
            sorted(at for at in marked if 0 < at < len(values)) for marked in record["annotations"].values()
        ]
        at = [int(places[k]) for k in breaks]
        found.append((scores.covering_of(marks, at, len(values)), scores.f1_of(marks, at)))
    covering, f1 = np.mean(found, axis=0)
    assert len(found) == 16
    assert covering >= 0.72
    assert f1 >= 0.77
