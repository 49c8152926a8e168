"""How many charts would show a signal if nothing had changed: a seeded simulation of the very rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.domain import Provenance, Summary
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels import xmr as kernel
from lean_impact.spc.rules import NHS_2023, RuleSet

__all__ = ["FalseSignals", "expected_false_signals", "lag_one_autocorrelation"]


FEWEST = 2
"""Points without which there is no moving range."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FalseSignals:
    """Expected false signals among charts of stable processes.

    Attributes
    ----------
    n_charts : int
        Number of charts looked at together.
    n_points : int
        Points on each.
    baseline_points : int or None
        Points before limits are frozen; None if all points make the limits.
    autocorrelation : float
        Lag-one autocorrelation of the noise.
    any_signal : float
        Expected number of charts with a signal anywhere, or, with a frozen baseline, with a signal that
        holds a point after it.
    special_icon : float
        Expected number of charts whose icon, taken from the last point, shows special cause.
    draws : int
        Simulated charts behind the two numbers.
    rule_set : RuleSet
        Rules that were simulated.
    provenance : Provenance
        Parameters and seed.
    cautions : tuple of str
        What the numbers do not say.
    """

    n_charts: int
    n_points: int
    baseline_points: int | None
    autocorrelation: float
    any_signal: float
    special_icon: float
    draws: int
    rule_set: RuleSet
    provenance: Provenance
    cautions: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row: ``n_charts, n_points, baseline_points, autocorrelation, any_signal, special_icon,
        draws, rule_set``.
        """  # noqa: D205 - the columns are the summary
        return pd.DataFrame(
            {
                "n_charts": [self.n_charts],
                "n_points": [self.n_points],
                "baseline_points": pd.array([self.baseline_points], dtype="Int64"),
                "autocorrelation": [self.autocorrelation],
                "any_signal": [self.any_signal],
                "special_icon": [self.special_icon],
                "draws": [self.draws],
                "rule_set": [str(self.rule_set)],
            }
        )

    def summary(self) -> Summary:
        """Return a sentence for the foot of a table of icons."""
        where = "a signal after the frozen baseline" if self.baseline_points else "a signal somewhere"
        return Summary(
            f"If nothing had changed, about {self.any_signal:.1f} of these {self.n_charts} charts would show "
            f"{where} and about {self.special_icon:.1f} a special-cause icon (simulation of "
            f"{self.n_points} points with lag-one autocorrelation {self.autocorrelation:.2f} under the rule "
            f"set {self.rule_set}, {self.draws:,} draws)."
        )


def expected_false_signals(
    n_charts: int,
    *,
    n_points: int,
    seed: int,
    baseline_points: int | None = None,
    autocorrelation: float = 0.0,
    rules: RuleSet = NHS_2023,
    screen: bool = True,
    draws: int = 1000,
) -> FalseSignals:
    """Simulate how many of some charts would show a signal if nothing had changed.

    Parameters
    ----------
    n_charts : int
        Number of charts looked at together.
    n_points : int
        Points on each, at least 2.
    seed : int
        Root seed; the same seed gives the same answer.
    baseline_points : int, optional
        Points before the limits are frozen. Signals are then counted if they hold a later point.
    autocorrelation : float
        Lag-one autocorrelation of the noise, between -1 and 1.
    rules : RuleSet
        Rules to simulate.
    screen : bool
        Whether large moving ranges are screened, see :class:`XmR`.
    draws : int
        Number of simulated charts.

    Returns
    -------
    FalseSignals
        Expected numbers among the ``n_charts``.

    Raises
    ------
    DesignError
        If a number is out of its range; every problem is listed.

    Notes
    -----
    Noise is Gaussian and stationary, x_t = r x_(t-1) + e_t. The expected number adds up over charts whether
    or not they are independent of each other; its spread does not.

    Examples
    --------
    >>> found = expected_false_signals(20, n_points=36, seed=1)
    >>> 5 < found.any_signal < 8, found.special_icon < 1
    (True, True)
    """
    _check(n_charts, n_points, baseline_points, autocorrelation, draws)
    values = _noise(np.random.default_rng(seed), draws, n_points, autocorrelation)
    at = np.arange(n_points)
    _, _, broken = kernel.chart(
        values,
        np.ones(n_points, dtype=int),
        basis=at < (baseline_points or n_points),
        screen=screen,
        min_points=rules.min_points,
        shift_length=rules.shift_length,
        trend_length=rules.trend_length,
        near_includes_outside=rules.near_includes_outside,
    )
    special = kernel.shown(broken)[0] != 0
    any_signal = special[:, baseline_points or 0 :].any(axis=1).mean()
    parameters = {
        "n_charts": n_charts,
        "n_points": n_points,
        "baseline_points": baseline_points,
        "autocorrelation": autocorrelation,
        "rule_set": rules,
        "screen": screen,
        "draws": draws,
    }
    return FalseSignals(
        n_charts=n_charts,
        n_points=n_points,
        baseline_points=baseline_points,
        autocorrelation=autocorrelation,
        any_signal=float(n_charts * any_signal),
        special_icon=float(n_charts * special[:, -1].mean()),
        draws=draws,
        rule_set=rules,
        provenance=Provenance(
            plugin="lean_impact",
            version=__version__,
            parameters={key: str(value) for key, value in parameters.items()},
            seed=seed,
        ),
        cautions=(
            "The noise is Gaussian without seasons or trend; real figures have both and signal more often.",
        ),
    )


def lag_one_autocorrelation(residuals: np.ndarray) -> tuple[float, int]:
    """Estimate the correlation of neighbouring residuals.

    Parameters
    ----------
    residuals : ndarray of float64, shape (n_points,)
        Distances from the centre, NaN where missing.

    Returns
    -------
    autocorrelation : float
        Lag-one autocorrelation, NaN if there are no pairs or no variation.
    n_pairs : int
        Number of neighbouring pairs that both have a value.

    Notes
    -----
    The sum of products of neighbours over the sum of squares, with the number of terms of each allowed
    for. Biased towards zero and below in short series.

    Examples
    --------
    >>> import numpy as np
    >>> lag_one_autocorrelation(np.array([1.0, -1.0, 1.0, -1.0]))
    (-1.0, 3)
    """
    products = residuals[1:] * residuals[:-1]
    pairs = int(np.isfinite(products).sum())
    square = np.nansum(residuals**2)
    if pairs == 0 or square == 0:
        return float("nan"), pairs
    variance = square / np.isfinite(residuals).sum()
    return float(np.nansum(products) / pairs / variance), pairs


def _noise(rng: np.random.Generator, draws: int, n_points: int, autocorrelation: float) -> np.ndarray:
    noise = rng.standard_normal((draws, n_points))
    fresh = np.sqrt(1 - autocorrelation**2)
    for at in range(1, n_points):
        noise[:, at] = autocorrelation * noise[:, at - 1] + fresh * noise[:, at]
    return noise


def _check(
    n_charts: int, n_points: int, baseline_points: int | None, autocorrelation: float, draws: int
) -> None:
    rules = (
        ("n_charts", n_charts >= 0, f"n_charts is {n_charts}; it cannot be negative"),
        ("n_points", n_points >= FEWEST, f"n_points is {n_points}; a chart needs at least {FEWEST}"),
        (
            "autocorrelation",
            abs(autocorrelation) < 1,
            f"autocorrelation is {autocorrelation}; it lies in (-1, 1)",
        ),
        ("draws", draws >= 1, f"draws is {draws}; simulate at least one chart"),
        (
            "baseline_points",
            baseline_points is None or FEWEST <= baseline_points < n_points,
            f"baseline_points is {baseline_points}; it lies between {FEWEST} and n_points - 1",
        ),
    )
    issues = [
        Issue(rule="out-of-range", column=name, message=words) for name, fine, words in rules if not fine
    ]
    if issues:
        raise DesignError("false signals cannot be simulated with these numbers", issues)
