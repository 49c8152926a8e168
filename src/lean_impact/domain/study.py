"""What a study is about, in words."""

from __future__ import annotations

from pydantic import Field

from lean_impact.domain._model import DomainModel
from lean_impact.domain.measure import Slug

__all__ = ["StudyInfo"]


class StudyInfo(DomainModel):
    """Title and question of a study.

    Parameters
    ----------
    id : str
        Identifier.
    title : str
        Title of the report.
    question : str
        The question in plain words.
    authors : tuple of str
        Who stands behind the study file.
    licence : str
        Attribution of the data.
    """

    id: Slug
    title: str = Field(min_length=1)
    question: str = Field(min_length=1)
    authors: tuple[str, ...] = ()
    licence: str = ""
