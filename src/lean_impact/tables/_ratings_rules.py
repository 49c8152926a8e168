"""The rules of ratings, column by column and row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, get_args

import numpy as np
import pandas as pd

from lean_impact.domain.framework import ContextFramework, RatingState
from lean_impact.domain.text import hint
from lean_impact.errors import Issue
from lean_impact.tables._rules import Location, issues_where, numbers

__all__ = ["broken_rules", "typed"]

_STATES: Final = get_args(RatingState)
_WITH_VALUE: Final = ("rated", "mixed")


def typed(
    frame: pd.DataFrame, framework: ContextFramework, locate: Location
) -> tuple[pd.DataFrame, list[Issue]]:
    """Give every column its type; what cannot be read as it is an issue and never a guess."""
    table = pd.DataFrame(index=frame.index)
    issues: list[Issue] = []
    for column in ("trust", "construct", "rater", "state"):
        text = frame[column].astype("str").str.strip()
        blank = frame[column].isna() | (text == "")
        words = f"'{column}' is empty; every rating needs one"
        issues += issues_where(blank, rule="empty-key", column=column, locate=locate, message=_always(words))
        table[column] = text
    only = framework.scales[0].id if len(framework.scales) == 1 else ""
    scale = frame["scale"].astype("str").str.strip() if "scale" in frame else pd.Series("", index=frame.index)
    table["scale"] = scale.where((scale != "") & (scale != "nan"), only)
    table["date"] = pd.to_datetime(frame["date"], errors="coerce", format="ISO8601").astype("datetime64[s]")
    issues += issues_where(
        table["date"].isna(),
        rule="bad-date",
        column="date",
        values=frame["date"],
        locate=locate,
        message=lambda at: f"'{frame['date'].iloc[at]}' is no date; write the day it speaks of as YYYY-MM-DD",
    )
    value = frame["value"]
    if not pd.api.types.is_numeric_dtype(value):
        value = value.astype("string").str.replace("\u2212", "-", regex=False).rename("value")
    table["value"], found = numbers(value, locate=locate)
    table["evidence"] = frame["evidence"].fillna("").astype("str") if "evidence" in frame else ""
    row = (
        frame["source_row"]
        if "source_row" in frame
        else pd.Series(np.nan, index=frame.index, name="source_row")
    )
    parsed, bad_rows = numbers(row, locate=locate)
    table["source_row"] = parsed.round().astype("Int64")
    return table, issues + found + bad_rows


def broken_rules(table: pd.DataFrame, framework: ContextFramework, locate: Location) -> list[Issue]:
    """Find every row that breaks a rule of ratings, and say which and what to do."""
    constructs = [item.id for item in framework.constructs]
    scales = {item.id: item for item in framework.scales}
    state, value = table["state"], table["value"]
    allowed = [
        scale not in scales or np.isnan(number) or number in scales[scale].values
        for scale, number in zip(table["scale"], value, strict=True)
    ]
    takes_mixed = np.array([key not in scales or scales[key].mixed for key in table["scale"]], dtype=bool)

    def who(at: int) -> str:
        row = table.iloc[at]
        day = "no date" if pd.isna(row["date"]) else f"{row['date']:%Y-%m-%d}"
        return f"{row['trust']} {row['construct']} {day} by {row['rater']}"

    def range_words(at: int) -> str:
        numbers_ = ", ".join(f"{number:g}" for number in scales[table["scale"].iloc[at]].values)
        return f"{who(at)} is {value.iloc[at]:g}, which is not on the scale; give one of {numbers_}"

    construct, scale = table["construct"], table["scale"]
    rules: list[tuple[str, pd.Series | np.ndarray, str, Callable[[int], str]]] = [
        (
            "unknown-construct",
            ~construct.isin(constructs),
            "construct",
            lambda at: (
                f"{framework.name} has no construct '{construct.iloc[at]}'; {hint(construct.iloc[at], constructs)}"
            ),
        ),
        (
            "unknown-scale",
            ~scale.isin(list(scales)),
            "scale",
            lambda at: f"{who(at)} names the scale '{scale.iloc[at]}'; give one of {', '.join(scales)}",
        ),
        (
            "unknown-state",
            ~state.isin(_STATES),
            "state",
            lambda at: f"{who(at)} has the state '{state.iloc[at]}'; give one of {', '.join(_STATES)}",
        ),
        (
            "rated-without-value",
            state.isin(_WITH_VALUE) & value.isna(),
            "value",
            lambda at: (
                f"{who(at)} is {state.iloc[at]} and has no value; give it, for mixed evidence the net of it"
            ),
        ),
        (
            "value-without-rating",
            state.isin(_STATES) & ~state.isin(_WITH_VALUE) & value.notna(),
            "value",
            lambda at: (
                f"{who(at)} is {state.iloc[at]} and yet has the value {value.iloc[at]:g}; neutral is state 'rated' "
                "with value 0"
            ),
        ),
        ("not-on-the-scale", ~np.array(allowed, dtype=bool), "value", range_words),
        (
            "no-mixed-here",
            (state == "mixed") & ~takes_mixed,
            "state",
            lambda at: (
                f"{who(at)} is mixed, which this scale does not know; rate it or say that it is missing"
            ),
        ),
        (
            "duplicate",
            table.duplicated(["trust", "construct", "scale", "date", "rater"], keep=False),
            "rater",
            lambda at: f"{who(at)} is given more than once; keep one",
        ),
    ]
    return [
        issue
        for rule, mask, column, message in rules
        for issue in issues_where(mask, rule=rule, column=column, locate=locate, message=message)
    ]


def _always(words: str) -> Callable[[int], str]:
    return lambda _: words
