"""Text that shows itself well in a notebook."""

from __future__ import annotations

from html import escape

__all__ = ["Summary"]


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
