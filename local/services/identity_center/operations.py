"""What is asked of IAM Identity Center, operation by operation, and answered.

https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from local.organizations import organization_of

from .center import (
    INLINE_CHARACTERS,
    MOST_POLICIES,
    SERVICE,
    Assignment,
    Center,
    IdentityCenterError,
    Kind,
    conflict,
    denied,
    invalid,
    seconds_of,
)
from .permission_set import PermissionSet

PAGE = 100


@dataclass(frozen=True)
class Asked:
    """By whom, of which instance, with which parameters."""

    caller: str
    instance: Center | None
    given: Mapping[str, Any]

    @property
    def center(self) -> Center:
        assert self.instance is not None
        return self.instance

    @property
    def permission_set(self) -> PermissionSet:
        return self.center.permission_set(str(self.given["PermissionSetArn"]))

    @property
    def changed(self) -> PermissionSet:
        return self.center.change(self.caller, str(self.given["PermissionSetArn"]))

    def page(self, name: str, found: Iterable[Any]) -> dict[str, Any]:
        """A page of a list, and where the next one begins. What is empty is left out, as AWS was seen to do.

        https://github.com/PeterBengtson/AFT-SSO-account-configuration/issues/1
        """
        listed = list(found)
        begin = int(self.given.get("NextToken") or 0)
        end = begin + int(self.given.get("MaxResults") or PAGE)
        shown = {name: listed[begin:end]} if listed[begin:end] else {}
        return {**shown, **({"NextToken": str(end)} if end < len(listed) else {})}


Operation = Callable[[Asked], dict[str, Any]]


def _list_instances(asked: Asked) -> dict[str, Any]:
    """To an account that does not administer it the organization's instance is not visible, the stricter reading."""
    center = asked.instance
    organization = organization_of(asked.caller)
    if center is None or organization is None:
        return {}
    if asked.caller != center.management and not organization.is_delegated(asked.caller, SERVICE):
        return {}
    shown = {
        "InstanceArn": center.arn,
        "IdentityStoreId": center.identity_store,
        "OwnerAccountId": center.management,
        "CreatedDate": center.created,
        "Status": "ACTIVE",
    }
    return {"Instances": [shown]}


# -- permission sets -----------------------------------------------------------------------------------


def _create(asked: Asked) -> dict[str, Any]:
    given = asked.given
    seconds_of(given.get("SessionDuration", "PT1H"))
    made = asked.center.create(
        str(given["Name"]),
        description=given.get("Description"),
        duration=given.get("SessionDuration", "PT1H"),
        relay_state=given.get("RelayState"),
        tags={each["Key"]: each["Value"] for each in given.get("Tags", [])},
    )
    return {"PermissionSet": made.shown()}


def _update(asked: Asked) -> dict[str, Any]:
    """What is not given stays, but for the relay state, which is taken off: so Terraform's provider found it."""
    found, given = asked.changed, asked.given
    if "SessionDuration" in given:
        seconds_of(given["SessionDuration"])
        found.duration = given["SessionDuration"]
    found.description = given.get("Description", found.description)
    found.relay_state = given.get("RelayState")
    return {}


def _describe(asked: Asked) -> dict[str, Any]:
    return {"PermissionSet": asked.permission_set.shown()}


def _delete(asked: Asked) -> dict[str, Any]:
    asked.center.delete(asked.changed)
    return {}


def _list(asked: Asked) -> dict[str, Any]:
    return asked.page("PermissionSets", asked.center.sets)


def _tags_of(asked: Asked) -> dict[str, str]:
    return asked.center.permission_set(str(asked.given["ResourceArn"])).tags


def _tag(asked: Asked) -> dict[str, Any]:
    _tags_of(asked).update({each["Key"]: each["Value"] for each in asked.given["Tags"]})
    return {}


def _untag(asked: Asked) -> dict[str, Any]:
    for key in asked.given["TagKeys"]:
        _tags_of(asked).pop(key, None)
    return {}


def _list_tags(asked: Asked) -> dict[str, Any]:
    return asked.page("Tags", [{"Key": key, "Value": value} for key, value in _tags_of(asked).items()])


def _put_inline(asked: Asked) -> dict[str, Any]:
    text = str(asked.given["InlinePolicy"])
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        raise invalid("The inline policy is no JSON.") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise invalid("The inline policy is no policy document.")
    if len("".join(text.split())) > INLINE_CHARACTERS:
        raise IdentityCenterError("ServiceQuotaExceededException", "The inline policy is too long.")
    asked.changed.inline = text
    return {}


def _get_inline(asked: Asked) -> dict[str, Any]:
    """Empty where there is none."""
    return {"InlinePolicy": asked.permission_set.inline}


def _delete_inline(asked: Asked) -> dict[str, Any]:
    asked.changed.inline = ""
    return {}


def _attach(asked: Asked) -> dict[str, Any]:
    arn, found = str(asked.given["ManagedPolicyArn"]), asked.changed
    name = arn.rpartition("/")[2]
    if name not in aws_managed_policies_data:
        raise IdentityCenterError("ResourceNotFoundException", f"Could not find ManagedPolicy with arn {arn}")
    if arn in found.managed:
        raise conflict(f"{arn} is attached already.")
    _hold_to_quota(found)
    found.managed[arn] = name
    return {}


def _hold_to_quota(found: PermissionSet) -> None:
    if len(found.managed) + len(found.customer_managed) >= MOST_POLICIES:
        raise IdentityCenterError("ServiceQuotaExceededException", "As many policies as may be are attached.")


def _detach(asked: Asked) -> dict[str, Any]:
    arn = str(asked.given["ManagedPolicyArn"])
    if asked.changed.managed.pop(arn, None) is None:
        raise IdentityCenterError("ResourceNotFoundException", f"{arn} is not attached.")
    return {}


def _list_attached(asked: Asked) -> dict[str, Any]:
    managed = asked.permission_set.managed.items()
    return asked.page("AttachedManagedPolicies", [{"Name": name, "Arn": arn} for arn, name in managed])


def _reference(asked: Asked) -> tuple[str, str]:
    given = asked.given["CustomerManagedPolicyReference"]
    return given.get("Path", "/"), given["Name"]


def _attach_reference(asked: Asked) -> dict[str, Any]:
    found, reference = asked.changed, _reference(asked)
    if reference in found.customer_managed:
        raise conflict("The policy is attached already.")
    _hold_to_quota(found)
    found.customer_managed.append(reference)
    return {}


def _detach_reference(asked: Asked) -> dict[str, Any]:
    found, reference = asked.changed, _reference(asked)
    if reference not in found.customer_managed:
        raise IdentityCenterError("ResourceNotFoundException", "The policy is not attached.")
    found.customer_managed.remove(reference)
    return {}


def _list_references(asked: Asked) -> dict[str, Any]:
    references = asked.permission_set.customer_managed
    shown = [{"Path": path, "Name": name} for path, name in references]
    return asked.page("CustomerManagedPolicyReferences", shown)


def _put_boundary(asked: Asked) -> dict[str, Any]:
    asked.changed.boundary = asked.given["PermissionsBoundary"]
    return {}


def _get_boundary(asked: Asked) -> dict[str, Any]:
    if asked.permission_set.boundary is None:
        raise IdentityCenterError("ResourceNotFoundException", "There is no permissions boundary.")
    return {"PermissionsBoundary": asked.permission_set.boundary}


def _delete_boundary(asked: Asked) -> dict[str, Any]:
    asked.changed.boundary = None
    return {}


# -- accounts ------------------------------------------------------------------------------------------


def _provisioned_to_account(asked: Asked) -> dict[str, Any]:
    account = str(asked.given["AccountId"])
    found = [
        each.arn
        for each in asked.center.sets.values()
        if account in each.roles and _has_status(asked, each, account)
    ]
    return asked.page("PermissionSets", found)


def _accounts_of(asked: Asked) -> dict[str, Any]:
    found = asked.permission_set
    return asked.page("AccountIds", [each for each in found.roles if _has_status(asked, found, each)])


def _has_status(asked: Asked, permission_set: PermissionSet, account: str) -> bool:
    wanted = asked.given.get("ProvisioningStatus")
    latest = permission_set.is_latest_in(account)
    return wanted is None or (wanted == "LATEST_PERMISSION_SET_PROVISIONED") == latest


def _provision(asked: Asked) -> dict[str, Any]:
    found = asked.permission_set
    target = str(asked.given.get("TargetId")) if asked.given["TargetType"] == "AWS_ACCOUNT" else ""
    accounts = (target,) if target else tuple(found.roles)
    asked.center.admit_to(asked.caller, *accounts)
    made = asked.center.ask("provisioning", (found.arn, accounts), target)
    return {"PermissionSetProvisioningStatus": made.shown()}


def _assignment(asked: Asked) -> Assignment:
    given, center = asked.given, asked.center
    account = str(given["TargetId"])
    center.permission_set(str(given["PermissionSetArn"]))
    if all(each.id != account for each in center.organization.accounts):
        raise denied(f"Account {account} is not of the organization.")
    center.admit_to(asked.caller, account)
    return Assignment(
        account, str(given["PermissionSetArn"]), str(given["PrincipalType"]), str(given["PrincipalId"])
    )


def _assign(asked: Asked) -> dict[str, Any]:
    made = asked.center.ask("creation", _assignment(asked))
    return {"AccountAssignmentCreationStatus": made.shown()}


def _unassign(asked: Asked) -> dict[str, Any]:
    made = asked.center.ask("deletion", _assignment(asked))
    return {"AccountAssignmentDeletionStatus": made.shown()}


def _list_assignments(asked: Asked) -> dict[str, Any]:
    account, arn = str(asked.given["AccountId"]), asked.permission_set.arn
    found = [each for each in asked.center.assignments if each[:2] == (account, arn)]
    return asked.page("AccountAssignments", [each.shown() for each in sorted(found)])


def _status(kind: Kind, parameter: str, answer: str, asked: Asked) -> dict[str, Any]:
    wanted = asked.given[parameter]
    found = next((each for each in asked.center.of_kind(kind) if each.id == wanted), None)
    if found is None:
        raise IdentityCenterError("ResourceNotFoundException", f"There is no request {wanted}.")
    return {answer: found.shown()}


def _statuses(kind: Kind, answer: str, asked: Asked) -> dict[str, Any]:
    wanted = asked.given.get("Filter", {}).get("Status")
    found = [each.summary() for each in asked.center.of_kind(kind) if wanted in (None, each.status)]
    return asked.page(answer, found)


OPERATIONS: Mapping[str, Operation] = {
    "list_instances": _list_instances,
    "create_permission_set": _create,
    "update_permission_set": _update,
    "describe_permission_set": _describe,
    "delete_permission_set": _delete,
    "list_permission_sets": _list,
    "tag_resource": _tag,
    "untag_resource": _untag,
    "list_tags_for_resource": _list_tags,
    "put_inline_policy_to_permission_set": _put_inline,
    "get_inline_policy_for_permission_set": _get_inline,
    "delete_inline_policy_from_permission_set": _delete_inline,
    "attach_managed_policy_to_permission_set": _attach,
    "detach_managed_policy_from_permission_set": _detach,
    "list_managed_policies_in_permission_set": _list_attached,
    "attach_customer_managed_policy_reference_to_permission_set": _attach_reference,
    "detach_customer_managed_policy_reference_from_permission_set": _detach_reference,
    "list_customer_managed_policy_references_in_permission_set": _list_references,
    "put_permissions_boundary_to_permission_set": _put_boundary,
    "get_permissions_boundary_for_permission_set": _get_boundary,
    "delete_permissions_boundary_from_permission_set": _delete_boundary,
    "list_permission_sets_provisioned_to_account": _provisioned_to_account,
    "list_accounts_for_provisioned_permission_set": _accounts_of,
    "provision_permission_set": _provision,
    "create_account_assignment": _assign,
    "delete_account_assignment": _unassign,
    "list_account_assignments": _list_assignments,
    "describe_account_assignment_creation_status": partial(
        _status, "creation", "AccountAssignmentCreationRequestId", "AccountAssignmentCreationStatus"
    ),
    "describe_account_assignment_deletion_status": partial(
        _status, "deletion", "AccountAssignmentDeletionRequestId", "AccountAssignmentDeletionStatus"
    ),
    "describe_permission_set_provisioning_status": partial(
        _status, "provisioning", "ProvisionPermissionSetRequestId", "PermissionSetProvisioningStatus"
    ),
    "list_account_assignment_creation_status": partial(
        _statuses, "creation", "AccountAssignmentsCreationStatus"
    ),
    "list_account_assignment_deletion_status": partial(
        _statuses, "deletion", "AccountAssignmentsDeletionStatus"
    ),
    "list_permission_set_provisioning_status": partial(
        _statuses, "provisioning", "PermissionSetsProvisioningStatus"
    ),
}
