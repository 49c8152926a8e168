"""The funnel plot: many units in one period, with limits that allow for differences between units."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Literal

import numpy as np

from lean_impact._version import __version__
from lean_impact.domain import Provenance
from lean_impact.errors import DesignError, Issue, TableError
from lean_impact.kernels import funnel as kernel
from lean_impact.spc.funnel_result import Funnel, FunnelLimits
from lean_impact.spc.units import UnitCounts

__all__ = ["FunnelMethod", "FunnelPlot"]

FunnelMethod = Literal["shmi", "cqc", "proportion", "counts"]
"""Observed over expected by the SHMI or the CQC method, proportions, or a ratio of two counts."""

SCALES: Final[dict[FunnelMethod, kernel.Scale]] = {
    "shmi": "log ratio",
    "cqc": "root ratio",
    "proportion": "arcsine",
    "counts": "log ratio of counts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelPlot:
    """Compare units in one period, allowing for differences between them beyond sampling.

    Parameters
    ----------
    method : {"shmi", "cqc", "proportion", "counts"}
        SHMI: ln(O/E), extreme units trimmed. CQC: sqrt(O/E), winsorised. Proportion: asin(sqrt(p)),
        winsorised. Counts: ln((a + 1/2)/(b + 1/2)), winsorised.
    handling : {"trim", "winsorise", "none"}, optional
        What is done to extreme units before the differences are estimated; the method's own if not given.
    share : float
        Share of units at each end that is trimmed or winsorised, from 0 and below 0.5.
    inflate : bool
        Make up for winsorising by Spiegelhalter's factor (1.47 for a tenth). Not part of the published
        methods; without it the differences are underestimated.
    overdispersion : bool
        Allow for differences between units. Without, limits are those of sampling alone.
    target : float, optional
        Ratio that all units would have; 1 for observed over expected, else the overall ratio.
    round_expected : bool, optional
        Round expected events to two decimals first, as the SHMI does; the method's own if not given.
    denominator_error : bool
        For counts only: take 1/(2 sqrt(b)) for the limits, as FunnelPlotR 0.6 does, instead of the standard
        error that the z-scores have. A check against that program, no recommendation.

    Raises
    ------
    DesignError
        If the share lies outside its range, or ``inflate`` is asked for without winsorising.

    Notes
    -----
    z = (y - target) / s on the method's scale; phi is the mean z² of the units that count; the variance between
    units is tau² = max(0, (n phi - (n - 1)) / (S w - S w²/S w)), w = 1/s²; limits lie at 1.959964 and
    3.090232 times sqrt(s² + tau²) and are brought back to ratios. Where tau² is 0, limits of observed over
    expected are exact Poisson limits.

    The CQC's limits are squared back, (1 ± h)². FunnelPlotR 0.6 does not, and flags a third of the units where
    there are no differences at all.

    References
    ----------
    Spiegelhalter, D. J. (2005). Handling over-dispersion of performance indicators. *Quality and Safety in
    Health Care* 14, 347-351.

    Examples
    --------
    >>> from lean_impact.domain import Measure
    >>> measure = Measure(id="shmi", name="SHMI", kind="ratio", improvement="decrease", dimension="quality",
    ...                   frequency="year", unit="observed over expected deaths")
    >>> counts = UnitCounts(units=("A", "B", "C"), numerators=np.array([100.0, 130.0, 90.0]),
    ...                     denominators=np.array([100.5, 95.0, 99.0]), measure=measure, when="2018")
    >>> FunnelPlot(overdispersion=False).compare(counts).positions
    ('as expected', 'higher', 'as expected')
    """

    method: FunnelMethod = "shmi"
    handling: Literal["trim", "winsorise", "none"] | None = None
    share: float = 0.1
    inflate: bool = False
    overdispersion: bool = True
    target: float | None = None
    round_expected: bool | None = None
    denominator_error: bool = False

    def __post_init__(self) -> None:
        problems = []
        if not 0 <= self.share < 0.5:  # noqa: PLR2004 - half at each end leaves nothing
            problems.append(f"share is {self.share}; give a share of units at each end from 0, below 0.5")
        if self.inflate and self.how != "winsorise":
            problems.append("inflate makes up for winsorising; choose handling='winsorise' or leave it out")
        if self.denominator_error and self.method != "counts":
            problems.append("denominator_error is for counts only")
        if self.target is not None and not (np.isfinite(self.target) and self.target > 0):
            problems.append(f"target is {self.target}; give a ratio above 0")
        if problems:
            issues = [Issue(rule="funnel", message=words) for words in problems]
            raise DesignError("this funnel cannot be drawn", issues)

    @property
    def how(self) -> Literal["trim", "winsorise", "none"]:
        """What is done to extreme units: as given, or the method's own."""
        return self.handling or ("trim" if self.method == "shmi" else "winsorise")

    def compare(self, counts: UnitCounts) -> Funnel:
        """Compare the units with the target and with each other.

        Parameters
        ----------
        counts : UnitCounts
            Events and denominators of each unit.

        Returns
        -------
        Funnel
            Ratios, limits with and without differences between units, and where each unit lies.

        Raises
        ------
        TableError
            If a unit's counts cannot be: more events than cases, or a denominator of zero. Every one is listed.
        DesignError
            If all numerators equal their denominators, as when one column was given twice, or there are no
            events at all.

        Notes
        -----
        A unit with no events has a log ratio of minus infinity: trimming drops it from the estimate of the
        differences, and it is flagged if the lower limit lies above zero.
        """
        above, below = self._checked(counts)
        target = self._target(above, below)
        scale = SCALES[self.method]
        at = kernel.transform(above, below, scale, target=target)
        spread = kernel.dispersion(at.z, at.error, handling=self.how, share=self.share, inflate=self.inflate)
        if not self.overdispersion:
            spread = kernel.Dispersion(1.0, 0.0, at.z)
        error = self._limit_error(at.error, below)
        return Funnel(
            counts=counts,
            method=self.method,
            treatment=self.treatment,
            denominators=below,
            target=target,
            transformed=at.y,
            z=at.z,
            z_used=spread.z,
            phi=spread.phi,
            tau2=spread.tau2,
            plain=self.plain_limits(below, error, target=target),
            wide=self.wide_limits(error, target=target, tau2=spread.tau2),
            curves=self._curves(below, target, spread.tau2),
            provenance=self._provenance(counts),
        )

    @property
    def treatment(self) -> str:
        """What is done to extreme units, in words for the chart."""
        if not self.overdispersion:
            return "no allowance for differences between units"
        share = f"{100 * self.share:g}%"
        words = {
            "trim": f"lowest and highest {share} of units trimmed before differences are estimated",
            "winsorise": f"lowest and highest {share} of units winsorised before differences are estimated",
            "none": "differences estimated from all units",
        }[self.how]
        return f"{words}, made up for by a factor" if self.inflate else words

    def plain_limits(self, below: np.ndarray, error: np.ndarray, *, target: float) -> FunnelLimits:
        """Return limits of sampling alone.

        Parameters
        ----------
        below : ndarray of float64, shape (n_units,)
            Denominators.
        error : ndarray of float64, shape (n_units,)
            Standard errors on the method's scale.
        target : float
            Ratio that all units would have.

        Returns
        -------
        FunnelLimits
            Exact Poisson limits for observed over expected.
        """
        if self.method in {"shmi", "cqc"}:
            pairs = [kernel.poisson_limits(below * target, level) for level in kernel.DEVIATES]
            return FunnelLimits(*(target * limit for pair in pairs for limit in pair))
        return self.wide_limits(error, target=target, tau2=0.0)

    def wide_limits(self, error: np.ndarray, *, target: float, tau2: float) -> FunnelLimits:
        """Return limits that allow for differences between units.

        Parameters
        ----------
        error : ndarray of float64, shape (n_units,)
            Standard errors on the method's scale.
        target : float
            Ratio that all units would have.
        tau2 : float
            Variance between units on that scale.

        Returns
        -------
        FunnelLimits
            NaN if the variance could not be estimated, or a unit has no standard error.
        """
        scale = SCALES[self.method]
        centre = kernel.transform(np.array([1.0]), np.array([1.0]), scale, target=target).target
        half = [deviate * np.sqrt(error**2 + tau2) for deviate in kernel.DEVIATES.values()]
        ends = (centre + sign * width for width in half for sign in (-1, 1))
        return FunnelLimits(*(np.where(np.isfinite(end), kernel.back(end, scale), np.nan) for end in ends))

    def _limit_error(self, error: np.ndarray, below: np.ndarray) -> np.ndarray:
        if not self.denominator_error:
            return error
        with np.errstate(divide="ignore"):
            return np.asarray(1 / (2 * np.sqrt(below)))

    def _curves(self, below: np.ndarray, target: float, tau2: float) -> tuple[np.ndarray, FunnelLimits]:
        """Return the limits in use over a grid of denominators, for units that lie on the target."""
        known = below[below > 0]
        grid = np.geomspace(max(float(known.min()) * 0.8, 1.0), float(known.max()) * 1.05, 200)
        at = kernel.transform(target * grid, grid, SCALES[self.method], target=target)
        error = self._limit_error(at.error, grid)
        if tau2 > 0:
            return grid, self.wide_limits(error, target=target, tau2=tau2)
        return grid, self.plain_limits(grid, error, target=target)

    def _checked(self, counts: UnitCounts) -> tuple[np.ndarray, np.ndarray]:
        above, below = (
            np.asarray(part, dtype=np.float64) for part in (counts.numerators, counts.denominators)
        )
        if self.method == "shmi" if self.round_expected is None else self.round_expected:
            below = np.round(below, 2)
        rows = []
        if self.method != "counts":
            rows.append(("zero-denominator", below == 0, "has a denominator of zero; leave the unit out"))
        if self.method == "proportion":
            rows.append(
                ("numerator-above-denominator", above > below, "has more events than cases; correct one")
            )
        issues = [
            Issue(rule=rule, row=at + 1, message=f"'{counts.units[at]}' {words}")
            for rule, bad, words in rows
            for at in np.flatnonzero(bad).tolist()
        ]
        name = f"units of '{counts.measure.id}'"
        if issues:
            raise TableError(f"{name} cannot be compared: {len(issues)} problem(s)", issues)
        if above.sum() == 0 or below.sum() == 0:
            raise DesignError(f"{name} cannot be compared: there is no event at all")
        if np.array_equal(above, below):
            raise DesignError(
                f"{name} cannot be compared: every numerator equals its denominator; check that no column was "
                "given twice"
            )
        return above, below

    def _target(self, above: np.ndarray, below: np.ndarray) -> float:
        if self.target is not None:
            return self.target
        return 1.0 if self.method in {"shmi", "cqc"} else float(above.sum() / below.sum())

    def _provenance(self, counts: UnitCounts) -> Provenance:
        return Provenance(
            files=counts.provenance.files,
            plugin="lean_impact",
            version=__version__,
            parameters={key: str(value) for key, value in asdict(self).items()},
            steps=(*counts.provenance.steps, f"funnel of {counts.measure.id}, {len(counts)} units"),
        )
