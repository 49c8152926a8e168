"""How far each trust belongs to a condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.special import ndtri

from lean_impact.context import calibration_figure
from lean_impact.domain import Cell, Membership, Provenance, Summary
from lean_impact.domain.programme import Confidence
from lean_impact.errors import DesignError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Anchor", "CalibratedCondition", "Member", "interval_of"]

_HALF: Final = 0.5
_LEVEL: Final = 0.95
"""Coverage of the interval of a membership in a case table, whatever that of the calibration."""
_LOOKS: Final = 81


def interval_of(
    membership: Callable[[np.ndarray], np.ndarray], value: float, *, standard_error: float, level: float
) -> tuple[float, float]:
    """Return the least and the greatest membership over the interval of a raw value.

    A curve may turn, so the whole interval is looked at and not its ends alone.
    """
    reach = float(ndtri(0.5 + level / 2)) * standard_error
    looked = membership(value + reach * np.linspace(-1.0, 1.0, _LOOKS))
    return float(looked.min()), float(looked.max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A raw value whose membership was stated.

    Attributes
    ----------
    value : float
        Raw value.
    membership : float
        Membership, 0 to 1.
    words : str
        What it stands for.
    """

    value: float
    membership: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One trust's membership.

    Attributes
    ----------
    trust : str
        Trust code.
    value, standard_error : float
        Raw value and how sure it is; NaN if that is not known.
    membership : float
        0 to 1.
    lower, upper : float
        Interval of the membership; NaN if it cannot be had.
    note : str
        What makes the raw value less than plain.
    """

    trust: str
    value: float
    standard_error: float
    membership: float
    lower: float
    upper: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibratedCondition:
    """A condition with the membership of each trust.

    Attributes
    ----------
    condition : str
        The condition as a statement.
    method : str
        How values became memberships, in words.
    anchors : tuple of Anchor
        Raw values whose membership was stated.
    membership : callable
        Takes raw values and returns memberships, arrays of one shape.
    reference : ndarray of float64, shape (n_reference,)
        Values of everyone that it was made against; empty if of nobody.
    members : tuple of Member
        In the order given.
    level : float
        Coverage of the intervals.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Origin and steps.
    """

    condition: str
    method: str
    anchors: tuple[Anchor, ...]
    membership: Callable[[np.ndarray], np.ndarray]
    reference: np.ndarray
    members: tuple[Member, ...]
    level: float
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def title(self) -> str:
        """One line for a chart or a heading."""
        return f"{self.condition}: how far each trust belongs"

    @property
    def description(self) -> str:
        """The chart of :meth:`plot` in words."""
        anchors = "; ".join(f"{a.value:.4g} is {a.words} ({a.membership:g})" for a in self.anchors)
        rows = "; ".join(
            f"{m.trust} {m.membership:.2f} at {m.value:.4g}{self._ends(m)}" for m in self.members
        )
        said = f" Anchors: {anchors}." if anchors else ""
        return f"Curve from raw value to membership, {self.method}.{said} {rows}."

    @staticmethod
    def _ends(member: Member) -> str:
        return f" ({member.lower:.2f} to {member.upper:.2f})" if np.isfinite(member.lower) else ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trust.

        Returns
        -------
        DataFrame
            Columns ``condition``, ``trust``, ``value``, ``standard_error``, ``membership``, ``lower``, ``upper``,
            ``level``, ``national_share`` (share of the reference that lies below; missing without one), ``note``.
        """
        ordered = np.sort(self.reference)
        return pd.DataFrame(
            [
                {
                    "condition": self.condition,
                    "trust": member.trust,
                    "value": member.value,
                    "standard_error": member.standard_error,
                    "membership": member.membership,
                    "lower": member.lower,
                    "upper": member.upper,
                    "level": self.level,
                    "national_share": float((ordered < member.value).mean()) if len(ordered) else np.nan,
                    "note": member.note,
                }
                for member in self.members
            ]
        )

    def draws(self, n: int, *, seed: int) -> np.ndarray:
        """Draw memberships that the raw values allow, for what comes after to carry the uncertainty on.

        Parameters
        ----------
        n : int
            Number of draws.
        seed : int
            Their seed.

        Returns
        -------
        ndarray of float64, shape (n, n_trusts)
            Normal draws of the raw values through the curve.

        Raises
        ------
        DesignError
            If how sure a raw value is, is not known: it is not taken as exact.
        """
        unsure = [member.trust for member in self.members if not np.isfinite(member.standard_error)]
        if unsure:
            raise DesignError(
                f"how sure the raw value is, is not known for {', '.join(unsure)}; give a standard error, 0 if exact"
            )
        values = np.array([member.value for member in self.members])
        errors = np.array([member.standard_error for member in self.members])
        return self.membership(
            values + errors * np.random.default_rng(seed).standard_normal((n, len(values)))
        )

    def top_tenth(self, *, favourable: bool = True) -> float | None:
        """Return the membership that a tenth of the reference exceeds; None without a reference.

        Parameters
        ----------
        favourable : bool, default True
            Whether more of the condition is better; if not, the membership that a tenth stays below.

        Returns
        -------
        float or None
            From 0 to 1.
        """
        if not len(self.reference):
            return None
        return float(np.quantile(self.membership(self.reference), 0.9 if favourable else 0.1))

    def cells(self, condition: str, *, trusts: Sequence[str]) -> tuple[Cell, ...]:
        """Return the memberships as cells of a case table.

        Parameters
        ----------
        condition : str
            Identifier of the condition there.
        trusts : sequence of str
            Trusts of the table; one without a value is unknown.

        Returns
        -------
        tuple of Cell
            One for each trust, each membership with its 95 % interval where how sure the raw value is, is known.
            Confidence is low where that interval reaches over 0.5, and medium where there is none.

        Raises
        ------
        DesignError
            If a trust stands at exactly 0.5; each is named.
        """
        members = {member.trust: member for member in self.members}
        half = [
            trust for trust in trusts if trust in members and Membership.at_half(members[trust].membership)
        ]
        if half:
            raise DesignError(
                f"{', '.join(half)} stands at exactly 0.5, neither in nor out; move the crossover of "
                f"'{self.condition}'"
            )
        return tuple(self._cell(condition, trust, members.get(trust)) for trust in trusts)

    def _cell(self, condition: str, trust: str, member: Member | None) -> Cell:
        if member is None:
            note = "no value to calibrate"
            return Cell(trust=trust, condition=condition, state="unknown", confidence="low", note=note)
        lower = upper = None
        confidence: Confidence = "medium"
        if np.isfinite(member.standard_error):
            lower, upper = interval_of(
                self.membership, member.value, standard_error=member.standard_error, level=_LEVEL
            )
            confidence = "low" if lower < _HALF < upper else "high"
        membership = Membership(value=member.membership, lower=lower, upper=upper)
        return Cell(
            trust=trust,
            condition=condition,
            state=membership.state,
            confidence=confidence,
            note=member.note,
            membership=membership,
        )

    def summary(self) -> Summary:
        """Say in plain words how far each trust belongs."""
        return Summary("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        yield self.title
        yield f"Method: {self.method}"
        for anchor in self.anchors:
            yield f"Anchor: {anchor.value:.4g} is {anchor.words}, membership {anchor.membership:g}"
        for member in self.members:
            yield f"{member.trust}: {member.membership:.2f}{self._ends(member)}, raw value {member.value:.4g}"
        yield from (f"Caution: {caution}" for caution in self.cautions)

    def plot(self, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None) -> Axes:
        """Draw the curve with its anchors, the trusts, and where every trust of the reference lies.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.
        labels : mapping of str to str, optional
            Trust code to the name shown.

        Returns
        -------
        Axes
        """
        return calibration_figure.draw_calibration(self, ax=ax, labels=labels or {})
