"""What the sections share: one table over all questions, and numbers as words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from lean_impact.domain import Measure
from lean_impact.report import Column, EffectAnswer, StudyResults, Table, formats

__all__ = ["interval_words", "only", "smallest", "stacked"]


def smallest(value: float) -> str:
    """Write the smallest p-value that could have come out; a formula has none.

    Parameters
    ----------
    value : float
        Smallest reachable p-value, 0 if there is none.

    Returns
    -------
    str
        The value, or that there is none.

    Examples
    --------
    >>> smallest(0.0)
    'none: a formula'
    """
    return formats.p_value()(value) if value > 0 else "none: a formula"


def stacked(
    results: StudyResults,
    key: str,
    caption: str,
    frame_of: Callable[[EffectAnswer], pd.DataFrame | None],
    columns: Mapping[str, Column | str] | None = None,
) -> Table:
    """Put one frame of each answer under the other, each row with its question.

    Parameters
    ----------
    results : StudyResults
        Everything that the study found.
    key, caption : str
        Id and caption of the table.
    frame_of : callable
        Takes an answer and returns its frame, or None if it has none.
    columns : mapping of str to Column or str, optional
        How columns are shown.

    Returns
    -------
    Table
        One tidy table over all questions, folded in the page.
    """
    frames = []
    for answer in results.answers:
        frame = frame_of(answer)
        if frame is not None:
            frames.append(frame.assign(question=answer.question.id))
    stacked = pd.concat(frames, ignore_index=True)
    if "trust" in stacked:
        stacked["name"] = [results.label(code) if code else "" for code in stacked["trust"]]
    first = [column for column in ("question", "trust", "name") if column in stacked]
    ordered = stacked[first + [column for column in stacked if column not in first]]
    return Table(id=key, caption=caption, frame=ordered, columns=columns or {}, max_rows=100, open=False)


def only(frame: pd.DataFrame, shown: Mapping[str, Column | str]) -> dict[str, Column | str]:
    """Show some columns of a frame on the page and keep the others for the file.

    Parameters
    ----------
    frame : DataFrame
        The table.
    shown : mapping of str to Column or str
        How the columns are shown that stand on the page.

    Returns
    -------
    dict of str to Column or str
        For the ``columns`` of a table.
    """
    return {name: shown.get(name, Column(label=name, shown=False)) for name in map(str, frame.columns)}


def interval_words(measure: Measure, value: float, lower: float, upper: float) -> str:
    """Write a change with its interval for a reader.

    Parameters
    ----------
    measure : Measure
        Decides how numbers are written.
    value, lower, upper : float
        Change and the ends of its interval, in the unit of the measure.

    Returns
    -------
    str
        For example ``"-2.9 points (-9.1 to +3.3 points)"``.
    """
    return f"{measure.format_change(value)} ({measure.format_range(lower, upper)})"
