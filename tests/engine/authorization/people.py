"""Who asks in the tests of authorization: IAM users, and what they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.support import policy

HERE = Engine.management_account


class Person:
    """An IAM user, and what came of their calls."""

    def __init__(self, aws: Engine, name: str, *statements: dict[str, Any]) -> None:
        self.aws, self.name = aws, name
        iam = aws.client("iam")
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        if statements:
            self.may(*statements)

    def may(self, *statements: dict[str, Any]) -> None:
        self.aws.client("iam").put_user_policy(
            UserName=self.name, PolicyName="may", PolicyDocument=policy(*statements)
        )

    def client(self, service: str, region: str | None = None) -> Any:
        return self.aws.client(service, region=region, credentials=self.credentials)


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    """Code and message of the refusal of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}
