"""Collapse a panel to one level before and one after for each trust, or say of every trust why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lean_impact.domain import Measure, Weighting, Window
from lean_impact.effects._calendar import Split, beyond, ignored, spans, split
from lean_impact.effects._rules import issue, raise_if_any, roles
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.parts import Changes, Level, Path
from lean_impact.errors import Issue
from lean_impact.tables import Panel

__all__ = ["Aggregation", "Collapsed", "collapse"]

Aggregation = Literal["pooled", "mean"]
"""A trust's level: sum of numerators over sum of denominators, or mean of its periods."""

_FEWEST_COMPARISON = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Collapsed:
    """What :func:`collapse` hands over.

    Attributes
    ----------
    measure : Measure
        What is measured.
    changes : Changes
        One level before and after for each trust.
    levels : tuple of Level
        Naive levels of trusts and groups.
    path : Path
        Figures over time.
    n_pre, n_post : int
        Periods used.
    cautions : tuple of str
        What was left out.
    """

    measure: Measure
    changes: Changes
    levels: tuple[Level, ...]
    path: Path
    n_pre: int
    n_post: int
    cautions: tuple[str, ...]


def collapse(
    panel: Panel, *, design: AdoptionDesign, aggregation: Aggregation, weighting: Weighting
) -> Collapsed:
    """Turn the figures of treated and comparison trusts into one change each.

    Parameters
    ----------
    panel : Panel
        Figures of all trusts.
    design : AdoptionDesign
        Who is compared with whom, on what and when.
    aggregation : {"pooled", "mean"}
        How periods become a level.
    weighting : {"equal", "denominator"}
        How treated trusts are weighted.

    Returns
    -------
    Collapsed

    Raises
    ------
    DesignError
        With one issue for each trust that cannot be used, and why.
    """
    measure = panel.measure(design.measure)
    raise_if_any(
        measure,
        [
            *roles(
                design, figures=set(panel.wide(design.measure).columns), fewest_comparison=_FEWEST_COMPARISON
            ),
            *_together(design),
        ],
    )
    figures = _Figures.of(panel, measure, [*design.treated, *design.comparison])
    parts = split(
        figures.periods, frequency=measure.frequency, pre=design.pre, post=design.post, ignore=design.ignore
    )
    n_treated = len(design.treated)
    counts = aggregation == "pooled" or weighting == "denominator"
    raise_if_any(measure, [*_coverage(figures, parts, n_treated=n_treated, counts=counts)])
    before, after = (figures.levels(mask, aggregation) for mask in (parts.pre, parts.post))
    by_size = weighting == "denominator"
    weights = figures.total(figures.denominators, parts.pre) if by_size else np.ones(len(before))
    _freeze(before, after, weights)
    changes = Changes(trusts=figures.trusts, n_treated=n_treated, before=before, after=after, weights=weights)
    return Collapsed(
        measure=measure,
        changes=changes,
        levels=tuple(_naive(figures, parts, changes, aggregation)),
        path=_path(figures, parts, design),
        n_pre=int(parts.pre.sum()),
        n_post=int(parts.post.sum()),
        cautions=tuple(_cautions(figures, parts, design)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """Matrices of shape (n_periods, n_trusts), treated trusts first; counts are NaN where the value is."""

    measure: Measure
    trusts: tuple[str, ...]
    periods: np.ndarray
    values: np.ndarray
    numerators: np.ndarray
    denominators: np.ndarray

    @classmethod
    def of(cls, panel: Panel, measure: Measure, trusts: Sequence[str]) -> _Figures:
        wide = panel.wide(measure.id)
        values = wide[list(trusts)].to_numpy()
        numerators, denominators = (
            np.where(np.isnan(values), np.nan, panel.wide(measure.id, column)[list(trusts)].to_numpy())
            for column in ("numerator", "denominator")
        )
        return cls(
            measure=measure,
            trusts=tuple(trusts),
            periods=wide.index.to_numpy().astype("datetime64[D]"),
            values=values,
            numerators=numerators,
            denominators=denominators,
        )

    def total(self, counts: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Sum over some periods, shape (n_trusts,)."""
        totals: np.ndarray = np.nansum(counts[mask], axis=0)
        return totals

    def named(self, mask: np.ndarray | slice) -> str:
        """Name some periods for a reader."""
        return spans(self.periods[mask], frequency=self.measure.frequency)

    def levels(self, mask: np.ndarray, aggregation: Aggregation) -> np.ndarray:
        """Level of each trust over some periods, shape (n_trusts,)."""
        levels: np.ndarray = (
            np.nanmean(self.values[mask], axis=0)
            if aggregation == "mean"
            else self.total(self.numerators, mask) / self.total(self.denominators, mask)
        )
        return levels


def _together(design: AdoptionDesign) -> Iterator[Issue]:
    if not design.together:
        when = ", ".join(f"{start.trust} {start.first}" for start in design.starts)
        yield Issue(
            rule="different-starts",
            message=f"the treated trusts start at different times ({when}); one change a trust needs one "
            "start, so use an estimator for staggered adoption, such as ImputationDifferenceInDifferences",
        )


def _coverage(figures: _Figures, parts: Split, *, n_treated: int, counts: bool) -> Iterator[Issue]:
    have = f"the panel has {figures.named(slice(None))}"
    for name, mask in (("before", parts.pre), ("after", parts.post)):
        if not mask.any():
            yield Issue(
                rule="empty-window",
                message=f"no whole period lies in the window {name}; {have}; move the window",
            )
    used = parts.pre | parts.post
    for at, trust in enumerate(figures.trusts):
        there = ~np.isnan(figures.values[:, at])
        if at < n_treated:
            for name, mask in (("before", parts.pre), ("after", parts.post)):
                if mask.any() and not there[mask].any():
                    words = f"is treated but has no figure in the window {name}: {figures.named(mask)}"
                    yield issue("no-figures", trust, words)
        elif not there[used].all():
            gaps = figures.named(used & ~there)
            words = f"is a comparison trust with gaps ({gaps}); leave it out, or ignore those for everybody"
            yield issue("incomplete-comparison", trust, words)
        known = np.isfinite(figures.numerators[:, at]) & (figures.denominators[:, at] > 0)
        if counts and (uncounted := used & there & ~known).any():
            words = (
                f"has values without numerator and denominator ({figures.named(uncounted)}); "
                "use aggregation='mean' with equal weights"
            )
            yield issue("no-counts", trust, words)


def _freeze(*arrays: np.ndarray) -> None:
    for array in arrays:
        array.flags.writeable = False


def _naive(figures: _Figures, parts: Split, changes: Changes, aggregation: Aggregation) -> Iterator[Level]:
    own: Literal["sum", "mean"] = "sum" if aggregation == "pooled" else "mean"
    n_treated, n = changes.n_treated, len(changes.trusts)
    for at in range(n_treated):
        yield Level(
            group="trust",
            trust=changes.trusts[at],
            aggregation=own,
            n_trusts=1,
            before=float(changes.before[at]),
            after=float(changes.after[at]),
        )
    groups: tuple[tuple[Literal["treated", "comparison"], slice], ...] = (
        ("treated", slice(0, n_treated)),
        ("comparison", slice(n_treated, n)),
    )
    used = parts.pre | parts.post
    for group, members in groups:
        size = len(changes.trusts[members])
        there = ~np.isnan(figures.values[used, members])
        if (figures.denominators[used, members][there] > 0).all() and figures.measure.kind != "count":
            before, after = (
                float(figures.total(figures.numerators, mask)[members].sum())
                / float(figures.total(figures.denominators, mask)[members].sum())
                for mask in (parts.pre, parts.post)
            )
            yield Level(group=group, trust="", aggregation="sum", n_trusts=size, before=before, after=after)
        yield Level(
            group=group,
            trust="",
            aggregation="mean",
            n_trusts=size,
            before=float(changes.before[members].mean()),
            after=float(changes.after[members].mean()),
        )


def _path(figures: _Figures, parts: Split, design: AdoptionDesign) -> Path:
    n_treated = len(design.treated)
    shown = (figures.periods >= np.datetime64(design.pre.start)) & (
        figures.periods < np.datetime64(design.post.end)
    )
    path = Path(
        periods=figures.periods[shown],
        treated=figures.values[shown, :n_treated].mean(axis=1),
        comparison=figures.values[shown, n_treated:].mean(axis=1),
        used=(parts.pre | parts.post)[shown],
    )
    _freeze(path.periods, path.treated, path.comparison, path.used)
    return path


def _cautions(figures: _Figures, parts: Split, design: AdoptionDesign) -> Iterator[str]:
    whole = Window(start=design.pre.start, end=design.post.end)
    frequency = figures.measure.frequency
    yield from beyond(figures.periods, whole, frequency=frequency)
    if parts.straddling.any():
        yield f"left out because they reach over the edge of a window: {figures.named(parts.straddling)}"
    if parts.ignored.any():
        reasons = "; ".join(
            exclusion.reason
            for exclusion in design.ignore
            if (ignored(figures.periods, [exclusion], frequency=frequency) & parts.ignored).any()
        )
        yield f"left out for every trust: {figures.named(parts.ignored)} ({reasons})"
    used = parts.pre | parts.post
    for at in range(len(design.treated)):
        gaps = used & np.isnan(figures.values[:, at])
        if gaps.any():
            yield (
                f"{figures.trusts[at]} has no figure for {figures.named(gaps)} ({gaps.sum()} of "
                f"{used.sum()} periods) and is judged on the rest, while the comparison trusts keep them"
            )
