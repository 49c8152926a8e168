"""What the contingency plugin offers to the library."""

from __future__ import annotations

from collections.abc import Iterator

from lean_impact.hooks import ScorerEntry, hookimpl
from lean_impact.plugins.contingency.bayes import HierarchicalBayes
from lean_impact.plugins.contingency.moderation import Moderation
from lean_impact.plugins.contingency.null import NullModel
from lean_impact.plugins.contingency.profile import ProfileDeviation
from lean_impact.plugins.contingency.qca import Qca
from lean_impact.plugins.contingency.readiness import ReadinessIndex
from lean_impact.plugins.contingency.rules import StatedRules

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
    yield ScorerEntry(
        name="profile",
        summary="Closeness to a stated ideal: the further a context is from it, the smaller the effect",
        open=ProfileDeviation,
    )
    yield ScorerEntry(
        name="moderation",
        summary="One condition at a time: does the effect differ between trusts with and without it",
        open=Moderation,
    )
    yield ScorerEntry(
        name="qca",
        summary="Combinations of conditions, all tied models, over everything the effects could have been",
        open=Qca,
    )
    yield ScorerEntry(
        name="rules",
        summary="A theory stated as an expression before looking, and judged as it stands",
        open=StatedRules,
    )
    yield ScorerEntry(
        name="bayes",
        summary="All conditions at once in a hierarchical model, each held back by a prior",
        open=HierarchicalBayes,
    )
