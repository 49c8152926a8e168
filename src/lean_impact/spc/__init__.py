"""Tell whether a measure is stable and reaches its target: statistical process control the NHS way.

One chart type a module, beside each other: :class:`XmR` for single figures. The rules are
one immutable object, whose name stands on every chart.
"""

from lean_impact.spc.false_signals import FalseSignals, expected_false_signals
from lean_impact.spc.icons import assurance_icon, variation_icon
from lean_impact.spc.records import Baseline, Exclusion, Rebase
from lean_impact.spc.rules import NHS_2023, NHSRPLOTTHEDOTS_0_2, RuleSet
from lean_impact.spc.signals import Signal
from lean_impact.spc.xmr import XmR
from lean_impact.spc.xmr_chart import XmRChart

__all__ = [
    "NHSRPLOTTHEDOTS_0_2",
    "NHS_2023",
    "Baseline",
    "Exclusion",
    "FalseSignals",
    "Rebase",
    "RuleSet",
    "Signal",
    "XmR",
    "XmRChart",
    "assurance_icon",
    "expected_false_signals",
    "variation_icon",
]
