"""Where a table or a number comes from, and what was done to it."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from lean_impact.domain._model import DomainModel

__all__ = ["InputFile", "Provenance"]


class InputFile(DomainModel):
    """A file that was read.

    Parameters
    ----------
    path : str
        Name of the file, relative to the study or folder it was read from.
    sha256 : str
        Digest of its bytes, 64 hexadecimal digits.
    rows : int
        Data rows read from it.
    encoding : str
        Text encoding that was used, or the container format.
    note : str
        What the reader decided, such as which revision was taken.
    """

    path: str
    sha256: str
    rows: int
    encoding: str = ""
    note: str = ""


class Provenance(DomainModel):
    """The origin of a table and every step since.

    Parameters
    ----------
    files : tuple of InputFile
        Files that went in.
    plugin : str
        Name of the plugin that produced it, empty if none did.
    version : str
        Version of that plugin or of the library.
    parameters : dict of str to str
        Parameters of the estimator as text, defaults included.
    seed : int, optional
        Root seed of everything random.
    steps : tuple of str
        What was done, in order, in words.

    Examples
    --------
    >>> Provenance(plugin="nhs").with_step("kept 5 of 150 trusts").steps
    ('kept 5 of 150 trusts',)
    """

    files: tuple[InputFile, ...] = ()
    plugin: str = ""
    version: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)
    seed: int | None = None
    steps: tuple[str, ...] = ()

    def with_step(self, step: str) -> Self:
        """Return a copy with one more step."""
        return self.model_copy(update={"steps": (*self.steps, step)})
