"""Draw a chart as inline SVG: text stays text, the same chart gives the same bytes, nothing leaks.

Only this module of the room imports matplotlib.
"""

from __future__ import annotations

import re
import warnings
from io import StringIO
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from lean_impact.report._text import clean
from lean_impact.report.model import Chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["render_svg"]

_FONTS: Final = "Frutiger, Arial, Helvetica, 'Liberation Sans', sans-serif"
# Matplotlib ships this font, so that the layout does not depend on what a machine has installed. It is a
# little wider than the ones that the page asks for: what fits in it fits in them.
_LAYOUT_FONT: Final = "DejaVu Sans"

_INK: Final = "#212b32"
_LINE: Final = "#425563"
_STYLE: Final[Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": _LINE,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": "cycler('color', ['#005eb8', '#c75300', '#330072', '#425563', '#006747', '#ae2573'])"
    " + cycler('linestyle', ['-', '--', '-.', ':', '-', '--'])",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": _INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "date.converter": "concise",
    "font.family": [_LAYOUT_FONT],
    "font.size": 9,
    "grid.color": "#d8dde0",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.image_inline": True,
    "text.color": _INK,
    # A dollar in the name of a trust or measure is a dollar.
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.color": _LINE,
    "xtick.labelcolor": _INK,
    "ytick.color": _LINE,
    "ytick.labelcolor": _INK,
}

_NAMESPACE: Final = re.compile(r"\{[^}]*\}")
_REFERENCE: Final = re.compile(r"url\(#")
_DROPPED: Final = frozenset({"metadata", "style"})


def render_svg(chart: Chart) -> str:
    """Draw a chart and return it as one ``<svg>`` element for a page.

    Parameters
    ----------
    chart : Chart
        What to draw.

    Returns
    -------
    str
        Well-formed XML without prolog. It scales to the width it is given, names itself by ``<title>`` and
        ``<desc>``, and every id in it starts with the id of the chart.

    Notes
    -----
    Drawing starts from matplotlib's own defaults, whatever the user's settings are, and restores these
    afterwards. Two calls give the same bytes: ids are salted with the chart's id and no date is written.

    Examples
    --------
    >>> chart = Chart(id="demo", title="A & B", description="Line chart.", draw=lambda ax: ax.plot([1, 2]))
    >>> '<title id="demo--title">A &amp; B</title>' in render_svg(chart)
    True
    """
    # The text in a drawing may hold characters that XML forbids; matplotlib writes them as they are.
    root = fromstring(clean(_draw(chart)))  # noqa: S314 - matplotlib wrote it a moment ago
    _strip(root)
    _rewrite(root, chart.id)
    return tostring(_named(root, chart), encoding="unicode")


def _draw(chart: Chart) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    written = StringIO()
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update({**_STYLE, "svg.hashsalt": chart.id})
        # Text stays text: the reader's browser has the glyphs that the layout font has not.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)
        figure = Figure(figsize=chart.size, layout="constrained")
        if chart.draw_figure is not None:
            chart.draw_figure(figure)
        elif chart.draw is not None:
            ax = figure.add_subplot()
            chart.draw(ax)
            # The page shows the title above the drawing; inside it would be said twice, or cut off.
            for loc in ("left", "center", "right"):
                ax.set_title("", loc=loc)
        _plain_log_labels(figure)
        _lay_out(figure)
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()


def _lay_out(figure: Figure) -> None:
    """Place everything once; matplotlib would otherwise draw the whole figure a first time to do so."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)


def _plain_log_labels(figure: Figure) -> None:
    """Label logarithmic axes 0.5, 1, 2 instead of powers of ten, which would need mathematical markup."""
    from matplotlib.ticker import Formatter, LogFormatter

    class Plain(Formatter):
        def __init__(self, inner: LogFormatter) -> None:
            self.inner = inner

        def set_locs(self, locs: Any) -> None:  # noqa: ANN401 - as matplotlib declares it
            self.inner.set_locs(locs)

        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:g}" if self.inner(x, pos) else ""

    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            major, minor = axis.get_major_formatter(), axis.get_minor_formatter()
            if isinstance(major, LogFormatter):
                axis.set_major_formatter(Plain(major))
            if isinstance(minor, LogFormatter):
                axis.set_minor_formatter(Plain(minor))


def _strip(root: Element) -> None:
    """Drop namespaces, and what would reach beyond this drawing: style sheets, links and metadata."""
    for element in root.iter():
        element.tag = _NAMESPACE.sub("", element.tag)
        element.attrib = {_NAMESPACE.sub("", name): value for name, value in element.attrib.items()}
        link = element.attrib.get("href", "#")
        if not link.startswith(("#", "data:image/png")):
            del element.attrib["href"]
        for child in [child for child in element if _NAMESPACE.sub("", child.tag) in _DROPPED]:
            element.remove(child)


def _rewrite(root: Element, prefix: str) -> None:
    """Prefix every id and what refers to it, and ask for the fonts of the page."""
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "id":
                element.attrib[name] = f"{prefix}--{value}"
            elif name == "href" and value.startswith("#"):
                element.attrib[name] = f"#{prefix}--{value[1:]}"
            else:
                value_here = _REFERENCE.sub(f"url(#{prefix}--", value)
                element.attrib[name] = value_here.replace(f"'{_LAYOUT_FONT}'", _FONTS)


def _named(drawing: Element, chart: Chart) -> Element:
    """Put the drawing into a root that has a name, a description and no fixed size."""
    title_id, desc_id = f"{chart.id}--title", f"{chart.id}--desc"
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": drawing.attrib["viewBox"],
            "width": "100%",
            "role": "img",
            "aria-labelledby": f"{title_id} {desc_id}",
            # The style sheet that was dropped said this for every element.
            "stroke-linejoin": "round",
            "stroke-linecap": "butt",
        },
    )
    SubElement(root, "title", {"id": title_id}).text = clean(chart.title)
    SubElement(root, "desc", {"id": desc_id}).text = clean(chart.description)
    root.extend(drawing)
    return root
