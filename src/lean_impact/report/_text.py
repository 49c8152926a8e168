"""Make any text safe to stand in HTML, SVG and CSV: only characters that all three allow."""

from __future__ import annotations

import re

__all__ = ["clean"]

_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    r"""Replace characters that XML 1.0 forbids (control characters, lone surrogates) by U+FFFD.

    Parameters
    ----------
    text : str
        Any text, such as a name from a spreadsheet.

    Returns
    -------
    str
        Text of the same length that can be written as UTF-8 and parsed back.

    Examples
    --------
    >>> clean("Trust\x00A")
    'Trust�A'
    """
    return _NOT_ALLOWED.sub("\ufffd", text)
