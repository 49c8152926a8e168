"""What the plan says on context: which conditions are calibrated, and how ratings are read."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lean_impact.domain._model import DomainModel
from lean_impact.domain.measure import Slug
from lean_impact.domain.period import Window
from lean_impact.domain.trust import TrustCode

__all__ = ["CalibrationPlan", "RatingsPlan"]


class CalibrationPlan(DomainModel):
    """Turn a measure or a rated construct into how far each trust of the programme belongs to a condition.

    Parameters
    ----------
    id : str
        Identifier.
    name : str
        The condition as a statement that is more or less true of a trust.
    measure : str, optional
        Identifier of a measure that every trust has.
    rated, scale : str, optional
        Instead of a measure, a construct that the ratings of ``[context]`` rate, and in which respect where there
        are several; how raters differ says how sure the membership is.
    window : Window
        Periods, or dates of ratings, that are averaged, half-open; before the start, or the condition may be an
        effect.
    method : {"percentiles", "rank", "anchors", "grades"}
        Against all trusts by three national percentiles or by rank, by three values known from elsewhere, or by a
        curve through the grades of those who know some trusts.
    out, crossover, full : float, optional
        Percentiles, or values, that stand for membership 0.05, 0.5 and 0.95; rising, or falling where less is more
        of the condition. With "percentiles" and "anchors" only.
    grades : dict of str to float, optional
        Membership of three or more trusts, from 0 to 1, by code, as an analyst who knows them grades it. With
        "grades" only.
    why : str
        Why the measure stands for the condition, and where the anchors come from or what the grades rest on.
    """

    id: Slug
    name: str = Field(min_length=1)
    measure: Slug | None = None
    rated: Slug | None = None
    scale: Slug | None = None
    window: Window
    method: Literal["percentiles", "rank", "anchors", "grades"]
    out: float | None = None
    crossover: float | None = None
    full: float | None = None
    grades: dict[TrustCode, Annotated[float, Field(ge=0, le=1)]] | None = None
    why: str = Field(pattern=r"\S")

    @model_validator(mode="after")
    def _of_one_thing(self) -> Self:
        if (self.measure is None) == (self.rated is None):
            raise ValueError(f"calibration '{self.id}' takes either a measure or what is rated")
        if self.scale is not None and self.rated is None:
            raise ValueError(f"calibration '{self.id}' has a scale but nothing that is rated on it")
        return self

    @model_validator(mode="after")
    def _anchored(self) -> Self:
        names = ("out", "crossover", "full", "grades")
        given = [name for name in names if getattr(self, name) is not None]
        wanted, words = {
            "rank": ([], "no anchors"),
            "grades": (["grades"], "grades and no anchors"),
        }.get(self.method, (["out", "crossover", "full"], "out, crossover and full"))
        if given != wanted:
            raise ValueError(f"method '{self.method}' takes {words}; given were {', '.join(given) or 'none'}")
        return self


class RatingsPlan(DomainModel):
    """How the ratings of context are read.

    Parameters
    ----------
    mixed : {"value", "drop"}
        Whether a rating of mixed evidence counts with its net value or is left out.
    """

    mixed: Literal["value", "drop"]
