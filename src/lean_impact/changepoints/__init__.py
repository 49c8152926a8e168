"""Find changes of level or slope in a series without being told when anything happened.

One detector a module, one result for all: :class:`ChangePoints`.
"""

from lean_impact.changepoints.change import Change, Segment
from lean_impact.changepoints.location import LocationSet
from lean_impact.changepoints.protocol import Detector
from lean_impact.changepoints.result import ChangePoints, WindowComparison
from lean_impact.changepoints.ruptures_detector import RupturesDetector
from lean_impact.changepoints.segmentation import Segmentation
from lean_impact.changepoints.step_test import StepTest

__all__ = [
    "Change",
    "ChangePoints",
    "Detector",
    "LocationSet",
    "RupturesDetector",
    "Segment",
    "Segmentation",
    "StepTest",
    "WindowComparison",
]
