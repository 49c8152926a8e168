"""Write values of conditions, and terms made of them."""

from __future__ import annotations

from typing import Final

import numpy as np

from lean_impact.contingency.qca.sets import SetTable

__all__ = ["literal_text", "term_text"]

_CRISP: Final = 2
_ALWAYS: Final = "(always)"


def literal_text(table: SetTable, condition: int, value: int) -> str:
    """Write a value of a condition.

    Parameters
    ----------
    table : SetTable
        With the names.
    condition, value : int
        Position of the condition, and its value.

    Returns
    -------
    str
        ``READY``, ``~READY``, or ``SIZE[2]`` for a condition of several values.
    """
    name = table.conditions[condition]
    if table.levels[condition] > _CRISP:
        return f"{name}[{value}]"
    return name if value else f"~{name}"


def term_text(table: SetTable, term: np.ndarray) -> str:
    """Write a term.

    Parameters
    ----------
    table : SetTable
        With the names.
    term : ndarray of int64, shape (n_conditions,)
        Values, -1 where a condition plays no part.

    Returns
    -------
    str
        Literals joined by ``*``; ``(always)`` if no condition plays a part.
    """
    parts = [literal_text(table, i, int(value)) for i, value in enumerate(term) if value >= 0]
    return "*".join(parts) or _ALWAYS
