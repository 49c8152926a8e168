"""Laws that every data source must obey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from lean_impact.domain import Measure, Window
from lean_impact.errors import InputError
from lean_impact.sources import DataSource, SourceFile, Tidied
from lean_impact.testing._laws import hold, named, refuses
from lean_impact.testing.check import Check

__all__ = ["source_checks"]

_PICTURE: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))
_CUT: Final = 1_000
_YEARS: Final = tuple(date(year, 1, 1) for year in (2016, 2018, 2021))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    source: DataSource
    files: tuple[SourceFile, ...]
    measures: tuple[Measure, ...]

    def tidy(self) -> Tidied:
        return self.source.tidy(self.files)


def source_checks(
    source: DataSource, *, files: Sequence[SourceFile], measures: Sequence[Measure]
) -> Iterator[Check]:
    """Name the laws that a data source must obey.

    Parameters
    ----------
    source : DataSource
        The source to check, with the settings to check it with.
    files : sequence of SourceFile
        Two files or more that it can read, small ones made by hand or cut from originals.
    measures : sequence of Measure
        Those that its entry declares.

    Yields
    ------
    Check
        One law after the other; run each by ``check.run()``.

    Raises
    ------
    InputError
        If fewer than two files are given: their order could not matter.
    """
    if len(files) < 2:  # noqa: PLR2004 - one file has no order
        raise InputError("give two files or more, so that their order can matter")
    yield from named(_LAWS, _Case(source=source, files=tuple(files), measures=tuple(measures)))


def _same_table(one: Tidied, two: Tidied, what: str) -> None:
    try:
        pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    except AssertionError as error:
        raise AssertionError(f"{what}: the tables differ: {error}") from error
    hold(Counter(map(str, one.issues)) == Counter(map(str, two.issues)), f"{what}: the warnings differ")
    hold(set(one.revisions) == set(two.revisions), f"{what}: the revisions differ")


def _it_says_what_it_reads(case: _Case) -> None:
    hold(isinstance(case.source, DataSource), "it lacks a part of the DataSource protocol")
    hold(bool(case.source.suffixes), "it reads no kind of file")
    for suffix in case.source.suffixes:
        hold(suffix.startswith(".") and suffix == suffix.lower(), f"suffix {suffix!r} is not like '.csv'")
    hold(bool(case.source.expects.strip()), "it does not say which files it expects")


def _the_order_of_files_does_not_matter(case: _Case) -> None:
    straight = case.tidy()
    for order in (case.files[::-1], (*case.files[1:], case.files[0])):
        _same_table(case.source.tidy(order), straight, "another order of files")


def _the_same_files_give_the_same_answer(case: _Case) -> None:
    one, two = case.tidy(), case.tidy()
    _same_table(one, two, "a second time")
    hold(one.provenance == two.provenance, "a second time: the provenance differs")


def _no_file_is_refused(case: _Case) -> None:
    hold(refuses(lambda: case.source.tidy(())) is not None, "no file at all was accepted")


def _a_file_that_is_not_what_its_name_says_is_refused_by_name(case: _Case) -> None:
    for suffix in case.source.suffixes:
        for content, what in ((_PICTURE, "a picture"), (b"", "an empty file")):
            stray = SourceFile.of(f"stray-file{suffix}", content)
            error = refuses(lambda stray=stray: case.source.tidy((*case.files, stray)))  # type: ignore[misc]
            hold(error is not None, f"{what} called {stray.name} was accepted")
            hold(stray.name in str(error), f"the error on {what} does not name the file {stray.name}")


def _a_damaged_file_is_refused_or_read_as_a_table(case: _Case) -> None:
    """Half a file is an InputError, or fewer rows; never a crash of another kind."""
    for file in case.files:
        for end in (len(file.content) // 2, min(_CUT, len(file.content) - 1)):
            cut = SourceFile.of(file.name, file.content[:end])
            others = tuple(other for other in case.files if other is not file)
            refuses(lambda cut=cut, others=others: case.source.tidy((*others, cut)))  # type: ignore[misc]


def _the_input_is_left_untouched(case: _Case) -> None:
    handed = list(case.files)
    case.source.tidy(handed)
    hold(handed == list(case.files), "tidying changed the list of files")
    intact = all(SourceFile.of(file.name, file.content) == file for file in handed)
    hold(intact, "tidying changed a file")


def _provenance_names_every_file_with_its_digest(case: _Case) -> None:
    named_files = Counter((file.path, file.sha256) for file in case.tidy().provenance.files)
    given = Counter((file.name, file.sha256) for file in case.files)
    hold(named_files == given, f"given were {sorted(given)}, provenance names {sorted(named_files)}")
    hold(all(file.rows >= 0 for file in case.tidy().provenance.files), "a file has a negative number of rows")


def _every_row_traces_to_a_file_and_row(case: _Case) -> None:
    frame = case.tidy().to_frame()
    rows = frame[frame["flag"] != "missing"]
    # A sheet may be named after the file: "AE.xlsx, sheet 'Provider'".
    names = {file.name for file in case.files}
    unknown = {place for place in rows["source"].unique() if place.partition(", ")[0] not in names}
    hold(not unknown, f"rows come from {sorted(unknown)}, which was not given")
    hold(bool((rows["source_row"].fillna(0) >= 1).all()), "a row does not say which row of its file it is")
    once = not rows.duplicated(["source", "source_row", "measure", "trust", "period"]).any()
    hold(once, "one row of a file gives the same figure twice")


def _measures_are_those_declared(case: _Case) -> None:
    declared = {measure.id: measure for measure in case.measures}
    delivered = case.tidy().panel.measures
    unknown = sorted(set(delivered) - set(declared))
    hold(not unknown, f"delivers {', '.join(unknown)}, which its entry does not declare")
    other = sorted(key for key, measure in delivered.items() if measure != declared[key])
    hold(not other, f"defines {', '.join(other)} otherwise than its entry")


def _what_can_still_be_used_is_a_warning(case: _Case) -> None:
    errors = [issue for issue in case.tidy().issues if issue.severity != "warning"]
    hold(not errors, f"returned a table with errors instead of raising: {[*map(str, errors)]}")


def _locating_goes_by_time_and_adds_up(case: _Case) -> None:
    first, middle, last = _YEARS
    whole = case.source.locate(Window(start=first, end=last))
    parts = [Window(start=first, end=middle), Window(start=middle, end=last)]
    hold(
        tuple(whole) == tuple(item for part in parts for item in case.source.locate(part)),
        "two halves of a window do not want what the whole wants",
    )
    periods = [item.period for item in whole]
    hold(periods == sorted(periods), "what is wanted is not in the order of time")
    hold(all(first <= period < last for period in periods), "wants a period outside the window")
    hold(all(item.what and item.page for item in whole), "does not say what to get, or where")


_LAWS: Final[tuple[Callable[[_Case], None], ...]] = (
    _it_says_what_it_reads,
    _the_order_of_files_does_not_matter,
    _the_same_files_give_the_same_answer,
    _no_file_is_refused,
    _a_file_that_is_not_what_its_name_says_is_refused_by_name,
    _a_damaged_file_is_refused_or_read_as_a_table,
    _the_input_is_left_untouched,
    _provenance_names_every_file_with_its_digest,
    _every_row_traces_to_a_file_and_row,
    _measures_are_those_declared,
    _what_can_still_be_used_is_a_warning,
    _locating_goes_by_time_and_adds_up,
)
