"""GuardDuty of an organization, where moto knows single accounts: administrators, members, auto-enable, and the effect of
GuardDuty policies.

https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.guardduty import urls
from moto.guardduty.models import guardduty_backends
from moto.guardduty.responses import GuardDutyResponse

from local.engine import Engine
from local.organizations import Organizations

from .backend import FREQUENCY, STATES, TYPE, AutoEnable, GuardDuty
from .detectors import FEATURES, BadRequest

PATHS = (
    "admin/disable",
    "detector/(?P<detector_id>[^/]+)/admin",
    "detector/(?P<detector_id>[^/]+)/member",
    "detector/(?P<detector_id>[^/]+)/member/detector/get",
    "detector/(?P<detector_id>[^/]+)/member/disassociate",
    "detector/(?P<detector_id>[^/]+)/administrator/disassociate",
)
"""Of the operations that moto does not have."""


def install(engine: Engine) -> None:
    engine.patch(guardduty_backends, "backend", GuardDuty)
    guardduty_backends.clear()
    paths = {f"{{0}}/{path}$": GuardDutyResponse.dispatch for path in PATHS}
    engine.patch(urls, "url_paths", urls.url_paths | paths)
    for name, handler in HANDLERS.items():
        _answer(engine, name, handler)
    _end_auto_enable_with_the_type(engine)


def _answer(engine: Engine, name: str, handler: Callable[[GuardDutyResponse, GuardDuty], Any]) -> None:
    def answered(response: GuardDutyResponse) -> ActionResult:
        backend = response.guardduty_backend
        assert isinstance(backend, GuardDuty)
        backend.arrive()
        return ActionResult(handler(response, backend) or {})

    if hasattr(GuardDutyResponse, name):
        engine.patch(GuardDutyResponse, name, answered)
    else:
        engine.add(GuardDutyResponse, name, answered)


def _end_auto_enable_with_the_type(engine: Engine) -> None:
    """Before anything is attached: "GuardDuty policies" of Organizations' guide says so."""
    enable = Organizations.enable_policy_type

    def enabled(organization: Organizations, **kwargs: str) -> dict[str, Any]:
        answer = enable(organization, **kwargs)
        if kwargs["PolicyType"] == TYPE:
            for account in organization.accounts:
                for backend in list(guardduty_backends[account.id].values()):
                    backend.auto_enable = AutoEnable()  # type: ignore[attr-defined]
        return answer

    engine.patch(Organizations, "enable_policy_type", enabled)


# -- detectors ---------------------------------------------------------------------------------------


def _create_detector(response: GuardDutyResponse, guardduty: GuardDuty) -> dict[str, Any]:
    if guardduty.detectors:
        raise BadRequest("a detector already exists for the current account")
    features = _features(response)
    detector = guardduty.make_detector(
        enabled=bool(response._get_param("enable")),
        frequency=response._get_param("findingPublishingFrequency") or FREQUENCY,
        tags=response._get_param("tags"),
    )
    detector.statuses |= features
    return {"DetectorId": detector.id}


def _list_detectors(response: GuardDutyResponse, guardduty: GuardDuty) -> dict[str, Any]:
    return {"DetectorIds": list(guardduty.detectors)}


def _get_detector(response: GuardDutyResponse, guardduty: GuardDuty) -> dict[str, Any]:
    return guardduty.detector(_id(response)).described(guardduty.held_features())


def _update_detector(response: GuardDutyResponse, guardduty: GuardDuty) -> None:
    """What a policy manages nobody changes; a member's features are its administrator's, where no policy is."""
    detector = guardduty.detector(_id(response))
    features, enable = _features(response), response._get_param("enable")
    managed, held = features.keys() & guardduty.held_features(), guardduty.held()
    if managed or (held and enable is False):
        named = ", ".join(sorted(managed)) or "the detector"
        raise BadRequest(f"a GuardDuty policy of the organization manages {named}")
    if not held and (features or enable is not None) and guardduty.is_administered:
        raise BadRequest("the current account is a member: its administrator configures it")
    detector.enabled = detector.enabled if enable is None else bool(enable)
    frequency = response._get_param("findingPublishingFrequency")
    detector.finding_publish_freq = frequency or detector.finding_publish_freq
    detector.statuses |= features


def _delete_detector(response: GuardDutyResponse, guardduty: GuardDuty) -> None:
    guardduty.detector(_id(response))
    if guardduty.is_kept or guardduty.is_administered:
        raise BadRequest("the current account is a member: its organization keeps its detector")
    del guardduty.detectors[_id(response)]


def _features(response: GuardDutyResponse) -> dict[str, bool]:
    return {name: status == "ENABLED" for name, status in _by_feature(response, "status").items()}


def _by_feature(response: GuardDutyResponse, setting: str) -> dict[str, str]:
    given = {each["name"]: each[setting] for each in response._get_param("features") or []}
    if unknown := given.keys() - set(FEATURES):
        raise BadRequest(f"the embedded AWS does not know the features {', '.join(sorted(unknown))}")
    return given


# -- the organization --------------------------------------------------------------------------------


def _enable_administrator(response: GuardDutyResponse, guardduty: GuardDuty) -> None:
    guardduty.enable_organization_admin_account(str(response._get_param("adminAccountId")))


def _disable_administrator(response: GuardDutyResponse, guardduty: GuardDuty) -> None:
    guardduty.disable_organization_admin_account(str(response._get_param("adminAccountId")))


def _list_administrators(response: GuardDutyResponse, guardduty: GuardDuty) -> dict[str, Any]:
    accounts = guardduty.list_organization_admin_accounts()
    return {"AdminAccounts": [{"AdminAccountId": each, "AdminStatus": "ENABLED"} for each in accounts]}


def _describe_configuration(response: GuardDutyResponse, guardduty: GuardDuty) -> dict[str, Any]:
    guardduty.as_administrator_with(_id(response))
    settings = guardduty.auto_enable
    return {
        "AutoEnable": settings.members != "NONE",
        "AutoEnableOrganizationMembers": settings.members,
        "MemberAccountLimitReached": False,
        "Features": [{"Name": name, "AutoEnable": which} for name, which in settings.features.items()],
    }


def _update_configuration(response: GuardDutyResponse, guardduty: GuardDuty) -> None:
    organization = guardduty.as_administrator_with(_id(response))
    members, flag = response._get_param("autoEnableOrganizationMembers"), response._get_param("autoEnable")
    if (members is None) == (flag is None):
        raise BadRequest("one of autoEnable and autoEnableOrganizationMembers is expected")
    members = members or ("NEW" if flag else "NONE")
    given = _by_feature(response, "autoEnable")
    if members not in STATES or not set(given.values()) <= set(STATES):
        raise BadRequest("auto-enable is NEW, ALL or NONE")
    if any(each["Type"] == TYPE for each in organization.root.policy_types) and members != "NONE":
        raise BadRequest("GuardDuty policies are enabled in the organization, and manage its accounts")
    guardduty.auto_enable = AutoEnable(members, guardduty.auto_enable.features | given)
    for account in organization.accounts:
        guardduty.of(account.id).arrive()


# -- members -----------------------------------------------------------------------------------------


def _create_members(response: GuardDutyResponse, guardduty: GuardDuty) -> dict[str, Any]:
    organization = guardduty.as_administrator_with(_id(response))
    accounts = [each["accountId"] for each in response._get_param("accountDetails")]
    return _unprocessed(guardduty.create_members(accounts, organization), "is no account of the organization")


def _list_members(response: GuardDutyResponse, guardduty: GuardDuty) -> dict[str, Any]:
    organization = guardduty.as_administrator_with(_id(response))
    members = [_member(guardduty, account, "Enabled") for account in guardduty.all_members(organization)]
    shown = {each["AccountId"] for each in members}
    if str(response._get_param("onlyAssociated")).lower() == "false":
        former = [account for account in guardduty.members if account not in shown]
        members += [_member(guardduty, account, "Removed") for account in former]
    return {"Members": members}


def _member(guardduty: GuardDuty, account: str, relationship: str) -> Mapping[str, Any]:
    detectors = list(guardduty.of(account).detectors.values())
    return {
        "AccountId": account,
        "DetectorId": detectors[0].id if detectors else "",
        "MasterId": guardduty.account_id,
        "AdministratorId": guardduty.account_id,
        "Email": "",
        "RelationshipStatus": relationship,
        "UpdatedAt": detectors[0].updated_at.isoformat() + "Z" if detectors else "",
    }


def _get_member_detectors(response: GuardDutyResponse, guardduty: GuardDuty) -> dict[str, Any]:
    members = set(guardduty.all_members(guardduty.as_administrator_with(_id(response))))
    wanted = response._get_param("accountIds")
    shown = []
    for account in (each for each in wanted if each in members):
        other = guardduty.of(account)
        for detector in other.detectors.values():
            features = detector.features_shown(other.held_features())
            sources = detector.data_sources()
            shown.append({"AccountId": account, "DataSources": sources, "Features": features})
    missing = [account for account in wanted if account not in members]
    return {"MemberDataSourceConfigurations": shown, **_unprocessed(missing, "is not a member")}


def _disassociate_members(response: GuardDutyResponse, guardduty: GuardDuty) -> dict[str, Any]:
    guardduty.as_administrator_with(_id(response))
    accounts = response._get_param("accountIds")
    kept = [account for account in accounts if guardduty.of(account).is_kept]
    for account in set(accounts) - set(kept):
        guardduty.members[account] = False
    return _unprocessed(kept, "is kept by the organization")


def _get_administrator(response: GuardDutyResponse, guardduty: GuardDuty) -> dict[str, Any]:
    guardduty.detector(_id(response))
    if not guardduty.is_administered:
        return {}
    administrator = {"AccountId": guardduty.administered_by, "RelationshipStatus": "Enabled"}
    return {"Administrator": administrator}


def _disassociate(response: GuardDutyResponse, guardduty: GuardDuty) -> None:
    guardduty.detector(_id(response))
    if guardduty.is_kept or not guardduty.is_administered:
        raise BadRequest("the current account is kept by its organization, or has no administrator")
    guardduty.of(guardduty.administered_by).members[guardduty.account_id] = False


def _unprocessed(accounts: list[str], why: str) -> dict[str, Any]:
    return {
        "UnprocessedAccounts": [{"AccountId": each, "Result": f"The account {why}."} for each in accounts]
    }


def _id(response: GuardDutyResponse) -> str:
    return str(response.path.split("/")[2])


HANDLERS: Mapping[str, Callable[[GuardDutyResponse, GuardDuty], Any]] = {
    "create_detector": _create_detector,
    "create_members": _create_members,
    "delete_detector": _delete_detector,
    "describe_organization_configuration": _describe_configuration,
    "disable_organization_admin_account": _disable_administrator,
    "disassociate_from_administrator_account": _disassociate,
    "disassociate_members": _disassociate_members,
    "enable_organization_admin_account": _enable_administrator,
    "get_administrator_account": _get_administrator,
    "get_detector": _get_detector,
    "get_member_detectors": _get_member_detectors,
    "list_detectors": _list_detectors,
    "list_members": _list_members,
    "list_organization_admin_accounts": _list_administrators,
    "update_detector": _update_detector,
    "update_organization_configuration": _update_configuration,
}
