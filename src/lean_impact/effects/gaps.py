"""From gaps between trusts and their counterfactuals to an effect with its uncertainty.

Every estimator that builds a counterfactual from comparison trusts does one thing of its own: it says what is left
of each treated trust, and of each comparison trust when it plays the treated one. What follows from these gaps is the
same for all of them, and stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.domain import Estimate, PValue, TrustEffect, Weighting
from lean_impact.effects._rules import raise_if_any
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import Needs, PanelArrays, arrays_of
from lean_impact.effects.calibration import PlaceboTests, calibrate
from lean_impact.effects.levels import levels_of
from lean_impact.effects.parts import EventStudy, Path
from lean_impact.effects.result import EffectResult
from lean_impact.errors import Issue
from lean_impact.kernels.collapsed import t_statistic
from lean_impact.kernels.few_treated import UnitTest, own_noise, pooled_test, unit_test
from lean_impact.kernels.randomisation import draw_groups, rank_p
from lean_impact.tables import Panel

__all__ = ["GapEstimator", "Gaps", "Weighting", "estimate_from_gaps", "placebo_tests", "pooled_of_gaps"]

_TINY = 1e-300
_ROUNDING = 1e-10
"""Gaps smaller than this share of the largest value are rounding."""
_FEWEST_FOR_VARIANCE = 2

WEIGHTING_WORDS: dict[Weighting, str] = {
    "equal": "treated trusts weighted equally",
    "denominator": "treated trusts weighted by their denominators before the programme",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gaps:
    """What is left of trusts after their counterfactual is taken away.

    Attributes
    ----------
    treated : ndarray of float64, shape (n_periods, n_treated)
        Value minus counterfactual, in the unit of the measure; NaN in holes and transitions.
    placebo : ndarray of float64, shape (n_cohorts, n_periods, n_comparison)
        The same for each comparison trust, compared with the other ones as if it had started with a cohort; in the
        order of :attr:`PanelArrays.cohorts`.
    share : float
        Sum over comparison trusts of their squared mean weight in the counterfactual of the treated: how much of one
        trust's own noise the pooled effect carries in common.
    placebo_share : float
        Mean over placebos of the sum of their squared donor weights.
    value : float or None
        Pooled effect where it is not the weighted mean of the trusts' own.
    tables : mapping of str to DataFrame
        What the estimator found besides, such as donor weights; with fixed columns.
    p_values : tuple of PValue
        Further tests of the pooled effect.
    event_study : EventStudy or None
        Effects by time since the start.
    cautions : tuple of str
        What the reader must know.
    """

    treated: np.ndarray
    placebo: np.ndarray
    share: float
    placebo_share: float
    value: float | None = None
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    p_values: tuple[PValue, ...] = ()
    event_study: EventStudy | None = None
    cautions: tuple[str, ...] = ()


class GapEstimator(Protocol):
    """An estimator that builds a counterfactual from comparison trusts; a frozen dataclass."""

    @property
    def weighting(self) -> Weighting:
        """How treated trusts are pooled."""
        ...

    @property
    def level(self) -> float:
        """Coverage of every interval."""
        ...

    @property
    def draws(self) -> int:
        """Random placebo groups in the randomisation p-values."""
        ...

    @property
    def calibration_groups(self) -> int:
        """Placebo groups that tell how often the default test cries wolf."""
        ...

    @property
    def calibration_dates(self) -> int:
        """Pretended earlier starts at which they are asked again."""
        ...

    @property
    def seed(self) -> int:
        """Root of everything random."""
        ...

    @property
    def method(self) -> str:
        """The estimator in words, with the choices that matter."""
        ...

    @property
    def needs(self) -> Needs:
        """What it asks of a panel."""
        ...

    @property
    def covariates(self) -> tuple[str, ...]:
        """Identifiers of further measures that it uses."""
        ...

    def gaps(self, arrays: PanelArrays) -> Gaps:
        """Return what is left of treated and placebo trusts."""
        ...


def estimate_from_gaps(estimator: GapEstimator, panel: Panel, adoption: AdoptionDesign) -> EffectResult:
    """Run an estimator that builds counterfactuals, with inference and calibration.

    Parameters
    ----------
    estimator : GapEstimator
        A frozen dataclass.
    panel : Panel
        Figures of all trusts.
    adoption : AdoptionDesign
        Who is compared with whom, on what and when.

    Returns
    -------
    EffectResult

    Raises
    ------
    DesignError
        If the figures do not allow it; lists every trust and reason.
    """
    arrays = arrays_of(panel, adoption, needs=estimator.needs, covariates=estimator.covariates)
    _raise_without_spread(arrays)
    gaps = estimator.gaps(arrays)
    weights = arrays.weights(estimator.weighting)
    for_groups, for_calibration = (
        np.random.default_rng(child) for child in np.random.SeedSequence(estimator.seed).spawn(2)
    )
    found = _Inference(arrays=arrays, gaps=gaps, weights=weights, level=estimator.level)
    effects, margins = found.by_trust()
    pooled, default = found.pooled(effects)
    further = found.randomised(draws=estimator.draws, rng=for_groups)
    calibration, dates = calibrate(
        lambda world, groups, starts: placebo_tests(estimator, world, groups, starts),
        arrays,
        level=estimator.level,
        groups=estimator.calibration_groups,
        dates=estimator.calibration_dates,
        needs=estimator.needs,
        rng=for_calibration,
    )
    known = {} if dates is None else {"placebo-dates": dates}
    own = () if calibration is None or calibration.as_promised else (str(calibration),)
    return EffectResult(
        measure=arrays.measure,
        method=estimator.method,
        adoption=adoption,
        n_pre=int(arrays.start[: arrays.n_treated].min()),
        n_post=arrays.n_periods - int(arrays.start[: arrays.n_treated].min()),
        treated=arrays.trusts[: arrays.n_treated],
        comparison=arrays.trusts[arrays.n_treated :],
        levels=levels_of(arrays),
        effects=effects,
        pooled=pooled,
        weighting=WEIGHTING_WORDS[estimator.weighting],
        p_values=(default, *further, *gaps.p_values),
        calibration=calibration,
        placebo_margins=margins,
        changes=None,
        path=_path(arrays, gaps),
        tables={**gaps.tables, **known},
        event_study=gaps.event_study,
        cautions=(*arrays.cautions, *gaps.cautions, *_cautions(arrays), *own),
        provenance=arrays.provenance.model_copy(
            update={
                "version": __version__,
                "parameters": {key: str(value) for key, value in asdict(estimator).items()},  # type: ignore[call-overload]
                "seed": estimator.seed,
                "steps": (
                    *arrays.provenance.steps,
                    (
                        f"{estimator.method}: {adoption.measure}, {arrays.n_treated} treated against "
                        f"{arrays.n_comparison} comparison trusts"
                    ),
                ),
            }
        ),
    )


def pooled_of_gaps(estimator: GapEstimator, arrays: PanelArrays) -> Estimate:
    """Return the pooled effect with its default interval straight from arrays, and nothing else.

    Parameters
    ----------
    estimator : GapEstimator
        The estimator.
    arrays : PanelArrays
        Figures of a study.

    Returns
    -------
    Estimate
        The same as :attr:`EffectResult.pooled` of :func:`estimate_from_gaps`.
    """
    found = _Inference(
        arrays=arrays,
        gaps=estimator.gaps(arrays),
        weights=arrays.weights(estimator.weighting),
        level=estimator.level,
    )
    return found.pooled(found.by_trust()[0])[0]


def placebo_tests(
    estimator: GapEstimator, arrays: PanelArrays, groups: np.ndarray, starts: np.ndarray
) -> PlaceboTests:
    """Apply the default test of a gap estimator to groups of comparison trusts.

    Parameters
    ----------
    estimator : GapEstimator
        The estimator.
    arrays : PanelArrays
        Figures; the true treated are not looked at.
    groups : ndarray of int, shape (n_groups, n_treated)
        Positions among the comparison trusts.
    starts : ndarray of int, shape (n_treated,)
        The start of each member.

    Returns
    -------
    PlaceboTests

    Notes
    -----
    Each placebo trust is compared with all other comparison trusts, its fellow members among them; fitting every
    group again without them would change little and take a thousand times as long.
    """
    world = arrays.with_starts(starts)
    gaps = estimator.gaps(world)
    found = _Inference(
        arrays=world, gaps=gaps, weights=np.full(len(starts), 1.0 / len(starts)), level=estimator.level
    )
    return found.of_groups(groups)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Inference:
    arrays: PanelArrays
    gaps: Gaps
    weights: np.ndarray
    level: float

    @property
    def _floor(self) -> float:
        return _ROUNDING * float(np.nanmax(np.abs(self.arrays.values)))

    def _effects(self) -> np.ndarray:
        after = self.arrays.after[:, : self.arrays.n_treated]
        effects: np.ndarray = np.nanmean(np.where(after, self.gaps.treated, np.nan), axis=0)
        return effects

    def _scales(self) -> np.ndarray:
        before = self.arrays.before[:, : self.arrays.n_treated]
        size = np.sqrt(np.nanmean(np.where(before, self.gaps.treated, np.nan) ** 2, axis=0))
        scales: np.ndarray = np.maximum(size, self._floor)
        return scales

    def _placebos(self) -> tuple[np.ndarray, np.ndarray]:
        """Effects and scales of placebos, each of shape (n_cohorts, n_comparison)."""
        effects = np.array(
            [
                np.nanmean(gap[start:], axis=0)
                for gap, (start, _) in zip(self.gaps.placebo, self.arrays.cohorts, strict=True)
            ]
        )
        scales = np.array(
            [
                np.sqrt(np.nanmean(gap[:start] ** 2, axis=0))
                for gap, (start, _) in zip(self.gaps.placebo, self.arrays.cohorts, strict=True)
            ]
        )
        return effects, np.maximum(scales, self._floor)

    @property
    def _cohort_of(self) -> np.ndarray:
        cohort = np.zeros(self.arrays.n_treated, dtype=np.intp)
        for at, (_, members) in enumerate(self.arrays.cohorts):
            cohort[members] = at
        return cohort

    def _donors(self, placebos: np.ndarray) -> tuple[float, float]:
        """Variance that the donors' shared noise adds to the pooled effect, and its degrees of freedom."""
        noise = np.mean([own_noise(row, squares=self.gaps.placebo_share) for row in placebos])
        return float(noise) * self.gaps.share, placebos.shape[1] - 1.0

    def by_trust(self) -> tuple[tuple[TrustEffect, ...], tuple[float, ...]]:
        """Effect on each treated trust by its studentised placebo rank, and half-widths of the intervals."""
        values, scales = self._effects(), self._scales()
        placebos, placebo_scales = self._placebos()
        shared = float(np.sqrt(self._donors(placebos)[0]))
        found: dict[int, tuple[TrustEffect, float]] = {}
        for cohort, (_, members) in enumerate(self.arrays.cohorts):
            test = unit_test(
                values[members],
                scales[members],
                placebos=placebos[cohort],
                placebo_scales=placebo_scales[cohort],
                level=self.level,
            )
            for place, at in enumerate(members):
                found[int(at)] = self._trust_effect(int(at), float(values[at]), test, place, shared)
        ordered = [found[at] for at in range(self.arrays.n_treated)]
        return tuple(effect for effect, _ in ordered), tuple(margin for _, margin in ordered)

    def _trust_effect(
        self, at: int, value: float, test: UnitTest, place: int, shared: float
    ) -> tuple[TrustEffect, float]:
        margin = float(test.margin[place])
        estimate = Estimate(
            value=value,
            standard_error=float(test.standard_error[place]),
            lower=value - margin,
            upper=value + margin,
            level=self.level,
        )
        return TrustEffect(
            trust=self.arrays.trusts[at],
            estimate=estimate,
            p_value=self._unit_p(test, place),
            # The donors' noise moves every effect alike.
            shared_error=min(shared, estimate.standard_error),
        ), margin

    def _unit_p(self, test: UnitTest, place: int) -> PValue:
        n0 = self.arrays.n_comparison
        return PValue(
            value=max(float(test.p[place]), _TINY),
            smallest=test.smallest,
            method=f"studentised placebo rank among {n0} comparison trusts"
            if test.ranked
            else f"t test against the spread of {n0} studentised placebos",
            assumption="without the programme its gap after, in units of its gaps before, would have been one more "
            "draw from those of the comparison trusts",
        )

    def pooled(self, effects: tuple[TrustEffect, ...]) -> tuple[Estimate, PValue]:
        """Pooled effect with its default interval and p-value."""
        if self.arrays.n_treated < _FEWEST_FOR_VARIANCE:
            only = effects[0]
            if only.p_value is None:
                raise AssertionError("every trust has a p-value")
            return only.estimate, only.p_value
        own = self._effects()
        value = float(self.weights @ own) if self.gaps.value is None else self.gaps.value
        variance, df = self._donors(self._placebos()[0])
        test = pooled_test(
            np.array([value]),
            own[None, :],
            weights=self.weights,
            donor_variance=variance,
            donor_df=df,
            level=self.level,
        )
        margin = float(test.margin[0])
        estimate = Estimate(
            value=value,
            standard_error=float(test.standard_error[0]),
            lower=value - margin,
            upper=value + margin,
            level=self.level,
        )
        p = PValue(
            value=max(float(test.p[0]), _TINY),
            smallest=0.0,
            method="t test on the trusts' own effects, with the donors' share (Welch-Satterthwaite)",
            assumption="the trusts' effects vary independently around their mean and that mean is nearly normal; "
            "treated trusts may be noisier or quieter than the others",
        )
        return estimate, p

    def of_groups(self, groups: np.ndarray) -> PlaceboTests:
        """Test groups of placebo trusts in the way that :meth:`pooled` tests the treated."""
        placebos, scales = self._placebos()
        cohort = self._cohort_of
        drawn = placebos[cohort[None, :], groups]
        if groups.shape[1] < _FEWEST_FOR_VARIANCE:
            return self._single_placebos(placebos[0], scales[0], groups[:, 0])
        variance, df = self._donors(placebos)
        value = drawn @ self.weights
        test = pooled_test(
            value, drawn, weights=self.weights, donor_variance=variance, donor_df=df, level=self.level
        )
        return PlaceboTests(p=test.p, covers=np.abs(value) <= test.margin, by_construction=False)

    def _single_placebos(self, effects: np.ndarray, scales: np.ndarray, units: np.ndarray) -> PlaceboTests:
        p, covers = np.empty(len(units)), np.empty(len(units), dtype=bool)
        for at, unit in enumerate(units):
            others = np.arange(len(effects)) != unit
            test = unit_test(
                effects[[unit]],
                scales[[unit]],
                placebos=effects[others],
                placebo_scales=scales[others],
                level=self.level,
            )
            p[at], covers[at] = test.p[0], abs(effects[unit]) <= test.margin[0]
        return PlaceboTests(p=p, covers=covers, by_construction=True)

    def randomised(self, *, draws: int, rng: np.random.Generator) -> tuple[PValue, ...]:
        """Rank the pooled effect among groups of placebo trusts; none for a single treated trust."""
        n_treated, n0 = self.arrays.n_treated, self.arrays.n_comparison
        if n_treated < _FEWEST_FOR_VARIANCE or n0 < n_treated:
            return ()
        groups = draw_groups(n0, n_treated, draws=draws, rng=rng, enumerate_up_to=draws)
        placebos, _ = self._placebos()
        drawn = placebos[self._cohort_of[None, :], groups.members]
        own = self._effects()
        value = float(self.weights @ own) if self.gaps.value is None else self.gaps.value
        spread = np.sqrt(own.var(ddof=1)), np.sqrt(drawn.var(axis=1, ddof=1))
        means = drawn @ self.weights
        # An enumerated set of placebo groups does not hold the observed one, so both kinds add it.
        plain = rank_p(value, means, exact=False)
        student = rank_p(
            float(t_statistic(np.array(value), np.array(spread[0]))),
            t_statistic(means, spread[1]),
            exact=False,
        )
        sampled = None if groups.exact else len(groups.members)
        return tuple(
            PValue(
                value=rank.p,
                smallest=rank.smallest,
                method=f"rank among placebo groups of {n_treated} comparison trusts, {name}",
                assumption=f"the treated trusts are like a random group of the comparison trusts{also}",
                draws=sampled,
            )
            for rank, name, also in (
                (student, "studentised", "; nearly right with unequal variances too"),
                (plain, "mean effect", " and vary as much as the others"),
            )
        )


def _raise_without_spread(arrays: PanelArrays) -> None:
    others = arrays.comparison
    moving = np.nanmax(np.abs(others - np.nanmean(others, axis=1, keepdims=True)), axis=0)
    flat = np.nanstd(others - np.nanmean(others, axis=0), axis=1).max() if others.shape[1] > 1 else 0.0
    if not moving.max() or flat <= 1e-14 * float(np.abs(others).max()):
        raise_if_any(
            arrays.measure,
            [
                Issue(
                    rule="no-spread",
                    message=f"the {arrays.n_comparison} comparison trusts moved exactly alike in every period; "
                    "without spread there is no measure of chance. Check that the figures are real",
                )
            ],
        )


def _path(arrays: PanelArrays, gaps: Gaps) -> Path:
    treated = arrays.treated
    path = Path(
        periods=arrays.periods,
        treated=treated.mean(axis=1),
        comparison=(treated - gaps.treated).mean(axis=1),
        used=np.ones(arrays.n_periods, dtype=bool),
        versus="the counterfactual",
    )
    for array in (path.treated, path.comparison, path.used):
        array.flags.writeable = False
    return path


def _cautions(arrays: PanelArrays) -> list[str]:
    if arrays.n_treated < _FEWEST_FOR_VARIANCE:
        words = (
            "a single treated trust says nothing about how effects differ between trusts; its noise is taken to have "
            "the same shape, though not the same size, as that of the others"
        )
        return [words]
    return []
