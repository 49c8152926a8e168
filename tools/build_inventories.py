"""Write the small inventories that let the documentation link to other projects without fetching anything.

Each line names an object that the documentation refers to and the page that describes it. Run
``python tools/build_inventories.py`` after adding one.
"""

from __future__ import annotations

import zlib
from pathlib import Path

TARGET = Path(__file__).parents[1] / "docs/_inventories"

OBJECTS = {
    "python": [
        ("ValueError", "py:exception", "library/exceptions.html#$"),
        ("KeyError", "py:exception", "library/exceptions.html#$"),
        ("collections.abc.Callable", "py:class", "library/collections.abc.html#$"),
        ("datetime.date", "py:class", "library/datetime.html#$"),
        ("pathlib.Path", "py:class", "library/pathlib.html#$"),
        ("warnings.warn", "py:function", "library/warnings.html#$"),
    ],
    "pandas": [
        ("pandas.DataFrame", "py:class", "reference/api/pandas.DataFrame.html#$"),
        ("pandas.Timestamp", "py:class", "reference/api/pandas.Timestamp.html#$"),
    ],
    "numpy": [
        ("numpy.ndarray", "py:class", "reference/generated/numpy.ndarray.html#$"),
        ("numpy.random.SeedSequence", "py:class", "reference/random/bit_generators/generated/$.html#$"),
    ],
}


def inventory(project: str, objects: list[tuple[str, str, str]]) -> bytes:
    """Return an inventory in Sphinx's second format."""
    head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
    head += "# The remainder of this file is compressed using zlib.\n"
    body = "".join(f"{name} {role} 1 {page} -\n" for name, role, page in sorted(objects))
    return head.encode() + zlib.compress(body.encode(), 9)


def main() -> None:
    """Write one file for each project."""
    TARGET.mkdir(exist_ok=True)
    for project, objects in OBJECTS.items():
        (TARGET / f"{project}.inv").write_bytes(inventory(project, objects))


if __name__ == "__main__":
    main()
