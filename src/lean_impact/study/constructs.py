"""Find the constructs of context frameworks that the conditions of a study stand for."""

from __future__ import annotations

from lean_impact.domain import CaseTable, hint
from lean_impact.errors import Issue, StudyError
from lean_impact.hooks import Plugins

__all__ = ["constructs_of"]


def constructs_of(cases: CaseTable | None, plugins: Plugins, *, file: str) -> dict[str, str]:
    """Find every construct that a condition names.

    Parameters
    ----------
    cases : CaseTable or None
        Conditions with what they stand for.
    plugins : Plugins
        Where frameworks are found.
    file : str
        Name of the study file.

    Returns
    -------
    dict of str to str
        By ``framework:construct``, both in words.

    Raises
    ------
    StudyError
        If a framework or a construct is not offered; each with the names that are near.
    """
    offered = {
        f"{key}:{construct.id}": f"{owned.entry.name}: {construct.name}"
        for key, owned in plugins.frameworks().items()
        for construct in owned.entry.constructs
    }
    wanted = [
        (condition.id, name)
        for condition in (cases.conditions if cases else ())
        for name in condition.constructs
    ]
    issues = [
        Issue(
            rule="construct-unheard-of",
            key=f"context.conditions '{condition}'",
            message=f"'{name}' is no construct of a framework that is installed; {_near(name, list(offered))}",
        )
        for condition, name in wanted
        if name not in offered
    ]
    if issues:
        raise StudyError(f"{file} ties conditions to constructs that are not there", issues)
    return {name: offered[name] for _, name in wanted}


def _near(name: str, offered: list[str]) -> str:
    """Say which constructs of its framework are near, or which frameworks if it names none that there is."""
    framework, _, construct = name.partition(":")
    frameworks = sorted({key.partition(":")[0] for key in offered})
    if framework not in frameworks:
        return f"write framework:construct; {hint(framework, frameworks, most=3)}"
    own = [key.partition(":")[2] for key in offered if key.partition(":")[0] == framework]
    return hint(construct, own, most=3, prefix=f"{framework}:")
