"""All input and output of data sources: list a folder, read and checksum its files, hand them over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lean_impact.domain import Window
from lean_impact.errors import Issue, SourceError
from lean_impact.sources.protocol import DataSource, SourceFile, Tidied

__all__ = ["MAX_BYTES", "FolderContent", "read_folder", "read_source"]

MAX_BYTES: Final = 100_000_000
"""Largest file that is read, in bytes; the largest published ones have a few millions."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FolderContent:
    """Files of a folder.

    Attributes
    ----------
    files : tuple of SourceFile
        Those with a suffix that was asked for, sorted by name.
    issues : tuple of Issue
        One warning for each thing in the folder that was left alone.
    """

    files: tuple[SourceFile, ...]
    issues: tuple[Issue, ...] = ()


def read_folder(folder: str | Path, *, suffixes: tuple[str, ...], expects: str) -> FolderContent:
    """Read the files of a folder, not those of folders in it.

    Parameters
    ----------
    folder : str or Path
        Where downloaded files are.
    suffixes : tuple of str
        Ends of the names to read, in lower case with the dot; the case of the name does not matter.
    expects : str
        Which files should be there, in words, for messages.

    Returns
    -------
    FolderContent
        The files with their digests, and what was left alone.

    Raises
    ------
    SourceError
        If there is no such folder, no file in it to read, or one that cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise SourceError(f"folder '{root}' {what}; name the folder with {expects}")
    files: list[SourceFile] = []
    skipped: list[Issue] = []
    problems: list[Issue] = []
    for path in sorted(root.iterdir(), key=lambda path: path.name):
        reason = _reason_to_skip(path, suffixes)
        if reason:
            skipped.append(
                Issue(rule="skipped-file", severity="warning", file=path.name, message=f"skipped: {reason}")
            )
            continue
        try:
            if path.stat().st_size > MAX_BYTES:
                raise OSError(f"larger than {MAX_BYTES} bytes")  # noqa: TRY301 - same message as the system's
            files.append(SourceFile.of(path.name, path.read_bytes()))
        except OSError as error:
            problems.append(
                Issue(
                    rule="unreadable-file",
                    file=path.name,
                    message=f"cannot be read ({error.strerror or error}); check the file or take it out",
                )
            )
    if problems:
        raise SourceError(f"{len(problems)} files in folder '{root}' cannot be read", problems)
    if not files:
        raise SourceError(f"folder '{root}' has no file to read; put {expects} into it", skipped)
    return FolderContent(files=tuple(files), issues=tuple(skipped))


def _reason_to_skip(path: Path, suffixes: tuple[str, ...]) -> str:
    if path.is_dir():
        return "it is a folder; files in it are not read"
    if path.name.startswith("~$"):
        return "it is the lock of a spreadsheet that is open; close it"
    if path.name.startswith("."):
        return "it is a hidden file"
    if path.suffix.lower() not in suffixes:
        return f"its name ends in none of {', '.join(suffixes)}"
    return ""


def read_source(source: DataSource, *, folder: str | Path, window: Window | None = None) -> Tidied:
    """Read a folder of downloaded files with a data source.

    Parameters
    ----------
    source : DataSource
        Knows the files.
    folder : str or Path
        Where they are.
    window : Window, optional
        Stretch of time that should be covered; each period of it without a file is a warning that says
        where to get it. Nothing outside it is dropped.

    Returns
    -------
    Tidied
        The table, with the warnings of the folder, of the source and of the window.

    Raises
    ------
    SourceError
        If the folder or any file in it cannot be used.
    """
    content = read_folder(folder, suffixes=source.suffixes, expects=source.expects)
    tidied = source.tidy(content.files)
    absent = _absent(source, tidied, window) if window else ()
    return replace(tidied, issues=(*content.issues, *tidied.issues, *absent))


def _absent(source: DataSource, tidied: Tidied, window: Window) -> tuple[Issue, ...]:
    frame = tidied.panel.frame
    covered = set(frame.loc[frame["flag"] != "missing", "period"].dt.date)
    return tuple(
        Issue(
            rule="period-without-file",
            severity="warning",
            message=f"no file holds {wanted.what}; get it from {wanted.page}",
        )
        for wanted in source.locate(window)
        if wanted.period not in covered
    )
