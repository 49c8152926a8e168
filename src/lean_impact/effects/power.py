"""Before the study: how large would an effect have to be to be seen in these figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lean_impact.domain import Estimate, Exclusion, Measure, Window, next_period
from lean_impact.effects._calendar import ignored, spans
from lean_impact.effects._placebo_worlds import Figures, quick_estimate, world_of
from lean_impact.effects._rules import check_settings, issue
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.parallel import run_tasks
from lean_impact.effects.power_result import PowerAnalysis
from lean_impact.effects.result import EffectEstimator, EffectResult
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels.power import Designs, detectable_effect, draw_designs
from lean_impact.tables import Panel

__all__ = ["PowerStudy"]

_FEWEST_STUDIES = 20
_BLOCK = 25
"""Placebo studies that a worker is sent at once."""
_NO_EXTRAS: dict[str, object] = {"calibration_groups": 1, "calibration_dates": 0, "draws": 1}
"""Settings of estimators that cost time and change neither estimate nor interval."""
_CAUTION = (
    "placebo studies overlap; the limits tell the error of drawing them, not that of having these trusts"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerStudy:
    r"""Run placebo studies on trusts without the programme to learn what a study could see.

    Parameters
    ----------
    estimator : EffectEstimator
        The estimator that the study will use. It must be one whose estimate moves by exactly the effect when an effect
        is added after the start, and whose interval keeps its width; the laws of
        :func:`lean_impact.testing.estimator_checks` say so. Settings that only concern further tests and calibration
        are turned down.
    offsets : tuple of int
        For each treated trust, the periods by which it adopts after the first one; (0, 0, 0, 0, 0) for five that start
        together.
    n_pre, n_post : int
        Periods of the study before and from the first adoption on.
    power : float, default 0.8
        Probability with which the detectable effect is seen.
    studies : int, default 400
        Placebo studies; at least 20.
    seed : int, default 0
        Root of everything random.

    Raises
    ------
    DesignError
        If a setting is impossible.

    Notes
    -----
    Each placebo study draws a group of trusts and a start at random, all other trusts being the comparison. Its
    estimate and half-width give the power at any effect: an effect e is seen where the estimate plus e exceeds the
    half-width. Placebo studies overlap, so that the Monte-Carlo limits, which treat them as independent, tell the
    error of drawing and not that of having these trusts and no others.

    References
    ----------
    Burlig F, Preonas L, Woerman M (2020), Journal of Development Economics 144:102458 (power from real panel data).

    Examples
    --------
    >>> from datetime import date
    >>> from lean_impact.domain import Measure
    >>> from lean_impact.effects import DifferenceInDifferences
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="year", unit="days")
    >>> noise = np.random.default_rng(1).normal(5, 0.5, (12, 20))
    >>> rows = [(f"C{j:02d}", f"{2000 + i}-01-01", noise[i, j]) for i in range(12) for j in range(20)]
    >>> panel = Panel.from_frame(pd.DataFrame(rows, columns=["trust", "period", "value"]).assign(
    ...     measure="stay", flag="published", source="demo"), measures=[stay])
    >>> study = PowerStudy(estimator=DifferenceInDifferences(aggregation="mean"), offsets=(0, 0, 0, 0),
    ...                    n_pre=5, n_post=4, studies=40, seed=1)
    >>> found = study.simulate(panel, measure="stay", trusts=[f"C{j:02d}" for j in range(20)])
    >>> found.n_draws, 0.2 < found.upwards.effect < 1.5
    (40, True)
    """

    estimator: EffectEstimator
    offsets: tuple[int, ...]
    n_pre: int
    n_post: int
    power: float = 0.8
    studies: int = 400
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(
            "PowerStudy",
            (
                (not self.offsets or min(self.offsets, default=1) != 0, "the smallest offset must be 0"),
                (self.n_pre < 1, "n_pre must be at least 1"),
                (
                    self.n_post <= max(self.offsets, default=0),
                    "n_post must reach beyond the largest offset, so that every trust has a period after its start",
                ),
                (not 0 < self.power < 1, "power must lie between 0 and 1, such as 0.8"),
                (self.studies < _FEWEST_STUDIES, f"studies must be at least {_FEWEST_STUDIES}"),
                (self.seed < 0, "seed must not be negative"),
            ),
        )

    def simulate(
        self,
        panel: Panel,
        *,
        measure: str,
        trusts: Sequence[str],
        ignore: Sequence[Exclusion] = (),
        n_jobs: int | None = None,
    ) -> PowerAnalysis:
        """Run the placebo studies.

        Parameters
        ----------
        panel : Panel
            Figures of trusts without the programme, or from before it.
        measure : str
            Identifier of the measure.
        trusts : sequence of str
            Trusts to draw from; complete over the panel's periods of the measure, ignored ones left out.
        ignore : sequence of Exclusion
            Periods left out for everybody; they do not count in `n_pre` and `n_post`.
        n_jobs : int or None
            Workers, see :func:`~lean_impact.effects.run_tasks`; they change no number.

        Returns
        -------
        PowerAnalysis

        Raises
        ------
        DesignError
            If trusts are unknown, repeated, too few or incomplete, there are too few periods, or the estimator refuses
            a placebo study.
        """
        known = panel.measure(measure)
        wide = panel.wide(measure)
        problems = [*_names(wide, known, trusts)]
        if problems:
            raise DesignError(f"no power for {known.name} can be found", problems)
        calendar = wide.index.to_numpy().astype("datetime64[D]")
        kept = ~ignored(calendar, ignore, frequency=known.frequency)
        periods = _complete(wide[kept], known, trusts)
        drawing, running = np.random.SeedSequence(self.seed).spawn(2)
        designs = self._designs(known, len(trusts), len(periods), np.random.default_rng(drawing))
        quick = without_extras(self.estimator, seed=int(running.generate_state(1)[0]))
        figures = Figures.of(panel, known, trusts, kept=kept, ignore=tuple(ignore))
        # The first study goes the whole way, so that the estimator can refuse what it cannot use.
        first = quick.estimate(panel, self._adoption(designs, 0, figures))
        blocks = np.array_split(np.arange(1, self.studies), -(-self.studies // _BLOCK))
        later = run_tasks(partial(self._block, quick, designs, figures), blocks, n_jobs=n_jobs)
        pooled = [first.pooled, *(each for block in later for each in block)]
        return self._analysis(first, pooled, known, len(trusts))

    def _block(
        self, estimator: EffectEstimator, designs: Designs, figures: Figures, block: np.ndarray
    ) -> list[Estimate]:
        return [self._pooled(estimator, designs, int(at), figures) for at in block]

    def _pooled(self, estimator: EffectEstimator, designs: Designs, at: int, figures: Figures) -> Estimate:
        adoption = self._adoption(designs, at, figures)
        world = world_of(
            figures, adoption, designs, at, offsets=self.offsets, n_pre=self.n_pre, n_post=self.n_post
        )
        quick = quick_estimate(estimator, world)
        return estimator.estimate(figures.panel, adoption).pooled if quick is None else quick

    def _designs(self, measure: Measure, n_trusts: int, n_periods: int, rng: np.random.Generator) -> Designs:
        try:
            return draw_designs(
                n_trusts,
                n_periods,
                offsets=np.array(self.offsets, dtype=int),
                n_pre=self.n_pre,
                n_post=self.n_post,
                draws=self.studies,
                rng=rng,
            )
        except ValueError as error:
            raise DesignError(f"no placebo studies of {measure.name} can be drawn: {error}") from error

    def _adoption(self, designs: Designs, at: int, figures: Figures) -> AdoptionDesign:
        start, members = int(designs.starts[at]), designs.members[at]
        days, trusts, measure = figures.periods.tolist(), figures.trusts, figures.measure
        chosen: dict[str, date | tuple[date, date]] = {
            trusts[int(member)]: days[start + offset]
            for member, offset in zip(members, self.offsets, strict=True)
        }
        return AdoptionDesign.staggered(
            measure=measure.id,
            starts=chosen,
            comparison=[code for code in trusts if code not in chosen],
            window=Window(
                start=days[start - self.n_pre],
                end=next_period(days[start + self.n_post - 1], measure.frequency),
            ),
            ignore=figures.ignore,
        )

    def _analysis(
        self, first: EffectResult, pooled: Sequence[Estimate], measure: Measure, n_trusts: int
    ) -> PowerAnalysis:
        estimates = np.array([each.value for each in pooled])
        # The longer side of an interval that is not symmetric: power is rather understated.
        sides = [(each.upper - each.value, each.value - each.lower) for each in pooled]
        margins = np.array(sides).max(axis=1)
        up, down = (detectable_effect(estimates, margins, power=self.power, sign=sign) for sign in (1, -1))
        step = f"power: {len(pooled)} placebo studies of {len(self.offsets)} among {n_trusts} trusts"
        return PowerAnalysis(
            measure=measure,
            method=first.method,
            n_trusts=n_trusts,
            offsets=self.offsets,
            n_pre=self.n_pre,
            n_post=self.n_post,
            level=first.pooled.level,
            target=self.power,
            estimates=estimates,
            margins=margins,
            upwards=up,
            downwards=down,
            cautions=(_CAUTION,),
            provenance=first.provenance.model_copy(
                update={"seed": self.seed, "steps": (*first.provenance.steps[:-1], step)}
            ),
        )


def without_extras(estimator: EffectEstimator, *, seed: int) -> EffectEstimator:
    """Turn down the settings of an estimator that change neither its estimate nor its interval."""
    config: object = estimator
    if not is_dataclass(config) or isinstance(config, type):
        return estimator
    names = {field.name for field in fields(config) if field.init}
    changes: dict[str, Any] = {name: value for name, value in _NO_EXTRAS.items() if name in names}
    if "seed" in names:
        changes["seed"] = seed
    changed: EffectEstimator = replace(config, **changes)  # type: ignore[assignment]
    return changed


def _names(wide: pd.DataFrame, measure: Measure, trusts: Sequence[str]) -> Iterator[Issue]:
    for code in dict.fromkeys(trusts):
        if list(trusts).count(code) > 1:
            yield issue("repeated-trust", code, "is named twice")
        if code not in wide.columns:
            yield issue("unknown-trust", code, f"has no row for '{measure.id}' in the panel")


def _complete(wide: pd.DataFrame, measure: Measure, trusts: Sequence[str]) -> np.ndarray:
    """Return the periods of the panel; every trust must have a figure in each."""
    periods: np.ndarray = wide.index.to_numpy().astype("datetime64[D]")
    holes = wide[list(trusts)].isna().to_numpy()
    problems = [
        issue("no-figures", code, f"has no figure for {spans(periods[gaps], frequency=measure.frequency)}")
        for code, gaps in zip(trusts, holes.T, strict=True)
        if gaps.any()
    ]
    if problems:
        raise DesignError(
            f"placebo studies of {measure.name} need complete figures; leave trusts out or take a shorter window",
            problems,
        )
    return periods
