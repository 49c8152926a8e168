"""Predictions are proper distributions or are refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lean_impact.contingency import ContingencyFit, ContingencyModel, Prediction
from lean_impact.errors import InputError
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.readiness import ReadinessIndex


def test_one_component_is_the_t_distribution():
    prediction = Prediction.single(location=0.3, scale=0.2, df=3.0)
    reference = stats.t(3.0, 0.3, 0.2)
    assert prediction.mean == pytest.approx(0.3)
    assert prediction.standard_deviation == pytest.approx(reference.std())
    assert prediction.interval(0.9) == pytest.approx(reference.interval(0.9))
    assert prediction.cdf(0.1) == pytest.approx(reference.cdf(0.1))


def test_two_degrees_of_freedom_have_no_standard_deviation():
    assert Prediction.single(location=0.0, scale=1.0, df=2.0).standard_deviation == np.inf


def test_a_mixture_has_mean_and_variance_of_a_mixture():
    prediction = Prediction(
        weights=np.array([0.25, 0.75]), locations=np.array([0.0, 4.0]), scales=np.array([1.0, 2.0]),
        dfs=np.full(2, np.inf),
    )  # fmt: skip
    assert prediction.mean == pytest.approx(3.0)
    assert prediction.standard_deviation**2 == pytest.approx(0.25 * (1 + 9) + 0.75 * (4 + 1))


def test_an_error_widens_and_does_not_move():
    prediction = Prediction.single(location=0.3, scale=0.3, df=5.0, outside=0.2)
    observed = prediction.observed_with(0.4)
    assert observed.scales[0] == pytest.approx(0.5)
    assert (observed.mean, observed.outside) == (prediction.mean, 0.2)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"scales": np.array([0.0, 1.0])}, "scale"),
        ({"dfs": np.array([1.0, 3.0])}, "no mean"),
        ({"weights": np.array([0.5, 0.6])}, "sum to 1"),
        ({"weights": np.array([-0.5, 1.5])}, "below 0"),
        ({"locations": np.array([np.nan, 0.0])}, "location"),
        ({"outside": 1.2}, "outside"),
        ({"dfs": np.ones(3)}, "length"),
    ],
)
def test_improper_predictions_are_refused(change, word):
    proper = {
        "weights": np.array([0.5, 0.5]),
        "locations": np.zeros(2),
        "scales": np.ones(2),
        "dfs": np.full(2, 3.0),
    }
    with pytest.raises(InputError, match=word):
        Prediction(**{**proper, **change})


def test_the_bundled_models_keep_the_protocol(cases, effects):
    for model in (NullModel(), ReadinessIndex()):
        assert isinstance(model, ContingencyModel)
        assert isinstance(model.fit(cases, effects, improvement="increase", seed=1), ContingencyFit)
