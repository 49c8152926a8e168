"""Difference-in-differences on one change a trust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import get_args

import numpy as np

from lean_impact._version import __version__
from lean_impact.domain import TrustEffect, Weighting
from lean_impact.effects._rules import check_settings, common_settings
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.collapse import Aggregation, collapse
from lean_impact.effects.gaps import WEIGHTING_WORDS
from lean_impact.effects.inference import (
    calibrate,
    pooled_effect,
    raise_without_spread,
    randomisation_p_values,
    trust_effects,
)
from lean_impact.effects.parts import Calibration, Changes
from lean_impact.effects.result import EffectResult
from lean_impact.kernels.collapsed import placebo_differences, placebo_margin
from lean_impact.tables import Panel

__all__ = ["DifferenceInDifferences"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceInDifferences:
    r"""Compare the change of treated trusts with the change of comparison trusts.

    Parameters
    ----------
    aggregation : {"pooled", "mean"}, default "pooled"
        A trust's level in a window: sum of numerators over sum of denominators, or mean of its periods.
    weighting : {"equal", "denominator"}, default "equal"
        Pooled over treated trusts with equal weights, or by their denominators before the programme.
    level : float, default 0.95
        Coverage of every interval.
    draws : int, default 9999
        Random assignments, where there are too many to enumerate.
    calibration_groups : int, default 2000
        Random placebo groups that tell how often the default test cries wolf; at most as many as exist.
    seed : int, default 0
        Root of everything random.

    Raises
    ------
    DesignError
        If a setting is impossible.

    Notes
    -----
    Each trust is collapsed to :math:`\delta = ` level after - level before, which makes the tests hold
    whatever the autocorrelation within a trust. The effect on treated trust i is :math:`\delta_i` minus
    the mean :math:`\bar\delta_0` over the :math:`n_0` comparison trusts; its standard error
    :math:`s_0 \sqrt{1 + 1/n_0}` and t interval with :math:`n_0 - 1` degrees of freedom assume that without
    the programme its change would have been one more draw from theirs. Its p-value is its rank among
    placebos: every comparison trust in turn against the other ones.

    The pooled effect is the mean over treated trusts, an average effect on these trusts. Its interval and
    first p-value are Welch's, which allow treated and comparison trusts to vary differently: of the common
    tests the one that keeps its size with few treated trusts, autocorrelation and unequal variances alike.
    Randomisation over trusts stands beside it, for the difference and for Welch's t (studentised).
    A single treated trust is taken to vary like the others; one with twice their noise is called significant in
    about a third of panels without an effect. What simulations found: :doc:`/explanation/estimators`.

    References
    ----------
    Bertrand M, Duflo E, Mullainathan S (2004), Quarterly Journal of Economics 119:249-275 (collapsing).
    Ferman B, Pinto C (2019), Review of Economics and Statistics 101:452-467 (few treated, unequal variance).
    Janssen A (1997), Statistics & Probability Letters 36:9-21 (studentised permutation).

    Examples
    --------
    >>> from datetime import date
    >>> import pandas as pd
    >>> from lean_impact.domain import Measure, Window
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="year", unit="days")
    >>> effects = {"TR1": -1.0, "TR2": -1.2, "CA1": 0.1, "CA2": 0.0, "CA3": -0.1, "CA4": 0.2}
    >>> rows = [(trust, f"{year}-01-01", 5 + (year >= 2016) * change)
    ...         for trust, change in effects.items() for year in range(2012, 2020)]
    >>> frame = pd.DataFrame(rows, columns=["trust", "period", "value"]).assign(
    ...     measure="stay", flag="published", source="demo")
    >>> adoption = AdoptionDesign.block(
    ...     measure="stay", treated=["TR1", "TR2"], comparison=["CA1", "CA2", "CA3", "CA4"],
    ...     pre=Window(start=date(2012, 1, 1), end=date(2016, 1, 1)),
    ...     post=Window(start=date(2016, 1, 1), end=date(2020, 1, 1)))
    >>> result = DifferenceInDifferences(aggregation="mean", seed=1).estimate(
    ...     Panel.from_frame(frame, measures=[stay]), adoption)
    >>> round(result.pooled.value, 3), str(result.p_values[2])
    (-1.15, 'p = 0.067 (smallest reachable 0.067)')
    """

    aggregation: Aggregation = "pooled"
    weighting: Weighting = "equal"
    level: float = 0.95
    draws: int = 9999
    calibration_groups: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(
            "DifferenceInDifferences",
            (
                (self.aggregation not in get_args(Aggregation), "aggregation must be 'pooled' or 'mean'"),
                *common_settings(self),
            ),
        )

    def estimate(self, panel: Panel, adoption: AdoptionDesign) -> EffectResult:
        """Estimate the effect on each treated trust and on all of them together.

        Parameters
        ----------
        panel : Panel
            Figures of all trusts.
        adoption : AdoptionDesign
            Who is compared with whom, on what and when; everybody starts together, and comparison trusts (see
            :func:`select_comparison`) are complete. A period counts if it lies wholly before or wholly after.

        Returns
        -------
        EffectResult
            Effects in the unit of the measure, positive where it went up.

        Raises
        ------
        DesignError
            If there are no or fewer than two comparison trusts, trusts start at different times, a trust is
            unknown, in both roles, or without figures in a window, a comparison trust has gaps, or the comparison
            trusts do not differ at all; lists every trust and period.
        """
        data = collapse(panel, design=adoption, aggregation=self.aggregation, weighting=self.weighting)
        changes = data.changes
        raise_without_spread(changes, name=data.measure.name)
        placebos = placebo_differences(changes.change[changes.n_treated :])
        for_assignments, for_calibration = (
            np.random.default_rng(child) for child in np.random.SeedSequence(self.seed).spawn(2)
        )
        pooled, default = pooled_effect(changes, level=self.level)
        effects = trust_effects(changes, level=self.level)
        calibration = calibrate(
            changes, level=self.level, groups=self.calibration_groups, rng=for_calibration
        )
        step = (
            f"difference-in-differences of {adoption.measure}: {len(adoption.treated)} treated against "
            f"{len(adoption.comparison)} "
            "comparison trusts"
        )
        return EffectResult(
            measure=data.measure,
            method="difference-in-differences on one change a trust",
            adoption=adoption,
            n_pre=data.n_pre,
            n_post=data.n_post,
            treated=adoption.treated,
            comparison=adoption.comparison,
            levels=data.levels,
            effects=effects,
            pooled=pooled,
            weighting=WEIGHTING_WORDS[self.weighting],
            p_values=(
                default,
                *randomisation_p_values(changes, draws=self.draws, rng=for_assignments),
            ),
            calibration=calibration,
            placebo_margins=(placebo_margin(placebos, level=self.level),) * changes.n_treated,
            changes=changes,
            path=data.path,
            cautions=(*data.cautions, *_cautions(changes, effects, calibration)),
            provenance=panel.provenance.model_copy(
                update={
                    "version": __version__,
                    "parameters": {key: str(value) for key, value in asdict(self).items()},
                    "seed": self.seed,
                    "steps": (*panel.provenance.steps, step),
                }
            ),
        )


def _cautions(changes: Changes, effects: Sequence[TrustEffect], calibration: Calibration | None) -> list[str]:
    found = []
    n0 = len(changes.trusts) - changes.n_treated
    if changes.n_treated == 1:
        found.append(
            "a single treated trust says nothing about its own variance; it is taken to vary like the others"
        )
    else:
        found.append(
            f"the per-trust effects share the mean of the {n0} comparison trusts, which correlates them by "
            f"{1 / (n0 + 1):.3f}"
        )
    standing_out = [effect.trust for effect in effects if not effect.estimate.covers(0.0)]
    if standing_out and changes.n_treated > 1:
        chance = 1 - effects[0].estimate.level ** changes.n_treated
        found.append(
            f"single intervals exclude no effect for {', '.join(standing_out)}; among {changes.n_treated} "
            f"trusts at least one does so by chance in about {100 * chance:.0f}% of cases"
        )
    if calibration is None:
        found.append(
            f"{n0} comparison trusts allow too few placebo groups to tell how often this method cries wolf"
        )
    elif calibration.too_many or calibration.too_few:
        found.append(str(calibration))
    return found
