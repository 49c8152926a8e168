"""The section on change-points: found without knowing the dates, then compared with them."""

from __future__ import annotations

import math

import pandas as pd

from lean_impact.changepoints import ChangePoints, GoLiveResult, WindowComparison
from lean_impact.changepoints.change import p_value_words
from lean_impact.domain import period_label
from lean_impact.plugins.sections.common import only
from lean_impact.report import ChangeSearch, Chart, Column, Section, StudyResults, Table, formats

__all__ = ["changes_section"]


def changes_section(results: StudyResults) -> Section | None:
    """Build the section on change-points.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.

    Returns
    -------
    Section or None
        None if no search was planned.
    """
    plan = results.plan.changepoints
    if plan is None or not results.changes:
        return None
    return Section(
        id="change-points",
        title="When did it change?",
        question="Looked at without knowing any date: when did each trust's level change?",
        answer=_answer(results),
        cautions=_cautions(results),
        paragraphs=(
            (
                f"The search is told no date. Autocorrelation, season and gaps are part of its model, and about {plan.false_alarm:.0%} "
                "of stable series like these would show any change. Each change comes with all the periods that fit: the one "
                "named is only the likeliest. A change inside the adoption window is no proof: winters, coding changes "
                "and national declines move many trusts at once; that question is asked further down."
            ),
        ),
        tables=(_found_table(results), _noise_table(results), _boundary_table(results)),
        sections=(
            *(_go_live_section(results, search) for search in results.searches if search.go_live),
            *(_together_section(results, search) for search in results.searches),
            *(_changes_of(results, measure) for measure in _measures(results)),
        ),
    )


def _measures(results: StudyResults) -> tuple[str, ...]:
    return tuple(dict.fromkeys(comparison.result.measure.id for comparison in results.changes))


def _answer(results: StudyResults) -> str:
    primary = results.plan.primary.measure
    mine = [item for item in results.changes if item.result.measure.id == primary] or list(results.changes)
    said = "; ".join(f"{results.label(item.result.trust)}: {_place_words(item)}" for item in mine)
    words = f"Against the adoption window, {mine[0].result.measure.name} changed {said}."
    inside = [change for item in mine for change in item.changes("inside")]
    falls = sum(change.size < 0 for change in inside)
    if inside:
        words += f" Of {len(inside)} changes inside a window {falls or 'none'} {'is a fall' if falls == 1 else 'are falls'}."
    asked = [search.go_live for search in results.searches if search.measure.id == mine[0].result.measure.id]
    if asked and asked[0] is not None:
        words += f" Did changes follow the programme more than elsewhere? {_VERDICTS[asked[0].verdict]}"
    return words


def _place_words(item: WindowComparison) -> str:
    """Say where the changes lie, and how sure that is given all the dates that fit."""
    if not item.where:
        return item.verdict
    pairs = zip(item.where, item.probabilities, strict=True)
    return " and ".join(
        place if math.isnan(share) else f"{place} (probability {min(share, 0.99):.0%})"
        for place, share in pairs
    )


_VERDICTS = {
    "yes": "Yes.",
    "no evidence": "There is no evidence of it.",
    "cannot be told": "That cannot be told from these dates.",
}


def _cautions(results: StudyResults) -> tuple[str, ...]:
    lines: dict[str, list[str]] = {}
    for comparison in results.changes:
        for caution in comparison.result.cautions:
            lines.setdefault(caution, []).append(
                f"{results.label(comparison.result.trust)} ({comparison.result.measure.name})"
            )
    n = len(results.changes)
    return tuple(
        caution if len(who) == n else f"{', '.join(who)}: {caution}" for caution, who in lines.items()
    )


# ---------------------------------------------------------------------------- each trust


def _changes_of(results: StudyResults, measure: str) -> Section:
    mine = [item for item in results.changes if item.result.measure.id == measure]
    return Section(
        id=f"change-points-{measure}",
        title=mine[0].result.measure.name,
        charts=tuple(_changes_chart(results, item) for item in mine),
    )


def _changes_chart(results: StudyResults, item: WindowComparison) -> Chart:
    result = item.result
    return Chart(
        id=f"changes-{result.measure.id}-{result.trust.lower()}-chart",
        title=f"{results.label(result.trust)}: levels found without knowing the dates",
        description=result.description,
        draw=lambda ax: result.plot(ax, window=item.window),
        size=(9.0, 3.2),
    )


def _found_table(results: StudyResults) -> Table:
    frames = [frame for item in results.changes if not (frame := item.to_frame()).empty]
    frame = pd.concat(frames, ignore_index=True) if frames else results.changes[0].to_frame()
    changes = [change for item in results.changes for change in item.result.changes]
    measures = {item.result.measure.id: item.result.measure for item in results.changes}
    frame.insert(0, "name", [results.label(str(code)) for code in frame["trust"]])
    frame.insert(1, "about", [measures[key].name for key in frame["measure"]])
    ids = list(frame["measure"])
    frame.insert(
        2,
        "change",
        [measures[key].format_change(change.size) for key, change in zip(ids, changes, strict=True)],
    )
    frame.insert(
        3,
        "interval",
        [
            measures[key].format_range(change.lower, change.upper)
            for key, change in zip(ids, changes, strict=True)
        ],
    )
    frame.insert(4, "dates", [str(change.location or "not known") for change in changes])
    level = results.changes[0].result.level
    shown: dict[str, Column | str] = {
        "name": "Trust",
        "about": "Measure",
        "change": Column(label="Change", align="right"),
        "interval": Column(label=f"{level:.0%} interval", align="right"),
        "period": Column(
            label="Likeliest first period",
            format=_first_day(results),
        ),
        "dates": f"All dates that fit ({level:.0%})",
        "p_value": Column(label="p-value", format=formats.p_value()),
        "p_smallest": Column(label="Smallest reachable", format=formats.p_value()),
        "where": "Against the adoption window",
        "where_probability": Column(label="Probability of that", format=formats.percent(0)),
    }
    return Table(
        id="change-points-found",
        caption="Change-points, and where each lies against the trust's adoption window",
        frame=frame,
        columns=only(frame, shown),
    )


def _first_day(results: StudyResults) -> formats.Formatter:
    return formats.period(*(item.result.measure.frequency for item in results.changes))


def _noise_table(results: StudyResults) -> Table:
    second = {(item.trust, item.measure.id): item for item in results.second_opinions}
    records = [
        {
            "trust": result.trust,
            "name": results.label(result.trust),
            "measure": result.measure.name,
            "autocorrelation": result.phi,
            "false_alarm_rate": result.false_alarm_rate,
            "n_effective": result.n_effective,
            "minimal_detectable": result.minimal_detectable,
            "detectable": result.measure.format_change(result.minimal_detectable).removeprefix("+"),
            "p_any": result.p_value.value if result.p_value else float("nan"),
            "second_opinion": _dates(second.get((result.trust, result.measure.id))),
        }
        for result in (item.result for item in results.changes)
    ]
    return Table(
        id="change-points-noise",
        caption="What each series could have shown, and a second opinion",
        frame=pd.DataFrame(records),
        columns={
            "trust": Column(label="Code", shown=False),
            "name": "Trust",
            "measure": "Measure",
            "autocorrelation": Column(label="Autocorrelation", format=formats.number(2)),
            "false_alarm_rate": Column(label="False alarms, measured", format=formats.percent()),
            "n_effective": Column(label="Independent figures", format=formats.number(0)),
            "minimal_detectable": Column(label="Smallest step, in the unit", shown=False),
            "detectable": Column(label="Smallest step found 4 times in 5", align="right"),
            "p_any": Column(label="p-value, any change", format=formats.p_value()),
            "second_opinion": "Dates by penalised least squares",
        },
        note=(
            "The second opinion fits steps by least squares with a calibrated penalty. Where the two differ, neither date "
            "is sure."
        ),
    )


def _dates(result: ChangePoints | None) -> str:
    if result is None:
        return "not asked"
    return ", ".join(result.label(change.period) for change in result.changes) or "none"


def _boundary_table(results: StudyResults) -> Table:
    records = [
        {
            "trust": item.result.trust,
            "name": results.label(item.result.trust),
            "measure": item.result.measure.name,
            "period": pd.Timestamp(offered.period),
            "evidence": offered.evidence,
            "reason_needed": offered.reason_needed,
        }
        for item in results.changes
        for offered in item.result.boundaries()
    ]
    columns = ["trust", "name", "measure", "period", "evidence", "reason_needed"]
    return Table(
        id="change-points-boundaries",
        caption="Offered as the start of a new phase of the control charts; none is accepted",
        frame=pd.DataFrame(records, columns=columns).astype({"period": "datetime64[s]"}),
        columns={
            "trust": Column(label="Code", shown=False),
            "name": "Trust",
            "measure": "Measure",
            "period": Column(label="From", format=_first_day(results)),
            "evidence": "Evidence",
            "reason_needed": "Limits are redrawn only if it is known",
        },
        open=False,
    )


# ---------------------------------------------------------------------------- all trusts


def _go_live_section(results: StudyResults, search: ChangeSearch) -> Section:
    found = search.go_live
    if found is None:
        raise ValueError("a section needs a result")
    frame = found.to_frame()
    frame.insert(0, "name", [results.label(str(code)) for code in frame["trust"]])
    frame.insert(
        1,
        "change",
        [found.measure.format_change(site.size.value) if site.size else "not tested" for site in found.sites],
    )
    shown: dict[str, Column | str] = {
        "name": "Trust",
        "declared": Column(label="Tested at", format=formats.period(found.measure.frequency)),
        "change": Column(label="Change there", align="right"),
        "p_known": Column(label="p-value there", format=formats.p_value()),
        "mass": Column(label="Probability of the window", format=formats.percent(0)),
        "mass_by_chance": Column(label="By chance", format=formats.percent(0)),
    }
    return Section(
        id=f"go-live-{search.measure.id}",
        title=f"Was it the programme? {search.measure.name}",
        question="Do changes follow the programme's dates more than shared shocks explain?",
        answer=f"{_VERDICTS[found.verdict]} {_go_live_words(found)}",
        cautions=found.cautions,
        paragraphs=(
            (
                "A test at the declared date says yes to every shock that all trusts share near that date, so it stands here only "
                "beside the comparison that decides. The probability of the window is that of the date of a change, if there "
                "is one."
            ),
        ),
        tables=(
            Table(
                id=f"go-live-sites-{search.measure.id}",
                caption=f"{search.measure.name}: each trust at its declared date",
                frame=frame,
                columns=only(frame, shown),
            ),
        ),
    )


def _go_live_words(found: GoLiveResult) -> str:
    words = f"A plain test at the declared date is significant at {found.n_significant} of {len(found.sites)} trusts."
    if found.staggered is not None:
        words += f" Own dates against the other trusts' dates: {p_value_words(found.staggered)}."
    if found.against_controls is not None:
        words += f" Against {found.n_controls} trusts without the programme: {p_value_words(found.against_controls)}."
    return words


def _together_section(results: StudyResults, search: ChangeSearch) -> Section:
    screening, agreement = search.screening, search.agreement
    frame = screening.to_frame()
    frame.insert(0, "name", [results.label(str(code)) for code in frame["trust"]])
    first_day = formats.period(search.measure.frequency)
    shown: dict[str, Column | str] = {
        "name": "Trust",
        "period": Column(label="Likeliest first period", format=first_day),
        "set_start": Column(label="Earliest", format=first_day),
        "set_last": Column(label="Latest", format=first_day),
        "p_value": Column(label="p-value", format=formats.p_value()),
        "q_value": Column(label="Adjusted for all", format=formats.p_value()),
        "kept": Column(label="Kept", format=lambda kept: "yes" if kept else "no"),
    }
    table = Table(
        id=f"screening-{search.measure.id}",
        caption=f"{search.measure.name}: one change in each of {len(frame)} trusts",
        frame=frame,
        columns=only(frame, shown),
        note=f"About {screening.expected_false:.1f} of the {screening.n_kept} kept are expected to be false.",
        max_rows=30,
        open=False,
    )
    charts: tuple[Chart, ...] = ()
    if agreement is not None:
        charts = (
            Chart(
                id=f"agreement-{search.measure.id}-chart",
                title=f"{search.measure.name}: when trusts change",
                description=agreement.description,
                draw=agreement.plot,
                table=Table(
                    id=f"agreement-{search.measure.id}",
                    caption=f"{search.measure.name}: expected number of trusts that change in each period",
                    frame=agreement.to_frame(),
                ),
                size=(9.0, 3.2),
            ),
        )
    return Section(
        id=f"together-{search.measure.id}",
        title=f"Did many trusts change together? {search.measure.name}",
        question="Which dates are shared shocks and not the work of one programme?",
        answer=_together_words(search),
        cautions=() if agreement is None else agreement.cautions,
        charts=charts,
        tables=(table,),
    )


def _together_words(search: ChangeSearch) -> str:
    screening, agreement, frequency = search.screening, search.agreement, search.measure.frequency
    words = f"{screening.n_kept} of {screening.n_judged} trusts changed, about {screening.expected_false:.1f} of these by chance."
    if agreement is None or not agreement.shared:
        return f"{words} No {frequency} stands out as shared."
    dates = ", ".join(
        f"{period_label(item.window.start, frequency)} ({item.expected:.0f} trusts, {item.typical:.0f} by chance)"
        for item in agreement.shared
    )
    return f"{words} More trusts than chance gives changed from {dates}."
