"""Draw the control chart of one trust from the bundled figures, limits frozen before a date, as SVG and CSV.

Usage: python one_trust_chart.py [FOLDER]
"""

import sys
import tempfile
from datetime import date
from pathlib import Path

from lean_impact import Panel, XmR
from lean_impact.plugins.nhs import MEASURES
from lean_impact.spc import Baseline
from lean_impact.study import open_study

TRUST, MEASURE, START = "RR8", "ae-4h-all", date(2015, 8, 1)

out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
panel = Panel.read_csv(open_study("nhs-vmi").folder / "figures.csv.gz", measures=MEASURES)
chart = XmR().chart(panel.series(TRUST, MEASURE), baseline=Baseline(freeze_before=START))

print(chart.summary())
chart.plot().figure.savefig(out / "chart.svg", bbox_inches="tight")
chart.to_frame().to_csv(out / "chart.csv", index=False)
print("Chart:", out / "chart.svg")
