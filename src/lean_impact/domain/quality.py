"""What was found in the figures, and what was decided about it."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from lean_impact.domain._model import DomainModel
from lean_impact.domain.measure import Slug
from lean_impact.domain.period import Window
from lean_impact.domain.trust import TrustCode

__all__ = ["KINDS", "UNDECIDED", "Decision", "FindingKind", "QualityFinding", "Severity", "decide"]

FindingKind = Literal[
    "incomplete",
    "gap",
    "not submitted",
    "imputed",
    "outlier",
    "volume jump",
    "share jump",
    "national jump",
    "too perfect",
    "merger",
    "definition change",
]
"""Sort of finding.

``incomplete`` starts late, ends early or has no row at all; ``gap`` no row published in between;
``not submitted`` and ``imputed`` as flagged; ``outlier`` one period off its neighbours; ``volume jump`` and
``share jump`` a lasting change of the denominator, or of one measure's share of another's; ``national jump``
a lasting change in most trusts at once; ``too perfect`` the best possible value again and again;
``merger`` a merger, take-over or split; ``definition change`` as the measure declares it.
"""

KINDS: tuple[FindingKind, ...] = get_args(FindingKind)

Severity = Literal["low", "medium", "high"]
"""How much an estimate can be off if the finding is ignored."""

UNDECIDED = "kept as it is; nothing was done"
"""Action of a finding that no decision speaks of."""


class QualityFinding(DomainModel):
    """Describe one thing to know about the figures before using them.

    Parameters
    ----------
    trust : str or None
        Trust code, or None for all trusts.
    measure : str or None
        Identifier of the measure, or None for all measures.
    kind : str
        One of :data:`~lean_impact.domain.quality.FindingKind`.
    start, end : date
        First day concerned, and first day no longer concerned.
    n_periods : int
        Periods concerned.
    what : str
        What was found, in one sentence with its numbers.
    severity : {"low", "medium", "high"}
        How much it can matter.
    action : str
        What was done about it.

    Examples
    --------
    >>> finding = QualityFinding(trust="RTP", measure="seen-4h", kind="gap", start=date(2015, 3, 1),
    ...                          end=date(2015, 4, 1), n_periods=1, what="Mar 2015.", severity="medium")
    >>> finding.action
    'kept as it is; nothing was done'
    """

    trust: TrustCode | None
    measure: Slug | None
    kind: FindingKind
    start: date
    end: date
    n_periods: int = Field(ge=1)
    what: str = Field(min_length=1)
    severity: Severity
    action: str = Field(default=UNDECIDED, min_length=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"start {self.start} is not before end {self.end}")
        return self

    @property
    def decided(self) -> bool:
        """Whether anybody decided what to do about it."""
        return self.action != UNDECIDED


class Decision(DomainModel):
    """Say what was done about findings of one kind.

    Parameters
    ----------
    kind : str
        One of :data:`~lean_impact.domain.quality.FindingKind`.
    action : str
        What was done, such as ``"pre-period from July 2012 as a sensitivity"``.
    reason : str
        Why.
    trust : str, optional
        Only findings about this trust.
    measure : str, optional
        Only findings about this measure.
    window : Window, optional
        Only findings that overlap it.

    Examples
    --------
    >>> Decision(kind="imputed", action="kept", reason="three months of 134").text
    'kept (three months of 134)'
    """

    kind: FindingKind
    action: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    trust: TrustCode | None = None
    measure: Slug | None = None
    window: Window | None = None

    @property
    def text(self) -> str:
        """Action and reason as one phrase."""
        return f"{self.action} ({self.reason})"

    @property
    def narrowness(self) -> int:
        """How many of trust, measure and window it is limited to."""
        return sum(limit is not None for limit in (self.trust, self.measure, self.window))

    def matches(self, finding: QualityFinding) -> bool:
        """Tell whether this decision speaks of a finding."""
        return (
            self.kind == finding.kind
            and self.trust in {None, finding.trust}
            and self.measure in {None, finding.measure}
            and (self.window is None or (finding.start < self.window.end and self.window.start < finding.end))
        )


def decide(
    findings: tuple[QualityFinding, ...], decisions: tuple[Decision, ...]
) -> tuple[tuple[QualityFinding, ...], tuple[Decision, ...]]:
    """Write the decisions into the findings.

    Parameters
    ----------
    findings : tuple of QualityFinding
        What was found.
    decisions : tuple of Decision
        What was decided. Where several speak of one finding, the narrowest wins, then the first.

    Returns
    -------
    tuple of QualityFinding
        The findings with their action.
    tuple of Decision
        Decisions that speak of nothing that was found.
    """
    by_narrowness = sorted(decisions, key=lambda decision: -decision.narrowness)
    decided = []
    for finding in findings:
        decision = next((item for item in by_narrowness if item.matches(finding)), None)
        decided.append(finding.model_copy(update={"action": decision.text}) if decision else finding)
    idle = tuple(item for item in decisions if not any(item.matches(finding) for finding in findings))
    return tuple(decided), idle
