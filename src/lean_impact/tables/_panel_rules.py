"""The rules of a panel, column by column and row by row, and its gaps made explicit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pandas as pd

from lean_impact.domain.measure import Measure
from lean_impact.domain.period import LENGTH
from lean_impact.errors import Issue
from lean_impact.tables._rules import Location, issues_where, numbers, raise_if_any
from lean_impact.tables.flags import FLAGS

__all__ = ["broken_rules", "typed", "with_gaps", "with_value"]

_WITHOUT_VALUE: Final = ("not_submitted", "missing")
_RATIO_TOLERANCE: Final = 1e-6
# A mistyped year would otherwise fill the calendar with thousands of missing rows.
_YEARS: Final = (1800, 2200)


def _always(words: str) -> Callable[[int], str]:
    return lambda _: words


def _named(name: Callable[[int], str], words: str) -> Callable[[int], str]:
    return lambda at: f"{name(at)} {words}"


def typed(frame: pd.DataFrame, locate: Location) -> tuple[pd.DataFrame, list[Issue]]:
    """Give every column its type; what cannot be read as it is an issue and never a guess."""
    table = pd.DataFrame(index=frame.index)
    issues: list[Issue] = []
    for column in ("trust", "measure", "flag", "source"):
        table[column] = frame[column].astype("str")
        blank = frame[column].isna() | (table[column].str.strip() == "")
        words = f"'{column}' is empty; every row needs one"
        issues += issues_where(blank, rule="empty-key", column=column, locate=locate, message=_always(words))
    table["period"] = pd.to_datetime(frame["period"], errors="coerce", format="ISO8601").astype(
        "datetime64[s]"
    )
    issues += issues_where(
        table["period"].isna(),
        rule="bad-period",
        column="period",
        values=frame["period"],
        locate=locate,
        message=lambda at: f"'{frame['period'].iloc[at]}' is no date; write the first day as YYYY-MM-DD",
    )
    year = table["period"].dt.year
    issues += issues_where(
        (year < _YEARS[0]) | (year > _YEARS[1]),
        rule="bad-period",
        column="period",
        values=frame["period"],
        locate=locate,
        message=lambda at: (
            f"'{frame['period'].iloc[at]}' lies outside {_YEARS[0]} to {_YEARS[1]}; correct the year"
        ),
    )
    for column in ("value", "numerator", "denominator"):
        given = frame[column] if column in frame else pd.Series(np.nan, index=frame.index, name=column)
        table[column], found = numbers(given, locate=locate)
        issues += found
    rows = (
        frame["source_row"]
        if "source_row" in frame
        else pd.Series(np.nan, index=frame.index, name="source_row")
    )
    parsed, found = numbers(rows, locate=locate)
    table["source_row"] = parsed.round().astype("Int64")
    return table, issues + found


def broken_rules(table: pd.DataFrame, definitions: Mapping[str, Measure], locate: Location) -> list[Issue]:
    """Find every row that breaks a rule of the panel, and say which and what to do."""

    def name(at: int) -> str:
        period = table["period"].iloc[at]
        day = "no date" if pd.isna(period) else f"{period:%Y-%m-%d}"
        return f"{table['trust'].iloc[at]} {table['measure'].iloc[at]} {day}"

    numerator, denominator, value = table["numerator"], table["denominator"], table["value"]
    kind = table["measure"].map({key: measure.kind for key, measure in definitions.items()})
    known = kind.notna()
    without = table["flag"].isin(_WITHOUT_VALUE)
    proportion = kind == "proportion"
    quotient = (numerator / denominator.where(denominator > 0)).where(kind.isin(["proportion", "ratio"]))
    something = value.notna() | quotient.notna()
    weekly = table["measure"].isin([key for key, one in definitions.items() if one.frequency == "week"])
    day_one = weekly | (table["period"].dt.day == 1)
    rules: list[tuple[str, pd.Series, str | None, str]] = [
        (
            "unknown-measure",
            ~known,
            "measure",
            "is of a measure that is not defined; add its definition or drop the row",
        ),
        (
            "unknown-flag",
            ~table["flag"].isin(FLAGS),
            "flag",
            f"has an unknown flag; use one of {', '.join(FLAGS)}",
        ),
        (
            "not-first-day",
            table["period"].notna() & ~day_one,
            "period",
            "does not name the first day of a period",
        ),
        (
            "duplicate",
            table.duplicated(["trust", "measure", "period"], keep=False) & table["period"].notna(),
            "period",
            "is given more than once; keep one row for each trust, measure and period",
        ),
        ("negative", (numerator < 0) | (denominator < 0), "numerator", "has a negative count"),
        (
            "numerator-above-denominator",
            proportion & (numerator > denominator),
            "numerator",
            "has a numerator above its denominator; a proportion counts some out of all",
        ),
        ("outside-0-1", proportion & ((value < 0) | (value > 1)), "value", "has a proportion outside 0 to 1"),
        (
            "zero-denominator",
            (denominator == 0) & ~without,
            "denominator",
            "has the denominator 0; set the flag 'not_submitted' and leave the figures empty",
        ),
        (
            "value-disagrees",
            (value - quotient).abs() > _RATIO_TOLERANCE,
            "value",
            "has a value that is not numerator divided by denominator; give one or make them agree",
        ),
        (
            "no-value",
            known & ~without & ~something & ~(denominator == 0),
            "value",
            "has no value; set the flag 'not_submitted' or 'missing' if there is none",
        ),
        (
            "value-despite-flag",
            without & something,
            "flag",
            "is flagged as having no figure but has one; correct the flag",
        ),
    ]
    issues: list[Issue] = []
    for rule, mask, column, words in rules:
        issues += issues_where(
            mask.fillna(value=False).astype(bool),
            rule=rule,
            column=column,
            values=table[column] if column else None,
            locate=locate,
            message=_named(name, words),
        )
    return issues


def with_value(table: pd.DataFrame, definitions: Mapping[str, Measure]) -> pd.DataFrame:
    """Compute the value from its counts where there are counts."""
    kind = table["measure"].map({key: measure.kind for key, measure in definitions.items()})
    quotient = (table["numerator"] / table["denominator"].where(table["denominator"] > 0)).where(
        kind.isin(["proportion", "ratio"]).to_numpy()
    )
    table = table.copy()
    table["value"] = quotient.where(quotient.notna(), table["value"])
    return table


def with_gaps(table: pd.DataFrame, definitions: Mapping[str, Measure], locate: Location) -> pd.DataFrame:
    """Add a row with the flag ``missing`` for each hole between a trust's first and last period.

    All trusts share the calendar of a measure: the one that most of its rows lie on.
    """
    added, issues = [], []
    for key, part in table.groupby("measure", sort=False):
        length, unit = LENGTH[definitions[str(key)].frequency]
        whole = part["period"].to_numpy().astype(f"datetime64[{unit}]").astype(np.int64)
        rests, counts = np.unique(whole % length, return_counts=True)
        rest = int(rests[counts.argmax()])
        if len(rests) > 1:
            issues += _off_calendar(part, whole % length != rest, definitions[str(key)], locate)
        trusts, places = _absent(part["trust"], (whole - rest) // length)
        if len(places):
            days = (places * length + rest).astype(f"datetime64[{unit}]")
            added.append(
                pd.DataFrame({"trust": trusts, "measure": key, "period": days.astype("datetime64[s]")})
            )
    raise_if_any(issues, what="the panel")
    if not added:
        return table
    more = pd.concat(added, ignore_index=True).assign(flag="missing", source="no row published")
    more = more.reindex(columns=table.columns).astype(table.dtypes.to_dict())
    return pd.concat([table, more], ignore_index=True)


def _absent(trusts: pd.Series, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return trust and place of each hole between the places of a trust, which stand in any order."""
    codes, names = pd.factorize(trusts)
    order = np.lexsort((places, codes))
    codes, places = codes[order], places[order]
    # Two rows off the calendar can share a place; they are told apart before.
    n_absent = np.where(np.diff(codes) == 0, np.maximum(np.diff(places) - 1, 0), 0)
    before = np.repeat(np.arange(len(n_absent)), n_absent)
    nth = np.arange(len(before)) - np.searchsorted(before, before)
    return np.asarray(names)[codes[before]], places[before] + 1 + nth


def _off_calendar(part: pd.DataFrame, off: np.ndarray, measure: Measure, locate: Location) -> list[Issue]:
    """Name the rows of a measure that do not lie on its calendar, with trust and date."""
    usual = part.loc[~off, "period"].iloc[0]
    weekly = measure.frequency == "week"

    def words(at: int) -> str:
        row = part.iloc[at]
        begins = f"a {row['period']:%A}" if weekly else "between two periods"
        like = f"on a {usual:%A}" if weekly else f"like {usual:%Y-%m-%d}"
        apart = "7 days" if weekly else f"one {measure.frequency}"
        return (
            f"{row['trust']} {measure.id} {row['period']:%Y-%m-%d} is {begins}, not on the {measure.frequency}ly "
            f"calendar: most rows of the measure begin {like}; give the first day of each period, {apart} apart "
            "for all trusts"
        )

    return issues_where(
        off,
        rule="off-calendar",
        column="period",
        values=part["period"].dt.strftime("%Y-%m-%d"),
        locate=lambda at: locate(int(part.index[at])),
        message=words,
    )
