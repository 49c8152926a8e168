"""Synthetic difference-in-differences: weighted comparison trusts and weighted periods before the programme."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lean_impact.domain import PValue
from lean_impact.effects._donors import (
    Block,
    BlockFit,
    blocks_of,
    gaps_of_fits,
)
from lean_impact.effects._rules import check_settings, common_settings
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import Needs, PanelArrays, arrays_of
from lean_impact.effects.gaps import Gaps, Weighting, estimate_from_gaps
from lean_impact.effects.result import EffectResult
from lean_impact.kernels.randomisation import draw_groups, rank_p
from lean_impact.kernels.synthetic_did import (
    SyntheticDiD,
    placebo_synthetic_did,
    synthetic_did,
    synthetic_did_of_each,
    unit_ridge,
)
from lean_impact.tables import Panel

__all__ = ["SyntheticDifferenceInDifferences"]

_SHOWN = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticDifferenceInDifferences:
    r"""Compare changes, with comparison trusts and periods weighted to resemble the treated and the time after.

    Parameters
    ----------
    placebo_groups : int, default 500
        Groups of comparison trusts, as many as there are treated trusts that start together, that are each fitted
        as a whole for the placebo p-value; all of them where there are no more. 0 leaves it out.
    weighting : {"equal", "denominator"}, default "equal"
        Pooled over treated trusts with equal weights, or by their denominators before the programme.
    level : float, default 0.95
        Coverage of every interval.
    draws : int, default 999
        Random placebo groups in the randomisation p-values, where there are too many to enumerate.
    calibration_groups : int, default 500
        Random placebo groups that tell how often the default test cries wolf.
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
    The pooled effect of trusts that start together is
    :math:`(\bar y_{post} - \sum_t \lambda_t y_t) - \sum_j \omega_j (\bar y_{j,post} - \sum_t \lambda_t y_{jt})`
    for their weighted mean y, with unit weights :math:`\omega` and time weights :math:`\lambda` on simplexes,
    solved to the optimum; constants of trusts and of periods drop out. With several starts it is done for each and
    pooled by trust. The effect on a single trust is the same estimate for that trust alone, so that the pooled
    effect is near to, but not quite, the mean of the trusts' own.

    Tests over trusts are those of :class:`SyntheticControl`, on the trusts' own estimates. The further placebo
    p-value fits whole groups of comparison trusts, as the authors propose; it rests on the treated trusts
    varying as much as the others, enumerates all groups where it can, and else states the number drawn. A single
    treated trust of other noise than the donors' is covered by none of these tests.

    The ridge of the authors grows with the spread of all changes from month to month, those that every trust shares
    among them; so a shared season moves the estimate a little, unlike that of plain difference-in-differences.

    Without an effect the default 5 % test is claimed to reject in 3 to 7.5 % of panels, but for a *single* treated
    trust that is noisier or quieter than the others. What simulations found: :doc:`/explanation/estimators`.

    References
    ----------
    Arkhangelsky D, Athey S, Hirshberg DA, Imbens GW, Wager S (2021), American Economic Review 111:4088-4118.

    Examples
    --------
    >>> from datetime import date
    >>> import pandas as pd
    >>> from lean_impact.domain import Measure, Window
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="year", unit="days")
    >>> courses = {"TR1": [5, 6, 5, 6, 3, 3], "CA1": [4, 5, 4, 5, 4, 4], "CA2": [6, 7, 6, 7, 6, 6],
    ...            "CA3": [9, 4, 6, 8, 9, 5]}
    >>> rows = [(trust, f"{2010 + t}-01-01", value) for trust, values in courses.items()
    ...         for t, value in enumerate(values)]
    >>> frame = pd.DataFrame(rows, columns=["trust", "period", "value"]).assign(
    ...     measure="stay", flag="published", source="demo")
    >>> adoption = AdoptionDesign.block(
    ...     measure="stay", treated=["TR1"], comparison=["CA1", "CA2", "CA3"],
    ...     pre=Window(start=date(2010, 1, 1), end=date(2014, 1, 1)),
    ...     post=Window(start=date(2014, 1, 1), end=date(2016, 1, 1)))
    >>> result = SyntheticDifferenceInDifferences().estimate(Panel.from_frame(frame, measures=[stay]), adoption)
    >>> round(result.pooled.value, 2)
    -2.0
    """

    placebo_groups: int = 500
    weighting: Weighting = "equal"
    level: float = 0.95
    draws: int = 999
    calibration_groups: int = 500
    calibration_dates: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(
            "SyntheticDifferenceInDifferences",
            (
                *common_settings(self),
                (self.placebo_groups < 0, "placebo_groups must not be negative"),
            ),
        )

    @property
    def method(self) -> str:
        """The estimator in words."""
        return "synthetic difference-in-differences"

    @property
    def needs(self) -> Needs:
        """What it asks of a panel."""
        return Needs(comparison=3, before=3)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Identifiers of further measures that it uses: none."""
        return ()

    def gaps(self, arrays: PanelArrays) -> Gaps:
        """Fit treated trusts, alone and together, and placebos.

        Parameters
        ----------
        arrays : PanelArrays
            Figures of the study.

        Returns
        -------
        Gaps
        """
        own = gaps_of_fits(arrays, _each, weighting=self.weighting)
        pooling = arrays.weights(self.weighting)
        fits = [(block, _together(block, pooling)) for block in blocks_of(arrays)]
        value = sum(float(pooling[block.members].sum()) * fit.estimate for block, fit in fits)
        tables = {
            **own.tables,
            "group-weights": _group_weights(arrays, fits),
            "time-weights": _time_weights(arrays, fits),
        }
        return replace(own, value=value, tables=tables)

    def estimate(self, panel: Panel, adoption: AdoptionDesign) -> EffectResult:
        """Estimate the effect on each treated trust and on all of them together.

        Parameters
        ----------
        panel : Panel
            Figures of all trusts.
        adoption : AdoptionDesign
            Who is compared with whom, on what and when.

        Returns
        -------
        EffectResult
            With the tables ``weights`` (trust, donor, weight) and ``fit`` (trust, pre_rmspe in the unit of the
            measure, n_effective_donors) of the trusts' own estimates, and ``group-weights`` (start, donor,
            weight) and ``time-weights`` (start, period, weight) of the pooled one.

        Raises
        ------
        DesignError
            If the figures do not allow it; lists every trust and reason.
        """
        result = estimate_from_gaps(self, panel, adoption)
        arrays = arrays_of(panel, adoption, needs=self.needs)
        return replace(result, p_values=(*result.p_values, *self._placebo_p(arrays, result.pooled.value)))

    def _placebo_p(self, arrays: PanelArrays, value: float) -> tuple[PValue, ...]:
        """Rank the pooled effect among groups of comparison trusts that are fitted as a whole."""
        size = arrays.n_treated
        if not self.placebo_groups or len(arrays.cohorts) > 1 or arrays.n_comparison < size + 2:
            return ()
        block = next(blocks_of(arrays))
        rng = np.random.default_rng(np.random.SeedSequence(self.seed).spawn(3)[2])
        groups = draw_groups(
            arrays.n_comparison,
            size,
            draws=self.placebo_groups,
            rng=rng,
            enumerate_up_to=self.placebo_groups,
        )
        gaps = placebo_synthetic_did(
            block.y,
            groups.members,
            block.donors,
            start=block.start,
            zeta=unit_ridge(block.y, block.donors, start=block.start, n_treated=size),
        )
        rank = rank_p(value, gaps[:, block.start :].mean(axis=1), exact=False)
        return (
            PValue(
                value=rank.p,
                smallest=rank.smallest,
                method=f"rank among {len(groups.members)} placebo groups of {size} comparison trusts, fitted as a "
                "whole",
                assumption="the treated trusts are like a random group of the comparison trusts and vary as much as "
                "the others",
                draws=None if groups.exact else len(groups.members),
            ),
        )


def _each(block: Block) -> BlockFit:
    gaps, weights = synthetic_did_of_each(block.y, block.targets, block.donors, start=block.start)
    return BlockFit(gaps, weights, {})


def _together(block: Block, pooling: np.ndarray) -> SyntheticDiD:
    shares = pooling[block.members] / pooling[block.members].sum()
    y = np.column_stack([block.y, block.y[:, block.members] @ shares])
    zeta = unit_ridge(block.y, block.donors, start=block.start, n_treated=len(block.members))
    return synthetic_did(y, np.array([y.shape[1] - 1]), block.donors, start=block.start, zeta=zeta)


def _group_weights(arrays: PanelArrays, fits: list[tuple[Block, SyntheticDiD]]) -> pd.DataFrame:
    rows = [
        (pd.Timestamp(block.first), arrays.trusts[block.donors[at]], float(fit.unit_weights[at]))
        for block, fit in fits
        for at in np.argsort(-fit.unit_weights, kind="stable")
        if fit.unit_weights[at] > _SHOWN
    ]
    return pd.DataFrame(rows, columns=["start", "donor", "weight"]).astype({"start": "datetime64[s]"})


def _time_weights(arrays: PanelArrays, fits: list[tuple[Block, SyntheticDiD]]) -> pd.DataFrame:
    rows = [
        (pd.Timestamp(block.first), pd.Timestamp(period), float(weight))
        for block, fit in fits
        for period, weight in zip(arrays.periods[block.rows], fit.time_weights, strict=False)
        if weight > _SHOWN
    ]
    frame = pd.DataFrame(rows, columns=["start", "period", "weight"])
    return frame.astype({"start": "datetime64[s]", "period": "datetime64[s]"})
