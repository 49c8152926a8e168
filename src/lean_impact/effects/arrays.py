"""A panel as arrays for an estimator: who, when, before and after; or every reason why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from lean_impact.domain import Measure, Provenance, Window
from lean_impact.effects._calendar import beyond, ignored, inside, spans
from lean_impact.effects._rules import issue, raise_if_any, roles
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.errors import Issue
from lean_impact.tables import Panel
from lean_impact.tables.calendar import places_of

__all__ = ["Needs", "PanelArrays", "arrays_of"]

Holes = Literal["keep", "leave out periods"]
"""What is done where a treated trust has no figure: kept as NaN, or the period is left out for everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an estimator asks of a panel.

    Attributes
    ----------
    comparison : int
        Comparison trusts that it needs at least.
    before, after : int
        Periods that each treated trust needs at least before its start and after it has settled.
    counts : bool
        Whether it needs numerators and denominators.
    holes : {"keep", "leave out periods"}
        What is done where a treated trust has no figure.
    comparison_holes : bool
        Whether comparison trusts may have gaps.
    together : bool
        Whether all treated trusts must start together.
    """

    comparison: int = 2
    before: int = 2
    after: int = 1
    counts: bool = False
    holes: Holes = "leave out periods"
    comparison_holes: bool = False
    together: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelArrays:
    """One measure of a panel as arrays, treated trusts first.

    Attributes
    ----------
    measure : Measure
        What is measured.
    adoption : AdoptionDesign
        The design.
    trusts : tuple of str, length n_trusts
        Treated trusts in the order of the design, then comparison trusts sorted by code.
    n_treated : int
        How many of them are treated.
    periods : ndarray of datetime64[D], shape (n_periods,)
        First day of each period that is used by anybody.
    time : ndarray of int, shape (n_periods,)
        Place of each period on the calendar, counted from 0; left-out periods keep their place.
    values : ndarray of float64, shape (n_periods, n_trusts)
        In the unit of the measure; NaN where there is no figure and in a trust's transition.
    numerators, denominators : ndarray of float64, shape (n_periods, n_trusts)
        Counts, NaN where there are none.
    start : ndarray of int, shape (n_trusts,)
        Position in `periods` of the first with the programme in effect; n_periods for a comparison trust.
    transition : ndarray of bool, shape (n_periods, n_trusts)
        Cells between the start of a trust and the period from which it counts as in effect.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_trusts)
        Other measures of the panel, NaN where there is no figure.
    cautions : tuple of str
        What was left out.
    provenance : Provenance
        Origin of the figures.
    """

    measure: Measure
    adoption: AdoptionDesign
    trusts: tuple[str, ...]
    n_treated: int
    periods: np.ndarray
    time: np.ndarray
    values: np.ndarray
    numerators: np.ndarray
    denominators: np.ndarray
    start: np.ndarray
    transition: np.ndarray
    covariates: np.ndarray
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return len(self.periods)

    @property
    def n_comparison(self) -> int:
        """Number of comparison trusts."""
        return len(self.trusts) - self.n_treated

    @property
    def treated(self) -> np.ndarray:
        """Values of the treated trusts, shape (n_periods, n_treated)."""
        return self.values[:, : self.n_treated]

    @property
    def comparison(self) -> np.ndarray:
        """Values of the comparison trusts, shape (n_periods, n_comparison)."""
        return self.values[:, self.n_treated :]

    @property
    def after(self) -> np.ndarray:
        """Cells with the programme in effect, shape (n_periods, n_trusts), boolean."""
        mask: np.ndarray = np.arange(self.n_periods)[:, None] >= self.start
        return mask

    @property
    def before(self) -> np.ndarray:
        """Cells before the programme (all cells of comparison trusts), shape (n_periods, n_trusts), boolean."""
        mask: np.ndarray = ~self.after & ~self.transition
        return mask

    @property
    def cohorts(self) -> tuple[tuple[int, np.ndarray], ...]:
        """Pairs of start and positions of the treated trusts that have it, by start."""
        starts = self.start[: self.n_treated]
        return tuple((int(s), np.flatnonzero(starts == s)) for s in np.unique(starts))

    def weights(self, weighting: Literal["equal", "denominator"]) -> np.ndarray:
        """Return the weight of each treated trust in what is pooled; they add up to 1.

        Parameters
        ----------
        weighting : {"equal", "denominator"}
            The same for each, or in proportion to its denominators before the programme.

        Returns
        -------
        ndarray of float64, shape (n_treated,)
        """
        if weighting == "equal":
            return np.full(self.n_treated, 1.0 / self.n_treated)
        mine = slice(0, self.n_treated)
        size = np.nansum(np.where(self.before[:, mine], self.denominators[:, mine], 0.0), axis=0)
        shares: np.ndarray = size / size.sum()
        return shares

    def with_starts(self, start: np.ndarray) -> Self:
        """Pretend that the treated trusts started at other times.

        Parameters
        ----------
        start : ndarray of int, shape (n_treated,)
            Positions in `periods`.

        Returns
        -------
        PanelArrays
        """
        return replace(self, start=np.concatenate([start, np.full(self.n_comparison, self.n_periods)]))

    def until(self, end: int) -> Self:
        """Keep the periods before a position; starts after it become its end."""
        return replace(
            self,
            periods=self.periods[:end],
            time=self.time[:end],
            values=self.values[:end],
            numerators=self.numerators[:end],
            denominators=self.denominators[:end],
            start=np.minimum(self.start, end),
            transition=self.transition[:end],
            covariates=self.covariates[:, :end],
        )


def arrays_of(
    panel: Panel, adoption: AdoptionDesign, *, needs: Needs, covariates: Sequence[str] = ()
) -> PanelArrays:
    """Turn a panel into arrays for an estimator.

    Parameters
    ----------
    panel : Panel
        Figures of all trusts.
    adoption : AdoptionDesign
        Who is compared with whom, on what and when.
    needs : Needs
        What the estimator asks of the figures.
    covariates : sequence of str
        Identifiers of further measures of the panel, of the same frequency.

    Returns
    -------
    PanelArrays

    Raises
    ------
    DesignError
        With one issue for each trust that cannot be used, and why.
    """
    measure = panel.measure(adoption.measure)
    for covariate in covariates:
        panel.measure(covariate)
    wide = panel.wide(adoption.measure)
    raise_if_any(
        measure,
        [
            *roles(adoption, figures=set(wide.columns), fewest_comparison=needs.comparison),
            *(_together(adoption) if needs.together else ()),
        ],
    )
    reader = _Reader(panel=panel, adoption=adoption, measure=measure, needs=needs)
    arrays = reader.read(wide.index.to_numpy().astype("datetime64[D]"), covariates)
    raise_if_any(measure, reader.problems(arrays))
    return reader.without_holes(arrays)


def _together(adoption: AdoptionDesign) -> Iterator[Issue]:
    if not adoption.together:
        when = ", ".join(f"{start.trust} {start.first}" for start in adoption.starts)
        yield Issue(
            rule="different-starts",
            message=f"the treated trusts start at different times ({when}), which this estimator does not "
            "allow; use one for staggered adoption, such as ImputationDifferenceInDifferences",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    panel: Panel
    adoption: AdoptionDesign
    measure: Measure
    needs: Needs

    def named(self, periods: np.ndarray) -> str:
        return spans(periods, frequency=self.measure.frequency)

    def matrix(
        self, measure: str, column: Literal["value", "numerator", "denominator"], periods: np.ndarray
    ) -> np.ndarray:
        trusts = [*self.adoption.treated, *sorted(self.adoption.comparison)]
        wide = self.panel.wide(measure, column).reindex(index=periods, columns=trusts)
        values: np.ndarray = wide.to_numpy(dtype="float64", copy=True)
        return values

    def read(self, calendar: np.ndarray, covariates: Sequence[str]) -> PanelArrays:
        adoption, frequency = self.adoption, self.measure.frequency
        within = inside(calendar, adoption.window, frequency=frequency)
        out = ignored(calendar, adoption.ignore, frequency=frequency)
        settling = self._transition(calendar)
        n_treated = len(adoption.starts)
        # A period that is transition for every treated trust is used by nobody.
        nobody = np.asarray(settling.all(axis=1) & (n_treated > 0))
        used = within & ~out & ~nobody
        periods = calendar[used]
        values, numerators, denominators = (
            self.matrix(adoption.measure, column, periods) for column in ("value", "numerator", "denominator")
        )
        transition = np.zeros(values.shape, dtype=bool)
        transition[:, :n_treated] = settling[used]
        values[transition] = np.nan
        for counts in (numerators, denominators):
            counts[np.isnan(values)] = np.nan
        return PanelArrays(
            measure=self.measure,
            adoption=adoption,
            trusts=(*adoption.treated, *sorted(adoption.comparison)),
            n_treated=n_treated,
            periods=periods,
            time=places_of(periods, self.measure.frequency),
            values=values,
            numerators=numerators,
            denominators=denominators,
            start=self._starts(periods, values.shape[1]),
            transition=transition,
            covariates=np.array([self.matrix(name, "value", periods) for name in covariates]).reshape(
                len(covariates), *values.shape
            ),
            cautions=tuple(self._left_out(calendar, within, out, nobody)),
            provenance=self.panel.provenance,
        )

    def _starts(self, periods: np.ndarray, n_trusts: int) -> np.ndarray:
        start = np.full(n_trusts, len(periods))
        for at, item in enumerate(self.adoption.starts):
            start[at] = np.searchsorted(periods, np.datetime64(item.settled))
        return start

    def _transition(self, calendar: np.ndarray) -> np.ndarray:
        """Mark, for each treated trust, periods that are neither wholly before nor wholly after."""
        marks = np.zeros((len(calendar), len(self.adoption.starts)), dtype=bool)
        for at, item in enumerate(self.adoption.starts):
            before, after = (
                inside(calendar, window, frequency=self.measure.frequency)
                for window in (
                    Window(start=self.adoption.window.start, end=item.first),
                    Window(start=item.settled, end=self.adoption.window.end),
                )
            )
            marks[:, at] = ~before & ~after
        return marks

    def _left_out(
        self, calendar: np.ndarray, within: np.ndarray, out: np.ndarray, nobody: np.ndarray
    ) -> Iterator[str]:
        frequency = self.measure.frequency
        yield from beyond(calendar, self.adoption.window, frequency=frequency)
        if (within & nobody & ~out).any():
            yield f"left out as transition: {self.named(calendar[within & nobody & ~out])}"
        if (within & out).any():
            touching = (
                e for e in self.adoption.ignore if ignored(calendar[within], [e], frequency=frequency).any()
            )
            reasons = "; ".join(exclusion.reason for exclusion in touching)
            yield f"left out for every trust: {self.named(calendar[within & out])} ({reasons})"

    def problems(self, arrays: PanelArrays) -> Iterator[Issue]:
        """Yield every reason why these figures do not do."""
        if not arrays.n_periods:
            have = self.panel.wide(self.measure.id).index.to_numpy().astype("datetime64[D]")
            yield Issue(
                rule="empty-window",
                message=f"no whole period lies in the window; the panel has {self.named(have)}; move the window",
            )
            return
        there = ~np.isnan(arrays.values)
        for at, trust in enumerate(arrays.trusts):
            if at < arrays.n_treated:
                yield from self._too_short(arrays, there, at)
            elif not there[:, at].any():
                yield issue("no-figures", trust, "is a comparison trust without any figure in the window")
            elif not self.needs.comparison_holes and not there[:, at].all():
                words = (
                    f"is a comparison trust with gaps ({self.named(arrays.periods[~there[:, at]])}); leave it out, "
                    "or ignore those for everybody"
                )
                yield issue("incomplete-comparison", trust, words)
            if self.needs.counts:
                yield from self._uncounted(arrays, there, at)

    def _too_short(self, arrays: PanelArrays, there: np.ndarray, at: int) -> Iterator[Issue]:
        for name, mask, fewest in (
            ("before", arrays.before[:, at], self.needs.before),
            ("after", arrays.after[:, at], self.needs.after),
        ):
            have = int((mask & there[:, at]).sum())
            if have < fewest:
                words = (
                    f"is treated but has {have} of {int(mask.sum())} figures {name} its start; at least {fewest} "
                    f"{'is' if fewest == 1 else 'are'} needed"
                )
                yield issue("no-figures" if have == 0 else "too-few-periods", arrays.trusts[at], words)

    def _uncounted(self, arrays: PanelArrays, there: np.ndarray, at: int) -> Iterator[Issue]:
        known = np.isfinite(arrays.numerators[:, at]) & (arrays.denominators[:, at] > 0)
        missing = there[:, at] & ~known
        if missing.any():
            words = f"has values without numerator and denominator ({self.named(arrays.periods[missing])})"
            yield issue("no-counts", arrays.trusts[at], words)

    def without_holes(self, arrays: PanelArrays) -> PanelArrays:
        """Leave out, for everybody, the periods in which a treated trust has no figure, and say so."""
        mine = slice(0, arrays.n_treated)
        holes = np.isnan(arrays.values[:, mine]) & ~arrays.transition[:, mine]
        if self.needs.holes == "keep" or not holes.any():
            return replace(arrays, cautions=(*arrays.cautions, *self._told(arrays, holes)))
        keep = ~holes.any(axis=1)
        start = np.array([int(keep[:s].sum()) for s in arrays.start])
        shorter = replace(
            arrays,
            periods=arrays.periods[keep],
            time=arrays.time[keep],
            values=arrays.values[keep],
            numerators=arrays.numerators[keep],
            denominators=arrays.denominators[keep],
            start=start,
            transition=arrays.transition[keep],
            covariates=arrays.covariates[:, keep],
            cautions=(
                *arrays.cautions,
                (
                    f"left out for every trust because {self._who(arrays, holes)} no figure: "
                    f"{self.named(arrays.periods[~keep])}"
                ),
            ),
        )
        raise_if_any(self.measure, self.problems(shorter))
        return shorter

    def _who(self, arrays: PanelArrays, holes: np.ndarray) -> str:
        names = [arrays.trusts[at] for at in np.flatnonzero(holes.any(axis=0))]
        return f"{', '.join(names)} {'has' if len(names) == 1 else 'have'}"

    def _told(self, arrays: PanelArrays, holes: np.ndarray) -> Iterator[str]:
        for at in np.flatnonzero(holes.any(axis=0)):
            gaps = holes[:, at]
            yield (
                f"{arrays.trusts[at]} has no figure for {self.named(arrays.periods[gaps])} ({gaps.sum()} of "
                f"{len(gaps)} periods) and is judged on the rest"
            )
