"""How what is asked, answered and remembered is written: as JSON in camelCase, read strictly."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """JSON is camelCase, Python snake_case; unknown fields are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        strict=True,
    )

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def given(self) -> dict[str, Any]:
        """The fields that were given, by their names in the event."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
