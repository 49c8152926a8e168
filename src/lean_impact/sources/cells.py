"""Tell numbers, blanks and placeholders apart, cell by cell, before anything is computed."""

from __future__ import annotations

import math
import re
from typing import Final, Literal

__all__ = ["CellKind", "classify", "shown", "text_of"]

CellKind = Literal["number", "blank", "dash", "not-available", "text"]
"""What a cell holds; ``dash`` and ``not-available`` are how publishers write that there is no figure."""

_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_DASHES: Final = frozenset({"-", "–", "—"})
_NOT_AVAILABLE: Final = frozenset({"n/a", "na", "#n/a"})
_SHOWN: Final = 40


def text_of(cell: object) -> str:
    """Return a cell as text without blanks at its ends and with single ones inside.

    Examples
    --------
    >>> text_of("  11th August\\xa0 2016 ")
    '11th August 2016'
    """
    return "" if cell is None else " ".join(str(cell).split())


def shown(cell: object) -> str:
    """Return a cell as text short enough for a message."""
    text = text_of(cell)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def classify(cell: object) -> tuple[CellKind, float]:
    """Say what a cell holds, and the number if it is one.

    Parameters
    ----------
    cell : object
        As a reader returns it.

    Returns
    -------
    kind : {"number", "blank", "dash", "not-available", "text"}
        What it holds.
    number : float
        NaN if it is no number.

    Notes
    -----
    Text counts as a number only if it is written out in digits with a full stop at most: "1,204", "1e5",
    "12 (est.)" and "#DIV/0!" are text, because reading them is guessing.

    Examples
    --------
    >>> classify("18991"), classify(" - ")[0], classify("N/A")[0], classify("1,204")[0], classify(True)[0]
    (('number', 18991.0), 'dash', 'not-available', 'text', 'text')
    """
    if isinstance(cell, bool):
        return "text", math.nan
    if isinstance(cell, int | float):
        return ("number", float(cell)) if math.isfinite(cell) else ("text", math.nan)
    text = text_of(cell)
    if not text:
        return "blank", math.nan
    if text in _DASHES:
        return "dash", math.nan
    if text.casefold() in _NOT_AVAILABLE:
        return "not-available", math.nan
    # isascii: \d also matches digits of other scripts.
    if text.isascii() and _NUMBER.fullmatch(text):
        return "number", float(text)
    return "text", math.nan
