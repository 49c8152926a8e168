"""Leave one trust out, and see whether a model predicts it better than the average of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.contingency.contingency_figure import draw_validation
from lean_impact.contingency.evidence import FEWEST_TRUSTS, Evidence, without_trust
from lean_impact.contingency.protocol import ContingencyModel, Prediction
from lean_impact.contingency.scoring import plain_number, spell
from lean_impact.domain import CaseTable, Provenance, PValue, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import DesignError
from lean_impact.kernels.permutation import sign_flip_p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BETTER", "COLUMNS", "NO_BETTER", "LeftOut", "Validation", "validate"]

NO_BETTER: Final = "no better than null"
BETTER: Final = "better than null"
COLUMNS: Final = (
    "model", "trust", "effect", "effect_lower", "effect_upper",
    "predicted", "predicted_lower", "predicted_upper", "outside",
    "null_predicted", "null_lower", "null_upper",
    "crps", "null_crps", "crps_gain", "log_score", "null_log_score", "log_gain",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeftOut:
    """One trust, predicted from its context by what the others taught.

    Attributes
    ----------
    trust : str
        Code of the trust that was left out.
    effect, lower, upper : float
        Its estimated effect with the interval it came with, positive is an improvement, in the unit of the
        measure.
    model, null : Prediction
        Predictive distributions of that estimate, its own standard error included.
    crps, null_crps : float
        Continuous ranked probability scores of the two, in the unit of the measure; lower is better.
    log_score, null_log_score : float
        Minus the log predictive densities of the two, in nats; lower is better.
    """

    trust: str
    effect: float
    lower: float
    upper: float
    model: Prediction
    null: Prediction
    crps: float
    null_crps: float
    log_score: float
    null_log_score: float

    @property
    def crps_gain(self) -> float:
        """How much lower, so better, the model's CRPS is than the null's, in the unit of the measure."""
        return self.null_crps - self.crps

    @property
    def log_gain(self) -> float:
        """How much lower, so better, the model's log score is than the null's, in nats."""
        return self.null_log_score - self.log_score


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Validation:
    """A model against the null model, trust by trust.

    Attributes
    ----------
    model, null : str
        Names of the two.
    left_out : tuple of LeftOut
        One for each trust, by code.
    p_value : PValue
        Chance of a mean CRPS gain as large if a gain were as likely as a loss of the same size.
    level : float
        The p-value must not be above this for the verdict to be "better than null".
    unit : str
        Unit of the measure, in words.
    provenance : Provenance
        Parameters and seed.
    """

    model: str
    null: str
    left_out: tuple[LeftOut, ...]
    p_value: PValue
    level: float
    unit: str
    provenance: Provenance

    @property
    def crps_gains(self) -> np.ndarray:
        """CRPS of the null minus CRPS of the model, positive is better, shape (n_trusts,)."""
        return np.array([fold.crps_gain for fold in self.left_out])

    @property
    def log_gains(self) -> np.ndarray:
        """Log score of the null minus that of the model, positive is better, shape (n_trusts,)."""
        return np.array([fold.log_gain for fold in self.left_out])

    @property
    def mean_gain(self) -> float:
        """Mean CRPS gain over the trusts, in the unit of the measure."""
        return float(self.crps_gains.mean())

    @property
    def gain_spread(self) -> float:
        """Standard deviation of the CRPS gain between the trusts, in the unit of the measure."""
        return float(self.crps_gains.std(ddof=1))

    @property
    def skill(self) -> float:
        """Share of the null's CRPS that the model takes away; 1 is perfect, 0 no better, below 0 worse."""
        return self.mean_gain / float(np.mean([fold.null_crps for fold in self.left_out]))

    @property
    def n_better(self) -> int:
        """In how many trusts the model's CRPS was the lower one."""
        return int((self.crps_gains > 0).sum())

    @property
    def verdict(self) -> str:
        """The plain "no better than null", unless both scores and the sign-flip test say otherwise."""
        both = self.mean_gain > 0 and float(self.log_gains.mean()) > 0
        return BETTER if both and self.p_value.value <= self.level else NO_BETTER

    @property
    def cautions(self) -> tuple[str, ...]:
        """What leaving out one of a few trusts cannot show."""
        n = len(self.left_out)
        extrapolated = [fold.trust for fold in self.left_out if fold.model.outside > 1 / 2]
        said = [f"the {n} predictions share most of their data, so they are not {n} independent tests"]
        if self.p_value.smallest > self.level:
            said.append(
                f"with {n} trusts the smallest reachable p-value is {self.p_value.smallest:.3f}, so no model "
                f"could have been shown to be better at {self.level:.3f}"
            )
        if extrapolated:
            said.append(
                f"predicted from outside what the others showed: {', '.join(extrapolated)}; that is an "
                "extrapolation"
            )
        return tuple(said)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trust left out.

        Returns
        -------
        DataFrame
            Effect with its own interval, predictions with 95 % intervals (positive is an improvement, unit
            of the measure), probability ``outside``, both scores of model and null and their gains (positive
            is better).
        """
        rows = []
        for fold in self.left_out:
            model, null = fold.model, fold.null
            rows.append(
                (self.model, fold.trust, fold.effect, fold.lower, fold.upper,
                 model.quantile(0.5), *model.interval(), model.outside, null.quantile(0.5), *null.interval(),
                 fold.crps, fold.null_crps, fold.crps_gain,
                 fold.log_score, fold.null_log_score, fold.log_gain)
            )  # fmt: skip
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def summary(self) -> Summary:
        """Say in words whether the model predicted unseen trusts better than the average of the others."""
        n = len(self.left_out)
        gain = f"{plain_number(self.mean_gain)}, spread between trusts {self.gain_spread:.3g}"
        lines = (
            f"'{self.model}' predicts a trust it has not seen: {self.verdict}.",
            f"It came closer than '{self.null}' in {spell(self.n_better)} of {spell(n)} trusts.",
            f"Mean gain in the error score (CRPS, positive is better): {gain} ({self.unit}).",
            f"Sign-flip test over trusts: {self.p_value}.",
        )
        return Summary("\n".join([*lines, *(f"Caution: {caution}" for caution in self.cautions)]))

    @property
    def title(self) -> str:
        """Title of the chart."""
        return f"Each trust predicted without itself: '{self.model}' against '{self.null}'"

    @property
    def description(self) -> str:
        """The chart in words."""
        rows = "; ".join(
            f"{row.trust} effect {row.effect:+.3g}, "
            f"model {row.predicted:+.3g} ({row.predicted_lower:+.3g} to {row.predicted_upper:+.3g}), "
            f"null {row.null_predicted:+.3g} ({row.null_lower:+.3g} to {row.null_upper:+.3g})"
            for row in self.to_frame().itertuples()
        )
        return (
            "Interval chart with three intervals for each trust: the estimated effect, and the predictions "
            f"of '{self.model}' and of '{self.null}' made without that trust. Positive is an improvement, "
            f"{self.unit}. {rows}. Verdict: {self.verdict}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw effect and both predictions of every trust.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
            The axes drawn on.
        """
        return draw_validation(self, ax)


def validate(
    model: ContingencyModel,
    cases: CaseTable,
    effects: Sequence[TrustEffect],
    *,
    null: ContingencyModel,
    improvement: Direction,
    seed: int,
    level: float = 0.05,
    unit: str = "unit of the measure",
) -> Validation:
    """Predict each trust from its context by a model fitted to the others, against the null model.

    Parameters
    ----------
    model : ContingencyModel
        What is to be judged.
    cases : CaseTable
        Which trust showed which condition.
    effects : sequence of TrustEffect
        One for each trust of the table, with standard errors.
    null : ContingencyModel
        The benchmark.
    improvement : {"increase", "decrease", "neutral"}
        Which movement of the measure is better.
    seed : int
        Seed of everything random.
    level : float, default 0.05
        Largest p-value for the verdict "better than null"; divide it by the number of models judged.
    unit : str
        Unit of the measure, in words.

    Returns
    -------
    Validation
        Predictions, scores, test and verdict.

    Raises
    ------
    InputError
        If cases and effects do not belong together.
    DesignError
        If there are fewer than four trusts: the others must be three.

    Notes
    -----
    The left-out trust counts by its context alone. Its estimate ``y`` with standard error ``se`` is compared
    with the prediction widened by ``se``, by the continuous ranked probability score and minus the log
    density. The verdict is "better than null" only if both scores gain on average and a one-sided exact
    sign-flip test of the mean CRPS gain over the ``2^n`` patterns of signs reaches ``level``. Five trusts
    reach 1/32 at best, if every one of them is predicted better.

    References
    ----------
    Gneiting and Raftery (2007), Journal of the American Statistical Association 102, 359-378.
    """
    evidence = Evidence.gather(cases, effects, improvement=improvement)
    if len(evidence.trusts) <= FEWEST_TRUSTS:
        raise DesignError(
            f"{len(evidence.trusts)} trusts are too few to leave one out; {FEWEST_TRUSTS} must remain"
        )
    folds = []
    for trust in sorted(evidence.trusts):
        others, rest = without_trust(cases, trust), [e for e in effects if e.trust != trust]
        row, context = evidence.row(trust), evidence.context(trust)
        effect, error = float(evidence.effects[row]), float(evidence.standard_errors[row])
        ours, theirs = (
            one.fit(others, rest, improvement=improvement, seed=seed).predict(context).observed_with(error)
            for one in (model, null)
        )
        folds.append(
            LeftOut(
                trust=trust,
                effect=effect,
                lower=float(evidence.lower[row]),
                upper=float(evidence.upper[row]),
                model=ours,
                null=theirs,
                crps=ours.crps(effect),
                null_crps=theirs.crps(effect),
                log_score=ours.log_score(effect),
                null_log_score=theirs.log_score(effect),
            )
        )
    return Validation(
        model=model.name,
        null=null.name,
        left_out=tuple(folds),
        p_value=_sign_flip(np.array([fold.crps_gain for fold in folds]), seed),
        level=level,
        unit=unit,
        provenance=Provenance(
            plugin="lean_impact",
            version=__version__,
            parameters={
                "model": str(model),
                "null": str(null),
                "improvement": improvement,
                "level": str(level),
            },
            seed=seed,
            steps=(f"left out each of {len(folds)} trusts",),
        ),
    )


def _sign_flip(gains: np.ndarray, seed: int) -> PValue:
    """Test the mean gain by flipping signs, and say what the test rests on."""
    found = sign_flip_p_value(gains, seed=seed)
    return PValue(
        value=found.value,
        smallest=found.smallest,
        method="one-sided sign flips of the CRPS gain over trusts",
        assumption="without an advantage a gain is as likely as a loss of the same size, trust by trust",
        draws=found.draws,
    )
