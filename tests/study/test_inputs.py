"""Figures that cannot carry the plan are refused before any work, and name file, row and column."""

from __future__ import annotations

import gzip

import pytest

from lean_impact.errors import InputError
from lean_impact.study import check_study, run_study


def spoil(path, change):
    """Change the lines of the figures."""
    file = path.parent / "figures.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")
    return path


def swap(row, column, text):
    """Return a change of one cell; rows are counted as in a spreadsheet."""

    def change(lines):
        at = lines[0].split(",").index(column)
        cells = lines[row - 1].split(",")
        cells[at] = text
        return [*lines[: row - 1], ",".join(cells), *lines[row:]]

    return change


def without(column):
    def change(lines):
        at = lines[0].split(",").index(column)
        return [",".join(cell for n, cell in enumerate(line.split(",")) if n != at) for line in lines]

    return change


def refused(path) -> InputError:
    with pytest.raises(InputError) as checked:
        check_study(path)
    with pytest.raises(InputError) as run:
        run_study(path)
    assert str(checked.value) == str(run.value)
    return run.value


def test_sound_figures_are_described(study_file):
    said = check_study(study_file)
    assert "synthetic: 16 trusts, 2012-01 to 2016-12, 960 rows, 0 of them without a figure" in said
    assert said.endswith("can be used.")


@pytest.mark.parametrize("column", ["trust", "measure", "period", "flag", "source"])
def test_a_missing_column(study_file, column):
    error = refused(spoil(study_file, without(column)))
    (issue,) = error.issues
    assert (issue.rule, issue.column, issue.file) == ("missing-column", column, "figures.csv")


@pytest.mark.parametrize(
    ("change", "rule", "row", "column"),
    [
        pytest.param(lambda lines: [*lines, lines[4]], "duplicate", 5, "period", id="duplicate"),
        pytest.param(
            swap(7, "numerator", "99999"), "numerator-above-denominator", 7, "numerator", id="above"
        ),
        pytest.param(swap(7, "numerator", "many"), "not-a-number", 7, "numerator", id="text"),
        pytest.param(swap(7, "denominator", "inf"), "not-a-number", 7, "denominator", id="infinite"),
        pytest.param(swap(9, "period", "2012-02-30"), "bad-period", 9, "period", id="impossible-date"),
        pytest.param(swap(9, "period", "2012-09-02"), "not-first-day", 9, "period", id="second-day"),
        pytest.param(swap(3, "flag", "fine"), "unknown-flag", 3, "flag", id="flag"),
        pytest.param(swap(3, "trust", ""), "empty-key", 3, "trust", id="no-trust"),
        pytest.param(swap(3, "value", "0.5"), "value-disagrees", 3, "value", id="value"),
        pytest.param(swap(3, "flag", "not_submitted"), "value-despite-flag", 3, "flag", id="flag-and-value"),
    ],
)
def test_a_bad_row_is_named(study_file, change, rule, row, column):
    error = refused(spoil(study_file, change))
    assert (rule, row, column, "figures.csv") in {
        (issue.rule, issue.row, issue.column, issue.file) for issue in error.issues
    }
    assert f"figures.csv, row {row}, column '{column}'" in str(error)


def test_all_bad_rows_are_told_at_once(study_file):
    spoil(study_file, swap(3, "numerator", "many"))
    spoil(study_file, swap(8, "flag", "fine"))
    error = refused(spoil(study_file, swap(11, "period", "soon")))
    assert {issue.row for issue in error.issues} == {3, 8, 11}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), id="picture"),
        pytest.param(b"PK\x03\x04" + bytes(300), id="workbook"),
        pytest.param(b"<!doctype html><title>Moved</title>", id="page"),
        pytest.param("trust,measure\nRTP,häufig\n".encode("latin-1"), id="another-encoding"),
        pytest.param("trust,measure".encode("utf-16"), id="utf-16"),
        pytest.param(b"trust,measure,period,flag,source\n", id="header-alone"),
    ],
)
def test_figures_that_are_not_what_their_name_says(study_file, content):
    (study_file.parent / "figures.csv").write_bytes(content)
    error = refused(study_file)
    assert "figures.csv" in str(error) or "has no figures" in str(error)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"trust,measure\n", id="no-archive"),
        pytest.param(gzip.compress(b"trust,measure\n" * 99)[:40], id="cut-off"),
    ],
)
def test_a_damaged_archive(study_file, small, content):
    small.edit(study_file, ('file = "figures.csv"', 'file = "figures.csv.gz"'))
    (study_file.parent / "figures.csv.gz").write_bytes(content)
    assert "figures.csv.gz" in str(refused(study_file))


@pytest.mark.parametrize("name", ["trusts.csv", "blocks.csv", "successions.csv"])
@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\n\xff", b"a,b\n1,2\n"])
def test_the_tables_beside_the_figures(study_file, name, content):
    file = study_file.parent / name
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    assert name in str(refused(study_file))


def test_bad_successions_are_told_row_by_row(study_file):
    (study_file.parent / "successions.csv").write_text(
        "old_code,old_name,new_codes,effective,evidence,verified\n"
        "C01,One,C02,2015-13-01,list,True\n"
        "C03,Three,C04,2015-10-01,list,True\n"
        "C05,Five,C06,2015-10-01,list,perhaps\n"
    )
    assert [issue.row for issue in refused(study_file).issues] == [2, 4]


def test_a_trust_that_is_not_in_the_panel(study_file, small):
    plain, _ = small.write_small(study_file.parent.parent / "plain")
    small.edit(plain, ('code = "T03"', 'code = "ZZ9"'), ('trust = "T03"', 'trust = "ZZ9"'))
    (issue,) = refused(plain).issues
    assert (issue.rule, issue.key) == ("trust-without-figures", "programme.trusts")
    assert "ZZ9" in issue.message


def test_an_adoption_before_the_figures_start(study_file, small):
    small.edit(study_file, ("start = 2014-10-01", "start = 2011-10-01"))
    (issue,) = refused(study_file).issues
    assert issue.rule == "adoption-before-data"
    assert "T01" in issue.message
    assert "2011-10-01" in issue.message


def test_a_measure_without_figures(study_file, small):
    small.edit(study_file, ('measure = "synthetic"', 'measure = "shmi"'))
    (issue,) = refused(study_file).issues
    assert issue.rule == "measure-without-figures"
    assert "'shmi'" in issue.message


def test_a_measure_without_comparison_trusts(study_file):
    spoil(study_file, lambda lines: [lines[0], *(line for line in lines if line.startswith("T"))])
    error = refused(study_file)
    assert [issue.key for issue in error.issues] == ["plan.effects 'main'", "plan.effects 'pretended'"]
    assert all("no comparison trust is left" in issue.message for issue in error.issues)


def test_problems_with_the_plan_are_told_at_once(study_file, small):
    plain, _ = small.write_small(study_file.parent.parent / "plain")
    small.edit(
        plain,
        ('code = "T03"', 'code = "ZZ9"'),
        ('trust = "T03"', 'trust = "ZZ9"'),
        ("start = 2014-10-01", "start = 2011-10-01"),
        ('[plan.spc]\nmeasures = ["synthetic"]', '[plan.spc]\nmeasures = ["shmi"]'),
    )
    rules = {issue.rule for issue in refused(plain).issues}
    assert rules == {"trust-without-figures", "adoption-before-data", "measure-without-figures"}


def test_names_that_no_plugin_has(study_file, small):
    small.edit(study_file, ('scorers = ["readiness"]', 'scorers = ["redines"]'))
    assert "did you mean 'readiness'" in str(refused(study_file))


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_without_files(study_file, small, made):
    if made:
        (study_file.parent / "downloads").mkdir()
    small.edit(study_file, ('file = "figures.csv"', 'source = "nhs-ae-monthly"\nfolder = "downloads"'))
    assert "downloads" in str(refused(study_file))


def test_figures_in_two_files_are_the_figures_in_one(study_file, small, tmp_path):
    whole = run_study(study_file).results
    file = study_file.parent / "figures.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([lines[0], *lines[1:400]]) + "\n")
    (study_file.parent / "more.csv").write_text("\n".join([lines[0], *lines[400:]]) + "\n")
    small.edit(study_file, ("[[measures]]", '[[data]]\nfile = "more.csv"\n\n[[measures]]'))
    split = run_study(study_file).results
    assert split.primary.result.to_frame().equals(whole.primary.result.to_frame())
    assert [file.path for file in split.panel.provenance.files] == ["figures.csv", "more.csv"]
