"""Two-way fixed effects difference-in-differences, with the comparisons that it averages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from lean_impact.domain import Estimate, PValue
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import Needs, PanelArrays
from lean_impact.effects.calibration import PlaceboTests
from lean_impact.effects.gaps import Gaps
from lean_impact.effects.imputation import without_covariates
from lean_impact.effects.result import EffectResult
from lean_impact.effects.staggered import (
    Published,
    StaggeredSettings,
    difference_gaps,
    estimate_staggered,
    placebo_world,
    unit_weights,
)
from lean_impact.kernels.cluster_variance import bias_reduced, cluster_covariance
from lean_impact.kernels.collapsed import t_p_value, t_statistic
from lean_impact.kernels.goodman_bacon import goodman_bacon
from lean_impact.kernels.staggered_randomisation import permuted_effects
from lean_impact.kernels.two_way import TwoWayFit, static_effect
from lean_impact.kernels.wild_bootstrap import FEWEST_TREATED, wild_cluster_bootstrap
from lean_impact.tables import Panel

__all__ = ["TwoWayFixedEffects"]

_TINY = 1e-300
_MOST_REFITS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoWayFixedEffects(StaggeredSettings):
    r"""Regress on trust effects, period effects and the programme; one coefficient for all.

    Parameters
    ----------
    covariates : tuple of str
        Identifiers of measures of the panel that the programme does not change.
    weighting : {"equal", "denominator"}, default "equal"
        Weights of the treated trusts in the regression: equal, or by their denominators before the programme.
    inference : {"trusts", "influence"}, default "trusts"
        What interval and first p-value rest on: the CR2 variance clustered by trust with Satterthwaite degrees of
        freedom, which holds for few trusts, or the usual cluster-robust CR1 variance.
    level : float, default 0.95
        Coverage of every interval.
    draws : int, default 999
        Random placebo groups in the randomisation p-values, and draws of the wild cluster bootstrap.
    calibration_groups : int, default 500
        Placebo groups that tell how often the default test cries wolf; at most 100 where each costs a new fit: with
        covariates or ``inference="influence"``.
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
    :math:`y_{tj} = a_j + b_t + \beta D_{tj} + x_{tj}'\gamma + e_{tj}` by least squares. With one start :math:`\beta` is
    the difference in mean changes. With several it averages two-by-two comparisons, some of which use trusts that
    have the programme already: if effects grow, it is pulled towards 0 or beyond. The table ``comparisons``
    lists every one with its weight, and a caution says what share is of that kind; prefer
    :class:`ImputationDifferenceInDifferences` then. Effects on single trusts are their own change since all periods
    before, minus that of the comparison trusts.

    The default p is claimed for three and more treated trusts, whatever their variance and autocorrelation, as long as
    trends are parallel: at 5 %, 4.1 to 5.8 % of panels without an effect were called significant with five
    (:doc:`/explanation/estimators`). With two it is cautious, 0 to 4 %. A single treated trust determines the
    coefficient alone, so that CR2 does not exist; it is ranked among placebo trusts by its studentised effect. With
    eight and more trusts on either side the restricted wild cluster bootstrap stands beside it, in the table
    ``wild-cluster-bootstrap``; with fewer it is not valid.

    References
    ----------
    Goodman-Bacon A (2021), Journal of Econometrics 225:254-277. Bell RM, McCaffrey DF (2002), Survey Methodology
    28:169-181. Pustejovsky JE, Tipton E (2018), Journal of Business and Economic Statistics 36:672-683.

    Examples
    --------
    >>> from datetime import date
    >>> from lean_impact.domain import Measure, Window
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="year", unit="days")
    >>> effects = {"TR1": -1.0, "TR2": -1.2, "CA1": 0.1, "CA2": 0.0, "CA3": -0.1, "CA4": 0.2}
    >>> rows = [(trust, f"{year}-01-01", 5 + change * ((year >= 2016) + 0.1 * (year % 2)))
    ...         for trust, change in effects.items() for year in range(2012, 2020)]
    >>> frame = pd.DataFrame(rows, columns=["trust", "period", "value"]).assign(
    ...     measure="stay", flag="published", source="demo")
    >>> adoption = AdoptionDesign.block(
    ...     measure="stay", treated=["TR1", "TR2"], comparison=["CA1", "CA2", "CA3", "CA4"],
    ...     pre=Window(start=date(2012, 1, 1), end=date(2016, 1, 1)),
    ...     post=Window(start=date(2016, 1, 1), end=date(2020, 1, 1)))
    >>> result = TwoWayFixedEffects().estimate(Panel.from_frame(frame, measures=[stay]), adoption)
    >>> round(result.pooled.value, 3), result.tables["comparisons"]["weight"].tolist()
    (-1.15, [1.0])
    """

    @property
    def method(self) -> str:
        """The estimator in words."""
        return f"two-way fixed effects difference-in-differences{self._adjusted}"

    @property
    def needs(self) -> Needs:
        """What it asks of a panel."""
        return Needs(before=1, holes="keep", counts=self.weighting == "denominator")

    @property
    def published_name(self) -> str:
        """The published standard error in words."""
        return "cluster-robust (CR1) standard errors"

    def gaps(self, arrays: PanelArrays) -> Gaps:
        """Return each trust's change minus that of the comparison trusts; the pooled value is the coefficient.

        Parameters
        ----------
        arrays : PanelArrays
            Figures.

        Returns
        -------
        Gaps
        """
        fit = _fit(arrays, arrays.weights(self.weighting))
        if not len(arrays.covariates):
            return replace(difference_gaps(arrays), value=float(fit.coefficients[0]))
        values = arrays.values - np.tensordot(fit.coefficients[1:], arrays.covariates, axes=1)
        gaps = difference_gaps(arrays, values=values, placebo_values=without_covariates(arrays))
        return replace(gaps, value=float(fit.coefficients[0]))

    def published(self, arrays: PanelArrays, weights: np.ndarray) -> Published:
        """Return the coefficient with its cluster-robust standard error."""
        fit = _fit(arrays, weights)
        return Published(float(fit.coefficients[0]), float(cluster_covariance(fit)[0, 0] ** 0.5))

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
        result = estimate_staggered(
            self,
            panel,
            adoption,
            own_test=self._careful,
            own_placebos=self._placebos,
            tables=self._tables,
            groups=_MOST_REFITS if self.covariates else None,
        )
        return replace(result, estimand=_ESTIMAND)

    def _careful(self, arrays: PanelArrays, weights: np.ndarray) -> tuple[Estimate, PValue]:
        """Test the coefficient with CR2 and Satterthwaite degrees of freedom."""
        value, error, df = _reduced(_fit(arrays, weights))
        margin = error * float(stdtrit(df, 0.5 + self.level / 2))
        estimate = Estimate(
            value=value, standard_error=error, lower=value - margin, upper=value + margin, level=self.level
        )
        p = float(t_p_value(t_statistic(np.array(value), np.array(error)), df))
        return estimate, PValue(
            value=max(p, _TINY),
            smallest=0.0,
            method=f"t test with CR2 standard errors clustered by trust ({df:.1f} Satterthwaite degrees of freedom)",
            assumption="trends are parallel and trusts vary independently; treated trusts may be noisier or quieter "
            "than the others",
        )

    def _placebos(self, arrays: PanelArrays, groups: np.ndarray, starts: np.ndarray) -> PlaceboTests:
        """Apply the careful test to groups of comparison trusts."""
        if len(arrays.covariates):
            fits = [_reduced(_fit(*placebo_world(arrays, group, starts))) for group in groups]
            values, errors, df = np.array(fits).T
            p = t_p_value(t_statistic(values, errors), df)
        else:
            assigned = np.full((len(groups), arrays.n_comparison), arrays.n_periods)
            np.put_along_axis(assigned, groups, np.broadcast_to(starts, groups.shape), axis=1)
            found = permuted_effects(arrays.comparison, assigned)
            # Every group has the same starts, so that the degrees of freedom are the same.
            p = t_p_value(found.t, _reduced(static_effect(arrays.comparison, assigned[0]))[2])
        return PlaceboTests(p=p, covers=p > 1 - self.level, by_construction=False)

    def _tables(self, arrays: PanelArrays) -> tuple[Mapping[str, pd.DataFrame], tuple[str, ...]]:
        """Goodman-Bacon comparisons, and the wild cluster bootstrap where it is valid."""
        weights = arrays.weights(self.weighting)
        tables, cautions = _comparisons(arrays, weights)
        if min(arrays.n_treated, arrays.n_comparison) < FEWEST_TREATED:
            return tables, cautions
        found = wild_cluster_bootstrap(
            _fit(arrays, weights),
            n_treated=arrays.n_treated,
            rng=np.random.default_rng(np.random.SeedSequence(self.seed).spawn(3)[2]),
            draws=self.draws,
            level=self.level,
        )
        row = {
            "t": found.t,
            "p_value": found.p,
            "smallest": found.smallest,
            "lower": found.interval[0],
            "upper": found.interval[1],
            "draws": self.draws,
        }
        return {**tables, "wild-cluster-bootstrap": pd.DataFrame([row])}, cautions


_ESTIMAND = (
    "coefficient of the programme in a regression with trust and period effects; with one start the mean effect on "
    "the treated trusts, with several a weighted average of two-by-two comparisons"
)


def _fit(arrays: PanelArrays, weights: np.ndarray) -> TwoWayFit:
    equal = bool(np.allclose(weights, weights[0]))
    return static_effect(
        arrays.values,
        arrays.start,
        covariates=arrays.covariates if len(arrays.covariates) else None,
        weights=None if equal else unit_weights(arrays, weights),
    )


def _reduced(fit: TwoWayFit) -> tuple[float, float, float]:
    """Coefficient, CR2 standard error and degrees of freedom."""
    found = bias_reduced(fit, contrasts=np.eye(len(fit.coefficients))[:1])
    return float(fit.coefficients[0]), float(found.standard_error[0]), float(found.df[0])


def _comparisons(arrays: PanelArrays, weights: np.ndarray) -> tuple[dict[str, pd.DataFrame], tuple[str, ...]]:
    if not np.isfinite(arrays.values).all():
        return {}, (
            "the comparisons behind the coefficient are not listed, because treated trusts have holes",
        )
    rows = goodman_bacon(arrays.values, arrays.start, unit_weights=unit_weights(arrays, weights))
    first = [*arrays.periods.astype("datetime64[s]"), np.datetime64("NaT", "s")]
    table = pd.DataFrame(
        {
            "treated_start": np.array([first[row.treated] for row in rows]),
            "control_start": np.array([first[row.control] for row in rows]),
            "kind": [row.kind for row in rows],
            "weight": [row.weight for row in rows],
            "estimate": [row.estimate for row in rows],
        }
    )
    forbidden = float(table.loc[table["kind"] == "later vs earlier", "weight"].sum())
    told = (
        (
            f"{100 * forbidden:.1f}% of the coefficient comes from comparing with trusts that have the programme "
            "already; if effects grow with time, it is too small"
        ),
    )
    return {"comparisons": table}, told if forbidden > 0 else ()
