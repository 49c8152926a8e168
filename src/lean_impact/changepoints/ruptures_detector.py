"""Blind segmentation with ruptures, its penalty calibrated on stable autocorrelated series."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lean_impact._version import __version__
from lean_impact.changepoints._assemble import location_set
from lean_impact.changepoints._calendar import calendar_of
from lean_impact.changepoints._calibration import (
    Layout,
    NullTable,
    Reference,
    layout_of,
    null_table,
    rounding,
    scan,
    simulate,
)
from lean_impact.changepoints._cautions import doubts, holes_and_imputed, too_few
from lean_impact.changepoints._confirm import Given, location_given
from lean_impact.changepoints._segmentation import Kernel, RupturesSearch, Search, segment
from lean_impact.changepoints._series import check_series
from lean_impact.changepoints._stepmodel import fit_steps, fitted_values, segments_of
from lean_impact.changepoints.change import Change, Segment
from lean_impact.changepoints.location import LocationSet
from lean_impact.changepoints.result import ChangePoints, Status
from lean_impact.domain import Provenance, PValue
from lean_impact.errors import DesignError, Issue
from lean_impact.tables import Series

__all__ = ["RupturesDetector"]

Floats = NDArray[np.float64]

MIN_SEGMENTS: Final = 4
"""A series is judged only if it has room for this many segments."""

MAX_ROUNDS: Final = 8
FEWEST_DRAWS: Final = 199
SHORTEST_SEGMENT: Final = 2
_ALIKE: Final = 0.1  # of the autocorrelation
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """One pass of the search: what was found given the season and noise estimated so far."""

    breaks: tuple[int, ...]
    long_run_variance: float
    statistic: float
    reference: Reference
    factor: float
    gains: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RupturesDetector:
    r"""Find changes of level by penalised least squares with a penalty calibrated by simulation.

    Parameters
    ----------
    seed : int
        Root of everything random.
    false_alarm : float, default 0.05
        Share of stable series in which a change may be reported.
    draws : int, default 399
        Stable series that the observed one is compared with, at least 199; the smallest reachable p-value is
        ``1 / (draws + 1)``.
    min_size : int, default 6
        Fewest observed periods in a segment, at least 2.
    search : {"kernel", "dynp", "binseg", "pelt"}, default "kernel"
        ``KernelCPD``, ``Dynp``, ``Binseg`` or ``Pelt`` of ruptures.
    kernel : {"linear", "rbf", "cosine"}, default "linear"
        Kernel of ``KernelCPD``: change of mean, of the whole distribution, or of direction.
    cost : str or ruptures.base.BaseCost, default "l2"
        For the other searches: name of a cost of ruptures, or a cost of your own.
    n_changes : int, optional
        How many changes there are, if that is known; ``Dynp`` needs it.
    penalty : float, optional
        Cost of a change, the series in units of its long-run standard deviation; calibrated if not given.

    Raises
    ------
    DesignError
        If a parameter is out of range; all of them are listed.

    Notes
    -----
    Estimand: the first periods of stretches of different level in a series whose noise is a stationary
    first-order autoregression, with a pattern of months or quarters where three years or more are at hand.

    1. Take the season out, together with the levels found so far (none at first).
    2. Estimate variance and autocorrelation :math:`\phi` from what the best two further steps leave over.
    3. Simulate stable series on the same calendar, put them through the same two steps, and keep those
       ``draws`` whose estimate of :math:`\phi` is nearest. The penalty is the value at which a change first
       appears in a share ``false_alarm`` of them, in units of :math:`\sigma^2 (1 + \phi) / (1 - \phi)`.
    4. Segment with ruptures (``KernelCPD``, linear kernel, every period a candidate: exact least squares).
    5. Repeat until the segments stay. A stable series stops in the first pass with probability
       ``1 - false_alarm``; later passes ask whether there is a further change given those found.

    The p-value of a change compares its gain, given its neighbours, with the strongest gain anywhere in each
    stable series: it allows for the search, and leans to the safe side for changes that share a series.

    The interval of a size uses the same penalty :math:`c`: it is wide by :math:`\sqrt{c\,(1/n_1 + 1/n_2)}`
    on either side, valid for all places at once, and so excludes 0 exactly where a change is reported.

    Any other search or cost is a second opinion: season out, the series in units of its long-run standard
    deviation, one pass. Its penalty is the gain of the best single change that a share ``false_alarm`` of stable
    series exceeds under the same cost, and each p-value is the rank of a change's gain, given its neighbours,
    among theirs. Levels, intervals and sets of dates are those of changes of mean, whatever the cost looks at.
    ``jump`` is always 1: the default of 5 in ruptures moves dates.

    Sets of dates are the posterior of :class:`~lean_impact.changepoints.StepTest`, the neighbouring changes taken
    as known.

    Missing periods are left out of the cost; the simulated series have the same holes.

    A steady trend is not part of the model and shows as steps; a caution says so when a straight line
    fits as well.

    Measured, share of 500 monthly series with any change reported, season taken out, a step of 0, 1 or 2
    standard deviations after a third of the series:

    ====== ==== ===== ===== ===== ===== =====
    months step phi 0   0.3   0.6   0.8   0.9
    ====== ==== ===== ===== ===== ===== =====
    120    0    0.034 0.042 0.040 0.040 0.076
    120    1    0.968 0.734 0.336 0.150 0.186
    120    2    1.000 0.998 0.866 0.514 0.474
    60     0    0.020 0.030 0.030 0.058 0.136
    60     1    0.598 0.254 0.088 0.108 0.236
    60     2    0.990 0.782 0.336 0.324 0.438
    ====== ==== ===== ===== ===== ===== =====

    Above an autocorrelation of 0.9 a stable series wanders too far to be held to the promise; a caution says
    when the figures may be like that.

    References
    ----------
    Truong, Oudre, Vayatis (2020), Selective review of offline change point detection methods, Signal
    Processing 167. Shi, Gallagher, Lund, Killick (2022), A comparison of single and multiple changepoint
    techniques for time series data, Computational Statistics & Data Analysis 170.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from lean_impact.domain import Measure
    >>> from lean_impact.tables import Panel
    >>> measure = Measure(id="seen-4h", name="Seen within 4 hours", kind="proportion", improvement="increase",
    ...                   dimension="quality", frequency="month", unit="share of attendances")
    >>> level = np.repeat([0.80, 0.92], 30) + np.random.default_rng(1).normal(0, 0.02, 60)
    >>> months = pd.date_range("2012-01-01", periods=60, freq="MS")
    >>> frame = pd.DataFrame({"trust": "RTP", "measure": "seen-4h", "period": months, "value": level,
    ...                       "flag": "published", "source": "demo"})
    >>> series = Panel.from_frame(frame, measures=[measure]).series("RTP", "seen-4h")
    >>> [str(change.period) for change in RupturesDetector(seed=1).detect(series).changes]
    ['2014-07-01']
    """

    seed: int
    false_alarm: float = 0.05
    draws: int = 399
    min_size: int = 6
    search: Search = "kernel"
    kernel: Kernel = "linear"
    cost: Any = "l2"
    n_changes: int | None = None
    penalty: float | None = None

    def __post_init__(self) -> None:
        needed = int(np.ceil(1 / self.false_alarm)) - 1 if 0 < self.false_alarm < 1 else FEWEST_DRAWS
        needed = max(needed, FEWEST_DRAWS)
        rules = [
            (self.seed >= 0, f"seed is {self.seed}; give a whole number that is not negative"),
            (0 < self.false_alarm < 1, f"false_alarm is {self.false_alarm}; give a share between 0 and 1"),
            (self.draws >= needed, f"draws is {self.draws}; give {needed} or more to see this false_alarm"),
            (
                self.min_size >= SHORTEST_SEGMENT,
                f"min_size is {self.min_size}; give {SHORTEST_SEGMENT} or more",
            ),
            (
                self.search in {"kernel", "dynp", "binseg", "pelt"},
                f"search is '{self.search}'; give kernel, dynp, binseg or pelt",
            ),
            (
                self.kernel in {"linear", "rbf", "cosine"},
                f"kernel is '{self.kernel}'; give linear, rbf or cosine",
            ),
            (
                self.n_changes is None or self.n_changes >= 1,
                f"n_changes is {self.n_changes}; give 1 or more, or leave it out",
            ),
            (
                self.penalty is None or self.penalty > 0,
                f"penalty is {self.penalty}; give a number above 0, or leave it out",
            ),
            (self.n_changes is None or self.penalty is None, "give n_changes or penalty, not both"),
            (
                self.search != "dynp" or self.n_changes is not None,
                "the search 'dynp' needs n_changes: it finds the best places for a known number of changes",
            ),
            (
                self.search != "pelt" or self.n_changes is None,
                "the search 'pelt' takes no n_changes; use dynp, binseg or kernel",
            ),
        ]
        issues = [Issue(rule="detector-parameter", message=words) for holds, words in rules if not holds]
        if issues:
            raise DesignError("the change-point detector cannot be set up like this", issues)

    def detect(self, series: Series) -> ChangePoints:
        """Find the periods at which the level changes.

        Parameters
        ----------
        series : Series
            One trust's figures on a complete calendar; NaN where there is none.

        Returns
        -------
        ChangePoints
            The changes; none, with the reason, where the figures are too few or constant.

        Raises
        ------
        TableError
            If a value is infinite; every one is listed.
        """
        check_series(series)
        kept = np.flatnonzero(np.isfinite(series.values))
        cautions = holes_and_imputed(series, kept)
        if len(kept) < MIN_SEGMENTS * self.min_size:
            few = too_few(len(kept), MIN_SEGMENTS * self.min_size)
            return self._nothing(series, "too short", (*cautions, few))
        layout = layout_of(series, kept, min_size=self.min_size)
        observed = series.values[kept]
        rest = layout.deseasonalise(observed[None, :])[0]
        if float(np.ptp(rest)) <= _ROUNDING * float(np.abs(observed).max()):
            return self._nothing(series, "constant", cautions)
        return self._judge(series, kept, layout, cautions)

    # ------------------------------------------------------------------ the search

    def _search(self, observed: Floats, layout: Layout, table: NullTable) -> tuple[list[_Round], bool]:
        """Segment until nothing moves; return all passes, and whether they settled."""
        floor = float(rounding(layout.deseasonalise(observed[None, :]))[0])
        breaks: tuple[int, ...] = ()
        rounds: list[_Round] = []
        for _ in range(MAX_ROUNDS):
            model = fit_steps(observed, layout, breaks)
            seen = scan(model.residuals[None, :], layout, floor=floor)
            reference = table.near(float(seen.phi[0]), self.draws)
            factor = reference.critical(self.false_alarm)
            # Centred, because the kernel multiplies values and would lose digits to a large level.
            adjusted = observed - observed.mean() - model.season[list(layout.seasons)]
            variance = float(seen.long_run_variance[0])
            found = segment(adjusted / np.sqrt(variance), factor, self.min_size)
            rounds.append(
                _Round(
                    breaks=found,
                    long_run_variance=variance,
                    statistic=float(seen.statistic[0]),
                    reference=reference,
                    factor=factor,
                )
            )
            if found == breaks:
                return rounds, True
            breaks = found
        return rounds, False

    @property
    def _is_plain(self) -> bool:
        """Whether it is the search whose calibration has a closed form."""
        asked = self.n_changes is not None or self.penalty is not None
        return self.search == "kernel" and self.kernel == "linear" and not asked

    @property
    def _ruptures(self) -> RupturesSearch:
        return RupturesSearch(search=self.search, kernel=self.kernel, cost=self.cost, min_size=self.min_size)

    def _one_pass(self, observed: Floats, layout: Layout, table: NullTable) -> _Round:
        """Segment once with any search and cost, gains compared with those of stable series."""
        rest = layout.deseasonalise(observed[None, :])
        seen = scan(rest, layout)
        near = table.near(float(seen.phi[0]), self.draws)
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, 3]))
        stable = simulate(near.phi, layout, rng)
        stable /= np.sqrt(scan(stable, layout).long_run_variance)[:, None]
        gains = np.sort(self._ruptures.first_gains(stable))[::-1]
        reference = Reference(phi=near.phi, statistic=gains)
        factor = self.penalty or reference.critical(self.false_alarm)
        variance = float(seen.long_run_variance[0])
        scaled = rest[0] / np.sqrt(variance)
        breaks = self._ruptures.segment(scaled, penalty=factor, n_changes=self.n_changes)
        found = self._ruptures.gains(scaled, breaks)
        return _Round(
            breaks=breaks,
            long_run_variance=variance,
            statistic=self._ruptures.first_gain(scaled),
            reference=reference,
            factor=factor,
            gains=found,
        )

    def _judge(
        self, series: Series, kept: NDArray[np.int64], layout: Layout, cautions: tuple[str, ...]
    ) -> ChangePoints:
        observed = series.values[kept]
        table = null_table(layout, draws=self.draws, seed=self.seed)
        if self._is_plain:
            rounds, settled = self._search(observed, layout, table)
        else:
            rounds, settled = [self._one_pass(observed, layout, table)], True
        first, last = rounds[0], rounds[-1]
        model = fit_steps(observed, layout, last.breaks)
        low, middle, high = (float(q) for q in np.quantile(last.reference.phi, (0.05, 0.5, 0.95)))
        segments = segments_of(series, kept, last.breaks, model)
        sizes = [part.n_observed for part in segments]
        open_doubts = doubts(observed, layout, model, sizes=sizes, high=high, settled=settled)
        return ChangePoints(
            trust=series.trust,
            measure=series.measure,
            periods=series.periods,
            values=series.values,
            fitted=fitted_values(series, kept, last.breaks, model),
            status="judged",
            changes=self._changes(last, segments, self._locations(series, kept, last.breaks)),
            segments=segments,
            p_value=self._p_value(first.reference, first.statistic),
            phi=middle,
            phi_lower=low,
            phi_upper=high,
            penalty=last.factor * last.long_run_variance,
            false_alarm=self.false_alarm,
            false_alarm_rate=self._false_alarm_rate(layout, last),
            seasonal=any(layout.seasons),
            provenance=self._provenance(series),
            cautions=(*cautions, *open_doubts),
            level=1.0 - self.false_alarm,
        )

    def _locations(
        self, series: Series, kept: NDArray[np.int64], breaks: tuple[int, ...]
    ) -> tuple[LocationSet, ...]:
        """Return the dates that fit each change, its neighbours taken as known."""
        calendar = calendar_of(series, kept, season="auto", trend=False, min_size=self.min_size)
        found = []
        for at in range(len(breaks)):
            given = Given.around(calendar, breaks, at, form="level", robust=False)
            probabilities, candidates, _ = location_given(series.values[kept], given, None)
            found.append(location_set(series, kept, probabilities, candidates, level=1.0 - self.false_alarm))
        return tuple(found)

    def _changes(
        self, last: _Round, segments: tuple[Segment, ...], locations: tuple[LocationSet, ...]
    ) -> tuple[Change, ...]:
        changes = []
        for at, (left, right) in enumerate(pairwise(segments)):
            size = right.level - left.level
            # One over the sum of squares that a step of size 1 between these segments explains.
            unit = 1.0 / left.n_observed + 1.0 / right.n_observed
            half = float(np.sqrt(last.factor * last.long_run_variance * unit))
            changes.append(
                Change(
                    period=right.start,
                    before=left.level,
                    after=right.level,
                    lower=size - half,
                    upper=size + half,
                    p_value=self._p_value(
                        last.reference,
                        last.gains[at] if last.gains else size**2 / unit / last.long_run_variance,
                    ),
                    location=locations[at],
                )
            )
        return tuple(changes)

    def _p_value(self, reference: Reference, statistic: float) -> PValue:
        return PValue(
            value=reference.p_value(statistic),
            smallest=1.0 / (self.draws + 1),
            method="rank among simulated stable series, strongest step anywhere",
            assumption="without a change the figures are a season plus first-order autoregressive noise",
            draws=self.draws,
        )

    def _false_alarm_rate(self, layout: Layout, last: _Round) -> float:
        if self.n_changes is not None:
            return float("nan")  # so many changes are reported whatever the figures are
        if self._is_plain:
            phi = float(np.median(last.reference.phi))
            return _measured_false_alarms(self, layout, round(phi / _ALIKE) * _ALIKE)
        stable = self._fresh(layout, last.reference.phi)[0]
        return float((self._ruptures.first_gains(stable) > last.factor).mean())

    def _fresh(self, layout: Layout, phi: Floats) -> tuple[Floats, Floats]:
        """Simulate stable series in units of their long-run deviation; return their estimates too."""
        fresh = simulate(phi, layout, np.random.default_rng(np.random.SeedSequence([self.seed, 1])))
        seen = scan(fresh, layout)
        return fresh / np.sqrt(seen.long_run_variance)[:, None], seen.phi

    def false_alarms(self, layout: Layout, phi: float) -> float:
        """Return the share of fresh stable series with such autocorrelations in which a first pass finds a change."""
        table = null_table(layout, draws=self.draws, seed=self.seed)
        nearest = np.argsort(np.abs(table.phi - phi), kind="stable")[: self.draws]
        fresh, estimates = self._fresh(layout, np.sort(table.phi[nearest]))
        alarms = sum(
            bool(
                segment(
                    row, table.near(float(estimate), self.draws).critical(self.false_alarm), self.min_size
                )
            )
            for row, estimate in zip(fresh, estimates, strict=True)
        )
        return alarms / len(fresh)

    # ------------------------------------------------------------------ the result

    @property
    def _name(self) -> str:
        if self.search == "kernel":
            return f"KernelCPD, {self.kernel} kernel"
        cost = self.cost if isinstance(self.cost, str) else type(self.cost).__name__
        return f"{self.search.capitalize()}, cost {cost}"

    def _provenance(self, series: Series) -> Provenance:
        return Provenance(
            version=__version__,
            seed=self.seed,
            parameters={
                "detector": f"{self._name}, jump 1, of ruptures {version('ruptures')}",
                "false_alarm": str(self.false_alarm),
                "draws": str(self.draws),
                "min_size": str(self.min_size),
            },
            steps=(f"searched {series.trust} {series.measure.id} without knowing any date",),
        )

    def _nothing(self, series: Series, status: Status, cautions: tuple[str, ...]) -> ChangePoints:
        nan = float("nan")
        fitted = np.full(len(series), nan)
        fitted.flags.writeable = False
        return ChangePoints(
            trust=series.trust,
            measure=series.measure,
            periods=series.periods,
            values=series.values,
            fitted=fitted,
            status=status,
            changes=(),
            segments=(),
            p_value=None,
            phi=nan,
            phi_lower=nan,
            phi_upper=nan,
            penalty=nan,
            false_alarm=self.false_alarm,
            false_alarm_rate=nan,
            seasonal=False,
            provenance=self._provenance(series),
            cautions=cautions,
        )


@lru_cache(maxsize=64)
def _measured_false_alarms(detector: RupturesDetector, layout: Layout, phi: float) -> float:
    """Run the first pass on fresh stable series; shared by trusts of one calendar and similar autocorrelation."""
    return detector.false_alarms(layout, phi)
