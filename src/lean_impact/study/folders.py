"""Make folders: a copy of a bundled study, a tidy table of published files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lean_impact._version import __version__
from lean_impact.errors import OutputError
from lean_impact.hooks import Plugins
from lean_impact.report import OutputFolder
from lean_impact.study.file import Study
from lean_impact.study.inputs import read_with
from lean_impact.study.plugins import default_plugins

__all__ = ["copy_study", "keep_apart", "read_from", "tidy_folder"]


def copy_study(name: str, folder: str | Path, *, plugins: Plugins | None = None) -> Path:
    """Copy a bundled study and its figures into a new folder.

    Parameters
    ----------
    name : str
        Name of the study.
    folder : str or Path
        Folder to make; it must not hold anything yet.
    plugins : Plugins, optional
        Where names are found; all installed plugins if not given.

    Returns
    -------
    Path
        The copied study file.

    Raises
    ------
    OutputError
        If the folder holds something or cannot be made.
    """
    plugins = plugins or default_plugins()
    study = plugins.programme(name).entry.study
    target = Path(folder)
    try:
        if target.exists() and any(target.iterdir()):
            raise OutputError(f"{target} is not empty; give a new folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as beside:
            # All of it or nothing: copied beside the folder first. The folder itself stays, as someone may
            # stand in it.
            whole = Path(beside) / target.name
            shutil.copytree(study.parent, whole, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
            target.mkdir(exist_ok=True)
            for item in sorted(whole.iterdir()):
                item.rename(target / item.name)
    except OSError as error:
        raise OutputError(f"cannot copy to {target}: {error}; choose another folder") from error
    return target / study.name


def tidy_folder(
    source: str,
    folder: str | Path,
    *,
    out: str | Path,
    overwrite: bool = False,
    plugins: Plugins | None = None,
) -> str:
    """Read a folder of published files with a data source and write one tidy table.

    Parameters
    ----------
    source : str
        Name of the data source.
    folder : str or Path
        Folder of downloaded files.
    out : str or Path
        Folder for ``figures.csv``, ``issues.csv``, ``revisions.csv`` and ``manifest.json``.
    overwrite : bool, default False
        Whether a folder that is not an earlier output may be replaced.
    plugins : Plugins, optional
        Where names are found; all installed plugins if not given.

    Returns
    -------
    str
        What was read, in words.

    Raises
    ------
    InputError
        If a file cannot be used or the folder cannot be written.
    StudyError
        If the data source itself fails.
    """
    plugins = plugins or default_plugins()
    owned = plugins.source(source)
    keep_apart([Path(folder)], out)
    with OutputFolder(out, overwrite=overwrite) as output:
        tidied = read_with(owned, folder, plugins=plugins)
        tidied.panel.frame.to_csv(output.path / "figures.csv", index=False, lineterminator="\n")
        tidied.issues_frame().to_csv(output.path / "issues.csv", index=False, lineterminator="\n")
        tidied.revisions_frame().to_csv(output.path / "revisions.csv", index=False, lineterminator="\n")
        output.manifest.update(
            {
                "source": source,
                "inputs": [file.model_dump() for file in tidied.panel.provenance.files],
                "versions": {"lean_impact": __version__, owned.plugin.distribution: owned.plugin.version},
            }
        )
    return str(tidied.summary())


def read_from(study: Study) -> list[Path]:
    """Return the study file and everything that it names.

    Parameters
    ----------
    study : Study
        The study.

    Returns
    -------
    list of Path
        Files and folders.
    """
    named = [
        name
        for block in study.data
        for name in (block.file, block.folder, block.blocks, block.trusts, block.successions)
        if name is not None
    ]
    named += [block.file for block in study.ratings]
    return [study.path, *(study.folder / name for name in named)]


def keep_apart(inputs: Sequence[Path], out: str | Path) -> None:
    """See that the output does not take the place of an input.

    Parameters
    ----------
    inputs : sequence of Path
        Files and folders that are read.
    out : str or Path
        Folder that is written.

    Raises
    ------
    OutputError
        If one of the inputs is that folder or stands in it.
    """
    target = Path(out).expanduser().resolve()
    for path in inputs:
        place = path.resolve()
        if place == target or target in place.parents:
            raise OutputError(
                f"{target} holds {place.name}, which is to be read and would be replaced; choose another folder"
            )
