"""Somebody who may post `Account Requested` and nothing else tries every field of the event for a way to more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.identity.credentials import Credentials
from tests.workflow.conftest import Cloud, Execution
from tests.workflow.looking import portrait
from tests.workflow.people import join

MINE = {"accountName": "mine", "email": "aws+mine@example.com"}
REFUSED: Mapping[str, dict[str, Any]] = {
    # as whom
    "the management account's kind": {"kind": "management"},
    "a kind in capitals": {"kind": "Tooling"},
    "a list of kinds": {"kind": ["tooling"]},
    "the security account's kind": {"kind": "security"},
    # whose account
    "the security account's e-mail": {"email": "aws+security@example.com"},
    "its e-mail in capitals": {"email": "AWS+Security@EXAMPLE.com"},
    "the tooling account's e-mail": {"email": "aws+mgmt@example.com"},
    "the declared account in another unit": {
        "accountName": "mgmt",
        "email": "aws+mgmt@example.com",
        "organizationalUnit": "Workloads/Development",
    },
    "two e-mails": {"email": "aws+mine@example.com,aws+security@example.com"},
    "a header in the e-mail": {"email": "aws+mine@example.com\nBcc: eve@example.com"},
    # what a person's start takes
    "an account's id": {"accountId": "000000000000"},
    "a mode": {"mode": "apply"},
    "components": {"components": ["guardrails"]},
    # what the machine keeps for itself
    "an execution": {
        "execution": "arn:aws:states:us-east-1:000000000000:execution:groundwork-vend-account:x"
    },
    "a request's id": {"requestId": "00000000-0000-0000-0000-000000000000"},
    "a route": {"route": "baseline", "account": {"kind": "management"}},
    "roles": {"roles": [{"name": "x", "trust": {"account": "999999999999"}}]},
    "an unknown key that is a prototype": {"__class__": "Account"},
    # where
    "the root": {"organizationalUnit": ""},
    "the root by a slash": {"organizationalUnit": "/"},
    "the unit above": {"organizationalUnit": "Workloads//Development"},
    "too deep": {"organizationalUnit": "a/b/c/d/e/f"},
    "a unit with a control character": {"organizationalUnit": "Workloads/\u0007"},
    "a unit that is no text": {"organizationalUnit": {"Id": "r-ab12"}},
    # tags
    "our tag": {"tags": {"groundwork:kind": "management"}},
    "our tag in capitals": {"tags": {"GROUNDWORK:state": "ready"}},
    "AWS's tag": {"tags": {"aws:cloudformation:stack-name": "groundwork"}},
    "a policy variable in a tag": {"tags": {"owner": "${aws:PrincipalTag/owner}"}},
    "an expression in a tag": {"tags": {"owner": "{% $states.context %}"}},
    "a tag that is no text": {"tags": {"owner": {"Ref": "AWS::AccountId"}}},
    # names
    "no name": {"accountName": " "},
    "a name that is no text": {"accountName": ["security"]},
    "a name in look-alike letters": {"accountName": "s\u0435curity"},
    "an expression for a name": {"accountName": "{% $states.context.Execution.Input %}"},
    "a policy variable for a name": {"accountName": "${aws:PrincipalAccount}"},
    "a placeholder for a name": {"accountName": "<management>"},
    "an ARN for a name": {"accountName": "arn:aws:iam::aws:policy/AdministratorAccess"},
    "everybody for a name": {"accountName": "*"},
    "a name of two lines": {"accountName": "mine\nsecurity"},
}
LITERAL = (
    "../../root",
    "/aws-service-role/",
    "OrganizationAccountAccessRole",
    "security",
    "States.Format('', 1)",
    "groundwork-trail-000000000000",
    "role/ci-cd/pipeline",
    "true",
)
"""Names that AWS takes, and that mean something elsewhere. Here they are names."""


@pytest.fixture(scope="module")
def requester(cloud: Cloud) -> Credentials:
    cloud.declared("security")
    key = join(cloud, cloud.aws.management_account, "attacker")
    cloud.aws.client("iam").attach_user_policy(
        UserName="attacker", PolicyArn=cloud.outputs["RequesterPolicyArn"]
    )
    return key


def post(cloud: Cloud, who: Credentials, detail: Mapping[str, Any], **more: Any) -> str:
    entry = {"Source": "groundwork", "DetailType": "Account Requested", "Detail": json.dumps(detail), **more}
    (answer,) = cloud.aws.client("events", credentials=who).put_events(Entries=[entry])["Entries"]
    return str(answer["EventId"])


def ended(cloud: Cloud, event_id: str) -> Execution:
    return cloud.ended(cloud.execution_of(event_id))


def powers(cloud: Cloud) -> Any:
    """All that a requester must not move: the two accounts with power, every unit, every policy of the organization."""
    organizations = cloud.aws.client("organizations")
    (root,) = organizations.list_roots()["Roots"]
    policies = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    targets = {
        policy["Name"]: organizations.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]
        for policy in policies
        if not policy["AwsManaged"]  # that one is on every account
    }
    management, security = cloud.aws.management_account, cloud.declared("security")
    return (
        [units_below(cloud, root["Id"]), policies, targets],
        [
            (portrait(cloud, account), cloud.tags_of(account), organizations.list_parents(ChildId=account))
            for account in (management, security)
        ],
    )


def units_below(cloud: Cloud, parent: str) -> list[Any]:
    client = cloud.aws.client("organizations")
    found = client.list_organizational_units_for_parent(ParentId=parent)["OrganizationalUnits"]
    return [(unit["Name"], unit["Id"], units_below(cloud, unit["Id"])) for unit in found]


def plain(found: Any) -> Any:
    """Without what AWS says of the answer itself."""
    return json.loads(json.dumps(found, default=str), object_hook=_without_metadata)


def _without_metadata(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != "ResponseMetadata"}


def test_no_field_of_the_event_reaches_further(cloud: Cloud, requester: Credentials) -> None:
    cloud.all_ended()
    before, accounts = plain(powers(cloud)), cloud.accounts()
    events = {case: post(cloud, requester, MINE | detail) for case, detail in REFUSED.items()}
    executions = {case: ended(cloud, event) for case, event in events.items()}
    assert {case: found.status for case, found in executions.items() if found.status != "FAILED"} == {}
    assert {found.error for found in executions.values()} == {"InvalidRequest"}
    assert (plain(powers(cloud)), cloud.accounts()) == (before, accounts)


def test_the_management_accounts_own_email_is_no_way_to_it(cloud: Cloud, requester: Credentials) -> None:
    described = cloud.aws.client("organizations").describe_organization()["Organization"]
    theirs = next(
        account for account in cloud.accounts().values() if account["Id"] == described["MasterAccountId"]
    )
    before, accounts = plain(powers(cloud)), cloud.accounts()
    for email in (theirs["Email"], theirs["Email"].upper()):
        for name in (theirs["Name"], "mine"):
            found = ended(cloud, post(cloud, requester, {"accountName": name, "email": email}))
            assert (found.status, found.error) == ("FAILED", "EmailBelongsToAnotherAccount"), found
    assert (plain(powers(cloud)), cloud.accounts()) == (before, accounts)


def test_what_means_something_elsewhere_is_a_name_here(cloud: Cloud, requester: Credentials) -> None:
    """Each name makes an ordinary workload, called just that, with what every other one has."""
    cloud.all_ended()
    before = plain(powers(cloud))
    _, email = cloud.fresh()
    emails = {"ordinary": email, **{name: cloud.fresh()[1] for name in LITERAL}}
    events = {
        name: post(cloud, requester, {"accountName": name, "email": email, "sameName": True})
        for name, email in emails.items()
    }
    made = {name: ended(cloud, event) for name, event in events.items()}
    assert {name: found.status for name, found in made.items() if found.status != "SUCCEEDED"} == {}
    assert {name: cloud.accounts()[email]["Name"] for name, email in emails.items()} == {
        name: name for name in emails
    }
    looks = {name: look(cloud, found.output["accountId"]) for name, found in made.items()}
    assert {name: found for name, found in looks.items() if found != looks["ordinary"]} == {}
    assert {found.output["kind"] for found in made.values()} == {"workload"}
    assert plain(powers(cloud)) == before


def look(cloud: Cloud, account: str) -> Any:
    """What an account holds, but for its id, and its alias, which tells its name."""
    found = portrait(cloud, account)
    del found["aliases"]
    return json.loads(json.dumps(found, default=str).replace(account, "<account>"))


def test_what_else_an_entry_carries_changes_nothing(cloud: Cloud, requester: Credentials) -> None:
    name, email = cloud.fresh()
    management = (
        f"arn:aws:organizations::{cloud.aws.management_account}:account/o-x/{cloud.aws.management_account}"
    )
    carried = {
        "Resources": [management],
        "TraceHeader": "Root=1-00000000-000000000000000000000000",
        "Time": 0,
    }
    before = plain(powers(cloud))
    found = ended(cloud, post(cloud, requester, {"accountName": name, "email": email}, **carried))
    assert (found.status, found.output["kind"], found.output["email"]) == ("SUCCEEDED", "workload", email)
    assert plain(powers(cloud)) == before


def test_nobody_plants_an_event_for_the_replay(cloud: Cloud) -> None:
    """Not even an administrator writes into the queue whose messages start machines when a person replays it."""
    sqs, url = cloud.aws.client("sqs"), cloud.outputs["UndeliveredEventsUrl"]
    before = cloud.executions()
    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"id": "planted", "detail": {}}))
    assert cloud.invoke("ReplayEventsFunction") == {"delivered": 0, "left": {}}
    assert cloud.executions() == before
