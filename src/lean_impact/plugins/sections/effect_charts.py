"""Charts and tables of one effect question."""

from __future__ import annotations

import pandas as pd

from lean_impact.plugins.sections.common import only, smallest
from lean_impact.report import Chart, Column, EffectAnswer, StudyResults, Table, formats

__all__ = ["effect_table", "forest_chart", "naive_table", "path_chart"]


def path_chart(answer: EffectAnswer) -> Chart:
    """Draw the means of both groups over time.

    Parameters
    ----------
    answer : EffectAnswer
        Question and estimate.

    Returns
    -------
    Chart
        With the figures behind it.
    """
    result = answer.result
    table = Table(
        id=f"path-{answer.question.id}",
        caption=result.path_title,
        frame=result.path_frame(),
        columns={
            "measure": Column(label="Measure", shown=False),
            "period": Column(label="Period", format=formats.period(result.measure.frequency)),
            "treated": Column(label="Programme's trusts, mean", format=result.measure.format),
            "comparison": Column(label="Comparison trusts, mean", format=result.measure.format),
            "used": "Used in the estimate",
        },
    )
    return Chart(
        id=f"path-{answer.question.id}-chart",
        title=result.path_title,
        description=result.path_description,
        draw=result.plot_path,
        table=table,
    )


def forest_chart(results: StudyResults, answer: EffectAnswer) -> Chart:
    """Draw the effect on each trust and on all together, with intervals.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.
    answer : EffectAnswer
        Question and estimate.

    Returns
    -------
    Chart
        With the figures behind it.
    """
    result = answer.result
    labels = {code: results.label(code) for code in result.treated}
    return Chart(
        id=f"effect-{answer.question.id}-chart",
        title=result.title,
        description=result.description,
        draw=lambda ax: result.plot(ax, labels=labels),
        table=effect_table(results, answer),
    )


def effect_table(results: StudyResults, answer: EffectAnswer) -> Table:
    """List the effect on each trust and on all together.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.
    answer : EffectAnswer
        Question and estimate.

    Returns
    -------
    Table
        With intervals, p-values and how often the test cries wolf.
    """
    frame = answer.result.to_frame()
    frame.insert(3, "name", [results.label(code) if code else "All together" for code in frame["trust"]])
    change = answer.result.measure.format_change
    shown: dict[str, Column | str] = {
        "name": "Trust",
        "estimate": Column(label="Effect", format=change),
        "lower": Column(label="Lower end", format=change),
        "upper": Column(label="Upper end", format=change),
        "p_value": Column(label="p-value", format=formats.p_value()),
        "p_smallest": Column(label="Smallest reachable p", format=smallest),
        "false_alarm_rate": Column(
            label="Cries wolf on these data", format=formats.percent(), missing="see the row of all"
        ),
    }
    return Table(
        id=f"effect-{answer.question.id}",
        caption=f"{answer.question.label}: effect by trust and together",
        frame=frame,
        columns=only(frame, shown),
        note="A trust's p-value is its rank among the comparison trusts, each compared with the others.",
    )


def naive_table(results: StudyResults, answer: EffectAnswer) -> Table:
    """Return before and after of every trust and group, on every figure there is.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.
    answer : EffectAnswer
        Question whose windows and measure are used.

    Returns
    -------
    Table
        Sums over all patients where there are counts, and mean of trusts otherwise.
    """
    measure = answer.result.measure
    panel = results.panel.restrict(measures=[measure.id])
    rows = panel.frame
    question = answer.question
    groups = [(results.label(code), [code]) for code in question.trusts or results.programme.codes]
    groups += [
        ("The programme's trusts together", list(answer.result.treated)),
        (f"{answer.result.n_comparison} comparison trusts together", list(answer.result.comparison)),
    ]
    everyone = sorted(set(panel.trusts) - set(answer.result.treated))
    groups.append((f"All {len(everyone)} other trusts with any figure together", everyone))
    records = []
    for name, codes in groups:
        mine = rows[rows["trust"].isin(codes) & rows["value"].notna()]
        before = _level(mine, question.pre.start, question.pre.end)
        after = _level(mine, question.post.start, question.post.end)
        records.append(
            {"who": name, "n_trusts": len(codes), "before": before, "after": after, "change": after - before}
        )
    value, change = measure.format, measure.format_change
    return Table(
        id=f"naive-{question.id}",
        caption=f"{measure.name}: plain before and after, all patients added up",
        frame=pd.DataFrame(records),
        columns={
            "who": "Who",
            "n_trusts": "Trusts",
            "before": Column(label="Before", format=value),
            "after": Column(label="After", format=value),
            "change": Column(label="Change", format=change),
        },
        note=(
            "Every published or imputed figure, with no comparison: not an effect. The estimates leave out the "
            "periods named under data quality, so their levels before differ a little."
        ),
    )


def _level(rows: pd.DataFrame, start: object, end: object) -> float:
    inside = rows[(rows["period"] >= pd.Timestamp(str(start))) & (rows["period"] < pd.Timestamp(str(end)))]
    if inside["denominator"].notna().all() and not inside.empty:
        return float(inside["numerator"].sum() / inside["denominator"].sum())
    return float(inside["value"].mean())
