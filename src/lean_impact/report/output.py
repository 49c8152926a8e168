"""Write a whole folder or nothing: into a temporary sibling first, renamed when everything is there."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from lean_impact.errors import OutputError

__all__ = ["OutputFolder", "writing"]

MANIFEST: Final = "manifest.json"
GENERATOR: Final = "lean_impact"
_NAMED: Final = 5
_LEFT_BY_SYSTEMS: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a refusal of the operating system while writing into an error that says what to do.

    Parameters
    ----------
    path : Path
        Where is written to.

    Raises
    ------
    OutputError
        If the operating system refuses.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write to {path}: {error.strerror or error}; choose a folder that you may write to, "
            "with enough space"
        ) from error


class OutputFolder:
    """Collect the files of one run and put them in place together.

    Use as a context manager. Inside it, write into :attr:`path`, a temporary folder next to the target. When
    the block ends well, ``manifest.json`` is added and the temporary folder takes the place of the target;
    when it ends in any error, an interrupt included, the temporary folder is removed and the target is as it
    was.

    Parameters
    ----------
    target : str or Path
        Where the folder should stand afterwards; parents are made.
    overwrite : bool, default False
        Whether to replace a folder that holds anything other than an earlier output of this library.

    Attributes
    ----------
    target : Path
        The absolute target.
    manifest : dict
        What ``manifest.json`` should say; the name of this library and a list of all files with their
        sha256 are added.

    Raises
    ------
    OutputError
        If the target is a file, stands below a file, cannot be written, or holds files that are not an
        earlier output.

    Notes
    -----
    An earlier output is a folder whose ``manifest.json`` names this library and lists every file in it: a
    file that someone put beside the report is never removed without ``overwrite=True``.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "out"
    >>> with OutputFolder(target) as folder:
    ...     folder.write_text("report.html", "<p>none</p>")
    >>> sorted(file.name for file in target.iterdir())
    ['manifest.json', 'report.html']
    """

    def __init__(self, target: str | Path, *, overwrite: bool = False) -> None:
        self.target = Path(target).expanduser().resolve()
        self.overwrite = overwrite
        self.manifest: dict[str, Any] = {}
        self._path: Path | None = None

    @property
    def path(self) -> Path:
        """The temporary folder to write into, while the block runs."""
        if self._path is None:
            raise RuntimeError("an OutputFolder has a path only inside its with block")
        return self._path

    def write_text(self, name: str, text: str) -> None:
        """Write a text file as UTF-8 with line feeds.

        Parameters
        ----------
        name : str
            Name relative to the folder.
        text : str
            Content.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        with writing(self.target):
            (self.path / name).write_bytes(text.encode())

    def __enter__(self) -> Self:
        _check(self.target, overwrite=self.overwrite)
        place = next((folder for folder in self.target.parents if folder.exists()), self.target)
        with writing(self.target):
            temporary = self._beside(place, "partial")
            temporary.mkdir()
        self._path = temporary
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with writing(self.target):
                    self._write_manifest()
                    self._put_in_place()
        finally:
            shutil.rmtree(self.path, ignore_errors=True)
            self._path = None

    def _beside(self, place: Path, kind: str) -> Path:
        return place / f".{self.target.name}.{secrets.token_hex(4)}.{kind}"

    def _write_manifest(self) -> None:
        files = [
            {"path": name, "sha256": sha256((self.path / name).read_bytes()).hexdigest()}
            for name in _files_below(self.path)
        ]
        content = {**self.manifest, "generator": GENERATOR, "files": files}
        text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        self.write_text(MANIFEST, f"{text}\n")

    def _put_in_place(self) -> None:
        """Rename the temporary folder to the target; an older one steps aside and is removed last."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        if not self.target.exists():
            self.path.rename(self.target)
            return
        # Looked at again: someone may have put a file there while the run went on.
        _check(self.target, overwrite=self.overwrite)
        older = self._beside(self.target.parent, "older")
        self.target.rename(older)
        try:
            self.path.rename(self.target)
        except BaseException:
            older.rename(self.target)
            raise
        shutil.rmtree(older, ignore_errors=True)


def _check(target: Path, *, overwrite: bool) -> None:
    """Raise an OutputError if the target cannot or must not be replaced."""
    blocking = next((path for path in (target, *target.parents) if path.exists() and not path.is_dir()), None)
    if blocking is not None:
        raise OutputError(f"cannot write to {target}: {blocking} is a file; choose another folder")
    if target == Path.cwd():
        raise OutputError(f"{target} is the folder you are in; choose another one, such as {target / 'out'}")
    if not target.exists() or overwrite:
        return
    with writing(target):
        foreign = _foreign_files(target)
    if foreign:
        more = f" and {len(foreign) - _NAMED} more" if len(foreign) > _NAMED else ""
        raise OutputError(
            f"{target} holds files that are not an earlier output of {GENERATOR} "
            f"({', '.join(foreign[:_NAMED])}{more}); "
            "choose another folder, move them away, or ask for everything in it to be replaced"
        )


def _foreign_files(folder: Path) -> list[str]:
    """Return what stands in a folder and is not listed in a manifest of ours."""
    listed = _listed(folder / MANIFEST)
    if not listed:  # a home folder given by mistake is not searched to its depths
        return sorted(path.name for path in folder.iterdir() if path.name not in _LEFT_BY_SYSTEMS)
    return [
        name
        for name in _files_below(folder)
        if name not in listed and name.rpartition("/")[2] not in _LEFT_BY_SYSTEMS
    ]


def _files_below(folder: Path) -> list[str]:
    """Return the files below a folder, and folders that are empty or links, by relative name, sorted."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir() or not any(path.iterdir())
    )


def _listed(manifest: Path) -> set[str]:
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return set()
    if not isinstance(content, Mapping) or content.get("generator") != GENERATOR:
        return set()
    entries = content.get("files")
    named = entries if isinstance(entries, list) else []
    return {MANIFEST, *(str(entry.get("path")) for entry in named if isinstance(entry, Mapping))}
