"""Tell whether a measure is stable and reaches its target: statistical process control the NHS way.

One chart type a module, beside each other: :class:`XmR` for single figures. The rules are
one immutable object, whose name stands on every chart.
"""

from lean_impact.spc.control_chart import ControlChart
from lean_impact.spc.counts import CChart, GChart, TChart
from lean_impact.spc.dependence import Dependence
from lean_impact.spc.false_signals import FalseSignals, expected_false_signals
from lean_impact.spc.funnel import FunnelPlot
from lean_impact.spc.funnel_result import Funnel
from lean_impact.spc.icons import assurance_icon, variation_icon
from lean_impact.spc.rates import PChart, UChart
from lean_impact.spc.records import Baseline, Exclusion, Rebase, TargetStep
from lean_impact.spc.rules import NHS_2023, NHSRPLOTTHEDOTS_0_2, RuleSet
from lean_impact.spc.run_chart import RunChart
from lean_impact.spc.run_result import RunResult
from lean_impact.spc.run_rules import ANHOEJ, RunRules, RunTest
from lean_impact.spc.signals import Signal
from lean_impact.spc.units import UnitCounts
from lean_impact.spc.xmr import XmR

__all__ = [
    "ANHOEJ",
    "NHSRPLOTTHEDOTS_0_2",
    "NHS_2023",
    "Baseline",
    "CChart",
    "ControlChart",
    "Dependence",
    "Exclusion",
    "FalseSignals",
    "Funnel",
    "FunnelPlot",
    "GChart",
    "PChart",
    "Rebase",
    "RuleSet",
    "RunChart",
    "RunResult",
    "RunRules",
    "RunTest",
    "Signal",
    "TChart",
    "TargetStep",
    "UChart",
    "UnitCounts",
    "XmR",
    "assurance_icon",
    "expected_false_signals",
    "variation_icon",
]
