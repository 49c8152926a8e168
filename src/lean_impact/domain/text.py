"""Text that shows itself well in a notebook, and hints at what a name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from html import escape
from typing import Final

__all__ = ["Summary", "capital", "hint"]

_LISTED: Final = 20


def hint(name: str, known: Iterable[str], *, most: int = 1, prefix: str = "") -> str:
    """Say what a name that is not known was probably meant to be, or else which there are.

    Parameters
    ----------
    name : str
        The name that is not known.
    known : iterable of str
        Names that are, in the order in which they are told.
    most : int, default 1
        Near names to suggest at most.
    prefix : str
        What stands before each known name where it is written.

    Returns
    -------
    str
        The end of a sentence, with its question mark if it is one; of more than 20 names the first 20.

    Examples
    --------
    >>> hint("titel", ["title", "question"])
    "did you mean 'title'?"
    >>> hint("colour", ["title", "question"])
    'there are title, question'
    """
    names = list(known)
    near = [f"'{prefix}{close}'" for close in get_close_matches(name, names, n=most)]
    if near:
        return f"did you mean {' or '.join(near)}?"
    listed = ", ".join(f"{prefix}{each}" for each in names[:_LISTED])
    rest = len(names) - _LISTED
    return f"there are {listed}{f' and {rest} more' if rest > 0 else ''}" if names else "there are none"


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
