"""The answer to whether changes follow the dates of a programme."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd

from lean_impact.changepoints.change import p_value_words
from lean_impact.domain import Estimate, Measure, Provenance, PValue, Summary, Window, period_label

__all__ = ["GoLiveResult", "SiteTest", "Verdict"]

Verdict = Literal["yes", "no evidence", "cannot be told"]
"""Whether changes follow the programme's dates beyond what shared shocks give."""

_COLUMNS: Final = {
    "trust": "str",
    "measure": "str",
    "window_start": "datetime64[s]",
    "window_end": "datetime64[s]",
    "declared": "datetime64[s]",
    "size": "float64",
    "size_lower": "float64",
    "size_upper": "float64",
    "p_known": "float64",
    "mass": "float64",
    "mass_by_chance": "float64",
    "p_any": "float64",
    "p_change": "float64",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTest:
    """One site at its declared date.

    Attributes
    ----------
    trust : str
        Trust code.
    window : Window
        Adoption window.
    declared : date
        Period at which the level was tested: the first figure from the start of the window on.
    p_known : PValue or None
        Of a change exactly there; None too near an end of the series.
    size : Estimate or None
        Size of a change exactly there, in the unit of the measure.
    mass : float
        Probability that the change, if there is one, lies in the window or shortly after.
    by_chance : float
        The same for a date taken at random.
    changed : float
        Probability of any change, as likely as not beforehand.
    p_any : PValue
        Of any change anywhere, with the search allowed for.
    """

    trust: str
    window: Window
    declared: date
    p_known: PValue | None
    size: Estimate | None
    mass: float
    by_chance: float
    changed: float
    p_any: PValue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoLiveResult:
    """Whether changes follow the dates at which sites took a programme up.

    Attributes
    ----------
    measure : Measure
        What is measured.
    sites : tuple of SiteTest
        Every site at its declared date.
    staggered : PValue or None
        Own dates against those of the other sites; None where all sites share one window.
    against_controls : PValue or None
        Against sites without the programme; None without enough of them.
    n_controls : int
        Sites without the programme that could be judged.
    lag : int
        Periods after the window in which a change still counts.
    false_alarm : float
        Largest p-value of a yes.
    provenance : Provenance
        Settings and seed.
    cautions : tuple of str
        What a reader must know.
    """

    measure: Measure
    sites: tuple[SiteTest, ...]
    staggered: PValue | None
    against_controls: PValue | None
    n_controls: int
    lag: int
    false_alarm: float
    provenance: Provenance
    cautions: tuple[str, ...] = ()

    @property
    def decisive(self) -> PValue | None:
        """The p-value that the verdict rests on: staggered dates if these can tell, else the controls."""
        if self.staggered is not None and self.staggered.smallest <= self.false_alarm:
            return self.staggered
        return self.against_controls

    @property
    def verdict(self) -> Verdict:
        """Whether changes follow the programme's dates beyond what shared shocks give."""
        if self.decisive is None or self.decisive.smallest > self.false_alarm:
            return "cannot be told"
        return "yes" if self.decisive.value <= self.false_alarm else "no evidence"

    @property
    def n_significant(self) -> int:
        """Sites whose level differs at the declared date, Bonferroni's rule over the sites."""
        bound = self.false_alarm / max(len(self.sites), 1)
        return sum(site.p_known is not None and site.p_known.value <= bound for site in self.sites)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per site.

        Returns
        -------
        DataFrame, shape (n_sites, 13)
            ``trust``, ``measure``, ``window_start``, ``window_end``, ``declared``, ``size``, ``size_lower``,
            ``size_upper`` (unit of the measure), ``p_known``, ``mass``, ``mass_by_chance``, ``p_any``,
            ``p_change``.
        """
        nan = float("nan")
        rows = [
            (
                site.trust,
                self.measure.id,
                pd.Timestamp(site.window.start),
                pd.Timestamp(site.window.end),
                pd.Timestamp(site.declared),
                *((site.size.value, site.size.lower, site.size.upper) if site.size else (nan, nan, nan)),
                np.nan if site.p_known is None else site.p_known.value,
                site.mass,
                site.by_chance,
                site.p_any.value,
                site.changed,
            )
            for site in self.sites
        ]
        return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)

    def summary(self) -> Summary:
        """Return the plain test beside the one that decides, and the verdict."""
        lines = [
            f"{self.measure.name}: did changes follow the programme? {self.verdict}.",
            (
                f"(a) A plain test at the declared date is significant at {self.n_significant} of "
                f"{len(self.sites)} sites; it says the same of any shock shared by all sites near that date."
            ),
        ]
        lines += [f"    {self._site_words(site)}" for site in self.sites]
        if self.staggered is not None:
            lines.append(f"(c) Own dates against the other sites' dates: {p_value_words(self.staggered)}.")
        if self.against_controls is not None:
            lines.append(
                f"(c) Against {self.n_controls} sites without the programme: {p_value_words(self.against_controls)}."
            )
        if self.decisive is None:
            lines.append(
                "(c) Neither different dates nor enough controls: programme and shared shock look alike."
            )
        return Summary("\n".join([*lines, *(f"Caution: {text}" for text in self.cautions)]))

    def _site_words(self, site: SiteTest) -> str:
        at = period_label(site.declared, self.measure.frequency)
        known = "not tested" if site.p_known is None else p_value_words(site.p_known)
        return (
            f"{site.trust} at {at}: {known}; (b) {site.mass:.0%} of its change lies in the window "
            f"({site.by_chance:.0%} by chance)"
        )
