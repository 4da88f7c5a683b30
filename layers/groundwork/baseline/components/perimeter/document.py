"""The resource control policy of the perimeter: who is not of the organization gets to no resource of a member account,
whatever the resource's own policy says.

- `OwnOrganization`: only principals of the organization, and services of AWS. A declared partner is let in by its account's id:
  by `outsiders` everywhere, or where `to` says; by a role's `trust`, with its external id, to that role. `everybody` is let in to
  what `to` names. Pipelines and people who come by an identity provider have no organization: sts:AssumeRoleWithWebIdentity
  and sts:AssumeRoleWithSAML are left to the trust of roles, and so are the tags and the source identity that they bring.
- `OnOurBehalf`: services of AWS only for something of the organization, or of the resource's own account. It is about requests
  that say for whose account they are; services that do not say it are held by iam:PassRole or by grants. The log archive is
  left to its own policies, which say the same more narrowly: what CloudTrail and Config say of the organization when they look at
  a bucket or use a key is not documented.
- `OverTls`: nobody without TLS, but for S3 buckets that are declared public: the endpoints of S3 web sites have no TLS.

It never binds resources of the management account, service-linked roles, or keys that AWS manages. `Partners` are held to all
resources that any partner is let in to, not to their own: each resource's policy says which of them.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from groundwork.baseline.central_policies import minified
from groundwork.contracts import Organization
from groundwork.declaration import Declaration
from groundwork.declaration.outsiders import EVERYBODY
from groundwork.declaration.policy_files import Document
from groundwork.errors import InvalidDeclaration, SecurityAccountMissing

LONGEST = 5_120
"""Characters of a resource control policy.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""
OF_STS = ("sts:AssumeRole", "sts:SetContext")
"""What is asked of a role of ours by whoever is known to IAM."""
CONFUSED = ("kms", "s3", "secretsmanager", "sqs", "sts")
"""The services whose resources services of AWS use for others, and say for whom: those of AWS's own example."""
EVERYWHERE = "*"


def perimeter_document(declaration: Declaration, organization: Organization) -> dict[str, Any]:
    """Rendered from the declaration and the ids of the organization, nothing else.

    Raises `SecurityAccountMissing` without a security account, whose archive it leaves alone, and `InvalidDeclaration` for an
    outsider whom it cannot name, and when the declaration makes it longer than AWS takes.
    """
    if organization.security_account_id is None:
        raise SecurityAccountMissing(
            "The perimeter leaves the log archive alone, and there is no such account."
        )
    document = {"Version": "2012-10-17", "Statement": list(_statements(declaration, organization))}
    length = len(minified(document))
    if length > LONGEST:
        raise InvalidDeclaration(
            f"baseline.yaml: outsiders: the resource control policy that lets them in has {length} characters, AWS takes "
            f"{LONGEST}; name fewer of them, or join their patterns under to."
        )
    return document


@dataclass(frozen=True)
class LetIn:
    """Who is let in from outside: accounts everywhere, accounts to some resources, everybody to some resources."""

    everywhere: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    public: tuple[str, ...] = ()


def let_in(declaration: Declaration, organization: Organization) -> LetIn:
    everywhere: set[str] = set()
    accounts: set[str] = set()
    to: set[str] = set()
    public: set[str] = set()
    for outsider in declaration.outsiders:
        for pattern in outsider.to:
            if outsider.who == EVERYBODY:
                public.add(_resource(pattern, outsider.who, organization))
            elif not outsider.who.isdigit():
                continue  # a provider: who comes by one is left to the trust of roles
            elif pattern == EVERYWHERE:
                everywhere.add(outsider.who)
            else:
                accounts.add(outsider.who)
                to.add(_resource(pattern, outsider.who, organization))
    for role in declaration.access.roles:
        if role.trust.account.isdigit():
            accounts.add(role.trust.account)
            to.add(f"arn:{organization.partition}:iam::*:role{role.path}{role.name}")
    return LetIn(*(tuple(sorted(each)) for each in (everywhere, accounts - everywhere, to, public)))


def of_s3(pattern: str) -> bool:
    return pattern.split(":")[2] == "s3"


def _resource(pattern: str, who: str, organization: Organization) -> str:
    """As a Resource element may name it: an ARN of this partition."""
    wrong = "is no pattern of ARNs that a policy may name; write it like arn:*:s3:::site-*"
    if pattern == EVERYWHERE:
        wrong = "lets everybody in to everything; name under to what is public"
    elif pattern.startswith("arn:") and not {"[", "]"} & set(pattern):
        _, _, rest = pattern.removeprefix("arn:").partition(":")
        return f"arn:{organization.partition}:{rest}"
    raise InvalidDeclaration(
        f"baseline.yaml: outsiders {who}: to {pattern!r} {wrong}, or take perimeter out."
    )


def _statements(declaration: Declaration, organization: Organization) -> Iterator[Document]:
    declared, outside = declaration.perimeter, let_in(declaration, organization)
    services = sorted(declared.services)
    actions = [each for service in services for each in (OF_STS if service == "sts" else (f"{service}:*",))]
    besides = sorted({*outside.to, *outside.public})
    resource = {"NotResource": besides} if besides else {"Resource": "*"}
    yield _own_organization("OwnOrganization", actions, resource, outside.everywhere, organization)
    if outside.to:
        partners = (*outside.everywhere, *outside.accounts)
        yield _own_organization("Partners", actions, {"Resource": [*outside.to]}, partners, organization)
    deputies = [f"{service}:*" for service in CONFUSED if service in services]
    if deputies:
        yield {
            **_deny("OnOurBehalf", deputies),
            "NotResource": _archive(declaration, organization),
            "Condition": {
                "StringNotEqualsIfExists": {
                    "aws:SourceOrgID": organization.id,
                    "aws:SourceAccount": ["${aws:ResourceAccount}", *outside.everywhere],
                },
                "Null": {"aws:SourceAccount": "false"},
                "Bool": {"aws:PrincipalIsAWSService": "true"},
            },
        }
    over_tls = [f"{service}:*" for service in services]
    sites = [pattern for pattern in outside.public if of_s3(pattern)]
    yield {
        **_deny("OverTls", over_tls),
        **({"NotResource": sites} if sites else {"Resource": "*"}),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _own_organization(
    sid: str, actions: list[str], resource: Document, accounts: tuple[str, ...], organization: Organization
) -> Document:
    ours: dict[str, Any] = {"aws:PrincipalOrgID": organization.id}
    if accounts:
        ours["aws:PrincipalAccount"] = [*accounts]
    return {
        **_deny(sid, actions),
        **resource,
        "Condition": {
            "StringNotEqualsIfExists": ours,
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }


def _deny(sid: str, actions: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": actions}


def _archive(declaration: Declaration, organization: Organization) -> list[str]:
    partition, security = organization.partition, str(organization.security_account_id)
    names = declaration.log_archive
    buckets = [name.replace("<security>", security) for name in (names.trail_bucket, names.config_bucket)]
    return [
        *(f"arn:{partition}:s3:::{bucket}{end}" for bucket in buckets for end in ("", "/*")),
        f"arn:{partition}:kms:{declaration.regions.home}:{security}:key/*",
    ]
