"""What the difference-in-differences estimators for staggered adoption share: gaps, published tests, calibration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from lean_impact.domain import Estimate, PValue
from lean_impact.effects._calendar import spans
from lean_impact.effects._rules import raise_if_any
from lean_impact.effects._settings import CommonSettings
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import PanelArrays, arrays_of
from lean_impact.effects.calibration import PlaceboTests, calibrate
from lean_impact.effects.gaps import GapEstimator, Gaps, estimate_from_gaps
from lean_impact.effects.parts import EventStudy
from lean_impact.effects.result import EffectResult
from lean_impact.errors import DesignError, Issue
from lean_impact.tables import Panel

__all__ = [
    "Inference",
    "Published",
    "StaggeredEstimator",
    "StaggeredSettings",
    "difference_gaps",
    "estimate_staggered",
    "event_study_of",
    "unit_weights",
]

Inference = Literal["trusts", "influence"]
"""What the first p-value and the interval rest on: the spread between trusts, or published standard errors."""

_FEWEST_FOR_VARIANCE = 2
_MOST_REFITS = 100
"""Placebo groups for tests that fit the whole estimator again for each."""
_TINY = 1e-300


class Published(NamedTuple):
    """Estimate with the standard error that its authors give.

    Attributes
    ----------
    value, standard_error : float
        In the unit of the measure.
    """

    value: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StaggeredSettings(CommonSettings):
    """What difference-in-differences estimators ask; see the estimators for the meaning."""

    covariates: tuple[str, ...] = ()
    inference: Inference = "trusts"

    @property
    def _adjusted(self) -> str:
        return f", adjusted for {', '.join(self.covariates)}" if self.covariates else ""


class StaggeredEstimator(GapEstimator, Protocol):
    """A difference-in-differences estimator with a published standard error."""

    @property
    def inference(self) -> Inference:
        """What the first p-value rests on."""
        ...

    @property
    def published_name(self) -> str:
        """The published standard error in words."""
        ...

    def published(self, arrays: PanelArrays, weights: np.ndarray) -> Published:
        """Return the pooled estimate with its published standard error, trusts having these weights."""
        ...


def unit_weights(arrays: PanelArrays, shares: np.ndarray) -> np.ndarray:
    """Weigh treated trusts by their shares, with mean 1, and comparison trusts by 1.

    Parameters
    ----------
    arrays : PanelArrays
        Figures.
    shares : ndarray of float64, shape (n_treated,)
        Weights in what is pooled; they add up to 1.

    Returns
    -------
    ndarray of float64, shape (n_trusts,)
    """
    return np.concatenate([shares * len(shares), np.ones(arrays.n_comparison)])


def difference_gaps(
    arrays: PanelArrays,
    *,
    base_length: int | None = None,
    values: np.ndarray | None = None,
    placebo_values: np.ndarray | None = None,
    traits: np.ndarray | None = None,
    later: bool = False,
) -> Gaps:
    r"""Compare the change of each trust since its base with that of the comparison trusts.

    Parameters
    ----------
    arrays : PanelArrays
        Figures; comparison trusts without holes.
    base_length : int, optional
        Periods before the start that are the base; all if not given.
    values : ndarray of float64, shape (n_periods, n_trusts), optional
        Figures with the part of covariates taken out; the plain ones if not given.
    placebo_values : ndarray of float64, shape (n_periods, n_comparison), optional
        The same for comparison trusts in their role as placebos; those of `values` if not given.
    traits : ndarray of float64, shape (n_traits, n_trusts), optional
        Covariates constant in time, on which changes of the comparison trusts are regressed in each period.
    later : bool
        Whether trusts that start later serve as comparison until then.

    Returns
    -------
    Gaps

    Notes
    -----
    A placebo trust is compared with the others by its residual over :math:`1 - h`, which is what leaving it out of
    the regression gives.
    """
    y = arrays.values if values is None else values
    n = arrays.n_treated
    own_placebo = y[:, n:] if placebo_values is None else placebo_values
    design = np.ones((1, len(arrays.trusts))) if traits is None else np.vstack([np.ones(y.shape[1]), traits])
    others = design[:, n:]
    cross = np.linalg.inv(others @ others.T)
    hat = np.einsum("kj,kl,lj->j", others, cross, others)
    treated = np.full((len(y), n), np.nan)
    placebo = []
    for start, members in arrays.cohorts:
        base = _base_periods(arrays, start, members, base_length)
        change = y - _mean(y[base])
        treated[:, members] = _against(arrays, change, start, members, design, later=later)
        moved = own_placebo - own_placebo[base].mean(axis=0)
        placebo.append((moved - moved @ others.T @ cross @ others) / (1 - hat))
    mean = design[:, :n].mean(axis=1)
    return Gaps(
        treated=treated,
        placebo=np.array(placebo),
        share=float(mean @ cross @ mean),
        placebo_share=float((hat / (1 - hat)).mean()),
    )


def _mean(values: np.ndarray) -> np.ndarray:
    """Average over periods without the holes; every trust has a figure in its base, others may not."""
    count = np.isfinite(values).sum(axis=0)
    return np.asarray(
        np.divide(np.nansum(values, axis=0), count, out=np.full(len(count), np.nan), where=count > 0)
    )


def _base_periods(
    arrays: PanelArrays, start: int, members: np.ndarray, base_length: int | None
) -> np.ndarray:
    before = np.asarray(arrays.before[:, members].any(axis=1))
    before[start:] = False
    places = np.flatnonzero(before)
    return places if base_length is None else places[-base_length:]


def _against(
    arrays: PanelArrays,
    change: np.ndarray,
    start: int,
    members: np.ndarray,
    design: np.ndarray,
    *,
    later: bool,
) -> np.ndarray:
    """Subtract what the comparison trusts' changes foretell for members of a cohort."""
    n = arrays.n_treated
    if not later:
        others = design[:, n:]
        slopes = change[:, n:] @ others.T @ np.linalg.inv(others @ others.T)
        return np.asarray(change[:, members] - slopes @ design[:, members])
    left = np.empty((len(change), len(members)))
    for period in range(len(change)):
        allowed = (arrays.start > max(period, start - 1)) & (arrays.start != start)
        allowed &= np.isfinite(change[period])
        others = design[:, allowed]
        slopes = np.linalg.solve(others @ others.T, others @ change[period, allowed])
        left[period] = change[period, members] - slopes @ design[:, members]
    return left


def event_study_of(arrays: PanelArrays, gaps: Gaps) -> EventStudy | None:
    r"""Average gaps by periods since the start, measured against the last period before it.

    Parameters
    ----------
    arrays : PanelArrays
        Figures.
    gaps : Gaps
        Gaps of treated and placebo trusts.

    Returns
    -------
    EventStudy or None
        None with a single treated trust, which has no variance of its own. Only horizons at which every treated
        trust has a figure, so that the mix of trusts does not change along the path.

    Notes
    -----
    :math:`\hat V = S_1 / n_1 + S_0 / n_0` with the sample covariances of the treated trusts' and the comparison
    trusts' paths: in a block design the CR2 covariance of the two-way event study. Degrees of freedom
    are :math:`n_1 - 1`, the fewest that Satterthwaite's can be.

    References
    ----------
    Sun L, Abraham S (2021), Journal of Econometrics 225:175-199. Pustejovsky JE, Tipton E (2018), Journal of Business
    and Economic Statistics 36:672-683.
    """
    n, starts = arrays.n_treated, arrays.start[: arrays.n_treated]
    if n < _FEWEST_FOR_VARIANCE:
        return None
    horizons = np.arange(-int(starts.min()), arrays.n_periods - int(starts.max()))
    own = np.array([gaps.treated[horizons + s, at] for at, s in enumerate(starts)])
    shared = np.zeros((arrays.n_comparison, len(horizons)))
    for (start, members), placebo in zip(arrays.cohorts, gaps.placebo, strict=True):
        shared += placebo[horizons + start].T * len(members) / n
    seen = np.isfinite(own).all(axis=0)
    if not (seen & (horizons == -1)).any():
        return None
    at = int(np.flatnonzero(horizons == -1)[0])
    own, shared = own - own[:, [at]], shared - shared[:, [at]]
    kept = seen & (horizons != -1)
    centred = (part[:, kept] - part[:, kept].mean(axis=0) for part in (own, shared))
    mine, theirs = (part.T @ part / (len(part) - 1) for part in centred)
    return EventStudy(
        horizons=horizons[kept],
        estimates=own[:, kept].mean(axis=0),
        covariance=mine / n + theirs * gaps.share / (1 + gaps.placebo_share),
        df=n - 1.0,
        reference="the last period before the start",
    )


OwnTest = Callable[[PanelArrays, np.ndarray], tuple[Estimate, PValue]]
"""Gives the pooled estimate and default p-value of an estimator whose own test is not that of gaps."""


def estimate_staggered(
    estimator: StaggeredEstimator,
    panel: Panel,
    adoption: AdoptionDesign,
    *,
    own_test: OwnTest | None = None,
    own_placebos: Callable[[PanelArrays, np.ndarray, np.ndarray], PlaceboTests] | None = None,
    tables: Callable[[PanelArrays], tuple[Mapping[str, pd.DataFrame], tuple[str, ...]]] | None = None,
    groups: int | None = None,
) -> EffectResult:
    """Run an estimator by its gaps, and set the published test beside the one for few trusts, or before it.

    Parameters
    ----------
    estimator : StaggeredEstimator
        A frozen dataclass.
    panel : Panel
        Figures of all trusts.
    adoption : AdoptionDesign
        Who is compared with whom, on what and when.
    own_test : callable, optional
        Default test in place of the one on gaps; with two or more treated trusts.
    own_placebos : callable, optional
        The same test on groups of comparison trusts.
    tables : callable, optional
        Further tables and cautions.
    groups : int, optional
        At most so many placebo groups, where each costs a new fit.

    Returns
    -------
    EffectResult

    Raises
    ------
    DesignError
        If the figures do not allow it; lists every trust and reason.
    """
    arrays = arrays_of(panel, adoption, needs=estimator.needs, covariates=estimator.covariates)
    _refuse(estimator, arrays)
    several = arrays.n_treated >= _FEWEST_FOR_VARIANCE
    by_influence = estimator.inference == "influence"
    replaced = several and (by_influence or own_test is not None)
    run = replace(estimator, calibration_groups=1, calibration_dates=0) if replaced else estimator  # type: ignore[type-var]
    result = estimate_from_gaps(run, panel, adoption)
    weights = arrays.weights(estimator.weighting)
    first, rest = (result.pooled, result.p_values[0]), list(result.p_values[1:])
    if several and own_test is not None:
        rest.insert(0, first[1])
        first = own_test(arrays, weights)
    published, told = _published_test(estimator, arrays, weights) if several else (None, ())
    if published is not None and by_influence:
        rest.insert(0, first[1])
        first = published
    elif published is not None:
        rest.append(published[1])
    result = replace(result, pooled=first[0], p_values=(first[1], *rest), cautions=(*result.cautions, *told))
    if replaced:
        test = _refitted(estimator) if by_influence else own_placebos
        most = _MOST_REFITS if by_influence else groups
        result = _calibrated(result, estimator, arrays, test, most)
    extra, cautions = tables(arrays) if tables else ({}, ())
    return replace(
        result,
        event_study=event_study_of(arrays, estimator.gaps(arrays)),
        tables={**result.tables, **extra},
        cautions=(*result.cautions, *cautions),
    )


def _refuse(estimator: StaggeredEstimator, arrays: PanelArrays) -> None:
    """Refuse what the figures do not allow: holes in covariates, influence with one trust, no comparison left."""
    raise_if_any(arrays.measure, _problems(estimator, arrays))


def _problems(estimator: StaggeredEstimator, arrays: PanelArrays) -> Iterator[Issue]:
    if estimator.inference == "influence" and arrays.n_treated < _FEWEST_FOR_VARIANCE:
        yield Issue(
            rule="no-variance",
            message=f"{arrays.trusts[0]} is the only treated trust, and the published standard error then leaves out "
            "its own noise; use inference='trusts'",
        )
    for name, cells in zip(estimator.covariates, arrays.covariates, strict=True):
        missing = ~np.isfinite(cells) & np.isfinite(arrays.values)
        for at in np.flatnonzero(missing.any(axis=0)):
            when = spans(arrays.periods[missing[:, at]], frequency=arrays.measure.frequency)
            yield Issue(
                rule="covariate-gap",
                value=arrays.trusts[at],
                message=f"{arrays.trusts[at]} has no figure of the covariate '{name}' for {when}; ignore those "
                "periods, leave the trust out, or drop the covariate",
            )


def _published_test(
    estimator: StaggeredEstimator, arrays: PanelArrays, weights: np.ndarray
) -> tuple[tuple[Estimate, PValue] | None, tuple[str, ...]]:
    """Return the published interval and p-value, or say why there is none."""
    try:
        found = estimator.published(arrays, weights)
    except ValueError as reason:
        if estimator.inference == "influence":
            raise DesignError(
                f"no effect on {arrays.measure.name} can be estimated with {estimator.published_name}",
                [Issue(rule="no-published-error", message=str(reason))],
            ) from reason
        return None, (f"{estimator.published_name} cannot be given: {reason}",)
    margin = float(ndtri(0.5 + estimator.level / 2)) * found.standard_error
    estimate = Estimate(
        value=found.value,
        standard_error=found.standard_error,
        lower=found.value - margin,
        upper=found.value + margin,
        level=estimator.level,
    )
    p = PValue(
        value=max(_normal_p(found), _TINY),
        smallest=0.0,
        method=f"normal test with {estimator.published_name}",
        assumption="many treated trusts; with a handful it finds effects where there are none far too often",
    )
    alone = sum(len(members) == 1 for _, members in arrays.cohorts)
    told = (
        (
            f"{alone} of {len(arrays.cohorts)} starts are those of a single trust; {estimator.published_name} leave "
            "out what is particular to it"
        ),
    )
    return (estimate, p), told if alone else ()


def _normal_p(found: Published) -> float:
    if found.standard_error == 0:
        return 0.0 if found.value else 1.0
    return float(2 * ndtr(-abs(found.value) / found.standard_error))


def _refitted(
    estimator: StaggeredEstimator,
) -> Callable[[PanelArrays, np.ndarray, np.ndarray], PlaceboTests]:
    """Fit the estimator anew for each placebo group, and test it with the published standard error."""

    def test(arrays: PanelArrays, groups: np.ndarray, starts: np.ndarray) -> PlaceboTests:
        found = [estimator.published(*placebo_world(arrays, group, starts)) for group in groups]
        p = np.array([_normal_p(one) for one in found])
        return PlaceboTests(p=p, covers=p > 1 - estimator.level, by_construction=False)

    return test


def placebo_world(
    arrays: PanelArrays, group: np.ndarray, starts: np.ndarray
) -> tuple[PanelArrays, np.ndarray]:
    """Let a group of comparison trusts play the treated; the true treated are left out.

    Parameters
    ----------
    arrays : PanelArrays
        Figures.
    group : ndarray of int, shape (n_treated,)
        Positions among the comparison trusts.
    starts : ndarray of int, shape (n_treated,)
        Start of each.

    Returns
    -------
    arrays : PanelArrays
        The group first, then the other comparison trusts.
    weights : ndarray of float64, shape (n_treated,)
        Equal weights.
    """
    n0, size = arrays.n_comparison, len(group)
    order = arrays.n_treated + np.concatenate([group, np.delete(np.arange(n0), group)])
    world = replace(
        arrays,
        trusts=tuple(arrays.trusts[at] for at in order),
        n_treated=size,
        values=arrays.values[:, order],
        numerators=arrays.numerators[:, order],
        denominators=arrays.denominators[:, order],
        start=np.concatenate([starts, np.full(n0 - size, arrays.n_periods)]),
        transition=arrays.transition[:, order],
        covariates=arrays.covariates[:, :, order],
    )
    return world, np.full(size, 1.0 / size)


def _calibrated(
    result: EffectResult,
    estimator: StaggeredEstimator,
    arrays: PanelArrays,
    test: Callable[[PanelArrays, np.ndarray, np.ndarray], PlaceboTests] | None,
    most: int | None,
) -> EffectResult:
    """Calibrate the test that stands first, and put the true settings into the provenance."""
    if test is None:
        raise AssertionError("an own test comes with its placebo test")
    wanted = estimator.calibration_groups
    calibration, dates = calibrate(
        test,
        arrays,
        level=estimator.level,
        groups=wanted if most is None else min(wanted, most),
        dates=estimator.calibration_dates,
        needs=estimator.needs,
        rng=np.random.default_rng(np.random.SeedSequence(estimator.seed).spawn(2)[1]),
    )
    parameters = dict(result.provenance.parameters) | {
        name: str(getattr(estimator, name)) for name in ("calibration_groups", "calibration_dates")
    }
    own = () if calibration is None or calibration.as_promised else (str(calibration),)
    return replace(
        result,
        calibration=calibration,
        tables={**result.tables, **({} if dates is None else {"placebo-dates": dates})},
        cautions=(*result.cautions, *own),
        provenance=result.provenance.model_copy(update={"parameters": parameters}),
    )
