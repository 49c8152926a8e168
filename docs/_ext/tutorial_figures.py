"""Draw the tutorial's figures from the very code that the tutorial shows, each time the pages are built."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lean_impact.domain import Window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from sphinx.application import Sphinx

PAGE = "tutorials/main-job.md"
TARGET = "_generated"
FIRST = "## Do it step by step"
BLOCK = re.compile(r"```\{testcode\}\n(.*?)```\n", re.DOTALL)


def run_page(path: Path) -> dict[str, Any]:
    """Run the code of the page from its script on, and return the names it defines."""
    shown = path.read_text(encoding="utf-8").partition(FIRST)[2]
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for code in BLOCK.findall(shown):
            exec(compile(code, str(path), "exec"), names)  # noqa: S102 - the project's own page
    return names


def plots(names: dict[str, Any]) -> dict[str, Axes]:
    """Draw each figure of the page as its caption says."""
    programme = names["programme"]
    labels = {trust.code: trust.label for trust in programme.trusts}

    def adopted(code: str) -> Window:
        window: Window = programme.adoption_of(code).window
        return window

    rise = names["detector"].detect(names["searched"].series("RTP", "ae-4h-type1"))
    return {
        "chart": names["chart"].plot(window=adopted("RF4")),
        "change": rise.plot(window=adopted("RTP")),
        "effects": names["result"].plot(labels=labels),
        "path": names["result"].plot_path(),
    }


def draw(app: Sphinx) -> None:
    """Write the figures where the page looks for them."""
    folder = Path(app.srcdir) / TARGET
    folder.mkdir(exist_ok=True)
    for name, axes in plots(run_page(Path(app.srcdir) / PAGE)).items():
        figure = axes.figure
        # No date and fixed identifiers: the same code gives the same bytes.
        figure.savefig(folder / f"{name}.svg", bbox_inches="tight", metadata={"Date": None})


def setup(app: Sphinx) -> dict[str, Any]:
    """Draw before any page is read."""
    app.connect("builder-inited", draw)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
