"""The ratings of two published tables, as facts with their source."""

from __future__ import annotations

import pandas as pd
import pytest

from lean_impact.plugins.frameworks.cfir_2009 import CFIR_2009
from lean_impact.tables import Ratings

# Varsi C and others (2015), J Med Internet Res 17:e262, table 2 (CC BY): four units high, the fifth low. "m" is mixed,
# None is missing. Rows of the process domain could not be read.
UNITS = {
    "relative-advantage": (2, 2, "0m", 1, 0, "weak"),
    "adaptability": (1, 2, 1, 1, 1, "none"),
    "trialability": (2, 2, 2, 2, -1, "strong"),
    "complexity": (1, 1, 1, 1, 1, "none"),
    "design": (1, 1, 1, -1, 0, "none"),
    "cost": ("0m", 0, -1, -2, None, "not rated"),
    "patient-needs": (0, 1, 0, 0, -1, "weak"),
    "structure": (0, 0, 0, 0, -1, "weak"),
    "networks": (1, "0m", 1, 2, 1, "none"),
    "culture": (-1, -1, 1, -1, -2, "weak"),
    "tension": (1, 1, "0m", 1, -2, "strong"),
    "compatibility": (None, 1, "0m", 2, -2, "strong"),
    "priority": (0, None, 0, 1, -2, "strong"),
    "incentives": (0, 1, 0, None, None, "not rated"),
    "goals": (None, None, None, "0m", 0, "none"),
    "learning-climate": (1, 1, None, None, 1, "none"),
    "leadership": (1, 0, 1, 0, 1, "none"),
    "resources": (2, 2, 2, 2, -1, "strong"),
    "knowledge-access": (2, 1, 2, 2, None, "not rated"),
    "beliefs": (2, 2, "0m", 2, -1, "weak"),
    "self-efficacy": (1, 1, 2, 2, 1, "none"),
    "stage": (-1, 2, -1, -1, -1, "none"),
}

# BMC Public Health (2021) 21, article 11644, table 4 (CC BY): schools 1 and 2 low, 3 between, 4 and 5 high, as far as
# the header shows. Rows without a construct of their own in the framework stand under one that the table does not use.
SCHOOLS = {
    "adaptability": (1, 1, 1, 1, 1, "none"),
    "complexity": (None, None, None, -2, -2, "not rated"),
    "trialability": (0, -2, -1, 2, "0m", "none"),  # logistic complexity
    "design": (None, None, None, -1, "0m", "not rated"),
    "patient-needs": (-2, -1, 1, 1, 1, "strong"),
    "cosmopolitanism": (None, "0m", 1, 1, 2, "strong"),
    "external-policy": (1, None, "0m", "0m", 1, "none"),
    "structure": (-2, -2, 1, "0m", 1, "weak"),
    "networks": ("0m", -1, "0m", "0m", "0m", "none"),  # quality of formal communications
    "peer-pressure": (2, -1, 1, 1, 1, "none"),  # social capital
    "culture": (-1, -1, 1, 1, 1, "weak"),
    "tension": (-2, -1, "0m", 2, 1, "strong"),
    "compatibility": (1, 1, 2, 2, 2, "weak"),
    "priority": (None, -1, -1, None, -1, "none"),
    "incentives": (None, None, None, None, 1, "not rated"),
    "leadership": (-1, -1, 1, 2, 1, "strong"),
    "resources": (1, -1, "0m", "0m", -1, "none"),
    "knowledge-access": (None, -1, 1, 1, "0m", "weak"),
    "beliefs": (None, -1, 1, 2, "0m", "none"),
    "self-efficacy": (-1, -1, None, "0m", -2, "none"),  # agency
    "stage": (None, "0m", None, 2, 2, "weak"),
    "identification": (None, None, None, None, 1, "not rated"),
}


def as_ratings(table) -> Ratings:
    rows = []
    for construct, (*cells, _) in table.items():
        for at, cell in enumerate(cells, start=1):
            state = "missing" if cell is None else "mixed" if isinstance(cell, str) else "rated"
            value = None if cell is None else float(str(cell).removesuffix("m"))
            rows.append((f"U{at:02d}", construct, "2015-01-01", "team", state, value))
    frame = pd.DataFrame(rows, columns=["trust", "construct", "date", "rater", "state", "value"])
    return Ratings.from_frame(frame, framework=CFIR_2009)


@pytest.fixture(scope="session")
def units():
    groups = dict.fromkeys(("U01", "U02", "U03", "U04"), "high") | {"U05": "low"}
    return as_ratings(UNITS), groups, {key: row[-1] for key, row in UNITS.items()}


@pytest.fixture(scope="session")
def schools():
    groups = {"U01": "low", "U02": "low", "U04": "high", "U05": "high"}
    return as_ratings(SCHOOLS), groups, {key: row[-1] for key, row in SCHOOLS.items()}


def two_raters(values, trusts=("RTP", "RXW", "RR8")) -> Ratings:
    """Rate some constructs of each trust twice; values are (first, second) by construct and trust."""
    rows = [
        (trust, construct, "2018-06-01", rater, "rated", value)
        for construct, pairs in values.items()
        for trust, pair in zip(trusts, pairs, strict=True)
        for rater, value in zip("AB", pair, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["trust", "construct", "date", "rater", "state", "value"])
    return Ratings.from_frame(frame, framework=CFIR_2009)


@pytest.fixture
def rated_twice():
    return two_raters(
        {
            "culture": ((2, 1), (-1, -1), (0, 1)),
            "cost": ((-2, -2), (0, 0), (1, 0)),
            "tension": ((1, 1), (2, 2), (-1, -2)),
        }
    )
