"""Turn what is known of a trust into how far it belongs to a condition, with anchors stated and uncertainty kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lean_impact.context.calibration_result import Anchor, CalibratedCondition, Member, interval_of
from lean_impact.domain import Membership, Provenance
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels import calibration as kernel

__all__ = [
    "Curve",
    "RawValue",
    "by_anchors",
    "by_grades",
    "by_national_percentiles",
    "by_national_rank",
    "calibrate",
]

_FEWEST_OTHERS: Final = 20
_STEPS: Final = 81
_HALF: Final = 0.5
_NEAR_HALF: Final = 1e-9
_GRADES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RawValue:
    """What is known of one trust on one condition.

    Parameters
    ----------
    value : float
        Raw value, such as a survey score or a mean rating.
    standard_error : float, default NaN
        How sure it is, same unit; NaN if that is not known, 0 if the value is exact.
    note : str
        What makes it less than plain.
    """

    value: float
    standard_error: float = float("nan")
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """A way from raw values to membership; make one with a ``by_...`` function.

    Attributes
    ----------
    method : str
        How it was made, in words.
    anchors : tuple of Anchor
        Raw values whose membership was stated.
    membership : callable
        Takes raw values and returns memberships, arrays of one shape.
    reference : ndarray of float64, shape (n_reference,)
        Values of everyone that it was made against; empty if of nobody.
    cautions : tuple of str
        What the reader must know.
    """

    method: str
    anchors: tuple[Anchor, ...]
    membership: Callable[[np.ndarray], np.ndarray]
    reference: np.ndarray
    cautions: tuple[str, ...] = ()


def by_anchors(*, out: float, crossover: float, full: float, why: str) -> Curve:
    """Calibrate directly: three values that knowledge from outside the cases gives.

    Parameters
    ----------
    out, crossover, full : float
        Values that stand for membership 0.05, 0.5 and 0.95, rising or falling.
    why : str
        Why these; an anchor without a reason is a result chosen.

    Returns
    -------
    Curve

    Raises
    ------
    DesignError
        If the anchors are not in order or no reason is given.

    Examples
    --------
    >>> curve = by_anchors(out=3.4, crossover=3.7, full=4.0, why="the national survey calls 3.7 average")
    >>> curve.membership(np.array([3.7])).tolist()
    [0.5]
    """
    values = (out, crossover, full)
    problems = [
        words
        for bad, words in (
            (not all(np.isfinite(values)), "an anchor is not a number"),
            (
                not (out < crossover < full or out > crossover > full),
                "anchors must rise or fall: out, crossover, full",
            ),
            (not why.strip(), "say in 'why' where the anchors come from"),
        )
        if bad
    ]
    if problems:
        raise DesignError(
            f"the anchors {out:g}, {crossover:g}, {full:g} cannot be used: {'; '.join(problems)}"
        )
    return Curve(
        method=f"direct, anchors from outside the cases ({why.strip()})",
        anchors=_anchors(out, crossover, full),
        membership=lambda x: kernel.direct_membership(x, out=out, crossover=crossover, full=full),
        reference=np.empty(0),
    )


def _anchors(out: float, crossover: float, full: float) -> tuple[Anchor, ...]:
    return (
        Anchor(value=float(out), membership=0.05, words="full non-membership"),
        Anchor(value=float(crossover), membership=0.5, words="crossover"),
        Anchor(value=float(full), membership=0.95, words="full membership"),
    )


def by_national_percentiles(
    reference: Mapping[str, float],
    *,
    cases: Sequence[str],
    out: float = 10.0,
    crossover: float = 50.0,
    full: float = 90.0,
) -> Curve:
    """Calibrate against every trust that has a figure, and never among the cases themselves.

    Parameters
    ----------
    reference : mapping of str to float
        Value of every trust in the country, by code; the cases may be among them.
    cases : sequence of str
        Trusts that will be calibrated. At least 20 others must have a figure.
    out, crossover, full : float, default 10, 50, 90
        National percentiles that stand for membership 0.05, 0.5 and 0.95; falling where less is more of the condition.

    Returns
    -------
    Curve

    Raises
    ------
    DesignError
        If there are too few others, a value is not a number, or percentiles are not in order.

    Notes
    -----
    Among five trusts the best is always "in" and the worst always "out", however alike they are. Against a country
    both can be out. Cases count among the reference: they are trusts like others, and leaving them out would tie the
    anchors to who was chosen.

    Examples
    --------
    >>> country = {f"T{i:02d}": float(i) for i in range(1, 61)}
    >>> curve = by_national_percentiles(country, cases=["T55", "T30"])
    >>> curve.membership(np.array([55.0, 30.0])).round(2).tolist()
    [0.96, 0.48]
    """
    values = _reference(reference, cases)
    ordered = (out < crossover < full) or (out > crossover > full)
    if not ordered or not all(0 <= end <= 100 for end in (out, crossover, full)):  # noqa: PLR2004 - per cent
        raise DesignError(
            f"percentiles {out:g}, {crossover:g}, {full:g} must lie in 0 to 100 and rise or fall: out, crossover, full"
        )
    ends = [float(end) for end in np.percentile(values, [out, crossover, full])]
    if len(set(ends)) < len(ends):
        raise DesignError(
            f"percentiles {out:g}, {crossover:g}, {full:g} of the reference are {ends}: too many trusts share a value"
        )
    return Curve(
        method=(
            f"direct, anchors at the {_ordinal(out)}, {_ordinal(crossover)} and {_ordinal(full)} percentile of "
            f"{len(values)} trusts"
        ),
        anchors=_anchors(*ends),
        membership=lambda x: kernel.direct_membership(x, out=ends[0], crossover=ends[1], full=ends[2]),
        reference=values,
    )


def _ordinal(number: float) -> str:
    whole = int(number)
    if number != whole:
        return f"{number:g}th"
    tail = "th" if whole % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    return f"{whole}{tail}"


def by_national_rank(reference: Mapping[str, float], *, cases: Sequence[str], high: bool = True) -> Curve:
    """Calibrate by the share of all trusts that lie below, or above.

    Parameters
    ----------
    reference : mapping of str to float
        Value of every trust in the country, by code.
    cases : sequence of str
        Trusts that will be calibrated; at least 20 others must have a figure.
    high : bool, default True
        Whether more of the value is more of the condition.

    Returns
    -------
    Curve
        Without anchors: membership says who is ahead of whom and not what is enough.

    Raises
    ------
    DesignError
        If there are too few others or a value is not a number.

    Examples
    --------
    >>> country = {f"T{i:02d}": float(i) for i in range(1, 41)}
    >>> by_national_rank(country, cases=["T40"]).membership(np.array([40.0])).tolist()
    [0.9875]
    """
    values = _reference(reference, cases)

    def membership(x: np.ndarray) -> np.ndarray:
        share = kernel.rank_membership(x, reference=values)
        return share if high else 1.0 - share

    return Curve(
        method=f"rank among {len(values)} trusts",
        anchors=(),
        membership=membership,
        reference=values,
        cautions=(
            "a rank says who is ahead and not what is enough: half of all trusts are always above 0.5",
        ),
    )


def _reference(reference: Mapping[str, float], cases: Sequence[str]) -> np.ndarray:
    issues = [
        Issue(rule="not-a-number", value=code, message=f"{code} has no number; leave it out of the reference")
        for code, value in reference.items()
        if not np.isfinite(value)
    ]
    others = len(set(reference) - set(cases))
    if others < _FEWEST_OTHERS:
        issues.append(
            Issue(
                rule="too-few-others",
                message=(
                    f"{others} trusts besides the cases have a figure; at least {_FEWEST_OTHERS} are needed, because "
                    "cases must not be calibrated among themselves"
                ),
            )
        )
    if issues:
        raise DesignError("the reference cannot be used", issues)
    return np.array(list(reference.values()), dtype=float)


def by_grades(values: Mapping[str, float], grades: Mapping[str, float], *, why: str) -> Curve:
    """Calibrate indirectly: an analyst grades cases from knowing them, and a curve is fitted to the grades.

    Parameters
    ----------
    values : mapping of str to float
        Raw value by trust.
    grades : mapping of str to float
        Membership that the analyst gave the same trusts, 0 to 1, such as 0, 0.2, 0.4, 0.6, 0.8, 1.
    why : str
        What the grades rest on.

    Returns
    -------
    Curve
        A trust has the membership of the curve and not its grade; it is said where the two are on different sides of
        0.5, and where the curve turns.

    Raises
    ------
    DesignError
        If trusts do not match, a grade is outside 0 to 1, grades are fewer than three or all alike, values are all
        alike, or no reason is given.

    Examples
    --------
    >>> values = {f"T{i}": float(i) for i in range(1, 6)}
    >>> grades = {"T1": 0.0, "T2": 0.2, "T3": 0.4, "T4": 0.8, "T5": 1.0}
    >>> by_grades(values, grades, why="site visits").membership(np.array([3.0])).round(1).tolist()
    [0.5]
    """
    apart = {
        "has no value": sorted(set(grades) - set(values)),
        "has no grade": sorted(set(values) - set(grades)),
    }
    lacks = ", ".join(f"{', '.join(codes)} {words}" for words, codes in apart.items() if codes)
    problems = [
        words
        for bad, words in (
            (bool(lacks), f"values and grades must be of the same trusts: {lacks}"),
            (len(grades) < _GRADES, f"at least {_GRADES} trusts must be graded"),
            (any(not 0 <= grade <= 1 for grade in grades.values()), "a grade lies outside 0 to 1"),
            (len(set(grades.values())) < 2, "every grade is the same"),  # noqa: PLR2004 - two differ
            (len(set(values.values())) < 2, "every value is the same"),  # noqa: PLR2004 - two differ
            (not all(np.isfinite(list(values.values()))), "a value is not a number"),
            (not why.strip(), "say in 'why' what the grades rest on"),
        )
        if bad
    ]
    if problems:
        raise DesignError(f"the grades cannot be used: {'; '.join(problems)}")
    x = np.array([values[code] for code in values])
    curve = kernel.fit_grades(x, np.array([grades[code] for code in values]))
    steps = np.diff(curve(np.linspace(x.min(), x.max(), _STEPS)))
    turns = bool((steps > _NEAR_HALF).any() and (steps < -_NEAR_HALF).any())
    fitted = dict(zip(values, curve(x), strict=True))
    crossed = [code for code, at in fitted.items() if (at - _HALF) * (grades[code] - _HALF) < -_NEAR_HALF]
    cautions = ["grades are taken as exact; intervals tell only how sure the raw values are"]
    if turns:
        cautions.append(
            "the fitted curve turns between the graded values; more is not always more of the condition"
        )
    if crossed:
        cautions.append(
            f"{', '.join(crossed)} is graded on one side of 0.5 and placed by the curve on the other"
        )
    return Curve(
        method=f"indirect, curve through the grades of {len(x)} trusts ({why.strip()})",
        anchors=tuple(
            Anchor(value=float(values[code]), membership=float(grades[code]), words=f"grade of {code}")
            for code in values
        ),
        membership=curve.__call__,
        reference=np.empty(0),
        cautions=tuple(cautions),
    )


def calibrate(
    values: Mapping[str, RawValue],
    *,
    condition: str,
    curve: Curve,
    level: float = 0.95,
    provenance: Provenance | None = None,
) -> CalibratedCondition:
    """Give each trust its membership in a condition, with an interval where the raw value has one.

    Parameters
    ----------
    values : mapping of str to RawValue
        What is known of each trust.
    condition : str
        The condition as a statement that is more or less true of a trust.
    curve : Curve
        From a ``by_...`` function.
    level : float, default 0.95
        Coverage of the intervals.
    provenance : Provenance, optional
        Where the values come from.

    Returns
    -------
    CalibratedCondition

    Raises
    ------
    DesignError
        If there is no trust, a value is not a number, a standard error is below 0, or the level is impossible.

    Examples
    --------
    >>> curve = by_anchors(out=3.4, crossover=3.7, full=4.0, why="made up")
    >>> found = calibrate({"RTP": RawValue(value=3.85, standard_error=0.05)}, condition="Engaged", curve=curve)
    >>> member = found.members[0]
    >>> round(member.membership, 2), round(member.lower, 2), round(member.upper, 2)
    (0.81, 0.62, 0.92)
    """
    _raise_unless_usable(values, level)
    members = tuple(_member(code, raw, curve, level) for code, raw in values.items())
    return CalibratedCondition(
        condition=condition,
        method=curve.method,
        anchors=curve.anchors,
        membership=curve.membership,
        reference=curve.reference,
        members=members,
        level=level,
        cautions=(*curve.cautions, *_cautions(members, curve)),
        provenance=(provenance or Provenance()).with_step(f"calibrated '{condition}': {curve.method}"),
    )


def _raise_unless_usable(values: Mapping[str, RawValue], level: float) -> None:
    issues = [
        Issue(
            rule="not-a-number", value=code, message=f"{code} has no number; leave it out, it is then unknown"
        )
        for code, raw in values.items()
        if not np.isfinite(raw.value)
    ]
    issues += [
        Issue(
            rule="negative-error", value=code, message=f"{code} has the standard error {raw.standard_error:g}"
        )
        for code, raw in values.items()
        if raw.standard_error < 0
    ]
    if not values:
        issues.append(Issue(rule="no-trust", message="no trust has a value"))
    if not 0 < level < 1:
        issues.append(Issue(rule="bad-setting", message="level must lie between 0 and 1, such as 0.95"))
    if issues:
        raise DesignError("the condition cannot be calibrated", issues)


def _member(code: str, raw: RawValue, curve: Curve, level: float) -> Member:
    at = float(curve.membership(np.array([raw.value]))[0])
    lower = upper = float("nan")
    if np.isfinite(raw.standard_error):
        lower, upper = interval_of(
            curve.membership, raw.value, standard_error=raw.standard_error, level=level
        )
    return Member(
        trust=code,
        value=raw.value,
        standard_error=raw.standard_error,
        membership=at,
        lower=lower,
        upper=upper,
        note=raw.note,
    )


def _cautions(members: Sequence[Member], curve: Curve) -> list[str]:
    found = []
    half = [m.trust for m in members if Membership.at_half(m.membership)]
    if half:
        found.append(
            f"{', '.join(half)} stands at exactly 0.5, neither in nor out; a truth table cannot place it"
        )
    turn = [m.trust for m in members if m.lower < _HALF < m.upper]
    if turn:
        found.append(f"{', '.join(turn)} could be in or out, given how sure the raw value is")
    unsure = [m.trust for m in members if not np.isfinite(m.standard_error)]
    if unsure:
        found.append(f"how sure the raw value is, is not known for {', '.join(unsure)}")
    if not curve.reference.size and len({m.membership > _HALF for m in members}) == 1 and len(members) > 1:
        found.append(
            "every trust is on the same side of the crossover; what does not differ explains nothing"
        )
    return found
