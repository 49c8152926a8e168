"""Mixtures of t distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lean_impact.kernels.t_mixture import mixture_cdf, mixture_log_density, mixture_quantile, thin_mixture

TWO = np.array([0.2, 0.8]), np.array([-1.0, 2.0]), np.array([0.5, 2.0]), np.array([3.0, np.inf])


def test_density_and_distribution_function_equal_scipy():
    x = np.linspace(-5, 5, 7)
    cdf = 0.2 * stats.t.cdf(x, 3, -1.0, 0.5) + 0.8 * stats.norm.cdf(x, 2.0, 2.0)
    pdf = 0.2 * stats.t.pdf(x, 3, -1.0, 0.5) + 0.8 * stats.norm.pdf(x, 2.0, 2.0)
    assert mixture_cdf(x, *TWO) == pytest.approx(cdf)
    assert mixture_log_density(x, *TWO) == pytest.approx(np.log(pdf))


@pytest.mark.parametrize("probability", [1e-6, 0.025, 0.3, 0.5, 0.975])
def test_quantiles_undo_the_distribution_function(probability):
    q = mixture_quantile(probability, *TWO)
    assert mixture_cdf(np.array([q]), *TWO)[0] == pytest.approx(probability, rel=1e-9)


def test_a_thinned_mixture_is_nearly_the_same_and_never_narrower():
    rng = np.random.default_rng(5)
    n = 3000
    whole = (
        rng.dirichlet(np.ones(n)),
        rng.normal(0, 2, n),
        rng.uniform(0.5, 2, n),
        rng.choice([3.0, np.inf], n),
    )
    thin = thin_mixture(*whole, most=128)
    assert len(thin[0]) <= 2 * 128 + 2
    assert thin[0].sum() == pytest.approx(1.0)
    assert thin[0] @ thin[1] == pytest.approx(whole[0] @ whole[1])
    at = np.linspace(-8, 8, 41)
    np.testing.assert_allclose(mixture_cdf(at, *thin), mixture_cdf(at, *whole), atol=0.01)

    def spread(weights, locations, scales, _):
        return weights @ (scales**2 + locations**2)

    assert spread(*thin) == pytest.approx(spread(*whole))
    few = tuple(part[:100] for part in whole)
    assert all(one is two for one, two in zip(thin_mixture(*few, most=128), few, strict=True))
