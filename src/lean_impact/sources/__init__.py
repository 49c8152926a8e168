"""Read published files: the protocol of data sources, folders, checksums, safe spreadsheets and text.

A source plugin imports from here: :class:`DataSource` is what it implements, :func:`open_workbook` and
:func:`read_text` give it cells as they are, :func:`classify` tells what a cell holds.
"""

from lean_impact.sources.cells import CellKind, classify, shown, text_of
from lean_impact.sources.container import Container, check_container
from lean_impact.sources.folder import FolderContent, read_folder, read_source
from lean_impact.sources.protocol import DataSource, Revision, SourceFile, Tidied, Wanted
from lean_impact.sources.text import TextTable, decode, read_text
from lean_impact.sources.workbook import Sheet, Workbook, open_workbook

__all__ = [
    "CellKind",
    "Container",
    "DataSource",
    "FolderContent",
    "Revision",
    "Sheet",
    "SourceFile",
    "TextTable",
    "Tidied",
    "Wanted",
    "Workbook",
    "check_container",
    "classify",
    "decode",
    "open_workbook",
    "read_folder",
    "read_source",
    "read_text",
    "shown",
    "text_of",
]
