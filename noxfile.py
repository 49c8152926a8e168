"""Sessions that check the project; `nox -l` lists them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2025.11"
# uv installs an environment in seconds where pip takes a minute; which Pythons there are is the machine's business.
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.sessions = ["tests", "lint", "types", "docs", "examples"]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True

# Environments come without bytecode: it is written once, not compiled anew by each process that a test starts.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

PYTHONS = ["3.11", "3.12", "3.13"]
# As many workers as processors: linear algebra on several threads each would only get in their way.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
BENCHMARKS = sorted(Path("benchmarks").glob("*.py"))
PROJECT = nox.project.load_toml("pyproject.toml")


def _let_pyenv_offer_its_versions() -> None:
    """Make pyenv's shims find every installed version; without this they refuse all but one."""
    if "PYENV_VERSION" in os.environ or not shutil.which("pyenv"):
        return
    listed = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False)  # noqa: S607
    wanted = [line.strip() for line in listed.stdout.splitlines() if line.strip().startswith(tuple(PYTHONS))]
    if wanted:
        os.environ["PYENV_VERSION"] = ":".join(wanted)


_let_pyenv_offer_its_versions()


def _install(session: nox.Session, *groups: str) -> None:
    requirements = nox.project.dependency_groups(PROJECT, *groups)
    session.install("-e", ".", *requirements)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run tests and the examples in docstrings; on Pythons after the first without what is slow."""
    _install(session, "test")
    which = {PYTHONS[0]: (), PYTHONS[-1]: ("-m", "not slow")}.get(
        str(session.python), ("-m", "not slow and not libraries")
    )
    session.run("pytest", "-n", "auto", *which, *session.posargs, env=ONE_THREAD)


@nox.session
def laws(session: nox.Session) -> None:
    """Run the property tests thoroughly."""
    _install(session, "test")
    session.run(
        "pytest",
        "-n",
        "auto",
        "-o",
        "faulthandler_timeout=7200",  # 500 examples take minutes, on a busy machine long ones
        "tests/laws",
        *session.posargs,
        env={"HYPOTHESIS_PROFILE": "laws", **ONE_THREAD},
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and the layers of the architecture."""
    _install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly."""
    _install(session, "types", "test")  # the laws for plugin authors are written for pytest and hypothesis
    session.run("mypy")
    session.run("mypy", "--config-file", "pyproject.toml", "tests/typing")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation, offline, with warnings as errors, and run its examples."""
    # The tools for authors of plugins are documented too, and need what the tests need.
    _install(session, "docs", "test")
    quiet = ("-n", "-W", "--keep-going", "-q", "-d", "docs/_build/doctrees")  # read once for both
    for builder in ("html", "doctest"):
        session.run("sphinx-build", *quiet, "-b", builder, "docs", f"docs/_build/{builder}")


@nox.session
def examples(session: nox.Session) -> None:
    """Run every example script, and check the plugin template as an installed package."""
    _install(session, "test")
    for script in sorted(Path("examples").glob("*.py")):
        session.run("python", str(script), session.create_tmp())
    session.install("--no-deps", "./examples/plugin_template")
    session.run(
        "pytest",
        "-p",
        "no:cacheprovider",
        "-c",
        "examples/plugin_template/pyproject.toml",
        "examples/plugin_template",
    )


@nox.session
def browser(session: nox.Session) -> None:
    """Look at reports in headless Chromium with axe-core; needs Chromium and npm."""
    _install(session, "test")
    session.run(
        "npm",
        "install",
        "--no-fund",
        "--no-audit",
        "--prefix",
        session.create_tmp(),
        "axe-core",
        external=True,
    )
    axe = Path(session.create_tmp()) / "node_modules/axe-core/axe.min.js"
    session.run("pytest", "tests/browser", *session.posargs, env={"LEAN_IMPACT_AXE": str(axe.resolve())})


@nox.session
def bench(session: nox.Session) -> None:
    """Time the library, side by side with what it is compared with."""
    _benchmarks(session, [path for path in BENCHMARKS if not path.stem.endswith("_quality")])


@nox.session
def quality(session: nox.Session) -> None:
    """Simulate how often estimators and detectors find what is not there; takes hours without a lower number."""
    _benchmarks(session, [path for path in BENCHMARKS if path.stem.endswith("_quality")])


def _benchmarks(session: nox.Session, scripts: list[Path]) -> None:
    _install(session, "test")
    for script in scripts:
        session.run("python", str(script), *session.posargs, env=ONE_THREAD)
