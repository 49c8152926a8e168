"""Agreement of raters on real-looking tables, and ratings as values with their uncertainty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lean_impact.context import by_anchors, calibrate, rated_values, rater_agreement
from lean_impact.errors import DesignError
from lean_impact.kernels.agreement import krippendorff_alpha
from lean_impact.plugins.frameworks.cfir_2009 import CFIR_2009
from lean_impact.tables import Ratings


def test_the_parts_fit_together(rated_twice):
    found = rater_agreement(rated_twice, mixed="value", seed=1)
    values = rated_twice.by_rater().to_numpy()
    assert found.alpha == pytest.approx(krippendorff_alpha(values, metric="ordinal"))
    assert found.parts["part"].tolist() == ["all", "Intervention characteristics", "Inner setting"]
    assert found.parts["n_units"].tolist() == [9, 3, 6]
    assert found.parts["lower"][0] <= found.alpha <= found.parts["upper"][0]
    assert found.pairs[["first", "second", "n_units"]].to_numpy().tolist() == [["A", "B", 9]]
    assert found.pairs["agree"][0] == pytest.approx(5 / 9)
    assert found.icc_lower < found.icc < found.icc_upper
    assert len(found.disagreements) == 4
    assert found.provenance.seed == 1
    assert "weighted kappa" in found.summary()
    assert list(found.to_frame().columns) == ["part", "n_units", "alpha", "lower", "upper", "level"]


def test_few_units_mixed_ones_and_silence_are_said(units):
    ratings, _, _ = units
    frame = pd.concat([ratings.frame, ratings.frame.assign(rater="second")])
    twice = Ratings.from_frame(frame, framework=CFIR_2009)
    found = rater_agreement(twice, mixed="value", seed=1)
    assert found.alpha == 1.0
    assert any("mixed evidence" in caution for caution in found.cautions)
    assert found.states == 1.0


def test_nothing_rated_twice_cannot_be_measured(units):
    ratings, _, _ = units
    with pytest.raises(DesignError, match="rated twice"):
        rater_agreement(ratings, mixed="value", seed=1)
    with pytest.raises(DesignError, match="mixed must be"):
        rater_agreement(ratings, mixed="perhaps", seed=1)


def test_the_uncertainty_of_a_value_is_the_spread_of_raters(rated_twice):
    found = rated_values(rated_twice, construct="culture", mixed="value")
    table = rated_twice.by_rater().to_numpy()
    within = np.sqrt(((table[:, 0] - table[:, 1]) ** 2 / 2).mean())
    assert found["RTP"].value == 1.5
    assert found["RTP"].standard_error == pytest.approx(within / 2**0.5)
    with pytest.raises(DesignError, match="'networks' is not rated"):
        rated_values(rated_twice, construct="networks", mixed="value")


def test_one_rater_leaves_the_uncertainty_unknown(units):
    ratings, _, _ = units
    found = rated_values(ratings, construct="relative-advantage", mixed="value")
    assert np.isnan(found["U01"].standard_error)
    assert found["U03"].note == "1 of 1 ratings mixed"
    assert "U03" not in rated_values(ratings, construct="relative-advantage", mixed="drop")
    assert "U05" not in rated_values(ratings, construct="cost", mixed="value")


def test_how_raters_differ_goes_on_into_the_membership(rated_twice):
    values = rated_values(rated_twice, construct="culture", mixed="value")
    curve = by_anchors(
        out=-2.0, crossover=0.25, full=2.0, why="the ends of the scale, no trust at the crossover"
    )
    found = calibrate(values, condition="Culture helped", curve=curve)
    assert all(member.lower < member.membership < member.upper for member in found.members)
    assert found.draws(500, seed=1).std(axis=0).min() > 0.01
