"""Do several methods agree? Their verdicts side by side, and one sentence that follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from lean_impact.domain import Measure, Summary
from lean_impact.effects.result import EffectResult
from lean_impact.effects.wording import Verdict, cries_wolf, impossible, verdict
from lean_impact.errors import DesignError

__all__ = ["Agreement", "agreement"]

_WORDS: dict[Verdict, str] = {
    "improvement": "an improvement",
    "worsening": "a worsening",
    "rise": "a rise",
    "fall": "a fall",
    "none": "no effect",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """The estimates of one question by several methods.

    Attributes
    ----------
    measure : Measure
        What was measured.
    results : mapping of str to EffectResult
        By name of the method; the one that decides first.
    """

    measure: Measure
    results: Mapping[str, EffectResult]

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """What each method sees, by its name."""
        return {name: verdict(result) for name, result in self.results.items()}

    @property
    def unanimous(self) -> bool:
        """Whether all of them see the same."""
        return len(set(self.verdicts.values())) == 1

    @property
    def contradictory(self) -> bool:
        """Whether one sees the opposite of what another sees."""
        return _opposed(self.verdicts.values())

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each method.

        Returns
        -------
        DataFrame
            Columns ``method``, ``estimate``, ``standard_error``, ``lower``, ``upper``, ``level``, ``p_value``,
            ``p_smallest``, ``p_method``, ``assumption``, ``false_alarm_rate``, ``coverage``, ``n_comparison``,
            ``verdict``, ``estimand``; effects in the unit of the measure.
        """
        return pd.DataFrame([_row(name, result) for name, result in self.results.items()])

    def summary(self) -> Summary:
        """Say in one sentence whether the methods agree."""
        return Summary(self.sentence)

    @property
    def sentence(self) -> str:
        """One plain sentence that changes with the evidence."""
        wolves = [name for name, result in self.results.items() if cries_wolf(result)]
        others = {name: impossible(result) for name, result in self.results.items() if name not in wolves}
        words = self._agreement({name: self.verdicts[name] for name, why in others.items() if not why})
        aside = [f"{name}, as {why}" for name, why in others.items() if why]
        if wolves:
            cry = "cries" if len(wolves) == 1 else "cry"
            aside = [f"{' and '.join(wolves)} {cry} wolf too often on these figures", *aside]
        return f"{words} Set aside: {'; '.join(aside)}." if aside else words

    def _agreement(self, verdicts: Mapping[str, Verdict]) -> str:
        """Say whether the methods agree that can be trusted here."""
        if not verdicts:
            return "No method can be trusted on these figures."
        counts = Counter(verdicts.values())
        values = [self.results[name].pooled.value for name in verdicts]
        n = len(values)
        span = f"estimates from {self.measure.format_change(min(values))} to {self.measure.format_change(max(values))}"
        if n == 1:
            return f"One method can be used, which sees {_WORDS[next(iter(counts))]}."
        if len(counts) == 1:
            return f"All {n} methods see {_WORDS[next(iter(counts))]} ({span})."
        told = "; ".join(f"{count} {_sees(count)} {_WORDS[found]}" for found, count in counts.most_common())
        if _opposed(counts):
            return f"The {n} methods contradict each other ({told}; {span}): none of them can be relied on alone."
        return f"The {n} methods do not all agree ({told}; {span}): what is seen depends on the method."


def agreement(results: Mapping[str, EffectResult]) -> Agreement:
    """Put the estimates of one question by several methods side by side.

    Parameters
    ----------
    results : mapping of str to EffectResult
        By name of the method; the one that decides first.

    Returns
    -------
    Agreement

    Raises
    ------
    DesignError
        If there is none, or they are about different measures.
    """
    measures = {result.measure.id for result in results.values()}
    if len(measures) != 1:
        raise DesignError(
            f"methods can be compared on one measure only; these are about {', '.join(sorted(measures)) or 'none'}"
        )
    return Agreement(measure=next(iter(results.values())).measure, results=dict(results))


def _opposed(found: Iterable[Verdict]) -> bool:
    seen = set(found)
    return {"improvement", "worsening"} <= seen or {"rise", "fall"} <= seen


def _sees(count: int) -> str:
    return "sees" if count == 1 else "see"


def _row(name: str, result: EffectResult) -> dict[str, object]:
    calibration = result.calibration
    return {
        "method": name,
        "estimate": result.pooled.value,
        "standard_error": result.pooled.standard_error,
        "lower": result.pooled.lower,
        "upper": result.pooled.upper,
        "level": result.pooled.level,
        "p_value": result.p_value.value,
        "p_smallest": result.p_value.smallest,
        "p_method": result.p_value.method,
        "assumption": result.p_value.assumption,
        "false_alarm_rate": calibration.false_alarm_rate if calibration else float("nan"),
        "coverage": calibration.coverage if calibration else float("nan"),
        "n_comparison": result.n_comparison,
        "verdict": verdict(result),
        "estimand": result.estimand,
    }
