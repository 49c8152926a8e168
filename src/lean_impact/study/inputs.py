"""Read the figures that a study names, and check that they can carry its plan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd

from lean_impact._version import __version__
from lean_impact.domain import InputFile, Measure, Provenance, Succession
from lean_impact.errors import InputError, Issue, StudyError
from lean_impact.hooks import Owned, Plugins, SourceEntry
from lean_impact.sources import DataSource, Tidied, read_source
from lean_impact.study.file import DataBlock, Study
from lean_impact.tables import Panel, Ratings, read_text_table

__all__ = ["StudyInputs", "read_inputs", "read_with"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyInputs:
    """Figures of a study with what is known about them.

    Attributes
    ----------
    panel : Panel
        The figures.
    names : dict of str to str
        Name of each trust by code.
    blocks : DataFrame
        Origin and quality of each block.
    successions : tuple of Succession
        Mergers and splits.
    ratings : tuple of Ratings
        Ratings of context, in the order of the study file.
    issues : tuple of Issue
        What was noticed while reading.
    """

    panel: Panel
    names: dict[str, str]
    blocks: pd.DataFrame
    successions: tuple[Succession, ...]
    ratings: tuple[Ratings, ...]
    issues: tuple[Issue, ...]


def read_inputs(study: Study, *, plugins: Plugins) -> StudyInputs:
    """Read all figures of a study and check that they can carry its plan.

    Parameters
    ----------
    study : Study
        The study.
    plugins : Plugins
        Where measures and data sources are found.

    Returns
    -------
    StudyInputs
        Valid figures.

    Raises
    ------
    InputError
        If a file cannot be used, or the plan needs something that the figures do not have.
    """
    offered = {name: owned.entry for name, owned in plugins.measures().items()}
    measures = offered | {measure.id: measure for measure in study.measures}
    panel: Panel | None = None
    issues: tuple[Issue, ...] = ()
    for block in study.data:
        part, found = _read_block(study, block, measures, plugins)
        issues += found
        panel = part if panel is None else panel.with_merged(part)
    if panel is None:
        raise StudyError(f"{study.path.name} names no figures; add a [[data]] block")
    inputs = StudyInputs(
        panel=panel,
        names=_names(study),
        blocks=_blocks(study),
        successions=_successions(study),
        ratings=_ratings(study, plugins),
        issues=issues,
    )
    _check_plan(study, panel)
    return inputs


def _read_block(
    study: Study, block: DataBlock, measures: dict[str, Measure], plugins: Plugins
) -> tuple[Panel, tuple[Issue, ...]]:
    if block.file is not None:
        return _read_tidy(study.folder / block.file, measures), ()
    tidied = read_with(plugins.source(str(block.source)), study.folder / str(block.folder), plugins=plugins)
    return tidied.panel, tidied.issues


def read_with(owned: Owned[SourceEntry], folder: str | Path, *, plugins: Plugins) -> Tidied:
    """Read a folder with the data source of a plugin.

    Parameters
    ----------
    owned : Owned of SourceEntry
        The data source, and whose it is.
    folder : str or Path
        Folder of files.
    plugins : Plugins
        Where a failure is recorded.

    Returns
    -------
    Tidied
        What the source made of the files.

    Raises
    ------
    InputError
        If the folder or a file cannot be used.
    StudyError
        If the data source itself fails.
    """
    what = f"source '{owned.entry.name}'"
    source = plugins.attempt(partial(_opened, owned.entry), plugin=owned.plugin, stage="open", what=what)
    if source is not None:
        tidied = plugins.attempt(
            partial(_tidied, source, folder),
            plugin=owned.plugin,
            stage="use",
            what=what,
            passing=(InputError,),
        )
        if tidied is not None:
            return tidied
    raise StudyError(f"{plugins.failures[-1]}; nothing can be done without these figures")


def _opened(entry: SourceEntry) -> DataSource:
    source: object = entry.open()
    if not isinstance(source, DataSource):
        raise TypeError(f"open returns a {type(source).__name__} and not a DataSource")
    return source


def _tidied(source: DataSource, folder: str | Path) -> Tidied:
    tidied = read_source(source, folder=folder)
    panel: object = tidied.panel
    if not isinstance(panel, Panel):
        raise TypeError(f"tidy gives a {type(panel).__name__} and not a Panel")
    return tidied


def _read_tidy(path: Path, measures: dict[str, Measure]) -> Panel:
    bare = Panel.read_csv(path, measures=measures.values())
    file = InputFile(
        path=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        rows=int((bare.frame["flag"] != "missing").sum()),
        encoding="utf-8",
    )
    provenance = Provenance(files=(file,), version=__version__, steps=(f"read {path.name}",))
    kept = {measure: measures[measure] for measure in bare.frame["measure"].unique()}
    return Panel(bare.frame, kept, provenance)


def _tables(study: Study, kind: str, columns: tuple[str, ...]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each table of a kind that the study's data blocks name, as text."""
    for block in study.data:
        name = getattr(block, kind)
        if name is None:
            continue
        frame = read_text_table(study.folder / name, required=columns)
        yield name, frame


def _names(study: Study) -> dict[str, str]:
    names: dict[str, str] = {}
    for _, frame in _tables(study, "trusts", ("code", "name")):
        names |= dict(zip(frame["code"], frame["name"], strict=True))
    return names | {trust.code: trust.name for trust in study.programme.trusts}


def _blocks(study: Study) -> pd.DataFrame:
    frames = [frame for _, frame in _tables(study, "blocks", ("source", "measure", "origin", "quality"))]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _successions(study: Study) -> tuple[Succession, ...]:
    columns = ("old_code", "old_name", "new_codes", "effective", "evidence", "verified")
    found: list[Succession] = []
    issues: list[Issue] = []
    for name, frame in _tables(study, "successions", columns):
        for position, row in enumerate(frame.to_dict("records")):
            try:
                found.append(_succession({str(key): str(value) for key, value in row.items()}))
            except ValueError as error:
                words = "; ".join(line.strip() for line in str(error).splitlines()[:3])
                issues.append(Issue(rule="bad-succession", file=name, row=position + 2, message=words))
    if issues:
        raise StudyError("the table of trust successions cannot be used", issues)
    return tuple(found)


def _ratings(study: Study, plugins: Plugins) -> tuple[Ratings, ...]:
    found = []
    for block in study.ratings:
        framework = plugins.framework(block.framework).entry
        path = study.folder / block.file
        ratings = Ratings.read_csv(path, framework=framework)
        strangers = sorted(set(ratings.trusts) - set(study.programme.codes))
        if strangers:
            message = f"{block.file} rates {', '.join(strangers)}, which takes no part in the programme"
            raise StudyError(f"{message}; correct the code or remove the rows")
        file = InputFile(
            path=path.name,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            rows=len(ratings),
            encoding="utf-8",
        )
        provenance = Provenance(files=(file,), version=__version__, steps=(f"read {path.name}",))
        found.append(Ratings(ratings.frame, framework, provenance))
    return tuple(found)


def _succession(row: dict[str, str]) -> Succession:
    truth = {"true": True, "false": False}.get(row["verified"].strip().lower())
    if truth is None:
        raise ValueError(f"verified is '{row['verified']}'; write True or False")
    return Succession(
        old_code=row["old_code"],
        old_name=row["old_name"],
        new_codes=tuple(row["new_codes"].split()),
        effective=date.fromisoformat(row["effective"]),
        evidence=row["evidence"],
        verified=truth,
    )


def _check_plan(study: Study, panel: Panel) -> None:
    """Gather everything that the plan needs and the figures do not have."""
    issues: list[Issue] = []
    absent = [measure for measure in study.plan.measures if measure not in panel.measures]
    issues += [
        Issue(
            rule="measure-without-figures",
            key="plan",
            message=f"measure '{measure}' has no figures; the figures have {', '.join(panel.measures)}",
        )
        for measure in absent
    ]
    for measure in study.plan.measures:
        if measure in absent:
            continue
        rows = panel.restrict(measures=[measure]).frame
        present = set(rows["trust"])
        first = rows["period"].min().date()
        issues += [
            Issue(
                rule="trust-without-figures",
                key="programme.trusts",
                message=f"trust {code} has no figures on '{measure}'; check the code or drop the trust",
            )
            for code in study.programme.codes
            if code not in present
        ]
        issues += [
            Issue(
                rule="adoption-before-data",
                key="programme.adoption",
                message=(
                    f"trust {adoption.trust} adopts from {adoption.window.start}, but '{measure}' starts "
                    f"{first}: there is no time before; correct the date or drop the measure"
                ),
            )
            for adoption in study.programme.adoption
            if adoption.window.start <= first
        ]
    if issues:
        noun = "problem" if len(issues) == 1 else "problems"
        raise StudyError(
            f"the figures cannot carry the plan of {study.path.name}: {len(issues)} {noun}", issues
        )
