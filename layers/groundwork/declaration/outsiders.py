"""Who from outside of the organization is let in on purpose."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator, Field

from groundwork.contracts import Model

EVERYBODY = "everybody"


def _who(value: str) -> str:
    if value.lower().startswith("arn:"):
        raise ValueError("is an ARN; give the account's id, or the provider, like saml-provider/okta")
    if value.startswith("account ") or "(" in value:
        raise ValueError(
            "is more than a name; give the account's id alone, like 999999999999, or the provider"
        )
    if value == "*" or not value.strip():
        raise ValueError(f"is nobody; give an account id, a provider like saml-provider/okta, or {EVERYBODY}")
    return value


def _arn(value: str) -> str:
    if not value.startswith(("arn:", "*")):
        raise ValueError("is no pattern of ARNs; write it like arn:*:iam::*:role/vendor-*")
    return value


class Outsider(Model):
    """A plan does not tell that they get in where they are known."""

    who: Annotated[str, AfterValidator(_who)] = Field(
        description="An account id, a provider like saml-provider/okta, or everybody: as a plan names them"
    )
    to: list[Annotated[str, AfterValidator(_arn)]] = Field(
        default_factory=lambda: ["*"],
        min_length=1,
        description="Patterns of ARNs, like arn:*:iam::*:role/vendor-*; without, they are known everywhere",
    )
    why: str = Field(default="", description="For whoever reads the declaration")

    def is_known(self, who: str, resource: str) -> bool:
        return self.who == who and any(fnmatchcase(resource, pattern) for pattern in self.to)
