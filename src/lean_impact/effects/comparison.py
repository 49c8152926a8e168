"""Choose the comparison trusts, and say of every other trust why it is not one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from lean_impact.domain import Exclusion, Measure, Provenance, Succession, Summary, Window
from lean_impact.effects._calendar import beyond, ignored, inside, spans
from lean_impact.errors import DesignError, Issue
from lean_impact.tables import Panel

__all__ = ["Candidate", "Comparison", "Reason", "ReasonKind", "select_comparison"]

ReasonKind = Literal["treated", "excluded", "succession", "incomplete", "no figures"]
"""Took part; named by the analyst; merged or split; has gaps; has nothing at all on the measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason against a trust.

    Attributes
    ----------
    kind : str
        One of :data:`~lean_impact.effects.comparison.ReasonKind`.
    words : str
        The reason for the reader.
    """

    kind: ReasonKind
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A trust that might have been a comparison.

    Attributes
    ----------
    trust : str
        Code.
    reasons : tuple of Reason
        Everything that speaks against it; empty if it is kept.
    n_periods : int
        Periods of the window with a figure, ignored ones left out.
    """

    trust: str
    reasons: tuple[Reason, ...]
    n_periods: int

    @property
    def kept(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """The comparison trusts of one measure, with the reason for every exclusion.

    Attributes
    ----------
    measure : Measure
        What is compared.
    window : Window
        Window in which the series had to be complete.
    n_expected : int
        Periods that a complete series has in it, ignored ones left out.
    candidates : tuple of Candidate
        Every trust of the panel, sorted by code.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Origin of the panel and the rules used.
    """

    measure: Measure
    window: Window
    n_expected: int
    candidates: tuple[Candidate, ...]
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def trusts(self) -> tuple[str, ...]:
        """Codes of the trusts that were kept, sorted."""
        return tuple(candidate.trust for candidate in self.candidates if candidate.kept)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each candidate.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``trust``, ``kept``, ``reason`` (several joined by "; "), ``kinds``,
            ``periods_with_figure``, ``periods_expected``.
        """
        return pd.DataFrame(
            {
                "measure": self.measure.id,
                "trust": [c.trust for c in self.candidates],
                "kept": [c.kept for c in self.candidates],
                "reason": ["; ".join(reason.words for reason in c.reasons) for c in self.candidates],
                "kinds": ["; ".join(dict.fromkeys(r.kind for r in c.reasons)) for c in self.candidates],
                "periods_with_figure": [c.n_periods for c in self.candidates],
                "periods_expected": self.n_expected,
            }
        )

    def summary(self) -> Summary:
        """Say how many trusts were kept and why the others were not."""
        kept = (
            f"{len(self.trusts)} of {len(self.candidates)} trusts serve as comparison for {self.measure.name}"
        )
        lines = [
            f"{kept}, {self.window.start} to before {self.window.end} ({self.n_expected} periods)",
            f"Not used: {_counted(self.candidates)} (a trust may have several reasons)",
        ]
        return Summary("\n".join([*lines, *(f"Caution: {caution}" for caution in self.cautions)]))


def select_comparison(
    panel: Panel,
    *,
    measure: str,
    window: Window,
    treated: Sequence[str],
    excluded: Mapping[str, str] | None = None,
    successions: Iterable[Succession] = (),
    ignore: Sequence[Exclusion] = (),
) -> Comparison:
    """Keep the trusts that can stand for what would have happened without the programme.

    Parameters
    ----------
    panel : Panel
        Figures of all trusts.
    measure : str
        Identifier of the measure.
    window : Window
        Stretch of time in which a comparison trust must have every period.
    treated : sequence of str
        Codes of the trusts that took part.
    excluded : mapping of str to str, optional
        Code to reason, for trusts that the analyst leaves out.
    successions : iterable of Succession
        Mergers and splits; a trust that ended or took over services within the window is left out.
    ignore : sequence of Exclusion
        Periods left out for everybody, which need no figure.

    Returns
    -------
    Comparison
        The trusts kept and, for every trust, what speaks against it.

    Raises
    ------
    DesignError
        If no trust is left, or no period of the panel lies in the window.

    Notes
    -----
    A series is complete if every period wholly inside the window has a value. The calendar runs from the
    panel's first to its last period of the measure, whoever reported.

    Examples
    --------
    >>> from datetime import date
    >>> import pandas as pd
    >>> seen = Measure(id="seen-4h", name="Seen within 4 hours", kind="proportion", improvement="increase",
    ...                dimension="quality", frequency="month", unit="share of attendances")
    >>> frame = pd.DataFrame({"trust": ["AAA", "AAA", "BBB", "CCC", "CCC"], "measure": "seen-4h",
    ...     "period": ["2015-01-01", "2015-02-01", "2015-01-01", "2015-01-01", "2015-02-01"],
    ...     "value": 0.9, "flag": "published", "source": "demo"})
    >>> chosen = select_comparison(Panel.from_frame(frame, measures=[seen]), measure="seen-4h",
    ...     window=Window(start=date(2015, 1, 1), end=date(2015, 3, 1)), treated=["CCC"])
    >>> chosen.trusts
    ('AAA',)
    >>> chosen.to_frame()["reason"].tolist()
    ['', 'no figure for Feb 2015 (1 of 2 periods)', 'took part in the programme']
    """
    definition = panel.measure(measure)
    values = panel.wide(measure)
    periods = values.index.to_numpy().astype("datetime64[D]")
    wanted = inside(periods, window, frequency=definition.frequency)
    wanted &= ~ignored(periods, ignore, frequency=definition.frequency)
    if not wanted.any():
        raise DesignError(
            f"no period of {definition.name} lies in {window.start} to before {window.end} once the ignored "
            f"ones are left out; the panel has {spans(periods, frequency=definition.frequency)}"
        )
    present = values.notna().reindex(columns=panel.trusts, fill_value=False)[wanted]
    rules = _Rules(
        measure=definition,
        window=window,
        treated=frozenset(treated),
        excluded=dict(excluded or {}),
        successions=tuple(successions),
        periods=periods[wanted],
    )
    candidates = tuple(
        Candidate(
            trust=trust,
            reasons=tuple(rules.against(trust, present[trust].to_numpy(dtype=bool))),
            n_periods=int(present[trust].sum()),
        )
        for trust in panel.trusts
    )
    nobody = periods[wanted][~present.to_numpy().any(axis=1)]
    if not any(candidate.kept for candidate in candidates):
        _nobody_left(definition, window, candidates, nobody)
    return Comparison(
        measure=definition,
        window=window,
        n_expected=int(wanted.sum()),
        candidates=candidates,
        cautions=tuple(_cautions(definition, window, periods, ignore)),
        provenance=panel.provenance.with_step(
            f"chose comparison trusts for {measure} with complete series from {window.start} to before "
            f"{window.end}, ignoring {len(ignore)} stretches"
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    measure: Measure
    window: Window
    treated: frozenset[str]
    excluded: Mapping[str, str]
    successions: tuple[Succession, ...]
    periods: np.ndarray

    def against(self, trust: str, present: np.ndarray) -> Iterator[Reason]:
        if trust in self.treated:
            yield Reason(kind="treated", words="took part in the programme")
        if trust in self.excluded:
            yield Reason(kind="excluded", words=self.excluded[trust])
        for succession in self.successions:
            if self.window.contains(succession.effective):
                when = f"{succession.effective:%b %Y}"
                if trust == succession.old_code:
                    yield Reason(
                        kind="succession", words=f"became {'/'.join(succession.new_codes)} in {when}"
                    )
                elif trust in succession.new_codes:
                    yield Reason(
                        kind="succession", words=f"took over services of {succession.old_code} in {when}"
                    )
        if not present.any():
            yield Reason(kind="no figures", words="no figure for this measure in the window")
        elif not present.all():
            gaps = spans(self.periods[~present], frequency=self.measure.frequency)
            yield Reason(
                kind="incomplete",
                words=f"no figure for {gaps} ({(~present).sum()} of {len(present)} periods)",
            )


def _counted(candidates: Iterable[Candidate]) -> str:
    kinds = Counter(kind for c in candidates for kind in {reason.kind for reason in c.reasons})
    return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or "none"


def _nobody_left(
    measure: Measure, window: Window, candidates: Sequence[Candidate], nobody: np.ndarray
) -> None:
    hint = (
        f" No trust at all has a figure for {spans(nobody, frequency=measure.frequency)}: ignore those "
        "periods, with the reason, or choose another window."
        if len(nobody)
        else " Choose another window or fewer exclusions."
    )
    raise DesignError(
        f"no comparison trust is left for {measure.name} from {window.start} to before {window.end}; "
        f"of {len(candidates)} trusts: {_counted(candidates)}.{hint}",
        [
            Issue(
                rule="not-a-comparison",
                value=c.trust,
                message=f"{c.trust}: {'; '.join(reason.words for reason in c.reasons)}",
            )
            for c in candidates
        ],
    )


def _cautions(
    measure: Measure, window: Window, periods: np.ndarray, ignore: Sequence[Exclusion]
) -> Iterator[str]:
    yield from beyond(periods, window, frequency=measure.frequency)
    for exclusion in ignore:
        yield (
            f"periods touching {exclusion.window.start} to before {exclusion.window.end} needed no figure: "
            f"{exclusion.reason}"
        )
