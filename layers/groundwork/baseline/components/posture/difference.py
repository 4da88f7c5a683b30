"""What leads from the central configuration that is there to the declared one.

An association that is PENDING is made: AWS takes up to a day to bring it to every account, and binds new ones by it.

https://docs.aws.amazon.com/securityhub/latest/userguide/create-associate-policy.html
https://docs.aws.amazon.com/securityhub/latest/userguide/view-policy.html
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_CreateFindingAggregator.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from groundwork.baseline import administrators
from groundwork.baseline.component import Action, Call, Target, known_later, stays
from groundwork.baseline.places import places
from groundwork.contracts import Severity
from groundwork.fields import shown

from . import hubs
from .central import DESCRIPTION, Found
from .settings import Settings

SELF_MANAGED = "SELF_MANAGED_SECURITY_HUB"
ADMINISTERED = "the security account administers Security Hub"
CENTRAL = "central configuration is on"
ALLOWED = "by an entry role of the security account"
"""Whom the guard rails let change Security Hub."""


def calls(found: Found, target: Target, declared: Settings) -> Iterator[Call]:
    """In AWS's order: the hub, the aggregator, central configuration, its policy, the association."""
    home = target.declaration.regions.home
    if found.administrator not in ("", target.account.id):
        yield from administrators.reports("securityhub", "posture", {home: found.administrator})
        return
    yield from _unrecorded(target)
    if found.administrator and not found.on:
        yield hubs.enabling(home, "without it the security account configures nothing")
    after = "" if found.status is not None else ADMINISTERED
    if found.aggregator and found.aggregator.home != home:
        yield _report(
            "finding aggregator",
            f"has its home in {found.aggregator.home}, and regions.home is {home}: central configuration needs one home; "
            f"delete the aggregator there {ALLOWED} (its copies of findings go with it), or declare that home",
        )
        return
    if found.status in ("DISABLED", "FAILED"):
        yield _report("central configuration", _why_not(found), "high")
        return
    yield from _aggregation(found, target, after)
    if not found.status:
        yield _switching_on(home, after)
    later = after or ("" if found.status == "ENABLED" else CENTRAL)
    yield from _policy_calls(found, target, declared, later)
    yield from _associations(found, target, declared, later)
    yield from _left(found, target, declared)


def _call(
    operation: str,
    parameters: Mapping[str, Any],
    resource: str,
    reason: str,
    home: str,
    severity: Severity = "medium",
    after: str = "",
) -> Call:
    action: Action = "create" if operation.startswith("Create") else "update"
    return Call(
        "securityhub",
        operation,
        parameters,
        resource,
        action,
        reason,
        home,
        severity=severity,
        after=after,
    )


def _report(resource: str, reason: str, severity: Severity = "medium") -> Call:
    return Call("securityhub", "", {}, resource, "report", reason, severity=severity)


def _why_not(found: Found) -> str:
    if found.status == "DISABLED":
        return (
            "is off, since the organization is managed by Security Hub CSPM policies of AWS Organizations; take posture out of "
            "the baseline, or disable the policy type SECURITYHUB_CSPM_POLICY"
        )
    return f"could not be switched on: {found.message or 'AWS says no more'}; mend that, and switch it on in Security Hub {ALLOWED}"


def _unrecorded(target: Target) -> Iterator[Call]:
    """https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-setup-prereqs.html"""
    without = [kind for kind, names in target.declaration.baseline.items() if "config" not in names]
    if without:
        kinds = " and ".join(sorted(without))
        yield _report(
            "AWS Config", f"is not in the baseline of kind {kinds}: most controls need it to check anything"
        )
    regions = target.declaration.regions
    if not without and regions.of_global_types != regions.home:
        yield _report(
            "AWS Config",
            f"records IAM in {regions.of_global_types}, and Security Hub checks it in the home Region, {regions.home}, alone: "
            "controls of IAM find nothing there",
        )


def _aggregation(found: Found, target: Target, after: str) -> Iterator[Call]:
    """Every governed Region is linked; what others linked besides stays."""
    home, resource = target.declaration.regions.home, "finding aggregator"
    wanted = [name for name in target.declaration.regions.governed if name != home and name not in found.off]
    there = found.aggregator
    if there is None:
        linking = _linking("SPECIFIED_REGIONS" if wanted else "NO_REGIONS", wanted)
        reason = "does not exist; without it Security Hub cannot be configured centrally"
        yield _call("CreateFindingAggregator", linking, resource, reason, home, after=after)
        return
    lacking = [name for name in wanted if not there.links(name)]
    if lacking:
        mode, regions = there.mode, [*there.regions, *lacking]
        if mode == "ALL_REGIONS_EXCEPT_SPECIFIED":
            regions = [name for name in there.regions if name not in lacking]
            mode = mode if regions else "ALL_REGIONS"
        else:
            mode = "SPECIFIED_REGIONS"
        changed = {"FindingAggregatorArn": there.arn, **_linking(mode, regions)}
        reason = f"does not link {', '.join(lacking)}: nothing is configured or gathered from there"
        yield _call("UpdateFindingAggregator", changed, resource, reason, home, "high")


def _linking(mode: str, regions: Sequence[str]) -> dict[str, Any]:
    return {"RegionLinkingMode": mode, **({"Regions": sorted(regions)} if regions else {})}


def _switching_on(home: str, after: str) -> Call:
    wanted = {
        "AutoEnable": False,
        "AutoEnableStandards": "NONE",
        "OrganizationConfiguration": {"ConfigurationType": "CENTRAL"},
    }
    reason = "is off: each account configures Security Hub by itself, or not at all"
    return _call(
        "UpdateOrganizationConfiguration", wanted, "central configuration", reason, home, "high", after
    )


# -- the policy and its association --------------------------------------------------------------------


def content(target: Target, declared: Settings) -> dict[str, Any]:
    """What a configuration policy says, in full: standards that are not listed are disabled.

    https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_SecurityHubPolicy.html
    """
    here = f"arn:{target.organization.partition}:securityhub:{target.declaration.regions.home}::standards/"
    return {
        "ServiceEnabled": True,
        "EnabledStandardIdentifiers": [f"{here}{name}" for name in declared.standards],
        "SecurityControlsConfiguration": {
            "DisabledSecurityControlIdentifiers": sorted(each.control for each in declared.exceptions)
        },
    }


def _policy_calls(found: Found, target: Target, declared: Settings, after: str) -> Iterator[Call]:
    home, resource = target.declaration.regions.home, _resource(declared)
    says, there = {"SecurityHub": content(target, declared)}, found.policy
    if there is None:
        made = {"Name": declared.policy, "Description": DESCRIPTION, "ConfigurationPolicy": says}
        reason = "does not exist: accounts are checked against nothing that is declared"
        yield _call("CreateConfigurationPolicy", made, resource, reason, home, "high", after)
        return
    changes: dict[str, Any] = {}
    severity: Severity = "low"
    reasons = list(_wrong(there.says, says["SecurityHub"]))
    if reasons:
        changes["ConfigurationPolicy"] = says
        severity = "medium" if there.says.get("ServiceEnabled") else "high"
    if there.description != DESCRIPTION:
        changes["Description"] = DESCRIPTION
        reasons.append(f"description is {shown(there.description)}; expected {shown(DESCRIPTION)}")
    if changes:
        changes["Identifier"] = there.arn
        yield _call("UpdateConfigurationPolicy", changes, resource, "; ".join(reasons), home, severity)


def _wrong(says: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    if not says.get("ServiceEnabled"):
        yield "switches Security Hub off"
        return
    there, here = (
        {str(arn).rpartition(":")[2]: None for arn in each.get("EnabledStandardIdentifiers") or ()}
        for each in (says, wanted)
    )
    yield from (f"lacks the standard {_name(each)}" for each in here if each not in there)
    yield from (
        f"enables the standard {_name(each)}, which is not declared" for each in there if each not in here
    )
    controls = says.get("SecurityControlsConfiguration") or {}
    if controls.get("EnabledSecurityControlIdentifiers"):
        yield "enables listed controls alone"
    off = set(controls.get("DisabledSecurityControlIdentifiers") or ())
    exceptions = set(wanted["SecurityControlsConfiguration"]["DisabledSecurityControlIdentifiers"])
    if more := sorted(off - exceptions):
        yield f"disables {', '.join(more)}, which is not declared as an exception"
    if fewer := sorted(exceptions - off):
        yield f"does not disable {', '.join(fewer)}"
    if controls.get("SecurityControlCustomParameters"):
        yield "has control parameters of its own"


def _name(standard: str) -> str:
    return standard.partition("/")[2]


def _resource(declared: Settings) -> str:
    return f"configuration policy {declared.policy}"


def _associations(found: Found, target: Target, declared: Settings, after: str) -> Iterator[Call]:
    home, mine = target.declaration.regions.home, found.policy.id if found.policy else ""
    for place, words in places(declared.where, target).items():
        resource, there = f"association of {words}", found.applied.get(place, "")
        if mine and there == mine:
            if place in found.failed:
                yield _report(
                    resource,
                    f"did not come everywhere: {found.failed[place]}; `aws securityhub "
                    f"list-configuration-policy-associations` in {home} names the accounts",
                )
        elif there not in ("", SELF_MANAGED, *found.former):
            yield _report(
                resource,
                f"is with configuration policy {there}, which somebody else made and Groundwork leaves alone: what it does not "
                f"enable is checked nowhere; associate {words} with ours {ALLOWED}, or take posture out of the baseline",
                "high",
            )
        else:
            kind = "RootId" if place == target.organization.root_id else "OrganizationalUnitId"
            yield _call(
                "StartConfigurationPolicyAssociation",
                {
                    "ConfigurationPolicyIdentifier": mine or known_later(f"id of {_resource(declared)}"),
                    "Target": {kind: place},
                },
                resource,
                f"is not with configuration policy {declared.policy}: accounts there are checked as they please; the declared "
                "standards go on in them, and others off",
                *(home, "high"),
                after or ("" if mine else f"{_resource(declared)} exists"),
            )


def _left(found: Found, target: Target, declared: Settings) -> Iterator[Call]:
    mine, wanted = {found.policy.id} if found.policy else set(), places(declared.where, target)
    apart = sorted(
        place for place, policy in found.applied.items() if place not in wanted and policy not in mine
    )
    if apart and not declared.where:
        more = f" and {len(apart) - 5} more" if len(apart) > 5 else ""
        yield _report(
            "accounts with a configuration of their own",
            f"{', '.join(apart[:5])}{more} do not follow {declared.policy}: somebody gave them another configuration policy, or "
            f"leaves them to themselves; disassociate them {ALLOWED} if nobody means that",
        )
    for place in sorted(
        place for place, policy in found.applied.items() if place not in wanted and policy in mine
    ):
        reason = f"is with {declared.policy}, and {place} is not declared under posture.where"
        there = Call(
            "securityhub",
            "StartConfigurationPolicyDisassociation",
            {},
            f"association of {place}",
            "delete",
            reason,
        )
        yield stays(there, f"disassociate it {ALLOWED}, or declare it")
    for identifier, name in found.former.items():
        where = [place for place, policy in found.applied.items() if policy == identifier]
        reason = f"is ours, and {declared.policy} is declared instead; it is associated with {', '.join(where) or 'nothing'}"
        former = Call(
            "securityhub", "DeleteConfigurationPolicy", {}, f"configuration policy {name}", "delete", reason
        )
        yield stays(former, f"disassociate and delete it {ALLOWED}, or declare it again")
