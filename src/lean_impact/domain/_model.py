"""The one pydantic configuration that all models of the domain share."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["DomainModel"]


class DomainModel(BaseModel):
    """A frozen model that refuses unknown fields and never coerces one type into another.

    Notes
    -----
    Strict: the text ``"12"`` is not the number 12. Lists become tuples, because TOML and JSON know
    no tuples and a frozen model must not hold something that can be changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _lists_to_tuples(cls, data: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever was given
        if isinstance(data, dict):
            return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        return data
