"""From fitted series to an effect result: trusts, pooled, placebos, horizons, path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.domain import Estimate, PValue, TrustEffect
from lean_impact.effects._rules import issue, raise_if_any
from lean_impact.effects._series import FittedSeries, Pool, interval
from lean_impact.effects._series_model import SeriesModel, counts_of
from lean_impact.effects._series_tables import coefficient_table, error_table, horizon_table
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import Needs, PanelArrays, arrays_of
from lean_impact.effects.calibration import PlaceboTests, calibrate, pretended_starts
from lean_impact.effects.gaps import WEIGHTING_WORDS, Weighting
from lean_impact.effects.levels import levels_of
from lean_impact.effects.parts import Path
from lean_impact.effects.result import EffectResult
from lean_impact.errors import Issue
from lean_impact.kernels.collapsed import t_p_value
from lean_impact.kernels.randomisation import draw_groups, rank_p
from lean_impact.kernels.segmented import SegmentedDesign, require_estimable
from lean_impact.kernels.segmented_fit import Contrasts, linear_contrasts
from lean_impact.kernels.t_mixture import t_quantile
from lean_impact.tables import Panel

__all__ = ["SeriesEstimator", "SeriesWorld", "estimate_series"]

_TINY = 1e-300
_DOUBTFUL = 0.01


class SeriesEstimator(Protocol):
    """An estimator that fits a segmented regression to series; a frozen dataclass."""

    @property
    def model(self) -> SeriesModel:
        """Its regression."""
        ...

    @property
    def against(self) -> bool:
        """Whether series are taken against the mean of the comparison trusts."""
        ...

    @property
    def title(self) -> str:
        """Its name."""
        ...

    @property
    def versus(self) -> str:
        """What the treated are compared with, in words."""
        ...

    @property
    def assumption(self) -> str:
        """What the default p-value rests on."""
        ...

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
        """Random placebo groups in the randomisation p-value."""
        ...

    @property
    def calibration_groups(self) -> int:
        """Placebo groups that tell how often the default test cries wolf."""
        ...

    @property
    def calibration_dates(self) -> int:
        """Pretended earlier starts."""
        ...

    @property
    def seed(self) -> int:
        """Root of everything random."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesWorld:
    """The figures as series, with the regression that is fitted to them.

    Attributes
    ----------
    arrays : PanelArrays
        Figures.
    model : SeriesModel
        Regression.
    against : bool
        Whether series are taken against the mean of the comparison trusts.
    """

    arrays: PanelArrays
    model: SeriesModel
    against: bool

    def design(self, start: int) -> SegmentedDesign:
        """Build the design for a start, given as a position among the periods."""
        arrays = self.arrays
        return self.model.design(
            arrays.time,
            first=int(arrays.time[start]),
            frequency=arrays.measure.frequency,
            origin=arrays.periods[0],
        )

    @property
    def beside(self) -> np.ndarray:
        """What series are taken against, shape (n_periods,)."""
        if not self.against:
            return np.zeros(self.arrays.n_periods)
        mean: np.ndarray = self.arrays.comparison.mean(axis=1)
        return mean

    def fitted(self, columns: np.ndarray, start: int, *, beside: np.ndarray) -> list[FittedSeries]:
        """Fit trusts, given by position, that share a start.

        Raises
        ------
        ValueError
            If one cannot be fitted.
        """
        arrays, design, first = self.arrays, self.design(start), int(self.arrays.time[start])
        after = np.arange(arrays.n_periods) >= start
        if not self.model.counts:
            y = arrays.values[:, columns] - beside.reshape(arrays.n_periods, -1)
            names = tuple(arrays.trusts[at] for at in columns)
            return list(self.model.series_of_values(y, design, names=names, after=after, first=first))
        counts, exposure = counts_of(arrays.measure, arrays.numerators, arrays.denominators, arrays.values)
        return [
            self.model.series_of_counts(
                counts[:, at], exposure[:, at], design, name=arrays.trusts[at], after=after, first=first
            )
            for at in columns
        ]

    def trusts(self) -> list[FittedSeries]:
        """Fit every treated trust.

        Raises
        ------
        DesignError
            With one issue for each trust that cannot be fitted.
        """
        found: dict[int, FittedSeries] = {}
        problems: list[Issue] = []
        for start, members in self.arrays.cohorts:
            try:
                found |= zip(members.tolist(), self.fitted(members, start, beside=self.beside), strict=True)
            except ValueError:
                problems += self._unfit(members, start)
        raise_if_any(self.arrays.measure, problems)
        return [found[at] for at in range(self.arrays.n_treated)]

    def _unfit(self, members: np.ndarray, start: int) -> Iterator[Issue]:
        """Fit trusts one by one and tell which of them cannot be fitted."""
        for at in members:
            try:
                self.fitted(np.array([at]), start, beside=self.beside)
            except ValueError as error:
                yield issue("not-estimable", self.arrays.trusts[at], f"cannot be fitted: {_plain(error)}")

    def pool(self, trusts: list[FittedSeries], weights: np.ndarray) -> Pool:
        """Pool the treated: the mean series where they start together, else the trusts' own effects.

        Raises
        ------
        DesignError
            If the mean series cannot be fitted.
        """
        arrays = self.arrays
        if self.model.counts or len(arrays.cohorts) > 1 or len(trusts) == 1:
            return Pool(members=trusts, weights=weights)
        start = arrays.cohorts[0][0]
        y = (arrays.treated @ weights - self.beside)[:, None]
        try:
            (mean,) = self.model.series_of_values(
                y,
                self.design(start),
                names=("",),
                after=np.arange(arrays.n_periods) >= start,
                first=int(arrays.time[start]),
            )
        except ValueError as error:
            words = _plain(error)
            problem = Issue(
                rule="not-estimable", message=f"the mean of the treated trusts cannot be fitted: {words}"
            )
            raise_if_any(arrays.measure, [problem])
            raise
        return Pool(members=[mean], weights=np.ones(1))

    def of_groups(self, groups: np.ndarray, starts: np.ndarray) -> Contrasts:
        """Mean effect on groups of comparison trusts, arrays of shape (n_groups, 1).

        Parameters
        ----------
        groups : ndarray of int, shape (n_groups, n_members)
            Positions among the comparison trusts.
        starts : ndarray of int, shape (n_members,)
            Start of each member, positions among the periods.
        """
        if self.model.counts or len(np.unique(starts)) > 1:
            return self._of_groups_by_trust(groups, starts)
        start, others, size = int(starts[0]), self.arrays.comparison, groups.shape[1]
        sums = others[:, groups].sum(axis=2)
        y = sums / size
        if self.against:
            y = y - (others.sum(axis=1)[:, None] - sums) / (others.shape[1] - size)
        design = self.design(start)
        row = (design.matrix - design.without(0))[start:].mean(axis=0)
        return linear_contrasts(self.model.fit_values(y, design), row)

    def _of_groups_by_trust(self, groups: np.ndarray, starts: np.ndarray) -> Contrasts:
        """Pool the trusts' own effects; a trust is taken against all others, its fellows among them."""
        others, n0 = self.arrays.comparison, self.arrays.n_comparison
        beside = (others.sum(axis=1, keepdims=True) - others) / (n0 - 1) if self.against else self.beside
        columns = self.arrays.n_treated + np.arange(n0)
        fitted = {int(s): self.fitted(columns, int(s), beside=beside) for s in np.unique(starts)}
        weights = np.full(len(starts), 1 / len(starts))
        found = []
        for group in groups:
            pool = Pool(
                members=[fitted[int(s)][at] for s, at in zip(starts, group, strict=True)], weights=weights
            )
            found.append(pool.effect(pool.average))
        return Contrasts(*(np.concatenate([one[part] for one in found]) for part in range(3)))

    def tests(self, groups: np.ndarray, starts: np.ndarray, *, level: float) -> PlaceboTests:
        """Test groups of comparison trusts in the way that the treated are tested."""
        found = self.of_groups(groups, starts)
        t = found.estimate[:, 0] / np.sqrt(found.variance[:, 0])
        return PlaceboTests(
            p=t_p_value(t, found.df[:, 0]),
            covers=np.abs(t) <= t_quantile(0.5 + level / 2, found.df[:, 0]),
            by_construction=False,
        )

    def for_placebos(self) -> SeriesWorld:
        """Keep the comparison trusts that have every figure and can be fitted."""
        arrays = self.arrays
        columns = np.arange(arrays.n_treated, len(arrays.trusts))
        usable = [at for at in columns if self._usable(int(at))]
        keep = np.concatenate([np.arange(arrays.n_treated), np.array(usable, dtype=np.int64)])
        return replace(
            self,
            arrays=replace(
                arrays,
                trusts=tuple(arrays.trusts[at] for at in keep),
                values=arrays.values[:, keep],
                numerators=arrays.numerators[:, keep],
                denominators=arrays.denominators[:, keep],
                start=arrays.start[keep],
                transition=arrays.transition[:, keep],
                covariates=arrays.covariates[:, :, keep],
            ),
        )

    def _usable(self, at: int) -> bool:
        values = self.arrays.values[:, at]
        if np.isnan(values).any() or np.ptp(values) == 0:
            return False
        if not self.model.counts:
            return True
        try:
            for start, _ in self.arrays.cohorts:
                self.fitted(np.array([at]), start, beside=self.beside)
        except ValueError:
            return False
        return True

    def dates(self, wanted: int, needs: Needs) -> int:
        """Return how many pretended starts are asked: none where one of them leaves too little to fit."""
        if self.model.counts:
            return 0
        world = replace(self, arrays=self.arrays.until(int(self.arrays.start.min())))
        try:
            for start in pretended_starts(self.arrays, dates=wanted, needs=needs):
                design = world.design(start)
                require_estimable(design.matrix, design.names)
        except ValueError:
            return 0
        return wanted


def estimate_series(
    estimator: SeriesEstimator, needs: Needs, panel: Panel, adoption: AdoptionDesign
) -> EffectResult:
    """Run an estimator that fits segmented regressions, with inference and calibration.

    Raises
    ------
    DesignError
        If the figures do not allow it; lists every trust and reason.
    """
    arrays = arrays_of(panel, adoption, needs=needs)
    world = SeriesWorld(arrays=arrays, model=estimator.model, against=estimator.against)
    trusts = world.trusts()
    pool = world.pool(trusts, arrays.weights(estimator.weighting))
    level = estimator.level
    mean = pool.effect(pool.average)
    pooled = interval(mean, 0, level=level)
    for_groups, for_calibration = (
        np.random.default_rng(child) for child in np.random.SeedSequence(estimator.seed).spawn(2)
    )
    placebos = world.for_placebos()
    calibration, dates = calibrate(
        lambda at, groups, starts: replace(placebos, arrays=at).tests(groups, starts, level=level),
        placebos.arrays,
        level=level,
        groups=estimator.calibration_groups,
        dates=placebos.dates(estimator.calibration_dates, needs),
        needs=needs,
        rng=for_calibration,
    )
    method = f"{estimator.title}: {estimator.model.words(arrays.measure.frequency)}"
    own = () if calibration is None or calibration.as_promised else (str(calibration),)
    errors = error_table(trusts, pool)
    tables = {
        "coefficients": coefficient_table(trusts, pool, level=level),
        "errors": errors,
        "horizons": horizon_table(pool, beside=world.beside, level=level),
    }
    return EffectResult(
        measure=arrays.measure,
        method=method,
        adoption=adoption,
        n_pre=int(arrays.start[: arrays.n_treated].min()),
        n_post=arrays.n_periods - int(arrays.start[: arrays.n_treated].min()),
        treated=arrays.trusts[: arrays.n_treated],
        comparison=arrays.trusts[arrays.n_treated :],
        levels=levels_of(arrays),
        effects=tuple(_trust_effects(trusts, estimator)),
        pooled=pooled,
        weighting=WEIGHTING_WORDS[estimator.weighting],
        p_values=(
            _p_value(mean, estimator.assumption),
            *_rank(placebos, pooled.value, draws=estimator.draws, rng=for_groups),
        ),
        calibration=calibration,
        placebo_margins=(),
        changes=None,
        path=_path(world, pool, estimator),
        relative=_relative(pool, world.beside, level=level),
        tables=tables if dates is None else tables | {"placebo-dates": dates},
        cautions=(*arrays.cautions, *_cautions(estimator, arrays, trusts, errors), *own),
        provenance=arrays.provenance.model_copy(
            update={
                "version": __version__,
                "parameters": {key: str(value) for key, value in asdict(estimator).items()},  # type: ignore[call-overload]
                "seed": estimator.seed,
                "steps": (*arrays.provenance.steps, f"{estimator.title} of {adoption.measure}"),
            }
        ),
    )


def _plain(error: ValueError) -> str:
    """Take out of a message the number of the only series that there is."""
    return str(error).removeprefix("series 0: ").removesuffix(": series 0")


def _p_value(found: Contrasts, assumption: str) -> PValue:
    t, df = found.estimate[0, 0] / np.sqrt(found.variance[0, 0]), float(found.df[0, 0])
    return PValue(
        value=max(float(t_p_value(t, df)), _TINY),
        smallest=0.0,
        method=f"t test of the mean effect over the periods with the programme, {df:.1f} degrees of freedom",
        assumption=assumption,
    )


def _trust_effects(trusts: list[FittedSeries], estimator: SeriesEstimator) -> Iterator[TrustEffect]:
    for one in trusts:
        alone = Pool(members=[one], weights=np.ones(1))
        found = alone.effect(alone.average)
        yield TrustEffect(
            trust=one.name,
            estimate=interval(found, 0, level=estimator.level),
            p_value=_p_value(found, estimator.assumption),
        )


def _rank(world: SeriesWorld, value: float, *, draws: int, rng: np.random.Generator) -> tuple[PValue, ...]:
    """Rank the pooled effect among placebo groups, where there are comparison trusts enough."""
    arrays = world.arrays
    if arrays.n_comparison < arrays.n_treated + 2:
        return ()
    groups = draw_groups(arrays.n_comparison, arrays.n_treated, draws=draws, rng=rng, enumerate_up_to=draws)
    effects = world.of_groups(groups.members, arrays.start[: arrays.n_treated]).estimate[:, 0]
    rank = rank_p(value, effects, exact=False)
    return (
        PValue(
            value=rank.p,
            smallest=rank.smallest,
            method=f"rank among placebo groups of {arrays.n_treated} comparison trusts, same regression",
            assumption="the treated trusts are like a random group of the comparison trusts and vary as much; "
            "this allows for whatever happened to all trusts at the start",
            draws=None if groups.exact else len(groups.members),
        ),
    )


def _relative(pool: Pool, beside: np.ndarray, *, level: float) -> Estimate | None:
    found = pool.relative(pool.average, beside=beside)
    return interval(found, 0, level=level) if np.isfinite(found.variance).all() else None


def _path(world: SeriesWorld, pool: Pool, estimator: SeriesEstimator) -> Path:
    arrays, found = world.arrays, pool.without()
    margin = np.sqrt(found.variance[0]) * t_quantile(0.5 + estimator.level / 2, found.df[0])
    centre = found.estimate[0] + world.beside
    parts = (
        arrays.treated @ arrays.weights(estimator.weighting),
        centre,
        np.ones(arrays.n_periods, dtype=bool),
        centre - margin,
        centre + margin,
    )
    for part in parts:
        part.flags.writeable = False
    return Path(
        periods=arrays.periods,
        treated=parts[0],
        comparison=parts[1],
        used=parts[2],
        versus=estimator.versus,
        lower=parts[3],
        upper=parts[4],
    )


def _cautions(
    estimator: SeriesEstimator, arrays: PanelArrays, trusts: list[FittedSeries], errors: pd.DataFrame
) -> Iterator[str]:
    if not estimator.against:
        yield (
            "whatever else happened to the treated trusts at the start is taken for an effect; a controlled "
            "interrupted time series, or another comparison, allows for what happened to all"
        )
    if estimator.model.narrow:
        yield (
            "this fit gives intervals that are too narrow in short series of autocorrelated figures; "
            "fit='reml' does not"
        )
    bound = [one.name for one in trusts if one.fit.at_bound[0]]
    if bound:
        yield f"the autocorrelation ran into the bound of what is allowed for {', '.join(bound)}"
    doubtful = errors.loc[errors["breusch_godfrey_p"] < _DOUBTFUL, "series"].replace(
        "", "the mean of the treated"
    )
    if len(doubtful):
        yield f"autocorrelation is left in the residuals of {', '.join(doubtful)} (Breusch-Godfrey p < {_DOUBTFUL})"
    if len(arrays.cohorts) > 1:
        yield (
            "the treated trusts start at different times: the pooled effect is the mean of their own effects, each "
            "over its own periods with the programme"
        )
