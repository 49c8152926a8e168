"""Text that shows itself well in a notebook."""

from __future__ import annotations

from html import escape

__all__ = ["Summary", "capital"]


def capital(words: str) -> str:
    """Give words that begin a sentence their capital letter.

    Examples
    --------
    >>> capital("week of 6 Jul 2015: no row published.")
    'Week of 6 Jul 2015: no row published.'
    """
    return f"{words[:1].upper()}{words[1:]}"


class Summary(str):
    r"""Plain text of several lines that a notebook shows with its line breaks.

    Examples
    --------
    >>> Summary("fell by 3 points\n95% interval -5 to -1")._repr_html_()
    '<pre>fell by 3 points\n95% interval -5 to -1</pre>'
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self)}</pre>"
