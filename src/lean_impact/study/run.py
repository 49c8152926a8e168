"""Run a study from its name to its report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lean_impact._version import __version__
from lean_impact.effects import conclusion
from lean_impact.hooks import Plugins
from lean_impact.report import OutputFolder, Report, Section, StudyResults, render_html, write_tables
from lean_impact.study.context import StudyContext
from lean_impact.study.file import Study, load_study
from lean_impact.study.folders import keep_apart, read_from
from lean_impact.study.headline import headline
from lean_impact.study.inputs import StudyInputs, read_inputs
from lean_impact.study.manifest import manifest_of
from lean_impact.study.plugins import default_plugins, plugin_table
from lean_impact.study.sections import build_sections
from lean_impact.study.stages import Stages

__all__ = ["StudyOutcome", "check_study", "open_study", "run_study"]

OnProgress = Callable[[int, int, str], None]
"""Takes the number of steps done, their total, and what comes next in words."""


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
        keep_apart(read_from(study), out)
        # Entered before any work, so that an unwritable folder is told at once.
        with OutputFolder(out, overwrite=overwrite) as output:
            results, report = _evaluate(study, plugins, tell)
            tell("Writing the report")
            output.write_text("report.html", render_html(report))
            written = write_tables(report, output.path)
            output.manifest.update(
                manifest_of(study, results, rows={file.path: file.rows for file in written})
            )
        folder = Path(out)
    return StudyOutcome(
        results=results, report=report, answer=conclusion(results.primary.result), folder=folder
    )


class _Teller:
    """Count steps and tell what comes next."""

    STEPS = 10

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
    constructs = stages.check_names()
    comparisons = stages.comparisons()
    tell("Checking their quality")
    quality = stages.quality()
    tell("Drawing up control charts")
    charts, runs, funnels = stages.charts(), stages.runs(), stages.funnels()
    tell("Looking for change-points")
    changes, second_opinions = stages.changes(), stages.second_opinions()
    searches = stages.searches(comparisons)
    tell("Estimating effects")
    answers = stages.answers(comparisons)
    tell("Asking the question in every declared way")
    found = stages.triangulation.answer(answers)
    tell("Judging conditions")
    context = StudyContext(study=study, inputs=inputs, seed=stages.seeds_of(study.plan)["contingency"])
    families, calibrated, ratings = context.families(answers), context.calibrated(), context.ratings()
    cases = context.cases(calibrated)
    contingency = stages.contingency(answers, cases)
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
        runs=runs,
        funnels=funnels,
        changes=changes,
        second_opinions=second_opinions,
        searches=searches,
        answers=answers,
        cases=cases,
        constructs=constructs,
        outcome=study.outcome,
        contingency=contingency,
        curve=found.curve,
        power=found.power,
        pretrend=found.pretrend,
        trends=found.trends,
        unanswered=found.unanswered,
        families=families,
        calibrated=calibrated,
        ratings=ratings,
        plugins=plugin_table(plugins),
        failures=tuple(map(str, plugins.failures)),
    )
    tell("Building the report")
    sections = build_sections(results, plugins=plugins)
    results = replace(results, failures=tuple(map(str, plugins.failures)))
    return results, _report(results, sections)


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
    stages = Stages(study=study, inputs=inputs, plugins=plugins)
    stages.check_names()
    stages.comparisons()
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
