"""Organizational units, tags and policies of an organization, as the API reference says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.organizations.organization import (
    DENY,
    OF_RESOURCES,
    SCP,
    WITH_OPERATOR,
    enable,
    new_account,
    policy,
    refused,
    root_id,
)
from tests.engine.support import eventually


def unit(organizations: Any, parent: str, name: str) -> str:
    made = organizations.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]
    return str(made["Id"])


def test_units_have_paths_distinct_names_and_five_levels(organizations: Any) -> None:
    parent = root_id(organizations)
    create_unit = organizations.create_organizational_unit
    for level in range(5):
        parent = unit(organizations, parent, f"level {level}")
    path = organizations.describe_organizational_unit(OrganizationalUnitId=parent)["OrganizationalUnit"][
        "Path"
    ]
    assert path.count("/ou-") == 5
    assert path.endswith(f"{parent}/")
    expected = ("ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED")
    assert refused(create_unit, ParentId=parent, Name="six") == expected
    top = {"ParentId": root_id(organizations)}
    assert refused(create_unit, **top, Name="level 0")[0] == "DuplicateOrganizationalUnitException"
    assert refused(create_unit, **top, Name="n" * 129) == ("InvalidInputException", "MAX_LENGTH_EXCEEDED")
    assert refused(create_unit, ParentId="r-gone", Name="x")[0] == "ParentNotFoundException"


def test_a_unit_is_renamed_and_deleted_only_when_empty(organizations: Any) -> None:
    root = root_id(organizations)
    outer = unit(organizations, root, "outer")
    inner = unit(organizations, outer, "inner")
    delete = organizations.delete_organizational_unit
    assert refused(delete, OrganizationalUnitId=outer)[0] == "OrganizationalUnitNotEmptyException"
    delete(OrganizationalUnitId=inner)
    organizations.update_organizational_unit(OrganizationalUnitId=outer, Name="renamed")
    listed = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    assert [each["Name"] for each in listed] == ["renamed"]


def test_everything_can_be_tagged(organizations: Any) -> None:
    root = root_id(organizations)
    for resource in (
        root,
        unit(organizations, root, "unit"),
        new_account(organizations),
        policy(organizations),
    ):
        organizations.tag_resource(ResourceId=resource, Tags=[{"Key": "a", "Value": "1"}])
        assert organizations.list_tags_for_resource(ResourceId=resource)["Tags"] == [
            {"Key": "a", "Value": "1"}
        ]
        tags = [{"Key": "aws:x", "Value": ""}]
        assert (
            refused(organizations.tag_resource, ResourceId=resource, Tags=tags)[0] == "InvalidInputException"
        )
        organizations.untag_resource(ResourceId=resource, TagKeys=["a"])
        assert organizations.list_tags_for_resource(ResourceId=resource)["Tags"] == []


def test_only_policies_of_an_enabled_type_attach_and_once(organizations: Any) -> None:
    root, mine = root_id(organizations), policy(organizations)
    attach = organizations.attach_policy
    assert refused(attach, PolicyId=mine, TargetId=root)[0] == "PolicyTypeNotEnabledException"
    enable(organizations, SCP)
    again = {"RootId": root, "PolicyType": SCP}
    assert refused(organizations.enable_policy_type, **again)[0] == "PolicyTypeAlreadyEnabledException"
    attach(PolicyId=mine, TargetId=root)
    assert refused(attach, PolicyId=mine, TargetId=root)[0] == "DuplicatePolicyAttachmentException"
    assert refused(attach, PolicyId=mine, TargetId="999999999999")[0] == "TargetNotFoundException"
    for number in range(8):
        attach(PolicyId=policy(organizations, f"more {number}"), TargetId=root)
    eleventh = policy(organizations, "eleventh")
    expected = ("ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    assert refused(attach, PolicyId=eleventh, TargetId=root) == expected
    organizations.disable_policy_type(RootId=root, PolicyType=SCP)
    assert eventually(lambda: not organizations.list_roots()["Roots"][0]["PolicyTypes"])
    left = organizations.list_policies_for_target(TargetId=root, Filter=SCP)["Policies"]
    assert [each["Id"] for each in left] == ["p-FullAWSAccess"]


def test_the_last_control_policy_stays(organizations: Any) -> None:
    root = enable(organizations, SCP)
    detach = organizations.detach_policy
    expected = ("ConstraintViolationException", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    assert refused(detach, PolicyId="p-FullAWSAccess", TargetId=root) == expected
    assert refused(detach, PolicyId="p-RCPFullAWSAccess", TargetId=root)[1] == "NON_DETACHABLE_POLICY"
    assert refused(organizations.delete_policy, PolicyId="p-FullAWSAccess")[1] == "IMMUTABLE_POLICY"
    mine = policy(organizations)
    assert refused(detach, PolicyId=mine, TargetId=root)[0] == "PolicyNotAttachedException"


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        (SCP, "not json", "MalformedPolicyDocumentException"),
        (SCP, DENY.replace("Deny", "Maybe") % "s3:*", "MalformedPolicyDocumentException"),
        (SCP, DENY.replace('"Resource"', '"Principal"') % "s3:*", "MalformedPolicyDocumentException"),
        (SCP, DENY % "GetObject", "MalformedPolicyDocumentException"),
        (SCP, DENY.replace('"Resource"', '"Resources"') % "s3:*", "MalformedPolicyDocumentException"),
        (SCP, WITH_OPERATOR % "StringEqual", "MalformedPolicyDocumentException"),
        (SCP, DENY.replace("2012-10-17", "2008-10-17") % "s3:*", "MalformedPolicyDocumentException"),
        (SCP, '{"Statement": []}', "MalformedPolicyDocumentException"),
        ("RESOURCE_CONTROL_POLICY", OF_RESOURCES % "*", "MalformedPolicyDocumentException"),
        ("RESOURCE_CONTROL_POLICY", OF_RESOURCES % "ec2:*", "MalformedPolicyDocumentException"),
        (SCP, DENY % ("x" * 10_240), "ConstraintViolationException"),
        ("RESOURCE_CONTROL_POLICY", DENY % "s3:*", "MalformedPolicyDocumentException"),
    ],
)
def test_a_document_that_is_no_policy_is_refused(
    organizations: Any, kind: str, content: str, code: str
) -> None:
    assert (
        refused(organizations.create_policy, Name="p", Description="", Type=kind, Content=content)[0] == code
    )


def test_what_is_one_is_taken(organizations: Any) -> None:
    policy(organizations, "with-operator", SCP, WITH_OPERATOR % "StringEquals")
    policy(organizations, "of-resources", "RESOURCE_CONTROL_POLICY", OF_RESOURCES % "s3:*")


def test_a_resource_control_policy_denies_everyone(organizations: Any) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    policy(
        organizations,
        "p",
        "RESOURCE_CONTROL_POLICY",
        json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )


def test_the_newer_policy_types_reach_accounts_merged(organizations: Any) -> None:
    account, root = new_account(organizations), enable(organizations, "S3_POLICY")
    block = "public_access_block_configuration"
    content = {"s3_attributes": {block: {"@@assign": "all"}}}
    general = policy(organizations, "general", "S3_POLICY", json.dumps(content))
    effective = organizations.describe_effective_policy
    request = {"PolicyType": "S3_POLICY", "TargetId": account}
    assert refused(effective, **request)[0] == "EffectivePolicyNotFoundException"
    organizations.attach_policy(PolicyId=general, TargetId=root)
    assert json.loads(effective(**request)["EffectivePolicy"]["PolicyContent"]) == {
        "s3_attributes": {block: "all"}
    }
    special = policy(organizations, "special", "S3_POLICY", json.dumps(content).replace('"all"', '"none"'))
    organizations.attach_policy(PolicyId=special, TargetId=account)
    assert json.loads(effective(**request)["EffectivePolicy"]["PolicyContent"]) == {
        "s3_attributes": {block: "none"}
    }


def test_a_service_policy_needs_the_services_trusted_access(organizations: Any) -> None:
    guardduty = {"RootId": root_id(organizations), "PolicyType": "GUARDDUTY_POLICY"}
    expected = ("ConstraintViolationException", "SERVICE_ACCESS_NOT_ENABLED")
    assert refused(organizations.enable_policy_type, **guardduty) == expected
    organizations.enable_aws_service_access(ServicePrincipal="guardduty.amazonaws.com")
    enable(organizations, "GUARDDUTY_POLICY")
    disable = organizations.disable_aws_service_access
    expected = ("ConstraintViolationException", "POLICY_TYPE_ENABLED_FOR_THIS_SERVICE")
    assert refused(disable, ServicePrincipal="guardduty.amazonaws.com") == expected
