"""Where an account is, as far as AWS says: every member of its answer is optional."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from groundwork.aws.organizations import Organizations

MANAGEMENT, ORGANIZATION = "111111111111", "o-1234567890"


@pytest.fixture
def aws() -> Iterator[tuple[Organizations, Stubber]]:
    client = boto3.client(
        "organizations", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    with Stubber(client) as answers:
        yield Organizations(client), answers


def account(number: str, **besides: Any) -> dict[str, Any]:
    arn = f"arn:aws:organizations::{MANAGEMENT}:account/{ORGANIZATION}/{number}"
    return {"Id": number, "Arn": arn, "Name": "one", "Email": "one@example.com", **besides}


def test_one_account_without_paths_hides_no_other(aws: tuple[Organizations, Stubber]) -> None:
    organizations, answers = aws
    joined = datetime(2026, 1, 1, tzinfo=UTC)
    inside = [f"{ORGANIZATION}/r-abcd/ou-abcd-11111111/444444444444/"]
    answers.add_response(
        "list_accounts",
        {
            "Accounts": [
                account("222222222222", State="CLOSED", JoinedTimestamp=joined),
                account("333333333333", State="ACTIVE", JoinedTimestamp=joined),
                account("444444444444", State="ACTIVE", JoinedTimestamp=joined, Paths=inside),
                {key: account("555555555555")[key] for key in ("Id", "Arn")},
            ]
        },
    )
    for child, parent, kind in (
        ("333333333333", "ou-abcd-22222222", "ORGANIZATIONAL_UNIT"),
        ("ou-abcd-22222222", "r-abcd", "ROOT"),
    ):
        answers.add_response("list_parents", {"Parents": [{"Id": parent, "Type": kind}]}, {"ChildId": child})
    found = {each.id: each for each in organizations.accounts()}
    assert {number: (each.root_id, each.unit_ids) for number, each in found.items()} == {
        "222222222222": ("", ()),
        "333333333333": ("r-abcd", ("ou-abcd-22222222",)),
        "444444444444": ("r-abcd", ("ou-abcd-11111111",)),
        "555555555555": ("", ()),
    }
    assert found["555555555555"].state == "UNKNOWN"


def test_who_was_invited_was_not_made_here(aws: tuple[Organizations, Stubber]) -> None:
    organizations, answers = aws
    came = {"222222222222": {"JoinedMethod": "CREATED"}, "333333333333": {"JoinedMethod": "INVITED"}}
    listed = [
        account(number, State="ACTIVE", Paths=[f"{ORGANIZATION}/r-abcd/{number}/"], **given)
        for number, given in {**came, "444444444444": {}}.items()
    ]
    answers.add_response("list_accounts", {"Accounts": listed})
    assert [each.id for each in organizations.accounts() if each.created] == ["222222222222"]
