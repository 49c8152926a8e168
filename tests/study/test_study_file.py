"""A study file that cannot be used says what is wrong, where, and what to do, all at once."""

from __future__ import annotations

from datetime import date

import pytest

from lean_impact.errors import StudyError, UnknownNameError
from lean_impact.study import copy_study, load_study, open_study, run_study


def refused(path) -> StudyError:
    with pytest.raises(StudyError) as caught:
        load_study(path)
    return caught.value


def test_a_sound_file_is_read(study_file, small):
    study = load_study(study_file)
    assert study.info.id == "small"
    assert study.programme.codes == ("T01", "T02", "T03", "T04")
    assert study.programme.adoption_of("T02").window.start == date(2014, 10, 1)
    assert study.plan.primary.id == "main"
    assert study.cases is not None
    assert study.cases.state("T04", "calm") == "unknown"
    assert study.folder == study_file.parent
    assert len(study.sha256) == 64


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        pytest.param("title =", "titel =", "study.titel", "did you mean 'title'", id="top"),
        pytest.param("draws = 199", "drawz = 199", "plan.drawz", "did you mean 'draws'", id="plan"),
        pytest.param(
            'label = "The main question"',
            'labl = "The main question"',
            "plan.effects[1].labl",
            "did you mean 'label'",
            id="in-a-list",
        ),
        pytest.param(
            'T01 = { state = "present", confidence',
            'T01 = { state = "present", confidense',
            "context.conditions[1].states.T01.confidense",
            "did you mean 'confidence'",
            id="in-a-mapping",
        ),
        pytest.param(
            "[plan.spc]",
            "[plan.xyzzy]",
            "plan.xyzzy",
            "remove or rename it; there are ",
            id="nothing-like-it",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_known_one_that_is_close(study_file, small, old, new, key, words):
    error = refused(small.edit(study_file, (old, new)))
    (issue,) = [issue for issue in error.issues if issue.rule == "extra_forbidden"]
    assert issue.key == key
    assert words in issue.message
    assert "study.toml" in str(error)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("date = 2015-02-01", "date = 2015-02-30"),
        ("start = 2014-10-01", "start = 2014-10-32"),
        ("start = 2014-10-01", "start = 2014-13-01"),
        ("start = 2014-10-01", "start = 2014-9-01"),
    ],
)
def test_an_impossible_date_is_told_with_its_line(study_file, small, good, bad):
    error = refused(small.edit(study_file, (good, bad)))
    row = next(
        n
        for n, line in enumerate(study_file.read_text(encoding="utf-8").splitlines(), start=1)
        if bad in line
    )
    (issue,) = error.issues
    assert (issue.row, issue.file) == (row, "study.toml")
    assert bad.rpartition(" ")[2] in issue.message


def test_what_looks_like_a_date_in_a_comment_is_nothing(study_file, small):
    assert (
        load_study(small.edit(study_file, ("format = 1", "format = 1  # not 2015-02-30"))).info.id == "small"
    )


@pytest.mark.parametrize("bad", ['"2015-02-01"', "2015-02-01T10:00:00", "20150201"])
def test_a_date_that_is_none_is_told_with_how_to_write_it(study_file, small, bad):
    error = refused(small.edit(study_file, ("date = 2015-02-01", f"date = {bad}")))
    (issue,) = error.issues
    assert issue.key == "programme.events[1].date"
    assert "without quotes" in issue.message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param([('trust = "T01"', 'trust = "T99"')], ["T01", "T99"], id="adoption-of-a-stranger"),
        pytest.param([('code = "T02"\n', 'code = "T01"\n')], ["trust T01 is listed twice"], id="trust-twice"),
        pytest.param(
            [("start = 2012-01-01, end = 2015-01-01", "start = 2015-01-01, end = 2012-01-01")],
            ["not before end"],
            id="window-backwards",
        ),
        pytest.param([('role = "primary"', 'role = "secondary"')], ["primary"], id="nothing-decides"),
        pytest.param([('id = "pretended"', 'id = "main"')], ["asked twice"], id="question-twice"),
        pytest.param([('code = "T01"', 'code = "t 1"')], ["programme.trusts[1].code"], id="no-code"),
        pytest.param([("seed = 7", 'seed = "7"')], ["plan.seed"], id="text-for-a-number"),
        pytest.param([("seed = 7", "seed = -7")], ["plan.seed"], id="negative-seed"),
        pytest.param([('effects = "main"', 'effects = "mian"')], ["mian", "main"], id="no-such-question"),
        pytest.param([("T04 = ", "T99 = ")], ["T04", "T99"], id="condition-of-a-stranger"),
        pytest.param([('file = "figures.csv"', 'source = "x"')], ["folder"], id="source-without-folder"),
        pytest.param([('file = "figures.csv"', 'file = "figures.xlsx"')], [".csv"], id="no-table"),
        pytest.param([("format = 1", "format = 2")], ["format"], id="another-format"),
    ],
)
def test_what_does_not_fit_is_told(study_file, small, changes, words):
    said = str(refused(small.edit(study_file, *changes)))
    assert all(word in said for word in words), said


def test_several_problems_are_told_at_once(study_file, small):
    error = refused(
        small.edit(
            study_file,
            ("title =", "titel ="),
            ("date = 2015-02-01", 'date = "2015-02-01"'),
            ("seed = 7", "seed = -7"),
            ('kind = "proportion"', 'kind = "share"'),
        )
    )
    keys = {issue.key for issue in error.issues}
    assert keys >= {"study.titel", "programme.events[1].date", "plan.seed", "measures[1].kind"}
    assert f"{len(error.issues)} problems" in str(error)


def test_what_does_not_fit_together_is_told_one_by_one(study_file, small):
    error = refused(
        small.edit(
            study_file,
            ('role = "primary"', 'role = "primary"\ntrusts = ["ZZ9"]'),
            ("date = 2015-02-01", 'trust = "ZZ8"\ndate = 2015-02-01'),
        )
    )
    assert len(error.issues) == 2
    assert [word in str(issue) for issue, word in zip(error.issues, ("ZZ9", "ZZ8"), strict=True)]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xfe" + "format = 1".encode("utf-16-le"), b"[study", b"<html></html>"],
)
def test_a_file_that_is_no_study_is_refused(tmp_path, content):
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    assert "study.toml" in str(refused(path))


def test_no_file_and_a_folder_are_refused(tmp_path):
    assert "there is no study file" in str(refused(tmp_path / "none.toml"))
    assert "cannot be read" in str(refused(tmp_path))


def test_a_name_is_no_path_and_suggests_what_is_meant():
    with pytest.raises(UnknownNameError, match="did you mean 'nhs-vmi'"):
        open_study("nhs-vmj")
    assert open_study("nhs-vmi").info.id == "nhs-vmi"


def test_a_copied_study_is_the_same_study(tmp_path):
    path = copy_study("nhs-vmi", tmp_path / "mine")
    bundled, mine = open_study("nhs-vmi"), load_study(path)
    assert mine.sha256 == bundled.sha256
    assert mine.plan.digest() == bundled.plan.digest()
    assert {file.name for file in path.parent.iterdir()} >= {"figures.csv.gz", "blocks.csv", "trusts.csv"}


def test_settings_of_a_model_are_read(study_file, small):
    plan = 'scorers = ["readiness", "rules"]\n[plan.contingency.settings.rules]\nrules = ["calm"]'
    study = load_study(small.edit(study_file, ('scorers = ["readiness"]', plan)))
    assert study.plan.contingency.settings == {"rules": {"rules": ("calm",)}}


def test_settings_of_a_model_that_is_not_judged_are_refused(study_file, small):
    other = ('scorers = ["readiness"]', 'scorers = ["readiness"]\nsettings = { qca = { threshold = 1.0 } }')
    error = refused(small.edit(study_file, other))
    assert "settings of 'qca', which is not judged; models are null, readiness" in str(error)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("qca = { treshold = 1.0 }", "unknown setting 'treshold'; did you mean 'threshold'?"),
        ("rules = { rules = 'calm' }", "rules must be a list of expressions"),
    ],
)
def test_settings_that_a_model_does_not_know_stop_the_run_before_it_starts(
    study_file, small, settings, words
):
    name = settings.split(" ")[0]
    small.edit(
        study_file,
        ('scorers = ["readiness"]', f'scorers = ["readiness", "{name}"]\nsettings = {{ {settings} }}'),
    )
    with pytest.raises(StudyError) as caught:
        run_study(study_file)
    assert words in str(caught.value)
