"""The roles by which Groundwork enters accounts, and who else gets in by them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from groundwork.contracts import Model
from groundwork.declaration.fields import Name

ORGANIZATIONS = "OrganizationAccountAccessRole"
CONTROL_TOWER = "AWSControlTowerExecution"
"""With this entry role alone Control Tower makes its accounts, and its policies spare this role alone.

https://docs.aws.amazon.com/controltower/latest/userguide/roles-how.html
"""


class EntryRole(Model):
    """A role by which Groundwork enters an account: AWS or Control Tower makes it, with every power there."""

    name: Name
    trust: Literal["management", "narrow"] = Field(
        default="management",
        description="management: as AWS makes it, whoever of the management account may assume roles gets in, without MFA. "
        "narrow: Groundwork's own functions, and breakGlass",
    )
    break_glass: list[str] = Field(
        default_factory=list,
        description="With narrow: users of the management account who get in with MFA, like user/break-glass-*",
    )

    @model_validator(mode="before")
    @classmethod
    def _by_its_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _somebody_can_get_in(self) -> EntryRole:
        if self.trust == "management" and self.break_glass:
            raise ValueError(f"{self.name}: breakGlass is for trust narrow; set it, or take breakGlass out")
        if self.trust == "narrow" and self.name == CONTROL_TOWER:
            raise ValueError(
                f"{self.name}: Control Tower enters by it; give another entry role the trust narrow"
            )
        if self.trust == "narrow" and not self.break_glass:
            raise ValueError(
                f"{self.name}: the trust narrow lets nobody in once Groundwork is gone; name a user of the management "
                "account under breakGlass, like user/break-glass"
            )
        for who in self.break_glass:
            if not who.startswith("user/") or not who.removeprefix("user/").strip("*/?"):
                raise ValueError(
                    f"{self.name}: breakGlass {who!r} is no user: name users, like user/break-glass; sessions of a role "
                    "show no MFA"
                )
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "description": "Its name"}, handler(core)]}

    @property
    def in_words(self) -> str:
        if self.trust == "management":
            return "management: whoever of the management account may assume roles gets in, without MFA"
        return f"narrow: Groundwork, and with MFA {', '.join(self.break_glass)}"
