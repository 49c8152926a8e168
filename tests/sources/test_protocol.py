from __future__ import annotations

from datetime import date

import pandas as pd

from lean_impact.domain import InputFile, Measure, Provenance
from lean_impact.errors import Issue
from lean_impact.sources import Revision, SourceFile, Tidied
from lean_impact.tables import COLUMNS, Panel

COUNT = Measure(
    id="n", name="N", kind="count", improvement="neutral", dimension="context", frequency="month", unit="n"
)


def tidied(**more) -> Tidied:
    frame = pd.DataFrame(
        {
            "trust": ["RF4"],
            "measure": "n",
            "period": "2015-06-01",
            "value": 1,
            "flag": "published",
            "source": "a",
        }
    )
    provenance = Provenance(files=(InputFile(path="a.csv", sha256="0" * 64, rows=1),))
    return Tidied(panel=Panel.from_frame(frame, measures=[COUNT], provenance=provenance), **more)


def test_suffix_is_the_last_one_in_lower_case():
    assert SourceFile.of("a.revised-14.06.18-x.XLS", b"").suffix == ".xls"
    assert SourceFile.of(".csv", b"").suffix == ""
    assert SourceFile.of("none", b"").suffix == ""


def test_content_is_not_printed():
    assert "secret" not in repr(SourceFile.of("a.csv", b"secret"))


def test_frames_have_their_columns_even_when_empty():
    result = tidied()
    assert tuple(result.to_frame().columns) == COLUMNS
    assert list(result.issues_frame().columns)[:3] == ["rule", "message", "severity"]
    assert list(result.revisions_frame().columns) == [
        "period",
        "taken",
        "passed_over",
        "reason",
        "cells_differ",
    ]
    assert len(result.issues_frame()) == len(result.revisions_frame()) == 0


def test_summary_says_what_was_read_and_every_warning():
    revision = Revision(
        period=date(2015, 6, 1), taken="b.csv", passed_over="a.csv", reason="later", cells_differ=3
    )
    result = tidied(
        issues=(Issue(rule="checksum", severity="warning", message="off", file="a.csv"),),
        revisions=(revision,),
    )
    assert result.summary().splitlines() == [
        "1 files read: <Panel: 1 trusts, 1 measures, 1 rows>",
        "1 files passed over for another of the same period",
        "1 warnings",
        "  - a.csv: off",
    ]
    assert result.revisions_frame()["cells_differ"].tolist() == [3]
    assert result.issues_frame()["rule"].tolist() == ["checksum"]
