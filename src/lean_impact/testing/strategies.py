"""Strategies for property tests; importing this module needs hypothesis."""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

import numpy as np
from hypothesis import strategies as st

from lean_impact.domain import CaseTable, Cell, Condition, Estimate, Frequency, Measure, State, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.domain.trust import TrustCode
from lean_impact.tables import Series
from lean_impact.tables.calendar import periods_from
from lean_impact.testing.panels import SyntheticDesign, SyntheticPanel, synthetic_panel

__all__ = ["case_tables", "measures", "series", "synthetic_panels", "trust_codes", "trust_effects"]

_FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)


def trust_codes() -> st.SearchStrategy[TrustCode]:
    """Draw codes of NHS trusts, such as ``RTP``.

    Returns
    -------
    SearchStrategy of str
    """
    return st.from_regex(r"R[A-Z0-9]{2}", fullmatch=True)


def measures() -> st.SearchStrategy[Measure]:
    """Draw measures of every kind, direction and frequency.

    Returns
    -------
    SearchStrategy of Measure
    """
    kinds: list[Literal["proportion", "mean", "ratio"]] = ["proportion", "mean", "ratio"]
    directions: list[Direction] = ["increase", "decrease", "neutral"]
    return st.builds(
        Measure,
        id=st.just("drawn"),
        name=st.just("A drawn measure"),
        kind=st.sampled_from(kinds),
        improvement=st.sampled_from(directions),
        dimension=st.just("quality"),
        frequency=st.sampled_from(_FREQUENCIES),
        unit=st.just("units"),
    )


@st.composite
def synthetic_panels(draw: st.DrawFn, *, effect: float = 0.0) -> SyntheticPanel:
    """Draw small panels of known truth: few trusts, few periods, every frequency.

    Parameters
    ----------
    draw : callable
        Given by hypothesis.
    effect : float, default 0
        Mean effect on the treated trusts, in the unit of the measure.

    Returns
    -------
    SearchStrategy of SyntheticPanel
    """
    design = SyntheticDesign(
        n_treated=draw(st.integers(1, 4)),
        n_comparison=draw(st.integers(3, 8)),
        n_before=draw(st.integers(3, 8)),
        n_after=draw(st.integers(3, 8)),
        effect=effect,
        autocorrelation=draw(st.floats(-0.5, 0.9)),
        season=draw(st.sampled_from([0.0, 0.02])),
        kind="ratio",
        frequency=draw(st.sampled_from(_FREQUENCIES)),
    )
    return synthetic_panel(design, seed=draw(st.integers(0, 2**32 - 1)))


@st.composite
def series(draw: st.DrawFn, *, least: int = 1, most: int = 60, holes: bool = True) -> Series:
    """Draw one trust's figures, holes included.

    Parameters
    ----------
    draw : callable
        Given by hypothesis.
    least, most : int
        Number of periods.
    holes : bool, default True
        Whether figures may be missing inside; the first and the last never are.

    Returns
    -------
    SearchStrategy of Series
    """
    measure = draw(measures())
    low, high = (0.0, 1.0) if measure.kind == "proportion" else (-1e4, 1e4)
    n = draw(st.integers(least, most))
    values = np.array(draw(st.lists(st.floats(low, high), min_size=n, max_size=n)))
    if holes and n > 2:  # noqa: PLR2004 - the first and the last
        values[sorted(draw(st.sets(st.integers(1, n - 2), max_size=n // 3)))] = np.nan
    nothing = np.full(n, np.nan)
    return Series(
        trust=draw(trust_codes()),
        measure=measure,
        periods=periods_from(date(2010, 1, 1), n, measure.frequency),
        values=values,
        numerators=nothing,
        denominators=nothing.copy(),
        flags=np.where(np.isnan(values), "missing", "published"),
    )


@st.composite
def case_tables(draw: st.DrawFn, *, n_trusts: int = 5) -> CaseTable:
    """Draw complete tables of one to six conditions, unknown cells included.

    Parameters
    ----------
    draw : callable
        Given by hypothesis.
    n_trusts : int, default 5
        Number of trusts.

    Returns
    -------
    SearchStrategy of CaseTable
    """
    states: list[State] = ["present", "absent", "unknown"]
    trusts = tuple(draw(st.lists(trust_codes(), min_size=n_trusts, max_size=n_trusts, unique=True)))
    conditions = tuple(
        Condition(id=f"condition-{at}", name=f"Condition {at}", favourable=favourable, basis="drawn")
        for at, favourable in enumerate(draw(st.lists(st.booleans(), min_size=1, max_size=6)))
    )
    return CaseTable(
        conditions=conditions,
        trusts=trusts,
        cells=tuple(
            Cell(trust=trust, condition=condition.id, state=draw(st.sampled_from(states)), confidence="high")
            for condition in conditions
            for trust in trusts
        ),
    )


def trust_effects(trust: str) -> st.SearchStrategy[TrustEffect]:
    """Draw effects of one trust with their uncertainty.

    Parameters
    ----------
    trust : str
        Trust code.

    Returns
    -------
    SearchStrategy of TrustEffect
    """
    return st.builds(
        lambda value, error: TrustEffect(
            trust=trust,
            estimate=Estimate(
                value=value, standard_error=error, lower=value - 2 * error, upper=value + 2 * error
            ),
        ),
        st.floats(-1.0, 1.0),
        st.floats(0.01, 0.5),
    )
