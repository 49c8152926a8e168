"""Controlled interrupted time series: the difference of treated and comparison trusts against its own past."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lean_impact.effects._series_model import SeriesSettings
from lean_impact.effects._series_result import estimate_series
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import Needs
from lean_impact.effects.result import EffectResult
from lean_impact.tables import Panel

__all__ = ["ControlledInterruptedTimeSeries"]

_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlledInterruptedTimeSeries(SeriesSettings):
    r"""Compare the difference between treated and comparison trusts with where it was heading.

    Parameters
    ----------
    fit : {"reml", "ml", "ols", "newey-west", "prais-winsten"}, default "reml"
        How the segmented regression of the difference is fitted. All but the first give intervals that are
        too narrow where figures resemble their neighbours.
    lag : int, optional
        Longest lag of the Newey-West covariance, in periods; needed by "newey-west".
    level_change, slope_change : bool, default True
        What the programme may change in the difference.
    delay : int, default 0
        Periods after the start until the impact begins.
    phase_in : int, default 1
        Periods over which the change of level grows linearly to its full size; 1 is a step.
    season : {"none", "dummies", "harmonics"}, default "none"
        Season of the difference; a season that all trusts share drops out of it.
    pairs : int, default 2
        Pairs of sine and cosine.
    further : tuple of date, default ()
        Other interruptions of the difference, each with a change of level and slope that stays in the
        counterfactual.
    weighting : {"equal", "denominator"}, default "equal"
        Pooled over treated trusts with equal weights, or by their denominators before the programme. The
        comparison trusts always count the same.
    level : float, default 0.95
        Coverage of every interval.
    draws : int, default 999
        Random placebo groups in the randomisation p-value.
    calibration_groups : int, default 500
        Random placebo groups that tell how often the default test cries wolf; at most as many as exist.
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
    The difference :math:`d_t` between the mean of the treated and the mean of the comparison trusts follows the
    regression of :class:`InterruptedTimeSeries`. Whatever moves all trusts alike drops out. The p-value
    rests on the difference keeping its trend and on AR(1) errors; placebo groups of comparison trusts against the
    rest show how far that holds (``calibration``). Without an effect the 5 % test of the mean effect is claimed to
    reject in 3 to 7.5 % of panels, also if treated trusts are noisier or quieter than the others, but not where they
    answer to common movements in another measure. What simulations found: :doc:`/explanation/estimators`.

    References
    ----------
    Lopez Bernal J, Cummins S, Gasparrini A (2018), International Journal of Epidemiology 47:2082-2093.
    Bottomley C, Scott JAG, Isham V (2019), Epidemiologic Methods 8:20180010.

    Examples
    --------
    >>> import numpy as np
    >>> from datetime import date
    >>> import pandas as pd
    >>> from lean_impact.domain import Measure, Window
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="month", unit="days")
    >>> rng, months = np.random.default_rng(1), pd.date_range("2012-01-01", periods=96, freq="MS")
    >>> shared = np.sin(np.arange(96) / 3) + 2 * (np.arange(96) >= 48)
    >>> frame = pd.concat([pd.DataFrame({
    ...     "trust": trust, "measure": "stay", "period": months, "flag": "published", "source": "demo",
    ...     "value": 9 + shared + rng.normal(0, 0.1, 96) - (trust == "TR1") * (np.arange(96) >= 48)})
    ...     for trust in ("TR1", "CA1", "CA2", "CA3")])
    >>> adoption = AdoptionDesign.block(
    ...     measure="stay", treated=["TR1"], comparison=["CA1", "CA2", "CA3"],
    ...     pre=Window(start=date(2012, 1, 1), end=date(2016, 1, 1)),
    ...     post=Window(start=date(2016, 1, 1), end=date(2020, 1, 1)))
    >>> result = ControlledInterruptedTimeSeries().estimate(Panel.from_frame(frame, measures=[stay]), adoption)
    >>> result.pooled.covers(-1.0), result.pooled.covers(0.0)
    (True, False)
    """

    def _rules(self) -> Iterable[tuple[bool, str]]:
        return (
            *SeriesSettings._rules(self),  # noqa: SLF001 - super() does not work where a dataclass has slots
            (self.model.counts, "fit must be one of values: a difference between trusts is no count"),
        )

    @property
    def against(self) -> bool:
        """Whether series are taken against the comparison trusts."""
        return True

    @property
    def title(self) -> str:
        """Name of the method."""
        return "controlled interrupted time series, difference from the mean of the comparison trusts"

    @property
    def versus(self) -> str:
        """What the treated are compared with."""
        return "the comparison trusts plus where the difference from them was heading before the programme"

    @property
    def assumption(self) -> str:
        """What the p-value rests on."""
        return (
            "without the programme the difference between treated and comparison trusts would have kept its level and "
            "trend, and has the errors of the model"
        )

    def estimate(self, panel: Panel, adoption: AdoptionDesign) -> EffectResult:
        """Estimate the effect on each treated trust and on all of them together.

        Parameters
        ----------
        panel : Panel
            Figures of all trusts.
        adoption : AdoptionDesign
            Who is compared with whom, on what and when; comparison trusts are complete.

        Returns
        -------
        EffectResult
            Effects in the unit of the measure, positive where it went up.

        Raises
        ------
        DesignError
            If there are fewer than two comparison trusts, a trust is unknown, in both roles or without figures, or
            a series is too short for the regression, does not tell its columns apart, or leaves no residual;
            lists every trust.
        """
        return estimate_series(
            self, Needs(comparison=_FEWEST, before=3, after=1, holes="keep"), panel, adoption
        )
