"""Run a study from its name to its report."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from lean_impact._version import __version__
from lean_impact.effects import conclusion
from lean_impact.errors import OutputError, StudyError
from lean_impact.hooks import Plugins, SectionEntry
from lean_impact.report import OutputFolder, Report, Section, StudyResults, render_html, write_tables
from lean_impact.sources import read_source
from lean_impact.study.file import Study, load_study
from lean_impact.study.headline import headline
from lean_impact.study.inputs import StudyInputs, read_inputs
from lean_impact.study.plugins import default_plugins, plugin_table
from lean_impact.study.stages import Stages

__all__ = ["StudyOutcome", "check_study", "copy_study", "open_study", "run_study", "tidy_folder"]

OnProgress = Callable[[int, int, str], None]
"""Takes the number of steps done, their total, and what comes next in words."""

_PACKAGES = (
    "numpy",
    "pandas",
    "scipy",
    "pydantic",
    "pluggy",
    "ruptures",
    "matplotlib",
    "jinja2",
    "python-calamine",
)
_RECORD = "record"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyOutcome:
    """What running a study gives.

    Attributes
    ----------
    results : StudyResults
        Everything that was found.
    report : Report
        The report as data.
    answer : str
        The answer to the question that decides, in one sentence.
    folder : Path or None
        Where the files stand, if any were written.
    """

    results: StudyResults
    report: Report
    answer: str
    folder: Path | None


def open_study(study: str | Path | Study, *, plugins: Plugins | None = None) -> Study:
    """Turn the name of a bundled study or the path of a study file into a study.

    Parameters
    ----------
    study : str, Path or Study
        A path ends in ``.toml`` or holds a separator; anything else is a name.
    plugins : Plugins, optional
        Where names are found; all installed plugins if not given.

    Returns
    -------
    Study
        Read and validated.

    Raises
    ------
    StudyError
        If the file cannot be used.
    UnknownNameError
        If no plugin has a study of that name.
    """
    if isinstance(study, Study):
        return study
    path = Path(study)
    if path.suffix == ".toml" or len(path.parts) > 1:
        return load_study(path)
    plugins = plugins or default_plugins()
    return load_study(plugins.programme(str(study)).entry.study)


def run_study(
    study: str | Path | Study,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
    plugins: Plugins | None = None,
) -> StudyOutcome:
    """Run a study: read, check, estimate, judge, and write the report.

    Parameters
    ----------
    study : str, Path or Study
        Name of a bundled study, path of a study file, or a study.
    out : str or Path, optional
        Folder for ``report.html``, ``tables/`` and ``manifest.json``; nothing is written if not given.
    overwrite : bool, default False
        Whether a folder that is not an earlier output may be replaced.
    on_progress : callable, optional
        Told before each step: steps done, all steps, what comes next.
    plugins : Plugins, optional
        Where names are found; all installed plugins if not given.

    Returns
    -------
    StudyOutcome
        Everything that was found, and where it stands.

    Raises
    ------
    InputError
        If the study, its figures or the folder cannot be used. Nothing is left half-written.

    Examples
    --------
    >>> outcome = run_study("nhs-vmi")  # doctest: +SKIP
    """
    plugins = plugins or default_plugins()
    tell = _Teller(on_progress)
    tell("Reading the study")
    study = open_study(study, plugins=plugins)
    if out is None:
        results, report = _evaluate(study, plugins, tell)
        folder = None
    else:
        # Entered before any work, so that an unwritable folder is told at once.
        with OutputFolder(out, overwrite=overwrite) as output:
            results, report = _evaluate(study, plugins, tell)
            tell("Writing the report")
            output.write_text("report.html", render_html(report))
            written = write_tables(report, output.path)
            output.manifest.update(_manifest(study, results, {file.path: file.rows for file in written}))
        folder = Path(out)
    return StudyOutcome(
        results=results, report=report, answer=conclusion(results.primary.result), folder=folder
    )


class _Teller:
    """Count steps and tell what comes next."""

    STEPS = 9

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._tell = on_progress
        self._done = 0

    def __call__(self, what: str) -> None:
        if self._tell is not None:
            self._tell(self._done, self.STEPS, what)
        self._done += 1


def _evaluate(study: Study, plugins: Plugins, tell: _Teller) -> tuple[StudyResults, Report]:
    tell("Reading the figures")
    inputs = read_inputs(study, plugins=plugins)
    stages = Stages(study=study, inputs=inputs, plugins=plugins)
    tell("Checking their quality")
    quality = stages.quality()
    tell("Drawing up control charts")
    charts = stages.charts()
    tell("Looking for change-points")
    changes = stages.changes()
    tell("Estimating effects")
    answers = stages.answers()
    tell("Judging conditions")
    contingency = stages.contingency(answers)
    results = StudyResults(
        info=study.info,
        programme=study.programme,
        plan=study.plan,
        panel=inputs.panel,
        names=inputs.names,
        blocks=inputs.blocks,
        successions=inputs.successions,
        data_issues=inputs.issues,
        quality=quality,
        charts=charts,
        changes=changes,
        answers=answers,
        cases=study.cases,
        outcome=study.outcome,
        contingency=contingency,
        plugins=plugin_table(plugins),
        failures=tuple(map(str, plugins.failures)),
    )
    tell("Building the report")
    sections = _sections(results, plugins)
    return replace(results, failures=tuple(map(str, plugins.failures))), _report(results, sections)


def _sections(results: StudyResults, plugins: Plugins) -> tuple[Section, ...]:
    """Build every section; a section that fails is recorded, and the record is built last."""
    built: dict[str, Section] = {}
    entries = plugins.sections()
    for name in sorted(entries, key=lambda name: name == _RECORD):
        owned = entries[name]
        now = replace(results, failures=tuple(map(str, plugins.failures)))
        section = plugins.attempt(
            partial(_build, owned.entry, now),
            plugin=owned.plugin,
            stage="use",
            what=f"section '{name}'",
        )
        if section is not None:
            built[name] = section
    return tuple(built[name] for name in entries if name in built)


def _build(entry: SectionEntry, results: StudyResults) -> Section | None:
    section: object = entry.open()(results)
    if section is None or isinstance(section, Section):
        return section
    raise TypeError(f"the section is a {type(section).__name__} and not a Section")


def _report(results: StudyResults, sections: tuple[Section, ...]) -> Report:
    words = headline(results)
    panel = results.panel.frame
    return Report(
        title=results.info.title,
        subtitle=results.programme.name,
        question=results.info.question,
        answer=words.answer,
        points=words.points,
        cautions=words.cautions,
        sections=sections,
        metadata={
            "Figures": f"{panel['period'].min():%B %Y} to {panel['period'].max():%B %Y}, {len(panel):,} rows",
            "Licence": results.info.licence,
            "Study": results.info.id,
            "Plan": results.plan.digest(),
            "Seed": str(results.plan.seed),
            "Made with": f"lean_impact {__version__}",
            "Authors": ", ".join(results.info.authors) or "not given",
        },
    )


def _manifest(study: Study, results: StudyResults, rows: dict[str, int]) -> dict[str, Any]:
    return {
        "study": {"id": study.info.id, "file": study.path.name, "sha256": study.sha256},
        "plan": study.plan.model_dump(mode="json"),
        "plan_sha256": study.plan.digest(),
        "inputs": [file.model_dump() for file in results.panel.provenance.files] + _beside(study),
        "steps": list(results.panel.provenance.steps),
        "seeds": {"root": study.plan.seed, **Stages.seeds_of(study.plan)},
        "estimators": {answer.question.id: answer.result.provenance.parameters for answer in results.answers},
        "versions": {
            "lean_impact": __version__,
            "python": platform.python_version(),
            **{package: version(package) for package in _PACKAGES},
        },
        "plugins": results.plugins.to_dict("records"),
        "plugin_failures": list(results.failures),
        "table_rows": rows,
    }


def _beside(study: Study) -> list[dict[str, Any]]:
    """Describe the tables beside the figures."""
    names = {name for block in study.data for name in (block.blocks, block.trusts, block.successions) if name}
    found = []
    for name in sorted(names):
        content = (study.folder / name).read_bytes()
        found.append(
            {
                "path": name,
                "sha256": sha256(content).hexdigest(),
                "rows": len(pd.read_csv(study.folder / name, dtype=str)),
            }
        )
    return found


def check_study(study: str | Path | Study, *, plugins: Plugins | None = None) -> str:
    """Read a study and its figures, and say in words what they hold.

    Parameters
    ----------
    study : str, Path or Study
        Name of a bundled study, path of a study file, or a study.
    plugins : Plugins, optional
        Where names are found; all installed plugins if not given.

    Returns
    -------
    str
        A few lines.

    Raises
    ------
    InputError
        If the study or its figures cannot be used; every problem is listed.
    """
    plugins = plugins or default_plugins()
    study = open_study(study, plugins=plugins)
    inputs = read_inputs(study, plugins=plugins)
    lines = [
        f"{study.info.title}",
        f"plan {study.plan.digest()[:16]}, {len(study.plan.effects)} effect questions",
    ]
    lines += [_measure_line(inputs, measure) for measure in study.plan.measures]
    lines += [f"warning: {issue}" for issue in inputs.issues]
    lines.append("The study and its figures can be used.")
    return "\n".join(lines)


def _measure_line(inputs: StudyInputs, measure: str) -> str:
    rows = inputs.panel.restrict(measures=[measure]).frame
    empty = int(rows["value"].isna().sum())
    return (
        f"{measure}: {rows['trust'].nunique()} trusts, {rows['period'].min():%Y-%m} to "
        f"{rows['period'].max():%Y-%m}, {len(rows):,} rows, {empty:,} of them without a figure"
    )


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
        shutil.copytree(
            study.parent, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.py")
        )
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
    with OutputFolder(out, overwrite=overwrite) as output:
        opened = plugins.attempt(
            owned.entry.open, plugin=owned.plugin, stage="open", what=f"source '{source}'"
        )
        if opened is None:
            raise StudyError(f"{plugins.failures[-1]}; nothing was read")
        tidied = read_source(opened, folder=folder)
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
