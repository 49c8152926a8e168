"""A small study on made-up files, read and judged by the plugin."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from lean_impact import run_study
from lean_impact.sources import SourceFile
from lean_impact.study import StudyOutcome

TREATED = ("AAA", "BBB", "CCC", "DDD")
OTHERS = tuple(f"X{number:02}" for number in range(12))
STUDY = """
format = 1
study = {id = "demo", title = "Demo", question = "Did it help?"}
data = [{source = "ward-flow", folder = "files"}]

[programme]
id = "demo"
name = "Demo"
description = "Made up."
trusts = [@TRUSTS@]
adoption = [@ADOPTION@]

[plan]
seed = 1
draws = 99
placebo_groups = 100

[[plan.effects]]
id = "before-noon"
label = "Discharged before noon"
measure = "before-noon"
role = "primary"
pre = {start = 2018-01-01, end = 2019-01-01}
post = {start = 2019-01-01, end = 2020-01-01}

[plan.contingency]
effects = "before-noon"
scorers = ["neighbours"]

[[context.conditions]]
id = "stable"
name = "Same chief executive"
basis = "Made up"
[context.conditions.states]
AAA = {state = "present", confidence = "high"}
BBB = {state = "present", confidence = "high"}
CCC = {state = "unknown", confidence = "low"}
DDD = {state = "absent", confidence = "high"}
"""


def made_up_files() -> tuple[SourceFile, ...]:
    """Return one file a year."""
    rng = np.random.default_rng(1)
    files = []
    for year in (2018, 2019):
        lines = ["Hospital,Month,Discharged,Before noon"]
        for code in (*TREATED, *OTHERS):
            share = rng.normal(0.35, 0.02) + (0.05 if code in TREATED and year == 2019 else 0)
            for month in range(1, 13):
                discharged = int(rng.poisson(900))
                lines.append(f"{code},{month:02}/{year},{discharged},{rng.binomial(discharged, share)}")
        lines.append("ALL,,,")
        files.append(SourceFile.of(f"ward-flow-{year}.csv", "\n".join(lines).encode()))
    return tuple(files)


@cache
def outcome() -> StudyOutcome:
    """Return the outcome of a small study on the files."""
    with tempfile.TemporaryDirectory() as name:
        return run_demo(Path(name))


def run_demo(folder: Path) -> StudyOutcome:
    """Write the files and the study into a folder, and run it."""
    (folder / "files").mkdir()
    for file in made_up_files():
        (folder / "files" / file.name).write_bytes(file.content)
    trusts = ", ".join(f'{{code = "{code}", name = "Trust {code}"}}' for code in TREATED)
    window = "{start = 2018-12-01, end = 2019-02-01}"
    adoption = ", ".join(
        f'{{trust = "{code}", window = {window}, evidence = "made up", confidence = "high"}}'
        for code in TREATED
    )
    study = STUDY.replace("@TRUSTS@", trusts).replace("@ADOPTION@", adoption)
    (folder / "study.toml").write_text(study, encoding="utf-8")
    return run_study(folder / "study.toml", out=folder / "report")
