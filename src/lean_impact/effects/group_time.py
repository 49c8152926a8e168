"""Callaway and Sant'Anna's group-time effects: each start in each period against trusts without the programme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

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
    unit_weights,
)
from lean_impact.kernels.group_time import Control, GroupTime, Method, group_time, pre_test
from lean_impact.kernels.group_time_average import Aggregation, aggregate, multiplier_bootstrap
from lean_impact.tables import Panel

__all__ = ["CallawaySantAnna"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallawaySantAnna(StaggeredSettings):
    r"""Compare each start in each period with trusts that do not have the programme yet, or never.

    Parameters
    ----------
    control : {"never", "not-yet"}, default "never"
        Comparison trusts only, or also treated trusts until they start.
    base_length : int or None, default None
        Periods before the start that are the base. None: all of them. 1 is what the authors' program does.
    covariates : tuple of str
        Identifiers of measures of the panel; each trust's mean before the first start is used, and changes may
        differ with it.
    adjustment : {"regression", "doubly-robust"}, default "regression"
        With covariates: outcome regression, or that together with a logit of having the programme, which needs many
        treated trusts with each start.
    weighting : {"equal", "denominator"}, default "equal"
        Pooled over treated trusts with equal weights, or by their denominators before the programme.
    inference : {"trusts", "influence"}, default "trusts"
        What interval and first p-value rest on: the spread between trusts, which holds for few of them, or the
        authors' influence functions.
    level : float, default 0.95
        Coverage of every interval.
    draws : int, default 999
        Random placebo groups in the randomisation p-values, and draws of the multiplier bootstrap.
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
    :math:`ATT(g,t)` is the mean change of trusts with start g from the base to t, minus that of trusts without the
    programme. The pooled effect is the *group* average: over the later periods of each trust, then over trusts. With
    a base of one period (``base_length=1``) its noise is in every number: on months with autocorrelation 0.5 the
    standard deviation of the estimate is more than twice that with all periods. Those assume parallel
    trends over the whole time before.

    The default p is a t test on the trusts' own effects, whatever their variance and autocorrelation; a single one
    is ranked among placebo trusts by its studentised effect, claimed if its noise has the same shape as theirs.
    Influence functions reject too often with a handful of trusts. Tables: ``group-time``, and ``averages`` (simple,
    group, dynamic, calendar, overall and by element, with uniform bands), both with influence-function standard
    errors; ``pre-test`` where the placebo effects are few enough.

    References
    ----------
    Callaway B, Sant'Anna PHC (2021), Journal of Econometrics 225:200-230.

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
    >>> result = CallawaySantAnna().estimate(Panel.from_frame(frame, measures=[stay]), adoption)
    >>> round(result.pooled.value, 1), len(result.tables["group-time"])
    (-1.0, 24)
    """

    control: Control = "never"
    base_length: int | None = None
    adjustment: Method = "regression"

    def _rules(self) -> Iterable[tuple[bool, str]]:
        return (
            (self.control not in get_args(Control), "control must be 'never' or 'not-yet'"),
            (self.base_length is not None and self.base_length < 1, "base_length must be at least 1"),
            (
                self.adjustment not in get_args(Method),
                "adjustment must be 'regression' or 'doubly-robust'",
            ),
        )

    @property
    def method(self) -> str:
        """The estimator in words."""
        base = "all periods" if self.base_length is None else f"{self.base_length} period(s)"
        others = "never" if self.control == "never" else "not-yet"
        also = f", {self.adjustment} for {', '.join(self.covariates)}" if self.covariates else ""
        return f"Callaway-Sant'Anna group-time effects against {others}-treated trusts, base {base}{also}"

    @property
    def needs(self) -> Needs:
        """What it asks of a panel; a regression on covariates needs more comparison trusts than coefficients."""
        return Needs(
            comparison=2 + 2 * len(self.covariates), before=1, counts=self.weighting == "denominator"
        )

    @property
    def published_name(self) -> str:
        """The published standard error in words."""
        return "influence-function standard errors"

    def gaps(self, arrays: PanelArrays) -> Gaps:
        """Return each trust's change since the base minus that of its comparison trusts.

        Parameters
        ----------
        arrays : PanelArrays
            Figures.

        Returns
        -------
        Gaps
        """
        traits = _traits(arrays)
        gaps = difference_gaps(
            arrays, base_length=self.base_length, traits=traits, later=self.control == "not-yet"
        )
        if traits is None or self.adjustment == "regression":
            return gaps
        equal = np.full(arrays.n_treated, 1.0 / arrays.n_treated)
        robust, plain = self._cells(arrays, equal), self._cells(arrays, equal, method="regression")
        treated = gaps.treated.copy()
        for cohort, period, shift in zip(
            robust.cohort, robust.period, robust.estimate - plain.estimate, strict=True
        ):
            treated[period, np.flatnonzero(arrays.start[: arrays.n_treated] == cohort)] += shift
        return replace(gaps, treated=treated)

    def _cells(self, arrays: PanelArrays, weights: np.ndarray, *, method: Method | None = None) -> GroupTime:
        return group_time(
            arrays.values,
            arrays.start,
            control=self.control,
            base="mean" if self.base_length != 1 else "universal",
            base_length=self.base_length if self.base_length != 1 else None,
            covariates=_traits(arrays),
            method=method or self.adjustment,
            weights=unit_weights(arrays, weights),
        )

    def published(self, arrays: PanelArrays, weights: np.ndarray) -> Published:
        """Return the group average with the authors' standard error."""
        found = aggregate(self._cells(arrays, weights), "group")
        return Published(found.estimate, found.standard_error)

    def estimate(self, panel: Panel, adoption: AdoptionDesign) -> EffectResult:
        """Estimate the effect on each treated trust and on all of them together.

        Parameters
        ----------
        panel : Panel
            Figures of all trusts.
        adoption : AdoptionDesign
            Who is compared with whom, on what and when; starts may differ, comparison trusts are complete, and periods
            in which a treated trust has no figure are left out for everybody.

        Returns
        -------
        EffectResult
            Effects in the unit of the measure, positive where it went up.

        Raises
        ------
        DesignError
            If the figures do not allow it; lists every trust and reason.
        """
        return estimate_staggered(self, panel, adoption, tables=self._tables)

    def _tables(self, arrays: PanelArrays) -> tuple[Mapping[str, pd.DataFrame], tuple[str, ...]]:
        try:
            cells = self._cells(arrays, arrays.weights(self.weighting))
        except ValueError as reason:
            return {}, (f"group-time effects are not listed: {reason}",)
        periods = arrays.periods.astype("datetime64[s]")
        tables = {
            "group-time": pd.DataFrame(
                {
                    "start": periods[cells.cohort],
                    "period": periods[cells.period],
                    "estimate": cells.estimate,
                    "standard_error": cells.standard_error,
                }
            ),
            "averages": pd.concat([self._average(cells, kind) for kind in get_args(Aggregation)]).reset_index(
                drop=True
            ),
        }
        try:
            test = pre_test(cells)
        except ValueError as reason:
            return tables, (f"no joint test of the time before the start: {reason}",)
        row = {"statistic": test.statistic, "df": test.df, "p_value": test.p}
        return {**tables, "pre-test": pd.DataFrame([row])}, ()

    def _average(
        self, cells: GroupTime, kind: Literal["simple", "group", "dynamic", "calendar"]
    ) -> pd.DataFrame:
        """One average, overall and by element, with a band over all elements."""
        found = aggregate(cells, kind)
        critical = np.nan
        if len(found.labels) and (found.by_influence != 0).any():
            rng = np.random.default_rng(np.random.SeedSequence(self.seed).spawn(3)[2])
            critical = multiplier_bootstrap(
                found.by_influence, rng=rng, draws=max(self.draws, 99), level=self.level
            ).critical
        margin = critical * found.by_standard_error
        elements = pd.DataFrame(
            {
                "average": kind,
                "element": found.labels,
                "estimate": found.by_estimate,
                "standard_error": found.by_standard_error,
                "uniform_lower": found.by_estimate - margin,
                "uniform_upper": found.by_estimate + margin,
            }
        ).astype({"element": "Int64"})
        overall = elements.iloc[:0].copy()
        overall.loc[0] = [kind, pd.NA, found.estimate, found.standard_error, np.nan, np.nan]
        return overall if elements.empty else pd.concat([overall, elements])


def _traits(arrays: PanelArrays) -> np.ndarray | None:
    """Mean of each covariate before the first start, shape (n_covariates, n_trusts)."""
    if not len(arrays.covariates):
        return None
    before = arrays.covariates[:, : int(arrays.start.min())]
    return np.asarray(np.nanmean(before, axis=1))
