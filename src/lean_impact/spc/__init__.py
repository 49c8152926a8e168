"""Tell whether a measure is stable and reaches its target: statistical process control the NHS way.

One kind of chart a class: :class:`XmR` for single figures, :class:`PChart` and :class:`UChart` for proportions
and rates, :class:`CChart` for counts, :class:`GChart` and :class:`TChart` for rare events, :class:`RunChart` for
runs alone, :class:`FunnelPlot` for many units in one period. The rules are immutable objects, whose name stands
on every chart. :func:`overview` gathers icons, :func:`beside` takes out season and autocorrelation,
:func:`chart_each` charts many series, :func:`screen_series` thousands.
"""

from lean_impact.spc.adjusted import Beside, beside
from lean_impact.spc.control_chart import ControlChart
from lean_impact.spc.counts import CChart, GChart, TChart
from lean_impact.spc.dependence import Dependence
from lean_impact.spc.facets import Facets, chart_each, draw_each
from lean_impact.spc.false_signals import FalseSignals, expected_false_signals
from lean_impact.spc.funnel import FunnelPlot
from lean_impact.spc.funnel_result import Funnel
from lean_impact.spc.icons import assurance_icon, variation_icon
from lean_impact.spc.overview import Overview, overview
from lean_impact.spc.rates import PChart, UChart
from lean_impact.spc.records import Baseline, Exclusion, Rebase, TargetStep
from lean_impact.spc.rules import NHS_2023, NHSRPLOTTHEDOTS_0_2, RuleSet
from lean_impact.spc.run_chart import RunChart
from lean_impact.spc.run_result import RunResult
from lean_impact.spc.run_rules import ANHOEJ, RunRules, RunTest
from lean_impact.spc.screening import Screening, screen_series
from lean_impact.spc.signals import Signal
from lean_impact.spc.units import UnitCounts
from lean_impact.spc.xmr import XmR

__all__ = [
    "ANHOEJ",
    "NHSRPLOTTHEDOTS_0_2",
    "NHS_2023",
    "Baseline",
    "Beside",
    "CChart",
    "ControlChart",
    "Dependence",
    "Exclusion",
    "Facets",
    "FalseSignals",
    "Funnel",
    "FunnelPlot",
    "GChart",
    "Overview",
    "PChart",
    "Rebase",
    "RuleSet",
    "RunChart",
    "RunResult",
    "RunRules",
    "RunTest",
    "Screening",
    "Signal",
    "TChart",
    "TargetStep",
    "UChart",
    "UnitCounts",
    "XmR",
    "assurance_icon",
    "beside",
    "chart_each",
    "draw_each",
    "expected_false_signals",
    "overview",
    "screen_series",
    "variation_icon",
]
