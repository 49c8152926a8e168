"""Read a study file: TOML in, validated models out, every problem at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from lean_impact.domain import (
    AnalysisPlan,
    CaseTable,
    Cell,
    Condition,
    CrispOutcome,
    Measure,
    Programme,
    StatedCondition,
    StudyInfo,
    hint,
)
from lean_impact.domain._model import DomainModel
from lean_impact.domain.context import State
from lean_impact.domain.measure import Slug
from lean_impact.domain.programme import Confidence
from lean_impact.domain.trust import TrustCode
from lean_impact.errors import Issue, StudyError

__all__ = ["DataBlock", "RatingsBlock", "Study", "load_study"]

_LIKE_A_DATE = re.compile(r"(?<![\w-])\d{4}-\d{1,2}-\d{1,2}(?![\w-])")
_TABLES = (".csv", ".csv.gz")


class _DoesNotFitError(ValueError):
    """Several things that do not fit together, each to be told as one."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class DataBlock(DomainModel):
    """Figures that a study reads: a tidy file, or a folder of published files with a source plugin.

    Parameters
    ----------
    file : str, optional
        Tidy CSV file, relative to the study file; its name ends in ``.csv`` or ``.csv.gz``.
    source, folder : str, optional
        Name of a data source, and the folder of files to give it.
    blocks, trusts, successions : str, optional
        Tables beside the figures: origin and quality, names, mergers.
    """

    file: str | None = None
    source: str | None = None
    folder: str | None = None
    blocks: str | None = None
    trusts: str | None = None
    successions: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.file is None) == (self.source is None) or (self.source is None) != (self.folder is None):
            raise ValueError("give either file = ..., or source = ... together with folder = ...")
        if self.file is not None and not self.file.lower().endswith(_TABLES):
            raise ValueError(
                f"file '{self.file}' is no tidy table; its name must end in {' or '.join(_TABLES)}"
            )
        return self


class RatingsBlock(DomainModel):
    """A file of ratings of context.

    Parameters
    ----------
    file : str
        CSV file, relative to the study file: trust, construct, date, rater, state, value; scale where the framework
        has several, evidence if known.
    framework : str
        Identifier of the framework, see ``lean-impact plugins list``.
    """

    file: str
    framework: str


class _CellState(DomainModel):
    state: State
    confidence: Confidence
    note: str = ""


class _ConditionEntry(StatedCondition):
    """A condition as a study file gives it.

    Parameters
    ----------
    states : dict of str to table, optional
        State of each trust by code; a trust must not be left out.
    calibration : str, optional
        Instead of states, the identifier of the calibration in ``plan.calibrations`` that gives memberships.
    """

    states: dict[TrustCode, _CellState] | None = Field(default=None, min_length=1)
    calibration: Slug | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.states is None) == (self.calibration is None):
            raise ValueError(
                f"condition '{self.id}' takes either states or the identifier of a calibration of the plan"
            )
        return self

    def cells(self, trusts: tuple[str, ...]) -> list[Cell]:
        """Return the cells; unknown until the figures are read where the condition is calibrated."""
        if self.states is None:
            return [
                Cell(trust=trust, condition=self.id, state="unknown", confidence="low") for trust in trusts
            ]
        return [
            Cell(trust=trust, condition=self.id, state=cell.state, confidence=cell.confidence, note=cell.note)
            for trust, cell in self.states.items()
        ]


class _Context(DomainModel):
    conditions: tuple[_ConditionEntry, ...] = Field(min_length=1)
    outcome: CrispOutcome | None = None
    ratings: tuple[RatingsBlock, ...] = ()

    def cases(self, trusts: tuple[str, ...]) -> CaseTable:
        """Return the table of cases; ValueError if it is not complete."""
        return CaseTable(
            conditions=tuple(
                Condition(**entry.model_dump(include=set(StatedCondition.model_fields)))
                for entry in self.conditions
            ),
            trusts=trusts,
            cells=tuple(cell for entry in self.conditions for cell in entry.cells(trusts)),
        )

    @property
    def calibrated(self) -> dict[str, str]:
        """Calibration of each condition that has one, by identifier."""
        return {entry.id: entry.calibration for entry in self.conditions if entry.calibration}


class _StudyFile(DomainModel):
    format: Literal[1]
    study: StudyInfo
    data: Annotated[tuple[DataBlock, ...], Field(min_length=1)]
    measures: tuple[Measure, ...] = ()
    programme: Programme
    plan: AnalysisPlan
    context: _Context | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        codes = self.programme.codes
        problems = [
            f"plan.effects '{question.id}' asks of trust {code}, which takes no part in the programme"
            for question in self.plan.effects
            for code in question.trusts or ()
            if code not in codes
        ]
        problems += [
            f"event of {event.date} names trust {event.trust}, which takes no part in the programme"
            for event in self.programme.events
            if event.trust is not None and event.trust not in codes
        ]
        if self.plan.contingency and not self.context:
            problems.append("plan.contingency needs a [context] with conditions")
        if self.context and self.context.ratings and self.plan.ratings is None:
            problems.append("context.ratings needs plan.ratings, which says whether mixed ratings count")
        if self.context:
            try:
                self.context.cases(codes)
            except ValidationError as error:
                problems += [detail["msg"].removeprefix("Value error, ") for detail in error.errors()]
            declared = [calibration.id for calibration in self.plan.calibrations]
            problems += [
                f"condition '{key}' is calibrated by '{calibration}', which is no calibration of the plan; there are "
                f"{', '.join(declared) or 'none'}"
                for key, calibration in self.context.calibrated.items()
                if calibration not in declared
            ]
            outcome = self.context.outcome
            if outcome and set(outcome.states) != set(codes):
                problems.append(
                    f"context.outcome.states must name each of {', '.join(codes)} and no other trust"
                )
        if problems:
            raise _DoesNotFitError(problems)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study as read from its file: programme, plan, context and where the figures are.

    Attributes
    ----------
    info : StudyInfo
        Title and question.
    data : tuple of DataBlock
        Figures to read.
    measures : tuple of Measure
        Definitions that the study brings itself.
    programme : Programme
        Trusts, adoption windows, events.
    plan : AnalysisPlan
        Every choice, made beforehand.
    cases : CaseTable or None
        Which trust showed which condition; one that is calibrated is unknown until the figures are read.
    calibrated : dict of str to str
        Calibration of each condition that has one.
    outcome : CrispOutcome or None
        A yes-or-no outcome beside the effects.
    ratings : tuple of RatingsBlock
        Files of ratings of context.
    path : Path
        The file.
    sha256 : str
        Digest of the file.
    """

    info: StudyInfo
    data: tuple[DataBlock, ...]
    measures: tuple[Measure, ...]
    programme: Programme
    plan: AnalysisPlan
    cases: CaseTable | None
    calibrated: dict[str, str]
    outcome: CrispOutcome | None
    ratings: tuple[RatingsBlock, ...]
    path: Path
    sha256: str

    @property
    def folder(self) -> Path:
        """Folder that the study's file names are relative to."""
        return self.path.parent


def load_study(path: str | Path) -> Study:
    """Read and validate a study file.

    Parameters
    ----------
    path : str or Path
        TOML file.

    Returns
    -------
    Study
        Valid and frozen.

    Raises
    ------
    StudyError
        If the file is missing, is no TOML, has unknown keys, impossible dates or anything else that does
        not fit; ``issues`` lists every problem with its place in the file.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
    except FileNotFoundError as error:
        raise StudyError(f"there is no study file {path}; give the path of a .toml file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read as UTF-8 text ({error}); give a .toml file") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        advice = "Write dates as 2015-08-01, without quotes; they must exist"
        issues = [*_impossible_dates(text, path.name)]
        raise StudyError(f"{path.name} is not valid TOML: {error}. {advice}", issues) from error
    try:
        parsed = _StudyFile.model_validate(raw)
    except ValidationError as error:
        issues = _issues(error, path.name)
        noun = "problem" if len(issues) == 1 else "problems"
        raise StudyError(f"{path.name} cannot be used as a study: {len(issues)} {noun}", issues) from error
    return Study(
        info=parsed.study,
        data=parsed.data,
        measures=parsed.measures,
        programme=parsed.programme,
        plan=parsed.plan,
        cases=parsed.context.cases(parsed.programme.codes) if parsed.context else None,
        calibrated=parsed.context.calibrated if parsed.context else {},
        outcome=parsed.context.outcome if parsed.context else None,
        ratings=parsed.context.ratings if parsed.context else (),
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _issues(error: ValidationError, file: str) -> list[Issue]:
    issues = []
    for detail in error.errors():
        place = _place(detail["loc"])
        given = detail.get("input")
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, _DoesNotFitError):
            issues += [
                Issue(rule="does-not-fit", file=file, key=place, message=words) for words in cause.problems
            ]
            continue
        value = None if isinstance(given, dict | list | tuple) else str(given)
        kind = detail["type"]
        if kind == "extra_forbidden":
            message = f"unknown key '{detail['loc'][-1]}', remove or rename it; {_closest(detail['loc'])}"
        elif kind == "missing":
            message = f"'{detail['loc'][-1]}' is missing; add it"
        elif kind.startswith("date"):
            message = f"{given!r} is no date; write it as 2015-08-01, without quotes"
        else:
            words = detail["msg"].removeprefix("Value error, ")
            message = f"{words}; given was {value!r}" if value is not None else words
        issues.append(Issue(rule=kind, file=file, key=place, message=message, value=value))
    return issues


def _impossible_dates(text: str, file: str) -> Iterator[Issue]:
    """Find what looks like a date and is none: the reader of TOML stumbles over it and tells something else."""
    for row, line in enumerate(text.splitlines(), start=1):
        for found in _LIKE_A_DATE.findall(line.partition("#")[0]):
            try:
                date.fromisoformat(found)
            except ValueError as error:
                message = f"{found} is no date ({error}); correct it"
                yield Issue(rule="impossible-date", file=file, row=row, message=message, value=found)


def _place(loc: tuple[int | str, ...]) -> str:
    """Write a location as in the file: ``plan.effects[2].pre``, counted from 1."""
    words = ""
    for part in loc:
        words += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if words else str(part)
    return words or "whole file"


def _closest(loc: tuple[int | str, ...]) -> str:
    """Suggest the known key that an unknown one was probably meant to be."""
    model: Any = _StudyFile
    for part in loc[:-1]:
        if isinstance(part, int):
            continue
        field = getattr(model, "model_fields", {}).get(part)
        # What is no field is the key of a mapping, such as a trust code; its model was found already.
        model = _model_in(field.annotation) if field else model
    known = [key for key in getattr(model, "model_fields", {}) if key != str(loc[-1])]
    return hint(str(loc[-1]), known)


def _model_in(annotation: Any) -> Any:  # noqa: ANN401 - walks through any annotation
    """Find the model inside an annotation such as ``tuple[Model, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, DomainModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None
