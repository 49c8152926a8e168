"""Write the pages that must never go stale, from the models and the command line themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer.main
from numpydoc.docscrape import NumpyDocString
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lean_impact.cli import app as command_line
from lean_impact.domain import Window
from lean_impact.study import file as study_file

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from sphinx.application import Sphinx
    from typer.core import TyperCommand, TyperGroup

    Command = TyperCommand | TyperGroup

TARGET = "_generated"
ROLE = re.compile(r":(\w+):`([^`]+)`")

TYPES = {
    "str": "text",
    "str or None": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "tuple of str": "list of texts",
    "dict of str to float": "numbers by trust code",
}

# What the models do not say themselves, or say of several keys at once.
WORDS = {
    "": "Every study file has these.",
    "format": "Version of this format; 1.",
    "study": "Title and question.",
    "data": "Where the figures are; several blocks are put together.",
    "data.file": "Tidy CSV file, relative to the study file, optionally gzipped. Either this, or source and folder.",
    "data.source": "Name of a data source, see `lean-impact plugins list`.",
    "data.folder": "Folder of published files to give to the source, relative to the study file.",
    "data.blocks": "CSV table of the origin and quality of each block: source, measure, origin, quality.",
    "data.trusts": "CSV table of trust names: code, name.",
    "data.successions": "CSV table of mergers and splits: old_code, old_name, new_codes (with blanks between), "
    "effective, evidence, verified.",
    "measures": "Definitions of measures that no plugin brings, or that are meant otherwise.",
    "programme": "Who took part, when, and what else happened.",
    "plan": "Every question and choice; its SHA-256 stands in the report and in the manifest.",
    "measures.numerator": "What is counted, in words.",
    "measures.denominator": "Out of what, in words.",
    "plan.effects.pre": "Periods before the start.",
    "plan.effects.post": "Periods after the start; must not overlap those before.",
    "plan.methods": "Further ways to estimate, applied to the primary and secondary questions.",
    "plan.curve": "The specification curve: every combination of declared choices; none without it.",
    "plan.curve.windows.pre": "Periods before the start.",
    "plan.curve.windows.post": "Periods after the start; must not overlap those before.",
    "plan.power": "What effect could have been seen at all; not asked without it.",
    "plan.trends": "How far trends may part before the answer changes; not asked without it.",
    "plan.families": "Questions whose p-values allow for each other; a question stands in one family.",
    "plan.calibrations": "Measures and rated constructs that become conditions, a matter of degree.",
    "plan.calibrations.window": "Periods, or dates of ratings, that are averaged; before the start, or the "
    "condition may be an effect.",
    "plan.ratings": "How ratings of context are read; needed with `[[context.ratings]]`.",
    "plan.quality": "What is looked at first; without it, the measure of the first primary question.",
    "plan.spc": "Control charts; none are drawn without it.",
    "plan.spc.rebases": "New limits for one chart; each needs a reason and a name.",
    "plan.spc.exclusions": "Points left out of limits and rules; each needs a reason and a name.",
    "plan.spc.targets": "Targets that change or end.",
    "plan.spc.funnels": "All trusts in one stretch of time, with limits that allow for differences between them.",
    "plan.changepoints": "Search for change-points; none without it.",
    "plan.contingency": "Models of conditions; none without it. Needs `[context]`.",
    "context": "Conditions, for the models that ask where a programme works.",
    "context.conditions": "One table for each condition.",
    "context.conditions.states": "State of each trust by code; a trust must not be left out. Either this, or "
    "calibration.",
    "context.conditions.states.CODE": "One trust's state.",
    "context.conditions.states.CODE.state": "What is known; unknown is never taken as absent.",
    "context.conditions.states.CODE.confidence": "How sure.",
    "context.conditions.states.CODE.note": "What makes it less than plain.",
    "context.ratings": "Files of ratings of context.",
    "context.outcome": "A yes-or-no outcome beside the effects.",
}


def model_in(annotation: object) -> tuple[type[BaseModel] | None, str]:
    """Find the model inside an annotation, and how it repeats: not, as an array, or by trust code."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation, ""
    arguments = [item for item in get_args(annotation) if item not in (Ellipsis, type(None))]
    for item in reversed(arguments):
        model, inner = model_in(item)
        if model is not None:
            origin = getattr(annotation, "__origin__", None)
            return model, "array" if origin is tuple else "code" if origin is dict else inner
    return None, ""


def documented(model: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """Return type and meaning of each parameter that the docstrings of a model and its bases give."""
    found: dict[str, tuple[str, str]] = {}
    for base in reversed(model.__mro__):
        doc = base.__dict__.get("__doc__")
        if not doc or not issubclass(base, BaseModel) or base is BaseModel:
            continue
        for parameter in NumpyDocString(inspect.cleandoc(doc))["Parameters"]:
            for name in parameter.name.split(", "):
                found[name] = (parameter.type, " ".join(parameter.desc))
    return found


def markdown(text: str) -> str:
    """Turn the roles and literals of a docstring into MyST that stands in a cell."""
    text = ROLE.sub(r"{\1}`\2`", text).replace("``", "`")
    return text.replace("|", "\\|")


def tables(model: type[BaseModel], place: str, repeats: str, seen: set[str]) -> Iterator[str]:
    """Yield a heading and a table for a model, then those of the models in it."""
    title = (
        {"array": f"[[{place}]]", "code": f"[{place}]"}.get(repeats, f"[{place}]") if place else "Top level"
    )
    yield f"## {f'`{title}`' if place else title}\n"
    yield f"{WORDS.get(place) or markdown(inspect.getdoc(model) or '').splitlines()[0]}\n"
    yield "| key | value | if left out | meaning |\n|---|---|---|---|"
    words, inner = documented(model), []
    for name, field in model.model_fields.items():
        at = f"{place}.{name}" if place else name
        nested, how = model_in(field.annotation)
        kind, meaning = words.get(name, (literal(field.annotation), ""))
        meaning = WORDS.get(at) or meaning
        if not meaning:
            raise ValueError(f"{model.__name__}.{name} has no meaning; document it in the docstring")
        if nested is Window:
            kind = "window"
        elif nested is not None:
            kind = {"array": "tables", "code": "table by trust code"}.get(how, "table")
            inner.append((nested, f"{at}.CODE" if how == "code" else at, how))
        yield f"| `{name}` | {plain_type(kind)} | {default(field)} | {markdown(meaning)} |"
    yield ""
    for nested, at, how in inner:
        if at not in seen:
            seen.add(at)
            yield from tables(nested, at, how, seen)


def literal(annotation: object) -> str:
    """Write the values of a Literal as a docstring would; other annotations by their name."""
    values = [value for value in get_args(annotation) if isinstance(value, str | int)]
    return f"{{{', '.join(map(repr, values))}}}" if values else getattr(annotation, "__name__", "")


def plain_type(kind: str) -> str:
    """Say in the words of a study file what a value is."""
    kind = re.sub(r",? (optional|default .*)$", "", kind)
    if kind.startswith("{"):
        return ", ".join(f"`{value}`" for value in re.findall(r"[\w.-]+", kind))
    return TYPES.get(kind, kind)


def default(field: FieldInfo) -> str:
    """Say what holds if a key is left out."""
    if field.is_required():
        return "must be given"
    value = field.default
    if value is PydanticUndefined or value in (None, (), ""):
        return "nothing"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def study_keys() -> str:
    """Return the reference of the study file."""
    return "\n".join(tables(study_file._StudyFile, "", "", set()))  # noqa: SLF001 - the model is the format


def commands() -> str:
    """Return the reference of the command line."""
    return "\n".join(_command(typer.main.get_command(command_line), "lean-impact"))


def _command(command: Command, name: str) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    if inner:
        for word, below in inner.items():
            yield from _command(below, f"{name} {word}")
        return
    options = [item for item in command.params if item.param_type_name == "option"]
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    usage = " ".join([name, *(item.name.upper() for item in arguments)])
    yield f"## `{name}`\n\n{command.help}\n\n```sh\n{usage}{' [OPTIONS]' if options else ''}\n```\n"
    if arguments or options:
        yield "| | meaning |\n|---|---|"
    for item in arguments:
        yield f"| `{item.name.upper()}` | {item.help} |"
    for item in options:
        value = "" if item.is_flag else f" {item.name.upper()}"
        must = " Must be given." if item.required else ""
        yield f"| {', '.join(f'`{word}{value}`' for word in item.opts)} | {item.help}{must} |"
    yield ""


def write(app: Sphinx) -> None:
    """Write the pages where others include them."""
    folder = Path(app.srcdir) / TARGET
    folder.mkdir(exist_ok=True)
    (folder / "study-keys.md").write_text(study_keys(), encoding="utf-8")
    (folder / "commands.md").write_text(commands(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write before any page is read."""
    app.connect("builder-inited", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
