"""The whole question at once: models, their validation, and what the design can carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.contingency.contingency_figure import draw_case_table
from lean_impact.contingency.design import DesignCheck, design_check
from lean_impact.contingency.evidence import FEWEST_TRUSTS, Evidence
from lean_impact.contingency.matching import FRAMEWORK_SIZES, MUSIQ, OutcomeMove, trusts_needed
from lean_impact.contingency.protocol import ContingencyFit, ContingencyModel, DrawnFit
from lean_impact.contingency.scoring import score_table, share_range, spell
from lean_impact.contingency.validation import BETTER, COLUMNS, Validation, validate
from lean_impact.domain import CaseTable, Estimate, Provenance, State, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import InputError, Issue

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Contingency", "ContingencyAnalysis"]

_RARE: Final = 0.05
_LEFT_OUT_COLUMNS: Final = COLUMNS[5:]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contingency:
    """Under which conditions the programme worked, as far as these trusts can tell.

    Attributes
    ----------
    cases : CaseTable
        Which trust showed which condition.
    evidence : Evidence
        Conditions and effects as arrays, effects with positive as an improvement.
    fits : mapping of str to ContingencyFit
        What each model learned from all trusts, by the model's name, the null model among them.
    validations : tuple of Validation
        Each model but the null against the null; empty with three trusts, of which none can be left out.
    design : DesignCheck
        What the design can carry.
    unit : str
        Unit of the measure, in words.
    provenance : Provenance
        Parameters and seed.
    """

    cases: CaseTable
    evidence: Evidence
    fits: Mapping[str, ContingencyFit]
    validations: tuple[Validation, ...]
    design: DesignCheck
    unit: str
    provenance: Provenance

    @property
    def cautions(self) -> tuple[str, ...]:
        """Everything to know before quoting a finding, each caution once."""
        return (*self.design.cautions, *self.model_cautions)

    @property
    def model_cautions(self) -> tuple[str, ...]:
        """What to know of single models before quoting them, each caution once with the models it is about."""
        by_words: dict[str, list[str]] = {}
        for name, fit in self.fits.items():
            for caution in fit.cautions:
                by_words.setdefault(caution, []).append(name)
        judged = [v.model for v in self.validations]
        for validation in self.validations:
            for caution in validation.cautions:
                by_words.setdefault(caution, []).append(validation.model)
        told = [
            # What holds of every model that is judged needs no names.
            words if len(judged) > 1 and names == judged else f"{', '.join(names)}: {words}"
            for words, names in by_words.items()
        ]
        if not self.validations:
            told.append(f"{FEWEST_TRUSTS} trusts leave none to leave out, so no model could be validated")
        return tuple(told)

    def effects_frame(self) -> pd.DataFrame:
        """Return the effects that went in.

        Returns
        -------
        DataFrame
            ``trust``, ``effect`` (positive is better) and the interval it came with, ``lower`` to ``upper``.
        """
        e = self.evidence
        frame = pd.DataFrame({"trust": e.trusts, "effect": e.effects, "lower": e.lower, "upper": e.upper})
        return frame.sort_values("trust", ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each model and trust.

        Returns
        -------
        DataFrame
            ``model``, ``trust``, ``effect``; the score with its bounds and the expected effect with its
            predictive interval from all trusts; then the prediction without the trust, and its scores against
            the null, empty for the null model itself.
        """
        left_out = {v.model: v.to_frame().set_index("trust") for v in self.validations}
        effects = self.effects_frame().set_index("trust")["effect"]
        parts = []
        for name, fit in self.fits.items():
            table = score_table(fit, trusts=self.evidence.trusts)
            table.insert(0, "model", name)
            table.insert(2, "effect", table["trust"].map(effects))
            for column in _LEFT_OUT_COLUMNS:
                table[column] = table["trust"].map(left_out[name][column]) if name in left_out else np.nan
            parts.append(table)
        return pd.concat(parts, ignore_index=True)

    def findings_frame(self) -> pd.DataFrame:
        """Return one row for each finding of each model.

        Returns
        -------
        DataFrame
            ``model``, ``finding``, ``probability`` of the statement, or the ``value`` it is about with its
            interval ``lower`` to ``upper``; ``trusts`` that carry it and conditions (``evidence``) it rests on.
        """
        rows = []
        for name, fit in self.fits.items():
            for finding in fit.findings:
                support = finding.support
                numbers = (
                    (np.nan, support.value, support.lower, support.upper)
                    if isinstance(support, Estimate)
                    else (support, np.nan, np.nan, np.nan)
                )
                trusts, evidence = ", ".join(finding.trusts), ", ".join(finding.evidence)
                rows.append((name, finding.statement, *numbers, trusts, evidence))
        columns = ["model", "finding", "probability", "value", "lower", "upper", "trusts", "evidence"]
        return pd.DataFrame(rows, columns=columns)

    def design_frame(self) -> pd.DataFrame:
        """Return one row for each model: what these trusts can carry of it.

        Returns
        -------
        DataFrame
            ``model``, ``chance`` that luck fits as well, the ``smallest`` such chance that could be reached,
            the number of tied ``explanations``, and the same in ``words``.
        """
        rows = [
            (
                name,
                fit.design.chance,
                fit.design.smallest,
                fit.design.explanations,
                " ".join(fit.design.words),
            )
            for name, fit in self.fits.items()
        ]
        frame = pd.DataFrame(rows, columns=["model", "chance", "smallest", "explanations", "words"])
        return frame.astype({"chance": float, "smallest": float})

    def summary(self) -> Summary:
        """Say what these trusts can and cannot tell, and what would settle it."""
        n = spell(len(self.evidence.trusts))
        sections = (
            (f"What the {n} trusts can tell us", self._can_tell()),
            (f"What the {n} trusts cannot tell us", self._cannot_tell()),
            ("What would settle it", self._would_settle()),
        )
        return Summary("\n".join(line for title, lines in sections for line in (title, *lines)))

    def _named(self, conditions: Sequence[str], joint: str = ", ") -> str:
        """Write conditions by their names for readers."""
        names = dict(zip(self.evidence.conditions, self.evidence.names, strict=True))
        return joint.join(f"'{names[condition]}'" for condition in conditions)

    @property
    def judgement(self) -> str:
        """Which models predict a trust that they have not seen better than the null model, as a clause."""
        n = len(self.validations)
        better = [f"'{v.model}'" for v in self.validations if v.verdict == BETTER]
        than = "a trust that it has not seen better than the null model, which knows no context"
        if not n:
            return "there are too few trusts to leave one out, so no model could be judged"
        if not better:
            one = f"the model '{self.validations[0].model}' does not predict {than}"
            return one if n == 1 else f"none of the {spell(n)} models predicts {than}"
        verb = "predict" if len(better) > 1 else "predicts"
        than = than.replace("it has", "they have") if len(better) > 1 else than
        others = n - len(better)
        rest = "" if not others else f"; the other {'one does' if others == 1 else f'{spell(others)} do'} not"
        return f"of {spell(n)} models {', '.join(better)} {verb} {than}{rest}"

    def _can_tell(self) -> list[str]:
        lines = []
        if self.validations:
            first, n = self.validations[0], spell(len(self.evidence.trusts))
            words = f"Over {n} trusts no p-value below {first.p_value.smallest:.3f} can be reached"
            if first.p_value.smallest > first.level:
                words += f", where {first.level:.3f} is needed: no model could have been shown to be better"
            lines.append(f"- How well their context predicts them: {self.judgement}. {words}.")
        lines.append(f"- How they fared against the comparison: {self._fared()}.")
        best = self._named(self.design.best, " or ")
        low = min(self.design.chance)
        lines.append(
            f"- What goes best with the effects: {best}. Chance gives a condition as good "
            f"{share_range(self.design.chance)} of the time{', so this is no finding' if low > _RARE else ''}."
        )
        return lines

    def _fared(self) -> str:
        """Name the trusts whose intervals leave out 0, and say how many do not."""
        e = self.evidence
        rows = sorted(zip(e.effects, e.lower, e.upper, e.trusts, strict=True), reverse=True)
        clear = [row for row in rows if row[1] > 0 or row[2] < 0]
        said = [
            f"{trust} {'better' if effect > 0 else 'worse'} ({effect:+.3g}, {lower:+.3g} to {upper:+.3g} {self.unit})"
            for effect, lower, upper, trust in clear
        ]
        rest = len(rows) - len(clear)
        if rest:
            said.append(f"the interval of {'the other ' if said else ''}{spell(rest)} holds 0")
        return "; ".join(said)

    def _cannot_tell(self) -> list[str]:
        design = self.design
        better = [v.model for v in self.validations if v.verdict == BETTER]
        lines = [
            f"- Whether the context caused the effect: {', '.join(better)} predicts, which is no proof."
            if better
            else "- Why some trusts did better: knowing their context did not help to predict them."
            if self.validations
            else "- Whether knowing the context helps to predict a trust: there are too few to leave one out."
        ]
        lines += [
            f"- Which of {self._named(tie.conditions)} matters: these trusts cannot tell them apart."
            for tie in design.ties
            if tie.certain
        ]
        lines += [
            f"- Which of {spell(fit.design.explanations)} explanations that '{name}' finds holds: they fit the "
            f"estimates equally well, and luck gives one as good {fit.design.chance or 0:.0%} of the time."
            for name, fit in self.fits.items()
            if fit.design.explanations > 1 and isinstance(fit, DrawnFit)
        ]
        if design.constants:
            verb = "matters: it is" if len(design.constants) == 1 else "matter: they are"
            lines.append(
                f"- Whether {self._named(design.constants, ' and ')} {verb} the same in every trust."
            )
        lines += [
            f"- Whether the programme moved an outcome that moved first: {move}." for move in design.early
        ]
        if design.crisp and design.crisp.perfect:
            size, chance = design.crisp.at_least_one[MUSIQ]
            lines.append(
                f"- Whether a perfect match with '{design.crisp.outcome}' means anything: looking at {size} "
                f"conditions, luck alone gives one {chance:.0%} of the time."
            )
        return lines

    def _would_settle(self) -> list[str]:
        cells: dict[str, set[str]] = {}
        for cell in self.design.pivotal:
            cells.setdefault(cell.condition, set()).add(cell.trust)
        lines = [
            f"- Establishing {self._named([condition])} in {' and in '.join(sorted(trusts))}: "
            f"{'it' if len(trusts) == 1 else 'any one of these'} can turn what the condition seems to say."
            for condition, trusts in sorted(cells.items())
        ]
        lines += [
            f"- A trust in which {self._named(tie.conditions, ' and ')} come apart."
            for tie in self.design.ties
            if tie.certain
        ]
        k = FRAMEWORK_SIZES[MUSIQ]
        one, many = trusts_needed(n_conditions=1), trusts_needed(n_conditions=k)
        lines.append(
            "- One condition named before looking, or more trusts: a perfect match is at most 5% luck from "
            f"{one} trusts for one named condition, and from {many} if {k} are looked at."
        )
        return lines

    @property
    def title(self) -> str:
        """Title of the chart."""
        return "Which trust showed which condition, and how it fared"

    @property
    def description(self) -> str:
        """The chart in words."""
        words = []
        for row in self.effects_frame().sort_values("effect", ascending=False).itertuples():
            states = self.evidence.context(str(row.trust))
            shown = "; ".join(f"{c} {s}" for c, s in states.items())
            words.append(f"{row.trust} {row.effect:+.3g} ({row.lower:+.3g} to {row.upper:+.3g}): {shown}")
        return (
            "Grid of conditions by trust, trusts ordered from the best effect to the worst, with the effect "
            f"and its interval above ({self.unit}, positive is better). {'. '.join(words)}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the case table with the effects.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
            The axes drawn on.
        """
        return draw_case_table(self, ax)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContingencyAnalysis:
    """Ask under which conditions a programme worked, and how far the answer can be trusted.

    Parameters
    ----------
    models : tuple of ContingencyModel
        Models to judge, chosen before looking.
    null : ContingencyModel
        The benchmark that they have to beat.
    seed : int
        Seed of everything random.
    level : float, default 0.05
        Chance of at least one false "better than null" among the models; each gets an equal part of it.
    unit : str
        Unit of the measure, in words.

    Examples
    --------
    >>> from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
    >>> from lean_impact.plugins.contingency.null import NullModel
    >>> from lean_impact.plugins.contingency.readiness import ReadinessIndex
    >>> cases = synthetic_cases({"stable": "1100"}, trusts=("RTP", "RR8", "RF4", "RXW"))
    >>> values = {"RTP": 2.0, "RR8": 1.5, "RF4": 0.5, "RXW": 0.0}
    >>> effects = synthetic_effects(values, standard_errors=0.5)
    >>> analysis = ContingencyAnalysis(models=(ReadinessIndex(),), null=NullModel(), seed=1)
    >>> result = analysis.evaluate(cases, effects=effects, improvement="increase")
    >>> result.validations[0].verdict
    'no better than null'
    """

    models: tuple[ContingencyModel, ...]
    null: ContingencyModel
    seed: int
    level: float = 0.05
    unit: str = "unit of the measure"

    def evaluate(
        self,
        cases: CaseTable,
        *,
        effects: Sequence[TrustEffect],
        improvement: Direction,
        outcome: Mapping[str, bool | State] | None = None,
        outcome_name: str = "the outcome",
        timing: Sequence[OutcomeMove] = (),
    ) -> Contingency:
        """Fit and validate every model, and check the design.

        Parameters
        ----------
        cases : CaseTable
            Which trust showed which condition; unknown is kept.
        effects : sequence of TrustEffect
            One for each trust of the table, with standard errors, in the unit of the measure.
        improvement : {"increase", "decrease", "neutral"}
            Which movement of the measure is better.
        outcome, outcome_name, timing
            See :func:`lean_impact.contingency.design_check`.

        Returns
        -------
        Contingency
            Fits, validations and design check.

        Raises
        ------
        InputError
            If the inputs do not belong together, or two models have one name.
        DesignError
            If fewer than three trusts are given, or no condition differs between them.
        """
        self._check_names()
        evidence = Evidence.gather(cases, effects, improvement=improvement)
        design = design_check(
            cases,
            effects,
            improvement=improvement,
            seed=self.seed,
            outcome=outcome,
            outcome_name=outcome_name,
            timing=timing,
        )
        fits = {
            model.name: model.fit(cases, effects, improvement=improvement, seed=self.seed)
            for model in (self.null, *self.models)
        }
        validations = tuple(
            validate(model, cases, effects, null=self.null, improvement=improvement, seed=self.seed,
                     level=self.level / len(self.models), unit=self.unit)
            for model in self.models
            if len(evidence.trusts) > FEWEST_TRUSTS
        )  # fmt: skip
        return Contingency(
            cases=cases,
            evidence=evidence,
            fits=MappingProxyType(fits),
            validations=validations,
            design=design,
            unit=self.unit,
            provenance=Provenance(
                plugin="lean_impact",
                version=__version__,
                parameters={
                    "models": "; ".join(map(str, self.models)),
                    "null": str(self.null),
                    "improvement": improvement,
                    "level": str(self.level),
                },
                seed=self.seed,
            ),
        )

    def _check_names(self) -> None:
        names = Counter(model.name for model in (self.null, *self.models))
        issues = [
            Issue(rule="model-twice", message=f"{n} models are called '{name}'")
            for name, n in names.items()
            if n > 1
        ]
        if issues:
            raise InputError("models cannot be told apart by name", issues)
