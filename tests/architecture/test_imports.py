"""What importing costs, and who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import lean_impact

ROOT = Path(lean_impact.__file__).parent
HEAVY = ("matplotlib", "ruptures", "scipy.stats", "pandas", "lean_impact.plugins")


def modules_after(code: str) -> set[str]:
    """Return the modules that are loaded after running a line in a fresh interpreter."""
    program = f"{code}\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    loaded = modules_after("import lean_impact")
    assert not [name for name in HEAVY if name in loaded]


def test_asking_for_help_loads_nothing_heavy():
    loaded = modules_after(
        "import sys; sys.argv = ['lean-impact', '--help']\n"
        "import lean_impact.cli\n"
        "try: lean_impact.cli.main()\n"
        "except SystemExit: pass"
    )
    assert not [name for name in HEAVY if name in loaded]


def test_no_room_loads_plotting_or_statistics_before_they_are_needed():
    rooms = (
        "tables",
        "effects",
        "pooled",
        "changepoints",
        "spc",
        "quality",
        "context",
        "contingency",
        "report",
        "sources",
    )
    loaded = modules_after("; ".join(f"import lean_impact.{room}" for room in rooms))
    assert not {"matplotlib", "ruptures", "scipy.stats"} & loaded


def test_every_public_name_is_there():
    assert len(lean_impact.__all__) <= 30
    assert dir(lean_impact) == sorted(lean_impact.__all__)
    for name in lean_impact.__all__:
        assert getattr(lean_impact, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lean_impact.nothing  # noqa: B018 - asking is the test


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
    }


def test_only_figure_modules_import_matplotlib_and_inside_functions():
    for path in ROOT.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = [
            name
            for node in top
            for name in (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
        ]
        assert not any(name.startswith("matplotlib") for name in names), (
            f"{path} imports matplotlib at its top"
        )
        runtime = path.name.endswith("_figure.py") or "TYPE_CHECKING" in path.read_text(encoding="utf-8")
        if any(name.startswith("matplotlib") for name in imports_of(path)):
            assert runtime, f"{path} imports matplotlib and is no *_figure module"


def test_bundled_plugins_import_only_what_a_stranger_may():
    """A stranger imports packages, and the modules that documentation names; never a private one."""
    for path in (ROOT / "plugins").rglob("*.py"):
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] != "lean_impact" or parts[1:2] == ["plugins"]:
                continue
            assert not any(part.startswith("_") for part in parts), f"{path} imports the private {name}"
            assert parts[1:2] != ["study"], f"{path} imports {name}, which stands above plugins"


def test_every_package_says_what_it_offers():
    for path in ROOT.rglob("*.py"):
        if path.name.startswith("_") and path.name != "__init__.py":
            continue
        name = ".".join(("lean_impact", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        module = import_module(name)
        assert module.__doc__, f"{name} has no docstring"
        for public in getattr(module, "__all__", ()):
            assert hasattr(module, public), f"{name}.__all__ names {public}, which is not there"


def test_the_project_speaks_of_itself_alone():
    """No path of a machine, no registry host."""
    project = ROOT.parents[1]
    words = ("/wo" + "rk/", "/ro" + "ot/", "pypi." + "org", "registry." + "npmjs")
    suffixes = {".py", ".md", ".toml", ".cff", ".css", ".html", ".csv", ".j2"}
    for path in project.rglob("*"):
        parts = path.relative_to(project).parts
        if path.suffix in suffixes and not any(
            part.startswith(".") or part in {"_build", "dist"} for part in parts
        ):
            text = path.read_text(encoding="utf-8")
            assert not [word for word in words if word in text], path
