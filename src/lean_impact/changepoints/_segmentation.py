"""The only place that calls ruptures: exact penalised least squares on a series without holes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["segment", "step_gains"]

Floats = NDArray[np.float64]


def segment(scaled: Floats, penalty: float, min_size: int) -> tuple[int, ...]:
    """Return the starts of all segments but the first; ruptures never sees a missing value or a date."""
    import ruptures  # noqa: PLC0415 - slow to import, and only needed here

    search = ruptures.KernelCPD(kernel="linear", min_size=min_size, jump=1).fit(scaled[:, None])
    return tuple(int(end) for end in search.predict(pen=penalty)[:-1])


def step_gains(adjusted: Floats, breaks: tuple[int, ...]) -> Floats:
    """Return by how much each step lowers the sum of squares, given its neighbours; shape (n_breaks,)."""
    bounds = (0, *breaks, len(adjusted))
    gains = []
    for start, at, end in zip(bounds[:-2], bounds[1:-1], bounds[2:], strict=True):
        n_left, n_right = at - start, end - at
        difference = float(adjusted[at:end].mean() - adjusted[start:at].mean())
        gains.append(difference**2 * n_left * n_right / (n_left + n_right))
    return np.array(gains)
