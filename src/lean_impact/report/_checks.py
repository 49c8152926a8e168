"""Checks that the parts of a report share; each returns issues, so that all are gathered before raising."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from lean_impact.errors import InputError, Issue

__all__ = ["id_issues", "raise_if_any", "repeated", "text_issues", "tuple_of"]

# Ids name files and page anchors: lower case, because some file systems know no case; single hyphens,
# because the page derives ids of its own with a double one.
_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)


def id_issues(what: str, value: object) -> list[Issue]:
    """Return an issue if an id cannot name a file and an anchor."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return []
    return [
        Issue(
            rule="report-id",
            message=f"the id {value!r} of a {what} must be lower-case letters, digits and single hyphens, "
            "starting with a letter, such as 'xmr-rf4'",
            value=str(value),
        )
    ]


def text_issues(what: str, **texts: object) -> list[Issue]:
    """Return one issue for each text that is needed but empty."""
    return [
        Issue(rule="report-text", message=f"{what} has no {name.replace('_', ' ')}: give it in plain words")
        for name, text in texts.items()
        if not isinstance(text, str) or not text.strip()
    ]


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that are there more than once, sorted."""
    return sorted(name for name, times in Counter(names).items() if times > 1)


def tuple_of(kind: type, name: str, values: object) -> tuple[tuple[Any, ...], list[Issue]]:
    """Return the values of the right kind as a tuple, and an issue for each other one.

    A bare text where several are meant would otherwise be taken apart into letters.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        return (), [
            Issue(
                rule="report-kind",
                message=f"{name} must be a tuple of {kind.__name__}, not {type(values).__name__}; "
                "put it in brackets with a comma",
            )
        ]
    found = tuple(values)
    return tuple(value for value in found if isinstance(value, kind)), [
        Issue(
            rule="report-kind",
            message=f"{name}[{at}] must be {kind.__name__}, not {type(value).__name__}",
        )
        for at, value in enumerate(found)
        if not isinstance(value, kind)
    ]


def raise_if_any(what: str, issues: Iterable[Issue]) -> None:
    """Raise one InputError that holds all issues, or return if there are none."""
    found = tuple(issues)
    if found:
        raise InputError(f"{what} cannot be made", found)
