"""Fixed points of iterations that lower a loss at every step, found by leaps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["LIMIT", "TOLERANCE", "NotSettledError", "fixed_point", "step_size"]

TOLERANCE = 1e-9
"""The iteration ends when no cell moves by more than this share of the outcome's standard deviation."""

LIMIT = 3_000
"""Steps after which the iteration is given up."""

_MEMORY = 6
_ROUNDING = 1e-11
_RESOLUTION = 1e-14


class NotSettledError(ValueError):
    """An iteration that did not settle: the missing cells are not determined by the model."""


def step_size(share: float, spread: float, largest: float) -> float:
    """Return the size below which a step counts as none: a share of the spread, but never below rounding."""
    return max(share * spread, _RESOLUTION * largest)


def fixed_point(
    step: Callable[[np.ndarray], tuple[np.ndarray, float]], state: np.ndarray, *, tolerance: float, limit: int
) -> tuple[np.ndarray, int]:
    """Iterate until a step moves nothing by more than the tolerance; leaps never raise the loss."""
    states: list[np.ndarray] = []
    moves: list[np.ndarray] = []
    best, slack, safe = np.inf, 0.0, state
    for count in range(1, limit + 1):
        image, loss = step(state)
        move = image - state
        if np.abs(move).max() <= tolerance:
            return image, count
        if loss > best + slack:
            state, states, moves = safe, [], []
            continue
        slack = slack or _ROUNDING * abs(loss)
        best, safe = loss, image
        states, moves = [*states, state][-_MEMORY:], [*moves, move][-_MEMORY:]
        state = _leap(states, moves)
    raise NotSettledError(
        f"the iteration did not settle within {limit} steps; ask for fewer factors or a larger penalty"
    )


def _leap(states: list[np.ndarray], moves: list[np.ndarray]) -> np.ndarray:
    """Combine the last steps such that the combined move is as small as it can be (Anderson)."""
    plain: np.ndarray = states[-1] + moves[-1]
    if len(states) == 1:
        return plain
    differences = np.diff(np.array(moves), axis=0).T
    shifts = np.diff(np.array(states), axis=0).T
    mix = np.linalg.lstsq(differences, moves[-1], rcond=1e-10)[0]
    combined: np.ndarray = plain - (shifts + differences) @ mix
    return combined
