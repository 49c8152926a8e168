"""Icons for variation and assurance, drawn for this library, as inline SVG that needs no other file.

Shape, letter and hue each carry the meaning, so that an icon can be read in print and without colour.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from lean_impact.drawing import BLUE, GREY, ORANGE, VIOLET, WHITE

if TYPE_CHECKING:
    from lean_impact.spc.control_chart import ControlChart

__all__ = ["assurance_icon", "variation_icon"]

_UP: Final = '<path d="M20 3 L38 35 H2 Z" {paint}/>'
_DOWN: Final = '<path d="M20 37 L2 5 H38 Z" {paint}/>'
_SQUARE: Final = '<rect x="4" y="4" width="32" height="32" {paint}/>'
_DIAMOND: Final = '<path d="M20 2 L38 20 L20 38 L2 20 Z" {paint}/>'
_CIRCLE: Final = '<circle cx="20" cy="20" r="17" {paint}/>'
_WAVE: Final = (
    f'<path d="M8 20 L14 14 L20 24 L26 15 L32 21" fill="none" stroke="{GREY}" stroke-width="3" '
    'stroke-linejoin="round" stroke-linecap="round"/>'
)


def variation_icon(chart: ControlChart) -> str:
    """Draw the variation of a chart.

    Parameters
    ----------
    chart : ControlChart
        The chart.

    Returns
    -------
    str
        SVG markup that may be put into a page as it is: everything inserted is escaped, and it has no
        identifiers, so any number of icons can stand on one page.

    Notes
    -----
    Improvement: filled triangle pointing up (high) or down (low). Concern: filled square. Neutral: open
    diamond. Each with H or L. Common cause: open circle with a jagged line. Too short: dashed circle.
    """
    words = f"Variation: {chart.variation_words}"
    side = chart.variation_side
    if side is None:
        common = chart.variation == "common cause"
        return _svg(
            words, _open(_CIRCLE, GREY, dashed=not common) + (_WAVE if common else _letter("–", GREY))
        )
    letter = side[0].upper()
    if chart.variation == "improvement":
        up = side == "high"
        return _svg(words, _filled(_UP if up else _DOWN, BLUE) + _letter(letter, WHITE, 31 if up else 21))
    if chart.variation == "concern":
        return _svg(words, _filled(_SQUARE, ORANGE) + _letter(letter, WHITE))
    return _svg(words, _open(_DIAMOND, VIOLET) + _letter(letter, VIOLET))


def assurance_icon(chart: ControlChart) -> str:
    """Draw the assurance of a chart.

    Parameters
    ----------
    chart : ControlChart
        The chart.

    Returns
    -------
    str
        SVG markup that may be put into a page as it is, like that of :func:`variation_icon`.

    Notes
    -----
    Pass: filled circle with P. Fail: filled square with F. Hit or miss: open circle with a question mark.
    Without target, direction or limits: dashed circle with a dash.
    """
    words = f"Assurance: {chart.assurance_words}"
    if chart.assurance == "pass":
        return _svg(words, _filled(_CIRCLE, BLUE) + _letter("P", WHITE))
    if chart.assurance == "fail":
        return _svg(words, _filled(_SQUARE, ORANGE) + _letter("F", WHITE))
    judged = chart.assurance is not None
    return _svg(words, _open(_CIRCLE, GREY, dashed=not judged) + _letter("?" if judged else "–", GREY))


def _svg(words: str, inside: str) -> str:
    # focusable="false": some browsers make an inline SVG a tab stop otherwise.
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" focusable="false" viewBox="0 0 40 40" width="40" '
        f'height="40"><title>{escape(words)}</title>{inside}</svg>'
    )


def _filled(shape: str, colour: str) -> str:
    return shape.format(paint=f'fill="{colour}"')


def _open(shape: str, colour: str, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return shape.format(paint=f'fill="{WHITE}" stroke="{colour}" stroke-width="3"{dashes}')


def _letter(letter: str, colour: str, baseline: int = 26) -> str:
    return (
        f'<text x="20" y="{baseline}" text-anchor="middle" font-family="Arial, sans-serif" font-size="17" '
        f'font-weight="bold" fill="{colour}" aria-hidden="true">{letter}</text>'
    )
