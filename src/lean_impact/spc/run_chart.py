"""The run chart: figures against their median, judged by runs and crossings alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from lean_impact._version import __version__
from lean_impact.domain import ProposedBoundary, Provenance
from lean_impact.errors import DesignError
from lean_impact.kernels import runs as kernel
from lean_impact.spc._decisions import Decisions, Target, check_series
from lean_impact.spc.records import Baseline, Exclusion, Rebase
from lean_impact.spc.run_result import RunResult
from lean_impact.spc.run_rules import ANHOEJ, RunRules
from lean_impact.tables import Series

__all__ = ["RunChart"]

FEWEST_BASELINE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChart:
    """Chart figures against their median and judge runs and crossings.

    Parameters
    ----------
    rules : RunRules
        How runs and crossings are judged.

    Notes
    -----
    A run chart needs no assumption on how figures are distributed, and comes before a control chart: limits
    mean nothing for a process that has shifted already. It sees a shift, not a single outlier.

    References
    ----------
    Anhøj, J. and Olesen, A. V. (2014). Run charts revisited: a simulation study of run chart rules for
    detection of non-random variation in health care processes. *PLoS ONE* 9(11), e113825.

    Examples
    --------
    >>> from lean_impact.domain import Measure
    >>> measure = Measure(id="wait", name="Mean wait", kind="mean", improvement="decrease",
    ...                   dimension="quality", frequency="month", unit="minutes")
    >>> months = np.arange("2018-01", "2020-01", dtype="datetime64[M]").astype("datetime64[D]")
    >>> waits = np.where(months < np.datetime64("2019-01-01"), 60.0, 50.0) + np.tile([-1.0, 1.0], 12)
    >>> none = np.full(24, np.nan)
    >>> series = Series(trust="RTP", measure=measure, periods=months, values=waits, numerators=none,
    ...                 denominators=none, flags=np.full(24, "published"))
    >>> result = RunChart().chart(series)
    >>> print(result.tests[0])
    longest run 12 (signal above 8), 1 crossings (signal below 8), 24 points off the line: non-random variation
    """

    rules: RunRules = ANHOEJ

    def chart(
        self,
        series: Series,
        *,
        baseline: Baseline | None = None,
        rebase: Sequence[Rebase] = (),
        exclude: Sequence[Exclusion] = (),
        target: Target = None,
    ) -> RunResult:
        """Compute medians and judge every phase.

        Parameters
        ----------
        series : Series
            One trust's figures on one measure.
        baseline : Baseline, optional
            Freeze the median to early points; without it all points of a phase make its median.
        rebase : sequence of Rebase
            Dates from which a new median holds, each with its reason.
        exclude : sequence of Exclusion
            Points that count neither for the median nor for the rules.
        target : float or sequence of TargetStep, optional
            Standard to meet, in the unit of the measure; the measure's own target if not given.

        Returns
        -------
        RunResult
            Medians, runs and crossings.

        Raises
        ------
        TableError
            If a series made by hand is out of order, has a period twice, or holds an infinite value.
        DesignError
            If there is no figure at all, or a date does not fit the series; every problem is listed.
        """
        check_series(series, series.values)
        decisions = Decisions.of(
            series, series.values, baseline=baseline, rebase=rebase, exclude=exclude, target=target
        )
        judged = np.where(decisions.excluded(series), np.nan, series.values)
        phase = decisions.phase(series)
        basis = decisions.basis(series, judged, phase)
        centre = np.full(judged.shape, np.nan)
        tests = []
        for number in range(1, int(phase[-1]) + 1):
            at = phase == number
            if basis[at].any():
                centre[at] = np.median(judged[at & basis])
            tests.append(self.rules.test(judged[at], centre[at], series.periods[at]))
        arrays = {
            "target_line": decisions.target_line(series),
            "judged": judged,
            "phase": phase,
            "basis": basis,
            "centre": centre,
        }
        for array in arrays.values():
            array.flags.writeable = False
        return RunResult(
            series=series,
            rule_set=self.rules,
            baseline=decisions.baseline,
            rebases=decisions.rebases,
            exclusions=decisions.exclusions,
            targets=decisions.targets,
            tests=tuple(tests),
            provenance=self._provenance(series, decisions),
            **arrays,
        )

    def propose(
        self,
        series: Series,
        *,
        baseline_points: int = 12,
        run_length: int = 9,
        direction: Literal["both", "above", "below"] = "both",
    ) -> tuple[ProposedBoundary, ...]:
        """Propose phases, each beginning with a run off the median so far; nothing is redrawn.

        Parameters
        ----------
        series : Series
            One trust's figures on one measure.
        baseline_points : int
            Points of which the first median is taken.
        run_length : int
            Successive points on one side of the median that begin a phase; points on it are skipped.
        direction : {"both", "above", "below"}
            Which runs count.

        Returns
        -------
        tuple of ProposedBoundary
            By date; empty if there is none.

        Raises
        ------
        TableError, DesignError
            If the series cannot be charted, or there are fewer figures than ``baseline_points``.
        """
        check_series(series, series.values)
        n_known = int(np.isfinite(series.values).sum())
        if run_length < FEWEST_BASELINE or not FEWEST_BASELINE <= baseline_points <= n_known:
            raise DesignError(
                f"phases cannot be proposed: baseline_points is {baseline_points} and run_length {run_length} "
                f"for {n_known} figures; give at least {FEWEST_BASELINE} of each, and no more than there are"
            )
        found = kernel.phases_by_runs(
            series.values, baseline_points=baseline_points, run_length=run_length, direction=direction
        )
        written = series.measure.format
        return tuple(
            ProposedBoundary(
                period=series.periods[start].item(),
                reason_needed="a known cause that lasts",
                evidence=(
                    f"run of {run_length} {'above' if median > before else 'below'} the median: "
                    f"{written(median)} after {written(before)}"
                ),
            )
            for (_, _, before), (start, _, median) in pairwise(found)
        )

    def _provenance(self, series: Series, decisions: Decisions) -> Provenance:
        return Provenance(
            plugin="lean_impact",
            version=__version__,
            parameters={
                "chart": "run",
                "rule_set": str(self.rules),
                **decisions.as_parameters(series.measure),
            },
            steps=(f"run chart of {series.measure.id} of {series.trust}, {len(series)} periods",),
        )
