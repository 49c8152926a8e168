"""Tables of interrupted time series: coefficients, errors, effects by horizon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from lean_impact.effects._series import FittedSeries, Pool
from lean_impact.kernels.residual_checks import breusch_godfrey, durbin_watson, innovations
from lean_impact.kernels.segmented_fit import Contrasts, linear_contrasts
from lean_impact.kernels.t_mixture import t_quantile

__all__ = ["coefficient_table", "error_table", "horizon_table"]

_MOST_LAGS = 12


def _all(trusts: Sequence[FittedSeries], pool: Pool) -> Iterator[FittedSeries]:
    yield from trusts
    if pool.members[0].name == "":
        yield pool.members[0]


def _limits(found: Contrasts, *, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    errors = np.sqrt(found.variance[0])
    margin = errors * t_quantile(0.5 + level / 2, found.df[0])
    return errors, found.estimate[0] - margin, found.estimate[0] + margin


def coefficient_table(trusts: Sequence[FittedSeries], pool: Pool, *, level: float) -> pd.DataFrame:
    """Return the coefficients of every series.

    Returns
    -------
    DataFrame
        Columns ``series`` (code of the trust, empty for the mean of the treated), ``term``, ``estimate``,
        ``standard_error``, ``lower``, ``upper``, ``df``; on the scale of the link for counts.
    """
    tables = []
    for one in _all(trusts, pool):
        found = linear_contrasts(one.fit, np.eye(len(one.design.names)))
        errors, lower, upper = _limits(found, level=level)
        tables.append(
            pd.DataFrame(
                {
                    "series": one.name,
                    "term": one.design.names,
                    "estimate": one.fit.coefficients[0],
                    "standard_error": errors,
                    "lower": one.fit.coefficients[0] - (upper - lower) / 2,
                    "upper": one.fit.coefficients[0] + (upper - lower) / 2,
                    "df": found.df[0],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def error_table(trusts: Sequence[FittedSeries], pool: Pool) -> pd.DataFrame:
    """Return what the errors of every series are like.

    Returns
    -------
    DataFrame
        Columns ``series``, ``n_periods``, ``autocorrelation`` (NaN where the model has none), ``at_bound``,
        ``sigma`` (standard deviation of the errors; for counts the root of the dispersion), ``durbin_watson``
        and ``breusch_godfrey_p`` (of what is left after the autocorrelation; NaN if the series is too short).
    """
    return pd.DataFrame([_error_row(one) for one in _all(trusts, pool)])


def _error_row(one: FittedSeries) -> dict[str, object]:
    fit, residuals = one.fit, one.fit.residuals[:, 0]
    seen = ~np.isnan(residuals)
    left, x, time = residuals[seen, None], one.design.matrix[seen][None], one.design.time[seen]
    if np.isfinite(fit.phi[0]):
        left, x = innovations(left, fit.phi, time=time), innovations(x, fit.phi, time=time)
    lags = min(_MOST_LAGS, (len(time) - x.shape[2]) // 3)
    test = breusch_godfrey(left, x, time=time, lags=lags).p_value[0] if lags >= 1 else np.nan
    return {
        "series": one.name,
        "n_periods": int(seen.sum()),
        "autocorrelation": float(fit.phi[0]),
        "at_bound": bool(fit.at_bound[0]),
        "sigma": float(np.sqrt(fit.sigma2[0])),
        "durbin_watson": float(durbin_watson(left, time=time)[0]),
        "breusch_godfrey_p": float(test),
    }


def horizon_table(pool: Pool, *, beside: np.ndarray, level: float) -> pd.DataFrame:
    """Return the pooled effect at every horizon that all treated trusts have reached.

    Returns
    -------
    DataFrame
        Columns ``horizon`` (periods since the start, 0 the first), ``estimate``, ``standard_error``, ``lower``,
        ``upper``, ``cumulated`` (sum of the effects up to it) with ``cumulated_lower`` and
        ``cumulated_upper``, ``relative`` (share of the level without the programme) with ``relative_lower``
        and ``relative_upper``.
    """
    horizons, rows = pool.horizons
    found = pool.effect(rows)
    summed = pool.effect([np.cumsum(row, axis=0) for row in rows])
    share = pool.relative(rows, beside=beside)
    errors, lower, upper = _limits(found, level=level)
    _, sum_lower, sum_upper = _limits(summed, level=level)
    _, share_lower, share_upper = _limits(share, level=level)
    return pd.DataFrame(
        {
            "horizon": horizons,
            "estimate": found.estimate[0],
            "standard_error": errors,
            "lower": lower,
            "upper": upper,
            "cumulated": summed.estimate[0],
            "cumulated_lower": sum_lower,
            "cumulated_upper": sum_upper,
            "relative": share.estimate[0],
            "relative_lower": share_lower,
            "relative_upper": share_upper,
        }
    )
