"""Run all quality checks on a panel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import pandas as pd

from lean_impact._version import __version__
from lean_impact.domain import Measure, Provenance, Succession, Window
from lean_impact.domain.quality import Decision, QualityFinding, decide
from lean_impact.errors import DesignError, Issue
from lean_impact.quality._checks import coverage, definition_changes, flagged, mergers, too_perfect
from lean_impact.quality._jump_checks import jumps_and_outliers
from lean_impact.quality.report import QualityReport
from lean_impact.quality.rules import QualityRules
from lean_impact.tables import Panel

__all__ = ["assess"]


def assess(
    panel: Panel,
    *,
    measures: Sequence[str],
    trusts: Sequence[str] | None = None,
    successions: Iterable[Succession] = (),
    share: tuple[str, str] | None = None,
    window: Window | None = None,
    decisions: Iterable[Decision] = (),
    rules: QualityRules | None = None,
) -> QualityReport:
    """Tell what can be trusted before any chart or estimate.

    Parameters
    ----------
    panel : Panel
        The whole panel, comparison trusts included: a jump shows only against the national movement.
    measures : sequence of str
        Identifiers of the measures to look at.
    trusts : sequence of str, optional
        Trusts to report on; all if not given.
    successions : iterable of Succession
        Known mergers and splits.
    share : pair of str, optional
        Two measures, a part and its whole, such as type-1 and all-types attendances: jumps in the ratio of
        their denominators are reclassifications.
    window : Window, optional
        Look only at periods that begin in this window.
    decisions : iterable of Decision
        What was done about findings.
    rules : QualityRules, optional
        Thresholds; the documented defaults if not given.

    Returns
    -------
    QualityReport
        Every finding with what was done about it, if only "nothing".

    Raises
    ------
    DesignError
        If a measure or trust is not in the panel or no figure lies in the window; everything is listed.

    Notes
    -----
    A jump is a difference between the median of the year after and of the year before (half a year for
    shares, which have little season), net of the national movement, the cumulated median change of all trusts
    in the panel. It must be large, and large against what is usual in the panel. It is placed at the sharpest
    break from one period to the next, and told once.

    Examples
    --------
    >>> import pandas as pd
    >>> from lean_impact.domain import Measure
    >>> measure = Measure(id="seen-4h", name="Seen within 4 hours", kind="proportion", improvement="increase",
    ...                   dimension="quality", frequency="month", unit="share of attendances")
    >>> frame = pd.DataFrame({"trust": "RTP", "measure": "seen-4h", "period": ["2015-06-01", "2015-08-01"],
    ...                       "numerator": [90, 80], "denominator": [100, 100], "flag": "published",
    ...                       "source": "demo"})
    >>> report = assess(Panel.from_frame(frame, measures=[measure]), measures=["seen-4h"])
    >>> [(f.kind, f.what, f.action) for f in report.findings]
    [('gap', 'Jul 2015: no row published.', 'kept as it is; nothing was done')]
    """
    _check_names(panel, measures, trusts, share)
    kept = panel.window(window.start, window.end) if window else panel
    if len(kept) == 0:
        raise DesignError(f"no figure of the panel lies in {window}; give a window that overlaps the figures")
    rules = rules or QualityRules()
    chosen = tuple(dict.fromkeys(trusts)) if trusts is not None else panel.trusts
    definitions = [panel.measure(measure) for measure in dict.fromkeys(measures)]
    pair = (panel.measure(share[0]), panel.measure(share[1])) if share else None
    found = sorted(
        _all_findings(kept, definitions, chosen, tuple(successions), pair, rules),
        key=lambda finding: (finding.trust or "", finding.start, finding.measure or "", finding.kind),
    )
    findings, idle = decide(tuple(found), tuple(decisions))
    return QualityReport(
        findings=findings,
        trusts=chosen,
        measures=tuple(measure.id for measure in definitions),
        provenance=_provenance(kept, rules),
        cautions=_cautions(kept, definitions, findings, idle, rules),
    )


def _all_findings(
    panel: Panel,
    measures: Sequence[Measure],
    trusts: Sequence[str],
    successions: Sequence[Succession],
    share: tuple[Measure, Measure] | None,
    rules: QualityRules,
) -> Iterator[QualityFinding]:
    for measure in measures:
        yield from flagged(panel, measure, trusts)
        yield from coverage(panel, measure, trusts)
        yield from too_perfect(panel, measure, trusts, rules)
    yield from jumps_and_outliers(panel, measures, share=share, trusts=trusts, rules=rules)
    first, last = _span(panel)
    yield from definition_changes(measures, first, last)
    yield from mergers(successions, trusts, first, last)


def _span(panel: Panel) -> tuple[date, date]:
    """Return the first day of the first and of the last period."""
    periods = pd.DatetimeIndex(panel.frame["period"])
    return periods.min().date(), periods.max().date()


def _check_names(
    panel: Panel, measures: Sequence[str], trusts: Sequence[str] | None, share: tuple[str, str] | None
) -> None:
    issues = [
        Issue(rule="unknown-measure", message=f"measure '{name}' is not in the panel; it has {known}")
        for known in [", ".join(sorted(panel.measures))]
        for name in dict.fromkeys((*measures, *(share or ())))
        if name not in panel.measures
    ]
    issues += [
        Issue(rule="unknown-trust", message=f"trust {code} is not in the panel; check the code")
        for code in dict.fromkeys(trusts or ())
        if code not in panel.trusts
    ]
    if not measures:
        issues.append(Issue(rule="no-measure", message="no measure is given; name at least one"))
    if trusts is not None and not trusts:
        words = "no trust is given; name at least one, or leave the list out for all trusts"
        issues.append(Issue(rule="no-trust", message=words))
    if issues:
        raise DesignError("the quality of these figures cannot be assessed as asked", issues)


def _cautions(
    panel: Panel,
    measures: Sequence[Measure],
    findings: Sequence[QualityFinding],
    idle: Sequence[Decision],
    rules: QualityRules,
) -> tuple[str, ...]:
    cautions = []
    open_high = sum(finding.severity == "high" and not finding.decided for finding in findings)
    if open_high:
        cautions.append(f"Nothing was decided about {open_high} of the findings of high severity.")
    cautions += [
        f"The decision on {item.kind} ({item.text}) speaks of nothing that was found; check its "
        "trust, measure and window."
        for item in idle
    ]
    for measure in measures:
        volume = panel.wide(measure.id, "denominator")
        n_trusts = int(volume.notna().any().sum())
        if n_trusts == 0:
            cautions.append(f"{measure.id} has no denominators; jumps in volume cannot be seen.")
        elif n_trusts < rules.few_trusts:
            cautions.append(
                f"{measure.id} has figures of {n_trusts} trusts only; a national movement cannot be told "
                "from their own and shows as a jump of each."
            )
    return tuple(cautions)


def _provenance(panel: Panel, rules: QualityRules) -> Provenance:
    return panel.provenance.model_copy(
        update={
            "version": __version__,
            "parameters": {name: str(value) for name, value in rules.model_dump().items()},
            "steps": (*panel.provenance.steps, "assessed the quality of the figures"),
        }
    )
