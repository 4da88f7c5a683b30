"""What the declaration promises of an organization, as questions about all requests at once: who takes which role, who
raises their own powers, who touches the archive, what an access key alone can do.

`everything` stands for whoever has whatever policies in an account: what is denied to them is denied to every user and
role there, but for those whom a policy knows by their ARN; these are asked by themselves. A user who is there keeps
what their own policies deny.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from demo.promises import Visitor, doors_of, promised
from groundwork.baseline.archive import WRITER
from groundwork.contracts import Account
from groundwork.doors.power import Power
from prove.vended import Organization, Question, Statement

STRANGERS = "999999999999"
MFA = "aws:MultiFactorAuthPresent"
ANYONE = ("user/anyone", "role/anyone", "role/ci-cd/anyone")
LOG_ARCHIVE = f"role/{WRITER}"
ENTRY = "OrganizationAccountAccessRole"
ADMINISTRATORS = (ENTRY, "role/allow-admin-from-security-account")
HOLDERS = ("groundwork-ApplyComponentF", "groundwork-CheckAccessF", "groundwork-VerifyBaselineF")
"""How the names of the functions' roles begin that may enter accounts; the first alone takes the archive's role."""
READS = ("iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*")
OF_GROUPS = ("iam:AddUserToGroup", "iam:RemoveUserFromGroup")
"""They change no role; the prover takes any action to have any resource."""
READS_OF_KEYS = ("kms:Decrypt", "kms:Describe*", "kms:Get*", "kms:List*")
ENTRY_ON_THE_WRITER = ("iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy")
"""An entry role lays the archive's role down, and says what it may; not who takes it."""
WORKLOADS = ("role/workload/*", "policy/workload/*", "instance-profile/workload/*", "role/aws-service-role/*")
SERVICE_LINKED = ("iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole")
"""PowerUserAccess allows them; they make and delete roles that AWS's services alone take, with AWS's policies."""
BELOW_A_PATH = (
    "iam:CreateRole",
    "iam:PutRolePermissionsBoundary",
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
)
BARE_KEY = (
    "iam:ChangePassword", "iam:GetAccountPasswordPolicy", "iam:GetMFADevice", "iam:GetUser", "iam:ListMFADevices",
    "iam:ListVirtualMFADevices", "signin:CreateOAuth2Token", "sts:GetSessionToken",
)  # fmt: skip
"""What mfa-self-service.json leaves to an access key without MFA."""
NEVER = (
    "iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ResyncMFADevice", "iam:DeactivateMFADevice",
    "iam:DeleteVirtualMFADevice", "iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:CreateLoginProfile",
    "sts:AssumeRole",
)  # fmt: skip


def arn(account: Account | str, resource: str, service: str = "iam") -> str:
    return f"arn:aws:{service}::{account if isinstance(account, str) else account.id}:{resource}"


def but(actions: Sequence[str], resources: Sequence[str] = ("*",), **condition: Any) -> Statement:
    """A statement that leaves these out of a question."""
    left = {"Effect": "Deny", "Action": list(actions), "Resource": list(resources)}
    return {**left, "Condition": condition} if condition else left


# -- doors --------------------------------------------------------------------------------------------


def doors(organization: Organization) -> Iterator[Question]:
    """Every role of the member accounts, those of AWS's services aside, before everybody, whatever is in the request."""
    opened = {
        arn(door.account, f"role{door.path}{door.role_name}"): door
        for account in organization.members
        for door in doors_of(account, organization.declaration)
    }
    visitors = list(_visitors(organization))
    for role in (role for account in organization.members for role in organization.roles(account)):
        for question, visitor in visitors:
            if question.caller == role:
                continue
            if visitor is None:
                allowed = _is_of_a_function(organization, question.caller, role)
            else:
                allowed = (
                    role in opened and promised(visitor, opened[role], organization.declaration) != Power.SHUT
                )
            yield replace(question, words=f"{question.words} takes {role}", allowed=allowed, resource=role)


def _is_of_a_function(organization: Organization, caller: str, role: str) -> bool:
    """Whether it is the role of a function of Groundwork's that takes this one to do its work."""
    takers = HOLDERS[:1] if role.endswith(LOG_ARCHIVE) else HOLDERS if role.endswith(ENTRY) else ()
    return caller.startswith(tuple(arn(organization.management, f"role/{each}") for each in takers))


def _visitors(organization: Organization) -> Iterator[tuple[Question, Visitor | None]]:
    """Each caller, and who that is to the declaration; None: nobody whom it would let in anywhere."""

    def caller(who: str, words: str, **more: Any) -> Question:
        return Question(words, False, who, "sts:AssumeRole", **more)

    for account in organization.accounts:
        for name in ANYONE:
            visitor = Visitor(name, account, mfa=True)
            yield caller(arn(account, name), f"{name} of {account.name}", everything=True), visitor
        for role in organization.roles(account):
            administrator = Visitor(role.split(":")[5], account, mfa=True)
            yield caller(role, role), administrator if role.endswith(ADMINISTRATORS) else None
    for user in organization.details[organization.account("security").id]["UserDetailList"]:
        name, groups = user["UserName"], tuple(user["GroupList"])
        for mfa in ("true", "false", None):
            visitor = Visitor(f"user/{name}", organization.account("security"), groups, mfa == "true")
            yield caller(user["Arn"], f"a user of {name}, MFA {mfa},", context={MFA: mfa}), visitor
    for name in ANYONE:
        yield caller(arn(STRANGERS, name), f"{name} outside the organization", everything=True), None


# -- powers -------------------------------------------------------------------------------------------


def powers(organization: Organization) -> Iterator[Question]:
    for account in organization.members:
        yield from _baseline(organization, account)
    for account in organization.members:
        for role in organization.roles(account):
            name = role.rsplit("/", 1)[1]
            if name.startswith(("allow-dev", "allow-deploy", "allow-read-only")):
                yield from _own_powers(account, role, name)


def _baseline(organization: Organization, account: Account) -> Iterator[Question]:
    """Nobody but an entry role changes what Groundwork laid down, an account's administrator neither."""
    left = [but([*READS, *OF_GROUPS])]
    laid_down = [door.role_name for door in doors_of(account, organization.declaration) if door.declared]
    for name in laid_down:
        question = Question(
            f"anyone of {account.name} changes the role {name}", False, arn(account, "role/anyone"), "iam:*",
            arn(account, f"role/{name}"), everything=True, unless=left,
        )  # fmt: skip
        yield question
        yield replace(question, caller=arn(account, "user/anyone"))
        yield replace(
            question, words=f"{ENTRY} of {account.name} changes the role {name}", allowed=True,
            caller=arn(account, f"role/{ENTRY}"), everything=False, action="iam:UpdateAssumeRolePolicy",
        )  # fmt: skip
    yield Question(
        f"anyone of {account.name} makes, changes or passes a role called {ENTRY}", False, arn(account, "role/anyone"),
        "iam:*", arn(account, f"role/*{ENTRY}"), everything=True, unless=[but(READS)],
    )  # fmt: skip
    yield Question(
        f"anyone of {account.name} makes a role", True, arn(account, "role/anyone"), "iam:CreateRole",
        arn(account, "role/other"), everything=True,
    )  # fmt: skip


def _own_powers(account: Account, role: str, name: str) -> Iterator[Question]:
    """Roles for people and pipelines: nothing of IAM beyond the path of workloads, and there nothing beyond the boundary."""
    who = f"{name} of {account.name}"
    yield Question(
        f"{who} does anything in IAM beyond /workload/ but read and make roles of services", False, role, "iam:*",
        unless=[but([*READS, *SERVICE_LINKED]), but(["iam:*"], [arn(account, each) for each in WORKLOADS])],
    )  # fmt: skip
    if "deploy" in name:
        unless = [but(["sts:AssumeRole"], [arn("*", "role/workload/*")])]
        words = f"{who} may take a role beyond /workload/"
        yield Question(words, False, role, "sts:AssumeRole", arn("*", "role/*"), unless=unless)
    else:
        instance = arn(account, "instance/i-0123456789abcdef0", "ec2").replace("::", ":us-east-1:")
        yield Question(f"{who} sees an instance", True, role, "ec2:DescribeInstances", instance)
    makes = "deploy" in name or ("dev" in name and account.unit.endswith(("Development", "Staging")))
    boundary = {"iam:PermissionsBoundary": arn(account, "policy/workload-boundary")}
    for action in BELOW_A_PATH:
        question = Question(
            f"{who}: {action} below /workload/ without the boundary", False, role, action,
            arn(account, "role/workload/app"), unless=[but([action], StringEquals=boundary)],
        )  # fmt: skip
        yield question
        words = f"{who}: {action} below /workload/ with the boundary"
        yield replace(question, words=words, allowed=makes, unless=(), context=boundary)
    yield Question(
        f"{who} takes the boundary off",
        False,
        role,
        "iam:DeleteRolePermissionsBoundary",
        arn(account, "role/*"),
    )


# -- the archive --------------------------------------------------------------------------------------


def archive(organization: Organization) -> Iterator[Question]:
    """Under the guard rails, which its own role alone is spared."""
    security = organization.account("security")
    callers = [(arn(each, "role/anyone"), "anyone", True) for each in organization.members]
    callers += [(arn(each, f"role/{ENTRY}"), ENTRY, False) for each in organization.members]
    for caller, name, everything in callers:
        for what, question in _touching(organization):
            words = f"{name} of {caller.split(':')[4]} {what}"
            yield replace(question, words=words, caller=caller, everything=everything)
    role = arn(security, LOG_ARCHIVE)
    bucket = organization.declaration.log_archive.trail_bucket.replace("<security>", security.id)
    for action, resource, allowed in (
        ("s3:PutBucketPolicy", f"arn:aws:s3:::{bucket}", True),
        ("kms:PutKeyPolicy", organization.key, True),
        ("s3:DeleteObjectVersion", f"arn:aws:s3:::{bucket}/*", False),
        ("s3:BypassGovernanceRetention", f"arn:aws:s3:::{bucket}/*", False),
        ("s3:DeleteBucket", f"arn:aws:s3:::{bucket}", False),
        ("kms:ScheduleKeyDeletion", organization.key, False),
        ("kms:DisableKey", organization.key, False),
    ):
        yield Question(f"{WRITER}: {action}", allowed, role, action, resource)
    at_most = Question("", False, role, "iam:UpdateAssumeRolePolicy", role, everything=True)
    yield replace(at_most, words=f"{WRITER}, whatever it is allowed, changes who takes it")
    aliases: dict[str, str | list[str] | None] = {
        "kms:ResourceAliases": [organization.declaration.log_archive.key_alias]
    }
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"):
        words = f"{WRITER}, whatever it is allowed: {action}"
        yield replace(at_most, words=words, action=action, resource=f"arn:aws:s3:::{bucket}/*")
    for action in ("kms:ScheduleKeyDeletion", "kms:DisableKey"):
        words = f"{WRITER}, whatever it is allowed: {action}"
        yield replace(at_most, words=words, action=action, resource=organization.key, context=aliases)


def _touching(organization: Organization) -> Iterator[tuple[str, Question]]:
    security, names = organization.account("security").id, organization.declaration.log_archive
    nobody = ("", False, "")
    for bucket in (names.trail_bucket, names.config_bucket, names.access_logs_bucket):
        for end in ("", "/*"):
            resource = f"arn:aws:s3:::{bucket.replace('<security>', security)}{end}"
            reads = [but(["s3:Get*", "s3:List*"])]
            yield f"changes {resource}", Question(*nobody, "s3:*", resource, unless=reads)
    aliases: dict[str, str | list[str] | None] = {"kms:ResourceAliases": [names.key_alias]}
    question = Question(*nobody, "kms:*", organization.key, context=aliases, unless=[but(READS_OF_KEYS)])
    yield "changes or deletes the key", question
    alias = organization.key.split(":key/")[0] + f":{names.key_alias}"
    yield "moves the key's alias", Question(*nobody, "kms:*", alias, unless=[but(["kms:Describe*"])])
    role = arn(security, LOG_ARCHIVE)
    yield (
        "changes the archive's role",
        Question(*nobody, "iam:*", role, unless=[but([*READS, *ENTRY_ON_THE_WRITER])]),
    )


# -- an access key alone ------------------------------------------------------------------------------


def bare_keys(organization: Organization) -> Iterator[Question]:
    """aws:MultiFactorAuthPresent is absent from what is signed with a user's access key."""
    for user in organization.details[organization.account("security").id]["UserDetailList"]:
        who, caller, bare = f"the key of {user['UserName']} alone", user["Arn"], {MFA: None}
        yield Question(
            f"{who} does anything but {', '.join(BARE_KEY)}",
            False,
            caller,
            "*",
            everything=True,
            context=bare,
            unless=[but(BARE_KEY)],
        )
        for action in NEVER:
            yield Question(f"{who}: {action}", False, caller, action, context=bare)
        yield Question(
            f"{who} does anything with another user", False, caller, "iam:*", f"{caller.rsplit('/', 1)[0]}/another",
            context=bare, unless=[but(["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"])],
        )  # fmt: skip
        yield Question(f"{who}: iam:GetUser", True, caller, "iam:GetUser", caller, context=bare)
        yield Question(
            f"{who}, with MFA: iam:CreateAccessKey",
            True,
            caller,
            "iam:CreateAccessKey",
            caller,
            context={MFA: "true"},
        )
