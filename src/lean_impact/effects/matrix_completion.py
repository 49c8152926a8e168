"""Matrix completion: unit and period effects and a matrix of small nuclear norm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lean_impact.effects._factor_tables import complete_covariates, fit_table, pooled_effect, weights_table
from lean_impact.effects._rules import raise_if_any
from lean_impact.effects._settings import CommonSettings
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.arrays import Needs, PanelArrays
from lean_impact.effects.gaps import Gaps, estimate_from_gaps
from lean_impact.effects.result import EffectResult
from lean_impact.errors import Issue
from lean_impact.kernels.completion import (
    complete,
    completion_weights,
    held_out_errors,
    hiding_folds,
    largest_penalty,
    penalty_path,
    placebo_fills,
)
from lean_impact.kernels.low_rank import cap_singular_values
from lean_impact.kernels.low_rank_fit import LowRankFit
from lean_impact.tables import Panel

__all__ = ["MatrixCompletion"]

_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCompletion(CommonSettings):
    r"""Fill in what the treated trusts would have shown, as simply as the other figures allow.

    Parameters
    ----------
    penalty : float or None, default None
        Penalty for each cell on the nuclear norm, in the unit of the measure; chosen by cross-validation if not given.
    n_penalties : int, default 12
        Penalties that are tried, from the one that leaves only trust and period effects down to a fiftieth of it.
    covariates : tuple of str, default ()
        Identifiers of measures of the panel that are held constant.
    weighting : {"equal", "denominator"}, default "equal"
        Pooled over treated trusts with equal weights, or by their denominators before the programme.
    level : float, default 0.95
        Coverage of every interval.
    draws : int, default 999
        Random placebo groups, where there are too many to enumerate.
    calibration_groups : int, default 500
        Placebo groups that tell how often the default test cries wolf.
    calibration_dates : int, default 1
        Pretended earlier starts at which they are asked again; each fills one matrix for each comparison trust.
    seed : int, default 0
        Root of everything random.

    Raises
    ------
    DesignError
        If a setting is impossible.

    Notes
    -----
    Minimises :math:`\tfrac12\sum(y_{it}-\alpha_i-\xi_t-x_{it}'\beta-L_{it})^2 + \lambda NT\|L\|_*` over the cells
    without the programme; the estimand is the mean effect on the treated trusts over their periods with it. With a
    large penalty this is difference-in-differences by imputation. The penalty is chosen by hiding from comparison
    trusts, a fifth of them at a time, the cells that are missing in the treated. The table ``penalty-path`` shows
    the estimate for each penalty that was tried.

    The default p-value is a t test on the trusts' own effects (a single treated trust: its studentised rank among
    placebos). It rests on these effects varying independently, and needs no equal variances. Placebos have the
    penalty and the coefficients of the study.

    Without an effect the default 5 % test is claimed to reject in 3 to 7.5 % of panels, but for a *single* treated
    trust that is noisier or quieter than the others. What simulations found: :doc:`/explanation/estimators`.

    References
    ----------
    Athey S, Bayati M, Doudchenko N, Imbens G, Khosravi K (2021), Journal of the American Statistical Association
    116:1716-1730.

    Examples
    --------
    >>> from datetime import date
    >>> import pandas as pd
    >>> from lean_impact.domain import Measure, Window
    >>> stay = Measure(id="stay", name="Length of stay", kind="mean", improvement="decrease",
    ...                dimension="efficiency", frequency="year", unit="days")
    >>> response = {"TR1": 1.0, "TR2": 2.0, "CA1": 0.5, "CA2": 1.5, "CA3": 3.0, "CA4": 2.5}
    >>> shock = [0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 1.5, 3.0]
    >>> rows = [(trust, f"{year}-01-01", 9 + size * shock[year - 2012] - (year >= 2018 and trust[0] == "T"))
    ...         for trust, size in response.items() for year in range(2012, 2020)]
    >>> frame = pd.DataFrame(rows, columns=["trust", "period", "value"]).assign(
    ...     measure="stay", flag="published", source="demo")
    >>> adoption = AdoptionDesign.block(
    ...     measure="stay", treated=["TR1", "TR2"], comparison=["CA1", "CA2", "CA3", "CA4"],
    ...     pre=Window(start=date(2012, 1, 1), end=date(2018, 1, 1)),
    ...     post=Window(start=date(2018, 1, 1), end=date(2020, 1, 1)))
    >>> result = MatrixCompletion(penalty=0.001).estimate(Panel.from_frame(frame, measures=[stay]), adoption)
    >>> round(result.pooled.value, 1)
    -1.0
    """

    penalty: float | None = None
    n_penalties: int = 12
    covariates: tuple[str, ...] = ()
    calibration_dates: int = 1

    def _rules(self) -> Iterable[tuple[bool, str]]:
        return (
            (self.penalty is not None and not self.penalty > 0, "penalty must be greater than 0"),
            (self.n_penalties < 2, "n_penalties must be at least 2"),  # noqa: PLR2004
        )

    @property
    def method(self) -> str:
        """The estimator in words."""
        chosen = "penalty by cross-validation" if self.penalty is None else f"penalty {self.penalty:g}"
        return f"matrix completion with trust and period effects, {chosen}"

    @property
    def needs(self) -> Needs:
        """Two comparison trusts and two periods before each start."""
        return Needs()

    def estimate(self, panel: Panel, adoption: AdoptionDesign) -> EffectResult:
        """Estimate the effect on each treated trust and on all of them together.

        Parameters
        ----------
        panel : Panel
            Figures of all trusts.
        adoption : AdoptionDesign
            Who is compared with whom, on what and when; starts may differ. Comparison trusts are complete.

        Returns
        -------
        EffectResult
            With tables ``penalty-path`` (penalty, mspe, estimate, chosen), ``weights`` (trust, donor, weight) and
            ``fit`` (trust, pre_rmspe, n_effective_donors).

        Raises
        ------
        DesignError
            If the figures do not allow it; lists every trust and reason.
        """
        return estimate_from_gaps(self, panel, adoption)

    def gaps(self, arrays: PanelArrays) -> Gaps:
        """Return what is left of treated and placebo trusts.

        Parameters
        ----------
        arrays : PanelArrays
            From :func:`~lean_impact.effects.arrays_of`.

        Returns
        -------
        Gaps
        """
        covariates = complete_covariates(arrays, self.covariates)
        try:
            return self._gaps(arrays, covariates)
        except ValueError as error:
            raise_if_any(arrays.measure, [Issue(rule="not-determined", message=f"{self.method}: {error}")])
            raise

    def _gaps(self, arrays: PanelArrays, covariates: np.ndarray | None) -> Gaps:
        world = _World.of(arrays, covariates)
        penalties, errors = self._tried(world)
        fits = world.fits(penalties)
        chosen = int(np.argmin(errors))
        fit, threshold = fits[chosen], penalties[chosen] * arrays.values.size
        controls = world.controls(fit.coefficients)
        placebo = np.array(
            [
                placebo_fills(
                    controls,
                    cap_singular_values(threshold),
                    np.arange(arrays.n_comparison)[:, None],
                    ~arrays.before[:, members[:1]],
                    convex=True,
                )[:, :, 0].T
                for _, members in arrays.cohorts
            ]
        )
        treated = np.arange(len(arrays.trusts)) < arrays.n_treated
        weights, squares = completion_weights(fit.low_rank, threshold, treated=treated)
        pooled = arrays.weights(self.weighting)
        gaps = [arrays.treated - each.fitted[:, : arrays.n_treated] for each in fits]
        table = pd.DataFrame(
            {
                "penalty": penalties,
                "mspe": errors,
                "estimate": [pooled_effect(arrays, each, pooled) for each in gaps],
                "chosen": np.arange(len(fits)) == chosen,
            }
        )
        return Gaps(
            treated=gaps[chosen],
            placebo=placebo,
            share=float(((weights @ pooled) ** 2).sum()),
            placebo_share=float(squares.mean()),
            tables={
                "penalty-path": table,
                "weights": weights_table(arrays, weights),
                "fit": fit_table(arrays, gaps[chosen], weights),
            },
        )

    def _tried(self, world: _World) -> tuple[np.ndarray, np.ndarray]:
        """Return the penalties that were tried and the errors with which they fill cells of comparison trusts."""
        size = world.values.size
        if self.penalty is None:
            largest = largest_penalty(world.values, missing=world.missing, covariates=world.covariates)
            # Figures without any noise leave nothing to penalise; any penalty is large enough then.
            floor = _ROUNDING * float(np.abs(world.values).max())
            penalties = penalty_path(max(largest, floor), number=self.n_penalties)
        else:
            penalties = np.array([self.penalty])
        additive = complete(
            world.values, float(penalties[0]), missing=world.missing, covariates=world.covariates
        )
        controls = world.controls(additive.coefficients)
        folds = hiding_folds(controls, world.missing[:, : world.n_treated])
        models = [cap_singular_values(each * size) for each in penalties]
        errors = held_out_errors(controls, models, folds, convex=True)
        seen = np.isfinite(errors) if self.penalty is None else np.ones(1, dtype=bool)
        return penalties[seen], errors[seen]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _World:
    values: np.ndarray
    missing: np.ndarray
    covariates: np.ndarray | None
    n_treated: int

    @classmethod
    def of(cls, arrays: PanelArrays, covariates: np.ndarray | None) -> _World:
        missing = np.zeros(arrays.values.shape, dtype=bool)
        mine = slice(0, arrays.n_treated)
        missing[:, mine] = ~arrays.before[:, mine] | np.isnan(arrays.treated)
        values = np.where(missing, 0.0, arrays.values)
        return cls(values=values, missing=missing, covariates=covariates, n_treated=arrays.n_treated)

    def fits(self, penalties: np.ndarray) -> list[LowRankFit]:
        """Fit with each penalty, each from where the one before ended."""
        found: list[LowRankFit] = []
        for penalty in penalties:
            start = found[-1].fitted if found else None
            found.append(
                complete(
                    self.values,
                    float(penalty),
                    missing=self.missing,
                    covariates=self.covariates,
                    start=start,
                )
            )
        return found

    def controls(self, coefficients: np.ndarray) -> np.ndarray:
        """Return comparison trusts without what covariates explain."""
        mine = slice(self.n_treated, None)
        if self.covariates is None:
            return self.values[:, mine]
        rest: np.ndarray = self.values[:, mine] - np.tensordot(
            coefficients, self.covariates[:, :, mine], axes=1
        )
        return rest
