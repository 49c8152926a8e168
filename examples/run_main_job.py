"""Run the bundled study as a library call and look at what it found.

Usage: python run_main_job.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

from lean_impact import run_study

out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()) / "nhs-vmi"
outcome = run_study("nhs-vmi", out=out)

print(outcome.answer)
for effect in outcome.results.primary.result.effects:
    print(outcome.results.names[effect.trust], f"{100 * effect.estimate.value:+.1f} points", effect.p_value)
print("Report:", out / "report.html")
