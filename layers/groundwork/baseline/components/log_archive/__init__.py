"""The log archive: the buckets and the key of the security account that every account's logs go to.

Its policies admit the whole organization, so that a new account changes nothing here. Once its role is there
(`writer.py`), that is who changes it; an entry role lays down the role, and all the rest where no guard rail is yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from groundwork.baseline import keys
from groundwork.baseline.archive import WRITER, archive
from groundwork.baseline.component import Call, Component, Permission, Target, needing
from groundwork.baseline.components.log_archive import buckets, policies, writer
from groundwork.baseline.components.log_archive.writer import Writer
from groundwork.baseline.keys import Key
from groundwork.declaration import Declaration
from groundwork.errors import ComponentNotSettled
from groundwork.side_by_side import side_by_side

THE_ROLE = ("arn:{partition}:iam::{account}:role/" + WRITER,)
LOGS = keys.Use(
    description="Groundwork's log archive",
    missing="no log can be encrypted",
    disabled="logs can be neither delivered nor read",
    doomed="every log would become unreadable",
    lost="no account finds the key, and no guard rail protects it",
)


@dataclass(frozen=True)
class Found:
    """`astray` is the key that the declared alias leads to instead of ours. `buckets` holds, of each bucket that is
    there, its settings by the name of the operation that writes them. `former` names what was the archive's and is no
    longer declared."""

    key: Key | None
    astray: str | None
    buckets: Mapping[str, Mapping[str, Any]]
    writer: Writer | None
    former: tuple[str, ...] = ()


class LogArchive(Component[Found]):
    name = "log-archive"
    kinds = ("security",)
    reads = (
        Permission(["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies"], THE_ROLE),
        Permission(["kms:ListKeys", "s3:ListAllMyBuckets"]),
        keys.LOOK,
        Permission(
            [
                "s3:GetBucketLogging",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
            ],
            ["arn:{partition}:s3:::*"],
        ),
    )
    writes = (
        Permission(
            ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"],
            THE_ROLE,
        ),
        *keys.WRITES,
        Permission(
            [
                "s3:CreateBucket",
                "s3:PutBucketLogging",
                "s3:PutBucketObjectLockConfiguration",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            ["arn:{partition}:s3:::*"],
        ),
    )

    def entry_roles(self, declaration: Declaration) -> Sequence[str]:
        return [WRITER, *declaration.entry_role_names]

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        home, names = target.declaration.regions.home, archive(target)
        (key, astray), settings, role, former = side_by_side(
            lambda: keys.read(target.client("kms", home), names.key_alias),
            lambda: buckets.read(target.client("s3", home), buckets.names(names)),
            lambda: writer.read(target.client("iam"), WRITER),
            lambda: _former(target, buckets.names(names), names.key_alias) if target.is_behind else (),
        )
        return Found(key, astray, settings, role, former)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Whoever comes by an entry role lays down the archive's role, and nothing else: the guard rails may be in force
        already. Raises `ComponentNotSettled` when the role is there and the archive is to be changed by another's session.
        """
        role = writer.wanted([*self.reads, *self.writes], target)
        yield from needing((), writer.calls(found.writer, role))
        entered_by_another = target.entered_by not in (None, WRITER)
        for call in self._in_the_archive(found, target):
            if found.writer and entered_by_another:
                raise ComponentNotSettled(
                    f"role/{WRITER} is there and changes the archive from now on: entered by "
                    f"{target.entered_by}, though {call.resource} {call.reason}."
                )
            later = found.writer is None and entered_by_another
            yield replace(call, after=f"role/{WRITER} exists") if later else call
        yield from _kept(found.former)
        yield from buckets.still_locked(archive(target).trail_bucket, found.buckets, target)

    def left(self, target: Target) -> Iterable[Call]:
        """All of it stays, whatever `prune` says: it is the evidence."""
        return _kept(_former(target, (), ""))

    def _in_the_archive(self, found: Found, target: Target) -> Iterable[Call]:
        """The other buckets log to the one for access logs. Of one bucket S3 takes one change at a time."""
        names = archive(target)
        of_key = keys.calls(found.key, found.astray, names.key_alias, policies.key(target), LOGS, target)
        yield from needing((), of_key)
        key_arn = found.key.arn if found.key else keys.arn_to_come(names.key_alias)
        for bucket in buckets.names(names):
            needs = set() if bucket == names.access_logs_bucket else {f"bucket {names.access_logs_bucket}"}
            its = found.buckets.get(bucket)
            yield from needing(needs, buckets.calls(bucket, its, key_arn, target))


# -- what is no longer declared ------------------------------------------------------------------------


def _former(target: Target, buckets_in_use: Collection[str], alias: str) -> tuple[str, ...]:
    """Buckets with the policies of an archive, and keys of ours with its policy, besides those that are declared."""
    home = target.declaration.regions.home
    kms = target.client("kms", home)
    ours = (arn for arn in keys.arns(kms) if keys.alias_by_tag(kms, arn) not in (None, alias))
    former = (f"key {arn}" for arn in ours if policies.is_of_archive(keys.policy_of(kms, arn)))
    found = buckets.former(target.client("s3", home), buckets_in_use)
    return (*(f"bucket {name}" for name in found), *sorted(former))


def _kept(former: Iterable[str]) -> Iterator[Call]:
    """Told while the account is behind the declaration, and never removed."""
    for resource in former:
        kept = (
            "is of a log archive that is declared no longer, and stays: logs are in it, or need it to be read"
        )
        yield Call("s3", "", {}, resource, "report", kept)
