"""The laws catch data sources that break them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import pytest

from lean_impact.domain import InputFile, Measure, Provenance
from lean_impact.errors import InputError, Issue, SourceError
from lean_impact.sources import SourceFile, Tidied, Wanted
from lean_impact.tables import Panel
from lean_impact.testing import source_checks

BEDS = Measure(
    id="beds",
    name="Beds",
    kind="count",
    improvement="neutral",
    dimension="context",
    frequency="month",
    unit="beds",
)
FILES = tuple(
    SourceFile.of(f"beds-{month}.csv", f"code,beds\nRTP,{month}00\nRXW,{month}50\n".encode())
    for month in (1, 2, 3)
)


@dataclass
class Beds:
    """A small sound source: one file a month, one row a trust."""

    suffixes: tuple[str, ...] = (".csv",)
    expects: str = "the monthly files on beds"
    seen: list[str] = field(default_factory=list)

    def locate(self, window):
        months = pd.date_range(window.start, window.end, freq="MS", inclusive="left")
        return tuple(
            Wanted(period=month.date(), what=f"beds of {month:%B %Y}", page="https://example.org")
            for month in months
        )

    def tidy(self, files):
        if not files:
            raise SourceError("no file")
        rows, read = [], []
        for file in sorted(files, key=lambda file: file.name):
            lines = self.lines(file)
            month = int(file.name.removesuffix(".csv").rpartition("-")[2])
            rows += [
                (code, f"2016-{month:02d}-01", float(beds), file.name, at)
                for at, (code, beds) in enumerate(lines, start=2)
            ]
            read.append(InputFile(path=file.name, sha256=file.sha256, rows=len(lines)))
        frame = pd.DataFrame(rows, columns=["trust", "period", "value", "source", "source_row"])
        panel = Panel.from_frame(
            frame.assign(measure="beds", flag="published"),
            measures=[BEDS],
            provenance=Provenance(files=tuple(read)),
        )
        return Tidied(panel=panel)

    def lines(self, file):
        try:
            header, *lines = file.content.decode().splitlines()
            pairs = [line.split(",") for line in lines]
            if header != "code,beds" or any(len(pair) != 2 or not pair[1].isdigit() for pair in pairs):
                raise ValueError("not a file on beds")  # noqa: TRY301 - told like the others
        except ValueError as error:
            raise SourceError(
                f"{file.name} is no file on beds", [Issue(rule="no", message=str(error))]
            ) from error
        return pairs


class FirstFileWins(Beds):
    def tidy(self, files):
        return super().tidy(files[:1])


class RemembersCalls(Beds):
    def tidy(self, files):
        self.seen.append("call")
        found = super().tidy(files)
        return Tidied(
            panel=found.panel, issues=(Issue(rule="n", message=f"{len(self.seen)}", severity="warning"),)
        )


class TakesNothing(Beds):
    def tidy(self, files):
        return super().tidy(files or FILES)


class TakesAnything(Beds):
    def lines(self, file):
        try:
            return super().lines(file)
        except SourceError:
            return []

    def tidy(self, files):
        return super().tidy([file for file in files if file.name.startswith("beds")])


class SaysNotWhich(Beds):
    def lines(self, file):
        try:
            return super().lines(file)
        except SourceError as error:
            raise SourceError("a file is no file on beds") from error


class CrashesOnDamage(Beds):
    def lines(self, file):
        return [(line.split(",")[0], line.split(",")[1]) for line in file.content.decode().splitlines()[1:]]


class SortsInPlace(Beds):
    def tidy(self, files):
        found = super().tidy(files)
        if isinstance(files, list):
            files.clear()
        return found


class WrongDigest(Beds):
    def tidy(self, files):
        found = super().tidy(files)
        frame, given = found.panel.frame, found.panel.provenance
        wrong = tuple(file.model_copy(update={"sha256": "0" * 64}) for file in given.files)
        return Tidied(panel=Panel.from_frame(frame, measures=[BEDS], provenance=Provenance(files=wrong)))


class NoRows(Beds):
    def tidy(self, files):
        found = super().tidy(files).panel
        frame = found.frame.assign(source_row=pd.NA)
        return Tidied(panel=Panel.from_frame(frame, measures=[BEDS], provenance=found.provenance))


class OtherMeasure(Beds):
    def tidy(self, files):
        found = super().tidy(files).panel
        other = BEDS.model_copy(update={"unit": "cots"})
        return Tidied(panel=Panel.from_frame(found.frame, measures=[other], provenance=found.provenance))


class KeepsErrors(Beds):
    def tidy(self, files):
        return Tidied(panel=super().tidy(files).panel, issues=(Issue(rule="bad", message="row 3 is wrong"),))


class LooksAhead(Beds):
    def locate(self, window):
        return super().locate(window)[:1]


class Loud(Beds):
    def __init__(self) -> None:
        super().__init__(suffixes=(".CSV",), expects=" ")


BAD = {
    FirstFileWins: "the order of files does not matter",
    RemembersCalls: "the same files give the same answer",
    TakesNothing: "no file is refused",
    TakesAnything: "a file that is not what its name says is refused by name",
    SaysNotWhich: "a file that is not what its name says is refused by name",
    SortsInPlace: "the input is left untouched",
    WrongDigest: "provenance names every file with its digest",
    NoRows: "every row traces to a file and row",
    OtherMeasure: "measures are those declared",
    KeepsErrors: "what can still be used is a warning",
    LooksAhead: "locating goes by time and adds up",
    Loud: "it says what it reads",
}


def test_a_sound_source_breaks_none(broken):
    assert broken(source_checks(Beds(), files=FILES, measures=[BEDS])) == {}


@pytest.mark.parametrize("kind", BAD)
def test_each_fault_is_caught_by_its_law(kind, broken):
    assert BAD[kind] in broken(source_checks(kind(), files=FILES, measures=[BEDS]))


def test_another_error_than_an_input_error_goes_through():
    checks = {check.name: check for check in source_checks(CrashesOnDamage(), files=FILES, measures=[BEDS])}
    with pytest.raises((IndexError, UnicodeDecodeError, ValueError)):
        checks["a file that is not what its name says is refused by name"].run()


def test_one_file_has_no_order():
    with pytest.raises(InputError, match="two files"):
        next(source_checks(Beds(), files=FILES[:1], measures=[BEDS]))
