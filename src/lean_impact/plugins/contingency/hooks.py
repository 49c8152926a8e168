"""What the contingency plugin offers to the library."""

from __future__ import annotations

from collections.abc import Iterator

from lean_impact.hooks import ScorerEntry, hookimpl
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.readiness import ReadinessIndex

__all__ = ["lean_impact_scorers"]


@hookimpl
def lean_impact_scorers() -> Iterator[ScorerEntry]:
    """Yield the bundled contingency models."""
    yield ScorerEntry(
        name="null",
        summary="The benchmark: every trust is a draw around one mean, whatever its context",
        open=NullModel,
    )
    yield ScorerEntry(
        name="readiness",
        summary="An additive index: the more favourable conditions, the larger the effect",
        open=ReadinessIndex,
    )
