"""An organization that begins anew in each test: what the tests of Organizations itself ask of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.support import eventually


class RecordingEngine(Engine):
    """Keeps what AWS itself emits."""

    def __init__(self, **settings: Any) -> None:
        self.emitted: list[tuple[str, str, dict[str, Any]]] = []
        super().__init__(**settings)

    def emit(self, source: str, detail_type: str, detail: Any, **where: Any) -> None:
        self.emitted.append((source, detail_type, dict(detail)))


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, str | None]:
    """Code and reason of the error that a call is answered with."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    reason = response.get("Reason")
    return response["Error"]["Code"], str(reason) if reason else None


def create(
    organizations: Any, email: str = "dev@example.com", name: str = "dev", **more: Any
) -> dict[str, Any]:
    """The final status of a creation."""
    request = organizations.create_account(AccountName=name, Email=email, **more)["CreateAccountStatus"]
    assert request["State"] == "IN_PROGRESS"

    def finished() -> Any:
        status = organizations.describe_create_account_status(CreateAccountRequestId=request["Id"])
        return status["CreateAccountStatus"]["State"] != "IN_PROGRESS" and status["CreateAccountStatus"]

    final: dict[str, Any] = eventually(finished)
    return final


def new_account(organizations: Any, name: str = "dev") -> str:
    return str(create(organizations, f"{name}@example.com", name)["AccountId"])


def root_id(organizations: Any) -> str:
    return str(organizations.list_roots()["Roots"][0]["Id"])


DENY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "%s", "Resource": "*"}]}'
WITH_OPERATOR = DENY.replace("}]}", ', "Condition": {"%s": {"aws:PrincipalTag/a": "b"}}}]}') % ("s3:*", "%s")
OF_RESOURCES = DENY.replace('"Effect"', '"Principal": "*", "Effect"')
SCP = "SERVICE_CONTROL_POLICY"


def policy(organizations: Any, name: str = "p", kind: str = SCP, content: str = DENY % "s3:*") -> str:
    made = organizations.create_policy(Name=name, Description="", Type=kind, Content=content)
    return str(made["Policy"]["PolicySummary"]["Id"])


def enable(organizations: Any, kind: str) -> str:
    """Enables a policy type and waits until it is; the root's id."""
    root = root_id(organizations)
    states = organizations.enable_policy_type(RootId=root, PolicyType=kind)["Root"]["PolicyTypes"]
    assert states == [{"Type": kind, "Status": "PENDING_ENABLE"}]
    wanted = {"Type": kind, "Status": "ENABLED"}
    eventually(lambda: wanted in organizations.list_roots()["Roots"][0]["PolicyTypes"])
    return root
