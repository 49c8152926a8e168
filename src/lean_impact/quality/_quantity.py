"""One quantity of a panel, a volume or a share: search it for jumps, and say what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from lean_impact.domain import Measure, next_period, period_label
from lean_impact.domain.period import PER_YEAR
from lean_impact.domain.quality import FindingKind, QualityFinding, Severity
from lean_impact.domain.text import capital
from lean_impact.quality._jumps import Jump, find_jumps, find_outliers, national_movement
from lean_impact.quality.rules import QualityRules
from lean_impact.tables import Panel

__all__ = ["Quantity", "Seen", "share_of", "volume_of"]

_FEWEST_SPAN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What a search found: lasting jumps of trusts, single outliers, jumps of the whole country."""

    jumps: list[Jump]
    outliers: list[Jump]
    national: list[Jump]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantity:
    """A denominator, or one denominator's share of another, for all trusts.

    Attributes
    ----------
    measure : Measure
        Measure that findings are filed under.
    noun : str
        Name in sentences.
    figures : DataFrame, shape (n_periods, n_trusts)
        Volumes or shares.
    is_volume : bool
        Volumes are compared as ratios, shares as differences.
    span : float
        Years on either side of a jump that make up a level.
    own, national, outlier : float
        Thresholds: logarithms of ratios for a volume, differences for a share.
    """

    measure: Measure
    noun: str
    figures: pd.DataFrame
    is_volume: bool
    span: float
    own: float
    national: float
    outlier: float

    @property
    def periods(self) -> int:
        """Periods on either side of a jump."""
        return max(int(self.span * PER_YEAR[self.measure.frequency]), _FEWEST_SPAN)

    def search(self, trusts: Sequence[str], rules: QualityRules) -> Seen:
        """Look for jumps and outliers of some trusts, net of the movement of all, and for that movement."""
        matrix = self.figures.to_numpy(dtype="float64")
        if self.is_volume:
            matrix = np.log(np.where(matrix > 0, matrix, np.nan))
        if not np.isfinite(matrix).any():
            return Seen(jumps=[], outliers=[], national=[])
        country = national_movement(matrix, few=rules.few_trusts)
        net = matrix - country[:, None]
        place = {trust: column for column, trust in enumerate(self.figures.columns)}
        columns = [place[trust] for trust in trusts if trust in place]
        outliers = find_outliers(net, threshold=self.outlier, columns=columns)
        for found in outliers:
            # Told once, as an outlier; it must not count as the sharp edge of a jump as well.
            net[found.row, found.column] = np.nan
        jumps = find_jumps(
            net,
            span=self.periods,
            least=(self.periods + 1) // 2,
            threshold=self.own,
            spread=rules.spread,
            columns=columns,
        )
        # Whole spans only: with less than a year on a side, the national season would pass for a jump.
        national = find_jumps(
            country[:, None],
            span=self.periods,
            least=self.periods,
            threshold=self.national,
            spread=0.0,
            columns=[0],
        )
        return Seen(jumps=jumps, outliers=outliers, national=national)

    # ------------------------------------------------------------------ in words

    def trust(self, jump: Jump) -> str:
        """Return the code of the trust that jumped."""
        return str(self.figures.columns[jump.column])

    def start(self, jump: Jump) -> date:
        """Return the first day of the first period after the jump."""
        day: date = self.figures.index[jump.row].date()
        return day

    def change(self, jump: Jump) -> str:
        """Name the size, such as ``denominator ×0.75``."""
        return f"{self.noun} " + (
            f"×{np.exp(jump.size):.2f}" if self.is_volume else f"{100 * jump.size:+.0f} points"
        )

    def jump_finding(self, jump: Jump, *, aside: str = "") -> QualityFinding:
        """Tell a lasting jump of a trust; ``aside`` adds what else changed with it."""
        values = self.figures.iloc[:, jump.column]
        sides = values.iloc[max(0, jump.row - self.periods) : jump.row], values.iloc[jump.row :]
        before, after = (self._format(side.iloc[: self.periods].median()) for side in sides)
        last, first = self._format(sides[0].dropna().iloc[-1]), self._format(sides[1].dropna().iloc[0])
        return self._finding(
            jump,
            "volume jump" if self.is_volume else "share jump",
            "high",
            f"{self.change(jump)} net of the national movement (from {last} to {first} at once; median of up "
            f"to {self.periods} {self.measure.frequency}s before {before}, after {after})"
            f"{'; ' if aside else ''}{aside}.",
        )

    def outlier_finding(self, jump: Jump) -> QualityFinding:
        """Tell a single outlier of a trust."""
        own = self._format(self.figures.iloc[:, jump.column].iloc[jump.row])
        return self._finding(
            jump,
            "outlier",
            "medium",
            f"{self.change(jump)} against the {self.measure.frequency}s on either side, net of the national "
            f"movement ({own} in this {self.measure.frequency} alone).",
        )

    def national_finding(self, jump: Jump) -> QualityFinding:
        """Tell a jump of the whole country."""
        return self._finding(
            jump, "national jump", "medium", f"{self.change(jump)} across the country, in the median trust."
        )

    def _finding(self, jump: Jump, kind: FindingKind, severity: Severity, what: str) -> QualityFinding:
        start = self.start(jump)
        return QualityFinding(
            trust=None if kind == "national jump" else self.trust(jump),
            measure=self.measure.id,
            kind=kind,
            start=start,
            end=next_period(start, self.measure.frequency),
            n_periods=1,
            severity=severity,
            what=f"{capital(period_label(start, self.measure.frequency))}: {what}",
        )

    def _format(self, value: float) -> str:
        return f"{value:,.0f}" if self.is_volume else f"{value:.0%}"


def volume_of(panel: Panel, measure: Measure, rules: QualityRules) -> Quantity:
    """Return a measure's denominator as a quantity to search."""
    return Quantity(
        measure=measure,
        noun="denominator",
        figures=panel.wide(measure.id, "denominator"),
        is_volume=True,
        span=1.0,
        own=float(np.log(rules.volume_ratio)),
        national=float(np.log(rules.national_ratio)),
        outlier=float(np.log(rules.outlier_ratio)),
    )


def share_of(panel: Panel, part: Measure, whole: Measure, rules: QualityRules) -> Quantity:
    """Return one measure's share of another's denominator as a quantity to search."""
    total = panel.wide(whole.id, "denominator")
    return Quantity(
        measure=part,
        noun=f"share of the denominator of {whole.id}",
        figures=panel.wide(part.id, "denominator") / total.where(total > 0),
        is_volume=False,
        span=0.5,
        own=rules.share_change,
        national=rules.national_share_change,
        outlier=rules.outlier_share_change,
    )
