"""Checks become tests, and an expected failure is the only way to pass one over."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from lean_impact.errors import InputError
from lean_impact.testing import Check, parametrize_checks

FILE = """
from lean_impact.testing import Check, parametrize_checks

def holds(): pass
def breaks(): raise AssertionError("this one is broken")

CHECKS = [Check(name="holds", run=holds), Check(name="breaks", run=breaks)]

@parametrize_checks(CHECKS)
def test_plain(check):
    check.run()

@parametrize_checks(CHECKS, expected_failures={"breaks": "by design"})
def test_expected(check):
    check.run()

@parametrize_checks(CHECKS, expected_failures={"holds": "by mistake"})
def test_mistaken(check):
    check.run()
"""


def test_each_check_is_a_test_and_an_expected_failure_must_fail(tmp_path):
    (tmp_path / "test_it.py").write_text(FILE)
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--rootdir", ".", "test_it.py"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout
    found = dict(re.findall(r"^test_it\.py::(\S+) (\w+)", said, re.MULTILINE))
    assert found == {
        "test_plain[holds]": "PASSED",
        "test_plain[breaks]": "FAILED",
        "test_expected[holds]": "PASSED",
        "test_expected[breaks]": "XFAIL",
        "test_mistaken[holds]": "FAILED",
        "test_mistaken[breaks]": "FAILED",
    }
    assert "XPASS(strict)" in said


def test_an_expected_failure_names_a_check_and_a_reason():
    check = Check(name="holds", run=lambda: None)
    with pytest.raises(InputError) as caught:
        parametrize_checks([check], expected_failures={"hodls": "a slip", "holds": " "})
    assert [issue.rule for issue in caught.value.issues] == ["no-such-check", "no-reason"]


def test_nothing_of_it_needs_pytest_or_hypothesis():
    program = (
        "import sys; sys.modules['pytest'] = sys.modules['hypothesis'] = None\n"
        "from lean_impact.plugins.contingency.null import NullModel\n"
        "from lean_impact.testing import scorer_checks\n"
        "for check in scorer_checks(NullModel()): check.run()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
