"""The result of the quality checks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import pandas as pd

from lean_impact.domain import Provenance, Summary
from lean_impact.domain.quality import KINDS, FindingKind, QualityFinding

__all__ = ["QualityReport"]

_COLUMNS: Final = {
    "trust": "str",
    "measure": "str",
    "kind": "str",
    "start": "datetime64[s]",
    "end": "datetime64[s]",
    "n_periods": "int64",
    "severity": "str",
    "what": "str",
    "action": "str",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QualityReport:
    """What is known about the figures before anything is estimated.

    Attributes
    ----------
    findings : tuple of QualityFinding
        By trust (findings about all trusts first), start, measure and kind.
    trusts, measures : tuple of str
        What was looked at.
    provenance : Provenance
        Thresholds, and the origin of the figures.
    cautions : tuple of str
        What the checks could not see, and what nobody decided.
    """

    findings: tuple[QualityFinding, ...]
    trusts: tuple[str, ...]
    measures: tuple[str, ...]
    provenance: Provenance
    cautions: tuple[str, ...] = ()

    def of(self, *, trust: str | None = None, kind: FindingKind | None = None) -> tuple[QualityFinding, ...]:
        """Return the findings about one trust, of one kind, or both; all if neither is given."""
        return tuple(
            finding
            for finding in self.findings
            if (trust is None or finding.trust == trust) and (kind is None or finding.kind == kind)
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per finding.

        Returns
        -------
        DataFrame, shape (n_findings, 9)
            ``trust`` and ``measure`` (missing where a finding is about all), ``kind``, ``start``, ``end``
            (first day no longer concerned), ``n_periods``, ``severity``, ``what``, ``action``.
        """
        rows = [tuple(getattr(finding, column) for column in _COLUMNS) for finding in self.findings]
        return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)

    def summary(self) -> Summary:
        """Return counts by kind, every finding, and the cautions as text."""
        counts = Counter(finding.kind for finding in self.findings)
        listed = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
        n = len(self.findings)
        noun = "finding" if n == 1 else "findings"
        lines = [f"{n} {noun} on {len(self.trusts)} trusts{': ' if listed else ''}{listed}"]
        for finding in self.findings:
            where = " ".join(filter(None, (finding.trust or "all trusts", finding.measure)))
            lines.append(f"  [{finding.severity}] {where}, {finding.kind}: {finding.what}")
            lines.append(f"    Action: {finding.action}.")
        return Summary("\n".join([*lines, *(f"Caution: {text}" for text in self.cautions)]))
