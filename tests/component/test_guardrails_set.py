"""guardrails: the set as a whole, and what stands for an account as one: that it stays, that its root user does nothing, that
what the organization holds is not undone, and in which Regions it works."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from groundwork.baseline.central_policies import minified
from groundwork.baseline.components.guardrails.document import guardrail_documents
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.policy_files import Document
from groundwork.declaration.settings import CloudWatchLogs
from groundwork.doors.known import actions, matching
from groundwork.policies.conditions import as_list
from groundwork.policies.documents import Request, compile_policy
from tests.component.test_guardrails import (
    ADMINISTRATOR,
    ATTACKS,
    ENTRY,
    ENTRY_OF_SECURITY,
    FREE,
    MEMBER,
    NEVER,
    OF_ITS_ROLE,
    OF_MEMBERSHIP,
    OF_THE_ARCHIVE,
    ORGANIZATION,
    SECURITY,
    WRITER,
    denied,
    named,
    trail,
    who,
)

ADMINISTRATOR_OF_SECURITY = ADMINISTRATOR.replace(MEMBER, SECURITY)
ALARMS_KEY = "alias/groundwork-alarms"
SILENT = ("AddPermission", "DeleteTopic", "PutDataProtectionPolicy", "RemovePermission", "SetTopicAttributes")
HELD: list[tuple[str, str, dict[str, Any]]] = [
    *((f"ec2:Disable{what}BlockPublicAccess", "*", {}) for what in ("Image", "Snapshot")),
    ("ec2:EnableSerialConsoleAccess", "*", {}),
    ("ec2:EnableSnapshotBlockPublicAccess", "*", {}),
    ("ec2:ModifyInstanceMetadataDefaults", "*", {}),
    ("ec2:ModifyVpcBlockPublicAccessOptions", "*", {}),
    ("s3:PutAccountPublicAccessBlock", "*", {}),
    *(
        (f"guardduty:{action}", f"arn:aws:guardduty:us-east-1:{SECURITY}:detector/abc", {})
        for action in (
            "DeleteDetector",
            "DeleteMembers",
            "DisableOrganizationAdminAccount",
            "DisassociateFromAdministratorAccount",
            "DisassociateFromMasterAccount",
            "DisassociateMembers",
            "StopMonitoringMembers",
            "UpdateOrganizationConfiguration",
        )
    ),
    *((f"inspector2:{action}", "*", {}) for action in ("Disable", "DisassociateMember")),
    *(
        (f"macie2:{action}", "*", {})
        for action in (
            "DeleteMember",
            "DisableMacie",
            "DisassociateFromAdministratorAccount",
            "DisassociateMember",
            "UpdateAutomatedDiscoveryConfiguration",
            "UpdateMacieSession",
            "UpdateMemberSession",
            "UpdateOrganizationConfiguration",
        )
    ),
    *(
        (f"securityhub:{action}", f"arn:aws:securityhub:us-east-1:{SECURITY}:hub/default", {})
        for action in (
            "BatchDisableStandards",
            "DeleteConfigurationPolicy",
            "DeleteFindingAggregator",
            "DeleteMembers",
            "DisableImportFindingsForProduct",
            "DisableOrganizationAdminAccount",
            "DisableSecurityHub",
            "DisableSecurityHubV2",
            "DisassociateFromAdministratorAccount",
            "DisassociateFromMasterAccount",
            "DisassociateMembers",
            "StartConfigurationPolicyAssociation",
            "StartConfigurationPolicyDisassociation",
            "UpdateConfigurationPolicy",
            "UpdateFindingAggregator",
            "UpdateOrganizationConfiguration",
            "UpdateSecurityHubConfiguration",
        )
    ),
    *(
        (f"access-analyzer:{action}", f"arn:aws:access-analyzer:us-east-1:{SECURITY}:analyzer/ours", {})
        for action in ("DeleteAnalyzer", "UpdateAnalyzer")
    ),
    *(
        (f"kms:{action}", f"arn:aws:kms:us-east-1:{SECURITY}:key/abc", {"kms:resourcealiases": [ALARMS_KEY]})
        for action in ("DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion")
    ),
    *(
        (f"kms:{action}", f"arn:aws:kms:us-east-1:{SECURITY}:{ALARMS_KEY}", {})
        for action in ("DeleteAlias", "UpdateAlias")
    ),
    *((f"sns:{action}", f"arn:aws:sns:us-east-1:{SECURITY}:groundwork-alarms", {}) for action in SILENT),
]
"""What undoes what the organization holds, where the components are declared that hold it."""

FEATURES: list[tuple[str, str, dict[str, Any]]] = [
    ("guardduty:UpdateDetector", f"arn:aws:guardduty:us-east-1:{MEMBER}:detector/abc", {}),
    ("guardduty:UpdateMemberDetectors", f"arn:aws:guardduty:us-east-1:{SECURITY}:detector/abc", {}),
]
"""What switches GuardDuty's features on and off, which AWS itself refuses where a policy holds them."""
OF_THE_ANALYZER: list[tuple[str, str, dict[str, Any]]] = [
    (
        f"access-analyzer:{action}",
        f"arn:aws:access-analyzer:eu-west-1:{MEMBER}:analyzer/groundwork-account",
        {},
    )
    for action in ("DeleteAnalyzer", "UpdateAnalyzer")
]
"""Of each account, where `externalAccess.perAccount` is declared."""

LOG_GROUP = f"arn:aws:logs:us-east-1:{MEMBER}:log-group:/groundwork/trail"
LOGS_ROLE = f"arn:aws:iam::{MEMBER}:role/groundwork-trail-logs"
ALARM = f"arn:aws:cloudwatch:us-east-1:{MEMBER}:alarm:groundwork-cis-5.1"
WATCHING: list[tuple[str, str, dict[str, Any]]] = [
    ("logs:DeleteLogGroup", LOG_GROUP, {}),
    ("logs:DeleteMetricFilter", LOG_GROUP, {}),
    ("logs:PutRetentionPolicy", f"{LOG_GROUP}:*", {}),
    ("logs:PutLogEvents", f"{LOG_GROUP}:log-stream:theirs", {}),
    ("cloudwatch:DeleteAlarms", ALARM, {}),
    ("cloudwatch:DisableAlarmActions", ALARM, {}),
    ("cloudwatch:PutMetricAlarm", ALARM, {}),
    ("cloudwatch:SetAlarmState", ALARM, {}),
    ("iam:DeleteRolePolicy", LOGS_ROLE, {}),
    ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{MEMBER}:role/other/groundwork-trail-logs", {}),
]
"""What blinds what watches an account, where alarms are in each account."""


def everything(**guardrails: Any) -> Declaration:
    """The default, with every component that the guard rails protect, and Regions."""
    declared = load()
    held = (
        "organization-policies",
        "threat-detection",
        "posture",
        "external-access",
        "vulnerability-scanning",
        "sensitive-data",
    )
    baseline = {
        **declared.baseline,
        "management": ["guardrails", *held],
        "workload": [*declared.baseline["workload"], "cdk"],
    }
    baseline["security"] = [*baseline["security"], "alarms"]
    rails = declared.guardrails.model_copy(update={"regions": ["eu-west-1"], **guardrails})
    trail = declared.trail.model_copy(update={"cloud_watch_logs": CloudWatchLogs()})
    policies = declared.organization_policies.model_copy(update={"vpc_block_public_access": "block-ingress"})
    return declared.model_copy(
        update={
            "baseline": baseline,
            "guardrails": rails,
            "organization_policies": policies,
            "trail": trail,
        }
    )


def with_settings(declaration: Declaration, settings: Mapping[str, Any]) -> Declaration:
    made = declaration.model_copy()
    made._given = {**declaration._given, **settings}
    return made


def in_part() -> Declaration:
    """Everything, with accounts that are left to themselves."""
    settings = {
        "threat-detection": {"by": "auto-enable"},
        "posture": {"where": ["Workloads/Development"]},
        "sensitive-data": {"exceptAccounts": ["sandbox"]},
        "external-access": {"perAccount": True},
    }
    return with_settings(everything(), settings)


@pytest.mark.parametrize(
    "declaration", [load(), everything(), in_part()], ids=["the default", "everything", "in part"]
)
def test_the_set_fits_the_limits_of_before_may_2026(declaration: Declaration) -> None:
    """5,120 characters each, and five to a root, of which AWS's FullAWSAccess is one."""
    documents = guardrail_documents(declaration, ORGANIZATION)
    measured = {name: len(minified(document)) for name, document in documents.items()}
    assert max(measured.values()) <= 5_120, measured
    assert len(measured) + 1 <= 5, measured


@pytest.mark.parametrize("declaration", [everything(), in_part()], ids=["everything", "in part"])
def test_every_part_of_the_policies_stops_an_attack_that_nothing_else_stops(declaration: Declaration) -> None:
    parts = 0
    for document in guardrail_documents(declaration, ORGANIZATION).values():
        for number, element, value in parts_of(document):
            parts += 1
            without = json.loads(minified(document))
            without["Statement"][number][element].remove(value)
            whole, less = compile_policy(minified(document)), compile_policy(minified(without))
            assert any(whole.verdict(each).denied and not less.verdict(each).denied for each in REQUESTS), (
                f"{value} stops no attack"
            )
    assert parts > 65


def parts_of(document: Document) -> list[tuple[int, str, str]]:
    """Of all statements but the CDK's, which `test_cdk_guardrails` takes apart."""
    return [
        (number, element, value)
        for number, statement in enumerate(document["Statement"])
        if statement["Sid"] != "Cdk"
        for element in ("Action", "Resource")
        for value in (statement[element] if isinstance(statement.get(element), list) else ())
    ]


REQUESTS = [
    Request(action, resource, {**who(principal), **context})
    for principal, attacks in (
        (ADMINISTRATOR, (*ATTACKS, *FEATURES, *WATCHING, *OF_THE_ARCHIVE, *OF_ITS_ROLE, *OF_MEMBERSHIP)),
        (ADMINISTRATOR_OF_SECURITY, (*HELD, *OF_THE_ANALYZER)),
        (WRITER, NEVER),
    )
    for action, resource, context in attacks
]


@pytest.mark.parametrize("attack", HELD, ids=named)
def test_what_the_organization_holds_nobody_in_a_member_undoes(
    attack: tuple[str, str, dict[str, Any]],
) -> None:
    held = everything(regions=None)
    assert denied(*attack, declaration=held)
    assert not denied(*attack, declaration=held, principal=ENTRY_OF_SECURITY)
    if attack[0] != "s3:PutAccountPublicAccessBlock":
        bare = load().model_copy(update={"baseline": {"management": ["guardrails"], "security": ["access"]}})
        assert not denied(*attack, declaration=bare), "no component is declared that holds it"


@pytest.mark.parametrize("attack", WATCHING, ids=named)
def test_what_watches_is_not_blinded(attack: tuple[str, str, dict[str, Any]]) -> None:
    held = everything(regions=None)
    assert denied(*attack, declaration=held)
    assert not denied(*attack, declaration=held, principal=ENTRY)
    assert not denied(*attack), "the default has neither alarms nor a copy of the events in the account"


def test_events_are_written_by_cloudtrails_role_alone_and_anybody_may_look() -> None:
    held, stream = everything(regions=None), f"{LOG_GROUP}:log-stream:theirs"
    assert not denied("logs:PutLogEvents", stream, {}, declaration=held, principal=LOGS_ROLE)
    assert not denied("logs:DeleteLogGroup", f"{LOG_GROUP}-else", {}, declaration=held)
    for read in ("logs:StartQuery", "logs:FilterLogEvents", "logs:DescribeMetricFilters"):
        assert not denied(read, LOG_GROUP, {}, declaration=held)
    assert not denied("cloudwatch:DescribeAlarms", ALARM, {}, declaration=held)
    topic = f"arn:aws:sns:us-east-1:{SECURITY}:groundwork-alarms"
    assert not denied("sns:Subscribe", topic, {}, declaration=held)


def test_what_no_policy_holds_is_left_to_accounts() -> None:
    def open_to(**policies: Any) -> Declaration:
        whole = everything(regions=None)
        changed = whole.organization_policies.model_copy(update=policies)
        return whole.model_copy(update={"organization_policies": changed})

    serial = ("ec2:EnableSerialConsoleAccess", "*")
    assert denied(*serial, declaration=open_to())
    assert not denied(*serial, declaration=open_to(serial_console_off=False))
    assert denied("ec2:DisableImageBlockPublicAccess", declaration=open_to(serial_console_off=False))
    assert not denied(*serial, declaration=open_to(from_unit="Security"))
    for verb in ("Create", "Delete", "Modify"):
        assert not denied(f"ec2:{verb}VpcBlockPublicAccessExclusion", declaration=open_to())


@pytest.mark.parametrize("act", FEATURES, ids=named)
def test_features_of_guardduty_that_no_policy_names_are_left_to_accounts(
    act: tuple[str, str, dict[str, Any]],
) -> None:
    held = everything(regions=None)
    by_administrator = with_settings(held, {"threat-detection": {"by": "auto-enable"}})
    for principal in (ADMINISTRATOR, ADMINISTRATOR_OF_SECURITY):
        assert not denied(*act, declaration=held, principal=principal)
        assert denied(*act, declaration=by_administrator, principal=principal)
    assert not denied(*act, declaration=by_administrator, principal=ENTRY)


@pytest.mark.parametrize("attack", OF_THE_ANALYZER, ids=named)
def test_the_analyzer_of_each_account_stays_where_it_is_declared(
    attack: tuple[str, str, dict[str, Any]],
) -> None:
    action, ours, _ = attack
    whole = everything(regions=None)
    each = with_settings(whole, {"external-access": {"perAccount": True}})
    assert denied(*attack, declaration=each)
    assert not denied(*attack, declaration=each, principal=ENTRY)
    assert not denied(action, ours.replace("groundwork-account", "theirs"), declaration=each)
    assert denied(
        action, ours.replace(MEMBER, SECURITY).replace("groundwork-account", "any"), declaration=each
    )
    assert not denied(*attack, declaration=whole)


def test_accounts_that_are_left_out_decide_for_themselves() -> None:
    whole = everything(regions=None)
    services = {"securityhub": {"posture": {"where": ["Workloads/Development"]}}}
    services["macie2"] = {"sensitive-data": {"exceptAccounts": ["sandbox"]}}
    for service, settings in services.items():
        part, acts = with_settings(whole, settings), [each for each in HELD if each[0].startswith(service)]
        assert len(acts) > 5
        for act in acts:
            assert denied(*act, declaration=whole)
            assert not denied(*act, declaration=part)
            assert denied(*act, declaration=part, principal=ADMINISTRATOR_OF_SECURITY)
            assert not denied(*act, declaration=part, principal=ENTRY_OF_SECURITY)
        others = [each for each in HELD if each not in acts]
        assert all(denied(*act, declaration=part) for act in others)


def test_every_action_that_is_named_is_one_of_the_services() -> None:
    every = {
        f"{service}:{name}" for service, each in actions().items() for name in each.reading | each.changing
    }
    named_ones = {
        action
        for document in guardrail_documents(everything(), ORGANIZATION).values()
        for statement in document["Statement"]
        for element in ("Action", "NotAction")
        for action in as_list(statement.get(element, []))
    }
    assert [each for each in sorted(named_ones - {"*"}) if not every.intersection(matching(each))] == []


def test_the_root_user_does_nothing_but_for_the_management_account() -> None:
    root = f"arn:aws:iam::{MEMBER}:root"
    privileged = {"aws:assumedroot": "true"}
    for act in (
        *FREE,
        ("s3:DeleteBucketPolicy", "arn:aws:s3:::theirs", {}),
        ("iam:CreateAccessKey", "*", {}),
    ):
        action, resource, context = act
        assert denied(*act, principal=root), act
        assert not denied(action, resource, {**context, **privileged}, principal=root), act
    assert denied("cloudtrail:StopLogging", trail(), privileged, principal=root)
    assert not denied(
        "s3:GetObject", principal=root, declaration=everything(deny_root_user=False, regions=None)
    )


def test_only_the_declared_regions_are_used_where_they_are_declared() -> None:
    def refused(action: str, region: str, principal: str = ADMINISTRATOR, **guardrails: Any) -> bool:
        context = {"aws:requestedregion": region}
        return denied(action, "*", context, principal, everything(**guardrails))

    assert refused("ec2:RunInstances", "ap-east-1")
    assert refused("s3:CreateBucket", "eu-west-1", regions=[])
    assert not refused("ec2:RunInstances", "ap-east-1", regions=None)
    for region in ("us-east-1", "eu-west-1"):
        assert not refused("ec2:RunInstances", region)
    for action in (
        "iam:CreateRole",
        "sts:AssumeRole",
        "route53:ListHostedZones",
        "cloudfront:GetDistribution",
    ):
        assert not refused(action, "us-west-2")
    assert not refused("config:DeleteConfigurationRecorder", "ap-east-1", ENTRY)
    assert not refused("ec2:DescribeVpcs", "ap-east-1", ENTRY)
