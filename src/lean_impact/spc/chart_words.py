"""Words for a control chart: summary, text alternative, and what a reader must be warned of."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from lean_impact.domain import Summary, period_label
from lean_impact.domain.text import capital
from lean_impact.spc.false_signals import FalseSignals, expected_false_signals
from lean_impact.spc.points import CENTRES, CHART_NAMES
from lean_impact.spc.rules import RuleSet
from lean_impact.spc.signals import Signal

if TYPE_CHECKING:
    from lean_impact.spc.control_chart import ControlChart

__all__ = [
    "assurance_words",
    "cautions_of",
    "description_of",
    "false_alarms_of",
    "summary_of",
    "variation_words",
]

DESCRIBED = 6
"""How many signals a text alternative names; the rest are counted and stand in the table."""

BEYOND_CHANCE = 1.5
"""From this many times the variation of chance on, limits that know chance alone are said to be useless."""

# The seed of the simulation behind a caution: a reference figure, not a draw of the analysis.
_SEED = 20231106


def variation_words(chart: ControlChart) -> str:
    """Say the variation icon in words."""
    when = _when(chart, chart.last)
    if chart.variation == "too short to judge":
        return f"too short to judge: fewer than {chart.rule_set.min_points} points that could make limits"
    trial = ", against trial limits" if chart.trial else ""
    if chart.variation == "common cause":
        return f"common cause: no special cause at the last point ({when}){trial}"
    nature = {
        "improvement": "of improvement",
        "concern": "of concern",
        "neutral": "without a better direction",
    }
    return (
        f"special cause {nature[chart.variation]}, {chart.variation_side}: the last point ({when}) is "
        f"labelled '{chart.labels[chart.last]}'{trial}"
    )


def assurance_words(chart: ControlChart) -> str:
    """Say the assurance icon in words."""
    if chart.target is None:
        return "no target any more" if np.isfinite(chart.target_line).any() else "no target"
    target = f"the target of {chart.measure.format(chart.target)}"
    if chart.assurance is not None:
        meaning = {
            "pass": f"{target} lies on the safe side of both limits and would always be met",
            "fail": f"{target} lies beyond the better limit and would never be met",
            "hit or miss": f"{target} lies between the limits and would be met or missed by chance",
        }[chart.assurance]
        process = "as in the baseline" if chart.frozen else "as it is"
        trial = ", judged against trial limits" if chart.trial else ""
        met = _met(chart)
        return f"{chart.assurance}: {meaning} if the process ran on {process}{trial}; {met}"
    if chart.measure.improvement == "neutral":
        return f"not judged against {target}: neither direction is better"
    return f"too short to judge against {target}"


def _met(chart: ControlChart) -> str:
    """Count how often the target of the time was in fact met, which no limit can say."""
    known = np.isfinite(chart.values) & np.isfinite(chart.target_line)
    values, asked = chart.values[known], chart.target_line[known]
    met = values >= asked if chart.measure.improvement == "increase" else values <= asked
    own = "the target of its time" if chart.targets else "it"
    return f"{own} was met in {int(met.sum())} of {int(known.sum())} figures"


def summary_of(chart: ControlChart) -> Summary:
    """Write the chart as text, one fact a line."""
    lines = [f"{CHART_NAMES[chart.kind]} of {chart.title}", *_facts(chart)]
    lines += ["Signals:", *(f"  - {_signal(chart, signal)}" for signal in chart.signal_records)]
    if not chart.signal_records:
        lines[-1] = "Signals: none"
    lines += [f"New limits from {record}" for record in chart.rebases]
    lines += [f"Target from {step}" for step in chart.targets]
    lines += [f"Left out: {record}" for record in chart.exclusions]
    lines += [f"Rule set: {chart.rule_set}", *(f"Caution: {words}" for words in chart.cautions)]
    return Summary("\n".join(lines))


def description_of(chart: ControlChart) -> str:
    """Write a text alternative of the chart in plain sentences."""
    named = [_signal(chart, signal) for signal in chart.signal_records[:DESCRIBED]]
    more = len(chart.signal_records) - len(named)
    signals = "; ".join(named) + (f"; and {more} more" if more else "") if named else "none"
    parts = [
        f"{chart.kind} control chart of {chart.title}.",
        *_facts(chart),
        f"Signals: {signals}.",
        *(f"New limits from {record}." for record in chart.rebases),
        *(f"Target from {step}." for step in chart.targets),
        *(f"Left out: {record}." for record in chart.exclusions),
        f"Rule set: {chart.rule_set}.",
    ]
    return " ".join(parts)


def _facts(chart: ControlChart) -> list[str]:
    written, at = chart.measure.format, chart.last
    n_points = int(np.isfinite(chart.values).sum())
    missing = len(chart.values) - n_points
    gaps = f", {missing} without a figure" if missing else ""
    facts = [f"{capital(_when(chart, 0))} to {_when(chart, -1)}, {n_points} points{gaps}."]
    if np.isfinite(chart.centre[at]):
        phase = chart.phases[int(chart.phase[at]) - 1]
        frozen = f", {chart.baseline}" if chart.baseline else ""
        facts.append(
            f"{capital(CENTRES[chart.kind])} {written(phase.centre)}, "
            f"limits {written(phase.lower)} to {written(phase.upper)}"
            f"{' (trial limits)' if phase.trial else ''}, from {phase.n_basis} points{frozen}."
        )
        facts.append(
            f"Runs and crossings ({chart.runs[phase.number - 1].rules}): {chart.runs[phase.number - 1]}."
        )
    return [
        *facts,
        f"Latest value {written(float(chart.values[at]))} in {_when(chart, at)}.",
        f"Variation: {chart.variation_words}.",
        f"Assurance: {chart.assurance_words}.",
    ]


def cautions_of(chart: ControlChart, *, without_exclusions: ControlChart | None) -> tuple[str, ...]:
    """Gather what a reader must know before acting on the chart.

    Parameters
    ----------
    chart : ControlChart
        The chart.
    without_exclusions : ControlChart or None
        The same chart with no point left out, None if none was.

    Returns
    -------
    tuple of str
        Sentences, the general one first.
    """
    return (
        *_about_signals(chart),
        *_about_season(chart),
        *_about_dispersion(chart),
        *_about_limits(chart),
        *_about_baseline(chart),
        *_about_figures(chart),
        *_about_exclusions(chart, without_exclusions),
    )


def _about_signals(chart: ControlChart) -> list[str]:
    if chart.variation == "too short to judge":
        return [f"Too short to judge: no limits from fewer than {chart.rule_set.min_points} points."]
    correlation = chart.dependence.autocorrelation
    known = bool(np.isfinite(correlation))
    rate = false_alarms_of(chart)
    n_points, baseline, noise = rate.n_points, rate.baseline_points, rate.autocorrelation
    where = f"after a baseline of {baseline}" if baseline else "somewhere"
    general = (
        "The rules are no significance test: in stable figures of this length "
        f"({n_points} periods, lag-one autocorrelation {noise:.1f}) they show a signal {where} in about "
        f"{100 * rate.any_signal:.0f}% of charts, and a special-cause icon in {100 * rate.special_icon:.0f}%."
    )
    words = [general]
    if not known:
        words.append(
            "Too few neighbouring points to estimate autocorrelation; 0 is assumed for the line above."
        )
    elif chart.dependence.autocorrelated:
        words.append(
            f"Neighbouring points of the {_basis_name(chart)} are not independent (lag-one autocorrelation "
            f"{correlation:.2f}); limits from moving ranges are then "
            f"{'too narrow and false signals more frequent' if correlation > 0 else 'too wide'}. For scale: "
            "the rules signal in about 30% of stable series of 36 independent points, and in about 66% at an "
            "autocorrelation of 0.3."
        )
    return words


def false_alarms_of(chart: ControlChart) -> FalseSignals:
    """Return how often the rules of a chart signal in stable figures of its length and autocorrelation.

    Parameters
    ----------
    chart : ControlChart
        The chart.

    Returns
    -------
    FalseSignals
        For one chart of single figures, whatever the kind of chart.
    """
    correlation = chart.dependence.autocorrelation
    # To one decimal: the estimate is no better than that, and few simulations then serve many charts.
    noise = round(min(max(correlation, 0.0), 0.9), 1) if np.isfinite(correlation) else 0.0
    baseline = int(np.flatnonzero(chart.basis)[-1]) + 1 if chart.frozen and len(chart.phases) == 1 else None
    return _false_alarms(len(chart.values), baseline, noise, chart.rule_set, chart.screen)


def _about_season(chart: ControlChart) -> list[str]:
    season = chart.dependence.season
    if not chart.dependence.seasonal:
        return []
    words = (
        f"A season recurs in the {_basis_name(chart)} (p = {season.p_value:.3f} over {season.n_cycles} years, by "
        "rotating each year): a winter can look like a special cause, and limits that hold the season are "
        "wide. The adjusted chart beside this one takes it out."
    )
    return [words]


def _about_dispersion(chart: ControlChart) -> list[str]:
    """Say whether periods vary as chance alone would have it, where the chart knows what chance gives."""
    words = []
    empty = int((chart.series.denominators == 0).sum()) if chart.kind[0] in "pu" else 0
    if empty:
        words.append(f"{empty} period(s) have a denominator of zero: nothing to judge, no figure is drawn.")
    if not chart.dispersion or not np.isfinite(chart.dispersion[-1]):
        return words
    times = chart.dispersion[-1]
    if chart.kind in {"p'", "u'"}:
        words.append(
            f"Limits allow for periods that vary {times:.1f} times as much as chance alone (Laney's method, not "
            "floored at 1): what makes them differ is not explained by it."
        )
    elif times > BEYOND_CHANCE:
        words.append(
            f"Periods vary {times:.1f} times as much as chance alone, so limits of this {chart.kind} chart are too "
            "narrow and signal everywhere; choose Laney's method or an XmR chart."
        )
    return words


def _about_limits(chart: ControlChart) -> list[str]:
    words = []
    for phase in chart.phases:
        where = "" if len(chart.phases) == 1 else f" of the phase from {phase.start}"
        if np.isnan(phase.centre):
            if len(chart.phases) > 1:
                words.append(
                    f"The {phase.n_basis} point(s){where} are too few for limits and are not judged."
                )
            continue
        if phase.trial:
            words.append(
                f"The limits{where} are trial limits: they rest on {phase.n_basis} points, fewer than "
                f"{chart.rule_set.trial_below}."
            )
        if chart.kind == "XmR" and phase.upper == phase.lower:
            words.append(
                f"The points behind the limits{where} do not vary, so the limits equal the mean and any "
                "other value lies outside them."
            )
        if (
            chart.kind == "XmR"
            and chart.measure.kind == "proportion"
            and (phase.lower < 0 or phase.upper > 1)
        ):
            words.append(
                f"A limit{where} lies beyond what a proportion can reach; the drawing is cut at 0% and 100%, "
                "the numbers are not."
            )
    return words


def _about_baseline(chart: ControlChart) -> list[str]:
    """Say whether frozen limits rest on a stable process, and whether it still runs."""
    if not chart.frozen:
        return []
    words = []
    if chart.variation_side is not None and chart.assurance is not None:
        words.append(
            "The last point signals special cause against the frozen limits: the assurance speaks of the "
            "process during the baseline, not as it runs now."
        )
    ends = {
        phase.number: chart.periods[np.flatnonzero(chart.basis & (chart.phase == phase.number))[-1]].item()
        for phase in chart.phases
        if phase.n_basis < phase.n_points and phase.n_basis
    }
    early = [s for s in chart.signal_records if s.phase in ends and s.confirmed <= ends[s.phase]]
    if early:
        words.append(
            f"The baseline was not stable: {len(early)} signal(s) within it, the first: "
            f"{_signal(chart, early[0])}. Limits from it do not describe one process, and a later signal is "
            "no evidence of what came after the baseline."
        )
    return words


def _about_figures(chart: ControlChart) -> list[str]:
    words = []
    imputed = int((chart.series.flags == "imputed").sum())
    if imputed:
        words.append(f"{imputed} of {len(chart.values)} figures are partly imputed.")
    if chart.last < len(chart.values) - 1:
        words.append(
            f"There is no judged figure after {_when(chart, chart.last)}; the icons speak of that point."
        )
    rebased = {record.date for record in chart.rebases}
    first, last = chart.periods[0].item(), chart.periods[-1].item()
    words += [
        f"The definition changed on {change.date}: {change.what} The chart takes the figures as one process."
        for change in chart.measure.changes
        if first < change.date <= last and change.date not in rebased
    ]
    return words


def _about_exclusions(chart: ControlChart, plain: ControlChart | None) -> list[str]:
    if plain is None:
        return []
    written, at = chart.measure.format, plain.last
    limits = f"{written(float(plain.lower[at]))} to {written(float(plain.upper[at]))}"
    sentence = (
        f"{len(chart.exclusions)} point(s) left out ({'; '.join(map(str, chart.exclusions))}). With them: "
        f"{CENTRES[chart.kind]} {written(float(plain.centre[at]))}, limits {limits}, "
        f"variation {plain.variation}, assurance {plain.assurance or 'not judged'}."
    )
    return [sentence]


@lru_cache(maxsize=512)
def _false_alarms(
    n_points: int,
    baseline: int | None,
    autocorrelation: float,
    rules: RuleSet,
    screen: bool,  # noqa: FBT001
) -> FalseSignals:
    return expected_false_signals(
        1,
        n_points=n_points,
        baseline_points=baseline,
        autocorrelation=autocorrelation,
        rules=rules,
        screen=screen,
        seed=_SEED,
    )


def _basis_name(chart: ControlChart) -> str:
    return "baseline" if chart.baseline else "series"


def _signal(chart: ControlChart, signal: Signal) -> str:
    frequency = chart.measure.frequency
    start, end = period_label(signal.start, frequency), period_label(signal.end, frequency)
    return f"{signal}, {start}" if start == end else f"{signal}, {start} to {end}"


def _when(chart: ControlChart, at: int) -> str:
    return period_label(chart.periods[at].item(), chart.measure.frequency)
