"""The only place that calls ruptures, on series without holes; every period is a candidate."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lean_impact.kernels.steps import best_steps

__all__ = ["Kernel", "RupturesSearch", "Search", "segment"]

Floats = NDArray[np.float64]

Search = Literal["kernel", "dynp", "binseg", "pelt"]
"""``KernelCPD``, ``Dynp``, ``Binseg`` or ``Pelt`` of ruptures."""

Kernel = Literal["linear", "rbf", "cosine"]
"""Kernel of ``KernelCPD``; the linear one is least squares."""

_KERNEL_COSTS = {"linear": "l2", "rbf": "rbf", "cosine": "cosine"}


def segment(scaled: Floats, penalty: float, min_size: int) -> tuple[int, ...]:
    """Return the starts of all segments but the first; ruptures never sees a missing value or a date."""
    return RupturesSearch(search="kernel", kernel="linear", cost="l2", min_size=min_size).segment(
        scaled, penalty=penalty
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RupturesSearch:
    """A search of ruptures with ``jump=1``.

    Attributes
    ----------
    search : {"kernel", "dynp", "binseg", "pelt"}
        Which.
    kernel : {"linear", "rbf", "cosine"}
        For ``kernel`` only.
    cost : str or ruptures.base.BaseCost
        Name of a cost of ruptures, or a cost of one's own; for the others.
    min_size : int
        Fewest figures in a segment.
    """

    search: Search
    kernel: Kernel
    cost: Any
    min_size: int

    def segment(
        self, scaled: Floats, *, penalty: float | None = None, n_changes: int | None = None
    ) -> tuple[int, ...]:
        """Return the starts of all segments but the first, for a penalty or a number of changes."""
        fitted = self._algorithm().fit(scaled[:, None])
        asked = {"n_bkps": n_changes} if n_changes is not None else {"pen": penalty}
        return tuple(int(end) for end in fitted.predict(**asked)[:-1])

    def first_gains(self, rows: Floats) -> Floats:
        """Return the same for each of several series; least squares has a closed form."""
        name = _KERNEL_COSTS[self.kernel] if self.search == "kernel" else self.cost
        if name == "l2":
            return best_steps(rows, min_size=self.min_size).one
        return np.array([self.first_gain(row) for row in rows])

    def first_gain(self, scaled: Floats) -> float:
        """Return by how much the best single change lowers the cost: the penalty at which it appears."""
        cost = self._fitted_cost(scaled)
        n, least = len(scaled), max(self.min_size, int(cost.min_size))
        splits = range(least, n - least + 1)
        whole = float(cost.error(0, n))
        return max(whole - float(cost.error(0, at)) - float(cost.error(at, n)) for at in splits)

    def gains(self, scaled: Floats, breaks: tuple[int, ...]) -> tuple[float, ...]:
        """Return by how much each change lowers the cost, given its neighbours."""
        cost = self._fitted_cost(scaled)
        ends = (0, *breaks, len(scaled))
        return tuple(
            float(cost.error(left, right) - cost.error(left, at) - cost.error(at, right))
            for left, at, right in zip(ends[:-2], ends[1:-1], ends[2:], strict=True)
        )

    def _fitted_cost(self, scaled: Floats) -> Any:  # noqa: ANN401 - ruptures carries no annotations
        from ruptures.costs import cost_factory  # noqa: PLC0415 - slow to import, and only needed here

        name = _KERNEL_COSTS[self.kernel] if self.search == "kernel" else self.cost
        cost = cost_factory(model=name) if isinstance(name, str) else deepcopy(name)
        return cost.fit(scaled[:, None])

    def _algorithm(self) -> Any:  # noqa: ANN401 - ruptures carries no annotations
        import ruptures  # noqa: PLC0415 - slow to import, and only needed here

        if self.search == "kernel":
            return ruptures.KernelCPD(kernel=self.kernel, min_size=self.min_size, jump=1)
        kind = {"dynp": ruptures.Dynp, "binseg": ruptures.Binseg, "pelt": ruptures.Pelt}[self.search]
        if isinstance(self.cost, str):
            return kind(model=self.cost, min_size=self.min_size, jump=1)
        return kind(custom_cost=deepcopy(self.cost), min_size=self.min_size, jump=1)
