"""The call log names the policy, and the statement of it, that refused a call."""

from __future__ import annotations

import json
from typing import Any

from local.engine import Engine
from local.identity.credentials import Credentials
from tests.engine.authorization.people import HERE, Person, allow, refused
from tests.engine.support import create_role, eventually, policy

SCP = "SERVICE_CONTROL_POLICY"


def reason(aws: Engine, call: Any, **parameters: Any) -> str:
    """What the log says of a call that is refused."""
    refused(call, **parameters)
    last = aws.calls[-1]
    assert last.verdict == "denied"
    return last.reason


def test_an_allowed_call_has_no_reason(aws: Engine, person: Person) -> None:
    person.client("sts").get_caller_identity()
    assert (aws.calls[-1].verdict, aws.calls[-1].reason) == ("allowed", "")
    assert "Boto3/" in aws.calls[-1].agent


def test_of_the_callers_own_policies(aws: Engine, person: Person) -> None:
    iam = person.client("iam")
    assert (
        reason(aws, iam.list_users) == f"no identity-based policy of user/{person.name} in {HERE} allows it"
    )
    person.may(
        allow("iam:*"), {"Sid": "NoUsers", "Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"}
    )
    assert reason(aws, iam.list_users) == "inline policy may, statement NoUsers"
    person.may(allow("iam:*"), {"Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"})
    assert reason(aws, iam.list_users) == "inline policy may, statement 2"


def test_of_a_group_and_of_a_boundary(aws: Engine, person: Person) -> None:
    admin = aws.client("iam")
    person.may(allow("*"))
    text = policy(
        allow("*"), {"Sid": "NoRoles", "Effect": "Deny", "Action": "iam:ListRoles", "Resource": "*"}
    )
    arn = admin.create_policy(PolicyName=f"of-{person.name}", PolicyDocument=text)["Policy"]["Arn"]
    admin.create_group(GroupName=person.name)
    admin.add_user_to_group(GroupName=person.name, UserName=person.name)
    admin.attach_group_policy(GroupName=person.name, PolicyArn=arn)
    iam = person.client("iam")
    assert reason(aws, iam.list_roles) == f"policy of-{person.name}, statement NoRoles"
    admin.detach_group_policy(GroupName=person.name, PolicyArn=arn)
    admin.put_user_permissions_boundary(UserName=person.name, PermissionsBoundary=arn)
    denied = reason(aws, iam.list_roles)
    assert denied == f"permissions boundary policy/of-{person.name} in {HERE}, statement NoRoles"


def test_of_a_trust_policy(aws: Engine, person: Person) -> None:
    person.may(allow("sts:AssumeRole"))
    role = create_role(aws, f"role-{person.name}"[:64], "ec2.amazonaws.com")
    denied = reason(aws, person.client("sts").assume_role, RoleArn=role, RoleSessionName="test")
    assert denied == f"no role trust policy of {role.split(':')[5]} in {HERE} allows it"


def test_of_a_service_control_policy(aws: Engine) -> None:
    organizations = aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType=SCP)
    aws.creation.throttle.enforced = False
    made = organizations.create_account(AccountName="dev", Email="aws+dev@example.com")["CreateAccountStatus"]

    def created() -> str | None:
        asked = organizations.describe_create_account_status(CreateAccountRequestId=made["Id"])
        account: str | None = asked["CreateAccountStatus"].get("AccountId")
        return account

    account = eventually(created)

    def entered() -> Any:
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        try:
            return aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        except aws.client("sts").exceptions.ClientError:
            return None

    session = eventually(entered)
    keys = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    guard = {"Sid": "ProtectTrails", "Effect": "Deny", "Action": "cloudtrail:StopLogging", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": guard})
    organizations.create_policy(Name="guardrails", Type=SCP, Description="", Content=document)
    (found,) = [
        each for each in organizations.list_policies(Filter=SCP)["Policies"] if each["Name"] == "guardrails"
    ]
    organizations.attach_policy(PolicyId=found["Id"], TargetId=account)
    stop = aws.client("cloudtrail", credentials=keys).stop_logging
    assert reason(aws, stop, Name="any") == "SCP guardrails, statement ProtectTrails"
    organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=account)
    assert reason(aws, stop, Name="any") == "SCP guardrails, statement ProtectTrails"
    silent = reason(aws, aws.client("iam", credentials=keys).list_users)
    assert silent == "no service control policy at dev allows it"
