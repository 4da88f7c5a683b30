"""Who from outside of the organization gets in. A plan tells it; nothing is changed.

The trust of roles is read as it stands. What else has a policy (buckets, keys, queues, topics, functions, secrets and more)
is asked of IAM Access Analyzer, where somebody has switched it on: one call for a Region, and one more for its findings.
ListFindings names who gets in, which ListFindingsV2 does not.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings.html
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListFindings.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from groundwork.aws.organizations import Organizations
from groundwork.baseline.component import Call, Permission, Target, worst
from groundwork.baseline.documents.meaning import Said, read
from groundwork.baseline.regions import FIND_REGIONS, governed, in_each
from groundwork.contracts import Severity
from groundwork.declaration.outsiders import EVERYBODY
from groundwork.declaration.policy_files import Document

READS = (
    Permission(["access-analyzer:ListAnalyzers"]),
    Permission(["access-analyzer:ListFindings"], ["arn:{partition}:access-analyzer:*:{account}:analyzer/*"]),
    FIND_REGIONS,
)
AWS_KEEPS = ("/aws-service-role/", "/aws-reserved/")
"""Paths of roles that AWS's services, and IAM Identity Center of this organization, make and change alone."""
ROLE = "AWS::IAM::Role"
EXTERNAL_ID = "sts:externalid"
ENTERING = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
OF_THE_RESOURCE = "${aws:resourceorgid}"
"""The organization of the role that is asked for: this one."""
OF_THE_ORGANIZATION, OF_AN_ACCOUNT = "ORGANIZATION", "ACCOUNT"
DENIED = "AccessDeniedException"


class Door(NamedTuple):
    """A role, and whom it trusts."""

    name: str
    path: str
    trust: Document


@dataclass(frozen=True)
class Stranger:
    """Somebody who gets to a resource, an ARN, in whatever way `how` says."""

    resource: str
    who: str
    how: str
    severity: Severity

    @property
    def words(self) -> str:
        return (
            f"{'account ' if _is_account(self.who) else ''}{self.who}{f' ({self.how})' if self.how else ''}"
        )


@dataclass(frozen=True)
class Seen:
    """Who was seen to get in. `denied` are the Regions whose findings may not be read."""

    strangers: tuple[Stranger, ...] = ()
    denied: tuple[str, ...] = ()


def seen(roles: Iterable[Door], ours: Iterable[str], target: Target) -> Seen:
    """`ours` are the names of roles whose trust is declared: it is put right."""
    others = [role for role in roles if role.name not in ours and not role.path.startswith(AWS_KEEPS)]
    on = governed(target).on
    found = in_each(target, "accessanalyzer", on, lambda analyzer: _findings(analyzer, target))
    return Seen(
        (
            *(each for role in others for each in _of_role(role, target)),
            *(each for findings in found.values() for each in findings or ()),
        ),
        tuple(name for name, findings in found.items() if findings is None),
    )


def calls(found: Seen, target: Target, told: Collection[str] = ()) -> Iterator[Call]:
    """A report of each resource with those who are not declared as known. `told` are resources that another one is of."""
    by_resource: dict[str, list[Stranger]] = {}
    for each in found.strangers:
        if not any(known.is_known(each.who, each.resource) for known in target.declaration.outsiders):
            by_resource.setdefault(each.resource, []).append(each)
    for arn, strangers in sorted(by_resource.items()):
        service, resource = (
            ("iam", f"role/{arn.rpartition('/')[2]}") if ":iam:" in arn else ("accessanalyzer", arn)
        )
        if resource in told:
            continue
        who = ", ".join(dict.fromkeys(each.words for each in strangers))
        yield Call(
            *(service, "", {}, resource, "report"),
            f"lets in {who}, from outside of the organization: take them out, or name them under outsiders"
            f"{_perimeter(strangers, target)}",
            severity=worst(each.severity for each in strangers),
        )
    for region in found.denied:
        yield Call(
            *("accessanalyzer", "", {}, f"Access Analyzer in {region}", "report"),
            "may not be asked who gets in from outside of the organization: allow access-analyzer:List* to the role that looks",
            severity="low",
        )


def _perimeter(found: Iterable[Stranger], target: Target) -> str:
    """Whom of them the perimeter keeps out, in words."""
    # It reads policies, and seldom has to.
    from groundwork.baseline.components.perimeter.reach import shuts_out

    shut = dict.fromkeys(each.who for each in found if shuts_out(each.who, each.resource, target))
    does = "shuts out" if target.declaration.perimeter.mode == "enforce" else "would shut out"
    return f"; the perimeter {does} {', '.join(shut)}" if shut else ""


# -- the trust of roles -------------------------------------------------------------------------------


def _of_role(role: Door, target: Target) -> Iterator[Stranger]:
    arn = target.role_arn(f"{role.path}{role.name}".removeprefix("/"))
    if _shuts_strangers_out(role.trust, target):
        return
    for said in read(role.trust):
        if said.allows and _lets_enter(said) and not _is_held_to_us(said, target):
            asked = {condition.key for condition in said.asked}
            for who in _let_in(said, target):
                yield Stranger(
                    arn, who, "with an external id" if EXTERNAL_ID in asked else "", _severity(who, asked)
                )


def _severity(who: str, asked: Collection[str]) -> Severity:
    """An issuer of tokens vouches for all who have an account with it: `sub` says who of them."""
    open_to_all = who == EVERYBODY or (
        who.startswith("oidc-provider/") and not any(key.endswith(":sub") for key in asked)
    )
    return "high" if open_to_all or (_is_account(who) and EXTERNAL_ID not in asked) else "medium"


def _lets_enter(said: Said) -> bool:
    actions = said.names["Action"]
    return any(
        actions.but is not any(fnmatchcase(each, pattern) for pattern in actions.values) for each in ENTERING
    )


def _shuts_strangers_out(trust: Document, target: Target) -> bool:
    """Whether a statement denies it to whoever is not of the organization, services of AWS aside, whatever the others
    allow."""
    strangers = ("StringNotLike", "aws:principalorgid", frozenset([target.organization.id]))
    no_service = ("Bool", "aws:principalisawsservice", frozenset(["false"]))
    return any(
        not said.allows
        and "AWS:*" in said.names["Principal"].values
        and not said.names["Principal"].but
        and {"*", "sts:*", "sts:assumerole"} & said.names["Action"].values
        and strangers in (asked := {(each.operator, each.key, each.values) for each in said.asked})
        and asked <= {strangers, no_service}
        for said in read(trust)
    )


def _is_held_to_us(said: Said, target: Target) -> bool:
    """Whether its conditions ask for a principal of the organization."""
    ours = target.organization.id
    return any(
        (
            asked.key == "aws:principalorgid"
            and {each.lower() for each in asked.values} <= {ours, OF_THE_RESOURCE}
        )
        or (
            asked.key == "aws:principalorgpaths" and all(each.startswith(f"{ours}/") for each in asked.values)
        )
        for asked in _narrowing(said)
    )


def _narrowing(said: Said) -> Iterator[Any]:
    """Conditions that somebody fulfils only by being what they name."""
    for asked in said.asked:
        named = asked.operator in ("StringLike", "StringEquals", "StringEqualsIgnoreCase", "ArnLike")
        if named and asked.values and not asked.if_exists and asked.quantifier != "ForAllValues":
            yield asked


def _let_in(said: Said, target: Target) -> Iterator[str]:
    principals = said.names["Principal"]
    if principals.but:
        yield EVERYBODY
        return
    held = _accounts_of_conditions(said)
    for principal in sorted(principals.values):
        kind, _, name = principal.partition(":")
        if kind == "Federated":
            yield name.rpartition(":")[2]
        elif kind == "AWS" and name == "*" and held is None:
            yield EVERYBODY
        elif kind == "AWS":
            accounts = held if name == "*" else {_account(name)}
            yield from sorted(each for each in accounts or () if _is_outside(each, target))


def _accounts_of_conditions(said: Said) -> set[str] | None:
    """Those that its conditions hold callers to; None where they hold them to none."""
    for asked in _narrowing(said):
        if asked.key in ("aws:principalarn", "aws:principalaccount"):
            accounts = {_account(each) for each in asked.values}
            if all(map(_is_account, accounts)):
                return accounts
    return None


def _account(principal: str) -> str:
    return principal.split(":")[4] if principal.count(":") >= 5 else principal


def _is_account(who: str) -> bool:
    return who.isdigit() and len(who) == 12


def _is_outside(account: str, target: Target) -> bool:
    """Organizations is asked of accounts that nobody has told of, each once."""
    organization = target.organization
    known = {
        target.account.id,
        organization.management_account_id,
        organization.security_account_id,
        organization.tooling_account_id,
        *organization.named_accounts.values(),
    }
    return account not in known and not target.once(f"member {account}", lambda: Organizations().has(account))


# -- what Access Analyzer has found -------------------------------------------------------------------


def _findings(analyzer: Any, target: Target) -> list[Stranger] | None:
    """None where they may not be read."""
    try:
        listed = [
            each
            for page in analyzer.get_paginator("list_analyzers").paginate()
            for each in page["analyzers"]
            if each["type"] in (OF_THE_ORGANIZATION, OF_AN_ACCOUNT) and each["status"] == "ACTIVE"
        ]
        # The organization's sees all that an account's does, in every account, and knows who is of the organization.
        for chosen in sorted(listed, key=lambda each: str(each["type"]), reverse=True)[:1]:
            pages = analyzer.get_paginator("list_findings").paginate(
                analyzerArn=chosen["arn"],
                filter={"status": {"eq": ["ACTIVE"]}, "resourceType": {"neq": [ROLE]}},
            )
            return [
                each for page in pages for found in page["findings"] for each in _of_finding(found, target)
            ]
    except ClientError as error:
        if error.response["Error"]["Code"] != DENIED:
            raise
        return None
    return []


def _of_finding(found: Mapping[str, Any], target: Target) -> Iterator[Stranger]:
    """An account's analyzer takes the rest of the organization for strangers."""
    if found.get("condition", {}).get("aws:PrincipalOrgID") == target.organization.id:
        return
    actions, owner = found.get("action", []), found["resourceOwnerAccount"]
    how = ", ".join(actions[:3]) + (f" and {len(actions) - 3} more" if len(actions) > 3 else "")
    if owner != target.account.id:
        how = f"{how} in account {owner}".lstrip()
    severity: Severity = "high" if found.get("isPublic") else "medium"
    for kind, name in found.get("principal", {}).items():
        account = _account(name)
        who = EVERYBODY if name == "*" else account if kind == "AWS" else name.rpartition(":")[2]
        if not _is_account(who) or _is_outside(who, target):
            yield Stranger(found["resource"], who, how, severity)
