"""Choose between several files of one month: the latest revision wins, and what was passed over is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from lean_impact.errors import Issue
from lean_impact.plugins.nhs._body import ROW
from lean_impact.plugins.nhs._month import Month
from lean_impact.sources import Revision

__all__ = ["cells_that_differ", "latest"]


def latest(months: Sequence[Month]) -> tuple[Month, list[Revision], list[Issue]]:
    """Take the latest revision of a month.

    Parameters
    ----------
    months : sequence of Month
        At least one, all of the same month.

    Returns
    -------
    Month
        The one to use.
    list of Revision
        One for each that was passed over.
    list of Issue
        An error if two different files cannot be ranked.

    Notes
    -----
    Ranked by the date of revision; a file that was never revised comes before all that were. Files that
    cannot be ranked (two without a date, or with the same) may stand beside each other only if no figure
    that both hold differs.
    """
    ranked = sorted(
        months, key=lambda month: (_rank(month), month.sheet or "", month.file.name), reverse=True
    )
    taken, others = ranked[0], ranked[1:]
    revisions: list[Revision] = []
    issues: list[Issue] = []
    for other in others:
        differ = cells_that_differ(taken, other)
        reason = _reason(taken, other, differ)
        if reason:
            revisions.append(
                Revision(
                    period=taken.period,
                    taken=taken.file.name,
                    passed_over=other.file.name,
                    reason=reason,
                    cells_differ=differ,
                )
            )
        else:
            issues.append(
                Issue(
                    rule="unranked-files",
                    file=taken.file.name,
                    message=f"it and {other.file.name} both hold {taken.period:%B %Y}, {differ} of their "
                    "figures differ, and no date of revision says which is later; take one out of the folder",
                )
            )
    return taken, revisions, issues


def _rank(month: Month) -> date:
    return month.revised or date.min


def _reason(taken: Month, other: Month, differ: int) -> str:
    if taken.file.sha256 == other.file.sha256:
        return "identical content"
    if taken.revised and not other.undated_revision and _rank(taken) > _rank(other):
        earlier = f"revised {other.revised:%Y-%m-%d}" if other.revised else "not revised"
        return f"revised {taken.revised:%Y-%m-%d}, the other {earlier}"
    return "" if differ else "no common figure differs"


def cells_that_differ(one: Month, other: Month) -> int:
    """Count figures that are not the same in two files of a month, over the columns that both have."""
    columns = [name for name in one.table if name in other.table and name != ROW]
    codes = one.table.index.union(other.table.index)
    a: pd.DataFrame = one.table[columns].reindex(codes)
    b: pd.DataFrame = other.table[columns].reindex(codes)
    return int((~((a == b) | (a.isna() & b.isna()))).to_numpy().sum())
