"""Turn the contingency models that a plan names into models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from lean_impact.contingency import ContingencyModel
from lean_impact.domain import AnalysisPlan, hint
from lean_impact.errors import InputError, Issue, StudyError
from lean_impact.hooks import Plugins, ScorerEntry

__all__ = ["check_scorers", "open_scorer"]


def open_scorer(entry: ScorerEntry, settings: Mapping[str, object]) -> ContingencyModel:
    """Open a model and see that it is one, and that it goes by the name of its entry.

    Parameters
    ----------
    entry : ScorerEntry
        What a plugin describes.
    settings : mapping of str to object
        Keywords for it.

    Returns
    -------
    ContingencyModel
        With these settings.

    Raises
    ------
    InputError
        If a setting is unknown.
    TypeError, ValueError
        If what is opened is no model, or calls itself something else.
    """
    opener: object = entry.open
    if settings and is_dataclass(opener):
        known = sorted(field.name for field in fields(opener))
        issues = [_unknown(key, known) for key in settings if key not in known]
        if issues:
            raise InputError(f"model '{entry.name}' has settings that it does not know", issues)
    model: object = entry.open(**settings)
    if not isinstance(model, ContingencyModel):
        raise TypeError(f"open returns a {type(model).__name__} and not a ContingencyModel")
    if model.name != entry.name:
        raise ValueError(f"the model calls itself '{model.name}'; a report can only go by one name")
    return model


def check_scorers(plan: AnalysisPlan, plugins: Plugins, *, file: str) -> None:
    """See that every model of a plan is there, and that bundled ones take their settings.

    Parameters
    ----------
    plan : AnalysisPlan
        What is planned.
    plugins : Plugins
        Where models are found.
    file : str
        Name of the study file.

    Raises
    ------
    InputError
        If a model is not installed, or with one issue for each setting that cannot be used.
    """
    chosen = plan.contingency
    issues: list[Issue] = []
    for name in (chosen.null, *chosen.scorers) if chosen else ():
        owned = plugins.scorer(name)
        if not owned.plugin.bundled or chosen is None:
            continue
        key = f"plan.contingency.settings.{name}"
        try:
            open_scorer(owned.entry, chosen.settings.get(name, {}))
        except InputError as error:
            issues += error.issues or [Issue(rule="bad-setting", key=key, message=error.message)]
        except TypeError as error:
            issues.append(Issue(rule="bad-setting", key=key, message=str(error)))
    if issues:
        raise StudyError(f"{file} gives settings that cannot be used", issues)


def _unknown(key: str, known: list[str]) -> Issue:
    return Issue(rule="unknown-setting", key=key, message=f"unknown setting '{key}'; {hint(key, known)}")
