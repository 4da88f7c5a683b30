"""The resources of calls to IAM Identity Center and its identity store.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiamidentitycenter.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentitystore.html
"""

from __future__ import annotations

from local.authorization import state
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


IN_THE_STORE = {
    "User": ("user", "UserId"),
    "Group": ("group", "GroupId"),
    "GroupMembership": ("membership", "MembershipId"),
    "AllUsers": ("user", "AllUsers"),
    "AllGroups": ("group", "AllGroups"),
    "AllGroupMemberships": ("membership", "AllGroupMemberships"),
}
"""What a call is about besides the store: its name in an ARN, and the parameter that says which."""
