"""Accounts, credentials and refusals, for the tests of single services."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.support import eventually


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    """The code of the error that a call is answered with."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def new_member(engine: Engine) -> str:
    """The id of a new account of the organization, ready for use."""
    engine.creation.throttle.enforced = False
    engine.creation.entry_delay = engine.creation.service_delay = engine.creation.seconds = 0
    engine.creation.account_limit = 1000
    organizations = engine.client("organizations")
    request = organizations.create_account(AccountName="member", Email=f"{uuid.uuid4()}@example.com")
    request_id = request["CreateAccountStatus"]["Id"]

    def account() -> str | None:
        status = organizations.describe_create_account_status(CreateAccountRequestId=request_id)
        found: str | None = status["CreateAccountStatus"].get("AccountId")
        return found

    return str(eventually(account))


def administrator(account: str) -> Credentials:
    """A new IAM user of `account` that may do everything its organization lets it."""
    iam, name = iam_backends[account]["aws"], f"admin-{uuid.uuid4()}"
    iam.create_user("us-east-1", name)
    iam.attach_user_policy("arn:aws:iam::aws:policy/AdministratorAccess", name)
    key = iam.create_access_key(name)
    return Credentials(key.access_key_id, key.secret_access_key)
