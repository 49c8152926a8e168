"""Find changes of level in a series without being told when anything happened.

One detector a module, one result for all: :class:`ChangePoints`.
"""

from lean_impact.changepoints.protocol import Detector
from lean_impact.changepoints.result import Change, ChangePoints, Segment, WindowComparison
from lean_impact.changepoints.ruptures_detector import RupturesDetector

__all__ = ["Change", "ChangePoints", "Detector", "RupturesDetector", "Segment", "WindowComparison"]
