"""Sensitivity of an effect: leave a trust out, or pretend that the programme began earlier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from lean_impact.domain import Estimate, Exclusion, PValue, Window, next_period, period_label
from lean_impact.effects._rules import issue
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.inference import pooled_effect
from lean_impact.effects.parallel import run_tasks
from lean_impact.effects.parts import Changes
from lean_impact.effects.result import EffectEstimator, EffectResult
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels.collapsed import t_margin, t_p_value, t_statistic
from lean_impact.tables import Panel

__all__ = [
    "LeaveOut",
    "jackknife",
    "leave_one_comparison_out",
    "leave_one_out",
    "leave_one_treated_out",
    "placebo_starts",
]

LeaveOut = Literal["treated", "comparison", "period"]
"""What is left out in turn: a treated trust, a comparison trust, or a period for everybody."""

_FEWEST = 2
_TINY = 1e-300


def leave_one_treated_out(result: EffectResult) -> pd.DataFrame:
    """Estimate the pooled effect again without each treated trust in turn.

    Parameters
    ----------
    result : EffectResult
        Effect by an estimator that compares changes.

    Returns
    -------
    DataFrame
        One row for each treated trust: ``measure``, ``left_out``, ``estimate``, ``standard_error``,
        ``lower``, ``upper``, ``level``, ``p_value``, ``p_smallest``, ``shift`` (against the estimate with all trusts).

    Raises
    ------
    DesignError
        If fewer than two trusts are treated, or the estimator compares no changes.
    """
    changes = _changes(result)
    if changes.n_treated < _FEWEST:
        raise DesignError("there is one treated trust; leaving it out leaves nothing to estimate")
    return _leave_out(result, changes, range(changes.n_treated))


def leave_one_comparison_out(result: EffectResult) -> pd.DataFrame:
    """Estimate the pooled effect again without each comparison trust in turn.

    Parameters
    ----------
    result : EffectResult
        Effect by an estimator that compares changes.

    Returns
    -------
    DataFrame
        One row for each comparison trust, the largest shift first; columns as in
        :func:`leave_one_treated_out`.

    Raises
    ------
    DesignError
        If fewer than three trusts are compared with, or the estimator compares no changes.
    """
    changes = _changes(result)
    if len(changes.trusts) - changes.n_treated <= _FEWEST:
        raise DesignError("there are two comparison trusts; leaving one out leaves no measure of chance")
    table = _leave_out(result, changes, range(changes.n_treated, len(changes.trusts)))
    order = table["shift"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def leave_one_out(
    panel: Panel,
    adoption: AdoptionDesign,
    *,
    estimator: EffectEstimator,
    what: LeaveOut,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Run any estimator again without each trust, or each period, in turn.

    Parameters
    ----------
    panel : Panel
        Figures of all trusts.
    adoption : AdoptionDesign
        The design with everything in it.
    estimator : EffectEstimator
        Estimator to run.
    what : {"treated", "comparison", "period"}
        What is left out.
    n_jobs : int, optional
        Workers, see :func:`~lean_impact.effects.run_tasks`.

    Returns
    -------
    DataFrame
        One row for each run, the largest shift first: ``measure``, ``left_out``, ``estimate``, ``standard_error``,
        ``lower``, ``upper``, ``level``, ``p_value``, ``p_smallest``, ``shift``, ``problem`` (why a run was not
        possible; numbers are NaN then).

    Raises
    ------
    DesignError
        If nothing would be left, or the whole question cannot be answered.
    """
    if what == "treated" and len(adoption.treated) < _FEWEST:
        raise DesignError("there is one treated trust; leaving it out leaves nothing to estimate")
    whole = estimator.estimate(panel, adoption)
    tasks = list(_without_each(panel, adoption, what))
    found = run_tasks(partial(_run_without, estimator, panel), tasks, n_jobs=n_jobs)
    table = pd.DataFrame([{"measure": adoption.measure, **row} for row in found])
    problem = table.pop("problem")
    table = table.assign(shift=table["estimate"] - whole.pooled.value, problem=problem)
    order = table["shift"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def jackknife(
    panel: Panel, adoption: AdoptionDesign, *, estimator: EffectEstimator, n_jobs: int | None = None
) -> tuple[Estimate, PValue]:
    r"""Judge the pooled effect by how much it moves when each treated trust is left out.

    Parameters
    ----------
    panel : Panel
        Figures of all trusts.
    adoption : AdoptionDesign
        The design with everything in it; at least three treated trusts.
    estimator : EffectEstimator
        Estimator to run.
    n_jobs : int, optional
        Workers, see :func:`~lean_impact.effects.run_tasks`.

    Returns
    -------
    estimate : Estimate
        The pooled effect with the jackknife interval, in the unit of the measure.
    p_value : PValue
        Of the same test.

    Raises
    ------
    DesignError
        If fewer than three trusts are treated, or the question cannot be answered without one of them.

    Notes ----- :math:`SE^2 = \frac{n-1}{n} \sum_i (\hat\theta_{(i)} - \bar\theta_{(\cdot)})^2`, and Student's t
    with n - 1 degrees of freedom. The noise of the comparison trusts, which all estimates share, is not in it: with
    few of them the interval is too narrow.

    References
    ----------
    Efron B, Stein C (1981), Annals of Statistics 9:586-596.
    """
    n = len(adoption.treated)
    if n <= _FEWEST:
        raise DesignError(f"a jackknife needs three treated trusts; there {'is' if n == 1 else 'are'} {n}")
    whole = estimator.estimate(panel, adoption).pooled
    table = leave_one_out(panel, adoption, estimator=estimator, what="treated", n_jobs=n_jobs)
    refused = table[table["problem"] != ""]
    if len(refused):
        raise DesignError(
            "the effect cannot be estimated without each treated trust",
            [issue("refused", str(row.left_out), f"left out: {row.problem}") for row in refused.itertuples()],
        )
    error = float(np.sqrt((n - 1) / n * ((table["estimate"] - table["estimate"].mean()) ** 2).sum()))
    margin = t_margin(error, n - 1.0, level=whole.level)
    estimate = whole.model_copy(
        update={"standard_error": error, "lower": whole.value - margin, "upper": whole.value + margin}
    )
    p = PValue(
        value=max(float(t_p_value(t_statistic(np.array(whole.value), np.array(error)), n - 1.0)), _TINY),
        smallest=0.0,
        method=f"jackknife over {n} treated trusts",
        assumption="trusts' effects vary independently and their mean is nearly normal; the noise of the comparison "
        "trusts is small beside theirs",
    )
    return estimate, p


def _without_each(
    panel: Panel, adoption: AdoptionDesign, what: LeaveOut
) -> Iterator[tuple[str, AdoptionDesign]]:
    if what == "treated":
        for out in adoption.starts:
            yield out.trust, replace(adoption, starts=tuple(s for s in adoption.starts if s != out))
    elif what == "comparison":
        for code in adoption.comparison:
            kept = tuple(other for other in adoption.comparison if other != code)
            yield code, replace(adoption, comparison=kept)
    else:
        yield from _without_periods(panel, adoption)


def _without_periods(panel: Panel, adoption: AdoptionDesign) -> Iterator[tuple[str, AdoptionDesign]]:
    measure = panel.measure(adoption.measure)
    for stamp in panel.wide(adoption.measure).index:
        first = stamp.date()
        if adoption.window.start <= first < adoption.window.end:
            window = Window(start=first, end=next_period(first, measure.frequency))
            gone = Exclusion(window=window, reason="left out to see what hangs on it")
            yield period_label(first, measure.frequency), replace(adoption, ignore=(*adoption.ignore, gone))


def _run_without(
    estimator: EffectEstimator, panel: Panel, task: tuple[str, AdoptionDesign]
) -> dict[str, object]:
    name, design = task
    try:
        result = estimator.estimate(panel, design)
    except DesignError as error:
        numbers = dict.fromkeys(
            ("estimate", "standard_error", "lower", "upper", "level", "p_value", "p_smallest"), float("nan")
        )
        return {"left_out": name, **numbers, "problem": error.message}
    return {"left_out": name, **_columns(result.pooled, result.p_value), "problem": ""}


def placebo_starts(
    panel: Panel, adoption: AdoptionDesign, *, estimator: EffectEstimator, starts: Sequence[date]
) -> pd.DataFrame:
    """Pretend that the programme began earlier, using the time before it alone.

    Parameters
    ----------
    panel : Panel
        Figures of all trusts.
    adoption : AdoptionDesign
        The true design; nothing from its earliest start on is looked at.
    estimator : EffectEstimator
        Estimator to run.
    starts : sequence of date
        Pretended starts, strictly inside the window before.

    Returns
    -------
    DataFrame
        One row for each start: ``measure``, ``start``, ``n_pre``, ``n_post``, ``estimate``,
        ``standard_error``, ``lower``, ``upper``, ``level``, ``p_value``, ``p_smallest``. An effect here is a
        difference that the programme cannot have made.

    Raises
    ------
    DesignError
        If a start does not lie inside the window, or either side of it has no period.
    """
    pre = adoption.pre
    outside = [
        Issue(rule="placebo-start", message=f"{start} does not lie inside {pre.start} to before {pre.end}")
        for start in starts
        if not pre.start < start < pre.end
    ]
    if outside or not starts:
        raise DesignError("placebo starts must be dates inside the window before the programme", outside)
    rows = []
    for start in starts:
        pretended = AdoptionDesign.block(
            measure=adoption.measure,
            treated=adoption.treated,
            comparison=adoption.comparison,
            pre=Window(start=pre.start, end=start),
            post=Window(start=start, end=pre.end),
            ignore=adoption.ignore,
        )
        result = estimator.estimate(panel, pretended)
        head: dict[str, object] = {
            "measure": adoption.measure,
            "start": pd.Timestamp(start),
            "n_pre": result.n_pre,
            "n_post": result.n_post,
        }
        rows.append(head | _columns(result.pooled, result.p_value))
    return pd.DataFrame(rows).astype({"start": "datetime64[s]"})


def _changes(result: EffectResult) -> Changes:
    if result.changes is None:
        raise DesignError(f"'{result.method}' compares no changes; run the estimator again without the trust")
    return result.changes


def _leave_out(result: EffectResult, changes: Changes, positions: range) -> pd.DataFrame:
    rows = []
    for out in positions:
        kept = np.arange(len(changes.trusts)) != out
        fewer = replace(
            changes,
            trusts=tuple(trust for trust, keep in zip(changes.trusts, kept, strict=True) if keep),
            n_treated=changes.n_treated - (out < changes.n_treated),
            before=changes.before[kept],
            after=changes.after[kept],
            weights=changes.weights[kept],
        )
        estimate, p = pooled_effect(fewer, level=result.pooled.level)
        head: dict[str, object] = {"measure": result.measure.id, "left_out": changes.trusts[out]}
        rows.append(head | _columns(estimate, p) | {"shift": estimate.value - result.pooled.value})
    return pd.DataFrame(rows)


def _columns(estimate: Estimate, p: PValue) -> dict[str, object]:
    return {
        "estimate": estimate.value,
        "standard_error": estimate.standard_error,
        "lower": estimate.lower,
        "upper": estimate.upper,
        "level": estimate.level,
        "p_value": p.value,
        "p_smallest": p.smallest,
    }
