"""Account settings: password policy, alias, S3's public access block, EBS encryption, the default VPC gone or closed;
and, in a plan, whether the root user has credentials, and which buckets are public.

The public access block is not asked about where an S3 policy of the organization holds it (docs/decisions/0032).

https://docs.aws.amazon.com/IAM/latest/UserGuide/console-account-alias.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_PasswordPolicy.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html
https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline.component import Call, Component, Permission, Target, needing
from groundwork.baseline.regions import FIND_REGIONS, Governed, governed, in_each, skipped
from groundwork.side_by_side import side_by_side

from . import default_vpc, public_buckets, root_user
from .default_vpc import Open, Unwanted
from .public_buckets import Buckets

LONGEST_ALIAS = 63
SHORTEST_ALIAS = 3
NO_EXPIRY = 0
"""Of passwords; IAM is told so by leaving MaxPasswordAge out, and shows it so."""
PUBLIC_ACCESS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
IN_WORDS = {
    "MinimumPasswordLength": "minimum length",
    "RequireSymbols": "symbols required",
    "RequireNumbers": "numbers required",
    "RequireUppercaseCharacters": "upper case required",
    "RequireLowercaseCharacters": "lower case required",
    "AllowUsersToChangePassword": "users may change theirs",
    "PasswordReusePrevention": "remembered",
    "MaxPasswordAge": "maximum age in days",
    "HardExpiry": "locked out on expiry",
}


@dataclass(frozen=True)
class Region:
    """`default_vpc` is one that there should not be, or not like this."""

    encrypts: bool
    default_vpc: Unwanted | Open | None


@dataclass(frozen=True)
class Found:
    """`alias` is None, and `public_access` empty, where the account has none or is not to be given one. `root_user`
    and `buckets`, those that the public access block would close, are told by a plan."""

    password_policy: Mapping[str, Any] | None
    alias: str | None
    public_access: Mapping[str, bool]
    regions: Mapping[str, Region]
    off: tuple[str, ...]
    root_user: Mapping[str, int] = field(default_factory=dict)
    buckets: Buckets = field(default_factory=Buckets)


class AccountSettings(Component[Found]):
    name = "account-settings"
    kinds = ("management", "security", "tooling", "workload")
    reads = (
        Permission(
            [
                "ec2:GetEbsEncryptionByDefault",
                "iam:GetAccountPasswordPolicy",
                "iam:ListAccountAliases",
                "s3:GetAccountPublicAccessBlock",
            ]
        ),
        default_vpc.FIND,
        default_vpc.FIND_ALL,
        FIND_REGIONS,
    )
    reads_in_plan = (root_user.READ, public_buckets.READ)
    writes = (
        Permission(
            [
                "ec2:EnableEbsEncryptionByDefault",
                "iam:CreateAccountAlias",
                "iam:UpdateAccountPasswordPolicy",
                "s3:PutAccountPublicAccessBlock",
            ]
        ),
        default_vpc.DELETE,
        default_vpc.CLOSE,
    )

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        declared = target.declaration.account_settings
        password_policy, alias, (public_access, buckets), (off, regions), root = side_by_side(
            lambda: _read_password_policy(target),
            lambda: _read_alias(target) if declared.alias else None,
            lambda: _read_public_access(target) if _looks_at_public_access(target) else ({}, Buckets()),
            lambda: _read_regions(target),
            lambda: root_user.read(target) if target.foresees else {},
        )
        return Found(password_policy, alias, public_access, regions, off, root, buckets)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """None of the settings needs another."""
        return needing((), self._calls(found, target))

    def _calls(self, found: Found, target: Target) -> Iterator[Call]:
        declared = target.declaration.account_settings
        yield from _password_policy_calls(found.password_policy, target)
        if declared.alias:
            alias = alias_of(declared.alias, target.account.name, target.account.id)
            yield from _alias_calls(found.alias, alias, declared.replace_alias)
        if declared.s3_public_access_block and _looks_at_public_access(target):
            yield from _public_access_calls(found.public_access, found.buckets, target)
        elif found.public_access:
            yield _stays("S3 public access block", "s3PublicAccessBlock")
        for name, region in found.regions.items():
            if not declared.ebs_encryption and region.encrypts:
                yield _stays(f"EBS encryption in {name}", "ebsEncryption")
            if declared.ebs_encryption and not region.encrypts:
                where, plain = f"EBS encryption in {name}", "new volumes are not encrypted"
                yield Call("ec2", "EnableEbsEncryptionByDefault", {}, where, "update", plain, name)
            if isinstance(region.default_vpc, Unwanted):
                goes = target.account.fresh or declared.default_vpc.later
                yield from region.default_vpc.calls(name, goes=goes, missed=not target.account.fresh)
            elif region.default_vpc:
                yield from region.default_vpc.calls(name, missed=not target.account.fresh)
        yield from skipped("ec2", found.off)
        yield from root_user.reports(found.root_user, target.account)


def alias_of(pattern: str, name: str, account_id: str) -> str:
    """A valid account alias: 3 to 63 of a-z, 0-9 and single hyphens inside. What is too long is cut from the name.

    `pattern` may hold <name> and <account>.
    """
    room = LONGEST_ALIAS - len(_valid(pattern.replace("<name>", "").replace("<account>", account_id))) - 1
    alias = _valid(pattern.replace("<name>", _valid(name)[:room]).replace("<account>", account_id))[
        :LONGEST_ALIAS
    ]
    alias = alias.strip("-")
    if len(alias) < SHORTEST_ALIAS or re.fullmatch(
        r"[0-9]{12}", alias
    ):  # AWS takes no alias that reads like an id
        alias = f"account-{alias}".strip("-")
    return alias


def _valid(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _stays(resource: str, setting: str) -> Call:
    """Nobody knows who switched it on."""
    stays = f"is on, though accountSettings.{setting} is declared no longer: it stays"
    return Call("ec2", "", {}, resource, "report", stays, severity="low")


def _looks_at_public_access(target: Target) -> bool:
    """Not where an S3 policy of the organization holds it: nobody can change it there."""
    if target.declaration.s3_is_held(target.account, target.organization):
        return False
    return target.declaration.account_settings.s3_public_access_block or target.is_behind


def _looks_at_encryption(target: Target) -> bool:
    return target.declaration.account_settings.ebs_encryption or target.is_behind


def _look_at_default_vpc(target: Target) -> Callable[[Any], Unwanted | Open | None] | None:
    declared, kind = target.declaration.account_settings.default_vpc, target.account.kind
    if kind in declared.delete:
        return default_vpc.read_unwanted
    return default_vpc.read_open if kind in declared.close else None


# -- reading -------------------------------------------------------------------------------------------


def _read_password_policy(target: Target) -> Mapping[str, Any] | None:
    try:
        policy: Mapping[str, Any] = target.client("iam").get_account_password_policy()["PasswordPolicy"]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return None
    return policy


def _read_alias(target: Target) -> str | None:
    return next(iter(target.client("iam").list_account_aliases()["AccountAliases"]), None)


def _read_public_access(target: Target) -> tuple[Mapping[str, bool], Buckets]:
    """The account's, and in a plan the buckets that are public by what it leaves open."""
    found = _public_access_of(target)
    if not (target.foresees and target.declaration.account_settings.s3_public_access_block):
        return found, Buckets()
    return found, public_buckets.read(target, found)


def _public_access_of(target: Target) -> Mapping[str, bool]:
    s3 = target.client("s3control", target.declaration.regions.home)
    try:
        found: Mapping[str, bool] = s3.get_public_access_block(AccountId=target.account.id)[
            "PublicAccessBlockConfiguration"
        ]
    except ClientError as missing:
        if missing.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
            raise
        return {}
    return found


def _read_regions(target: Target) -> tuple[tuple[str, ...], dict[str, Region]]:
    """The Regions that are off, and what the others have."""
    look = _look_at_default_vpc(target)
    on, off = governed(target) if look or _looks_at_encryption(target) else Governed((), ())

    def seen(ec2: Any) -> Region:
        encryption, vpc = side_by_side(
            lambda: ec2.get_ebs_encryption_by_default() if _looks_at_encryption(target) else {},
            lambda: look(ec2) if look else None,
        )
        return Region(bool(encryption.get("EbsEncryptionByDefault")), vpc)

    return off, in_each(target, "ec2", on, seen)


# -- differences ---------------------------------------------------------------------------------------


def _password_policy_calls(found: Mapping[str, Any] | None, target: Target) -> Iterator[Call]:
    declared = target.declaration.account_settings.password_policy
    wanted = {
        "MinimumPasswordLength": declared.minimum_length,
        "RequireSymbols": declared.require_symbols,
        "RequireNumbers": declared.require_numbers,
        "RequireUppercaseCharacters": declared.require_uppercase,
        "RequireLowercaseCharacters": declared.require_lowercase,
        "AllowUsersToChangePassword": declared.users_may_change,
        "PasswordReusePrevention": declared.remembered,
        "MaxPasswordAge": declared.max_age_days or NO_EXPIRY,
        "HardExpiry": False,  # whoever lets a password expire must not need an administrator to come back
    }
    given = {name: value for name, value in wanted.items() if (name, value) != ("MaxPasswordAge", NO_EXPIRY)}
    if found is None:
        yield Call("iam", "UpdateAccountPasswordPolicy", given, "password policy", "create", "does not exist")
        return
    # IAM leaves out what is off.
    wrong = [name for name, value in wanted.items() if found.get(name, type(value)()) != value]
    if wrong:
        reason = "; ".join(
            f"{IN_WORDS[name]}: {_shown(found.get(name))}; expected {_shown(given.get(name, 'none'))}"
            for name in wrong
        )
        yield Call("iam", "UpdateAccountPasswordPolicy", given, "password policy", "update", reason)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not set" if value is None else str(value)


def _alias_calls(found: str | None, wanted: str, replace: bool) -> Iterator[Call]:
    """CreateAccountAlias replaces the alias that is there; whoever likes may take the old one then.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/console-account-alias.html
    """
    if found == wanted:
        return
    if found and not replace:
        yield Call(
            *("iam", "CreateAccountAlias", {"AccountAlias": wanted}, f"account alias {wanted}", "report"),
            f"account alias is {found}, and stays: set accountSettings.replaceAlias to have {wanted}",
            severity="low",
        )
        return
    yield Call(
        *("iam", "CreateAccountAlias", {"AccountAlias": wanted}, f"account alias {wanted}"),
        action="update" if found else "create",
        reason=f"account alias is {found}; expected {wanted}" if found else "does not exist",
        severity="low",
        breaks=[f"nobody signs in by the alias {found} any more, and anybody may take it"] if found else (),
    )


def _public_access_calls(found: Mapping[str, bool], buckets: Buckets, target: Target) -> Iterator[Call]:
    lets = [name for name in PUBLIC_ACCESS if not found.get(name)]
    if lets:
        wanted = {
            "AccountId": target.account.id,
            "PublicAccessBlockConfiguration": dict.fromkeys(PUBLIC_ACCESS, True),
        }
        reason = f"is off: {', '.join(lets)}; expected all four on" if found else "does not exist"
        yield Call(
            *("s3control", "PutPublicAccessBlock", wanted, "S3 public access block"),
            action="update" if found else "create",
            reason=reason,
            region=target.declaration.regions.home,
            severity="high",
            breaks=buckets.in_words(),
        )
