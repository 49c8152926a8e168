"""Tell numbers, blanks and placeholders apart, cell by cell, before anything is computed."""

from __future__ import annotations

import math
import re
from typing import Final, Literal

__all__ = ["CellKind", "classify", "shown", "text_of"]

CellKind = Literal["number", "blank", "dash", "not-available", "text"]
"""What a cell holds; ``dash`` and ``not-available`` are how publishers write that there is no figure."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_PLACEHOLDERS: Final[dict[str, CellKind]] = {
    "": "blank",
    **dict.fromkeys(("-", "–", "—"), "dash"),
    **dict.fromkeys(("n/a", "na", "#n/a"), "not-available"),
}
_SHOWN: Final = 40


def text_of(cell: object) -> str:
    r"""Return a cell as text without blanks at its ends and with single ones inside.

    Examples
    --------
    >>> text_of("  11th August\xa0 2016 ")
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
    if isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell):
        return "number", float(cell)
    text = text_of(cell)
    if _NUMBER.fullmatch(text):
        return "number", float(text)
    return _PLACEHOLDERS.get(text.casefold(), "text"), math.nan
