"""Trusts and their successions: who became whom, when, and how sure that is."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from lean_impact.domain._model import DomainModel

__all__ = ["Succession", "Trust", "TrustCode"]

TrustCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,6}$")]
"""An ODS organisation code, such as ``RTP``."""


class Trust(DomainModel):
    """An NHS trust.

    Parameters
    ----------
    code : str
        ODS code, three to six capitals and digits.
    name : str
        Full name.
    short_name : str, optional
        Name for charts and tables; the full name if not given.

    Examples
    --------
    >>> Trust(code="RTP", name="Surrey And Sussex Healthcare NHS Trust", short_name="SASH").label
    'SASH'
    """

    code: TrustCode
    name: str = Field(min_length=1)
    short_name: str | None = None

    @property
    def label(self) -> str:
        """The short name, or the full one."""
        return self.short_name or self.name


class Succession(DomainModel):
    """A merger, take-over or split of trusts.

    Parameters
    ----------
    old_code : str
        ODS code that ended.
    old_name : str
        Its name.
    new_codes : tuple of str
        Codes that took over its services.
    effective : date
        First day under the new codes.
    evidence : str
        What the record rests on.
    verified : bool
        Whether more than recollection stands behind it.
    """

    old_code: TrustCode
    old_name: str
    new_codes: tuple[TrustCode, ...] = Field(min_length=1)
    effective: date
    evidence: str = Field(min_length=1)
    verified: bool
