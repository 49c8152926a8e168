"""The command line: names become objects here, and errors become exit codes.

Exit codes: 0 done, 2 bad input or usage, 1 anything else.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from lean_impact._version import __version__
from lean_impact.errors import InputError, LeanImpactError

__all__ = ["app", "main"]

app = typer.Typer(
    name="lean-impact",
    help="Evaluate an improvement programme on official figures, never surer than the data allow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
plugins_app = typer.Typer(help="See which plugins are installed and what they bring.", no_args_is_help=True)
studies_app = typer.Typer(help="See and copy the bundled studies.", no_args_is_help=True)
app.add_typer(plugins_app, name="plugins")
app.add_typer(studies_app, name="studies")

Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the folder even if it is not an earlier output.")
]


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer hands over the flag like this
    if wanted:
        typer.echo(f"lean_impact {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    study: Annotated[str, typer.Argument(help="Name of a bundled study, or path of a study file.")],
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for report.html, tables/ and manifest.json.")
    ],
    overwrite: Overwrite = False,
) -> None:
    """Run a study and write its report, its tables and its manifest."""
    from lean_impact.study import run_study  # noqa: PLC0415 - keeps --help quick

    with _progress() as on_progress:
        outcome = run_study(study, out=out, overwrite=overwrite, on_progress=on_progress)
    typer.echo(f"\n{outcome.answer}\n")
    for failure in outcome.results.failures:
        typer.echo(f"warning: {failure}", err=True)
    typer.echo(f"Report: {out / 'report.html'}")


@app.command()
def check(
    study: Annotated[str, typer.Argument(help="Name of a bundled study, or path of a study file.")],
) -> None:
    """Read a study and its figures, and say whether both can be used, without estimating anything."""
    from lean_impact.study import check_study  # noqa: PLC0415 - keeps --help quick

    typer.echo(check_study(study))


@app.command()
def tidy(
    source: Annotated[str, typer.Argument(help="Name of a data source, see 'plugins list'.")],
    folder: Annotated[Path, typer.Argument(help="Folder of downloaded files.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for figures.csv and the table of issues.")],
    overwrite: Overwrite = False,
) -> None:
    """Turn a folder of published files into one tidy table that a study can read."""
    from lean_impact.study import tidy_folder  # noqa: PLC0415 - keeps --help quick

    typer.echo(tidy_folder(source, folder, out=out, overwrite=overwrite))


@plugins_app.command("list")
def list_plugins() -> None:
    """List plugins, what each brings, and which failed."""
    from lean_impact.study import describe_plugins  # noqa: PLC0415 - keeps --help quick

    typer.echo(describe_plugins())


@studies_app.command("list")
def list_studies() -> None:
    """List the bundled studies."""
    from lean_impact.study import default_plugins  # noqa: PLC0415 - keeps --help quick

    for name, owned in default_plugins().programmes().items():
        typer.echo(f"{name}: {owned.entry.summary}")


@studies_app.command("copy")
def copy_bundled(
    name: Annotated[str, typer.Argument(help="Name of a bundled study.")],
    folder: Annotated[Path, typer.Argument(help="New folder for the study file and its figures.")],
) -> None:
    """Copy a bundled study and its figures to change them."""
    from lean_impact.study import copy_study  # noqa: PLC0415 - keeps --help quick

    path = copy_study(name, folder)
    typer.echo(f"Copied. Change {path} and run: lean-impact run {path} --out report")


@contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None]]:
    """Show a bar on a terminal and plain lines in a pipe."""
    if not sys.stdout.isatty():
        yield lambda done, total, what: typer.echo(f"[{done + 1}/{total}] {what}")
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description:<42}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("Starting", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)


def main() -> None:
    """Run the command line and turn errors into exit codes."""
    # Plugin failures are said once, at the end, with the rest of the outcome.
    warnings.filterwarnings("ignore", module="lean_impact")
    try:
        app()
    except InputError as error:
        _stop(str(error), 2)
    except LeanImpactError as error:
        _stop(str(error), 1)


def _stop(message: str, code: int) -> None:
    typer.echo(f"error: {message}", err=True)
    sys.exit(code)
