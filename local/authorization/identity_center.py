"""The resources of calls to IAM Identity Center and its identity store, and what they need of the key of its instance.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiamidentitycenter.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentitystore.html
"""

from __future__ import annotations

from collections.abc import Iterator

from local.authorization import state
from local.authorization.keys import Keys
from local.authorization.reference import Action
from local.authorization.resources import Call
from local.identity.principals import PARTITION


def of_sso(call: Call, action: Action) -> list[str] | None:
    """A permission set that is to be made has no id yet; one that is provisioned everywhere is about every account."""
    name = action.name.removeprefix("sso:")
    instance = str(call.get("InstanceArn"))
    if name == "CreatePermissionSet":
        return [instance, instance.replace(":::instance/", ":::permissionSet/") + "/*"]
    if name == "ProvisionPermissionSet":
        account = str(call.get("TargetId") or "*")
        return [instance, str(call.get("PermissionSetArn")), f"arn:{PARTITION}:sso:::account/{account}"]
    return None


def of_identitystore(call: Call, action: Action) -> list[str] | None:
    """The store is the management account's; what is looked for in it by another thing than its id has none yet."""
    organization = state.organization_backend(call.account)
    owner = organization.account_id if organization else call.account
    store = call.get("IdentityStoreId")
    if not store:
        return None
    found = [call.arn("identitystore", f"identitystore/{store}", region="", account=owner)]
    for kind, (resource, parameter) in IN_THE_STORE.items():
        if kind in {**action.required, **action.optional}:
            given = (call.get("MemberId") or {}).get("UserId") if parameter == "UserId" else None
            which = call.get(parameter) or given or "*"
            found.append(call.arn("identitystore", f"{resource}/{which}", region="", account=""))
    return found


OF_INSTANCES = ("sso:CreateInstance", "sso:ListInstances")
"""What is asked before there is an instance, or a key."""
READS = ("kms:Decrypt",)
WRITES = (*READS, "kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext")


def of_its_key(action: Action, region: str, account: str) -> Iterator[tuple[str, str, Keys]]:
    """What whoever calls must be allowed with the instance's own key, where it has one that is there: the action, the key, and the keys of the
    request. AWS says what administrators must be allowed, and not which call needs what: each needs all that its kind may.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/baseline-KMS-key-policy.html
    https://docs.aws.amazon.com/singlesignon/latest/userguide/advanced-kms-policy.html
    """
    service = action.name.partition(":")[0]
    center = state.identity_center(account) if service in ("identitystore", "sso") else None
    if center is None or not center.has_its_key or action.name in OF_INSTANCES:
        return
    store = f"arn:{PARTITION}:identitystore::{center.management}:identitystore/{center.identity_store}"
    context = {
        "sso": ("kms:encryptioncontext:aws:sso:instance-arn", center.arn),
        "identitystore": ("kms:encryptioncontext:aws:identitystore:identitystore-arn", store),
    }
    name, value = context[service]
    for use in WRITES if action.mutating else READS:
        yield use, center.key, {"kms:viaservice": f"{service}.{region}.amazonaws.com", name: value}


IN_THE_STORE = {
    "User": ("user", "UserId"),
    "Group": ("group", "GroupId"),
    "GroupMembership": ("membership", "MembershipId"),
    "AllUsers": ("user", "AllUsers"),
    "AllGroups": ("group", "AllGroups"),
    "AllGroupMemberships": ("membership", "AllGroupMemberships"),
}
"""What a call is about besides the store: its name in an ARN, and the parameter that says which."""
