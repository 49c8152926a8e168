"""What every change-point detector must offer."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from lean_impact.changepoints.result import ChangePoints
from lean_impact.tables import Series

__all__ = ["Detector"]


@runtime_checkable
class Detector(Protocol):
    """Look for changes of level in one series, without being told when anything happened.

    Notes
    -----
    A detector is given the figures and nothing else: a programme date reaches the result only in
    :meth:`ChangePoints.compare`, after the fact.

    Examples
    --------
    >>> from lean_impact.changepoints import RupturesDetector
    >>> isinstance(RupturesDetector(seed=1), Detector)
    True
    """

    def detect(self, series: Series) -> ChangePoints:
        """Find the periods at which the level changes.

        Parameters
        ----------
        series : Series
            One trust's figures on a complete calendar; missing values are left out, never filled in.

        Returns
        -------
        ChangePoints
            The changes; none, with the reason, where the figures are too few or constant.

        Raises
        ------
        TableError
            If a value is infinite.
        """
        ...
