"""Amazon Inspector of an organization, where moto knows lists of accounts: administrators, members, auto-enable, and the
effect of Inspector policies. Nothing is ever scanned.

https://docs.aws.amazon.com/inspector/v2/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.inspector2 import urls
from moto.inspector2.models import inspector2_backends
from moto.inspector2.responses import Inspector2Response

from local.engine import Engine

from .backend import NAMES, Inspector, InspectorError, invalid

HELD = "BLOCKED_BY_ORGANIZATION_POLICY"


def install(engine: Engine) -> None:
    engine.patch(inspector2_backends, "backend", Inspector)
    inspector2_backends.clear()
    paths = {"{0}/delegatedadminaccounts/get$": Inspector2Response.dispatch}
    engine.patch(urls, "url_paths", urls.url_paths | paths)
    for name, handler in HANDLERS.items():
        _answer(engine, name, handler)


def _answer(engine: Engine, name: str, handler: Callable[[Inspector2Response, Inspector], Any]) -> None:
    def answered(response: Inspector2Response) -> ActionResult:
        backend = response.inspector2_backend
        assert isinstance(backend, Inspector)
        backend.arrive()
        return ActionResult(handler(response, backend))

    if hasattr(Inspector2Response, name):
        engine.patch(Inspector2Response, name, answered)
    else:
        engine.add(Inspector2Response, name, answered)


# -- answers -----------------------------------------------------------------------------------------


def _designate(response: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    account = str(response._get_param("delegatedAdminAccountId"))
    inspector.designate(account)
    return {"delegatedAdminAccountId": account}


def _take_off(response: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    account = str(response._get_param("delegatedAdminAccountId"))
    inspector.take_off(account)
    return {"delegatedAdminAccountId": account}


def _list_administrators(_: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    inspector.as_management()
    there = [inspector.administrator] if inspector.administrator else []
    return {"delegatedAdminAccounts": [{"accountId": each, "status": "ENABLED"} for each in there]}


def _get_administrator(_: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    if not (administrator := inspector.administered_by):
        raise InspectorError("ResourceNotFoundException", "There is no delegated administrator.")
    return {"delegatedAdmin": {"accountId": administrator, "relationshipStatus": "ENABLED"}}


def _describe_configuration(_: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    inspector.as_administrator()
    auto = {name: inspector.auto.get(name, False) for name in NAMES.values()}
    return {"autoEnable": auto, "maxAccountLimitReached": False}


def _update_configuration(response: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    inspector.as_administrator()
    given = response._get_param("autoEnable")
    inspector.auto_enable(given)
    return {"autoEnable": inspector.auto}


def _status(response: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    accounts, failed = _within_reach(response, inspector)
    return {
        "accounts": [
            {
                "accountId": each.account_id,
                "state": {"status": _shown(bool(each.on))},
                "resourceState": {name: {"status": _shown(kind in each.on)} for kind, name in NAMES.items()},
            }
            for each in accounts
        ],
        "failedAccounts": failed,
    }


def _enable(response: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    return _switch(response, inspector, on=True)


def _disable(response: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    """All scan types, where none is named. A member's are for its administrator to switch off."""
    return _switch(response, inspector, on=False)


def _switch(response: Inspector2Response, inspector: Inspector, *, on: bool) -> dict[str, Any]:
    named = set(response._get_param("resourceTypes") or NAMES)
    if not named <= NAMES.keys():
        raise invalid(f"the embedded AWS does not know {', '.join(sorted(named - NAMES.keys()))}")
    accounts, failed = _within_reach(response, inspector)
    done = []
    for each in accounts:
        held = each.held()
        if any(held.get(kind) is (not on) for kind in named):
            failed.append(_failed(each, HELD, "A policy of the organization holds it."))
        elif not on and each is inspector and each.is_member:
            failed.append(_failed(each, "ACCESS_DENIED", "The account is a member."))
        else:
            each.switch(named, on=on)
            done.append({"accountId": each.account_id, "status": _shown(bool(each.on)), **_resources(each)})
    return {"accounts": done, "failedAccounts": failed}


def _within_reach(
    response: Inspector2Response, inspector: Inspector
) -> tuple[list[Inspector], list[dict[str, Any]]]:
    """The accounts that are named, or this one; and those that are neither this one nor its members."""
    named: Sequence[str] = response._get_param("accountIds") or [inspector.account_id]
    is_administrator = inspector.administered_by == inspector.account_id
    members = (
        {account for account, still in inspector.all_members().items() if still}
        if is_administrator
        else set()
    )
    reached = [inspector.of(account) for account in named if account in {inspector.account_id, *members}]
    for each in reached:
        each.arrive()
    others = [account for account in named if account not in {inspector.account_id, *members}]
    why = "The account is not a member."
    return reached, [_failed(inspector.of(each), "ACCESS_DENIED", why) for each in others]


def _failed(inspector: Inspector, code: str, message: str) -> dict[str, Any]:
    return {
        "accountId": inspector.account_id,
        "status": _shown(bool(inspector.on)),
        "errorCode": code,
        "errorMessage": message,
        **_resources(inspector),
    }


def _resources(inspector: Inspector) -> dict[str, Any]:
    return {"resourceStatus": {name: _shown(kind in inspector.on) for kind, name in NAMES.items()}}


def _shown(on: bool) -> str:
    return "ENABLED" if on else "DISABLED"


def _associate(response: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    account = str(response._get_param("accountId"))
    if account not in {each.id for each in inspector.as_administrator().accounts} - {inspector.account_id}:
        raise invalid("the account is no other one of the organization")
    inspector.associated[account] = True
    return {"accountId": account}


def _disassociate(response: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    """Not an account to which a policy is attached.

    https://docs.aws.amazon.com/inspector/latest/user/disassociating-member-accounts.html
    """
    account = str(response._get_param("accountId"))
    if not inspector.all_members().get(account):
        raise invalid("the account is no member")
    if inspector.of(account).held():
        raise invalid("a policy of the organization holds the account")
    inspector.associated[account] = False
    return {"accountId": account}


def _list_members(response: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    every = response._get_param("onlyAssociated") is False
    members = inspector.all_members().items()
    return {"members": [_member(inspector, *each) for each in members if every or each[1]]}


def _get_member(response: Inspector2Response, inspector: Inspector) -> dict[str, Any]:
    account = str(response._get_param("accountId"))
    members = inspector.all_members()
    if account not in members:
        raise InspectorError("ResourceNotFoundException", "The account is no member.")
    return {"member": _member(inspector, account, members[account])}


def _member(inspector: Inspector, account: str, still: bool) -> dict[str, Any]:
    return {
        "accountId": account,
        "delegatedAdminAccountId": inspector.account_id,
        "relationshipStatus": "ENABLED" if still else "REMOVED",
        "updatedAt": datetime.now(UTC),
    }


HANDLERS: Mapping[str, Callable[[Inspector2Response, Inspector], Any]] = {
    "associate_member": _associate,
    "batch_get_account_status": _status,
    "describe_organization_configuration": _describe_configuration,
    "disable": _disable,
    "disable_delegated_admin_account": _take_off,
    "disassociate_member": _disassociate,
    "enable": _enable,
    "enable_delegated_admin_account": _designate,
    "get_delegated_admin_account": _get_administrator,
    "get_member": _get_member,
    "list_delegated_admin_accounts": _list_administrators,
    "list_members": _list_members,
    "update_organization_configuration": _update_configuration,
}
