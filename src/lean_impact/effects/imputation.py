"""Imputation difference-in-differences: untreated figures say what the treated ones would have been."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import Needs, PanelArrays
from lean_impact.effects.gaps import Gaps
from lean_impact.effects.result import EffectResult
from lean_impact.effects.staggered import (
    Published,
    StaggeredSettings,
    difference_gaps,
    estimate_staggered,
)
from lean_impact.kernels.cluster_variance import cluster_covariance
from lean_impact.kernels.imputation import (
    Imputation,
    average,
    horizon_targets,
    impute,
    overall_target,
    pre_trend,
)
from lean_impact.kernels.two_way import fit_two_way
from lean_impact.tables import Panel

__all__ = ["ImputationDifferenceInDifferences"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImputationDifferenceInDifferences(StaggeredSettings):
    r"""Impute what treated trusts would have shown from trust and period effects of untreated figures.

    Parameters
    ----------
    covariates : tuple of str
        Identifiers of measures of the panel that the programme does not change.
    weighting : {"equal", "denominator"}, default "equal"
        Pooled over treated trusts with equal weights, or by their denominators before the programme.
    inference : {"trusts", "influence"}, default "trusts"
        What interval and first p-value rest on: the spread between trusts, which holds for few of them, or the
        conservative clustered standard error of Borusyak, Jaravel and Spiess.
    level : float, default 0.95
        Coverage of every interval.
    draws : int, default 999
        Random placebo groups in the randomisation p-values.
    calibration_groups : int, default 500
        Placebo groups that tell how often the default test cries wolf; at most 100 with ``inference="influence"``.
    calibration_dates : int, default 2
        Pretended earlier starts at which they are asked again.
    seed : int, default 0
        Root of everything random.

    Raises
    ------
    DesignError
        If a setting is impossible.

    Notes
    -----
    :math:`y_{tj}(0) = a_j + b_t + x_{tj}'\gamma` is fitted where the programme is not at work, before the start of
    the treated and always for the others. The effect on a trust is the mean over its later periods of figure minus
    imputed figure; the pooled effect the mean over trusts. It asks that without the programme all trusts would have
    moved in parallel over the *whole* time before and after.

    With two or more treated trusts the default p is a t test on the trusts' own effects, with autocorrelation and
    with treated trusts that vary more or less than the others. A single treated trust is ranked among placebo
    trusts by its effect in units of its gaps before; that is claimed if its noise has the same shape as theirs.
    Common factors do no harm if treated and other trusts load on them alike; if not, trends are not parallel and
    nothing is claimed. Tables: ``averages`` and ``horizons`` (published estimates, every treated figure weighted
    alike), ``pre-trend``.

    References
    ----------
    Borusyak K, Jaravel X, Spiess J (2024), Review of Economic Studies 91:3253-3285.

    Examples
    --------
    >>> from datetime import date
    >>> from lean_impact.domain import Measure, Window
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="year", unit="days")
    >>> began = {"TR1": 2015, "TR2": 2017}
    >>> wobble = {"TR1": 0.1, "TR2": -0.1, "CA1": 0.1, "CA2": 0.0, "CA3": -0.1, "CA4": 0.2}
    >>> rows = [(trust, f"{year}-01-01", 5 + swing * (year % 3) - (year >= began.get(trust, 9999)))
    ...         for trust, swing in wobble.items() for year in range(2010, 2022)]
    >>> frame = pd.DataFrame(rows, columns=["trust", "period", "value"]).assign(
    ...     measure="stay", flag="published", source="demo")
    >>> adoption = AdoptionDesign.staggered(
    ...     measure="stay", starts={trust: date(year, 1, 1) for trust, year in began.items()},
    ...     comparison=["CA1", "CA2", "CA3", "CA4"], window=Window(start=date(2010, 1, 1), end=date(2022, 1, 1)))
    >>> result = ImputationDifferenceInDifferences().estimate(Panel.from_frame(frame, measures=[stay]), adoption)
    >>> round(result.pooled.value, 1), result.tables["horizons"]["horizon"].tolist()
    (-1.0, [0, 1, 2, 3, 4, 5, 6])
    """

    @property
    def method(self) -> str:
        """The estimator in words."""
        return f"imputation difference-in-differences{self._adjusted}"

    @property
    def needs(self) -> Needs:
        """What it asks of a panel."""
        return Needs(before=1, holes="keep", counts=self.weighting == "denominator")

    @property
    def published_name(self) -> str:
        """The published standard error in words."""
        return "the conservative clustered standard errors of Borusyak, Jaravel and Spiess"

    def gaps(self, arrays: PanelArrays) -> Gaps:
        """Return figure minus imputed figure of treated trusts, and of comparison trusts as placebos.

        Parameters
        ----------
        arrays : PanelArrays
            Figures.

        Returns
        -------
        Gaps
        """
        found = _impute(arrays)
        values, placebo_values = arrays.values, None
        if len(arrays.covariates):
            gamma = _slopes(found, arrays)
            values = arrays.values - np.tensordot(gamma, arrays.covariates, axes=1)
            placebo_values = without_covariates(arrays)
        gaps = difference_gaps(arrays, values=values, placebo_values=placebo_values)
        mine = slice(0, arrays.n_treated)
        treated = np.where(arrays.after[:, mine], found.effect[:, mine], gaps.treated)
        return replace(gaps, treated=treated)

    def published(self, arrays: PanelArrays, weights: np.ndarray) -> Published:
        """Return the pooled effect with the authors' standard error."""
        found = _impute(arrays)
        count = found.cells[:, : arrays.n_treated].sum(axis=0)
        target = np.zeros(found.effect.shape)
        target[:, : arrays.n_treated] = found.cells[:, : arrays.n_treated] * (weights / count)
        result = average(found, target[None])
        return Published(float(result.estimate[0]), float(result.standard_error[0]))

    def estimate(self, panel: Panel, adoption: AdoptionDesign) -> EffectResult:
        """Estimate the effect on each treated trust and on all of them together.

        Parameters
        ----------
        panel : Panel
            Figures of all trusts.
        adoption : AdoptionDesign
            Who is compared with whom, on what and when; starts may differ, comparison trusts are complete.

        Returns
        -------
        EffectResult
            Effects in the unit of the measure, positive where it went up.

        Raises
        ------
        DesignError
            If the figures do not allow it; lists every trust and reason.
        """
        return estimate_staggered(self, panel, adoption, tables=_tables)


def _covariates(arrays: PanelArrays) -> np.ndarray | None:
    return arrays.covariates if len(arrays.covariates) else None


def _impute(arrays: PanelArrays) -> Imputation:
    return impute(arrays.values, arrays.start, covariates=_covariates(arrays))


def _slopes(found: Imputation, arrays: PanelArrays) -> np.ndarray:
    """Recover the covariates' coefficients from the untreated cells."""
    untreated = np.where(found.fit.weights > 0, arrays.values, np.nan)
    return fit_two_way(untreated, arrays.covariates).coefficients


def without_covariates(arrays: PanelArrays) -> np.ndarray:
    """Take the part of the covariates, fitted on comparison trusts alone, out of their figures."""
    values, covariates = arrays.comparison, arrays.covariates[:, :, arrays.n_treated :]
    return values - np.tensordot(fit_two_way(values, covariates).coefficients, covariates, axes=1)


def _tables(arrays: PanelArrays) -> tuple[Mapping[str, pd.DataFrame], tuple[str, ...]]:
    """List published averages, horizons and pre-trend coefficients."""
    found = _impute(arrays)
    overall = average(found, overall_target(found)[None])
    horizons, targets = horizon_targets(found)
    by_horizon = average(found, targets)
    tables = {
        "averages": pd.DataFrame(
            {
                "average": ["all treated figures alike"],
                "estimate": overall.estimate,
                "standard_error": overall.standard_error,
            }
        ),
        "horizons": pd.DataFrame(
            {
                "horizon": horizons,
                "n_trusts": (targets > 0).sum(axis=(1, 2)),
                "estimate": by_horizon.estimate,
                "standard_error": by_horizon.standard_error,
            }
        ),
    }
    try:
        events, fit = pre_trend(arrays.values, arrays.start, covariates=_covariates(arrays))
        covariance = cluster_covariance(fit)
    except ValueError as reason:
        return tables, (f"no pre-trend coefficients: {reason}",)
    tables["pre-trend"] = pd.DataFrame(
        {
            "horizon": events,
            "estimate": fit.coefficients[: len(events)],
            "standard_error": np.sqrt(np.diag(covariance))[: len(events)],
        }
    )
    return tables, ()
