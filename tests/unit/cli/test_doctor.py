"""`groundwork doctor` where something is wrong: each line with its remedy, by answers of AWS that are written down here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.health import installation, organization
from cli.health.lines import Check, Patient, looked

OWNER = "123456789012"


class Client:
    """Answers its operations with what is written down; an error is raised."""

    class exceptions:  # noqa: N801 - as botocore has it
        class StateMachineDoesNotExist(Exception):
            pass

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:
        def answer(**_given: Any) -> Any:
            found = self._answers[operation]
            if isinstance(found, Exception):
                raise found
            return found

        return answer

    def get_paginator(self, operation: str) -> Any:
        answer = getattr(self, operation)

        class Pages:
            def paginate(self, **_given: Any) -> Iterator[Any]:
                yield answer()

        return Pages()


@dataclass
class Aws:
    """The connection: `answers` by operation, of whatever service."""

    answers: dict[str, Any] = field(default_factory=dict)
    caller: Mapping[str, str] = field(
        default_factory=lambda: {"Arn": f"arn:aws:iam::{OWNER}:user/ada", "Account": OWNER}
    )
    configured_region: str | None = "us-east-1"

    def client(self, _service: str) -> Client:
        return Client(self.answers)

    def state_machine(self, name: str) -> str:
        return name


def told(check: Check, **given: Any) -> list[tuple[str, str, str]]:
    """Verdict, what was found and the remedy of each line."""
    aws = Aws(**{name: given.pop(name) for name in ("caller", "configured_region") if name in given})
    components = given.pop("components", ("organization", "trail"))
    organization_ = {"MasterAccountId": OWNER, "FeatureSet": given.pop("features", "ALL")}
    aws.answers = {
        "describe_organization": {"Organization": organization_},
        "list_roots": {"Roots": [{"Id": "r-1", "PolicyTypes": given.pop("types", [])}]},
        "describe_stacks": {"Stacks": [stack(**given.pop("stack", {}))]},
        **given,
    }
    patient = Patient(aws, components)  # type: ignore[arg-type]
    return [(each.verdict, each.found, each.remedy) for each in looked(patient, check, "It")]


def stack(
    status: str = "CREATE_COMPLETE", parameters: Mapping[str, str] | None = None, **outputs: str
) -> dict[str, Any]:
    named = {"Version": installation.version(), **outputs}
    return {
        "StackStatus": status,
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in named.items()],
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()
        ],
    }


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "TheCall")


TRAIL = {"Name": "own", "TrailARN": "arn", "IsMultiRegionTrail": True, "HomeRegion": "us-east-1"}
LOGGING = {"IsLogging": True, "LatestDeliveryTime": datetime(2026, 11, 30, 1, 2, tzinfo=UTC)}
ALL = {"EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "All"}]}
QUOTA = {"QuotaName": "Default maximum number of accounts", "Value": 10.0}


@pytest.mark.parametrize(
    ("check", "given", "lines"),
    [
        (
            organization.credentials,
            {"caller": {"Arn": f"arn:aws:iam::{OWNER}:root", "Account": OWNER}},
            [
                ("bad", "the root user of account 123456789012", "Sign in as a user or a role"),
                ("good", "123456789012, the management account", ""),
            ],
        ),
        (
            organization.credentials,
            {"caller": {"Arn": "arn:aws:iam::999999999999:user/ada", "Account": "999999999999"}},
            [
                ("good", "arn:aws:iam::999999999999:user/ada", ""),
                ("bad", "999999999999, which is not the management", "Use a profile of account 123456789012"),
            ],
        ),
        (
            organization.region,
            {"configured_region": "eu-central-1"},
            [
                (
                    "warning",
                    "eu-central-1",
                    "This command asks us-east-1 anyway; for others: export AWS_REGION",
                )
            ],
        ),
        (
            organization.features,
            {"features": "CONSOLIDATED_BILLING"},
            [("bad", "consolidated billing", "Turn on all features: aws organizations enable-all-features")],
        ),
        (
            organization.policy_types,
            {},
            [("bad", "none", "SERVICE_CONTROL_POLICY is off. Let Groundwork run")],
        ),
        (
            organization.policies_on_the_root,
            {"list_policies_for_target": {"Policies": [{"Name": str(number)} for number in range(10)]}},
            [("warning", "10 of 10: 0, 1", "There is no room for one more.")],
        ),
        (
            organization.trusted_access,
            {"list_aws_service_access_for_organization": {"EnabledServicePrincipals": []}},
            [
                (
                    "bad",
                    "cloudtrail.amazonaws.com is not enabled, and trail needs it; iam.amazonaws.com is not",
                    "Let Groundwork run in the management",
                )
            ],
        ),
        (
            organization.root_features,
            {"list_organizations_features": {"EnabledFeatures": ["RootSessions"]}},
            [
                (
                    "bad",
                    "RootCredentialsManagement is off: member accounts' root users may have",
                    "Let Groundwork",
                )
            ],
        ),
        (
            organization.room,
            {"list_accounts": {"Accounts": [{}] * 10}, "list_service_quotas": {"Quotas": [QUOTA]}},
            [("bad", "10 of 10: none is left", "Ask for more in Service Quotas, in us-east-1")],
        ),
        (
            organization.room,
            {"list_accounts": {"Accounts": [{}] * 8}, "list_service_quotas": {"Quotas": [QUOTA]}},
            [("warning", "8 of 10", "Ask for more in Service Quotas")],
        ),
        (
            organization.trail,
            {"describe_trails": {"trailList": []}},
            [("bad", "the management account has no trail", "Let Groundwork run in the management account")],
        ),
        (
            organization.trail,
            {"describe_trails": {"trailList": [TRAIL]}, "get_trail_status": {"IsLogging": False}},
            [("bad", "own: is not logging", "Let Groundwork run")],
        ),
        (
            organization.trail,
            {
                "describe_trails": {"trailList": [TRAIL]},
                "get_trail_status": LOGGING,
                "get_event_selectors": {"EventSelectors": [{"ReadWriteType": "ReadOnly"}]},
            },
            [("bad", "own: logs no management events", "Let Groundwork run")],
        ),
        (
            organization.trail,
            {
                "describe_trails": {"trailList": [TRAIL]},
                "get_trail_status": {**LOGGING, "LatestDeliveryError": "AccessDenied"},
                "get_event_selectors": ALL,
            },
            [
                ("good", "own logs", ""),
                ("bad", "AccessDenied", "The bucket's or the key's policy does not let"),
            ],
        ),
        (
            organization.trail,
            {
                "describe_trails": {"trailList": [TRAIL]},
                "get_trail_status": LOGGING,
                "get_event_selectors": {
                    "AdvancedEventSelectors": [
                        {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
                    ]
                },
            },
            [("good", "own logs", ""), ("good", "at 2026-11-30 01:02 UTC", "")],
        ),
        (
            organization.recorder,
            {
                "describe_configuration_recorder_status": {
                    "ConfigurationRecordersStatus": [{"recording": True}]
                },
                "describe_delivery_channel_status": {
                    "DeliveryChannelsStatus": [
                        {
                            "configStreamDeliveryInfo": {
                                "lastStatus": "FAILURE",
                                "lastErrorCode": "AccessDenied",
                            }
                        }
                    ]
                },
            },
            [("bad", "delivers nothing: AccessDenied", "The bucket's policy does not let it.")],
        ),
        (
            installation.stack,
            {"describe_stacks": refused("ValidationError", "Stack with id groundwork does not exist")},
            [("bad", "is not there", "Deploy it: make build, then sam deploy")],
        ),
        (
            installation.stack,
            {"stack": {"status": "ROLLBACK_COMPLETE", "Version": "0.1.0"}},
            [
                ("bad", "ROLLBACK_COMPLETE", "Read its events"),
                (
                    "warning",
                    "0.1.0 is deployed, this command is of ",
                    "Deploy this one, or install the other",
                ),
            ],
        ),
        (
            installation.machines,
            {"describe_state_machine": Client.exceptions.StateMachineDoesNotExist()},
            [("bad", "is not there", "Deploy it")] * 2,
        ),
        (
            installation.management,
            {"list_tags_for_resource": {"Tags": [{"Key": "groundwork:state", "Value": "failed"}]}},
            [("bad", "failed", "Read its plan and say yes: groundwork apply management.")],
        ),
        (
            installation.undelivered,
            {
                "stack": {"UndeliveredEventsUrl": "https://queue"},
                "get_queue_attributes": {"Attributes": {"ApproximateNumberOfMessages": "3"}},
            },
            [("bad", "3", "Have them delivered again: groundwork replay.")],
        ),
        (
            installation.alarms,
            {"describe_alarms": {"MetricAlarms": [{"AlarmName": "groundwork-a", "StateValue": "ALARM"}]}},
            [("bad", "in ALARM: groundwork-a", "See what failed: groundwork failures.")],
        ),
        (
            installation.told,
            {
                "stack": {"NoticesTopicArn": "arn:aws:sns:us-east-1:1:groundwork-notices"},
                "list_subscriptions_by_topic": {
                    "Subscriptions": [
                        {"SubscriptionArn": "PendingConfirmation", "Endpoint": "ada@example.com"}
                    ]
                },
            },
            [("warning", "not confirmed: ada@example.com", "They have to follow the link in AWS's e-mail.")],
        ),
        (
            installation.daily_plan,
            {"stack": {"parameters": {"PlanEvery": "off"}}},
            [("warning", "off", "Nobody finds what differs from the baseline.")],
        ),
        (
            organization.trusted_access,
            {"list_aws_service_access_for_organization": refused("AccessDeniedException")},
            [
                (
                    "unknown",
                    "TheCall is not permitted",
                    "Use credentials that carry the managed policy groundwork-op",
                )
            ],
        ),
        (
            organization.trusted_access,
            {"list_aws_service_access_for_organization": refused("TooManyRequestsException", "slow down")},
            [("unknown", "TheCall: TooManyRequestsException: slow down", "Look again.")],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    check: Check, given: dict[str, Any], lines: Sequence[tuple[str, str, str]]
) -> None:
    found = told(check, **given)
    assert len(found) == len(lines), found
    for (verdict, what, remedy), (wanted, begins, remedies) in zip(found, lines, strict=True):
        assert (verdict, what.startswith(begins), remedy.startswith(remedies)) == (wanted, True, True), (
            what,
            remedy,
        )


def test_what_is_declared_needs_trusted_access_and_nothing_else() -> None:
    services = [{"ServicePrincipal": f"{name}.amazonaws.com"} for name in ("iam", "cloudtrail", "guardduty")]
    answer = {"list_aws_service_access_for_organization": {"EnabledServicePrincipals": services}}
    assert told(organization.trusted_access, **answer) == [("good", "cloudtrail, iam", "")]
    declared = ("organization", "trail", "threat-detection")
    ((verdict, found, _),) = told(organization.trusted_access, components=declared, **answer)
    assert (verdict, found) == (
        "bad",
        "malware-protection.guardduty.amazonaws.com is not enabled, and threat-detection needs it",
    )
