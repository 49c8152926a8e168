"""Find changes of level or slope in a series without being told when anything happened.

One detector a module, one result for all: :class:`ChangePoints`. :class:`Screen` asks many series at once,
:class:`GoLive` compares their dates with those of a programme.
"""

from lean_impact.changepoints.agreement import DateAgreement, SharedDate
from lean_impact.changepoints.change import Change, Segment
from lean_impact.changepoints.go_live import GoLive
from lean_impact.changepoints.go_live_result import GoLiveResult, SiteTest
from lean_impact.changepoints.location import LocationSet
from lean_impact.changepoints.protocol import Detector
from lean_impact.changepoints.result import ChangePoints, WindowComparison
from lean_impact.changepoints.ruptures_detector import RupturesDetector
from lean_impact.changepoints.screening import Screen, Screening
from lean_impact.changepoints.segmentation import Segmentation
from lean_impact.changepoints.step_test import StepTest

__all__ = [
    "Change",
    "ChangePoints",
    "DateAgreement",
    "Detector",
    "GoLive",
    "GoLiveResult",
    "LocationSet",
    "RupturesDetector",
    "Screen",
    "Screening",
    "Segment",
    "Segmentation",
    "SharedDate",
    "SiteTest",
    "StepTest",
    "WindowComparison",
]
