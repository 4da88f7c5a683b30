"""An organization of many accounts, a stranger and a suspended one among them, and ways to make one of them fail."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local.organizations import organization_of
from tests.queues import queue
from tests.workflow.conftest import TIME_SCALE, Cloud, Slot, bootstrapped, deployed, until
from tests.workflow.test_repair import Inside, delete_recorder

UNITS = ("Workloads/Development", "Workloads/Staging", "Workloads/Production")


@dataclass
class Organization:
    """`ids` are the workload accounts, as many in each of the three units."""

    cloud: Cloud
    ids: list[str]
    stranger: str
    """An account that was there before Groundwork."""
    suspended: str
    notices: str
    """A queue that hears the topic."""

    def told(self) -> list[dict[str, str]]:
        """The SNS messages since it was last asked."""
        return notices(self.cloud, self.notices)

    def drifted(self, since: int) -> list[str]:
        """The accounts that `Account Drifted` named from the given answer on."""
        return sorted(
            event["detail"]["accountId"]
            for event in self.cloud.answers()[since:]
            if event["detail-type"] == "Account Drifted"
        )


def with_accounts(slot: Slot, many: int) -> Organization:
    """An organization of one's own with its security account and so many workload accounts, all of them ready."""
    aws = slot.own(time_scale=TIME_SCALE)
    organizations = aws.client("organizations")
    organizations.create_account(AccountName="before", Email="aws+before@example.com")
    cloud = bootstrapped(deployed(aws))
    aws.client("events").disable_rule(Name=cloud.physical("DiscoverAccountsRule"))
    cloud.declared("security")
    asked = [cloud.fresh() for _ in range(many + 1)]
    for number, (name, email) in enumerate(asked):
        cloud.post(accountName=name, email=email, organizationalUnit=UNITS[number % len(UNITS)])
    emails = {email for _, email in asked}
    until(lambda: emails <= cloud.accounts().keys(), "all accounts")
    failed = [each for each in cloud.all_ended() if each.status != "SUCCEEDED"]
    assert failed == []
    accounts = cloud.accounts()
    suspended, *ids = (str(accounts[email]["Id"]) for _, email in asked)
    organizations.close_account(AccountId=suspended)
    until(lambda: _state(organizations, suspended) == "CLOSED", "the account's closure")
    organizations.tag_resource(ResourceId=ids[0], Tags=[{"Key": "wave", "Value": "first"}])
    stranger = str(accounts["aws+before@example.com"]["Id"])
    return Organization(cloud, ids, stranger, suspended, subscribe(cloud))


def _state(organizations: Any, account: str) -> str:
    return str(organizations.describe_account(AccountId=account)["Account"]["State"])


def subscribe(cloud: Cloud) -> str:
    """A queue that hears the topic; its URL."""
    topic = cloud.outputs["NoticesTopicArn"]
    url, arn = queue(cloud.aws, "notices", "sns.amazonaws.com", topic)
    cloud.aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def notices(cloud: Cloud, url: str) -> list[dict[str, Any]]:
    """The SNS messages that have come into this queue since."""
    sqs, heard = cloud.aws.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            heard.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return heard


# -- ways to make an account fail ------------------------------------------------------------------


def lock_out(cloud: Cloud, account: str) -> None:
    """Its entry role trusts nobody of us any more, and it is too old for that to pass."""
    found = organization_of(account)
    assert found is not None
    found.account(account).create_time -= timedelta(hours=2)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    cloud.inside("iam", account).update_assume_role_policy(
        RoleName="OrganizationAccountAccessRole", PolicyDocument=json.dumps(trust)
    )


def occupy_recorder(cloud: Cloud, account: str) -> None:
    """Somebody else's recorder stands where ours was, and does not cover."""
    delete_recorder(Inside(cloud, account))
    role = f"arn:aws:iam::{account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    cloud.inside("config", account).put_configuration_recorder(
        ConfigurationRecorder={"name": "theirs", "roleARN": role}
    )


def deny_cloudtrail(cloud: Cloud, account: str) -> str:
    """The id of a policy that must be detached again. A policy of the owner's own keeps even the entry role from CloudTrail."""
    organizations = cloud.aws.client("organizations")
    deny = {"Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*"}
    policy = organizations.create_policy(
        Name="no-cloudtrail",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=account)
    return str(policy)
