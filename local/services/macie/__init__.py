"""Macie of an organization, where moto has it on in single accounts: administrators, members, auto-enable, and who discovers.
Nothing is ever looked at: what reads besides finds nothing, and jobs, lists, identifiers and invitations to an organization's
accounts are not embedded.

https://docs.aws.amazon.com/macie/latest/APIReference/operations.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import OperationModel, ServiceModel
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model, utcnow
from moto.macie2 import urls
from moto.macie2.models import macie2_backends
from moto.macie2.responses import MacieResponse

from local.engine import Engine

from .backend import FREQUENCY, ON, PAUSED, Macie, MacieError, conflict, denied, invalid

READS = ("BatchGet", "Describe", "Get", "List", "Search")
"""How the names of operations begin that change nothing."""
INVITATIONS = ("GetInvitationsCount", "ListInvitations")
"""moto has them, and so has an account without Macie."""

Handler = Callable[[MacieResponse, Macie], Any]


def install(engine: Engine) -> None:
    engine.patch(macie2_backends, "backend", Macie)
    macie2_backends.clear()
    model = get_service_model("macie2")
    handlers = {**_finding_nothing(model), **HANDLERS}
    paths = {_address(model.operation_model(each)) for each in model.operation_names}
    engine.patch(urls, "url_paths", urls.url_paths | dict.fromkeys(paths, MacieResponse.dispatch))
    for name, handler in handlers.items():
        _answer(engine, name, handler)


def _address(operation: OperationModel) -> str:
    uri = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", str(operation.http["requestUri"]))
    return f"{{0}}{uri}$"


def _answer(engine: Engine, name: str, handler: Handler) -> None:
    def answered(response: MacieResponse) -> ActionResult:
        backend = response.macie_backend
        assert isinstance(backend, Macie)
        backend.arrive()
        return ActionResult(handler(response, backend) or {})

    if hasattr(MacieResponse, name):
        engine.patch(MacieResponse, name, answered)
    else:
        engine.add(MacieResponse, name, answered)


def _finding_nothing(model: ServiceModel) -> dict[str, Handler]:
    """Each list of the answer is empty; what is named is not there."""

    def handler(operation: OperationModel) -> Handler:
        named = operation.input_shape and operation.input_shape.required_members
        members = operation.output_shape.members if operation.output_shape else {}

        def found(_: MacieResponse, macie: Macie) -> dict[str, Any]:
            if macie.session and named:
                raise MacieError("ResourceNotFoundException", "The resource does not exist.")
            return {name: [] for name, shape in members.items() if shape.type_name == "list"}

        return found

    return {
        camelcase_to_underscores(name): handler(model.operation_model(name))
        for name in model.operation_names
        if name.startswith(READS) and name not in INVITATIONS
    }


# -- one account -------------------------------------------------------------------------------------


def _enable(response: MacieResponse, macie: Macie) -> None:
    if macie.macie_session is not None:
        raise conflict("Macie has already been enabled")
    frequency = response._get_param("findingPublishingFrequency") or FREQUENCY
    macie.switch_on(str(frequency), str(response._get_param("status") or ON))


def _get_session(_: MacieResponse, macie: Macie) -> dict[str, Any]:
    return macie.session


def _update_session(response: MacieResponse, macie: Macie) -> None:
    """An administrator's frequency is its members', too. Who has members is not suspended; a member by its administrator."""
    status, frequency = response._get_param("status"), response._get_param("findingPublishingFrequency")
    if status and macie.session["status"] != status and (macie.is_member or _has_members(macie)):
        raise conflict("the account is a member, or has members")
    given = {"status": status, "findingPublishingFrequency": frequency}
    macie.change(**{name: str(value) for name, value in given.items() if value})
    for account, still in macie.associated.items():
        if still and frequency:
            macie.of(account).change(findingPublishingFrequency=str(frequency))


def _disable(_: MacieResponse, macie: Macie) -> None:
    if macie.session and (macie.is_member or _has_members(macie)):
        raise conflict("the account is a member, or has members")
    macie.switch_off()


def _has_members(macie: Macie) -> bool:
    return any(macie.associated.values())


def _get_publication(_: MacieResponse, macie: Macie) -> dict[str, Any]:
    return {"securityHubConfiguration": macie.publishes} if macie.session else {}


def _put_publication(response: MacieResponse, macie: Macie) -> None:
    given = response._get_param("securityHubConfiguration")
    if macie.session and given:
        macie.publishes = dict(given)


# -- the organization --------------------------------------------------------------------------------


def _designate(response: MacieResponse, macie: Macie) -> None:
    macie.designate(str(response._get_param("adminAccountId")))


def _take_off(response: MacieResponse, macie: Macie) -> None:
    macie.take_off(str(response._get_param("adminAccountId")))


def _list_administrators(_: MacieResponse, macie: Macie) -> dict[str, Any]:
    macie.as_management()
    there = [macie.administrator] if macie.administrator else []
    return {"adminAccounts": [{"accountId": each, "status": "ENABLED"} for each in there]}


def _describe_configuration(_: MacieResponse, macie: Macie) -> dict[str, Any]:
    macie.as_administrator()
    return {"autoEnable": macie.auto_enable, "maxAccountLimitReached": False}


def _update_configuration(response: MacieResponse, macie: Macie) -> None:
    """For accounts to come."""
    macie.as_administrator()
    on = bool(response._get_param("autoEnable"))
    if on and not macie.auto_enable:
        macie.auto_since = utcnow()
    macie.auto_enable = on


# -- members -----------------------------------------------------------------------------------------


def _create_member(response: MacieResponse, macie: Macie) -> dict[str, Any]:
    given = response._get_param("account")
    macie.create(str(given["accountId"]), str(given["email"]))
    return {"arn": _member(macie, given["accountId"], "Enabled")["arn"]}


def _list_members(response: MacieResponse, macie: Macie) -> dict[str, Any]:
    """An account that administers nothing has none."""
    if macie.session and macie.administered_by != macie.account_id:
        return {"members": []}
    every = str(response._get_param("onlyAssociated")).lower() == "false"
    members = macie.all_members().items()
    shown = [_member(macie, *each) for each in members if every or each[1] in ("Enabled", "Paused")]
    return {"members": shown}


def _get_member(response: MacieResponse, macie: Macie) -> dict[str, Any]:
    account, members = _id(response), macie.all_members()
    if account not in members:
        raise MacieError("ResourceNotFoundException", "The account is not associated.")
    return _member(macie, account, members[account])


def _member(macie: Macie, account: str, relationship: str) -> dict[str, Any]:
    """Without the e-mail address, which Macie does not show of an account of the organization."""
    return {
        "accountId": account,
        "administratorAccountId": macie.account_id,
        "arn": f"arn:{macie.partition}:macie2:{macie.region_name}:{macie.account_id}:member/{account}",
        "masterAccountId": macie.account_id,
        "relationshipStatus": relationship,
        "tags": {},
        "updatedAt": utcnow(),
    }


def _update_member(response: MacieResponse, macie: Macie) -> None:
    status = str(response._get_param("status"))
    if status not in (ON, PAUSED):
        raise invalid("the status is ENABLED or PAUSED")
    macie.member(_id(response)).change(status=status)


def _disassociate(response: MacieResponse, macie: Macie) -> None:
    macie.remove(_id(response))


def _delete_member(response: MacieResponse, macie: Macie) -> None:
    account = _id(response)
    if macie.as_administrator() and macie.associated.get(account):
        raise conflict("the account is a member still")
    if macie.associated.pop(account, None) is None:
        raise MacieError("ResourceNotFoundException", "The account is not associated.")


def _get_administrator(_: MacieResponse, macie: Macie) -> dict[str, Any]:
    if macie.session and macie.is_member:
        administrator = {"accountId": macie.administered_by, "relationshipStatus": "Enabled"}
        return {"administrator": administrator}
    return {}


def _leave(_: MacieResponse, macie: Macie) -> None:
    if macie.session and macie.is_member:
        raise denied("the organization's administrator alone removes a member")
    raise MacieError("ResourceNotFoundException", "The account has no administrator.")


def _id(response: MacieResponse) -> str:
    return response.path.rstrip("/").rpartition("/")[2]


# -- automated discovery -----------------------------------------------------------------------------


def _get_discovery(_: MacieResponse, macie: Macie) -> dict[str, Any]:
    macie.as_discoverer()
    return {"status": _status(macie.discovers), "autoEnableOrganizationMembers": macie.members_discover}


def _update_discovery(response: MacieResponse, macie: Macie) -> None:
    members = response._get_param("autoEnableOrganizationMembers") or "ALL"
    macie.discover(on=response._get_param("status") == "ENABLED", members=str(members))


def _list_discovery(_: MacieResponse, macie: Macie) -> dict[str, Any]:
    accounts = [macie.account_id]
    if macie.session and macie.administered_by == macie.account_id:
        accounts += [account for account, how in macie.all_members().items() if how in ("Enabled", "Paused")]
    return {"items": [{"accountId": each, "status": _status(macie.of(each).discovers)} for each in accounts]}


def _update_discovery_of(response: MacieResponse, macie: Macie) -> dict[str, Any]:
    if macie.as_administrator() and macie.members_discover == "ALL":
        raise conflict("account states are not modified while auto-enable is set to ALL")
    for each in response._get_param("accounts") or []:
        macie.member(each["accountId"]).discovers = each["status"] == "ENABLED"
    return {"errors": []}


def _status(on: bool) -> str:
    return "ENABLED" if on else "DISABLED"


HANDLERS: Mapping[str, Handler] = {
    "batch_update_automated_discovery_accounts": _update_discovery_of,
    "create_member": _create_member,
    "delete_member": _delete_member,
    "describe_organization_configuration": _describe_configuration,
    "disable_macie": _disable,
    "disable_organization_admin_account": _take_off,
    "disassociate_from_administrator_account": _leave,
    "disassociate_member": _disassociate,
    "enable_macie": _enable,
    "enable_organization_admin_account": _designate,
    "get_administrator_account": _get_administrator,
    "get_automated_discovery_configuration": _get_discovery,
    "get_findings_publication_configuration": _get_publication,
    "get_macie_session": _get_session,
    "get_member": _get_member,
    "list_automated_discovery_accounts": _list_discovery,
    "list_members": _list_members,
    "list_organization_admin_accounts": _list_administrators,
    "put_findings_publication_configuration": _put_publication,
    "update_automated_discovery_configuration": _update_discovery,
    "update_macie_session": _update_session,
    "update_member_session": _update_member,
    "update_organization_configuration": _update_configuration,
}
