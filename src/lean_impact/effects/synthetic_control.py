"""Synthetic control: each treated trust against a weighted average of comparison trusts that resembled it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from lean_impact.effects._conformal import conformal_tests
from lean_impact.effects._donors import Block, BlockFit, gaps_of_fits
from lean_impact.effects._rules import issue, raise_if_any
from lean_impact.effects._settings import CommonSettings
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import Needs, PanelArrays
from lean_impact.effects.gaps import Gaps, estimate_from_gaps
from lean_impact.effects.result import EffectResult
from lean_impact.kernels.nested_control import (
    nested_control,
    predictor_matched_weights,
    standardise_predictors,
)
from lean_impact.kernels.simplex import simplex_weights
from lean_impact.kernels.synthetic_control import weighted_gaps
from lean_impact.tables import Panel

__all__ = ["SyntheticControl"]

_CANDIDATES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticControl(CommonSettings):
    r"""Compare each treated trust with the weighted comparison trusts that resembled it before.

    Parameters
    ----------
    intercept : bool, default False
        Allow a constant distance between a trust and its donors, so that only the course has to agree.
    predictors : tuple of str, default ()
        Measures whose means before the programme have to agree too (synthetic control with covariates). Their
        importance is chosen so that the outcome before is fitted best.
    outcome_blocks : int, default 3
        With predictors: how many stretches of the time before, equally long, give a mean outcome as predictor.
    fit_on : tuple of str, default ()
        Measures whose courses before the programme the weights are fitted on, each scaled by its spread,
        *instead of* the outcome. With the same choice for several outcomes, their weights are the same.
    conformal : bool, default True
        Add the conformal test and the debiased t-test of the pooled effect, where all start together.
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
    For treated trust i the weights :math:`w \ge 0, \sum w = 1` minimise the squared gaps
    :math:`\sum_{t < T_0} (y_{it} - \sum_j w_j y_{jt})^2`, to the optimum; of several optima that of the
    smallest norm. The effect on i is its mean gap after the start. Every comparison trust plays the treated
    one against the others in the same way.

    The p-value of one trust is the rank of its mean gap, divided by its root mean squared gap before, among
    these placebos. It rests on the noise of all trusts having the same shape; the size may differ. The
    pooled p-value and interval refer the mean effect to the spread of the trusts' own effects, with the
    donors' common share added, and survive treated trusts that are noisier or quieter than the others;
    they need two treated trusts. A conformal p-value of the mean path (moving blocks) rests on stationary
    gaps in time instead of on trusts.

    Without an effect the default 5 % test is claimed to reject in 3 to 7.5 % of panels: with five treated trusts, also
    if these are half or twice as noisy as the others, and with one that is as noisy as the others. A *single* treated
    trust of other noise is not covered: if it is quieter, what is left after is mostly its donors' noise and the test
    rejects too often; if noisier, as often or too seldom. What simulations found: :doc:`/explanation/estimators`.

    References
    ----------
    Abadie A, Diamond A, Hainmueller J (2010), Journal of the American Statistical Association 105:493-505.
    Doudchenko N, Imbens GW (2016), NBER working paper 22791 (intercept). Chernozhukov V, Wüthrich K, Zhu Y
    (2021), Journal of the American Statistical Association 116:1849-1864 (conformal).

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
    >>> result = SyntheticControl().estimate(Panel.from_frame(frame, measures=[stay]), adoption)
    >>> round(result.pooled.value, 3), result.tables["weights"]["weight"].round(3).tolist()
    (-2.0, [0.5, 0.5])
    """

    intercept: bool = False
    predictors: tuple[str, ...] = ()
    outcome_blocks: int = 3
    fit_on: tuple[str, ...] = ()
    conformal: bool = True

    def _rules(self) -> Iterable[tuple[bool, str]]:
        return (
            (self.outcome_blocks < 1, "outcome_blocks must be at least 1"),
            (bool(self.predictors and self.fit_on), "give predictors or fit_on, not both"),
            (
                self.intercept and bool(self.predictors),
                "an intercept does not go with predictors: give one or the other",
            ),
        )

    @property
    def method(self) -> str:
        """The estimator in words."""
        if self.predictors:
            return f"synthetic control matched on {', '.join(self.predictors)} and the outcome before"
        words = "synthetic control with intercept" if self.intercept else "synthetic control"
        return f"{words}, weights fitted on {', '.join(self.fit_on)}" if self.fit_on else words

    @property
    def needs(self) -> Needs:
        """What it asks of a panel."""
        return Needs(before=max(2, self.outcome_blocks) if self.predictors else 2)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Identifiers of further measures that it uses."""
        return (*self.predictors, *self.fit_on)

    def gaps(self, arrays: PanelArrays) -> Gaps:
        """Fit treated trusts and placebos.

        Parameters
        ----------
        arrays : PanelArrays
            Figures of the study.

        Returns
        -------
        Gaps
        """
        return gaps_of_fits(arrays, lambda block: self._fit(arrays, block), weighting=self.weighting)

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
            measure, n_effective_donors).

        Raises
        ------
        DesignError
            If the figures do not allow it; lists every trust and reason.
        """
        result = estimate_from_gaps(self, panel, adoption)
        if not self.conformal or not adoption.together or self.covariates:
            return result
        tests = conformal_tests(panel, adoption, estimator=self, prepare=lambda *_: self._refit)
        return replace(result, p_values=(*result.p_values, *tests))

    def _refit(self, path: np.ndarray, pool: np.ndarray, rows: np.ndarray) -> np.ndarray:
        if self.intercept:
            path, pool = path - path[rows].mean(), pool - pool[rows].mean(axis=0)
        gaps: np.ndarray = path - pool @ simplex_weights(pool[rows], path[rows])
        return gaps

    def _fit(self, arrays: PanelArrays, block: Block) -> BlockFit:
        if self.predictors:
            return self._matched(arrays, block)
        course, y = self._course(arrays, block), block.y
        if self.intercept:
            course = [part - part.mean(axis=0) for part in course]
            y = y - y[: block.start].mean(axis=0)
        stacked = np.vstack(course)
        weights = np.zeros((len(block.donors), len(block.targets)))
        for column, target in enumerate(block.targets):
            others = block.donors != target
            weights[others, column] = simplex_weights(stacked[:, block.donors[others]], stacked[:, target])
        return BlockFit(weighted_gaps(y, block.targets, block.donors, weights), weights, {})

    def _course(self, arrays: PanelArrays, block: Block) -> list[np.ndarray]:
        """Courses before the start that weights are fitted on: the outcome, or the measures asked for."""
        if not self.fit_on:
            return [block.y[: block.start]]
        parts = arrays.covariates[:, block.rows][:, : block.start]
        self._raise_if_missing(arrays, block, parts, "has no figure for", np.isnan(parts).any(axis=1))
        spread = parts[:, :, block.donors].std(axis=(1, 2))
        if not (spread > 0).all():
            names = ", ".join(name for name, size in zip(self.fit_on, spread, strict=True) if not size > 0)
            words = f"does not vary among the comparison trusts before the programme ({names})"
            raise_if_any(arrays.measure, [issue("no-spread", "a measure to fit on", words)])
        return list(parts / spread[:, None, None])

    def _matched(self, arrays: PanelArrays, block: Block) -> BlockFit:
        """Match predictors; their importance is chosen once, for the mean of the trusts that start together."""
        before = arrays.covariates[:, block.rows][:, : block.start]
        there = ~np.isnan(before)
        self._raise_if_missing(arrays, block, before, "has no figure at all for", ~there.any(axis=1))
        with np.errstate(invalid="ignore"):
            means = np.where(there, before, 0.0).sum(axis=1) / there.sum(axis=1)
        chunks = np.array_split(block.y[: block.start], self.outcome_blocks)
        predictors = np.vstack([means, *[chunk.mean(axis=0) for chunk in chunks]])
        y, predictors = (
            np.column_stack([array, array[:, block.members].mean(axis=1)]) for array in (block.y, predictors)
        )
        search = nested_control(
            y,
            y.shape[1] - 1,
            block.donors,
            start=block.start,
            predictors=predictors,
            rng=np.random.default_rng(self.seed),
            candidates=_CANDIDATES,
        )
        scaled = standardise_predictors(predictors, np.append(block.donors, y.shape[1] - 1))
        weights = np.zeros((len(block.donors), len(block.targets)))
        for column, target in enumerate(block.targets):
            others = block.donors != target
            weights[others, column] = predictor_matched_weights(
                scaled, int(target), block.donors[others], predictor_weights=search.predictor_weights
            )
        return BlockFit(weighted_gaps(block.y, block.targets, block.donors, weights), weights, {})

    def _raise_if_missing(
        self, arrays: PanelArrays, block: Block, parts: np.ndarray, words: str, missing: np.ndarray
    ) -> None:
        used = np.union1d(block.members, block.donors)
        raise_if_any(
            arrays.measure,
            [
                issue(
                    "incomplete-covariate",
                    arrays.trusts[trust],
                    f"{words} '{name}' in some of the {parts.shape[1]} periods before the programme",
                )
                for name, row in zip(self.covariates, missing, strict=True)
                for trust in used[row[used]]
            ],
        )
