"""A report with every feature, over made-up figures, to look at and to check in a browser."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from lean_impact.report import Chart, Column, Report, SafeSvg, Section, Table, formats, small_multiples

TRUSTS = ("Ashdown", "Brockham", "Carrow", "Denby", "Elmstead")
PERIODS = pd.date_range("2010-11-01", "2020-02-01", freq="MS")
START = pd.Timestamp("2015-08-01")

_ICON = (
    '<svg viewBox="0 0 32 32" role="presentation"><title>{title}</title>'
    '<circle cx="16" cy="16" r="14" fill="none" stroke="{colour}" stroke-width="3"/>{shape}</svg>'
)
CONCERN = SafeSvg(
    svg=_ICON.format(
        title="Concern",
        colour="#c75300",
        shape='<path d="M8 10l6 6 4-2 6 8" fill="none" stroke="#c75300" stroke-width="3"/>',
    ),
    words="Special cause: concern, falling",
)
COMMON = SafeSvg(
    svg=_ICON.format(
        title="Common cause",
        colour="#6b7780",
        shape='<path d="M7 17l4-4 5 6 5-6 4 4" fill="none" stroke="#6b7780" stroke-width="3"/>',
    ),
    words="Common cause",
)


def figures() -> pd.DataFrame:
    """Five falling series, the fall no different after the start."""
    rng = np.random.default_rng(20150801)
    months = np.arange(len(PERIODS))
    frames = []
    for at, trust in enumerate(TRUSTS):
        season = 0.02 * np.cos(2 * np.pi * (months + 2) / 12)
        noise = 0.012 * rng.standard_normal(len(months))
        share = np.clip(0.95 - 0.0014 * months - 0.01 * at - season + noise, 0, 1)
        frames.append(pd.DataFrame({"trust": trust, "period": PERIODS, "share": share}))
    frame = pd.concat(frames, ignore_index=True)
    frame.loc[frame.index[10:12], "share"] = np.nan
    return frame


def draw_series(ax, *, frame: pd.DataFrame, trust: str) -> None:
    rows = frame[frame["trust"] == trust]
    ax.axvspan(START, pd.Timestamp("2016-04-01"), color="#e8edee", label="Programme started")
    ax.plot(rows["period"], 100 * rows["share"], color="#005eb8", marker="o", markersize=2, linewidth=1)
    ax.axhline(95, color="#de1b1b", linestyle="--", linewidth=1)
    ax.set_ylim(70, 100)


def draw_xmr(ax, *, frame: pd.DataFrame) -> None:
    rows = frame[frame["trust"] == "Ashdown"]
    mean = 100 * rows["share"].head(24).mean()
    draw_series(ax, frame=frame, trust="Ashdown")
    for offset, style in ((0, "-"), (4, "--"), (-4, "--")):
        ax.axhline(mean + offset, color="#425563", linestyle=style, linewidth=1)
    low = rows[100 * rows["share"] < mean - 4]
    ax.plot(low["period"], 100 * low["share"], "s", color="#c75300", markersize=4, label="Concern")
    ax.set_ylabel("Seen within 4 hours, %")
    ax.legend(loc="lower left")


def draw_forest(ax, *, effects: pd.DataFrame) -> None:
    at = np.arange(len(effects))[::-1]
    ax.axvline(0, color="#425563", linewidth=1)
    ax.errorbar(
        100 * effects["effect"],
        at,
        xerr=100 * (effects["upper"] - effects["effect"]),
        fmt="D",
        color="#003087",
        linestyle="none",
        capsize=3,
    )
    ax.set_yticks(at, labels=list(effects["trust"]))
    ax.grid(visible=False)
    ax.set_xlabel("Difference from comparison trusts, percentage points")


def demonstration() -> Report:
    """Return the report."""
    frame = figures()
    data = Table(
        id="monthly",
        caption="Share of attendances seen within 4 hours, by trust and month",
        frame=frame,
        columns={
            "trust": "Trust",
            "period": Column(label="Month", format=formats.month),
            "share": Column(label="Seen within 4 hours", format=formats.percent(), missing="not submitted"),
        },
        max_rows=24,
    )
    effects = pd.DataFrame(
        {
            "trust": [*TRUSTS, "Pooled"],
            "effect": [-0.021, 0.004, -0.047, 0.012, -0.033, -0.017],
            "lower": [-0.081, -0.056, -0.107, -0.048, -0.093, -0.058],
            "upper": [0.039, 0.064, 0.013, 0.072, 0.027, 0.024],
            "p_value": [0.41, 0.88, 0.13, 0.71, 0.25, 0.36],
            "smallest_p_value": [1 / 99] * 5 + [0.00002],
        }
    )
    return Report(
        title="Five trusts and their improvement programme",
        subtitle="Evaluation on published A&E figures, November 2010 to February 2020 (made-up figures)",
        question="Did A&E waiting times improve because of the programme?",
        answer="These figures show no visible effect of the programme: the five trusts fell about as much as "
        "98 comparable trusts did (pooled difference −1.7 points, 95% interval −5.8 to +2.4).",
        points=(
            "Performance fell from 90.3% to 79.0% in the five and from 93.4% to 81.7% in the others.",
            "One trust gained, and its gain came three years before the programme began.",
            "With five trusts an effect smaller than about 4 points could not have been seen.",
        ),
        cautions=(
            "The trusts were not chosen at random; they may differ from the others in what was not measured.",
            "Waiting times are one measure of many that the programme could have changed.",
        ),
        sections=(
            Section(
                id="quality",
                title="What can be trusted",
                question="Are the figures fit for the question?",
                answer="Mostly. Two months of one trust were not submitted and stay empty.",
                paragraphs=("Every figure was looked at before any estimate was made.",),
                tables=(_quality(),),
            ),
            Section(
                id="trend",
                title="What changed, and when",
                question="Did the monthly figures change when the programme began?",
                answer="All five fell throughout; none turned when the programme began.",
                cautions=("Limits are frozen at the first 24 months, before the programme.",),
                charts=(
                    Chart(
                        id="xmr-ashdown",
                        title="Ashdown left its earlier range in 2014, before the programme",
                        description="Control chart of 112 months with mean and limits from the first 24. "
                        "Points below the lower limit are orange squares, from 2014 on. The target is 95%.",
                        draw=partial(draw_xmr, frame=frame),
                        table=data,
                        source="Monthly A&E attendances, Open Government Licence v3.0",
                    ),
                    Chart(
                        id="all-five",
                        title="All five fell alike",
                        description="Five line charts on one scale, one for each trust, all falling from "
                        "about 95% to about 80%. The grey band marks when the programme began.",
                        draw_figure=small_multiples(
                            {trust: partial(draw_series, frame=frame, trust=trust) for trust in TRUSTS}
                        ),
                        size=(7.5, 5.5),
                        table=data,
                    ),
                ),
                tables=(
                    Table(
                        id="variation",
                        caption="Variation now",
                        frame=pd.DataFrame(
                            {
                                "trust": TRUSTS,
                                "variation": [CONCERN, COMMON, CONCERN, CONCERN, COMMON],
                                "latest": [0.79, 0.81, 0.776, 0.78, 0.80],
                                "target": 0.95,
                            }
                        ),
                        columns={
                            "trust": "Trust",
                            "variation": "Variation",
                            "latest": Column(label="Latest", format=formats.percent()),
                            "target": Column(label="Target", format=formats.percent(0)),
                        },
                    ),
                ),
            ),
            Section(
                id="effect",
                title="The effect",
                question="How much of the change is due to the programme?",
                answer="None that can be told from chance.",
                charts=(
                    Chart(
                        id="forest",
                        title="No trust differs clearly from its comparison",
                        description="Forest plot of five trusts and the pooled estimate: all six 95% "
                        "intervals include zero.",
                        draw=partial(draw_forest, effects=effects),
                        size=(7.5, 2.75),
                        table=Table(
                            id="effects",
                            caption="Effect by trust, with 95% interval",
                            frame=effects,
                            columns={
                                "trust": "Trust",
                                "effect": Column(label="Effect", unit="points", format=formats.points()),
                                "lower": Column(label="Lower", unit="points", format=formats.points()),
                                "upper": Column(label="Upper", unit="points", format=formats.points()),
                                "p_value": Column(label="p-value", format=formats.p_value()),
                                "smallest_p_value": Column(
                                    label="Smallest p-value possible", format=formats.p_value()
                                ),
                            },
                        ),
                    ),
                ),
                sections=(
                    Section(
                        id="robustness",
                        title="Other ways to ask",
                        paragraphs=("Each row changes one choice and leaves the rest as declared.",),
                        tables=(_sensitivity(),),
                    ),
                ),
            ),
        ),
        metadata={
            "Figures": "Made up for this demonstration",
            "Months": "November 2010 to February 2020",
            "Licence": "Open Government Licence v3.0",
            "Version": "0.1.0, seed 20150801",
        },
        footnotes=(
            "An interval shows which effects are compatible with the figures, not how likely each is.",
            "A comparison trust has complete figures, took no part in the field test and did not merge.",
        ),
    )


def _quality() -> Table:
    return Table(
        id="quality-findings",
        caption="What was found, and what was done about it",
        frame=pd.DataFrame(
            {
                "trust": ["Ashdown", "Carrow", "Denby"],
                "first": pd.to_datetime(["2011-09-01", "2018-06-01", "2012-04-01"]),
                "finding": [
                    "Two months were not submitted",
                    "Attendances jump by 40% in one month while the share hardly moves",
                    "A neighbouring minor injuries unit was taken over",
                ],
                "action": [
                    "Left empty; no value was filled in",
                    "Kept, and repeated without the trust",
                    "Type 1 attendances only, which the take-over did not touch",
                ],
                "n_months": [2, 1, 1],
            }
        ),
        columns={
            "trust": "Trust",
            "first": Column(label="First month", format=formats.month),
            "finding": "Finding",
            "action": "What was done",
            "n_months": "Months",
        },
        note="Months counted within November 2010 to February 2020.",
    )


def _sensitivity() -> Table:
    names = [f"window_{year}" for year in range(2011, 2023)]
    values = np.linspace(-0.03, 0.02, 4 * len(names)).reshape(4, -1)
    frame = pd.DataFrame(values, columns=names)
    frame.insert(
        0, "choice", ["As declared", "Without Carrow", "All attendance types", "Start a year earlier"]
    )
    columns: dict[str, Column | str] = {
        name: Column(label=name.replace("window_", "From "), format=formats.points()) for name in names
    }
    return Table(
        id="sensitivity",
        caption="Pooled difference in points, by first month of the window",
        frame=frame,
        columns={"choice": "Choice", **columns},
        open=False,
    )
