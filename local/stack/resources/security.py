"""AWS::IAM and AWS::KMS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local.stack.resource import (
    Context,
    Made,
    Properties,
    ResourceType,
    document,
    embedded,
    only,
    renamed,
    tag_changes,
    tag_list,
)

MANAGED_POLICY_VERSIONS = 5
ATTACHMENTS = {"Roles": ("role", "RoleName"), "Groups": ("group", "GroupName"), "Users": ("user", "UserName")}


@embedded
class Role(ResourceType):
    name = "AWS::IAM::Role"
    applies = frozenset(
        {
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        }
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        iam, name = to.api("iam"), wanted.get("RoleName") or to.name(64)
        role = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=document(wanted["AssumeRolePolicyDocument"]),
            **only(wanted, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags"),
        )["Role"]
        self._set_policies(iam, name, {}, wanted)
        return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        iam, name = to.api("iam"), made.physical_id
        iam.update_assume_role_policy(
            RoleName=name, PolicyDocument=document(wanted["AssumeRolePolicyDocument"])
        )
        iam.update_role(
            RoleName=name,
            Description=wanted.get("Description", ""),
            MaxSessionDuration=wanted.get("MaxSessionDuration", 3600),
        )
        if "PermissionsBoundary" in wanted:
            iam.put_role_permissions_boundary(RoleName=name, **only(wanted, "PermissionsBoundary"))
        elif "PermissionsBoundary" in old:
            iam.delete_role_permissions_boundary(RoleName=name)
        put, gone = tag_changes(old, wanted)
        if put:
            iam.tag_role(RoleName=name, Tags=tag_list(put))
        if gone:
            iam.untag_role(RoleName=name, TagKeys=gone)
        self._set_policies(iam, name, old, wanted)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        self._set_policies(to.api("iam"), made.physical_id, old, {})
        to.api("iam").delete_role(RoleName=made.physical_id)

    @staticmethod
    def _set_policies(iam: Any, name: str, old: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        for arn in _gone(old, wanted, "ManagedPolicyArns"):
            iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in wanted.get("ManagedPolicyArns", []):
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        before = {policy["PolicyName"] for policy in old.get("Policies", [])}
        after = {policy["PolicyName"]: policy["PolicyDocument"] for policy in wanted.get("Policies", [])}
        for policy in before - set(after):
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for policy, body in after.items():
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document(body))


@embedded
class ManagedPolicy(ResourceType):
    name = "AWS::IAM::ManagedPolicy"
    applies = frozenset(
        {"Description", "Groups", "ManagedPolicyName", "Path", "PolicyDocument", "Roles", "Users"}
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        iam = to.api("iam")
        policy = iam.create_policy(
            PolicyName=wanted.get("ManagedPolicyName") or to.name(128),
            PolicyDocument=document(wanted["PolicyDocument"]),
            **only(wanted, "Path", "Description"),
        )["Policy"]
        self._attach(iam, policy["Arn"], {}, wanted)
        return Made(policy["Arn"], {"PolicyArn": policy["Arn"], "PolicyId": policy["PolicyId"]})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        iam, arn = to.api("iam"), made.physical_id
        if old["PolicyDocument"] != wanted["PolicyDocument"]:
            self._drop_versions(iam, arn, MANAGED_POLICY_VERSIONS - 1)
            iam.create_policy_version(
                PolicyArn=arn, PolicyDocument=document(wanted["PolicyDocument"]), SetAsDefault=True
            )
        self._attach(iam, arn, old, wanted)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        iam = to.api("iam")
        self._attach(iam, made.physical_id, old, {})
        self._drop_versions(iam, made.physical_id, 1)
        iam.delete_policy(PolicyArn=made.physical_id)

    @staticmethod
    def _drop_versions(iam: Any, arn: str, keep: int) -> None:
        versions = [
            v["VersionId"]
            for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]
            if not v["IsDefaultVersion"]
        ]
        oldest_first = sorted(versions, key=lambda version: int(version.lstrip("v")))
        for version in oldest_first[: max(0, len(versions) + 1 - keep)]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version)

    @staticmethod
    def _attach(iam: Any, arn: str, old: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        for key, (kind, parameter) in ATTACHMENTS.items():
            for name in _gone(old, wanted, key):
                getattr(iam, f"detach_{kind}_policy")(**{parameter: name, "PolicyArn": arn})
            for name in wanted.get(key, []):
                getattr(iam, f"attach_{kind}_policy")(**{parameter: name, "PolicyArn": arn})


@embedded
class InlinePolicy(ResourceType):
    name = "AWS::IAM::Policy"
    applies = frozenset({"Groups", "PolicyDocument", "PolicyName", "Roles", "Users"})

    def create(self, to: Context, wanted: Properties) -> Made:
        self._set(to.api("iam"), {}, wanted)
        return Made(wanted["PolicyName"])

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        self._set(to.api("iam"), old, wanted)
        return Made(wanted["PolicyName"])

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        self._set(to.api("iam"), old, {})

    @staticmethod
    def _set(iam: Any, old: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        is_renamed = old.get("PolicyName") != wanted.get("PolicyName")
        for key, (kind, parameter) in ATTACHMENTS.items():
            for name in old.get(key, []) if is_renamed else _gone(old, wanted, key):
                getattr(iam, f"delete_{kind}_policy")(**{parameter: name, "PolicyName": old["PolicyName"]})
            for name in wanted.get(key, []):
                getattr(iam, f"put_{kind}_policy")(
                    **{parameter: name, "PolicyName": wanted["PolicyName"]},
                    PolicyDocument=document(wanted["PolicyDocument"]),
                )


@embedded
class Key(ResourceType):
    name = "AWS::KMS::Key"
    applies = frozenset(
        {
            "Description",
            "EnableKeyRotation",
            "Enabled",
            "KeyPolicy",
            "KeySpec",
            "KeyUsage",
            "MultiRegion",
            "PendingWindowInDays",
            "RotationPeriodInDays",
            "Tags",
        }
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        kms = to.api("kms")
        key = kms.create_key(
            **only(wanted, "Description", "KeySpec", "KeyUsage", "MultiRegion"),
            **({"Policy": document(wanted["KeyPolicy"])} if "KeyPolicy" in wanted else {}),
            Tags=_kms_tags({tag["Key"]: tag["Value"] for tag in wanted.get("Tags", [])}),
        )["KeyMetadata"]
        self._switch(kms, key["KeyId"], {}, wanted)
        return Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        kms, key = to.api("kms"), made.physical_id
        if old.get("KeyPolicy") != wanted.get("KeyPolicy"):
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(wanted["KeyPolicy"]))
        if old.get("Description") != wanted.get("Description"):
            kms.update_key_description(KeyId=key, Description=wanted.get("Description", ""))
        put, gone = tag_changes(old, wanted)
        if put:
            kms.tag_resource(KeyId=key, Tags=_kms_tags(put))
        if gone:
            kms.untag_resource(KeyId=key, TagKeys=gone)
        self._switch(kms, key, old, wanted)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        kms = to.api("kms")
        kms.schedule_key_deletion(
            KeyId=made.physical_id, PendingWindowInDays=old.get("PendingWindowInDays", 30)
        )

    @staticmethod
    def _switch(kms: Any, key: str, old: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        if wanted.get("EnableKeyRotation"):
            kms.enable_key_rotation(KeyId=key, **only(wanted, "RotationPeriodInDays"))
        elif old.get("EnableKeyRotation"):
            kms.disable_key_rotation(KeyId=key)
        if not wanted.get("Enabled", True):
            kms.disable_key(KeyId=key)
        elif not old.get("Enabled", True):
            kms.enable_key(KeyId=key)


@embedded
class Alias(ResourceType):
    name = "AWS::KMS::Alias"
    applies = frozenset({"AliasName", "TargetKeyId"})

    def create(self, to: Context, wanted: Properties) -> Made:
        to.api("kms").create_alias(**wanted)
        return Made(wanted["AliasName"])

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        to.api("kms").update_alias(**wanted)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("kms").delete_alias(AliasName=made.physical_id)


def _kms_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [renamed(tag, {"Key": "TagKey", "Value": "TagValue"}) for tag in tag_list(tags)]


def _gone(old: Mapping[str, Any], wanted: Mapping[str, Any], key: str) -> Iterable[str]:
    return [item for item in old.get(key, []) if item not in wanted.get(key, [])]
