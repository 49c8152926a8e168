"""Rating scales that frameworks share."""

from __future__ import annotations

from typing import Final

from lean_impact.domain import RatingScale, ScaleLevel

__all__ = ["AGREEMENT_7", "CFIR_INFLUENCE", "CONTINUITY", "DIRECTION", "MATURITY", "PRESENCE", "STRENGTH"]


def _scale(
    key: str, name: str, words: tuple[tuple[float, str], ...], basis: str, *, mixed: bool = False
) -> RatingScale:
    levels = tuple(ScaleLevel(value=float(value), words=meaning) for value, meaning in words)
    return RatingScale(id=key, name=name, levels=levels, basis=basis, mixed=mixed)


CFIR_INFLUENCE: Final = _scale(
    "influence",
    "Influence on implementation",
    (
        (-2, "clearly negative: two or more informants give concrete examples"),
        (-1, "negative: general statements, indirect inference, or a mixture that leans negative"),
        (0, "neutral"),
        (1, "positive: general statements, indirect inference, or a mixture that leans positive"),
        (2, "clearly positive: two or more informants give concrete examples"),
    ),
    "Damschroder LJ, Lowery JC (2013), Implementation Science 8:51; mixed evidence is marked beside its net value",
    mixed=True,
)
"""From -2 to +2, with mixed evidence marked."""

AGREEMENT_7: Final = _scale(
    "agreement",
    "Agreement that the factor supports the project",
    (
        (1, "totally disagree"),
        (2, "between 1 and 4, nearer to 1"),
        (3, "between 1 and 4, nearer to 4"),
        (4, "neither agree nor disagree"),
        (5, "between 4 and 7, nearer to 4"),
        (6, "between 4 and 7, nearer to 7"),
        (7, "totally agree"),
    ),
    "MUSIQ assessment tool; its 'don't know or not applicable' is the state missing",
)
"""From 1 to 7."""

_RECEPTIVE: Final = (
    "After the three respects of Butler MJR (2003), British Journal of Management 14:S47; the numbers are this "
    "library's"
)

STRENGTH: Final = _scale(
    "strength",
    "How strong the feature is",
    ((0, "absent"), (1, "weak"), (2, "moderate"), (3, "strong")),
    _RECEPTIVE,
)
"""From 0 to 3."""

DIRECTION: Final = _scale(
    "direction",
    "Which way it works",
    ((-1, "against the change"), (0, "neither way"), (1, "for the change")),
    _RECEPTIVE,
    mixed=True,
)
"""From -1 to +1."""

CONTINUITY: Final = _scale(
    "continuity",
    "How lasting it is",
    ((0, "broke off"), (1, "with interruptions"), (2, "throughout")),
    _RECEPTIVE,
)
"""From 0 to 2."""

MATURITY: Final = _scale(
    "maturity",
    "Maturity of the component",
    ((1, "least mature"), (2, "second"), (3, "third"), (4, "fourth"), (5, "most mature")),
    "NHS IMPACT self-assessment, a maturity matrix; check the number of levels against the version in use, it was not "
    "confirmed",
)
"""From 1 to 5."""

PRESENCE: Final = _scale(
    "presence",
    "Whether the condition was in place",
    ((0, "absent"), (1, "more absent than present"), (2, "more present than absent"), (3, "present")),
    "Four-value sets of qualitative comparative analysis, with no half-way value",
    mixed=True,
)
"""From 0 to 3, four-value set membership."""
