"""Evaluate a programme on figures of your own: a CSV file and a study file are all it takes.

The figures are made up, so the truth is known: 35 trusts share a national decline, a season and noise that
lingers from month to month; six of them take a programme up and improve by 3 points. The script writes both
files, runs the study and shows whether the interval holds the truth.

Usage: python own_figures.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from lean_impact import run_study

TRUE_EFFECT = 0.03
TREATED = [f"T{number:02}" for number in range(1, 7)]
OTHERS = [f"C{number:02}" for number in range(1, 30)]

STUDY = """
format = 1

[study]
id = "flow"
title = "Did the flow programme help patients home sooner?"
question = "Six trusts took up the flow programme in 2019. Are more patients discharged before noon?"
licence = "Made up for this example."

[[data]]
file = "figures.csv"

[[measures]]
id = "before-noon"
name = "Discharged before noon"
kind = "proportion"
improvement = "increase"
dimension = "efficiency"
frequency = "month"
unit = "share of discharges"
numerator = "patients discharged before noon"
denominator = "patients discharged"

[programme]
id = "flow"
name = "Flow programme"
description = "Made up for this example."
{trusts}
[plan]
seed = 1

[[plan.effects]]
id = "before-noon"
label = "Discharged before noon"
measure = "before-noon"
role = "primary"
pre = {{ start = 2016-01-01, end = 2019-01-01 }}
post = {{ start = 2019-04-01, end = 2022-01-01 }}
why = "The quarter in which the trusts started is left out"

[[plan.effects]]
id = "placebo"
label = "Pretended start January 2018"
measure = "before-noon"
role = "placebo"
pre = {{ start = 2016-01-01, end = 2018-01-01 }}
post = {{ start = 2018-01-01, end = 2019-01-01 }}
why = "Nothing had started"
"""

TRUST = """
[[programme.trusts]]
code = "{code}"
name = "Trust {code}"

[[programme.adoption]]
trust = "{code}"
window = {{ start = 2019-01-01, end = 2019-04-01 }}
evidence = "Made up"
confidence = "high"
"""


def made_up_figures(*, seed: int) -> pd.DataFrame:
    """Return six years of monthly figures, one row for each trust and month."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2016-01-01", periods=72, freq="MS")
    decline = -0.05 * np.arange(72) / 72
    season = 0.01 * np.cos(2 * np.pi * np.asarray(months.month) / 12)
    parts = []
    for trust in [*TREATED, *OTHERS]:
        lingering = np.zeros(72)
        for month in range(1, 72):
            lingering[month] = 0.7 * lingering[month - 1] + rng.normal(0, 0.01)
        level = rng.normal(0.35, 0.04) + decline + season + lingering
        if trust in TREATED:
            level = level + TRUE_EFFECT * np.asarray(months >= "2019-04-01")
        discharged = rng.poisson(2500, 72)
        before_noon = rng.binomial(discharged, np.clip(level, 0.01, 0.99))
        parts.append(
            pd.DataFrame(
                {
                    "trust": trust,
                    "measure": "before-noon",
                    "period": months.strftime("%Y-%m-%d"),
                    "numerator": before_noon,
                    "denominator": discharged,
                    "flag": "published",
                    "source": "made up",
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def write_study(folder: Path, *, seed: int = 2019) -> Path:
    """Write the figures and the study file into a folder, and return the path of the study file."""
    folder.mkdir(parents=True, exist_ok=True)
    made_up_figures(seed=seed).to_csv(folder / "figures.csv", index=False)
    path = folder / "study.toml"
    trusts = "".join(TRUST.format(code=code) for code in TREATED)
    path.write_text(STUDY.format(trusts=trusts), encoding="utf-8")
    return path


def main() -> None:
    """Run the study and compare the estimate with the truth."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    outcome = run_study(write_study(folder / "flow"), out=folder / "flow-report")
    estimate = outcome.results.primary.result.pooled
    print(outcome.answer)
    print(f"truth {100 * TRUE_EFFECT:+.1f} points, estimate {100 * estimate.value:+.1f} points, ", end="")
    print(f"95% interval {100 * estimate.lower:+.1f} to {100 * estimate.upper:+.1f} points")
    print("the interval holds the truth" if estimate.covers(TRUE_EFFECT) else "the interval misses the truth")
    print("Report:", folder / "flow-report" / "report.html")


if __name__ == "__main__":
    main()
