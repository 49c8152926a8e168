"""Turn counts by organisation into the rows of the panel."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from lean_impact.domain import Measure
from lean_impact.plugins.nhs import measures as m
from lean_impact.plugins.nhs._body import ROW
from lean_impact.plugins.nhs._fields import (
    ADMISSIONS,
    ATTENDANCES,
    BOOKED,
    DTA_4_TO_12,
    DTA_OVER_4,
    DTA_OVER_12,
    OTHER_ADMISSIONS,
    OVER,
)
from lean_impact.plugins.nhs._month import Month

__all__ = ["panel_rows"]

_COUNTS: Final = (
    (m.ADMISSIONS_VIA_AE, ADMISSIONS),
    (m.ADMISSIONS_OTHER, (OTHER_ADMISSIONS,)),
    (m.DTA_4_TO_12H, (DTA_4_TO_12,)),
    (m.DTA_OVER_4H, (DTA_OVER_4,)),
    (m.DTA_OVER_12H, (DTA_OVER_12,)),
)


def panel_rows(month: Month) -> pd.DataFrame:
    """Return the rows of one month.

    Parameters
    ----------
    month : Month
        With complete and checked figures.

    Returns
    -------
    DataFrame, shape (n_rows, 9)
        Columns of :class:`~lean_impact.tables.Panel`.

    Notes
    -----
    An organisation without attendances of a type has no row for that type, and one without any figure
    above 0 none at all: a 0 in these files means none or not submitted, and nobody can tell which. A
    sum of which one part was not submitted is not submitted.
    """
    table = month.table
    figures = table.drop(columns=ROW)
    # NaN is not 0: an organisation that submitted nothing has rows that say so.
    active = ~(figures == 0).all(axis=1)
    attended_1 = table[ATTENDANCES[0]]
    attended = table[list(ATTENDANCES)].sum(axis=1, skipna=False)
    over = table[list(OVER)].sum(axis=1, skipna=False)
    blocks = [
        _rows(
            m.FOUR_HOURS_TYPE_1,
            attended_1 != 0,
            numerator=attended_1 - table[OVER[0]],
            denominator=attended_1,
        ),
        _rows(m.FOUR_HOURS_ALL, attended != 0, numerator=attended - over, denominator=attended),
        _rows(m.ATTENDANCES_TYPE_1, attended_1 != 0, value=attended_1),
        _rows(m.ATTENDANCES_ALL, attended != 0, value=attended),
    ]
    if BOOKED[0] in table:
        booked = table[list(BOOKED)].sum(axis=1, skipna=False)
        blocks.append(_rows(m.ATTENDANCES_BOOKED, attended != 0, value=booked))
    blocks += [
        _rows(measure, active, value=table[list(parts)].sum(axis=1, skipna=False))
        for measure, parts in _COUNTS
        if parts[0] in table
    ]
    rows = pd.concat(blocks, ignore_index=True)
    return rows.assign(
        period=pd.Timestamp(month.period),
        source=month.source,
        source_row=table[ROW].reindex(rows["trust"]).to_numpy(),
    )


def _rows(
    measure: Measure,
    wanted: pd.Series,
    *,
    value: pd.Series | float = np.nan,
    numerator: pd.Series | float = np.nan,
    denominator: pd.Series | float = np.nan,
) -> pd.DataFrame:
    rows = pd.DataFrame(
        {"value": value, "numerator": numerator, "denominator": denominator}, index=wanted.index
    )[wanted]
    nothing = rows["value"].isna() & (rows["numerator"].isna() | rows["denominator"].isna())
    # Half a quotient is no figure: the attendances stay in their own measure.
    rows.loc[nothing, ["numerator", "denominator"]] = np.nan
    return (
        rows.assign(measure=measure.id, flag=np.where(nothing, "not_submitted", "published"))
        .rename_axis("trust")
        .reset_index()
    )
