"""Did trends differ before the programme, could the test have told, and what may hide behind a passed test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lean_impact.domain import PValue
from lean_impact.effects._event_time import EventTime, event_time
from lean_impact.effects.pretrends_result import HiddenTrend, PretrendResult
from lean_impact.effects.result import EffectResult
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels.pretrend import detectable_slope, joint_test
from lean_impact.kernels.pretrend_bias import passing_bias

__all__ = ["HiddenTrend", "PretrendResult", "pretrend_test"]

_TINY = 1e-300
_CAUTION = (
    "a test that finds nothing does not show that trends were parallel; "
    "trends may also part only after the start"
)


def pretrend_test(
    result: EffectResult, *, powers: Sequence[float] = (0.5, 0.8), every: int = 1
) -> PretrendResult:
    r"""Test for different trends before the programme, and say which trends it would have missed.

    Parameters
    ----------
    result : EffectResult
        A result with an event study.
    powers : sequence of float
        Probabilities of detection for which the slope is wanted; above 1 - level and below 1.
    every : int, default 1
        Periods to average in a block.

    Returns
    -------
    PretrendResult

    Raises
    ------
    DesignError
        If there is no usable event study, a power makes no sense, or there are fewer independent trusts than blocks.

    Notes
    -----
    The statistic is :math:`T^2 = \hat\beta'\hat\Sigma^{-1}\hat\beta` over the k blocks before the reference. With
    infinite degrees of freedom it is :math:`\chi^2_k` (Wald); otherwise Hotelling's
    :math:`T^2 (m - k + 1)/(m k) \sim F_{k, m-k+1}` with m degrees of freedom. Power and bias are exact under
    normality, with the estimated covariance taken as the true one.

    References
    ----------
    Roth J (2022), American Economic Review: Insights 4:305-322.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from datetime import date
    >>> import pandas as pd
    >>> from lean_impact.domain import Measure, Window
    >>> from lean_impact.effects import AdoptionDesign, DifferenceInDifferences, EventStudy
    >>> from lean_impact.tables import Panel
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="year", unit="days")
    >>> rows = [(trust, f"{year}-01-01", 5 + level - (year >= 2016) * change)
    ...         for trust, level, change in (("TR1", 0, 1), ("TR2", 1, 1.2), ("CA1", 2, 0.1), ("CA2", 3, 0))
    ...         for year in range(2012, 2020)]
    >>> panel = Panel.from_frame(pd.DataFrame(rows, columns=["trust", "period", "value"]).assign(
    ...     measure="stay", flag="published", source="demo"), measures=[stay])
    >>> result = DifferenceInDifferences(aggregation="mean").estimate(panel, AdoptionDesign.block(
    ...     measure="stay", treated=["TR1", "TR2"], comparison=["CA1", "CA2"],
    ...     pre=Window(start=date(2012, 1, 1), end=date(2016, 1, 1)),
    ...     post=Window(start=date(2016, 1, 1), end=date(2020, 1, 1))))
    >>> study = EventStudy(horizons=np.array([-4, -3, -2, 0, 1]), covariance=0.01 * np.eye(5),
    ...                    estimates=np.array([0.1, -0.1, 0.0, -1.0, -1.1]))
    >>> found = pretrend_test(replace(result, event_study=study))
    >>> found.to_frame()[["power", "slope", "bias"]].round(3).to_numpy().tolist()
    [[0.5, 0.064, 0.096], [0.8, 0.088, 0.132]]
    """
    time = event_time(result, every=every)
    alpha = 1 - result.pooled.level
    bad = [power for power in powers if not alpha < power < 1]
    if bad or not len(powers):
        raise DesignError(
            f"a power to look at lies between the size of the test, {alpha:.2g}, and 1",
            [Issue(rule="bad-power", message=f"{power} does not") for power in bad],
        )
    _raise_if_too_long(result, time)
    try:
        p_value, hidden = _test(time), tuple(_hidden(time, powers, alpha))
    except ValueError as error:
        raise DesignError(
            f"trends before the start of '{result.method}' on {result.measure.name} cannot be tested: {error}"
        ) from error
    return PretrendResult(
        measure=result.measure,
        method=result.method,
        p_value=p_value,
        effect=time.effect(time.weights(None), level=result.pooled.level),
        hidden=hidden,
        times=time.times,
        estimates=time.estimates,
        standard_errors=np.sqrt(np.diag(time.covariance)),
        every=every,
        cautions=(_CAUTION,),
        provenance=result.provenance,
    )


def _denominator(time: EventTime) -> float:
    return time.df - time.n_pre + 1 if np.isfinite(time.df) else float("inf")


def _raise_if_too_long(result: EffectResult, time: EventTime) -> None:
    if _denominator(time) <= 0:
        raise DesignError(
            f"the {time.n_pre} blocks before the start are as many as the degrees of freedom of their covariance "
            f"({time.df:.1f}, from {result.n_treated} treated and {result.n_comparison} comparison trusts); average "
            "more periods in a block"
        )


def _test(time: EventTime) -> PValue:
    k, df = time.n_pre, _denominator(time)
    scale = time.df / df if np.isfinite(df) else 1.0
    found = joint_test(time.estimates[:k], scale * time.covariance[:k, :k], df=df)
    name = f"Wald test of {k} blocks before the start"
    if np.isfinite(df):
        name = f"Hotelling's test of {k} blocks before the start, F with {k} and {df:.1f} degrees of freedom"
    return PValue(
        value=max(found.p_value, _TINY),
        smallest=0.0,
        method=name,
        assumption="the coefficients before the start are nearly normal and their covariance is well estimated",
    )


def _hidden(time: EventTime, powers: Sequence[float], alpha: float) -> Iterator[HiddenTrend]:
    k, df, weights = time.n_pre, _denominator(time), time.weights(None)
    line = time.times.astype(float)
    for power in powers:
        slope = detectable_slope(line[:k], time.covariance[:k, :k], power=power, alpha=alpha, df=df)
        bias = passing_bias(slope * line, time.covariance, n_pre=k, weights=weights, alpha=alpha, df=df)
        yield HiddenTrend(power=power, slope=slope, bias=bias.plain, bias_if_passed=bias.conditional)
