"""Mixtures of t distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lean_impact.kernels.t_mixture import mixture_cdf, mixture_log_density, mixture_quantile

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
