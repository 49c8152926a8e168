"""Generalised synthetic control: interactive fixed effects with factors of the comparison trusts or of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from lean_impact.domain import PValue
from lean_impact.effects._factor_tables import complete_covariates, fit_table, pooled_effect, weights_table
from lean_impact.effects._rules import raise_if_any
from lean_impact.effects._settings import CommonSettings
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import Needs, PanelArrays, arrays_of
from lean_impact.effects.gaps import Gaps, estimate_from_gaps
from lean_impact.effects.result import EffectResult
from lean_impact.errors import Issue
from lean_impact.kernels.completion import (
    PATIENCE,
    completion_weights,
    held_out_errors,
    hiding_folds,
    impute_path,
    placebo_fills,
)
from lean_impact.kernels.fixed_point import LIMIT, NotSettledError
from lean_impact.kernels.interactive import choose_factors, factor_path, most_factors, placebo_paths
from lean_impact.kernels.interactive_bootstrap import bootstrap_errors
from lean_impact.kernels.low_rank import keep_factors
from lean_impact.tables import Panel

__all__ = ["FactorsFrom", "GeneralisedSyntheticControl"]

FactorsFrom = Literal["comparison", "all"]
"""Whose figures show the common shocks: those of comparison trusts, or of the treated before their start too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralisedSyntheticControl(CommonSettings):
    r"""Build counterfactuals from common shocks to which each trust responds in its own way.

    Parameters
    ----------
    factors_from : {"comparison", "all"}, default "comparison"
        Estimate factors on comparison trusts only (generalised synthetic control), or on all trusts with the
        treated trusts' periods from the start on missing (interactive fixed effects by expectation-maximisation;
        slower).
    n_factors : int or None, default None
        Number of factors; chosen by cross-validation if not given.
    max_factors : int, default 5
        Largest number that is tried.
    covariates : tuple of str, default ()
        Identifiers of measures of the panel that are held constant.
    bootstrap : int, default 0
        Draws of the parametric bootstrap, a further p-value; none if 0. Only with factors from the comparison.
    weighting : {"equal", "denominator"}, default "equal"
        Pooled over treated trusts with equal weights, or by their denominators before the programme.
    level : float, default 0.95
        Coverage of every interval.
    draws : int, default 999
        Random placebo groups, where there are too many to enumerate.
    calibration_groups : int, default 500
        Placebo groups that tell how often the default test cries wolf.
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
    Without the programme :math:`y_{it} = \alpha_i + \xi_t + x_{it}'\beta + \lambda_i'f_t + e_{it}`; the estimand
    is the mean effect on the treated trusts over their periods with the programme. Without factors this is
    difference-in-differences.

    Factors from the comparison are chosen by leaving out one pre-period of the treated trusts at a time
    (Xu's rule); factors from all trusts by hiding from comparison trusts the cells that are missing in the treated.
    One more factor has to lower the squared error by a hundredth. The table ``factor-path`` shows the estimate for
    every number of factors: where it changes its sign along the path, so may the conclusion.

    The default p-value is a t test on the trusts' own effects (a single treated trust: its studentised rank among
    placebos). It rests on these effects varying independently, and needs no equal variances. Placebos have the
    number of factors of the treated (those of a single treated trust choose their own by the same rule), with
    factors estimated afresh without them; coefficients of covariates are those of the study. With fewer than about
    ten pre-periods for each factor the counterfactual fits noise.

    Without an effect the default 5 % test is claimed to reject in 3 to 7.5 % of panels, with five treated trusts and
    with one, whatever their noise; but not where treated trusts are noisier and common factors act as well (8 % of
    100 panels). What simulations found: :doc:`/explanation/estimators`.

    References
    ----------
    Xu Y (2017), Political Analysis 25:57-76. Bai J (2009), Econometrica 77:1229-1279. Gobillon L, Magnac T (2016),
    Review of Economics and Statistics 98:535-551.

    Examples
    --------
    >>> from datetime import date
    >>> import pandas as pd
    >>> from lean_impact.domain import Measure, Window
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="year", unit="days")
    >>> response = {"TR1": 1.0, "TR2": 2.0, "CA1": 0.5, "CA2": 1.5, "CA3": 3.0, "CA4": 2.5}
    >>> shock = [0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 1.5, 3.0]
    >>> rows = [(trust, f"{year}-01-01", 9 + size * shock[year - 2012] - (year >= 2018 and trust[0] == "T"))
    ...         for trust, size in response.items() for year in range(2012, 2020)]
    >>> frame = pd.DataFrame(rows, columns=["trust", "period", "value"]).assign(
    ...     measure="stay", flag="published", source="demo")
    >>> adoption = AdoptionDesign.block(
    ...     measure="stay", treated=["TR1", "TR2"], comparison=["CA1", "CA2", "CA3", "CA4"],
    ...     pre=Window(start=date(2012, 1, 1), end=date(2018, 1, 1)),
    ...     post=Window(start=date(2018, 1, 1), end=date(2020, 1, 1)))
    >>> result = GeneralisedSyntheticControl(n_factors=1).estimate(
    ...     Panel.from_frame(frame, measures=[stay]), adoption)
    >>> round(result.pooled.value, 6)
    -1.0
    """

    factors_from: FactorsFrom = "comparison"
    n_factors: int | None = None
    max_factors: int = 5
    covariates: tuple[str, ...] = ()
    bootstrap: int = 0

    def _rules(self) -> Iterable[tuple[bool, str]]:
        return (
            (
                self.factors_from not in get_args(FactorsFrom),
                "factors_from must be 'comparison' or 'all'",
            ),
            (self.n_factors is not None and self.n_factors < 0, "n_factors must not be negative"),
            (self.max_factors < 0, "max_factors must not be negative"),
            (self.bootstrap < 0, "bootstrap must not be negative"),
            (
                self.bootstrap > 0 and self.factors_from != "comparison",
                "bootstrap needs factors_from 'comparison'",
            ),
        )

    @property
    def method(self) -> str:
        """The estimator in words."""
        name = (
            "generalised synthetic control"
            if self.factors_from == "comparison"
            else "interactive fixed effects on all trusts"
        )
        chosen = (
            "number of factors by cross-validation" if self.n_factors is None else f"{self.n_factors} factors"
        )
        return f"{name}, {chosen}"

    @property
    def needs(self) -> Needs:
        """Two pre-periods more than loadings, and two comparison trusts more than factors."""
        return Needs(comparison=(self.n_factors or 0) + 2, before=(self.n_factors or 0) + 2)

    def estimate(self, panel: Panel, adoption: AdoptionDesign) -> EffectResult:
        """Estimate the effect on each treated trust and on all of them together.

        Parameters
        ----------
        panel : Panel
            Figures of all trusts.
        adoption : AdoptionDesign
            Who is compared with whom, on what and when; starts may differ. Comparison trusts are complete.

        Returns
        -------
        EffectResult
            With tables ``factor-path`` (n_factors, mspe, estimate, chosen), ``weights`` (trust, donor, weight) and
            ``fit`` (trust, pre_rmspe, n_effective_donors).

        Raises
        ------
        DesignError
            If the figures do not allow it; lists every trust and reason.
        """
        result = estimate_from_gaps(self, panel, adoption)
        if not self.bootstrap:
            return result
        arrays = arrays_of(panel, adoption, needs=self.needs, covariates=self.covariates)
        path = result.tables["factor-path"]
        chosen = int(path.loc[path["chosen"], "n_factors"].iloc[0])
        return replace(
            result, p_values=(*result.p_values, self._bootstrapped(arrays, chosen, result.pooled.value))
        )

    def gaps(self, arrays: PanelArrays) -> Gaps:
        """Return what is left of treated and placebo trusts.

        Parameters
        ----------
        arrays : PanelArrays
            From :func:`~lean_impact.effects.arrays_of`.

        Returns
        -------
        Gaps
        """
        covariates = complete_covariates(arrays, self.covariates)
        try:
            found = (
                self._from_comparison(arrays, covariates)
                if self.factors_from == "comparison"
                else self._from_all(arrays, covariates)
            )
        except ValueError as error:
            raise_if_any(arrays.measure, [Issue(rule="not-determined", message=f"{self.method}: {error}")])
            raise
        return found

    def _numbers(self, arrays: PanelArrays) -> list[int]:
        """Return the numbers of factors to show: up to the one asked for, or all that can be tried."""
        if self.n_factors is not None:
            return list(range(self.n_factors + 1))
        fewest = int((_used(arrays)).sum(axis=0).min())
        return list(
            range(most_factors(arrays.n_comparison - 1, arrays.n_periods, fewest, limit=self.max_factors) + 1)
        )

    def _from_comparison(self, arrays: PanelArrays, covariates: np.ndarray | None) -> Gaps:
        numbers = self._numbers(arrays)
        path = factor_path(
            arrays.comparison,
            arrays.treated,
            _used(arrays),
            numbers=numbers,
            covariates=_split(covariates, arrays.n_treated),
        )
        if self.n_factors is not None and len(path.gaps) <= self.n_factors:
            raise NotSettledError(
                f"{self.n_factors} factors are not determined by the periods before the start"
            )
        chosen = path.chosen if self.n_factors is None else self.n_factors
        controls = _without(
            arrays.comparison, covariates, path.coefficients[chosen], slice(arrays.n_treated, None)
        )
        alone = self.n_factors is None and arrays.n_treated == 1
        placebo, squares = [], []
        for _, members in arrays.cohorts:
            gaps, errors, behind = placebo_paths(
                controls,
                np.arange(arrays.n_comparison)[:, None],
                arrays.before[:, members[:1]],
                largest=len(path.gaps) - 1 if alone else chosen,
            )
            # A single treated trust chose by its own fit, so each placebo does; several chose together.
            own = [choose_factors(column) if alone else chosen for column in errors.T]
            each = np.arange(arrays.n_comparison)
            placebo.append(gaps[own, each, :, 0].T)
            squares.append(float(behind[own, each].mean()))
        weights = path.weights[chosen]
        return self._gaps(
            arrays, path.gaps, path.prediction_error, chosen, np.array(placebo), weights, squares
        )

    def _from_all(self, arrays: PanelArrays, covariates: np.ndarray | None) -> Gaps:
        n_treated = arrays.n_treated
        hidden = ~_used(arrays)
        missing = np.zeros(arrays.values.shape, dtype=bool)
        missing[:, :n_treated] = hidden
        values = np.where(missing, 0.0, arrays.values)
        numbers = self._numbers(arrays)
        patience = PATIENCE if self.n_factors is None else LIMIT
        path = impute_path(values, numbers[-1], missing=missing, covariates=covariates, limit=patience)
        if self.n_factors is not None and len(path.fitted) <= self.n_factors:
            raise NotSettledError(
                f"{self.n_factors} factors are not determined by these figures; ask for fewer"
            )
        controls = _without(arrays.comparison, covariates, path.coefficients[0], slice(n_treated, None))
        models = [keep_factors(number) for number in range(len(path.fitted))]
        errors = held_out_errors(controls, models, hiding_folds(controls, hidden))
        chosen, placebo = self._settled(arrays, covariates, path.coefficients, errors)
        treated = np.arange(len(arrays.trusts)) < n_treated
        weights, squares = completion_weights(path.low_rank[chosen], 0.0, treated=treated)
        gaps = arrays.treated - path.fitted[:, :, :n_treated]
        return self._gaps(arrays, gaps, errors, chosen, placebo, weights, [float(squares.mean())])

    def _settled(
        self, arrays: PanelArrays, covariates: np.ndarray | None, coefficients: np.ndarray, errors: np.ndarray
    ) -> tuple[int, np.ndarray]:
        """Choose the number of factors, and fill placebos with it; fewer if some placebo is not determined."""
        open_to = errors.copy()
        while True:
            chosen = choose_factors(open_to) if self.n_factors is None else self.n_factors
            mine = slice(arrays.n_treated, None)
            controls = _without(arrays.comparison, covariates, coefficients[chosen], mine)
            try:
                return chosen, np.array(
                    [
                        placebo_fills(
                            controls,
                            keep_factors(chosen),
                            np.arange(arrays.n_comparison)[:, None],
                            ~arrays.before[:, members[:1]],
                        )[:, :, 0].T
                        for _, members in arrays.cohorts
                    ]
                )
            except NotSettledError:
                if self.n_factors is not None or chosen == 0:
                    raise
                open_to[chosen:] = np.inf

    def _gaps(
        self,
        arrays: PanelArrays,
        gaps: np.ndarray,
        errors: np.ndarray,
        chosen: int,
        placebo: np.ndarray,
        weights: np.ndarray,
        squares: list[float],
    ) -> Gaps:
        pooled = arrays.weights(self.weighting)
        estimates = [pooled_effect(arrays, each, pooled) for each in gaps]
        table = pd.DataFrame(
            {
                "n_factors": np.arange(len(gaps)),
                "mspe": errors,
                "estimate": estimates,
                "chosen": np.arange(len(gaps)) == chosen,
            }
        )
        return Gaps(
            treated=gaps[chosen],
            placebo=placebo,
            share=float(((weights @ pooled) ** 2).sum()),
            placebo_share=float(np.mean(squares)),
            tables={
                "factor-path": table,
                "weights": weights_table(arrays, weights),
                "fit": fit_table(arrays, gaps[chosen], weights),
            },
            cautions=_turning(
                estimates,
                chosen,
                noise=_placebo_noise(arrays, placebo),
                told=arrays.measure.format_change,
            ),
        )

    def _bootstrapped(self, arrays: PanelArrays, chosen: int, value: float) -> PValue:
        errors = bootstrap_errors(
            arrays.comparison,
            arrays.treated,
            _used(arrays),
            chosen,
            np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(_BOOTSTRAP,))),
            draws=self.bootstrap,
            covariates=_split(complete_covariates(arrays, self.covariates), arrays.n_treated),
        )
        pooled = arrays.weights(self.weighting)
        drawn = np.array([pooled_effect(arrays, each, pooled) for each in errors])
        as_large = int((np.abs(drawn) >= abs(value)).sum())
        return PValue(
            value=(1 + as_large) / (self.bootstrap + 1),
            smallest=1 / (self.bootstrap + 1),
            method="parametric bootstrap of whole residual paths",
            assumption="the factor model is right, and treated trusts vary as much as the others",
            draws=self.bootstrap,
        )


_BOOTSTRAP = 3


def _used(arrays: PanelArrays) -> np.ndarray:
    """Return the pre-periods of the treated that have a figure."""
    used: np.ndarray = arrays.before[:, : arrays.n_treated] & ~np.isnan(arrays.treated)
    return used


def _split(covariates: np.ndarray | None, n_treated: int) -> tuple[np.ndarray, np.ndarray] | None:
    return None if covariates is None else (covariates[:, :, n_treated:], covariates[:, :, :n_treated])


def _without(
    values: np.ndarray, covariates: np.ndarray | None, coefficients: np.ndarray, columns: slice
) -> np.ndarray:
    """Take away what covariates explain."""
    if covariates is None:
        return values
    rest: np.ndarray = values - np.tensordot(coefficients, covariates[:, :, columns], axes=1)
    return rest


def _placebo_noise(arrays: PanelArrays, placebo: np.ndarray) -> float:
    """Return the standard deviation of the mean of as many placebo effects as there are treated trusts."""
    spread = [
        float(np.nanmean(gap[start:], axis=0).std())
        for gap, (start, _) in zip(placebo, arrays.cohorts, strict=True)
    ]
    return float(np.mean(spread)) / float(arrays.n_treated**0.5)


def _turning(
    estimates: list[float], chosen: int, *, noise: float, told: Callable[[float], str]
) -> tuple[str, ...]:
    """Warn if another number of factors moves the estimate by more than chance moves a placebo."""
    if all(abs(each - estimates[chosen]) <= noise for each in estimates):
        return ()
    words = (
        f"the estimate depends on the number of factors: it is {told(estimates[chosen])} with the {chosen} that were "
        f"chosen, and goes from {told(min(estimates))} to {told(max(estimates))} over 0 to {len(estimates) - 1}; see "
        "the table factor-path"
    )
    return (words,)
