"""Whom the perimeter shuts out: asked of the policy itself, before it is attached anywhere.

Groundwork's own ways in, what is delivered to the log archive, and every door that is declared must stay open. Where AWS's
documentation leaves open which keys a service brings along, each reading is asked about. Who else is found to get in, a
plan of each account tells (`groundwork.baseline.strangers`), and whether the perimeter shuts them out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from groundwork.baseline.archive import WRITER
from groundwork.baseline.component import Target
from groundwork.baseline.components.log_archive.policies import CLOUDTRAIL, CONFIG, S3_LOGGING, USE
from groundwork.baseline.components.perimeter.document import (
    EVERYWHERE,
    OF_STS,
    of_s3,
    perimeter_document,
)
from groundwork.contracts import Organization
from groundwork.declaration import Declaration
from groundwork.declaration.outsiders import EVERYBODY
from groundwork.declaration.policy_files import Document
from groundwork.errors import InvalidDeclaration
from groundwork.fields import is_below
from groundwork.policies.conditions import Values
from groundwork.policies.documents import Caller, Kind, Request, compile_policy

MEMBER = "000000000000"
"""Stands for any member account."""


@dataclass(frozen=True)
class Door:
    """Something that is asked of a resource of a member account. `keys` are what AWS says of whoever asks."""

    words: str
    action: str
    resource: str
    owner: str
    caller: Caller
    keys: Mapping[str, Values]


def checked_document(declaration: Declaration, organization: Organization) -> Document:
    """Raises besides `InvalidDeclaration` where it would shut a door that is ours or declared."""
    document = perimeter_document(declaration, organization)
    if closed := shut(document, doors(declaration, organization)):
        raise InvalidDeclaration(
            f"baseline.yaml: perimeter: it would shut out what must get in: {'; '.join(closed[:3])}. Correct outsiders, or "
            "take perimeter out."
        )
    return document


def shut(document: Document, asked: Iterator[Door]) -> list[str]:
    """Those of the doors that the policy closes, in words."""
    policy = compile_policy(document, Kind.RESOURCE)
    known = {"aws:securetransport": "true"}
    return [
        door.words
        for door in asked
        if policy.verdict(
            Request(
                door.action,
                door.resource,
                {**known, "aws:resourceaccount": door.owner, **door.keys},
                door.caller,
            )
        ).denied
    ]


def doors(declaration: Declaration, organization: Organization) -> Iterator[Door]:
    yield from _deliveries(declaration, organization)
    yield from _ways_in(declaration, organization)
    yield from _declared(declaration, organization)


def shuts_out(who: str, resource: str, target: Target) -> bool:
    """Whether the perimeter as it is declared keeps somebody from outside, whom nobody has named under `outsiders`, from
    a resource of the account, an ARN, once it is enforced."""
    declared = target.declaration.perimeter
    service = "sts" if resource.split(":")[2] == "iam" else resource.split(":")[2]
    return (
        "perimeter" in target.declaration.baseline.get("management", [])
        and target.account.kind != "management"
        and service in declared.services
        and (who == EVERYBODY or who.isdigit())
        and (not declared.where or any(is_below(target.account.unit, unit) for unit in declared.where))
    )


# -- what must stay open -------------------------------------------------------------------------------


def _deliveries(declaration: Declaration, organization: Organization) -> Iterator[Door]:
    """CloudTrail's and Config's, of every account, with and without a word on their organization; and S3's own."""
    partition, security, names = (
        organization.partition,
        str(organization.security_account_id),
        declaration.log_archive,
    )
    key = f"arn:{partition}:kms:{declaration.regions.home}:{security}:key/logs"
    said: tuple[Mapping[str, Values], ...] = ({}, {"aws:sourceorgid": organization.id})

    def bucket(name: str) -> str:
        return f"arn:{partition}:s3:::{name.replace('<security>', security)}"

    for service, name, looks in (
        (CLOUDTRAIL, names.trail_bucket, ("s3:GetBucketAcl",)),
        (CONFIG, names.config_bucket, ("s3:GetBucketAcl", "s3:ListBucket")),
    ):
        for account in (MEMBER, security, organization.management_account_id):
            for more in said:
                keys = {**_of_service(service, account), **more}
                asked = [(action, bucket(name)) for action in looks]
                asked += [("s3:PutObject", f"{bucket(name)}/AWSLogs/x"), *((use, key) for use in USE)]
                for action, resource in asked:
                    words = f"{service} delivers to the log archive ({action})"
                    yield Door(words, action, resource, security, Caller(service=service), keys)
    yield Door(
        "S3 delivers the archive's access logs",
        "s3:PutObject",
        f"{bucket(names.access_logs_bucket)}/x",
        security,
        Caller(service=S3_LOGGING),
        _of_service(S3_LOGGING, security),
    )


def _of_service(service: str, account: str) -> dict[str, Values]:
    return {
        "aws:principalisawsservice": "true",
        "aws:principalservicename": service,
        "aws:sourceaccount": account,
    }


def _ways_in(declaration: Declaration, organization: Organization) -> Iterator[Door]:
    """Groundwork's, and what AWS's services do with roles of ours."""
    management, security = organization.management_account_id, str(organization.security_account_id)
    for name in declaration.entry_role_names:
        yield _entering(f"Groundwork enters by {name}", f"role/{name}", MEMBER, management, organization)
    words = "Groundwork changes the log archive"
    yield _entering(words, f"role/{WRITER}", security, management, organization)
    role = f"arn:{organization.partition}:iam::{MEMBER}:role/any"
    yield Door(
        "a service takes a role of its account",
        "sts:AssumeRole",
        role,
        MEMBER,
        Caller(service="lambda.amazonaws.com"),
        _of_service("lambda.amazonaws.com", MEMBER),
    )
    key = f"arn:{organization.partition}:kms:{declaration.regions.home}:{security}:key/logs"
    who = _somebody_of(MEMBER, organization, organization.id)
    yield Door("an account finds the archive's key", "kms:DescribeKey", key, security, *who)


def _declared(declaration: Declaration, organization: Organization) -> Iterator[Door]:
    ids = {
        "security": organization.security_account_id,
        "tooling": organization.tooling_account_id,
        "management": organization.management_account_id,
    }
    for role in declaration.access.roles:
        trusted = role.trust.account
        account = ids.get(trusted, trusted)
        if account is not None:
            words, name = f"{trusted} enters {role.name}", f"role{role.path}{role.name}"
            ours = not trusted.isdigit()
            yield _entering(words, name, MEMBER, account, organization, ours=ours)
    for outsider in declaration.outsiders:
        if outsider.who == EVERYBODY or outsider.who.isdigit():
            for pattern in outsider.to:
                yield from _of_outsider(outsider.who, pattern, declaration, organization)


def _of_outsider(
    who: str, pattern: str, declaration: Declaration, organization: Organization
) -> Iterator[Door]:
    """Where the pattern names a service whose resources are bound, something that it is about."""
    everywhere = f"arn:{organization.partition}:iam::{MEMBER}:role/any"
    resource = (
        everywhere if pattern == EVERYWHERE else pattern.replace("arn:*:", f"arn:{organization.partition}:")
    )
    resource = resource.replace("*", "x")
    service = resource.split(":")[2]
    action = OF_STS[0] if service == "iam" else f"{service}:Get"
    if service == "iam" or service in declaration.perimeter.services:
        caller, keys = (Caller(), {}) if who == EVERYBODY else _somebody_of(who, organization, None)
        words = f"{who}, of outsiders, gets to {pattern}"
        yield Door(words, action, resource, MEMBER, caller, keys)
        if who == EVERYBODY and of_s3(pattern):
            by_site = {"aws:securetransport": "false"}
            yield Door(f"{words} as a web site, without TLS", action, resource, MEMBER, caller, by_site)


def _entering(
    words: str, name: str, owner: str, account: str, organization: Organization, *, ours: bool = True
) -> Door:
    role = f"arn:{organization.partition}:iam::{owner}:{name}"
    who = _somebody_of(account, organization, organization.id if ours else None)
    return Door(words, "sts:AssumeRole", role, owner, *who)


def _somebody_of(
    account: str, organization: Organization, organization_id: str | None
) -> tuple[Caller, Mapping[str, Values]]:
    arn = f"arn:{organization.partition}:iam::{account}:role/any"
    keys: dict[str, Values] = {
        "aws:principalisawsservice": "false",
        "aws:principalaccount": account,
        "aws:principalarn": arn,
    }
    if organization_id:
        keys["aws:principalorgid"] = organization_id
    return Caller(arn, account, arn), keys
