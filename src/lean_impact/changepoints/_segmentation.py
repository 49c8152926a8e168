"""The only place that calls ruptures: exact penalised least squares on a series without holes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["segment"]

Floats = NDArray[np.float64]


def segment(scaled: Floats, penalty: float, min_size: int) -> tuple[int, ...]:
    """Return the starts of all segments but the first; ruptures never sees a missing value or a date."""
    import ruptures  # noqa: PLC0415 - slow to import, and only needed here

    search = ruptures.KernelCPD(kernel="linear", min_size=min_size, jump=1).fit(scaled[:, None])
    return tuple(int(end) for end in search.predict(pen=penalty)[:-1])
