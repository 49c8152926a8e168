"""How often does a test cry wolf on these very figures: placebo trusts and placebo dates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from lean_impact.effects.arrays import Needs, PanelArrays
from lean_impact.effects.parts import Calibration
from lean_impact.kernels.randomisation import draw_groups

__all__ = ["PlaceboTests", "calibrate"]

_FEWEST_GROUPS = 40
"""With fewer placebo groups a single alarm moves the rate by more than the tolerated band is wide."""
_FEWEST_AFTER = 3
_FEWEST_FOR_VARIANCE = 2


class PlaceboTests(NamedTuple):
    """The default test of an estimator on groups of trusts without the programme.

    Attributes
    ----------
    p : ndarray of float64, shape (n_groups,)
        p-values.
    covers : ndarray of bool, shape (n_groups,)
        Whether the interval holds the true effect, none.
    by_construction : bool
        Whether the share of small p-values is right by construction, so that it tells nothing.
    """

    p: np.ndarray
    covers: np.ndarray
    by_construction: bool


PlaceboTest = Callable[[PanelArrays, np.ndarray, np.ndarray], PlaceboTests]
"""Takes arrays, groups of positions among the comparison trusts, and starts; the treated are not looked at."""


def calibrate(
    test: PlaceboTest,
    arrays: PanelArrays,
    *,
    level: float,
    groups: int,
    dates: int,
    needs: Needs,
    rng: np.random.Generator,
) -> tuple[Calibration | None, pd.DataFrame | None]:
    """Let groups of comparison trusts play the treated, at the true start and at pretended earlier ones.

    Parameters
    ----------
    test : callable
        The default test of the estimator.
    arrays : PanelArrays
        Figures of the study.
    level : float
        Coverage of the interval; the test promises false alarms in 1 - level of the cases.
    groups : int
        Placebo groups to draw; all of them if there are no more.
    dates : int
        Pretended starts, evenly spread over the second half of the time before the programme.
    needs : Needs
        What the estimator asks of a panel; starts that leave less are not pretended.
    rng : Generator
        Source of randomness.

    Returns
    -------
    calibration : Calibration or None
        None if there are too few comparison trusts to tell.
    table : DataFrame or None
        One row for each pretended start: ``start``, ``n_groups``, ``false_alarm_rate``, ``coverage``.
    """
    n0, size = arrays.n_comparison, arrays.n_treated
    if n0 < size + _FEWEST_FOR_VARIANCE:
        return None, None
    drawn = draw_groups(n0, size, draws=groups, rng=rng, enumerate_up_to=groups)
    if len(drawn.members) < _FEWEST_GROUPS:
        return None, None
    starts = arrays.start[:size]
    found = test(arrays, drawn.members, starts)
    nominal = 1 - level
    calibration = Calibration(
        n_groups=len(found.p),
        exact=drawn.exact,
        nominal=nominal,
        false_alarm_rate=float((found.p <= nominal).mean()),
        covered=float(found.covers.mean()),
        by_construction=found.by_construction,
    )
    table = _at_dates(test, arrays, drawn.members, nominal=nominal, dates=dates, needs=needs)
    if table is None:
        return calibration, None
    return replace(
        calibration, n_dates=len(table), date_false_alarm_rate=float(table["false_alarm_rate"].mean())
    ), table


def _at_dates(
    test: PlaceboTest, arrays: PanelArrays, members: np.ndarray, *, nominal: float, dates: int, needs: Needs
) -> pd.DataFrame | None:
    rows = []
    for start in pretended_starts(arrays, dates=dates, needs=needs):
        world = arrays.until(int(arrays.start.min()))
        found = test(world, members, np.full(arrays.n_treated, start))
        rows.append(
            {
                "start": pd.Timestamp(arrays.periods[start]),
                "n_groups": len(found.p),
                "false_alarm_rate": float((found.p <= nominal).mean()),
                "coverage": float(found.covers.mean()),
            }
        )
    return pd.DataFrame(rows).astype({"start": "datetime64[s]"}) if rows else None


def pretended_starts(arrays: PanelArrays, *, dates: int, needs: Needs) -> list[int]:
    """Spread pretended starts over the second half of the time before the programme."""
    end = int(arrays.start.min())
    first = max(end // 2, needs.before)
    last = end - max(_FEWEST_AFTER, needs.after)
    if dates < 1 or last < first:
        return []
    return sorted({int(at) for at in np.linspace(first, last, dates + 1)[:-1].round()})
