"""Write a small study whose truth is known: a study file, its figures and the tables beside them."""

from __future__ import annotations

from pathlib import Path

from lean_impact.testing import SyntheticDesign, SyntheticPanel, synthetic_panel

DESIGN = SyntheticDesign(n_treated=4, n_comparison=12, n_before=36, n_after=24)

STUDY = """\
format = 1

[study]
id = "small"
title = "Did it help?"
question = "A made-up question about made-up trusts."
authors = ["Nobody"]
licence = "None, the figures are made up."

[[data]]
file = "figures.csv"
trusts = "trusts.csv"
blocks = "blocks.csv"
successions = "successions.csv"

[[measures]]
id = "synthetic"
name = "Synthetic measure"
kind = "proportion"
improvement = "increase"
dimension = "quality"
frequency = "month"
unit = "share of cases"
target = 0.95

[programme]
id = "small"
name = "A made-up programme"
description = "Nothing was done."
{trusts}
{adoptions}

[[programme.events]]
date = 2015-02-01
kind = "shock"
what = "Something happened"
confidence = "high"
source = "nowhere"

[plan]
seed = 7
draws = 199
placebo_groups = 200

[[plan.effects]]
id = "main"
label = "The main question"
measure = "synthetic"
role = "primary"
pre = {{ start = 2012-01-01, end = 2015-01-01 }}
post = {{ start = 2015-01-01, end = 2017-01-01 }}

[[plan.effects]]
id = "pretended"
label = "A pretended start"
measure = "synthetic"
role = "placebo"
pre = {{ start = 2012-01-01, end = 2013-07-01 }}
post = {{ start = 2013-07-01, end = 2015-01-01 }}
"""

SERIES = """
[plan.spc]
measures = ["synthetic"]
baseline = { start = 2012-01-01, end = 2015-01-01 }

[plan.changepoints]
measures = ["synthetic"]
method = "step"
second_opinion = false
window = { start = 2012-01-01, end = 2017-01-01 }
"""

TRUST = '[[programme.trusts]]\ncode = "{code}"\nname = "Trust {code}"\n'
ADOPTION = """\
[[programme.adoption]]
trust = "{code}"
window = {{ start = 2014-10-01, end = 2015-04-01 }}
evidence = "made up"
confidence = "high"
"""

CONTEXT = """
[plan.contingency]
effects = "main"
scorers = ["readiness"]

[[context.conditions]]
id = "calm"
name = "Nothing else happened"
basis = "made up"
[context.conditions.states]
T01 = { state = "present", confidence = "high" }
T02 = { state = "present", confidence = "high" }
T03 = { state = "absent", confidence = "high" }
T04 = { state = "unknown", confidence = "low" }

[[context.conditions]]
id = "ready"
name = "Prepared beforehand"
basis = "made up"
[context.conditions.states]
T01 = { state = "present", confidence = "high" }
T02 = { state = "absent", confidence = "high" }
T03 = { state = "present", confidence = "high" }
T04 = { state = "absent", confidence = "high" }
"""


def write_small(
    folder: Path,
    *,
    design: SyntheticDesign = DESIGN,
    seed: int = 1,
    context: bool = False,
    series: bool = True,
) -> tuple[Path, SyntheticPanel]:
    """Write the study and return its file and the panel with what is true of it.

    With ``context`` it has conditions to judge, without ``series`` neither control charts nor change-points.
    """
    known = synthetic_panel(design, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    frame = known.panel.frame
    frame[frame["flag"] != "missing"].to_csv(folder / "figures.csv", index=False, lineterminator="\n")
    names = "".join(f"{code},Hospital {code}\n" for code in known.panel.trusts)
    (folder / "trusts.csv").write_text(f"code,name\n{names}")
    (folder / "blocks.csv").write_text(
        "source,measure,origin,quality\nsynthetic,synthetic,made up,as good as it gets\n"
    )
    (folder / "successions.csv").write_text("old_code,old_name,new_codes,effective,evidence,verified\n")
    text = STUDY.format(
        trusts="\n".join(TRUST.format(code=code) for code in known.treated),
        adoptions="\n".join(ADOPTION.format(code=code) for code in known.treated),
    )
    path = folder / "study.toml"
    path.write_text(text + (SERIES if series else "") + (CONTEXT if context else ""), encoding="utf-8")
    return path, known


def edit(path: Path, *changes: tuple[str, str]) -> Path:
    """Replace text in a file, once each; what is to be replaced must be there."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        if old not in text:
            raise AssertionError(f"{path.name} does not hold {old!r}")
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path
