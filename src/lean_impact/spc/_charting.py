"""How every kind of control chart is drawn up: check, find limits phase by phase, judge, say it in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lean_impact._version import __version__
from lean_impact.domain import Provenance
from lean_impact.domain.period import PER_YEAR
from lean_impact.kernels import special_causes as kernel
from lean_impact.kernels.special_causes import Lines, Signals
from lean_impact.spc._decisions import Decisions
from lean_impact.spc.chart_words import cautions_of
from lean_impact.spc.control_chart import ControlChart
from lean_impact.spc.dependence import dependence_of
from lean_impact.spc.points import BY_EVENT, ChartKind
from lean_impact.spc.rules import RuleSet
from lean_impact.spc.signals import find_signals
from lean_impact.tables import Series

__all__ = ["Limited", "Method", "draw_up"]


class Limited(NamedTuple):
    """The lines of one phase, and how much more it varies than chance gives.

    Attributes
    ----------
    lines : Lines
        At each point of the phase.
    dispersion : float or None
        Laney's sigma z; None where the chart does not know what chance gives.
    """

    lines: Lines
    dispersion: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A kind of chart: how its lines follow from the points that they rest on.

    Parameters
    ----------
    kind : str
        Kind of chart.
    rules : RuleSet
        How points are judged.
    screen : bool
        Whether large moving ranges are screened.
    values : ndarray of float64, shape (n_points,)
        What is plotted.
    limits : callable
        Takes the positions of a phase, and of these the points that count, and returns its lines.
    parameters : mapping of str to str
        Further choices, for the provenance.
    """

    kind: ChartKind
    rules: RuleSet
    screen: bool
    values: np.ndarray
    limits: Callable[[np.ndarray, np.ndarray], Limited]
    parameters: Mapping[str, str]


def draw_up(method: Method, series: Series, decisions: Decisions) -> ControlChart:
    """Draw up a chart with its cautions.

    Parameters
    ----------
    method : Method
        The kind of chart.
    series : Series
        The figures, checked.
    decisions : Decisions
        Checked against the series.

    Returns
    -------
    ControlChart
        Limits, signals and both icons.
    """
    chart = _judge(method, series, decisions)
    plain = _judge(method, series, decisions.without_exclusions()) if decisions.exclusions else None
    return chart.with_cautions(cautions_of(chart, without_exclusions=plain))


def _judge(method: Method, series: Series, decisions: Decisions) -> ControlChart:
    excluded, phase = decisions.excluded(series), decisions.phase(series)
    judged = np.where(excluded, np.nan, method.values)
    basis = decisions.basis(series, judged, phase)
    lines, broken, dispersion = _by_phase(method, judged, phase, basis)
    rule, side = kernel.shown(broken, prefer=method.rules.preferred_side(series.measure))
    arrays = {
        "values": np.array(method.values),
        "target_line": decisions.target_line(series),
        "judged": judged,
        "phase": phase,
        "basis": basis,
        "centre": lines.centre,
        "lower": lines.lower,
        "upper": lines.upper,
        "near_lower": lines.near_lower,
        "near_upper": lines.near_upper,
        "rule": rule,
        "side": side,
    }
    for array in arrays.values():
        array.flags.writeable = False
    return ControlChart(
        kind=method.kind,
        series=series,
        rule_set=method.rules,
        screen=method.screen,
        baseline=decisions.baseline,
        rebases=decisions.rebases,
        exclusions=decisions.exclusions,
        targets=decisions.targets,
        signal_records=find_signals(
            broken,
            values=judged,
            phase=phase,
            periods=series.periods,
            measure=series.measure,
            rules=method.rules,
        ),
        dependence=dependence_of(
            judged,
            lines.centre,
            basis=basis,
            phase=phase,
            per_year=1 if method.kind in BY_EVENT else PER_YEAR[series.measure.frequency],
        ),
        dispersion=dispersion,
        provenance=_provenance(method, series, decisions),
        cautions=(),
        **arrays,
    )


def _by_phase(
    method: Method, judged: np.ndarray, phase: np.ndarray, basis: np.ndarray
) -> tuple[Lines, Signals, tuple[float, ...]]:
    """Find limits and signals phase by phase; nothing carries over from one phase to the next."""
    rules = method.rules
    lines = Lines(*(np.full(judged.shape, np.nan) for _ in Lines._fields))
    found = Signals(*(np.zeros(judged.shape, dtype=np.int8) for _ in Signals._fields))
    dispersion = []
    for number in range(1, int(phase[-1]) + 1):
        at = np.flatnonzero(phase == number)
        counted = basis[at]
        limited = method.limits(at, counted)
        enough = np.count_nonzero(counted) >= rules.min_points
        part = limited.lines if enough else Lines(*(np.full(len(at), np.nan) for _ in Lines._fields))
        broken = kernel.judge(
            judged[at],
            part,
            shift_length=rules.shift_length,
            trend_length=rules.trend_length,
            near_includes_outside=rules.near_includes_outside,
        )
        for whole, piece in zip((*lines, *found), (*part, *broken), strict=True):
            whole[at] = piece
        if limited.dispersion is not None:
            dispersion.append(limited.dispersion)
    return lines, found, tuple(dispersion)


def _provenance(method: Method, series: Series, decisions: Decisions) -> Provenance:
    return Provenance(
        plugin="lean_impact",
        version=__version__,
        parameters={
            "chart": method.kind,
            "rule_set": str(method.rules),
            "screen": str(method.screen),
            **decisions.as_parameters(series.measure),
            **method.parameters,
        },
        steps=(f"{method.kind} chart of {series.measure.id} of {series.trust}, {len(series)} periods",),
    )
