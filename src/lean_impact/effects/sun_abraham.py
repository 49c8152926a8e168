"""Sun and Abraham's interaction-weighted estimator: one regression with a coefficient for each start and period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import Needs, PanelArrays
from lean_impact.effects.gaps import Gaps
from lean_impact.effects.imputation import without_covariates
from lean_impact.effects.result import EffectResult
from lean_impact.effects.staggered import (
    Published,
    StaggeredSettings,
    difference_gaps,
    estimate_staggered,
    unit_weights,
)
from lean_impact.kernels.saturated import InteractionWeighted, sun_abraham
from lean_impact.tables import Panel

__all__ = ["SunAbraham"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SunAbraham(StaggeredSettings):
    r"""Give every start and period its own coefficient, then average without comparing treated with treated.

    Parameters
    ----------
    covariates : tuple of str
        Identifiers of measures of the panel that the programme does not change.
    weighting : {"equal", "denominator"}, default "equal"
        Pooled over treated trusts with equal weights, or by their denominators before the programme.
    inference : {"trusts", "influence"}, default "trusts"
        What interval and first p-value rest on: the spread between trusts, which holds for few of them, or the
        cluster-robust standard error of the regression.
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
    :math:`y_{tj} = a_j + b_t + \sum_{g, e \ne -1} \delta_{g,e} 1[G_j = g, t - g = e] + x_{tj}'\gamma + e_{tj}`. The
    pooled effect averages :math:`\delta_{g,e}`, :math:`e \ge 0`, over the later periods of each trust, then over
    trusts. The base is the last period before the start, whose noise is in every number: with noisy months
    :class:`ImputationDifferenceInDifferences` is far more precise. Without covariates the estimates are those of
    :class:`CallawaySantAnna` with ``base_length=1``.

    The default p is a t test on the trusts' own effects, whatever their variance and autocorrelation. A single one
    is ranked among placebo trusts by its studentised effect, claimed if its noise has the same shape as theirs.
    Tables: ``averages`` (all treated figures alike, as the authors weigh) and ``horizons``, with cluster-robust
    standard errors.

    References
    ----------
    Sun L, Abraham S (2021), Journal of Econometrics 225:175-199.

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
    >>> result = SunAbraham().estimate(Panel.from_frame(frame, measures=[stay]), adoption)
    >>> round(result.pooled.value, 1), len(result.effects)
    (-1.1, 2)
    """

    @property
    def method(self) -> str:
        """The estimator in words."""
        return f"Sun-Abraham interaction-weighted difference-in-differences{self._adjusted}"

    @property
    def needs(self) -> Needs:
        """What it asks of a panel."""
        return Needs(before=1, counts=self.weighting == "denominator")

    @property
    def published_name(self) -> str:
        """The published standard error in words."""
        return "cluster-robust standard errors of the saturated regression"

    def gaps(self, arrays: PanelArrays) -> Gaps:
        """Return each trust's change since the last period before its start minus that of the comparison trusts.

        Parameters
        ----------
        arrays : PanelArrays
            Figures.

        Returns
        -------
        Gaps
        """
        if not len(arrays.covariates):
            return difference_gaps(arrays, base_length=1)
        equal = np.full(arrays.n_treated, 1.0 / arrays.n_treated)
        gamma = _fit(arrays, equal).slopes
        values = arrays.values - np.tensordot(gamma, arrays.covariates, axes=1)
        return difference_gaps(
            arrays, base_length=1, values=values, placebo_values=without_covariates(arrays)
        )

    def published(self, arrays: PanelArrays, weights: np.ndarray) -> Published:
        """Return the average over trusts with its cluster-robust standard error."""
        found = _fit(arrays, weights)
        after = found.period >= found.cohort
        own = np.array([weights[arrays.start[: len(weights)] == cohort].sum() for cohort in found.cohort])
        count = np.array([(after & (found.cohort == cohort)).sum() for cohort in found.cohort])
        share = np.divide(own, count, out=np.zeros(len(own)), where=after)
        error = float(np.sqrt(share @ found.covariance @ share))
        return Published(float(share @ found.coefficient), error)

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
            found = _fit(arrays, arrays.weights(self.weighting))
        except ValueError as reason:
            return {}, (f"horizons are not listed: {reason}",)
        estimate, error = found.effect()
        events, estimates, errors = found.event_study()
        return {
            "averages": pd.DataFrame(
                {
                    "average": ["all treated figures alike"],
                    "estimate": [estimate],
                    "standard_error": [error],
                }
            ),
            "horizons": pd.DataFrame({"horizon": events, "estimate": estimates, "standard_error": errors}),
        }, ()


def _fit(arrays: PanelArrays, weights: np.ndarray) -> InteractionWeighted:
    equal = bool(np.allclose(weights, weights[0]))
    return sun_abraham(
        arrays.values,
        arrays.start,
        covariates=arrays.covariates if len(arrays.covariates) else None,
        weights=None if equal else unit_weights(arrays, weights),
    )
