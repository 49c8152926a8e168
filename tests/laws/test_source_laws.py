"""What must hold for any monthly A&E file, whatever its figures."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.errors import Issue, SourceError
from lean_impact.plugins.nhs import MonthlyAE
from lean_impact.sources import SourceFile, Tidied, classify
from lean_impact.sources.container import what_it_is

TYPES = ("Type 1", "Type 2", "Other Department")
HEADER = [
    "Period",
    "Org Code",
    "Parent Org",
    "Org name",
    *(f"A&E attendances {t}" for t in TYPES),
    *(f"A&E attendances Booked Appointments {t}" for t in TYPES),
    *(f"Attendances over 4hrs {t}" for t in TYPES),
    *(f"Attendances over 4hrs Booked Appointments {t}" for t in TYPES),
    "Patients who have waited 4-12 hs from DTA to admission",
    "Patients who have waited 12+ hrs from DTA to admission",
    *(f"Emergency admissions via A&E - {t}" for t in TYPES),
    "Other emergency admissions",
]
COUNT = st.integers(0, 30_000)
ATT, BOOKED, OVER, BOOKED_OVER, REST = slice(0, 3), slice(3, 6), slice(6, 9), slice(9, 12), slice(12, 18)


@st.composite
def counts(draw) -> list[int]:
    """Draw one organisation's figures, none over 4 hours without an attendance."""
    attendances = draw(st.lists(COUNT, min_size=6, max_size=6))
    over = [draw(st.integers(0, n)) for n in attendances]
    return [*attendances, *over, *draw(st.lists(COUNT, min_size=6, max_size=6))]


ORGANISATIONS = st.dictionaries(
    st.from_regex(r"R[A-Z0-9]{2}", fullmatch=True), counts(), min_size=1, max_size=4
)
MONTHS = st.sampled_from(["AUGUST-2020", "OCTOBER-2020", "May-2021", "June-2024"])


def file(organisations, month: str, *, name: str = "a.csv", total: str = "TOTAL") -> SourceFile:
    period = f"MSitAE-{month}"
    rows = [[period, code, "NHS", "A TRUST", *figures] for code, figures in organisations.items()]
    rows.append([total, total, total, total, *map(sum, zip(*organisations.values(), strict=True))])
    lines = [",".join(map(str, row)) for row in [HEADER, *rows]]
    return SourceFile.of(name, "\r\n".join(lines).encode())


def tidy(*files: SourceFile) -> Tidied:
    return MonthlyAE(implausible_zero=None).tidy(files)


def attempt(file: SourceFile) -> tuple[Tidied | None, tuple[Issue, ...]]:
    """Return the table, or the problems that stand against it."""
    try:
        return tidy(file), ()
    except SourceError as error:
        return None, error.issues


def attended(organisations) -> dict[str, list[int]]:
    return {code: figures for code, figures in organisations.items() if any(figures)}


@given(ORGANISATIONS, MONTHS)
def test_attendances_and_those_within_and_over_4_hours_add_up(organisations, month):
    if not attended(organisations):
        return
    frame = tidy(file(organisations, month)).panel.frame.set_index(["trust", "measure"])
    for code, figures in organisations.items():
        type_1, over = figures[0] + figures[3], figures[6] + figures[9]
        if (code, "ae-4h-type1") in frame.index:
            row = frame.loc[(code, "ae-4h-type1")]
            assert row["flag"] == "not_submitted" or row["denominator"] - row["numerator"] == over
            assert frame.loc[(code, "ae-att-type1"), "value"] == type_1
        else:
            assert type_1 == 0
        if (code, "dta-over-4h") in frame.index:
            assert frame.loc[(code, "dta-over-4h"), "value"] == figures[12] + figures[13]


@given(st.lists(ORGANISATIONS.filter(attended), min_size=2, max_size=2), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(tables, random):
    months = ("AUGUST-2020", "SEPTEMBER-2020", "OCTOBER-2020")
    files = [file(table, month, name=f"{month}.csv") for table, month in zip(tables, months, strict=False)]
    one = tidy(*files)
    random.shuffle(files)
    other = tidy(*files)
    pd.testing.assert_frame_equal(one.panel.frame, other.panel.frame)
    assert one.provenance == other.provenance
    assert one.issues == other.issues
    repeated = tidy(*files, SourceFile.of("zz copy.csv", files[0].content))
    figures = [column for column in one.panel.frame.columns if column != "source"]
    pd.testing.assert_frame_equal(repeated.panel.frame[figures], one.panel.frame[figures])
    assert len(repeated.revisions) == 1


@given(
    ORGANISATIONS.filter(attended),
    MONTHS,
    st.from_regex(r"[A-Za-z][A-Za-z0-9 -]{0,20}\.(csv|CSV)", fullmatch=True),
)
def test_the_name_of_a_file_says_nothing_about_its_figures(organisations, month, name):
    one = tidy(file(organisations, month)).panel.frame
    other = tidy(file(organisations, month, name=name)).panel.frame
    pd.testing.assert_frame_equal(one.drop(columns="source"), other.drop(columns="source"))
    assert set(other.loc[other["flag"] != "missing", "source"]) == {name}


@given(
    ORGANISATIONS.filter(attended),
    MONTHS,
    st.sampled_from(["total", "totals", "england", "grand total", "england total"]),
    st.randoms(use_true_random=False),
)
def test_no_spelling_of_a_total_makes_an_organisation(organisations, month, word, random):
    cased = "".join(random.choice([letter.lower(), letter.upper()]) for letter in word)
    spelt = f"{' ' * random.randrange(3)}{cased}{random.choice(['', ' ', ':', ' -'])}"
    tidied = tidy(file(organisations, month, total=spelt))
    assert set(tidied.panel.trusts) <= set(organisations)
    assert not {issue.rule for issue in tidied.issues} & {"checksum", "no-total"}


@given(ORGANISATIONS.filter(attended), MONTHS, st.data())
def test_moving_attendances_to_booked_appointments_changes_no_headline(organisations, month, data):
    moved = {}
    for code, figures in organisations.items():
        new = list(figures)
        for at in range(3):
            over = data.draw(st.integers(0, new[6 + at]))
            visits = data.draw(st.integers(over, new[at] - new[6 + at] + over))
            for plain, booked, n in ((at, 3 + at, visits), (6 + at, 9 + at, over)):
                new[plain] -= n
                new[booked] += n
        moved[code] = new
    frames = [tidy(file(table, month)).panel.frame for table in (organisations, moved)]
    one, other = (frame[frame["measure"] != "ae-att-booked"].reset_index(drop=True) for frame in frames)
    pd.testing.assert_frame_equal(one, other)


@given(ORGANISATIONS.filter(attended), MONTHS, st.integers(0, 2_000))
def test_a_file_cut_off_anywhere_is_refused_or_warned_of(organisations, month, cut):
    whole = file(organisations, month)
    content = whole.content[: max(len(whole.content) - cut, 1)]
    if content == whole.content:
        return
    tidied, problems = attempt(SourceFile.of("a.csv", content))
    if tidied is None:
        assert {issue.file for issue in problems} == {"a.csv"}
        return
    same = tidied.panel.frame.equals(tidy(whole).panel.frame)
    assert same or {issue.rule for issue in tidied.issues} & {"checksum", "no-total"}


@given(st.binary(max_size=200))
def test_any_bytes_are_something_and_never_a_crash(content):
    kind, words = what_it_is(content)
    assert words
    for name in ("a.csv", "a.xls", "a.xlsx"):
        tidied, problems = attempt(SourceFile.of(name, content))
        assert tidied is None
        assert problems
    assert kind in {None, "csv", "xls", "xlsx"}


@given(st.text(max_size=20))
def test_only_plain_numbers_are_numbers(text):
    kind, number = classify(text)
    if kind == "number":
        assert set(text.strip()) <= set("+-0123456789.")
        assert float(text) == number
    else:
        assert number != number  # noqa: PLR0124 - NaN
