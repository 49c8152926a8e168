"""Panels that are made up, so that what is true of them is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import pandas as pd

from lean_impact.domain import Frequency, Measure, Provenance, Window
from lean_impact.domain.measure import Direction
from lean_impact.domain.period import PER_YEAR
from lean_impact.effects import AdoptionDesign, EffectEstimator, EffectResult
from lean_impact.errors import DesignError, Issue
from lean_impact.tables import Panel
from lean_impact.tables.calendar import periods_from

__all__ = ["MEASURE", "SyntheticDesign", "SyntheticPanel", "synthetic_panel"]

MEASURE: Final = "synthetic"
"""Identifier of the measure of every synthetic panel."""

_FEWEST: Final = {"n_treated": 1, "n_comparison": 2, "n_before": 2, "n_after": 2, "denominator": 1, "gaps": 0}
_NOT_NEGATIVE: Final = ("effect_spread", "trust_spread", "noise", "change_spread", "factor")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticDesign:
    r"""Say how a panel is made up.

    Parameters
    ----------
    n_treated, n_comparison : int
        Trusts that took part (codes ``T01``, ``T02``, ...) and that did not (``C01``, ...).
    n_before, n_after : int
        Periods before the start and from it on.
    effect : float, default 0
        Mean effect on the treated trusts from the start on, in the unit of the measure.
    effect_spread : float, default 0
        Standard deviation of the effect between treated trusts.
    level, trust_spread : float
        Mean level, and standard deviation of the trusts' levels.
    change, change_spread : float
        Mean change of every trust at the start that has nothing to do with the programme, and its standard
        deviation between trusts: what makes a difference-in-differences uncertain.
    noise, autocorrelation : float
        Standard deviation and lag-1 autocorrelation of the stationary noise within a trust.
    season : float, default 0
        Amplitude of a yearly wave that all trusts share.
    factor : float, default 0
        Standard deviation of the steps of a random walk that all trusts follow, each with a loading of its
        own around 1: with it, trends are not parallel.
    gaps : int, default 0
        Rows left out at random, never a trust's first or last.
    kind : {"proportion", "ratio", "mean"}
        Proportions have whole counts; ratios have counts that are not whole, so that nothing is rounded; means
        have a value only.
    improvement : {"increase", "decrease", "neutral"}
        Which movement is better.
    frequency : {"week", "month", "quarter", "year"}
        Length of a period.
    first : date
        First period.
    denominator : int, default 8000
        Mean denominator of a trust; it stays the same over time.

    Raises
    ------
    DesignError
        If a setting is impossible; lists every one.

    Notes
    -----
    Value of trust i in period t: level + :math:`a_i` + season + :math:`\lambda_i f_t` + AR(1) noise, and from
    the start on + :math:`c_i` (change) + :math:`\tau_i` (effect, treated trusts only).
    """

    n_treated: int = 2
    n_comparison: int = 12
    n_before: int = 36
    n_after: int = 24
    effect: float = 0.0
    effect_spread: float = 0.0
    level: float = 0.8
    trust_spread: float = 0.03
    change: float = 0.0
    change_spread: float = 0.01
    noise: float = 0.01
    autocorrelation: float = 0.4
    season: float = 0.0
    factor: float = 0.0
    gaps: int = 0
    kind: Literal["proportion", "ratio", "mean"] = "proportion"
    improvement: Direction = "increase"
    frequency: Frequency = "month"
    first: date = date(2012, 1, 1)
    denominator: int = 8000

    def __post_init__(self) -> None:
        problems = [
            f"{name} must be at least {least}"
            for name, least in _FEWEST.items()
            if getattr(self, name) < least
        ]
        problems += [f"{name} must not be negative" for name in _NOT_NEGATIVE if getattr(self, name) < 0]
        if not -1 < self.autocorrelation < 1:
            problems.append("autocorrelation must lie between -1 and 1")
        if self.gaps > self.n_trusts * (self.n_periods - 2):
            problems.append("there are not as many rows as gaps; ask for fewer gaps")
        if problems:
            raise DesignError(
                "the synthetic panel cannot be made",
                [Issue(rule="bad-setting", message=message) for message in problems],
            )

    @property
    def n_trusts(self) -> int:
        """Number of trusts."""
        return self.n_treated + self.n_comparison

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return self.n_before + self.n_after

    @property
    def measure(self) -> Measure:
        """The measure of the panel."""
        return Measure(
            id=MEASURE,
            name="Synthetic measure",
            kind=self.kind,
            improvement=self.improvement,
            dimension="quality",
            frequency=self.frequency,
            unit="days" if self.kind == "mean" else "share of cases",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SyntheticPanel:
    """A panel with what is true of it.

    Attributes
    ----------
    panel : Panel
        The figures.
    design : SyntheticDesign
        How they were made.
    seed : int
        Seed that they were drawn with.
    treated, comparison : tuple of str
        Codes of the trusts.
    pre, post : Window
        Before the start, and from it on.
    effects : mapping of str to float
        True effect on each treated trust, in the unit of the measure.
    """

    panel: Panel
    design: SyntheticDesign
    seed: int
    treated: tuple[str, ...]
    comparison: tuple[str, ...]
    pre: Window
    post: Window
    effects: Mapping[str, float]

    @property
    def effect(self) -> float:
        """True mean effect over the treated trusts, in the unit of the measure."""
        return float(np.mean(list(self.effects.values())))

    @property
    def start(self) -> date:
        """First period with the programme."""
        return self.post.start

    def estimate(self, estimator: EffectEstimator) -> EffectResult:
        """Ask an estimator for the effect, telling it who took part and when.

        Parameters
        ----------
        estimator : EffectEstimator
            Any.

        Returns
        -------
        EffectResult
            What it makes of the panel.
        """
        return estimator.estimate(self.panel, self.adoption)

    @property
    def adoption(self) -> AdoptionDesign:
        """Who took part and when, as an estimator is told."""
        return AdoptionDesign.block(
            measure=self.design.measure.id,
            treated=self.treated,
            comparison=self.comparison,
            pre=self.pre,
            post=self.post,
        )


def synthetic_panel(design: SyntheticDesign | None = None, *, seed: int) -> SyntheticPanel:
    """Make up a panel.

    Parameters
    ----------
    design : SyntheticDesign, optional
        How; its defaults if not given: two treated and twelve comparison trusts, 60 months, no effect.
    seed : int
        Seed of everything random.

    Returns
    -------
    SyntheticPanel
        The panel, and what is true of it.

    Raises
    ------
    DesignError
        If a proportion would leave 0 to 1.

    Examples
    --------
    >>> from lean_impact.effects import DifferenceInDifferences
    >>> known = synthetic_panel(SyntheticDesign(effect=0.05, noise=0, change_spread=0.001), seed=1)
    >>> known.panel
    <Panel: 14 trusts, 1 measures, 840 rows>
    >>> result = known.estimate(DifferenceInDifferences(seed=1))
    >>> round(known.effect, 3), round(result.pooled.value, 2)
    (0.05, 0.05)
    """
    design = design or SyntheticDesign()
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)]
    treated = tuple(f"T{i:02d}" for i in range(1, design.n_treated + 1))
    comparison = tuple(f"C{i:02d}" for i in range(1, design.n_comparison + 1))
    drawn = design.effect + design.effect_spread * streams[0].normal(size=design.n_treated)
    values = _values(design, drawn, streams[1])
    denominators = streams[2].integers(design.denominator // 2, 3 * design.denominator // 2, design.n_trusts)
    calendar = _calendar(design)
    frame = _frame(design, (*treated, *comparison), calendar[:-1], values, np.maximum(denominators, 1))
    holes = _holes(design, streams[3])
    return SyntheticPanel(
        panel=Panel.from_frame(
            frame.drop(index=holes), measures=[design.measure], provenance=_provenance(design, seed)
        ),
        design=design,
        seed=seed,
        treated=treated,
        comparison=comparison,
        pre=Window(start=calendar[0], end=calendar[design.n_before]),
        post=Window(start=calendar[design.n_before], end=calendar[-1]),
        effects=MappingProxyType(dict(zip(treated, drawn.tolist(), strict=True))),
    )


def _calendar(design: SyntheticDesign) -> list[date]:
    """Return the first day of every period, and of the one after the last."""
    days: list[date] = periods_from(design.first, design.n_periods + 1, design.frequency).tolist()
    return days


def _values(design: SyntheticDesign, effects: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the values, shape (n_periods, n_trusts), treated trusts first."""
    n, periods = design.n_trusts, design.n_periods
    after = (np.arange(periods) >= design.n_before)[:, None]
    wave: np.ndarray = np.sin(2 * np.pi * np.arange(periods) / PER_YEAR[design.frequency])[:, None]
    walk = np.cumsum(rng.normal(size=periods))[:, None] * rng.normal(1.0, 0.5, n)
    values = (
        design.level
        + design.trust_spread * rng.normal(size=n)
        + after * (design.change + design.change_spread * rng.normal(size=n))
        + design.noise * _autoregressive(design.autocorrelation, rng.normal(size=(periods, n)))
        + design.season * wave
        + design.factor * walk
    )
    values[:, : design.n_treated] += after * effects
    if design.kind == "proportion" and not ((values >= 0) & (values <= 1)).all():
        raise DesignError(
            f"values from {values.min():.3f} to {values.max():.3f} are no proportions; "
            "choose another level, a smaller effect or less noise"
        )
    return values


def _autoregressive(phi: float, shocks: np.ndarray) -> np.ndarray:
    """Return stationary AR(1) noise of standard deviation 1, shape of `shocks`."""
    noise = shocks.copy()
    for t in range(1, len(noise)):
        noise[t] = phi * noise[t - 1] + np.sqrt(1 - phi**2) * shocks[t]
    return noise


def _frame(
    design: SyntheticDesign,
    trusts: tuple[str, ...],
    calendar: list[date],
    values: np.ndarray,
    denominators: np.ndarray,
) -> pd.DataFrame:
    n_periods, n = values.shape
    frame = pd.DataFrame(
        {
            "trust": np.repeat(trusts, n_periods),
            "measure": MEASURE,
            "period": [day.isoformat() for day in calendar] * n,
            "flag": "published",
            "source": "synthetic",
            "source_row": np.arange(n * n_periods) + 2,
        }
    )
    if design.kind == "mean":
        return frame.assign(value=values.T.ravel())
    whole = np.repeat(denominators.astype("float64"), n_periods)
    part = values.T.ravel() * whole
    return frame.assign(numerator=np.round(part) if design.kind == "proportion" else part, denominator=whole)


def _holes(design: SyntheticDesign, rng: np.random.Generator) -> list[int]:
    """Choose the rows to leave out; each trust's first and last period stay."""
    rows = np.arange(design.n_trusts * design.n_periods)
    place = rows % design.n_periods
    inner = rows[(place > 0) & (place < design.n_periods - 1)]
    return [int(row) for row in rng.choice(inner, size=design.gaps, replace=False)]


def _provenance(design: SyntheticDesign, seed: int) -> Provenance:
    parameters = {item.name: str(getattr(design, item.name)) for item in fields(design)}
    return Provenance(plugin="synthetic", parameters=parameters, seed=seed, steps=("made up",))
