"""What stands in a table: columns with their heading and format, and icons that carry their words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from numbers import Integral, Real
from typing import Any, Final, Literal
from xml.etree.ElementTree import ParseError, fromstring

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from lean_impact.errors import Issue
from lean_impact.report._checks import raise_if_any, text_issues
from lean_impact.report._text import clean
from lean_impact.report.formats import Formatter

__all__ = ["Align", "Column", "SafeSvg", "is_missing", "is_number", "iso", "plain"]

Align = Literal["left", "right"]

_LARGE: Final = 1000
_SVG: Final = "{http://www.w3.org/2000/svg}"
_REFUSED: Final = frozenset({"script", "style", "foreignObject", "iframe", "a", "use", "image"})


def _faults(svg: str) -> list[str]:
    try:
        # Only names of elements and attributes are looked at; the parser itself refuses entity bombs.
        root = fromstring(svg)  # noqa: S314
    except ParseError as error:
        return [f"is not well-formed XML ({error})"]
    faults = ["holds a declaration or comment"] if "<!" in svg or "<?" in svg else []
    if root.tag.removeprefix(_SVG) != "svg":
        faults.append("does not start with an <svg> element")
    for element in root.iter():
        tag = element.tag.removeprefix(_SVG)
        if tag in _REFUSED:
            faults.append(f"holds a <{tag}> element")
        for name, value in element.attrib.items():
            bare = name.rpartition("}")[2].lower()
            if bare.startswith("on") or bare == "href" or "url(" in value.lower():
                faults.append(f"holds the attribute {bare!r}, which could run or load something")
            if bare == "id":
                faults.append("holds an id, which would be there twice when the icon is used twice")
    return faults


@lru_cache(maxsize=256)
def _checked(svg: str) -> tuple[str, ...]:
    """Remember icons that were looked at: a table repeats a few icons in many rows."""
    return tuple(_faults(svg))


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeSvg:
    """An inline SVG icon together with the words that say the same.

    The page shows both; a screen reader and the CSV file get the words.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element that draws shapes only: no script, style, link, reference or id.
    words : str
        What the icon says, such as ``"Special cause, improvement"``.

    Raises
    ------
    InputError
        If the SVG could run or load something, repeats an id, or the words are empty.

    Examples
    --------
    >>> icon = SafeSvg(svg='<svg viewBox="0 0 2 2"><circle cx="1" cy="1" r="1"/></svg>', words="Common cause")
    >>> str(icon)
    'Common cause'
    """

    svg: str
    words: str

    def __post_init__(self) -> None:
        issues = text_issues("an icon", words=self.words)
        issues += [
            Issue(rule="report-icon", message=f"the SVG {fault}; draw it with plain shapes")
            for fault in _checked(self.svg)
        ]
        raise_if_any("the icon", issues)

    def __str__(self) -> str:
        return self.words

    def __html__(self) -> str:
        icon = Markup('<span class="icon" aria-hidden="true">{}</span>').format(Markup(self.svg))  # noqa: S704 - checked above
        return Markup('<span class="icon-words">{}<span>{}</span></span>').format(icon, clean(self.words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How one column of a table is shown on the page; the CSV file always holds the bare values.

    Parameters
    ----------
    label : str
        Heading of the column.
    unit : str, default ""
        Unit of the values, shown in brackets after the label.
    format : callable or str, optional
        Takes a value that is not missing and returns text, see :mod:`lean_impact.report.formats`; or a
        format specification such as ``".1f"``. By default text stays as it is, whole numbers stay plain,
        other numbers get four significant digits, and dates are ISO dates.
    align : {"left", "right"}, optional
        By default numbers stand to the right and everything else to the left.
    missing : str, default "no value"
        What a missing value means, read out by a screen reader; the page shows a dash.
    shown : bool, default True
        Whether the page shows the column; the CSV file has it either way.

    Examples
    --------
    >>> Column(label="Change", unit="points", format="+.1f").text(1.94)
    '+1.9'
    """

    label: str
    unit: str = ""
    format: Formatter | str | None = None
    align: Align | None = None
    missing: str = "no value"
    shown: bool = True

    def __post_init__(self) -> None:
        raise_if_any("the column", text_issues("a column", label=self.label, meaning_of_missing=self.missing))

    @property
    def heading(self) -> str:
        """Label and unit as they stand over the column."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def text(self, value: Any) -> str:  # noqa: ANN401 - a cell holds whatever the frame holds
        """Return a value as text; a missing one as its meaning.

        Parameters
        ----------
        value : object
            A cell of the frame.

        Returns
        -------
        str
            Text without markup.
        """
        if is_missing(value):
            return self.missing
        if isinstance(value, SafeSvg) or self.format is None:
            return plain(value)
        if callable(self.format):
            return self.format(value)
        text = format(value, self.format)
        return text.replace("-", "−") if is_number(value) else text

    def html(self, value: Any) -> Markup:  # noqa: ANN401 - a cell holds whatever the frame holds
        """Return a value as escaped HTML.

        Parameters
        ----------
        value : object
            A cell of the frame.

        Returns
        -------
        Markup
            Safe to stand in a page.
        """
        if isinstance(value, SafeSvg):
            return escape(value)
        text = clean(self.text(value))
        if is_missing(value):
            return Markup('<span aria-hidden="true">–</span><span class="unseen">{}</span>').format(text)
        return escape(text)


def is_missing(value: Any) -> bool:  # noqa: ANN401 - a cell holds whatever the frame holds
    """Tell whether a cell is empty: None, NaN, NaT or NA."""
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def is_number(value: Any) -> bool:  # noqa: ANN401 - a cell holds whatever the frame holds
    """Tell whether a cell holds a number; a boolean is none."""
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def plain(value: Any) -> str:  # noqa: ANN401 - a cell holds whatever the frame holds
    """Return a value that is not missing as text when nothing else was asked for.

    Parameters
    ----------
    value : object
        A cell of the frame.

    Returns
    -------
    str
        Text without markup.

    Examples
    --------
    >>> plain(0.00041), plain(12345.6), plain(2015), plain(True), plain(date(2015, 8, 1))
    ('0.00041', '12,346', '2015', 'yes', '2015-08-01')
    """
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return str(int(value)).replace("-", "−")
    if isinstance(value, Real):
        return _significant(float(value))
    if isinstance(value, (datetime, date)):
        return iso(value)
    return str(value)


def iso(value: date) -> str:
    """Return a date, or a time of day if there is one, as ISO 8601."""
    if isinstance(value, datetime):
        midnight = value.time().replace(tzinfo=None) == datetime.min.time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat()
    return value.isoformat()


def _significant(value: float) -> str:
    if not np.isfinite(value):
        return str(value).replace("-", "−")
    text = (
        f"{value:,.0f}"
        if abs(value) >= _LARGE
        else np.format_float_positional(value, precision=4, fractional=False, trim="-")
    )
    return text.replace("-", "−")
